/** Stair step (Kill Bill's tiered blocks): units are sold in blocks whose size and price depend on the tier; one that is begun counts whole. */
import {
  add,
  ceiling,
  compare,
  divide,
  type Fraction,
  fraction,
  multiply,
  smaller,
  subtract,
  ZERO,
} from '../../base/exact.ts'
import { type Charge, chargeOf, part } from './charge.ts'

export interface Step {
  block_size: Fraction
  /** how many blocks the tier holds; null: without end */
  blocks: bigint | null
  amount: Fraction
}
/** `all_tiers`: each block at the price of its tier; `top_tier`: all blocks at the price, and of the size, of the tier that is reached. */
export type StepMode = 'all_tiers' | 'top_tier'

const sizeOf = ({ block_size, blocks }: Step): Fraction | null =>
  blocks === null ? null : multiply(block_size, fraction(blocks))
const blocksIn = (quantity: Fraction, { block_size }: Step): Fraction => fraction(ceiling(divide(quantity, block_size)))

/** What lies above all tiers is of the last one. */
export function stairStep(quantity: Fraction, steps: readonly Step[], mode: StepMode): Charge {
  return mode === 'all_tiers' ? allTiers(quantity, steps) : topTier(quantity, steps)
}

function allTiers(quantity: Fraction, steps: readonly Step[]): Charge {
  let left = quantity
  const parts = []
  for (const [index, step] of steps.entries()) {
    if (compare(left, ZERO) <= 0) break
    const size = index === steps.length - 1 ? null : sizeOf(step)
    const within = size === null ? left : smaller(left, size)
    parts.push(part(index, blocksIn(within, step), step.amount))
    left = subtract(left, within)
  }
  return chargeOf(parts)
}

function topTier(quantity: Fraction, steps: readonly Step[]): Charge {
  let below = ZERO
  for (const [index, step] of steps.entries()) {
    const size = index === steps.length - 1 ? null : sizeOf(step)
    if (size === null || compare(subtract(quantity, below), size) <= 0)
      return chargeOf([part(index, blocksIn(quantity, step), step.amount)])
    below = add(below, size)
  }
  return chargeOf([])
}
