/** Allocation pool (an organisation's virtual data centre): so much may be held at once for one fee; what is held above it is charged by the unit, for as long as it is. */
import { atLeastZero, type Fraction, fraction, multiply, subtract, sum } from '../../base/exact.ts'
import type { Interval } from '../../base/time.ts'
import { type Charge, chargeOf, part } from './charge.ts'

export interface HeldOver extends Interval {
  size: bigint
}

/**
 * What lies above a size, × milliseconds: at each moment all that is held together, less the pool. A peak of a minute is a
 * minute of overage; room that was left at another time makes up for nothing (money.md: allocation pool).
 */
export function heldAbove(held: readonly HeldOver[], pool: Fraction): Fraction {
  const steps = Map.groupBy(
    held.flatMap(({ from, to, size }) => [
      { at: from, by: size },
      { at: to, by: -size },
    ]),
    ({ at }) => at,
  )
  const moments = [...steps.keys()].toSorted((a, b) => a - b)
  let together = 0n
  return sum(
    moments.map((at, index) => {
      for (const { by } of steps.get(at) ?? []) together += by
      const over = atLeastZero(subtract(fraction(together), pool))
      return multiply(over, fraction(BigInt((moments[index + 1] ?? at) - at)))
    }),
  )
}

/** The fee for the share of the period in which there was the pool, and the overage by the unit. Quantities in priced units × periods. */
export const allocationPool = (
  quantity: Fraction,
  above: Fraction,
  share: Fraction,
  { amount, overage_amount }: { amount: Fraction; overage_amount: Fraction },
): Charge =>
  chargeOf([part(0, subtract(quantity, above), fraction(0n), multiply(amount, share)), part(1, above, overage_amount)])
