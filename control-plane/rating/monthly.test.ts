/** What holding a machine comes to in 720 hours is what 720 hours of it would be billed, whatever the model of its prices. */
import { expect, test } from 'vitest'
import { fractionText } from '../base/exact.ts'
import { sure } from '../base/problem.ts'
import { heldFor } from './monthly.ts'
import { netOf } from './percentages.ts'
import type { Price } from './rules.ts'

const GIB = 2 ** 30
const machine = { id: 'm', kind: 'vm' as const, state: 'running', size: { vcpu_count: 6, memory_bytes: 8 * GIB } }
const price = (over: Partial<Price> = {}): Price => ({
  id: 'p',
  kind: 'vm',
  meter: 'vcpu',
  model: 'per_unit',
  per: 'month',
  unit: 'vCPU',
  amount: '2',
  terms: null,
  gap_policy: 'infer',
  effective_at: 0,
  ends_at: null,
  ...over,
})
const at = (prices: readonly Price[], seen = machine) => {
  const amount = heldFor(seen, prices)
  return amount && fractionText(amount)
}
const tiers = (terms: Price['terms'], model: Price['model'] = 'graduated') => price({ model, amount: '0', terms })

test('a price of each unit, of the hour and of the whole machine', () => {
  expect(at([price()])).toBe('12/1')
  expect(at([price({ per: 'hour', amount: '0.01' })])).toBe('216/5')
  expect(at([price({ meter: 'instance', model: 'flat', unit: 'instance', amount: '7' }), price()])).toBe('19/1')
  expect(at([price(), price({ meter: 'memory', unit: 'GiB', amount: '0.5' })])).toBe('16/1')
  expect(at([price({ kind: 'host' })])).toBeNull()
})

test('tiers, allowance, minimum and maximum hold for each machine by itself', () => {
  const steps = [
    { up_to: '4', unit_amount: '3', flat_amount: '1' },
    { up_to: null, unit_amount: '1', flat_amount: '0' },
  ]
  expect(at([tiers({ tiers: steps })])).toBe('15/1')
  expect(at([tiers({ tiers: steps }, 'volume')])).toBe('6/1')
  expect(at([price({ terms: { included: '4' } })])).toBe('4/1')
  expect(at([price({ terms: { minimum: '50' } })])).toBe('50/1')
  expect(at([price({ terms: { maximum: '5' } })])).toBe('5/1')
  expect(at([price({ terms: { proration: 'none' } })])).toBe('12/1')
  expect(at([price({ terms: { minimum: '50' } })], { ...machine, state: 'stopped' })).toBe('50/1')
})

test('a price for all machines together has none for one of them', () => {
  expect(at([price({ terms: { pool: 'account', included: '4' } })])).toBeNull()
  const pool = { size: '8', amount: '10', overage_amount: '2' }
  expect(at([price(), tiers({ allocation_pool: pool }, 'allocation_pool')])).toBeNull()
})

test('what includes the tax is worth what is left without it', () => {
  const amount = sure(heldFor(machine, [price({ tax_inclusive: true })], (gross) => netOf(gross, '21')))
  expect(fractionText(amount)).toBe('1200/121')
})
