/** PostgreSQL and NATS go away, orderly and by kill -9: everything says so, recovers by itself, and nothing is lost. */
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Event, Notice } from '#control-plane/events/contract.ts'
import type { Source } from '#control-plane/sources/contract.ts'
import { SPOOL_DEFAULTS, Spool } from '#agent/spool.ts'
import type { Child } from '../../deploy/process.ts'
import {
  type ControlPlane,
  freshDatabaseOn,
  type Installation,
  ownNats,
  ownPostgres,
  startAgent,
  startControlPlane,
  Suite,
} from '../setup/stack.ts'
import { follow, type Follower } from './follower.ts'

/** Longer than an agent's silence takes to be noticed: what can't be heard is not silent. */
const OUTAGE_MS = Number(process.env.ATALAYA_OUTAGE_SECONDS ?? 17) * 1_000
const INTERVAL_MS = 1_000
/** A tick that is late by more than this was left out. */
const TICK_GAP_MS_MAX = 2.5 * INTERVAL_MS
const RECOVERY = { timeout: 30_000, interval: 200 }

let suite: Suite
let installation: Installation
let database: { ready(): Promise<boolean>; child: Child }
let bus: { ready(): Promise<boolean>; child: Child }
let nats: Awaited<ReturnType<typeof ownNats>>['server']
let plane: ControlPlane
let agent: { child: Child; state: string }
let sql: postgres.Sql
let page: Follower

beforeAll(async () => {
  suite = new Suite()
  const [ownDatabase, ownBus] = [await ownPostgres(suite), await ownNats(suite)]
  database = { ready: ownDatabase.server.ready, child: ownDatabase.child }
  bus = { ready: ownBus.server.ready, child: ownBus.child }
  nats = ownBus.server
  installation = await freshDatabaseOn(suite, ownDatabase.server)
  plane = await startControlPlane(suite, installation, nats)
  agent = await startAgent(suite, plane)
  const superuser = new URL(installation.superuserUrl)
  superuser.pathname = new URL(installation.ownerUrl).pathname
  sql = postgres(superuser.toString(), { max: 2, onnotice: () => {} })
  suite.atEnd(() => sql.end({ timeout: 1 }))
  const { items } = await get<{ items: Source[] }>('/sources')
  const body = JSON.stringify({ interval_ms: INTERVAL_MS })
  expect((await plane.api(`/sources/${items[0]!.id}`, { method: 'PATCH', body })).status).toBe(200)
  page = follow(() => plane.api('/stream'))
  suite.atEnd(() => page.stop())
  await vi.waitFor(async () => expect(await stored()).toBeGreaterThan(3), RECOVERY)
}, 120_000)
afterAll(() => suite.end())

const get = async <T>(path: string): Promise<T> => (await (await plane.api(path)).json()) as T

/** Batches that are durable. */
const stored = async (): Promise<number> => Number((await sql`select count(*) from batch`)[0]!.count)

const readiness = async () => {
  const answer = await fetch(`${plane.origin}/readyz`)
  const { checks } = (await answer.json()) as { checks: Record<'database' | 'bus', { state: string; detail?: string }> }
  return { status: answer.status, database: checks.database.state, bus: checks.bus.state }
}
const READY = { status: 200, database: 'ok', bus: 'ok' }

async function end(child: Child, signal: NodeJS.Signals): Promise<void> {
  process.kill(child.pid!, signal)
  await vi.waitFor(() => expect(child.ended).toBeDefined(), { timeout: 15_000, interval: 20 })
}
async function again({ child, ready }: { child: Child; ready(): Promise<boolean> }): Promise<void> {
  await child.start()
  await child.whenReady(ready, 30_000)
}

/** After an outage: ready, and what was collected meanwhile has arrived. */
async function recovered(): Promise<void> {
  await vi.waitFor(async () => expect(await readiness()).toEqual(READY), RECOVERY)
  const since = Date.now()
  await vi.waitFor(async () => {
    const [newest] = await sql`select max(seen_at) as at from reading`
    expect((newest!.at as Date).getTime()).toBeGreaterThan(since)
    expect(await holes()).toBe(0)
  }, RECOVERY)
}

