/** Explain: every line multiplies back from its leaves by other arithmetic than the engine's, and one altered leaf is found. */
import { Big } from 'big.js'
import { type SQL, sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NewApiKey } from '#control-plane/accounts/contract.ts'
import { createKey } from '#control-plane/accounts/index.ts'
import type { Explanation } from '#control-plane/billing/contract.ts'
import { verify } from '#control-plane/billing/index.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import type { Line } from '#control-plane/rating/contract.ts'
import type { z } from 'zod'
import { Suite } from '../setup/stack.ts'
import { enrolledAgent, vm } from './agent.ts'
import { type Call, apiOf } from './http.ts'
import { market, resourceId, sell, settled, transfer } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const START = Date.parse('2026-11-10T08:07:11.123Z')
const END = START + 3 * HOUR_MS
const MACHINES = 9
const NOVEMBER_MS = 30 * 24 * HOUR_MS
const CONSUMED = {
  network_receive_bytes: ['GiB', 2n ** 30n],
  network_transmit_bytes: ['MB', 10n ** 6n],
  disk_read_bytes: ['KiB', 1024n],
  disk_write_bytes: ['B', 1n],
  disk_read_operations: ['thousand_operations', 1000n],
  disk_write_operations: ['operation', 1n],
  cpu_time_ns: ['CPU_hour', 3_600_000_000_000n],
} as const
/** Base units × milliseconds in what a price is for, written down again by hand. */
const DIVISORS: Record<string, bigint> = {
  'vm.instance': BigInt(NOVEMBER_MS),
  'vm.instance_running': BigInt(HOUR_MS),
  'vm.vcpu': BigInt(HOUR_MS),
  'vm.memory': 2n ** 30n * BigInt(HOUR_MS),
  'vm.disk': 10n ** 9n * BigInt(NOVEMBER_MS),
  ...Object.fromEntries(Object.entries(CONSUMED).map(([meter, [, units]]) => [`vm.${meter}`, units])),
}

let suite: Suite
let world: Prepared
let call: Call
/** holds one machine for a while */
let other: string
let invoice: { id: string; number: string; lines: Line[] }
/** what each machine's counters really grew by, by `machine meter` */
const truth = new Map<string, bigint>()

/** Whole numbers from 0 below `limit`, the same in each run. */
function dice(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * limit)
  }
}
const roll = dice(20_261_110)

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(START))
  call = await apiOf(suite, world)
  await sell(world, { meter: 'instance', model: 'flat', per: 'month', unit: 'instance', amount: '7.777777777777' })
  await sell(world, { meter: 'instance_running', unit: 'instance', amount: '0.013' })
  await sell(world, { meter: 'vcpu', amount: '0.333333333333' })
  await sell(world, { meter: 'memory', unit: 'GiB', amount: '0.0071' })
  await sell(world, { meter: 'disk', unit: 'GB', per: 'month', amount: '0.99' })
  for (const [meter, [unit]] of Object.entries(CONSUMED))
    await sell(world, { meter: meter as keyof typeof CONSUMED, per: 'quantity', unit, amount: `0.0${roll(900) + 1}` })
  await report()
  await settled(world)
  world.clock.now = END
  // a day's price change, and an owner who holds one machine for a while
  other = await otherAccount()
  await transfer(world, 'm-3', other, START + 2 * HOUR_MS + 7)
  await transfer(world, 'm-3', world.account_id, START + 2 * HOUR_MS + 900_007)
  const made = await call('POST', '/invoices', { account_id: world.account_id, to: iso(END) })
  expect(made.status).toBe(201)
  invoice = made.body as typeof invoice
})
afterAll(() => suite.end())

const otherAccount = async () => (await call('POST', '/accounts', { name: 'Other' })).body.id as string

