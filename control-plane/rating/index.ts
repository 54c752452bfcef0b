/** Verbs of rating: lines of an account for a period at a cut, what a resource costs now, and what became of each hour of usage. */
import { permit } from '../base/actor.ts'
import { sure } from '../base/problem.ts'
import { toDecimal } from '../base/exact.ts'
import { newId } from '../base/id.ts'
import { Problem } from '../base/problem.ts'
import { fromIso, HOUR_MS, type Instant, type Interval, iso, monthOf } from '../base/time.ts'
import { type PriceRow, offered, pricesAt } from '../catalog/index.ts'
import { type ContractInForce, contractOf } from '../contracts/index.ts'
import { getAccount, getLegalEntity } from '../accounts/index.ts'
import { LIVE, openCut } from '../db/cut.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import { lostIn } from '../ingest/index.ts'
import type { Resource } from '../inventory/contract.ts'
import { holdings } from '../inventory/index.ts'
import { acceptedGaps, currentOf, insertAccepted } from './store.ts'
import { METER_NAMES, meterOf, type MeterName } from '../metering/contract.ts'
import { usageOf } from '../metering/index.ts'
import type { BlockedGap, Line, NewGapAcceptance } from './contract.ts'
import { type Blocked, type Consumed, costPerHour, type Facts, linesOf, stretchesOf } from './rules.ts'
import { type Missing, unratedOf } from './unrated.ts'

export { judge, usageAccounting } from './judge.ts'

export interface RatedPeriod {
  lines: Line[]
  unrated: Missing[]
  blocked: Blocked[]
}
export interface RatingRequest {
  contract: ContractInForce
  /** within one calendar month of the account's zone */
  period: Interval
  zone: string
  cut: number
  /** instead of the price book's: a preview */
  prices?: readonly PriceRow[]
}

/** Rates an account's usage of a period, as known to a cut. Writes nothing. */
export async function rate(ctx: Context, request: RatingRequest): Promise<RatedPeriod> {
  permit(ctx, 'usage.read')
  const sold = await offered(ctx, request.contract.price_book_id)
  for (const price of request.prices ?? []) sold.add(`${price.kind}.${price.meter}`)
  const facts = await factsOf(ctx, request, sold)
  return { ...linesOf(facts), unrated: unratedOf(facts, sold) }
}

async function factsOf(
  ctx: Context,
  { contract, period, zone, cut, prices }: RatingRequest,
  sold: ReadonlySet<string>,
): Promise<Facts> {
  const held = await holdings(ctx, contract.account_id, period, cut)
  const seller = await getLegalEntity(ctx, contract.legal_entity_id)
  const inForce = prices ?? (await pricesAt(ctx, contract.price_book_id, period, cut))
  const facts: Facts = {
    period,
    month: monthOf(period.from, zone),
    currency: contract.currency,
    service_id: contract.service_id,
    tax: { category: seller.tax_category, rate: seller.tax_rate },
    resources: held.names.map(({ id, kind, name }) => ({ id, kind, name })),
    owned: held.owned,
    observed: held.observed,
    gaps: held.gaps,
    losses: await lossesOf(ctx, held.sources, period),
    accepted: await acceptedGaps(ctx, contract.account_id, cut),
    prices: inForce,
    consumed: [],
  }
  return { ...facts, consumed: await consumption(ctx, facts, sold, cut) }
}

/** What the agents that see each resource admitted to have lost. */
async function lossesOf(
  ctx: Context,
  sources: readonly { resource_id: string; source_id: string }[],
  period: Interval,
): Promise<Facts['losses']> {
  const seeing = Map.groupBy(sources, (row) => row.source_id)
  const lost = await lostIn(ctx, [...seeing.keys()], period)
  return lost.flatMap(({ source_id, ...loss }) =>
    (seeing.get(source_id) ?? []).map(({ resource_id }) => ({ ...loss, resource_id })),
  )
}

const CONSUMPTION = METER_NAMES.filter((meter) => meterOf(meter).kind === 'consumption')

