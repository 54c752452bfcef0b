/** Why a line is rated otherwise than it was billed: the facts behind it as two cuts knew them, side by side. */
import { fromIso, type Interval, intersect, type OpenInterval } from '../../base/time.ts'
import { sure } from '../../base/problem.ts'
import { plansById, pricesAt } from '../../catalog/index.ts'
import { isPercentage } from '../../catalog/rules.ts'
import { type ContractInForce, servicesIn } from '../../contracts/index.ts'
import type { Context } from '../../db/index.ts'
import { coveredIn, observations, ownership } from '../../inventory/index.ts'
import { hourMetersOf, type MeterName, meterOf } from '../../metering/contract.ts'
import { usageOf } from '../../metering/index.ts'
import { counts } from '../../metering/rules.ts'
import { ENGINE_VERSION } from '../../rating/contract.ts'
import { indexed, pricesUnder } from '../../rating/index.ts'
import { held, type Price, timesOf } from '../../rating/rules.ts'
import { pricedAmount } from '../adjust.ts'
import type { Cause } from '../contract.ts'
import { minorOf } from '../rules.ts'
import type { Delta } from './rules.ts'

interface Asked {
  contract: ContractInForce
  period: Interval
  cut: number
}

/** The causes of each difference, in its order: what changed between the cut that it was billed at and this one. Each has one. */
export async function causesOf(ctx: Context, asked_for: Asked, deltas: readonly Delta[]): Promise<Cause[][]> {
  const bases = deltas.flatMap(({ sample: { basis } }) => basis ?? [])
  const period = {
    from: Math.min(asked_for.period.from, ...bases.map(({ from }) => fromIso(from))),
    to: Math.max(asked_for.period.to, ...bases.map(({ to }) => fromIso(to))),
  }
  const asked = { ...asked_for, period }
  const ids = [...new Set(deltas.flatMap(({ resource_ids }) => resource_ids))]
  const now = await known(ctx, asked, ids)
  const before = new Map<number, Known>()
  const out: Cause[][] = []
  for (const delta of deltas) {
    if (delta.sample.one_off) {
      out.push(['cancelled_charge'])
      continue
    }
    const { cut, engine_version } = delta.since
    const then = before.get(cut) ?? (await known(ctx, { ...asked, cut }, ids))
    before.set(cut, then)
    const each: Cause[] = []
    for (const id of delta.resource_ids)
      each.push(...(await changed(ctx, asked.period, componentOf(delta, id), then, now)))
    const causes = [...new Set(each)]
    if (engine_version !== ENGINE_VERSION) causes.push('new_engine')
    // nothing of its own changed: what it is a share of did
    if (causes.length === 0 && isPercentage(delta.sample.price)) causes.push('other_charges')
    // rated as before: a discount or a gross price is shared with lines that weren't
    if (causes.length === 0 && isPricedAlike(delta)) causes.push('shared_anew')
    // what else changes a rating is a fact of the agents: a loss that was admitted, a birth that moved
    out.push(causes.length > 0 ? causes : ['late_facts'])
  }
  return out
}

/** True where the lines beneath it have the amount that they had before anything was shared out. */
function isPricedAlike({ lines, priced, sample: { currency } }: Delta): boolean {
  return priced !== null && lines.reduce((sum, line) => sum + minorOf(pricedAmount(line), currency), 0n) === priced
}

/** What a cut knew of some resources in a period, and of what the account owned of them. */
type Known = Awaited<ReturnType<typeof known>>
async function known(ctx: Context, { contract, period, cut }: Asked, ids: readonly string[]) {
  const owned = await ownership(ctx, { account_id: contract.account_id }, period, cut)
  const seen = await observations(ctx, ids, period, cut)
  return {
    cut,
    owned: Map.groupBy(owned, (row) => row.resource_id),
    covers: Map.groupBy(await coveredIn(ctx, ids, period, cut), (row) => row.resource_id),
    observed: Map.groupBy(seen.observed, (row) => row.resource_id),
    gaps: seen.gaps,
    // of another book is at another price
    prices: await pricesUnder(ctx, contract, period, cut),
    services: await servicesKnown(ctx, contract.account_id, period, cut),
  }
}

/** What a cut knew of services: what was subscribed, what fulfilled it, and the prices of its plans. */
async function servicesKnown(ctx: Context, account_id: string, period: Interval, cut: number) {
  const { versions, attachments } = await servicesIn(ctx, account_id, period, cut)
  const plans = await plansById(
    ctx,
    versions.map((one) => one.plan_id),
  )
  const prices: Price[] = []
  for (const { price_book_id } of plans.values()) prices.push(...(await pricesAt(ctx, price_book_id, period, cut)))
  for (const { plan_id, prices_as_of: at } of versions)
    if (at !== null)
      prices.push(...(await pricesAt(ctx, sure(plans.get(plan_id)).price_book_id, { from: at, to: at + 1 }, cut)))
  return { versions, attachments, prices: await indexed(ctx, prices, period, cut) }
}

/** What was subscribed of a service, or for a resource. */
const subscribed = ({ services }: Known, id: string, period: Interval) => {
  const parts = services.attachments.filter((one) => one.resource_id === id)
  const told = ({ plan_id, quantity, prices_as_of, trial_until, anchored_at }: Known['services']['versions'][number]) =>
    JSON.stringify([plan_id, quantity, prices_as_of, trial_until, anchored_at])
  return [
    joined(parts, period, (one) => one.service_id),
    ...[id, ...parts.map((one) => one.service_id)].map((service_id) =>
      joined(
        services.versions.filter((one) => one.service_id === service_id),
        period,
        told,
      ),
    ),
  ]
}

