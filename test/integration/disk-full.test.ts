/** A full disk under PostgreSQL, under the agent's spool, under the data folder: it is said, nothing is damaged, and it resumes alone. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterEach, expect, inject, test, type TestContext, vi } from 'vitest'
import type { Notice } from '#control-plane/events/contract.ts'
import type { Source } from '#control-plane/sources/contract.ts'
import { prepareNats } from '../../deploy/nats.ts'
import { preparePostgres } from '../../deploy/postgres.ts'
import {
  type ControlPlane,
  freshDatabase,
  freshDatabaseOn,
  type Installation,
  ownNats,
  startAgent,
  startControlPlane,
  Suite,
} from '../setup/stack.ts'
import { skipWithout } from '../setup/skip.ts'
import { startChild } from '../setup/stand.ts'

const PATIENCE = { timeout: 60_000, interval: 250 }
const INTERVAL_MS = 1_000
const TICK_GAP_MS_MAX = 2.5 * INTERVAL_MS

let suite: Suite
const fresh = (): Suite => (suite = new Suite())
afterEach(() => suite.end())

/** A small file system in the suite's folder, which goes with the suite. */
function smallDisk(context: TestContext, name: string, mib: number): string {
  const folder = join(suite.folder, name)
  mkdirSync(folder, { mode: 0o700 })
  const mounted = Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', `size=${mib}m,mode=700`, 'atalaya-test', folder])
  skipWithout(context, mounted.exitCode === 0, 'needs root, who may mount a small tmpfs')
  suite.atEnd(() => void Bun.spawnSync(['umount', '--lazy', folder]))
  return folder
}

/** Writes until nothing more fits. */
function fill(folder: string): void {
  for (const block of ['1M', '4k', '1'])
    Bun.spawnSync(
      ['dd', 'if=/dev/zero', `of=${join(folder, 'ballast')}`, `bs=${block}`, 'oflag=append', 'conv=notrunc'],
      {
        stderr: 'ignore',
      },
    )
}
const free = (folder: string) => rmSync(join(folder, 'ballast'))

const readiness = async ({ origin }: ControlPlane) => {
  const answer = await fetch(`${origin}/readyz`)
  const { checks } = (await answer.json()) as { checks: { database: { state: string; detail?: string } } }
  return { status: answer.status, ...checks.database }
}
const metric = async ({ origin }: ControlPlane, { apiKey }: Installation, line: RegExp): Promise<number> => {
  const answer = await fetch(`${origin}/metrics`, { headers: { authorization: `Bearer ${apiKey}` } })
  expect(answer.status).toBe(200)
  return Number(line.exec(await answer.text())?.[1] ?? 0)
}
const openNotices = async ({ api }: ControlPlane) =>
  ((await (await api('/notices?open=true')).json()) as { items: Notice[] }).items.map(({ code }) => code)

async function tickEachSecond({ api }: ControlPlane): Promise<void> {
  const { items } = (await (await api('/sources')).json()) as { items: Source[] }
  const body = JSON.stringify({ interval_ms: INTERVAL_MS })
  expect((await api(`/sources/${items[0]?.id}`, { method: 'PATCH', body })).status).toBe(200)
}

function beneath(installation: { superuserUrl: string; ownerUrl: string }): postgres.Sql {
  const url = Object.assign(new URL(installation.superuserUrl), { pathname: new URL(installation.ownerUrl).pathname })
  const sql = postgres(url.toString(), { max: 2, onnotice: () => {} })
  suite.atEnd(() => sql.end({ timeout: 1 }))
  return sql
}

/** What was collected since an instant arrived: newer facts are here, no sequence is missing, and no tick between is. */
async function expectAllArrived(sql: postgres.Sql, from_ms: number): Promise<void> {
  const since = Date.now()
  await vi.waitFor(async () => {
    expect(Number((await sql`select max(seen_at) as at from reading`)[0]?.at)).toBeGreaterThan(since)
    const [row] =
      await sql`select s.watermark, (select max(sequence) from batch where spool_id = s.id) as newest from spool s`
    expect(row?.watermark).toBe(row?.newest)
  }, PATIENCE)
  const found = await sql`select distinct seen_at from reading where seen_at >= ${new Date(from_ms)} order by seen_at`
  const at = [from_ms, ...found.map(({ seen_at }) => Number(seen_at))]
  expect(Math.max(...at.slice(1).map((instant, index) => instant - (at[index] ?? 0)))).toBeLessThan(TICK_GAP_MS_MAX)
  expect(await sql`select cause from lost_range`).toEqual([])
  expect(await sql`select reason from quarantine`).toEqual([])
  const batches = await sql`select sequence from batch order by sequence`
  expect(batches.map(({ sequence }) => sequence)).toEqual(batches.map((_, index) => index + 1))
}

/** Reads every row of every table: a page that was torn fails its checksum. */
async function expectWhole(sql: postgres.Sql): Promise<void> {
  const tables = await sql<{ name: string }[]>`
    select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`
  expect(tables.length).toBeGreaterThan(20)
  for (const { name } of tables) await sql.unsafe(`select count(t.*::text) from ${name} t`)
}

