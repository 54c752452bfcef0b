/** Flat: the amount of the price for each full period of being there, whatever the size. */
import type { Fraction } from '../../base/exact.ts'

/** `length_ms` of being there × amount ÷ milliseconds of the price's period. */
export const flat = (length_ms: bigint, amount: Fraction, period_ms: bigint): Fraction => ({
  num: length_ms * amount.num,
  den: period_ms * amount.den,
})