/** Machines of random sizes that stop and start, with counters that are reset with each start. */
async function report(): Promise<void> {
  const agent = await enrolledAgent(world, 'explain')
  const name = (n: number) => `m-${n}`
  const sizes = Array.from({ length: MACHINES }, () => ({
    vcpu_count: roll(8) + 1,
    memory_bytes: roll(2 ** 30) * 16 + 1,
    disk_bytes: roll(2 ** 30) * 100 + 1,
  }))
  await agent.send([
    agent.listing(START - 60_000, 'h', []),
    agent.listing(
      START,
      'h',
      sizes.map((size, n) => vm(name(n), { size })),
    ),
  ])
  const counters = sizes.map(() => ({ boot: 0, origin: START, values: {} as Record<string, number> }))
  for (let at = START + 13_000; at < END; at += 9 * 60_000 + roll(120_000)) {
    const facts: unknown[] = []
    for (const [n, counter] of counters.entries()) {
      if (roll(9) === 0) {
        const origin = at - 5_000
        facts.push(agent.event(at - 8_000, 'h', name(n), { state: 'stopped' }))
        facts.push(agent.event(origin, 'h', name(n), { state: 'running' }))
        Object.assign(counter, { boot: counter.boot + 1, origin, values: {} })
      }
      for (const meter of Object.keys(CONSUMED)) {
        const device = meter === 'cpu_time_ns' ? '' : `/d${roll(2)}`
        const grown = roll(2_000_000_000)
        counter.values[`${meter}${device}`] = (counter.values[`${meter}${device}`] ?? 0) + grown
        truth.set(`${name(n)} ${meter}`, (truth.get(`${name(n)} ${meter}`) ?? 0n) + BigInt(grown))
      }
      const epoch = { id: `boot-${counter.boot}`, origin_ms: counter.origin }
      facts.push(agent.readings(at, name(n), { ...counter.values }, { epoch, interval_ms: 600_000 }))
    }
    await agent.send(facts)
  }
}

const explain = async (line: Line) => {
  const { status, body } = await call('GET', `/invoices/${invoice.id}/lines/${line.id}/explanation`)
  expect(status).toBe(200)
  return body as z.infer<typeof Explanation>
}
const shuffled = <T>(list: readonly T[]): T[] =>
  list
    .map((each) => ({ each, key: roll(1_000_000) }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ each }) => each)

/** What a segment's leaves hold: hours of usage added up, or size × time. */
function leaves(component: string, segment: z.infer<typeof Explanation>['segments'][number]): Big {
  if (CONSUMED[component.slice(3) as keyof typeof CONSUMED])
    return segment.hours.reduce((sum, hour) => sum.plus(hour.quantity), new Big(0))
  const length = new Big(Date.parse(segment.to)).minus(Date.parse(segment.from))
  return component === 'vm.instance' ? length : length.times(segment.size!)
}

test('a hundred random lines multiply back to the cent from their leaves', async () => {
  expect(invoice.lines.length).toBeGreaterThanOrEqual(100)
  Big.DP = 60
  for (const line of shuffled(invoice.lines).slice(0, 100)) {
    const opened = await explain(line)
    const quantity = opened.segments.reduce((sum, segment) => sum.plus(leaves(line.component, segment)), new Big(0))
    const amount = quantity.times(opened.line.price.amount).div(String(DIVISORS[line.component]))
    expect([line.component, amount.toFixed(2, Big.roundHalfUp)]).toEqual([line.component, line.net])
  }
  const net = invoice.lines.reduce((sum, line) => sum.plus(line.net), new Big(0))
  const { body } = await call('GET', `/invoices/${invoice.id}`)
  expect(body.totals.net).toBe(net.toFixed(2))
  expect(body.totals.tax).toBe(net.times('0.21').toFixed(2, Big.roundHalfUp))
  expect(body.totals.total).toBe(net.plus(body.totals.tax).toFixed(2))
})

