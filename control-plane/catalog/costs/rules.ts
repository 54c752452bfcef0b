/** What a price of a cost book may say. Pure. */
import { Problem } from '../../base/problem.ts'
import type { NewPrice } from '../contract.ts'

/** Each thing costs by itself, so that its cost is its customer's; and a cost is told without tax. */
export function assertCost({ model, terms, tax_inclusive }: NewPrice): void {
  if (model === 'allocation_pool' || terms?.pool)
    throw new Problem('wrong_unit', 'What machines cost is told of each by itself: record the cost without a pool.', [
      { pointer: terms?.pool ? '/terms/pool' : '/model', detail: 'must be for each resource by itself' },
    ])
  if (tax_inclusive)
    throw new Problem('wrong_unit', 'A cost is told without tax.', [
      { pointer: '/tax_inclusive', detail: 'must be false in a cost book' },
    ])
}
