/** Lines whose price is applied to the whole of a billing period, not to each segment for itself. Pure. */
import { add, divide, type Fraction, fraction, larger, multiply, sum, ZERO } from '../base/exact.ts'
import { sure } from '../base/problem.ts'
import { dateOf, fromIso, intersect, type Interval, lengthMs } from '../base/time.ts'
import { isPercentage } from '../catalog/rules.ts'
import { meterOf } from '../metering/contract.ts'
import { charged, type Charged, isLinear, type Priced } from './charge.ts'
import { dayOf, daysBetween, fixedDaysBetween } from './models/proration.ts'
import type { Facts, Price, RatedResource } from './rules.ts'
import type { RawSegment } from './segments.ts'
import { chargedMs } from './times.ts'

/** The days between two instants, by local dates: they add up over any split. */
export function daysIn({ from, to }: Interval, zone: string, count: 'actual' | '30/360'): bigint {
  const [first, last] = [dayOf(dateOf(from, zone)), dayOf(dateOf(to, zone))]
  return count === 'actual' ? daysBetween(first, last) : fixedDaysBetween(first, last)
}
const monthDays = (month: Interval, zone: string, count: 'actual' | '30/360'): bigint => daysIn(month, zone, count)

/** How much of the month a resource was there, this account's, and at this price: what allowance, minimum and maximum are a share of. */
export function shareOfMonth(facts: Facts, resource: RatedResource, price: Price): Fraction {
  let held = 0n
  for (const owned of facts.owned.filter((one) => one.resource_id === resource.id))
    for (const observed of facts.observed.filter((one) => one.resource_id === resource.id)) {
      const both = intersect(owned, facts.period)
      const there = both && intersect(observed, both)
      if (there) held += chargedMs(price, there)
    }
  return fraction(held, lengthMs(facts.month))
}

/** Priced units of each segment, as the proration of the price counts them. */
function weightsOf(facts: Facts, price: Price, raw: readonly RawSegment[], divisor: bigint): Fraction[] {
  const { proration = 'exact', day_count = 'actual' } = price.terms ?? {}
  if (proration !== 'day') return raw.map((one) => fraction(one.quantity_units, divisor))
  const unit = sure(price.model === 'flat' ? 1n : meterOf(price.meter).units[price.unit])
  const days = monthDays(facts.month, facts.zone, day_count)
  return raw.map((one) => {
    const base = one.skipped || one.trial ? 0n : price.model === 'flat' ? 1n : BigInt(one.size ?? '0')
    const stretch = { from: fromIso(one.from), to: fromIso(one.to) }
    return fraction(base * daysIn(stretch, facts.zone, day_count), unit * days)
  })
}

/** Without proration: the largest size of the period for a whole month, once; nothing where an earlier bill of the month had it. */
function unprorated(facts: Facts, price: Price, raw: readonly RawSegment[], isPaid: boolean): Fraction {
  if (isPaid || raw.some((one) => goesOn(facts, one))) return ZERO
  const unit = sure(price.model === 'flat' ? 1n : meterOf(price.meter).units[price.unit])
  const sizes = raw.map((one) =>
    one.skipped || one.trial ? 0n : price.model === 'flat' ? 1n : BigInt(one.size ?? '0'),
  )
  return sizes.map((size) => fraction(size, unit)).reduce(larger, ZERO)
}
/** True where a segment was held before the period began, within the same month. */
function goesOn({ period, month, owned, observed }: Facts, segment: RawSegment): boolean {
  if (period.from === month.from || fromIso(segment.from) !== period.from) return false
  const began = (at: number | null | undefined) => at === null || (at !== undefined && at < period.from)
  const owner = owned.find((one) => one.id === segment.assignment_id)
  const version = observed.find((one) => one.id === segment.observed_version_id)
  return began(owner?.assignment.from) && began(version?.from)
}

export interface Whole extends Charged {
  /** what of the amount each segment shows: exactly in proportion, and together all of it */
  amounts: Fraction[]
}
/** `isPaid`: another version of the price has charged the month already, without proration. */
export function wholeCharge(
  facts: Facts,
  resource: RatedResource,
  price: Price,
  raw: readonly RawSegment[],
  divisor: bigint,
  isPaid: boolean,
): Whole {
  const weights = weightsOf(facts, price, raw, divisor)
  // of what it is a share is known where all other lines are: `percentages.ts`
  if (isPercentage(price)) {
    const made = charged(price, ZERO, shareOfMonth(facts, resource, price))
    return { ...made, amounts: inProportion(made.amount, weights, raw) }
  }
  const quantity = price.terms?.proration === 'none' ? unprorated(facts, price, raw, isPaid) : sum(weights)
  const made = charged(price, quantity, shareOfMonth(facts, resource, price))
  return { ...made, amounts: inProportion(made.amount, weights, raw) }
}

/** The same of all resources together. */
export function pooledCharge(
  price: Price,
  raw: readonly RawSegment[],
  divisor: bigint,
  share: Fraction,
  above: Fraction | null,
): Whole {
  const weights = raw.map((one) => fraction(one.quantity_units, divisor))
  const made = charged(price, sum(weights), share, above)
  return { ...made, amounts: inProportion(made.amount, weights, raw) }
}

/** By quantity; where nothing was used, by time. */
export function inProportion(
  amount: Fraction,
  weights: readonly Fraction[],
  raw: readonly Pick<RawSegment, 'from' | 'to'>[],
): Fraction[] {
  const byTime = raw.map((one) => fraction(BigInt(fromIso(one.to) - fromIso(one.from))))
  const chosen = sum(weights).num > 0n ? weights : byTime
  const whole = chosen.reduce(add, ZERO)
  return whole.num === 0n ? [] : chosen.map((weight) => multiply(amount, divide(weight, whole)))
}

/** True where a price charges for having a thing of which nothing was used: a minimum, or the flat amount of its first tier. */
export const chargesNothingUsed = (price: Priced, share: Fraction): boolean =>
  !isLinear(price) && share.num > 0n && charged(price, ZERO, share).amount.num > 0n
