/** Package: units are sold in packages, and one that is begun counts whole. */
import { atLeastZero, ceiling, divide, type Fraction, fraction, subtract } from '../../base/exact.ts'
import { type Charge, chargeOf, part } from './charge.ts'

export interface Package {
  size: Fraction
  amount: Fraction
  /** units that cost nothing, before the first package */
  free: Fraction
}

export function packages(quantity: Fraction, { size, amount, free }: Package): Charge {
  const count = ceiling(divide(atLeastZero(subtract(quantity, free)), size))
  return chargeOf([part(0, fraction(count), amount)])
}
