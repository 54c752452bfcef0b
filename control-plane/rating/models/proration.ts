/** How much of a price a part of its period costs: days of calendars and cycles of billing, as exact fractions. Dates are local, ends exclusive. */
import { atLeastZero, type Fraction, fraction, multiply, smaller, subtract, sum, ZERO } from '../../base/exact.ts'
import { assert } from '../../base/problem.ts'

type Day = Temporal.PlainDate

export const dayOf = (text: string): Day => Temporal.PlainDate.from(text)
const ONE: Fraction = fraction(1n)

/** Local dates from one to the other, the last one not counted. */
export const daysBetween = (from: Day, to: Day): bigint => BigInt(from.until(to, { largestUnit: 'days' }).days)

/**
 * Days where every month has `month_days` of them: within a month as in the calendar, and from the first of a month to the first of
 * the next always so many. They add up over any split, because each date is a number of its own.
 */
export const fixedDaysBetween = (from: Day, to: Day, month_days = 30n): bigint =>
  fixedNumber(to, month_days) - fixedNumber(from, month_days)
const fixedNumber = ({ year, month, day }: Day, month_days: bigint): bigint =>
  month_days * (12n * BigInt(year) + BigInt(month)) + BigInt(day)

/** A share of a price, between nothing and all of it. */
export function shareOf(days: bigint, of: bigint): Fraction {
  assert(of > 0n, 'a period has days')
  return smaller(atLeastZero(fraction(days, of)), ONE)
}

/** A price for the days that are paid: those in force, without the days of a trial at their beginning. */
export const prorated = (price: Fraction, active_days: bigint, period_days: bigint, trial_days = 0n): Fraction =>
  multiply(price, shareOf(active_days - trial_days, period_days))

export interface PlanChange {
  old_price: Fraction
  new_price: Fraction
  remaining_days: bigint
  period_days: bigint
  /** where the new plan's period is of another length */
  new_period_days?: bigint | undefined
}
/** A change within a period that was paid in advance: what is left of the old plan comes back, the same days of the new one are charged. */
export function planChange(change: PlanChange): { credit: Fraction; charge: Fraction } {
  const { old_price, new_price, remaining_days, period_days, new_period_days = period_days } = change
  return {
    credit: subtract(ZERO, multiply(old_price, shareOf(remaining_days, period_days))),
    charge: multiply(new_price, shareOf(remaining_days, new_period_days)),
  }
}

/** The length of a billing period: months keep the day of the bill, days and weeks run from where they began. */
export interface Cycle {
  months: number
  days: number
}
export interface Subscribed {
  from: Day
  /** null: goes on */
  to: Day | null
  /** what has begun by then is billed, in advance */
  target: Day
  /** the day of the month on which periods begin; in a shorter month its last day */
  bill_day: number
}

/** Periods billed in advance up to a date: a part before the first day of the bill, whole ones, and a part at the end. */
export function billingCycles(cycle: Cycle, { from, to, target, bill_day }: Subscribed): Fraction {
  if (to && Temporal.PlainDate.compare(to, from) <= 0) return ZERO
  const bill = (n: number, first: Day): Day => aligned(first.add(lengthOf(cycle, n)), cycle, bill_day)
  const first = firstBill(cycle, from, bill_day)
  const isBefore = (a: Day, b: Day) => Temporal.PlainDate.compare(a, b) < 0
  const parts: Fraction[] = []
  if (isBefore(from, first)) {
    const end = to && isBefore(to, first) ? to : first
    parts.push(fraction(daysBetween(from, end), daysBetween(first.subtract(lengthOf(cycle, 1)), first)))
  }
  for (let n = 0; ; n += 1) {
    const [begin, end] = [bill(n, first), bill(n + 1, first)]
    if (isBefore(target, begin) || (to && !isBefore(begin, to))) break
    if (to && isBefore(to, end))
      parts.push(fraction(daysBetween(begin, to), daysBetween(begin, begin.add(lengthOf(cycle, 1)))))
    else parts.push(ONE)
  }
  return sum(parts)
}

const lengthOf = ({ months, days }: Cycle, n: number) => ({ months: months * n, days: days * n })
const aligned = (date: Day, { months }: Cycle, bill_day: number): Day =>
  months === 0 ? date : date.with({ day: Math.min(bill_day, date.daysInMonth) })
/** The first day of the bill on or after the beginning. */
function firstBill(cycle: Cycle, from: Day, bill_day: number): Day {
  if (cycle.months === 0) return from
  const own = aligned(from, cycle, bill_day)
  return Temporal.PlainDate.compare(own, from) < 0 ? aligned(own.add(lengthOf(cycle, 1)), cycle, bill_day) : own
}
