/** Graduated percentage: each part of a sum of money at the rate of the tier that it falls into. */
import { type Fraction, fraction, percentOf } from '../../base/exact.ts'
import type { Charge } from './charge.ts'
import { graduated } from './graduated.ts'

export interface RateTier {
  up_to: Fraction | null
  /** in per cent */
  rate: Fraction
  flat: Fraction
}

export const graduatedPercentage = (amount: Fraction, tiers: readonly RateTier[]): Charge =>
  graduated(
    amount,
    tiers.map(({ up_to, rate, flat }) => ({ up_to, unit: percentOf(fraction(1n), rate), flat })),
  )
