/** What a price of a cost book may say, and of which resources it is. Pure. */
import { type FieldError, Problem } from '../../base/problem.ts'
import type { AppliesTo, NewPrice } from '../contract.ts'
import { isPercentage } from '../rules.ts'

/** Each thing costs by itself, so that its cost is its customer's; and a cost is told without tax. */
export function assertCost({ model, terms, tax_inclusive, applies_to }: NewPrice): void {
  if (model === 'allocation_pool' || terms?.pool)
    throw new Problem('wrong_unit', 'What machines cost is told of each by itself: record the cost without a pool.', [
      { pointer: terms?.pool ? '/terms/pool' : '/model', detail: 'must be for each resource by itself' },
    ])
  if (tax_inclusive)
    throw new Problem('wrong_unit', 'A cost is told without tax.', [
      { pointer: '/tax_inclusive', detail: 'must be false in a cost book' },
    ])
  if (applies_to && isPercentage({ model }))
    throw new Problem('wrong_unit', 'A percentage is of what else is charged, not of a flavour or type.', [
      { pointer: '/applies_to', detail: `is of no use to the model ${model}` },
    ])
}

/** What is sold has one price for all resources of a kind: plans and negotiated books tell who pays another. */
export function assertUnconditional({ applies_to }: Pick<NewPrice, 'applies_to'>): void {
  if (!applies_to) return
  const errors: FieldError[] = [{ pointer: '/applies_to', detail: 'must be left out: this is no cost book' }]
  throw new Problem(
    'wrong_unit',
    'Only a price in a cost book may be of one flavour or type alone. To sell machines at different prices, make a plan of each.',
    errors,
  )
}

/** Of one component in one book: a resource says one thing of one attribute, so at most one of them is its price. */
export function assertOneAttribute(
  asked: AppliesTo | undefined,
  others: readonly { applies_to?: AppliesTo | null | undefined }[],
): void {
  const other = asked && others.find((one) => one.applies_to && one.applies_to.attribute !== asked.attribute)
  if (!other?.applies_to) return
  const { attribute } = other.applies_to
  throw new Problem(
    'wrong_unit',
    `Prices of this component are told apart by ${attribute} in this book: by a second attribute a resource would have two.`,
    [{ pointer: '/applies_to/attribute', detail: `must be ${attribute}` }],
  )
}
