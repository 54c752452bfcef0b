/** Prices of all resources together, from the facts to a proven invoice and its note: one allowance, one each, and a pool with overage. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { verify } from '#control-plane/billing/index.ts'
import type { Explanation } from '#control-plane/billing/contract.ts'
import type { Line } from '#control-plane/rating/contract.ts'
import type { z } from 'zod'
import { Suite } from '../setup/stack.ts'
import { enrolledAgent, vm } from './agent.ts'
import { type Call, apiOf } from './http.ts'
import { draftOf, market, resourceId, sell, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const START = Date.parse('2026-11-10T08:00:00.000Z')
const HOURS = 30
const GB = 1_000_000_000
let suite: Suite
let world: Prepared
let call: Call

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(START))
  call = await apiOf(suite, world)
  const pool = { size: '4', amount: '40', overage_amount: '10' }
  await sell(world, {
    meter: 'vcpu',
    per: 'month',
    model: 'allocation_pool',
    terms: { allocation_pool: pool },
  } as never)
  const bytes = { per: 'quantity' as const, unit: 'GB', amount: '0.1' }
  await sell(world, { ...bytes, meter: 'network_transmit_bytes', terms: { pool: 'account', included: '720' } })
  await sell(world, { ...bytes, meter: 'network_receive_bytes', terms: { pool: 'resources', included: '720' } })
  const agent = await enrolledAgent(world, 'pooled')
  for (let hour = 0; hour < HOURS; hour += 1) {
    const at = START + hour * HOUR_MS
    const machines = [
      // stopped for four hours: that room makes up for nothing
      vm('a', { size: { vcpu_count: 2 }, state: hour >= 2 && hour < 6 ? 'stopped' : 'running' }),
      vm('b', { size: { vcpu_count: hour < 20 ? 2 : 4 } }),
      ...(hour >= 10 && hour < 15 ? [vm('c', { size: { vcpu_count: 1 } })] : []),
    ]
    const epoch = { epoch: { id: 'boot', origin_ms: START }, interval_ms: HOUR_MS }
    const sent = (by: number) => ({ 'network_transmit_bytes/d0': by * hour, 'network_receive_bytes/d0': by * hour })
    world.clock.now = at + 1_000
    await agent.send([
      agent.listing(at, 'h', machines),
      agent.readings(at, 'a', sent(2 * GB), epoch),
      agent.readings(at, 'b', sent(GB), epoch),
    ])
  }
  await settled(world)
  world.clock.now = START + HOURS * HOUR_MS
}, 120_000)
afterAll(() => suite.end())

const lineOf = (lines: readonly Line[], meter: Line['meter']): Line => {
  const found = lines.filter((line) => line.meter === meter)
  expect(found.length).toBe(1)
  return found[0]!
}

test('each is charged as computed by hand: 29 hours of traffic, 25 hours of a processor above the pool', async () => {
  const { lines, totals } = await draftOf(world, world.account_id)
  expect(lines).toHaveLength(3)
  expect(lines.every(({ resource }) => resource.kind === 'pool')).toBe(true)
  // the fee for 30 of 720 hours; one above from hour 10 to 15, two from hour 20 on
  expect(lineOf(lines, 'vcpu').net).toBe(((40 * 30 + 10 * (5 + 20)) / 720).toFixed(2))
  // 3 GB an hour together; the account had some machine in all 30 hours
  expect(lineOf(lines, 'network_transmit_bytes').net).toBe(((29 * 3 - 30) * 0.1).toFixed(2))
  // each of the three brings an allowance for its own hours: 30, 30 and 5
  expect(lineOf(lines, 'network_receive_bytes').net).toBe(((29 * 3 - 65) * 0.1).toFixed(2))
  expect(totals.net).toBe('9.91')
  expect(new Set(lineOf(lines, 'vcpu').segments.map(({ resource }) => resource?.name))).toEqual(
    new Set(['a', 'b', 'c']),
  )
})

test('it is issued, explained with whose each stretch is, proven, and one altered size or owner is found', async () => {
  const made = await call('POST', '/invoices', { account_id: world.account_id, to: iso(world.clock.now) })
  expect(made.status).toBe(201)
  const invoice = made.body as { id: string; number: string; lines: Line[] }
  const { id } = lineOf(invoice.lines, 'network_transmit_bytes')
  const { body } = await call('GET', `/invoices/${invoice.id}/lines/${id}/explanation`)
  const { segments } = body as z.infer<typeof Explanation>
  expect(segments.map(({ resource }) => resource?.name).toSorted()).toEqual(['a', 'b'])
  expect(segments.every(({ hours }) => hours.length > 0)).toBe(true)
  expect((await world.run(verify)).findings).toEqual([])

  class Undone extends Error {}
  const after = async (damage: ReturnType<typeof sql>) => {
    let checks: string[] = []
    const work = world.run(async (ctx) => {
      await ctx.tx.execute(damage)
      checks = (await verify(ctx)).findings.map(({ check }) => check)
      throw new Undone()
    })
    await expect(work).rejects.toBeInstanceOf(Undone)
    return new Set(checks)
  }
  const [a, c] = [await resourceId(world, 'a'), await resourceId(world, 'c')]
  expect(
    await after(
      sql`update assignment set valid_from = ${iso(START + 11 * HOUR_MS)}::timestamptz where resource_id = ${c}`,
    ),
  ).toContain('share')
  expect(
    await after(
      sql`update observed_version set content = jsonb_set(content, '{size,vcpu_count}', '3') where resource_id = ${a}`,
    ),
  ).toContain('version')
})

test('usage by day adds up to the lines, and each project bears its machines’ part', async () => {
  const { body } = await call('GET', `/accounts/${world.account_id}/usage?month=2026-11`)
  const days = (body as { days: { amount: string }[] }).days
  const sum = days.reduce((total, { amount }) => total + Number(amount), 0)
  const exact = (40 * 30 + 250) / 720 + 5.7 + 2.2
  expect(Math.abs(sum - exact)).toBeLessThan(0.0001)
})
