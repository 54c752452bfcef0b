/** Flat: the amount of the price for each full period of being there, whatever the size. */
import { fraction, type Fraction, multiply } from '../../base/exact.ts'

/** `length_ms` of being there × amount ÷ milliseconds of the price's period. */
export const flat = (length_ms: bigint, amount: Fraction, period_ms: bigint): Fraction =>
  multiply(fraction(length_ms, period_ms), amount)
