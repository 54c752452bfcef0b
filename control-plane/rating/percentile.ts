/**
 * What a percentile of a rate is charged for. It belongs to a line: one percentile of all the time in which the account owned the resource
 * at this price, whatever its projects or how often it came back; another price or another owner has its own, of its own slots. Its time
 * makes the quantity, as for what is held: percentile × milliseconds, so a whole month at one price is the percentile × the price exactly,
 * parts add up to it, and tiers, allowance and minimum apply as they do to sizes by the month: all of them by the same share of it. Pure.
 */
import { fraction, fractionText, multiply, parseFraction, sum } from '../base/exact.ts'
import { fromIso, intersect, type Interval, iso, lengthMs } from '../base/time.ts'
import type { Peak } from '../metering/contract.ts'
import type { Line } from './contract.ts'
import type { Unobserved } from './gaps.ts'

/** Base units of a rate in a byte in one slot: eight bits in 300 s, in 75ths of a bit per second. */
const UNITS_OF_BYTE = 2n
const UNITS_OF_BIT = 75n

/** The larger of in and out, in base units. */
export function rateOf({ in: received, out: sent }: Peak): bigint {
  const [a, b] = [received ?? 0n, sent ?? 0n]
  return (a > b ? a : b) * UNITS_OF_BYTE
}
export const rateQuantity = (peak: Peak, stretch: Interval): bigint => rateOf(peak) * lengthMs(stretch)

/** Of slots without any reading nothing is known, so they are gaps that no total can fill. */
export const unseenIn = (peak: Peak, stretch: Interval): Unobserved[] =>
  peak.unseen.flatMap((gap) => {
    const part = intersect(gap, stretch)
    return part ? [{ ...part, cause: 'silent' as const, known: false }] : []
  })

const bits = (bytes: bigint | null): string | null =>
  bytes === null ? null : fractionText(fraction(bytes * UNITS_OF_BYTE, UNITS_OF_BIT))

export const percentileText = (peak: Peak): NonNullable<Line['percentile']> => ({
  in: bits(peak.in),
  out: bits(peak.out),
  rank: peak.rank,
  slots: peak.slots,
  missing: peak.missing,
  spread: peak.spread,
})

/** The part of a line that lies in some days, each as much of its amount as of its time; so the days add up to the line. */
export function byTime(line: Line, days: readonly Interval[]): (Line | null)[] {
  return days.map((day) => {
    const segments = line.segments.flatMap((segment) => {
      const whole = { from: fromIso(segment.from), to: fromIso(segment.to) }
      const part = intersect(whole, day)
      if (!part) return []
      const share = fraction(lengthMs(part), lengthMs(whole))
      const amount = multiply(parseFraction(segment.amount), share)
      const quantity = (BigInt(segment.quantity) * share.num) / share.den
      const bounds = { from: iso(part.from), to: iso(part.to) }
      return [{ ...segment, ...bounds, quantity: quantity.toString(), amount: fractionText(amount) }]
    })
    if (segments.length === 0) return null
    const quantity = segments.reduce((total, one) => total + BigInt(one.quantity), 0n)
    const exact = fractionText(sum(segments.map((one) => parseFraction(one.amount))))
    return { ...line, segments, quantity: quantity.toString(), exact }
  })
}
