/** Per unit: the amount of the price for each unit, held for a full period or consumed. */
import type { Fraction } from '../../base/exact.ts'

/**
 * `quantity` in base units (× milliseconds for what is held) × amount ÷ divisor, where the divisor is base units in a priced
 * unit × milliseconds in the price's period (1 for what is consumed).
 */
export const perUnit = (quantity: bigint, amount: Fraction, divisor: bigint): Fraction => ({
  num: quantity * amount.num,
  den: divisor * amount.den,
})
