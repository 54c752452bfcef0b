/** Issuing invoices: gapless numbers whoever asks at once, a draft that is what gets issued, and partial bills that add up. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { system } from '#control-plane/base/actor.ts'
import { newId } from '#control-plane/base/id.ts'
import { Problem } from '#control-plane/base/problem.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { finalise, getInvoice, verify } from '#control-plane/billing/index.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { rows } from '#control-plane/db/index.ts'
import { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, vm } from './agent.ts'
import { draftOf, linesOf, market, sell, settled, sumOf } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const START = Date.parse('2026-11-10T08:00:00.000Z')
const MINUTE = 60_000
let suite: Suite
let world: Prepared

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(START))
  await sell(world, { meter: 'vcpu', amount: '0.05' })
  await sell(world, { meter: 'network_transmit_bytes', per: 'quantity', unit: 'kB', amount: '0.003' })
})
afterAll(() => suite.end())

const issue = (account_id: string, to?: number) =>
  finalise(world.db, system('test'), () => world.clock.now, newId(), {
    account_id,
    ...(to === undefined ? {} : { to: iso(to) }),
  })
const invoice = async (account_id: string, to?: number) => {
  const id = await issue(account_id, to)
  return world.run((ctx) => getInvoice(ctx, id))
}
const outcome = (work: Promise<unknown>) =>
  work.then(
    () => 'issued',
    (error: unknown) => (error instanceof Problem ? error.code : error),
  )

/** A customer with one machine that was seen at the start. */
async function customer(name = newId()): Promise<{ agent: Agent; account_id: string; machine: string }> {
  const { id } = await world.run((ctx) => openAccount(ctx, { name, tax_id: '', email: '' }))
  const agent = await enrolledAgent(world, name, id)
  await agent.send([agent.listing(START, 'h', [vm(`${name}-vm`)])])
  return { agent, account_id: id, machine: `${name}-vm` }
}
const sent = (agent: Agent, machine: string, at: number, value: number) =>
  agent.readings(at, machine, { 'network_transmit_bytes/eth0': value })

test('twenty who finalise at once get gapless numbers in order of issue, one each, time after time', async () => {
  const customers = await Promise.all([1, 2, 3, 4, 5].map((n) => customer(`many-${n}`)))
  for (let round = 1; round <= 3; round += 1) {
    world.clock.now += HOUR_MS
    const asked = customers.flatMap(({ account_id }) => Array.from({ length: 4 }, () => outcome(issue(account_id))))
    const outcomes = await Promise.all(asked)
    expect(outcomes.filter((each) => each === 'issued')).toHaveLength(5)
    expect(outcomes.filter((each) => each !== 'issued')).toEqual(Array(15).fill('nothing_to_invoice'))
  }
  const issued = await rows<{ series_number: number; account_id: string }>(
    world.db,
    sql`select series_number, account_id from invoice order by issued_at, series_number`,
  )
  expect(issued.map((row) => row.series_number)).toEqual(Array.from({ length: 15 }, (_, index) => index + 1))
  for (const first of [0, 5, 10])
    expect(new Set(issued.slice(first, first + 5).map((row) => row.account_id)).size).toBe(5)
  expect((await world.run(verify)).findings).toEqual([])
})

test('two who finalise one contract while time goes on get one invoice, or two that follow each other', async () => {
  const { account_id } = await customer()
  await settled(world)
  const clock = { now: world.clock.now }
  const ticking = () => (clock.now += 1_000)
  const ask = () => finalise(world.db, system('test'), ticking, newId(), { account_id })
  const outcomes = await Promise.all([outcome(ask()), outcome(ask())])
  expect(outcomes).toContain('issued')
  const periods = await rows<{ from: string; to: string }>(
    world.db,
    sql`select period_from as "from", period_to as "to" from invoice where account_id = ${account_id} order by period_from`,
  )
  expect(periods).toHaveLength(outcomes.filter((each) => each === 'issued').length)
  for (const [index, next] of periods.entries()) if (index > 0) expect(next.from).toBe(periods[index - 1]!.to)
})

test('usage without a price blocks its own account and no other, until it has one', async () => {
  const [blocked, free] = [await customer(), await customer()]
  const { agent } = blocked
  const container = { kind: 'container' as const, external_id: `c-${agent.id}`, name: 'c', state: 'running' as const }
  await agent.send([agent.listing(world.clock.now, 'pods', [container])])
  world.clock.now += HOUR_MS
  expect(await outcome(issue(blocked.account_id))).toBe('unrated')
  expect(await outcome(issue(free.account_id))).toBe('issued')
  await sell(world, { kind: 'container', meter: 'instance', model: 'flat', unit: 'instance', amount: '0' })
  expect(await outcome(issue(blocked.account_id))).toBe('issued')
})

