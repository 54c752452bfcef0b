/** Prices that were changed together, for tests that send every POST. */
import { NewPriceChange } from '#control-plane/repricing/contract.ts'
import { createChange } from '#control-plane/repricing/index.ts'
import type { Prepared } from './prepared.ts'

const WISH = { name: 'Dearer', reason: 'costs', recalculation: { percent: '10' }, publish: true }

export const repriced = {
  /** in force from next month on: it can be undone */
  change: '',
  async begin({ run }: Prepared): Promise<void> {
    repriced.change = (await run((ctx) => createChange(ctx, NewPriceChange.parse(WISH)))).id
  },
  bodies: {
    '/price-changes': () => ({ name: 'Created once' }),
    '/price-changes/{id}/undo': () => ({ reason: 'undone once' }),
    '/what-ifs': () => ({ price_change_id: repriced.change }),
  },
}