/** Sequences of the spool that are not durable though a later one is. */
async function holes(): Promise<number> {
  const [row] = await sql`
    select s.watermark, (select max(sequence) from batch where spool_id = s.id) as newest from spool s`
  return Number(row!.newest) - Number(row!.watermark)
}

/** Instants of the readings of a time, oldest first; each tick has one of the machine's own epoch. */
async function ticks(from_ms: number, to_ms: number): Promise<number[]> {
  const found = await sql`
    select distinct seen_at from reading
    where seen_at >= ${new Date(from_ms)} and seen_at < ${new Date(to_ms)} order by seen_at`
  return found.map(({ seen_at }) => (seen_at as Date).getTime())
}

async function expectEveryTick(from_ms: number, to_ms: number): Promise<void> {
  const at = [from_ms, ...(await ticks(from_ms, to_ms)), to_ms]
  const gaps = at.slice(1).map((instant, index) => instant - at[index]!)
  expect(Math.max(...gaps)).toBeLessThan(TICK_GAP_MS_MAX)
}

/**
 * For every counter that is metered: what usage says, and the increase from its first reading to its last. Both are read at
 * one moment, in which nothing waits to be measured; null while something does.
 */
const usageAndIncrease = () =>
  sql.begin('isolation level repeatable read', async (tx) => {
    if ((await tx`select 1 from dirty_usage`).length > 0) return null
    const series = await tx<{ meter: string; first: string; last: string }[]>`
      select split_part(key, '/', 1) as meter,
        (array_agg(value order by seen_at))[1] as first, (array_agg(value order by seen_at desc))[1] as last
      from reading, jsonb_each_text(counters) as item(key, value)
      where key not in ('cpu_time_ns/idle', 'cpu_time_ns/iowait') group by resource_id, epoch, key`
    const increase = new Map<string, bigint>()
    for (const { meter, first, last } of series)
      increase.set(meter, (increase.get(meter) ?? 0n) + BigInt(last) - BigInt(first))
    const rows = await tx<{ meter: string; quantity: string }[]>`
      select meter, sum(quantity)::text as quantity from usage_hour where cut_to is null group by meter`
    const usage = new Map(rows.map(({ meter, quantity }) => [meter, BigInt(quantity)]))
    return { usage, increase: new Map([...increase].filter(([, value]) => value > 0n)) }
  })

async function expectNothingLost(): Promise<void> {
  const sequences = await sql`select sequence, chained from batch order by sequence`
  expect(sequences.map(({ sequence }) => sequence)).toEqual(sequences.map((_, index) => index + 1))
  expect(sequences.every(({ chained }) => chained)).toBe(true)
  expect(await sql`select reason, detail from quarantine`).toEqual([])
  expect(await sql`select cause from lost_range`).toEqual([])
  const { usage, increase } = await vi.waitUntil(usageAndIncrease, RECOVERY)
  expect(usage.size).toBeGreaterThan(3)
  expect(usage).toEqual(increase)
}

const events = async (type: string) => (await get<{ items: Event[] }>(`/events?type=${type}`)).items
const notices = async (open: boolean) => (await get<{ items: Notice[] }>(`/notices?open=${open}`)).items
const spoken = async () => [(await events('agent.silent')).length, (await events('agent.back')).length]

/** A page that was open through the outage shows new readings again, on the same stream or on a new one. */
async function expectLive(): Promise<void> {
  const seen = page.count('sample')
  await vi.waitFor(() => expect(page.count('sample')).toBeGreaterThan(seen), RECOVERY)
}

const outages = [
  { away: 'PostgreSQL', parts: () => [database], says: { status: 503, database: 'down', bus: 'ok' } },
  { away: 'NATS', parts: () => [bus], says: { status: 503, database: 'ok', bus: 'down' } },
  { away: 'both', parts: () => [database, bus], says: { status: 503, database: 'down', bus: 'down' } },
] as const

