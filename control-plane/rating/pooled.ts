/** Prices that all of an account's resources of a kind bear together: one line for all of them, with one allowance, minimum or pool. Pure. */
import { add, type Fraction, fraction, multiply, parseDecimal, ZERO } from '../base/exact.ts'
import { sure } from '../base/problem.ts'
import { fromIso, type Interval, intersect, lengthMs } from '../base/time.ts'
import { AMOUNT_PLACES } from '../catalog/rules.ts'
import { meterOf } from '../metering/contract.ts'
import type { Priced } from './charge.ts'
import type { Line, Segment } from './contract.ts'
import { heldAbove } from './models/allocation_pool.ts'
import type { Facts, Price, RatedResource, RawSegment } from './rules.ts'
import { shareOfMonth } from './whole.ts'

export const isPooled = ({ model, terms }: Pick<Priced, 'model' | 'terms'>): boolean =>
  model === 'allocation_pool' || terms?.pool !== undefined

/**
 * For which part of the month allowance, minimum, maximum and fee hold. `resources`: each brings its own, for its own time. Else
 * they hold once, for the time in which the account had any of them at this price.
 */
export function pooledShare(facts: Facts, resources: readonly RatedResource[], price: Price): Fraction {
  if (price.terms?.pool === 'resources')
    return resources.map((one) => shareOfMonth(facts, one, price)).reduce(add, ZERO)
  return fraction(unionMs(heldTimes(facts, resources, price)), lengthMs(facts.month))
}

function heldTimes(facts: Facts, resources: readonly RatedResource[], price: Price): Interval[] {
  const ids = new Set(resources.map(({ id }) => id))
  const observed = Map.groupBy(facts.observed, (one) => one.resource_id)
  const time = { from: price.effective_at, to: price.ends_at }
  return facts.owned
    .filter((one) => ids.has(one.resource_id))
    .flatMap((owned) =>
      (observed.get(owned.resource_id) ?? []).flatMap((one) => {
        const both = intersect(owned, facts.period)
        const there = both && intersect(one, both)
        return (there && intersect(time, there)) ?? []
      }),
    )
}

/** The length of a union. */
export function unionMs(times: readonly Interval[]): bigint {
  let [total, end] = [0n, -Infinity]
  for (const { from, to } of times.toSorted((a, b) => a.from - b.from)) {
    if (to <= end) continue
    total += BigInt(to - Math.max(from, end))
    end = to
  }
  return total
}

/** What was held above the pool, in priced units × periods; null where the price has none. */
export function overPool(price: Price, segments: readonly RawSegment[], divisor: bigint): Fraction | null {
  const pool = price.terms?.allocation_pool
  if (price.model !== 'allocation_pool' || !pool) return null
  const unit = fraction(sure(meterOf(price.meter).units[price.unit]))
  const size = multiply(sure(parseDecimal(pool.size, AMOUNT_PLACES)), unit)
  const held = segments
    .filter((one) => !one.skipped)
    .map((one) => ({ from: fromIso(one.from), to: fromIso(one.to), size: BigInt(one.size ?? '0') }))
  return multiply(heldAbove(held, size), fraction(1n, divisor))
}

/** The account's resources of the price's kind that it had in the period, always in the same order. */
export function pooledResources(facts: Facts, price: Price): RatedResource[] {
  const had = new Set(facts.owned.filter((one) => intersect(one, facts.period)).map((one) => one.resource_id))
  return facts.resources
    .filter(({ id, kind }) => kind === price.kind && had.has(id))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

/** Whose a segment is: of a line for all resources together each names its own. */
export const resourceIdOf = (line: Line, segment: Segment): string => segment.resource?.id ?? line.resource.id
