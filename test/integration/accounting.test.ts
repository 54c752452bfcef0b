/** The sums of the accounting page: they hold, and a row that is lost in any stage breaks them in sight. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { judge, usageAccounting } from '#control-plane/rating/index.ts'
import { judgeUsage } from '#control-plane/rating/store.ts'
import { Suite } from '../setup/stack.ts'
import { type Agent, deflated, enrolledAgent, vm } from './agent.ts'
import { market, sell, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const START = Date.parse('2026-11-10T08:00:00.000Z')
let suite: Suite
let world: Prepared
let agent: Agent

const sums = () => world.run((ctx) => usageAccounting(ctx, { hours: 24 }))
const intakeOf = async (source = agent.source) => (await sums()).intake.filter((row) => row.source_id === source)

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(START + 3 * HOUR_MS))
  await sell(world, { meter: 'network_transmit_bytes', per: 'quantity', unit: 'GiB', amount: '0.7' })
  agent = await enrolledAgent(world, 'sums')
  await agent.send([agent.listing(START, 'h', [vm('a'), vm('b')])])
  for (let step = 0; step < 12; step += 1) {
    const sent = { 'network_transmit_bytes/eth0': step * 1_000, 'disk_read_bytes/vda': step, 'disk_busy_ms/vda': step }
    const at = START + step * 10 * 60_000
    const sealed = agent.seal([
      agent.readings(at, 'a', sent, { gauges: { 'load_average/1m': 0.5 } }),
      agent.readings(at, 'b', { ...sent, network_receive_kilobytes: 1 }),
    ])
    await agent.deliver(sealed)
    if (step % 3 === 0) await agent.deliver(sealed)
    world.clock.now += 10 * 60_000
  }
  await settled(world)
  await world.run(judge)
})
afterAll(() => suite.end())

test('per source and hour: received = duplicate + quarantined + metric only + metered', async () => {
  const rows = await intakeOf()
  expect(rows).toHaveLength(2)
  expect(rows.every((row) => row.balanced)).toBe(true)
  const total = (of: (row: (typeof rows)[number]) => number) => rows.reduce((sum, row) => sum + of(row), 0)
  // 16 deliveries of 8 readings: 4 + 4, one of which is in a wrong unit
  expect({
    received: total((row) => row.received),
    duplicate: total((row) => row.duplicate),
    quarantined: total((row) => row.quarantined),
    metric_only: total((row) => row.metric_only),
    metered: total((row) => row.metered),
  }).toEqual({ received: 128, duplicate: 32, quarantined: 12, metric_only: 36, metered: 48 })
})

test('per meter and hour: metered = rated + unrated + unowned + covered + pending', async () => {
  const { meters } = await sums()
  expect(meters.every((row) => row.balanced)).toBe(true)
  const of = (meter: string) => meters.filter((row) => row.meter === meter)
  expect(of('network_transmit_bytes').map((row) => [row.metered, row.rated, row.unrated])).toEqual([
    [2, 2, 0],
    [2, 2, 0],
  ])
  expect(of('disk_read_bytes').map((row) => [row.metered, row.rated, row.unrated])).toEqual([
    [2, 0, 2],
    [2, 0, 2],
  ])
})

test('usage that nobody owns is unowned, and usage that was not judged yet is pending', async () => {
  const stray = await enrolledAgent(world, 'nobody', null)
  const read = (at: number) => stray.readings(START + at, 'stray', { 'disk_write_bytes/vda': at })
  await stray.send([stray.listing(START, 'x', [vm('stray')]), read(0), read(60_000)])
  await settled(world)
  const row = async () => (await sums()).meters.find((each) => each.meter === 'disk_write_bytes')
  expect(await row()).toMatchObject({ metered: 1, pending: 1, unowned: 0, balanced: true })
  await world.run(judge)
  expect(await row()).toMatchObject({ metered: 1, pending: 0, unowned: 1, balanced: true })
})

test('a backlog of usage that is larger than one batch is judged to its end, however long it waited', async () => {
  const late = await enrolledAgent(world, 'backlog', null)
  await late.send([late.listing(START, 'y', [vm('slow')])])
  for (let step = 0; step < 4; step += 1) {
    const read = (at: number) => late.readings(START + at, 'slow', { 'disk_write_operations/vda': at })
    await late.send([read(step * HOUR_MS), read(step * HOUR_MS + 60_000)])
    await settled(world)
    world.clock.now += 20 * 60_000
  }
  world.clock.now += HOUR_MS
  const pending = async () =>
    (await sums()).meters
      .filter((row) => row.meter === 'disk_write_operations')
      .reduce((sum, row) => sum + row.pending, 0)
  expect(await pending()).toBe(4)
  for (let left = 3; left >= 0; left -= 1) {
    await world.run((ctx) => judgeUsage(ctx, 1, ctx.now() - 60_000, []))
    expect(await pending()).toBe(left)
  }
})

test('a batch that can be read in part, or under a key that was used, is in the sums with its readings', async () => {
  const before = await intakeOf()
  const clone = agent.sign(
    { message: 'batch', spool: agent.spool, sequence: 3, previous: '' },
    deflated({ protocol: 1, clock_offset_ms: 0, boot_id: '', facts: [agent.readings(START, 'a', { x: 1, y: 2 })] }),
  )
  await agent.deliver(clone)
  const malformed = { ...agent.readings(START, 'a', { 'disk_read_bytes/vda': 1 }), interval_ms: 'ten' }
  await agent.send([malformed, agent.readings(START + 1, 'a', { 'disk_read_bytes/vda': 1 })])
  const after = await intakeOf()
  expect(after.every((row) => row.balanced)).toBe(true)
  const quarantined = (rows: typeof after) => rows.reduce((sum, row) => sum + row.quarantined, 0)
  expect(quarantined(after) - quarantined(before)).toBe(3)
})

test('a report that is taken while an hour ends stands whole in one hour', async () => {
  const other = await enrolledAgent(world, 'midnight')
  await other.send([other.listing(START, 'm', [vm('n')])])
  const { clock } = world
  let at = START + 4 * HOUR_MS - 3
  // each look at the clock finds it a millisecond further
  Object.defineProperty(clock, 'now', { configurable: true, get: () => at++ })
  for (let step = 0; step < 3; step += 1)
    await other.send([other.readings(at, 'n', { 'disk_read_bytes/vda': step, 'disk_busy_ms/vda': step })])
  Object.defineProperty(clock, 'now', { value: at, writable: true })
  const rows = await intakeOf(other.source)
  expect(rows.map((row) => row.hour)).toHaveLength(2)
  expect(rows.filter((row) => !row.balanced)).toEqual([])
})

class RolledBack extends Error {}
/** What the sums say after one row of a table is gone; the row comes back. */
async function without(table: string, where = sql`true`) {
  let seen: Awaited<ReturnType<typeof sums>> | null = null
  const gone = world.run(async (ctx) => {
    const name = sql.identifier(table)
    await ctx.tx.execute(sql`delete from ${name} where ctid = (select ctid from ${name} where ${where} limit 1)`)
    seen = await usageAccounting(ctx, { hours: 24 })
    throw new RolledBack()
  })
  await gone.catch((error: unknown) => {
    if (!(error instanceof RolledBack)) throw error
  })
  return seen!
}

test.each(['intake_hour', 'quarantine', 'metric_intake', 'reading'])(
  'a row that is gone from %s leaves an hour of its source unbalanced',
  async (table) => {
    const mine =
      table === 'reading' ? sql`source_id = ${agent.source} and counter_count > 0` : sql`source_id = ${agent.source}`
    const { intake } = await without(table, mine)
    expect(intake.filter((row) => !row.balanced).map((row) => row.source_id)).toEqual([agent.source])
  },
)

test('an hour of usage that is gone leaves its meter unbalanced, and a lost judgement shows as pending', async () => {
  const lost = await without('usage_hour', sql`meter = 'network_transmit_bytes'`)
  expect(lost.meters.filter((row) => !row.balanced).map((row) => row.meter)).toEqual(['network_transmit_bytes'])
  const unjudged = await without('usage_status', sql`meter = 'network_transmit_bytes'`)
  expect(unjudged.meters.filter((row) => row.pending > 0).map((row) => row.meter)).toEqual(['network_transmit_bytes'])
})