test('the disk of PostgreSQL is full: it is said with a remedy, what was acknowledged stays, the rest comes when there is space', async (context) => {
  fresh()
  const disk = smallDisk(context, 'postgres', 320)
  const server = await preparePostgres(disk, { durable: true })
  const database = await startChild(server.program, suite.folder, server.ready)
  suite.atEnd(() => database.stop())
  database.supervise()
  await server.createDatabase()
  const installation = await freshDatabaseOn(suite, server)
  const plane = await startControlPlane(suite, installation, (await ownNats(suite)).server)
  await startAgent(suite, plane)
  await tickEachSecond(plane)
  const sql = beneath(installation)
  await vi.waitFor(async () => expect(await sql`select 1 from batch limit 5`).toHaveLength(5), PATIENCE)
  const from_ms = Date.now()
  fill(disk)
  await vi.waitFor(async () => {
    expect(await metric(plane, installation, /^atalaya_database_disk_full (\d)/m)).toBe(1)
    expect(await readiness(plane)).toMatchObject({
      status: 503,
      state: 'full',
      detail: expect.stringContaining('free space'),
    })
  }, PATIENCE)
  const acknowledged = await sql`select spool_id, sequence, hash from batch order by sequence`
  free(disk)
  await expectAllArrived(sql, from_ms)
  const kept = await sql`select spool_id, sequence, hash from batch order by sequence limit ${acknowledged.length}`
  expect([...kept]).toEqual([...acknowledged])
  await expectWhole(sql)
  await vi.waitFor(async () => expect(await readiness(plane)).toMatchObject({ status: 200, state: 'ok' }), PATIENCE)
  expect(await metric(plane, installation, /^atalaya_database_disk_full (\d)/m)).toBe(0)
}, 240_000)

test("the disk of the agent's spool is full: its log says what to do, the agent shows as silent, and what it saw meanwhile comes", async (context) => {
  fresh()
  const { server } = await ownNats(suite)
  const installation = await freshDatabase(suite)
  const plane = await startControlPlane(suite, installation, server)
  const disk = smallDisk(context, 'agent', 2)
  const agent = await startAgent(suite, plane, disk)
  await tickEachSecond(plane)
  const sql = beneath(installation)
  await vi.waitFor(async () => expect(await sql`select 1 from batch limit 5`).toHaveLength(5), PATIENCE)
  const from_ms = Date.now()
  fill(disk)
  await vi.waitFor(async () => {
    expect(readFileSync(agent.child.logFile, 'utf8')).toContain('free its disk')
    expect(await openNotices(plane)).toEqual(['agent.silent'])
  }, PATIENCE)
  expect(agent.child.ended).toBeUndefined()
  free(disk)
  await expectAllArrived(sql, from_ms)
  await vi.waitFor(async () => expect(await openNotices(plane)).toEqual([]), PATIENCE)
}, 240_000)

test('the disk of the data folder is full, with the bus on it: reports go on, what waits for the stream is counted and goes out later', async (context) => {
  fresh()
  const disk = smallDisk(context, 'data', 8)
  const nats = await prepareNats(join(disk, 'nats'), inject('natsServer'))
  const child = await startChild(nats.program, suite.folder, nats.ready)
  suite.atEnd(() => child.stop())
  const installation = await freshDatabase(suite, mkdtempSync(join(disk, 'control-plane-')))
  const plane = await startControlPlane(suite, installation, nats)
  const agent = await startAgent(suite, plane)
  await tickEachSecond(plane)
  const sql = beneath(installation)
  await vi.waitFor(async () => expect(await sql`select 1 from batch limit 5`).toHaveLength(5), PATIENCE)
  const from_ms = Date.now()
  const healthy = async () => nats.program.healthy?.()
  expect(await healthy()).toBe(true)
  fill(disk)
  const failures = /^atalaya_task_failures_total\{task="publish_events"\} (\d+)/m
  await vi.waitFor(async () => {
    // each rename is an event that the stream must take
    await plane.api('/accounts', { method: 'POST', body: JSON.stringify({ name: 'x'.repeat(200) }) })
    expect(await metric(plane, installation, failures)).toBeGreaterThan(0)
  }, PATIENCE)
  await expectAllArrived(sql, from_ms)
  // while the disk is full, a new start would help nothing
  expect(await healthy()).toBe(true)
  free(disk)
  expect(await healthy()).toBe(false)
  const stuck = child.pid
  child.supervise()
  // nats-server 2.9 doesn't take up a stream again whose disk was full: who watches it starts it anew
  await vi.waitFor(() => expect(child.pid).not.toBe(stuck), PATIENCE)
  await vi.waitFor(async () => expect(await healthy()).toBe(true), PATIENCE)
  expect(existsSync(join(installation.data, 'api-key'))).toBe(true)
  expect(agent.child.ended).toBeUndefined()
  await vi.waitFor(async () => {
    const [row] = await sql`select count(*) filter (where number is null) as waiting from event`
    expect(Number(row?.waiting)).toBe(0)
    expect(
      await metric(plane, installation, /^atalaya_task_last_success_timestamp_seconds\{task="publish_events"\} (\d+)/m),
    ).toBeGreaterThan(0)
  }, PATIENCE)
  await expectAllArrived(sql, from_ms)
}, 240_000)
