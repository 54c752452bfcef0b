/** Graduated (Kill Bill ALL_TIER, Flexprice SLAB): each unit at the price of the tier that it falls into. */
import { atLeastZero, compare, type Fraction, smaller, subtract, ZERO } from '../../base/exact.ts'
import { type Charge, chargeOf, part } from './charge.ts'

export interface Tier {
  /** the last quantity that belongs to it; null: without end */
  up_to: Fraction | null
  unit: Fraction
  /** charged once when the tier is entered */
  flat: Fraction
}

/**
 * Tiers ascend, and a bound belongs to the tier below it. The first tier is entered even by nothing at all: its flat amount is the
 * price of having the thing. Each later one is entered by the first quantity above its lower bound.
 */
export function graduated(quantity: Fraction, tiers: readonly Tier[]): Charge {
  let below = ZERO
  const parts = []
  for (const [index, { up_to, unit, flat }] of tiers.entries()) {
    if (index > 0 && compare(quantity, below) <= 0) break
    const within = subtract(up_to === null ? quantity : smaller(quantity, up_to), below)
    parts.push(part(index, atLeastZero(within), unit, flat))
    below = up_to ?? quantity
  }
  return chargeOf(parts)
}
