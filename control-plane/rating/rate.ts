/** Rates an account's usage of a period: gathers the facts, and lets the rules make lines of them. */
import { permit } from '../base/actor.ts'
import { sure } from '../base/problem.ts'
import { type Interval, monthOf } from '../base/time.ts'
import { booksUnder, type ContractInForce, type HeldBook } from '../contracts/index.ts'
import type { Context } from '../db/index.ts'
import { lostIn } from '../ingest/index.ts'
import { holdings, type Thing, things } from '../inventory/index.ts'
import { METER_NAMES, meterOf, type MeterName } from '../metering/contract.ts'
import { unheldEnds, usageOf } from '../metering/index.ts'
import { counts } from '../metering/rules.ts'
import { pausedIn } from '../sources/index.ts'
import { taxesOfSupply } from '../tax/index.ts'
import type { Line } from './contract.ts'
import { byResource } from './by-resource.ts'
import { withConditions } from './conditions.ts'
import type { Offer } from './layers.ts'
import { offersIn, pricesIn } from './prices.ts'
import { percentageBounds, withPercentages } from './percentages.ts'
import { type Blocked, type Consumed, type Facts, linesOf, type Price } from './rules.ts'
import { consumptionDigest, stretchesOf, whileThere } from './segments.ts'
import { rates } from './rates.ts'
import { withServices } from './services.ts'
import { acceptedGaps } from './store.ts'
import { accruedIn, feesOf, type TermFees } from './terms.ts'
import { type Missing, unratedOf } from './unrated.ts'

export interface RatedPeriod {
  /** percentages among them are of nothing yet: `withPercentages` takes them of all lines that a document has */
  lines: Line[]
  unrated: Missing[]
  blocked: Blocked[]
  /** by the billing periods of services: billing settles those that end, and charges in advance those that begin */
  fees: TermFees[]
}
export interface RatingRequest {
  contract: ContractInForce
  /** within one calendar month of the account's zone */
  period: Interval
  zone: string
  cut: number
  /** instead of those of its books: a preview */
  prices?: readonly Price[]
  /** only what lies in these realms, at the contract's own book alone, and no service: what it costs us */
  within?: (realm: string) => boolean
  /** with `within`: these, whoever owned them, instead of what the account held */
  things?: readonly Thing[]
  /** fees by the time for which they are, among the lines: for sums, not for documents */
  accrued?: true
}

/** Rates an account's usage of a period, as known to a cut. Writes nothing. */
export async function rate(ctx: Context, request: RatingRequest): Promise<RatedPeriod> {
  permit(ctx, 'usage.read')
  const { contract, period, cut, within } = request
  const own = { price_book_id: contract.price_book_id, spans: [{ from: null, to: null }] }
  const books = within ? [own] : await booksUnder(ctx, contract, period, cut)
  const thought = new Set(request.prices?.map(({ kind, meter }) => `${kind}.${meter}`))
  const sold = (await offersIn(ctx, books, period)).map((one) => ({
    ...one,
    offered: one.offered.union(thought),
  }))
  const facts = await factsOf(ctx, request, books, sold)
  const { lines, blocked } = linesOf(facts)
  const unrated = unratedOf(facts, sold)
  if (request.accrued) return { lines: withPercentages([...lines, ...accruedIn(facts)]), blocked, unrated, fees: [] }
  return { lines, blocked, unrated, fees: feesOf(facts) }
}

async function factsOf(
  ctx: Context,
  { contract, period, zone, cut, prices, within, things: asked }: RatingRequest,
  books: readonly HeldBook[],
  offers: readonly Offer[],
): Promise<Facts> {
  const held = asked ? await things(ctx, asked, period, cut) : await holdings(ctx, contract.account_id, period, cut)
  const inForce = prices ?? (await pricesIn(ctx, books, period, cut))
  const facts: Facts = {
    period,
    month: monthOf(period.from, zone),
    zone,
    currency: contract.currency,
    service_id: contract.service_id,
    tax: await taxesOfSupply(ctx, { ...contract, to: period.to }),
    resources: held.names
      .filter(({ realm }) => within?.(realm) ?? true)
      .map(({ id, kind, name }) => ({ id, kind, name })),
    owned: held.owned,
    observed: held.observed,
    gaps: held.gaps,
    losses: await lossesOf(ctx, held.sources, period, cut),
    accepted: await acceptedGaps(ctx, contract.account_id, cut),
    prices: inForce,
    consumed: [],
  }
  const all = within ? await withConditions(ctx, facts, cut) : await withServices(ctx, facts, { contract, cut }, offers)
  const sold = new Set(offers.flatMap(({ offered }) => [...offered]))
  const used = [...(await consumption(ctx, all, sold, cut)), ...(await rates(ctx, all, sold, cut))]
  return { ...all, consumed: [...all.consumed, ...used] }
}