for (const { away, parts, says } of outages)
  test(
    `${away} away for a while: it is named, the agent collects on, and every reading arrives`,
    async () => {
      const from_ms = Date.now()
      const helloes = page.count('hello')
      await Promise.all(parts().map(({ child }) => end(child, 'SIGINT')))
      const back_ms = Date.now() + OUTAGE_MS
      await vi.waitFor(async () => expect(await readiness()).toEqual(says), RECOVERY)
      const answer = await plane.api('/resources')
      if (says.database === 'down') {
        expect(answer.status).toBe(503)
        expect(answer.headers.get('content-type')).toContain('application/problem+json')
        expect(await answer.json()).toMatchObject({ code: 'unavailable' })
      } else expect(answer.status).toBe(200)
      await Bun.sleep(back_ms - Date.now())
      expect(plane.child.ended ?? agent.child.ended).toBeUndefined()
      await Promise.all(parts().map(again))
      await recovered()
      await expectLive()
      if (says.bus === 'down') expect(page.count('hello')).toBeGreaterThan(helloes)
      await expectEveryTick(from_ms, Date.now() - TICK_GAP_MS_MAX)
      await expectNothingLost()
      expect(await spoken()).toEqual([0, 0])
      expect(await notices(true)).toEqual([])
    },
    OUTAGE_MS + 90_000,
  )

test('PostgreSQL, NATS, the control plane and the agent, each killed with -9: all come back and nothing is lost', async () => {
  for (const part of [database, bus]) {
    await end(part.child, 'SIGKILL')
    await again(part)
    await recovered()
  }
  await end(plane.child, 'SIGKILL')
  await plane.child.start()
  await recovered()
  await end(agent.child, 'SIGKILL')
  await agent.child.start()
  await recovered()
  await expectLive()
  await expectNothingLost()
  expect(await spoken()).toEqual([0, 0])
}, 120_000)

test('an agent that falls silent makes one event and one notice, and one event when it is back', async () => {
  await end(agent.child, 'SIGTERM')
  await vi.waitFor(async () => expect(await spoken()).toEqual([1, 0]), { timeout: 40_000, interval: 500 })
  expect((await notices(true)).map(({ code }) => code)).toEqual(['agent.silent'])
  await Bun.sleep(3_000)
  expect(await spoken()).toEqual([1, 0])
  await agent.child.start()
  await vi.waitFor(async () => expect(await spoken()).toEqual([1, 1]), RECOVERY)
  expect(await notices(true)).toEqual([])
  expect((await notices(false)).map(({ code }) => code)).toEqual(['agent.silent'])
}, 90_000)

test('the same installation works in three processes of one role each', async () => {
  await end(plane.child, 'SIGTERM')
  const ingest = await startControlPlane(suite, installation, nats, { role: 'ingest' })
  const work = await startControlPlane(suite, installation, nats, { role: 'work' })
  plane = await startControlPlane(suite, installation, nats, { role: 'api' })
  const before = await stored()
  await recovered()
  await vi.waitFor(async () => expect(await stored()).toBeGreaterThan(before), RECOVERY)
  await expectLive()
  for (const { origin } of [ingest, work]) expect((await fetch(`${origin}/api/v1/resources`)).status).toBe(404)
  expect((await plane.api('/resources')).status).toBe(200)
}, 90_000)

test('an agent that was stopped leaves an empty spool: every sequence was acknowledged', async () => {
  await recovered()
  await end(agent.child, 'SIGTERM')
  const [row] = await sql`select id, watermark from spool`
  const spool = Spool.open(join(agent.state, 'spool'), { ...SPOOL_DEFAULTS, now: Date.now })
  expect(spool.id).toBe(row!.id as string)
  // a batch may have been on its way when it stopped: it is the newest, and stays in the spool
  expect(spool.next - 1 - Number(row!.watermark)).toBeLessThanOrEqual(1)
  await spool.close()
}, 60_000)