test('the bounding readings of the hours give what the counters really grew by', async () => {
  for (const line of invoice.lines.filter((each) => (each.meter ?? '') in CONSUMED && each.resource.name !== 'm-3')) {
    const grown = truth.get(`${line.resource.name} ${line.meter}`)!
    expect([line.component, line.quantity]).toEqual([line.component, grown.toString()])
    const bounds = (await explain(line)).segments.flatMap((s) => s.hours.flatMap((hour) => hour.bounds))
    const last = new Map(bounds.map((bound) => [`${bound.device}/${bound.epoch}`, BigInt(bound.last.value)]))
    expect([...last.values()].reduce((sum, value) => sum + value, 0n)).toBe(grown)
  }
})

const findings = async () => (await world.run(verify)).findings
test('untouched, every cent is proven', async () => {
  const result = await world.run(verify)
  expect(result).toMatchObject({ invoices: 1, lines: invoice.lines.length, findings: [] })
  expect(result.readings).toBeGreaterThan(500)
})

class Undone extends Error {}
/** What the verifier says of the damage, which lasts for this transaction only. */
async function after(damage: SQL): Promise<{ check: string; subject: string }[]> {
  let found: { check: string; subject: string }[] = []
  const work = world.run(async (ctx) => {
    const done = await ctx.tx.execute(damage)
    expect(done.count).toBe(1)
    found = (await verify(ctx)).findings
    throw new Undone()
  })
  await work.catch((error: unknown) => {
    if (!(error instanceof Undone)) throw error
  })
  return found
}
const lineOf = (name: string, meter: string) =>
  invoice.lines.find((line) => line.resource.name === name && line.meter === meter)!
const subjectsOf = (found: { subject: string }[]) => new Set(found.map(({ subject }) => subject))
const one = (name: string, meter: string) => new Set([`${invoice.number}/${lineOf(name, meter).id}`])

/** The n-th reading of m-1 (negative: from the end) that holds this counter. */
const reading = async (n: number, counter: string) => {
  const order = n < 0 ? sql`desc` : sql`asc`
  const id = await resourceId(world, 'm-1')
  return sql`ctid = (select ctid from reading where resource_id = ${id} and counters ? ${counter}
             order by seen_at ${order} offset ${n < 0 ? -n - 1 : n} limit 1)`
}
const COUNTER = 'cpu_time_ns'
const oneMore = sql`jsonb_set(counters, '{cpu_time_ns}', to_jsonb(((counters->>'cpu_time_ns')::numeric + 1)::text))`

test.each([
  ['the first', 0],
  ['one in the middle of an hour', 3],
  ['one in the middle', 14],
  ['the last', -1],
])('a reading altered by one nanosecond is found: %s', async (_which, n) => {
  const found = await after(sql`update reading set counters = ${oneMore} where ${await reading(n, COUNTER)}`)
  expect(subjectsOf(found)).toEqual(one('m-1', COUNTER))
})

test.each([0, 3, 14, -1])('a removed reading is found: number %i', async (n) => {
  const found = await after(sql`delete from reading where ${await reading(n, COUNTER)}`)
  expect([...subjectsOf(found)]).toEqual(expect.arrayContaining([...one('m-1', COUNTER)]))
})

test('a reading moved by a millisecond, and one that slipped in, are found', async () => {
  const moved = sql`update reading set seen_at = seen_at + interval '1 ms' where ${await reading(6, COUNTER)}`
  expect([...subjectsOf(await after(moved))]).toEqual(expect.arrayContaining([...one('m-1', COUNTER)]))
  const slipped = sql`insert into reading select (jsonb_populate_record(r, '{"position": 77}')).* from reading r
    where ${await reading(6, COUNTER)}`
  expect([...subjectsOf(await after(slipped))]).toEqual(expect.arrayContaining([...one('m-1', COUNTER)]))
})

