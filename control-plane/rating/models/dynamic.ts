/** Dynamic: each unit costs what a published index says at the time of use: value × factor + surcharge, within bounds. */
import { add, type Fraction, larger, multiply, smaller } from '../../base/exact.ts'

export interface Dynamic {
  factor: Fraction
  /** on each unit; it may be taken off */
  surcharge: Fraction
  floor: Fraction | null
  ceiling: Fraction | null
}

/** What a unit costs; below zero where the index is and no floor holds it. */
export function dynamic(value: Fraction, { factor, surcharge, floor, ceiling }: Dynamic): Fraction {
  const unit = add(multiply(value, factor), surcharge)
  const raised = floor === null ? unit : larger(unit, floor)
  return ceiling === null ? raised : smaller(raised, ceiling)
}
