/** Volume (Kill Bill TOP_TIER): every unit at the price of the tier that the whole quantity reaches. */
import { compare, type Fraction } from '../../base/exact.ts'
import { type Charge, chargeOf, part } from './charge.ts'
import type { Tier } from './graduated.ts'

/** `reached` picks the tier where the quantity that is charged is only a share of it. A quantity above all bounds is of the last tier. */
export function volume(quantity: Fraction, tiers: readonly Tier[], reached: Fraction = quantity): Charge {
  const found = tiers.findIndex(({ up_to }) => up_to === null || compare(reached, up_to) <= 0)
  const index = found === -1 ? tiers.length - 1 : found
  const tier = tiers[index]
  return chargeOf(tier ? [part(index, quantity, tier.unit, tier.flat)] : [])
}
