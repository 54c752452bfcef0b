/** Included allowance and overage: what is used up to the allowance costs nothing, what is above it is charged (money.md: usage → allowance → model). */
import { atLeastZero, type Fraction, smaller, subtract } from '../../base/exact.ts'

export interface Split {
  included: Fraction
  overage: Fraction
}

export const allowance = (quantity: Fraction, included: Fraction): Split => ({
  included: smaller(quantity, included),
  overage: atLeastZero(subtract(quantity, included)),
})