/** Usage of the consumption meters that are sold of each kind. A meter's stretches break where its own price changes, and at no other's. */
async function consumption(ctx: Context, facts: Facts, sold: ReadonlySet<string>, cut: number): Promise<Consumed[]> {
  const wanted: { resource_id: string; meters: MeterName[]; stretches: ReturnType<typeof stretchesOf> }[] = []
  for (const resource of facts.resources) {
    const owned = facts.owned.filter((o) => o.resource_id === resource.id)
    const meters = CONSUMPTION.filter((meter) => sold.has(`${resource.kind}.${meter}`))
    const stretchesBy = (meter: MeterName) =>
      stretchesOf(
        facts.period,
        owned,
        facts.prices.filter((p) => p.kind === resource.kind && p.meter === meter),
      )
    for (const [, group] of Map.groupBy(meters, (meter) => JSON.stringify(stretchesBy(meter))))
      wanted.push({ resource_id: resource.id, meters: group, stretches: stretchesBy(sure(group[0])) })
  }
  const asked = wanted.map(({ resource_id, stretches }) => ({
    resource_id,
    intervals: stretches.map((s) => s.stretch),
  }))
  const used = await usageOf(ctx, asked, cut)
  return wanted.flatMap(({ resource_id, meters, stretches }, index) =>
    stretches.flatMap(({ stretch, owned_id }) =>
      [...(used[index]?.get(stretch) ?? [])]
        .filter(([meter]) => meters.includes(meter))
        .map(([meter, leaves]) => ({ resource_id, meter, stretch, owned_id, leaves })),
    ),
  )
}

type Cost = NonNullable<Resource['cost_per_hour']>
/** What resources cost per hour now, at the prices of their owners; null where nobody owns it or no price applies. */
export async function costsNow(ctx: Context, ids: readonly string[]): Promise<Map<string, Cost | null>> {
  permit(ctx, 'catalog.read')
  const out = new Map<string, Cost | null>()
  const now = ctx.now()
  const terms = new Map<string, Awaited<ReturnType<typeof termsOf>>>()
  for (const resource of await currentOf(ctx, ids)) {
    if (!resource.account_id || resource.covered_by) continue
    const known = terms.get(resource.account_id) ?? (await termsOf(ctx, resource.account_id, now))
    terms.set(resource.account_id, known)
    const cost = known && resource.ended_at === null ? costPerHour(resource, known.prices, known.month) : null
    out.set(resource.id, cost && known ? { amount: toDecimal(cost, 6), currency: known.currency } : null)
  }
  return out
}

async function termsOf(ctx: Context, account_id: string, now: Instant) {
  const contract = await contractOf(ctx, account_id, now)
  if (!contract) return null
  const { zone } = await getAccount(ctx, account_id)
  const prices = await pricesAt(ctx, contract.price_book_id, { from: now, to: now + 1 }, LIVE)
  return { prices, currency: contract.currency, month: monthOf(now, zone) }
}

/** Unrated usage as the API shows it. */
export const presentMissing = ({ resource, meter, from, to }: Missing) => ({
  resource,
  meter: meter as MeterName,
  hours: Math.ceil((to - from) / HOUR_MS),
  from: iso(from),
  to: iso(to),
})

/** Gaps that hold the invoice back, as the API shows them. */
export const presentBlocked = ({ resource, meter, from, to, cause }: Blocked): BlockedGap => ({
  resource,
  meter,
  from: iso(from),
  to: iso(to),
  cause,
})

/** Lets the account's next invoice go out with these gaps as they are, for a reason that stays on record. */
export async function acceptGaps(ctx: Context, account_id: string, { gaps, reason }: NewGapAcceptance): Promise<void> {
  permit(ctx, 'billing.write')
  await getAccount(ctx, account_id)
  for (const [index, { from, to }] of gaps.entries())
    if (to !== null && fromIso(to) <= fromIso(from))
      throw new Problem('invalid', 'A gap ends after it begins.', [
        { pointer: `/gaps/${index}/to`, detail: 'must be after from' },
      ])
  const cut = await openCut(ctx.tx)
  const shared = { account_id, reason, actor: ctx.actor.name, recorded_at: ctx.now(), cut }
  const list = gaps.map(({ resource_id, meter, from, to }) => ({
    ...shared,
    id: newId(),
    resource_id,
    meter,
    from_at: fromIso(from),
    to_at: to === null ? null : fromIso(to),
  }))
  await insertAccepted(ctx, list)
  await append(ctx, {
    type: 'gap.accepted',
    subject: { kind: 'account', id: account_id },
    account_id,
    after: { gaps, reason },
  })
}