test('a removed or altered hour of usage is found', async () => {
  const hour = sql`ctid = (select ctid from usage_hour where resource_id = ${await resourceId(world, 'm-2')}
    and meter = 'disk_read_bytes' and hour = '2026-11-10T10:00:00Z' and cut_to is null)`
  const expected = one('m-2', 'disk_read_bytes')
  expect(subjectsOf(await after(sql`delete from usage_hour where ${hour}`))).toEqual(expected)
  expect(subjectsOf(await after(sql`update usage_hour set quantity = quantity + 1 where ${hour}`))).toEqual(expected)
})

test('an observed version with one more byte, another state or another beginning is found', async () => {
  const version = sql`id = ${lineOf('m-4', 'memory').segments[0]!.observed_version_id}`
  const size = sql`jsonb_set(content, '{size,memory_bytes}', to_jsonb((content->'size'->>'memory_bytes')::int8 + 1))`
  for (const change of [
    sql`content = ${size}`,
    sql`content = jsonb_set(content, '{state}', '"paused"')`,
    sql`valid_from = valid_from - interval '1 ms'`,
  ]) {
    const found = await after(sql`update observed_version set ${change} where ${version}`)
    expect([...subjectsOf(found)]).toEqual(expect.arrayContaining([...one('m-4', 'memory')]))
    expect(found.every(({ check }) => check === 'version')).toBe(true)
  }
})

test('an assignment that begins a millisecond later, or names another owner, is found', async () => {
  const assignment = sql`id = ${lineOf('m-3', 'vcpu').segments.at(-1)!.assignment_id}`
  const later = await after(sql`update assignment set valid_from = valid_from + interval '1 ms' where ${assignment}`)
  expect([...subjectsOf(later)]).toEqual(expect.arrayContaining([...one('m-3', 'vcpu')]))
  const other = sql`(select id from account where id <> ${world.account_id} limit 1)`
  const found = await after(sql`update assignment set account_id = ${other} where ${assignment}`)
  expect(new Set(found.map(({ check }) => check))).toEqual(new Set(['owner']))
})

test('a price altered by 10⁻¹², and a removed one, are found on each of its lines', async () => {
  const price = sql`id = ${lineOf('m-0', 'vcpu').price.id}`
  const charged = invoice.lines.filter((line) => line.meter === 'vcpu').map((line) => `${invoice.number}/${line.id}`)
  for (const damage of [
    sql`update price_version set amount = amount + 0.000000000001 where ${price}`,
    sql`delete from price_version where ${price}`,
  ])
    expect(subjectsOf(await after(damage))).toEqual(new Set(charged))
})

test('after all of it, everything is proven again', async () => {
  expect(await findings()).toEqual([])
})

test('each owner sees the readings of his own time with a machine, and only them', async () => {
  const held = { from: START + 2 * HOUR_MS + 7, to: START + 2 * HOUR_MS + 900_007 }
  const isHis = (at: string) => Date.parse(at) >= held.from && Date.parse(at) <= held.to
  let shown = 0
  for (const [account_id, isOwn] of [
    [other, isHis],
    [world.account_id, (at: string) => !isHis(at)],
  ] as const) {
    const wanted = NewApiKey.parse({ name: account_id, role: 'tenant_owner', account_id })
    const { token } = await world.run((ctx) => createKey(ctx, wanted))
    const asked = async (path: string) =>
      (await call('GET', path, undefined, { authorization: `Bearer ${token}` })).body
    const path = `/accounts/${account_id}/draft`
    const mine = account_id === other ? ((await asked(path))['lines'] as Line[]) : invoice.lines
    for (const line of mine.filter((one) => one.resource.name === 'm-3')) {
      const at = account_id === other ? `${path}/lines` : `/invoices/${invoice.id}/lines`
      const { segments } = (await asked(`${at}/${line.id}/explanation`)) as unknown as z.infer<typeof Explanation>
      const readings = segments.flatMap((one) =>
        one.hours.flatMap((hour) => hour.bounds.flatMap((b) => [b.first, b.last])),
      )
      expect(readings.filter((reading) => !isOwn(reading.at))).toEqual([])
      shown += readings.length
    }
  }
  expect(shown).toBeGreaterThan(0)
})
