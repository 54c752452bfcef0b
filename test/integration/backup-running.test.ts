/** A backup of a running installation: what is restored from it answers the same, byte for byte, and the agents go on with it. */
import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Source } from '#control-plane/sources/contract.ts'
import {
  type ControlPlane,
  emptyDatabase,
  freshDatabase,
  type Installation,
  ownNats,
  startAgent,
  startControlPlane,
  Suite,
} from '../setup/stack.ts'
import { atalaya } from './backup-file.ts'

const WAIT = { timeout: 30_000, interval: 100 }
let suite: Suite
let installation: Installation
let nats: Awaited<ReturnType<typeof ownNats>>['server']
let plane: ControlPlane

const json = async <T>(from: ControlPlane, path: string): Promise<T> => (await (await from.api(path)).json()) as T
const post = (path: string, body: unknown, method = 'POST') => plane.api(path, { method, body: JSON.stringify(body) })

beforeAll(async () => {
  suite = new Suite()
  installation = await freshDatabase(suite)
  nats = (await ownNats(suite)).server
  plane = await startControlPlane(suite, installation, nats)
  await startAgent(suite, plane)
  const { items } = await json<{ items: Source[] }>(plane, '/sources')
  expect((await post(`/sources/${items[0]!.id}`, { interval_ms: 1_000 }, 'PATCH')).status).toBe(200)
  const price = { kind: 'host', meter: 'instance', model: 'flat', per: 'hour', unit: 'instance', amount: '3600' }
  expect((await post('/prices', price)).status).toBe(201)
}, 90_000)
afterAll(() => suite.end())

/** An invoice for the machine that runs this test. */
async function invoiced(): Promise<string> {
  const { items } = await json<{ items: { id: string }[] }>(plane, '/accounts')
  return await vi.waitFor(async () => {
    const answer = await post('/invoices', { account_id: items[0]!.id })
    expect(answer.status).toBe(201)
    return ((await answer.json()) as { id: string }).id
  }, WAIT)
}

/** All that the API says of what was issued. */
const issued = async (from: ControlPlane, id: string): Promise<string[]> =>
  Promise.all(
    ['/invoices', `/invoices/${id}`, `/invoices/${id}/pdf?language=en`, `/invoices/${id}/pdf?language=es`].map(
      async (path) => {
        const answer = await from.api(path)
        expect(answer.status, path).toBe(200)
        return Buffer.from(await answer.arrayBuffer()).toString('base64')
      },
    ),
  )

/** Writes until told to stop, each time a row and its event in one transaction; returns how often. */
function writing(): () => Promise<number> {
  const [stopped, answers] = [new AbortController(), [] as number[]]
  const loops = [1, 2, 3].map(async () => {
    while (!stopped.signal.aborted) answers.push((await post('/enrolments', {})).status)
  })
  return async () => {
    stopped.abort()
    await Promise.all(loops)
    expect(new Set(answers)).toEqual(new Set([201]))
    return answers.length
  }
}

async function counted(ownerUrl: string): Promise<{ enrolments: number; events: number; batches: number }> {
  const sql = postgres(ownerUrl, { max: 1, onnotice: () => {} })
  try {
    const [row] = await sql`select (select count(*)::int from enrolment) as enrolments,
      (select count(*)::int from event where type = 'enrolment.created') as events, (select count(*)::int from batch) as batches`
    return row as { enrolments: number; events: number; batches: number }
  } finally {
    await sql.end({ timeout: 1 })
  }
}

test('under load it is of one moment, comes back with the same documents and keys, and its agents report on', async () => {
  const invoice = await invoiced()
  const said = await issued(plane, invoice)
  const file = join(suite.folder, 'running.backup')
  const stop = writing()
  const before = await counted(installation.ownerUrl)
  const backedUp = await atalaya(['backup', file], installation).ended
  expect(await stop()).toBeGreaterThan(10)
  expect(backedUp.code, backedUp.stderr).toBe(0)
  await plane.child.stop()

  const { ownerUrl, superuserUrl } = await emptyDatabase(suite)
  const data = mkdtempSync(join(suite.folder, 'restored-'))
  const back = await atalaya(['restore', file], { ownerUrl, data }).ended
  expect(back.code, back.stderr).toBe(0)
  const hashes = (text: string) => text.split('\n').filter((line) => line.includes(' hash '))
  expect(hashes(back.stdout)).toEqual(hashes(backedUp.stdout))
  const restored = await counted(ownerUrl)
  expect(restored.enrolments).toBe(restored.events)
  expect(restored.enrolments).toBeGreaterThan(before.enrolments)
  expect(restored.enrolments).toBeLessThan((await counted(installation.ownerUrl)).enrolments)

  const apiKey = readFileSync(join(data, 'api-key'), 'utf8').trim()
  const other = await startControlPlane(suite, { ...installation, ownerUrl, superuserUrl, data, apiKey }, nats)
  expect(await issued(other, invoice)).toEqual(said)
  await vi.waitFor(async () => expect((await counted(ownerUrl)).batches).toBeGreaterThan(restored.batches + 1), WAIT)
  expect((await atalaya(['verify'], { ownerUrl, data }).ended).stdout).toContain('; 0 findings')
}, 120_000)