interface Component {
  resource_id: string
  kind: string
  meter: MeterName
}
const componentOf = ({ sample: { component, meter } }: Delta, resource_id: string): Component => ({
  resource_id,
  kind: component.slice(0, component.indexOf('.')),
  meter: sure(meter),
})

async function changed(
  ctx: Context,
  period: Interval,
  component: Component,
  then: Known,
  now: Known,
): Promise<Cause[]> {
  const { resource_id, kind, meter } = component
  const of = <T extends OpenInterval>(list: readonly T[] | undefined) => joined(list ?? [], period, () => '')
  const isNew = !then.observed.has(resource_id)
  if (kind !== 'service' && isNew && now.observed.has(resource_id)) return ['late_facts']
  const causes: Cause[] = []
  const heldIn = (side: Known) => joined(side.owned.get(resource_id) ?? [], period, (row) => row.for_account?.id ?? '')
  const [owned, owns] = [heldIn(then), heldIn(now)]
  const both = owned.flatMap((one) => owns.flatMap((other) => intersect(one, other) ?? []))
  if (await factsDiffer(ctx, component, both, then, now)) causes.push('late_facts')
  if (differ(owned, owns)) causes.push('corrected_owner')
  if (differ(of(then.covers.get(resource_id)), of(now.covers.get(resource_id)))) causes.push('same_machine')
  if (differ(subscribed(then, resource_id, period), subscribed(now, resource_id, period)))
    causes.push('corrected_service')
  const sold = ({ prices, services }: Known) =>
    [...prices, ...services.prices].filter((one) => one.kind === kind && one.meter === meter)
  const terms = (side: Known) =>
    joined(
      sold(side).flatMap((price) => timesOf(price).map(({ from, to }) => ({ price, from, to }))),
      period,
      ({ price: { id: _id, effective_at: _begin, ends_at: _end, times: _times, ...rest } }) => JSON.stringify(rest),
    )
  if (differ(terms(then), terms(now))) causes.push('corrected_price')
  return causes
}

const differ = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b)

/** Whether other sizes, states or usage are known of the time in which the machine was the account's by both cuts. */
async function factsDiffer(
  ctx: Context,
  { resource_id, kind, meter: name }: Component,
  both: readonly Interval[],
  then: Known,
  now: Known,
): Promise<boolean> {
  if (both.length === 0) return false
  const meter = meterOf(name)
  const skips = [then, now].some(({ prices, services }) =>
    [...prices, ...services.prices].some((one) => one.kind === kind && one.meter === name && one.gap_policy === 'skip'),
  )
  if (meter.kind !== 'allocation') {
    const [used, uses] = [await consumed(ctx, resource_id, both, then), await consumed(ctx, resource_id, both, now)]
    // what a gauge said last holds to the end of the resource, or of the time in which it ran, which may have been another
    const inTime = ({ observed }: Known) =>
      (observed.get(resource_id) ?? []).filter(({ state }) => counts(meter, state))
    const there = (side: Known) => both.map((part) => joined(inTime(side), part, () => ''))
    return differ(used(name, skips), uses(name, skips)) || (meter.kind === 'gauge' && differ(there(then), there(now)))
  }
  const sizes = ({ observed }: Known) =>
    both.map((part) => joined(observed.get(resource_id) ?? [], part, (one) => String(held(meter, one))))
  if (differ(sizes(then), sizes(now))) return true
  const silent = ({ observed, gaps }: Known) => {
    const scopes = new Set((observed.get(resource_id) ?? []).map((one) => one.scope_id))
    return both.map((part) =>
      joined(
        gaps.filter((gap) => scopes.has(gap.scope_id)),
        part,
        () => '',
      ),
    )
  }
  return skips && differ(silent(then), silent(now))
}

/** Sums of usage by meter in each part; with what grew while nobody looked where a price leaves that out. */
async function consumed(ctx: Context, resource_id: string, intervals: readonly Interval[], { cut }: Known) {
  const [usage] = await usageOf(ctx, [{ resource_id, intervals }], cut)
  return (meter: MeterName, skips: boolean) =>
    intervals.map((part) => {
      const leaves = hourMetersOf(meter).flatMap((own) => usage?.get(part)?.get(own) ?? [])
      // a percentile may change where no hour's sum does
      if (meterOf(meter).kind === 'percentile') return leaves.map((leaf) => [leaf.from, leaf.digest])
      const sum = (values: readonly bigint[]) => values.reduce((total, value) => total + value, 0n).toString()
      const unseen = leaves.flatMap((leaf) => leaf.gaps).map((gap) => gap.quantity ?? 0n)
      return [sum(leaves.map((leaf) => leaf.quantity)), skips ? sum(unseen) : '']
    })
}

type Stretch = Interval & { what: string }
/** Stretches within an interval in order, those that touch and say the same as one. */
function joined<T extends OpenInterval>(list: readonly T[], within: Interval, what: (one: T) => string): Stretch[] {
  const inside = list.flatMap((one) => {
    const part = intersect(one, within)
    return part ? [{ ...part, what: what(one) }] : []
  })
  const out: Stretch[] = []
  for (const part of inside.toSorted((a, b) => a.from - b.from)) {
    const last = out.at(-1)
    if (last && last.to >= part.from && last.what === part.what) last.to = Math.max(last.to, part.to)
    else out.push(part)
  }
  return out
}
