/** Minimum and maximum of a line (money.md's "minimum/cap", after the model and before discounts): both exact, nothing is rounded here. */
import { add, atLeastZero, type Fraction, smaller, subtract, ZERO } from '../../base/exact.ts'

/** What a minimum adds to what was used. `billed`: what of the period stands on earlier bills. */
const topUp = (used: Fraction, minimum: Fraction, billed: Fraction = ZERO): Fraction =>
  atLeastZero(subtract(minimum, add(used, billed)))

/** What a maximum takes off what was used; never more than that. */
const capped = (used: Fraction, maximum: Fraction, billed: Fraction = ZERO): Fraction =>
  smaller(atLeastZero(subtract(add(used, billed), maximum)), atLeastZero(used))

export interface Bounds {
  minimum: Fraction | null
  maximum: Fraction | null
}
export interface Committed {
  used: Fraction
  top_up: Fraction
  discount: Fraction
  /** used + top_up − discount */
  amount: Fraction
}
/** Both at once; a line with a minimum above its maximum can't be priced so. */
export function committed(used: Fraction, { minimum, maximum }: Bounds, billed: Fraction = ZERO): Committed {
  const top_up = minimum === null ? ZERO : topUp(used, minimum, billed)
  const discount = maximum === null ? ZERO : capped(used, maximum, billed)
  return { used, top_up, discount, amount: subtract(add(used, top_up), discount) }
}