/** What the agents that see each resource admitted to have lost, and when people let their sources rest. */
async function lossesOf(
  ctx: Context,
  sources: readonly { resource_id: string; source_id: string }[],
  period: Interval,
  cut: number,
): Promise<Facts['losses']> {
  const seeing = Map.groupBy(sources, (row) => row.source_id)
  const lost = await lostIn(ctx, [...seeing.keys()], period, cut)
  const paused = await pausedIn(ctx, [...seeing.keys()], period, cut)
  const rests = paused.map((rest) => ({ ...rest, cause: 'source_paused' as const }))
  return [...lost, ...rests].flatMap(({ source_id, ...loss }) =>
    (seeing.get(source_id) ?? []).map(({ resource_id }) => ({ ...loss, resource_id })),
  )
}

const isGauge = (meter: MeterName): boolean => meterOf(meter).kind === 'gauge'
const CONSUMPTION = METER_NAMES.filter(
  (meter) => isGauge(meter) || (meterOf(meter).kind === 'consumption' && meterOf(meter).of === undefined),
)

/** Usage of the consumption and gauge meters that are sold of each kind. A meter's stretches break where its own price changes, and at no other's but that of a percentage of it. */
async function consumption(ctx: Context, facts: Facts, sold: ReadonlySet<string>, cut: number): Promise<Consumed[]> {
  const wanted: Wanted[] = []
  const cuts = percentageBounds(facts)
  for (const [resource, { owned, prices, observed }] of byResource(facts)) {
    if (resource.kind === 'service') continue
    const meters = CONSUMPTION.filter(
      (meter) => sold.has(`${resource.kind}.${meter}`) || prices.some((price) => price.meter === meter),
    )
    const stretchesBy = (meter: MeterName) => {
      const own = prices.filter((price) => price.meter === meter)
      const stretches = stretchesOf(facts.period, owned, own, cuts)
      const there = () => observed.filter(({ state }) => counts(meterOf(meter), state))
      return isGauge(meter) ? whileThere(stretches, there(), facts.period) : stretches
    }
    for (const [, group] of Map.groupBy(meters, (meter) => JSON.stringify(stretchesBy(meter))))
      wanted.push({ resource_id: resource.id, meters: group, stretches: stretchesBy(sure(group[0])) })
  }
  const asked = wanted.map(({ resource_id, stretches }) => ({
    resource_id,
    intervals: stretches.map((s) => s.stretch),
  }))
  const used = await usageOf(ctx, asked, cut)
  const unheld = await unheldIn(ctx, wanted, cut)
  return wanted.flatMap(({ resource_id, meters, stretches }, index) =>
    stretches.flatMap(({ stretch, owned_id }) =>
      meters.flatMap((meter) => {
        const [leaves, end] = [used[index]?.get(stretch)?.get(meter) ?? [], unheld.get(stretch)?.get(meter)]
        if (leaves.length === 0 && !end) return []
        const digest = consumptionDigest(leaves)
        return [{ resource_id, meter, stretch, owned_id, leaves, digest, ...(end && { unheld: end }) }]
      }),
    ),
  )
}

interface Wanted {
  resource_id: string
  meters: MeterName[]
  stretches: ReturnType<typeof stretchesOf>
}
/** Of each stretch the end in which a gauge holds no more. */
async function unheldIn(ctx: Context, wanted: readonly Wanted[], cut: number) {
  const asked = wanted.flatMap(({ resource_id, meters, stretches }) =>
    meters.filter(isGauge).flatMap((meter) => stretches.map(({ stretch }) => ({ resource_id, meter, stretch }))),
  )
  const out = new Map<Interval, Map<MeterName, Interval>>()
  if (asked.length === 0) return out
  const given = asked.map(({ stretch, ...one }) => ({ ...one, ...stretch }))
  for (const [index, end] of (await unheldEnds(ctx, given, cut)).entries()) {
    const { stretch, meter } = sure(asked[index])
    if (end) out.set(stretch, new Map(out.get(stretch)).set(meter, end))
  }
  return out
}
