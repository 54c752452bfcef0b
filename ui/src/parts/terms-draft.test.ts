import { expect, test } from 'vitest'
import { draftOf, faultsOf, termsOf } from './terms-draft.ts'

const tiers = [
  { up_to: '100', unit_amount: '0', flat_amount: '0' },
  { up_to: null, unit_amount: '0.02', flat_amount: '5' },
]

test('terms that are opened and sent again say the same', () => {
  const graduated = { tiers, minimum: '3', maximum: '9', included: '2' }
  expect(termsOf(draftOf(graduated), 'graduated', 'hour')).toEqual(graduated)
  const blocks = { steps: { mode: 'top_tier' as const, tiers: [{ block_size: '10', blocks: null, amount: '1' }] } }
  expect(termsOf(draftOf(blocks), 'stair_step', 'quantity')).toEqual(blocks)
  const bought = { package: { size: '10', amount: '5', free: '2' } }
  expect(termsOf(draftOf(bought), 'package', 'quantity')).toEqual(bought)
  const days = { proration: 'day' as const, day_count: '30/360' as const }
  expect(termsOf(draftOf(days), 'flat', 'month')).toEqual(days)
  const ahead = { timing: 'advance' as const }
  expect(termsOf(draftOf(ahead), 'per_unit', 'month')).toEqual(ahead)
  const share = { percentage: { rate: '10' }, of: { kinds: ['vm' as const] }, minimum: '100' }
  expect(termsOf(draftOf(share as never), 'percentage', 'month')).toEqual(share)
  const rate_tiers = [
    { up_to: '10000', rate: '10', flat_amount: '0' },
    { up_to: null, rate: '7', flat_amount: '0' },
  ]
  expect(termsOf(draftOf({ rate_tiers }), 'graduated_percentage', 'month')).toEqual({ rate_tiers })
  // what has no meaning for a percentage is not sent with it
  expect(termsOf(draftOf({ ...ahead, ...days, ...share } as never), 'percentage', 'month')).toEqual(share)
  // what only monthly prices have is not sent for others
  expect(termsOf(draftOf(days), 'per_unit', 'hour')).toBeUndefined()
})

test('a tier that does not ascend, a fraction of a block and a minimum above the maximum are pointed at', () => {
  const draft = draftOf({ tiers: [tiers[0]!, { ...tiers[0]!, up_to: '100,0' }, tiers[1]!] })
  expect([...faultsOf(draft, 'graduated')]).toEqual([['/terms/tiers/1/up_to', 'not_above']])
  draft.steps = [
    { block_size: '10', blocks: '1.5', amount: '1' },
    { block_size: '', blocks: '', amount: 'x' },
  ]
  expect([...faultsOf(draft, 'stair_step')]).toEqual([
    ['/terms/steps/tiers/0/blocks', 'not_whole'],
    ['/terms/steps/tiers/1/block_size', 'needed'],
    ['/terms/steps/tiers/1/amount', 'not_a_number'],
  ])
  Object.assign(draft, { minimum: '2', maximum: '1,5' })
  expect(faultsOf(draft, 'per_unit').get('/terms/minimum')).toBe('above_maximum')
})
