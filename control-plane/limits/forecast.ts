/** What a month comes to if it goes on as in its last days: an estimate that says what it rests on. Pure. */
import { fraction, multiply, roundHalfAway } from '../base/exact.ts'
import { type Interval, lengthMs } from '../base/time.ts'
import type { DayAmount } from './days.ts'

/** A week holds each day of the week once. */
const LOOKED_AT_DAYS = 7

export interface Forecast {
  net: bigint
  total: bigint
  basis: 'last_days' | 'so_far'
  days: number
  per_day: bigint
}
export interface KnownDay extends DayAmount {
  day: Interval
}

const DAY_MS = 86_400_000n

/**
 * `days` as far as they are known, in order; `whole`: those of which nothing is missing. Null where nothing is known, or nothing is left.
 * The rest of the month is taken to cost what as much time of the last whole days did (at most seven), or of all that is known.
 */
export function forecast(days: readonly KnownDay[], whole: readonly KnownDay[], ends_at: number): Forecast | null {
  const last = days.at(-1)
  if (!last || last.day.to >= ends_at) return null
  const seen = whole.length > 0 ? whole.slice(-LOOKED_AT_DAYS) : days
  const length = seen.reduce((sum, { day }) => sum + lengthMs(day), 0n)
  const rest = BigInt(ends_at - last.day.to)
  const sumOf = (list: readonly KnownDay[], of: 'net' | 'total') => list.reduce((sum, day) => sum + day[of], 0n)
  const inTime = (of: 'net' | 'total', ms: bigint) =>
    roundHalfAway(multiply(fraction(sumOf(seen, of)), fraction(ms, length)))
  return {
    net: sumOf(days, 'net') + inTime('net', rest),
    total: sumOf(days, 'total') + inTime('total', rest),
    basis: whole.length > 0 ? 'last_days' : 'so_far',
    days: whole.length > 0 ? seen.length : 0,
    per_day: inTime('total', DAY_MS),
  }
}
