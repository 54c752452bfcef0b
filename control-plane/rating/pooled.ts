/** Prices that all of an account's resources of a kind bear together: one line for all of them, with one allowance, minimum or pool. Pure. */
import { add, type Fraction, fraction, multiply, parseDecimal, ZERO } from '../base/exact.ts'
import { sure } from '../base/problem.ts'
import { fromIso, type Interval, intersect, lengthMs } from '../base/time.ts'
import { AMOUNT_PLACES } from '../catalog/rules.ts'
import { meterOf } from '../metering/contract.ts'
import type { Priced } from './charge.ts'
import type { Line, Segment } from './contract.ts'
import { heldAbove } from './models/allocation_pool.ts'
import type { Facts, Price, RatedResource } from './rules.ts'
import { shareOfMonth } from './whole.ts'

export const isPooled = ({ model, terms }: Pick<Priced, 'model' | 'terms'>): boolean =>
  model === 'allocation_pool' || terms?.pool !== undefined

/** A resource with the facts that are about it. */
export type Dealt = readonly [RatedResource, Facts]

/** The resources of the price's kind that the account had in the period, always in the same order. */
export const poolOf = (dealt: readonly Dealt[], price: Price): Dealt[] =>
  dealt
    .filter(([{ kind }, { owned, period }]) => kind === price.kind && owned.some((one) => intersect(one, period)))
    .toSorted(([a], [b]) => (a.id < b.id ? -1 : 1))

/**
 * For which part of the month allowance, minimum, maximum and fee hold. `resources`: each brings its own, for its own time. Else
 * they hold once, for the time in which the account had any of them at this price.
 */
export function pooledShare(pool: readonly Dealt[], price: Price): Fraction {
  const [first] = pool
  if (!first) return ZERO
  if (price.terms?.pool === 'resources')
    return pool.map(([resource, facts]) => shareOfMonth(facts, resource, price)).reduce(add, ZERO)
  const times = pool.flatMap(([, facts]) => heldTimes(facts, price))
  return fraction(unionMs(times), lengthMs(first[1].month))
}

function heldTimes({ owned, observed, period }: Facts, price: Price): Interval[] {
  const time = { from: price.effective_at, to: price.ends_at }
  return owned.flatMap((owner) =>
    observed.flatMap((one) => {
      const both = intersect(owner, period)
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
export function overPool(
  price: Pick<Price, 'model' | 'terms' | 'meter' | 'unit'>,
  segments: readonly Pick<Segment, 'from' | 'to' | 'size' | 'skipped'>[],
  divisor: bigint,
): Fraction | null {
  const pool = price.terms?.allocation_pool
  if (price.model !== 'allocation_pool' || !pool) return null
  const unit = fraction(sure(meterOf(price.meter).units[price.unit]))
  const size = multiply(sure(parseDecimal(pool.size, AMOUNT_PLACES)), unit)
  const held = segments
    .filter((one) => !one.skipped)
    .map((one) => ({ from: fromIso(one.from), to: fromIso(one.to), size: BigInt(one.size ?? '0') }))
  return multiply(heldAbove(held, size), fraction(1n, divisor))
}

/** Whose a segment is: of a line for all resources together each names its own. */
export const resourceIdOf = (line: Line, segment: Segment): string => segment.resource?.id ?? line.resource.id
