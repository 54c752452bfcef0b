/** A basis says when a cost must be looked at again: whenever one may differ, and for nothing else. */
import { expect, test } from 'vitest'
import { HOUR_MS } from '../base/time.ts'
import { costBasis, costPerHour } from './cost.ts'
import type { Price } from './rules.ts'

const MONTH = { from: 0, to: 720 * HOUR_MS }
const LONGER = { from: 0, to: 744 * HOUR_MS }
const price = (more: Partial<Price> = {}): Price => ({
  id: 'a',
  kind: 'vm',
  meter: 'vcpu',
  model: 'per_unit',
  per: 'hour',
  unit: 'vCPU',
  amount: '0.5',
  terms: null,
  gap_policy: 'infer',
  effective_at: 0,
  ends_at: null,
  ...more,
})
const machine = { state: 'running', size: { vcpu_count: 2, memory_bytes: 2 ** 30 } }
const memory = price({ meter: 'memory', unit: 'GiB', amount: '7' })

test.each<[string, Price[], typeof MONTH]>([
  ['an amount', [price({ amount: '0.6' })], MONTH],
  ['another price beside it', [price(), memory], MONTH],
  ['no price at all', [], MONTH],
  ['a price for months', [price({ per: 'month' })], MONTH],
  ['terms that no hour alone has a price under', [price({ terms: { included: '1' } })], MONTH],
])('%s has another basis, since the cost is another', (_what, prices, month) => {
  expect(costPerHour(machine, prices, month)).not.toEqual(costPerHour(machine, [price()], MONTH))
  expect(costBasis(prices, month)).not.toBe(costBasis([price()], MONTH))
})

test('a longer month is another basis for prices of months, and for no others', () => {
  const monthly = [price({ per: 'month' })]
  expect(costPerHour(machine, monthly, LONGER)).not.toEqual(costPerHour(machine, monthly, MONTH))
  expect(costBasis(monthly, LONGER)).not.toBe(costBasis(monthly, MONTH))
  expect(costBasis([price()], LONGER)).toBe(costBasis([price()], MONTH))
})

test('versions that say the same, in whatever order, and what is charged by use, are the same basis', () => {
  const same = price({ id: 'b', effective_at: 5, ends_at: 9, times: [{ from: 5, to: 7, trial: false }] })
  const traffic = price({ meter: 'network_transmit_bytes', per: 'quantity', unit: 'GB' })
  expect(costBasis([memory, same, traffic], MONTH)).toBe(costBasis([price(), memory], MONTH))
})

test('what an index says now is part of the basis of a price by it', () => {
  const by = (amount: string) => {
    const index = { id: 'i', name: 'exchange', unit: 'vCPU', values: [{ from: 0, to: HOUR_MS, amount }] }
    return price({
      model: 'dynamic',
      terms: { index: { id: 'i', factor: '1', surcharge: '0' } },
      index,
    } as Partial<Price>)
  }
  expect(costBasis([by('1')], MONTH)).not.toBe(costBasis([by('2')], MONTH))
})