test('what is issued is the draft, line by line', async () => {
  const { agent, account_id, machine } = await customer()
  await agent.send([sent(agent, machine, START, 0), sent(agent, machine, START + 95 * MINUTE, 1_234_567)])
  world.clock.now += HOUR_MS
  await settled(world)
  const made = await draftOf(world, account_id)
  const { lines, content } = await invoice(account_id, world.clock.now)
  expect(linesOf({ ...made, lines })).toEqual(linesOf(made))
  expect(lines.map((line) => line.id)).toEqual(made.lines.map((line) => line.id))
  expect([content.totals, content.taxes, content.period]).toEqual([made.totals, made.taxes, made.period])
})

test('three bills of one month add up: no second is held twice and no byte falls between two of them', async () => {
  const { agent, account_id, machine } = await customer()
  const begin = world.clock.now
  const readings = Array.from({ length: 40 }, (_, n) => begin + n * 7 * MINUTE + 31)
  const value = (n: number) => n * n * 7_919 + n
  const parts: Awaited<ReturnType<typeof invoice>>[] = []
  for (const [n, at] of readings.entries()) {
    world.clock.now = at + 9_000
    await agent.send([sent(agent, machine, at, value(n))])
    // bills for "now": one between two readings, one right at an hour
    if (n === 13 || n === 26) parts.push(await invoice(account_id))
  }
  parts.push(await invoice(account_id, readings.at(-1)!))
  const of = (meter: string) => parts.map((part) => part.lines.find((line) => line.meter === meter)!.quantity)
  expect(sumOf(of('network_transmit_bytes'))).toBe(BigInt(value(39)))
  expect(sumOf(of('vcpu'))).toBe(2n * BigInt(readings.at(-1)! - START))
  const bounds = parts.map((part) => part.period)
  expect(bounds.slice(1).map((period) => period.from)).toEqual(bounds.slice(0, -1).map((period) => period.to))
  expect((await world.run(verify)).findings).toEqual([])
})

test('a birth that is corrected after the bill leaves the bill proven, and readings that come later too', async () => {
  const { agent, account_id, machine } = await customer()
  const begin = world.clock.now
  const epoch = { id: 'new', origin_ms: begin + 5 * MINUTE }
  const read = (at: number, value: number) =>
    agent.readings(begin + at * MINUTE, `${machine}-2`, { 'network_transmit_bytes/eth0': value }, { epoch })
  const both = [vm(machine), vm(`${machine}-2`)]
  await agent.send([agent.listing(begin, 'h', [vm(machine)]), agent.listing(begin + 10 * MINUTE, 'h', both)])
  await agent.send([read(10, 4_000), read(70, 9_000)])
  world.clock.now = begin + 2 * HOUR_MS
  const issued = await invoice(account_id, begin + 100 * MINUTE)
  const billed = issued.lines.find((line) => line.meter === 'network_transmit_bytes')
  expect(billed?.quantity).toBe('9000')
  // it wasn't there yet when its counter says it began: what the first reading held isn't surely new any more
  await agent.send([agent.listing(begin + 8 * MINUTE, 'h', [vm(machine)])])
  await agent.send([read(40, 4_001)])
  await settled(world)
  expect((await world.run(verify)).findings).toEqual([])
})

test('a period that ends in the future, before it begins, or in another month is refused in words', async () => {
  const { account_id } = await customer()
  await settled(world)
  const { now } = world.clock
  expect(await outcome(issue(account_id, now + 1))).toBe('invalid')
  expect(await outcome(issue(account_id, START - 30 * 24 * HOUR_MS))).toBe('invalid')
  await invoice(account_id, now - HOUR_MS)
  expect(await outcome(issue(account_id, now - HOUR_MS))).toBe('invalid')
  world.clock.now = Date.parse('2026-12-02T00:00:00Z')
  expect(await outcome(issue(account_id, Date.parse('2026-12-01T00:00:00Z')))).toBe('invalid')
  const rest = await invoice(account_id)
  expect(rest.period.to).toBe('2026-11-30T23:00:00.000Z')
  expect((await invoice(account_id)).period.from).toBe('2026-11-30T23:00:00.000Z')
})

test('months in which nothing was used hold up no later bill, and none is issued for them', async () => {
  const name = newId()
  const { id } = await world.run((ctx) =>
    openAccount(ctx, { name, tax_id: '', email: '', contract_from: '2026-08-20T00:00:00.000Z' }),
  )
  await expect(issue(id, START - 40 * 24 * HOUR_MS)).rejects.toMatchObject({ code: 'nothing_to_invoice' })
  const agent = await enrolledAgent(world, name, id)
  await agent.send([
    agent.listing(START, 'h', [vm(`${name}-vm`)]),
    agent.listing(START + HOUR_MS, 'h', [vm(`${name}-vm`)]),
  ])
  const before = world.clock.now
  world.clock.now = START + HOUR_MS
  const { period, lines } = await invoice(id, START + HOUR_MS)
  expect(period).toEqual({ from: '2026-10-31T23:00:00.000Z', to: iso(START + HOUR_MS) })
  expect(lines).toHaveLength(1)
  // the month of the bill is found, not chosen: beyond its end is a mistake
  world.clock.now = START + 40 * 24 * HOUR_MS
  expect(await outcome(issue(id, START + 30 * 24 * HOUR_MS))).toBe('invalid')
  world.clock.now = before
})
