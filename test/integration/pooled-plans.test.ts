/** Prices of all resources together beside plans: what a plan prices or pays for is in no pool, in the bill as in its proof. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '#control-plane/base/id.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import type { Subscription } from '#control-plane/contracts/contract.ts'
import { Suite } from '../setup/stack.ts'
import { enrolledAgent, vm } from './agent.ts'
import { resourceId, sell, settled } from './ledger.ts'
import { NOVEMBER, past, type Shop, shopOf } from './shop.ts'

const DAY_MS = 24 * HOUR_MS
const GB = 10 ** 9
let suite: Suite
let shop: Shop
beforeAll(async () => {
  suite = new Suite()
  shop = await shopOf(suite)
  const since = { effective_at: iso(NOVEMBER.from), correction: true, reason: 'first' }
  const allocation_pool = { size: '4', amount: '30', overage_amount: '15' }
  const memory = { meter: 'memory', model: 'allocation_pool', per: 'month', unit: 'GiB', terms: { allocation_pool } }
  await sell(shop.world, { ...memory, ...since } as never)
  const traffic = {
    per: 'quantity' as const,
    unit: 'GB',
    amount: '0.1',
    terms: { pool: 'resources', included: '1000' },
  }
  await sell(shop.world, { ...traffic, meter: 'network_transmit_bytes', ...since } as never)
}, 60_000)
afterAll(() => suite.end())

test('a machine leaves the pool while a plan prices the component, and wholly where the fee pays for it', async () => {
  const account_id = await shop.customer()
  const agent = await enrolledAgent(shop.world, newId(), account_id)
  const [a, b, c] = [newId(), newId(), newId()]
  await agent.send([agent.listing(NOVEMBER.from, 'h', [vm(a), vm(b), vm(c)])])
  const readings = [10, 12, 14, 15].flatMap((day) =>
    [a, b, c].map((name) =>
      agent.readings(NOVEMBER.from + day * DAY_MS, name, { 'network_transmit_bytes/eth0': day * 5 * GB }),
    ),
  )
  await agent.send(readings)
  await settled(shop.world)
  const planned = await shop.planned('Memory', [
    { amount: '10' },
    { kind: 'vm', meter: 'memory', per: 'month', unit: 'GiB', amount: '1' },
    { kind: 'vm', meter: 'network_transmit_bytes', per: 'quantity', unit: 'GB', amount: '0.5' },
  ])
  const allIn = await shop.planned('All in', [{ amount: '99' }], { included_kinds: ['vm'] })
  const service = await shop.subscribed(account_id, planned, NOVEMBER.from)
  const [from, to] = [NOVEMBER.from + 12 * DAY_MS, NOVEMBER.from + 14 * DAY_MS]
  const { resources } = await shop.attached(service.id, await resourceId(shop.world, b), from)
  await shop.ask<Subscription>('POST', `/services/${service.id}/resources/${resources[0]!.id}/end`, {
    at: iso(to),
    ...past,
  })
  const whole = await shop.subscribed(account_id, allIn, NOVEMBER.from)
  await shop.attached(whole.id, await resourceId(shop.world, c), NOVEMBER.from)

  const { lines } = await shop.issued(account_id)
  const told = (component: string) =>
    lines
      .filter((line) => line.component === component)
      .map((line) => [line.resource.kind, line.plan?.name.en, line.net])
      .toSorted()
  // 30 for the pool of 4 GiB, and 4 GiB above it in the 28 days in which the second machine was in it: 4 × 15 × 28/30
  expect(told('vm.memory')).toEqual([
    ['pool', undefined, '86.00'],
    ['vm', 'Memory', '0.27'],
  ])
  // the plans price no processors, but the fee of one pays for all
  expect(told('vm.vcpu')).toEqual([
    ['vm', undefined, '72.00'],
    ['vm', undefined, '72.00'],
  ])
  expect(told('vm.network_transmit_bytes')).toEqual([
    ['pool', undefined, '0.00'],
    ['vm', 'Memory', '5.00'],
  ])
  const pool = lines.find((line) => line.component === 'vm.network_transmit_bytes' && line.resource.kind === 'pool')
  // each machine brings its allowance for its own time: thirty days and 28
  expect(pool?.charge?.share).toBe('29/15')
  expect(await shop.findings()).toEqual([])
})

test('a plan has no price for all resources together', async () => {
  const plan = await shop.ask<{ price_book_id: string }>('POST', '/plans', {
    name: { en: 'Pooled', es: 'Bolsa' },
    product_kind: 'other',
  })
  const price = { kind: 'vm', meter: 'network_transmit_bytes', model: 'per_unit', per: 'quantity', unit: 'GB' }
  const terms = { pool: 'account', included: '10' }
  const answer = await shop.call('POST', '/prices', { ...price, amount: '1', terms, price_book_id: plan.price_book_id })
  expect([answer.status, answer.body['code'], (answer.body['errors'] as { pointer: string }[])[0]?.pointer]).toEqual([
    422,
    'wrong_unit',
    '/terms/pool',
  ])
})
