/** What stands where, level by level, and what is found by a name, an address, a MAC, a serial or an id. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ObservationInput } from '#connectors/contract.ts'
import { iso } from '#control-plane/base/time.ts'
import { rows } from '#control-plane/db/index.ts'
import { Suite } from '../setup/stack.ts'
import { enrolledAgent, host, vm } from './agent.ts'
import { apiOf, type Call } from './http.ts'
import { resourceId, settled } from './ledger.ts'
import { type Prepared, prepared } from './prepared.ts'

const START = Date.parse('2026-11-10T08:00:00.000Z')
let suite: Suite
let world: Prepared
let call: Call

const part = (kind: ObservationInput['kind'], external_id: string, over: Partial<ObservationInput> = {}) => ({
  kind,
  external_id,
  name: external_id,
  state: 'running' as const,
  ...over,
})

beforeAll(async () => {
  suite = new Suite()
  world = await prepared(suite, iso(START))
  call = await apiOf(suite, world)
  const agent = await enrolledAgent(world, 'dc', null)
  const cluster = { kind: 'cluster' as const, external_id: 'c1' }
  await agent.send([
    agent.listing(START, 'all', [
      part('cluster', 'c1'),
      { ...host('h1'), parent: cluster },
      { ...host('h2'), parent: cluster, state: 'stopped' },
      vm('m1', { host: 'h1', evidence: { macs: ['52:54:00:ab:cd:ef'], ips: ['10.20.30.40'], serials: ['SN-4711'] } }),
      vm('m2', { host: 'h1', state: 'stopped', parent: cluster }),
      // a guest's disk names its host, too: it stands under the guest
      part('disk', 'm1/scsi0', { host: 'h1', parent: { kind: 'vm', external_id: 'm1' } }),
      part('network', 'vmbr0', { host: 'h1' }),
      part('network', 'everywhere'),
      // what it says that it is a part of was never seen
      part('bucket', 'lost', { parent: { kind: 's3_user', external_id: 'nobody' } }),
    ]),
  ])
  const other = await enrolledAgent(world, 'elsewhere', null)
  await other.send([other.listing(START, 'h1', [host('h1'), vm('m9', { host: 'h1' })])])
  await settled(world)
}, 120_000)
afterAll(() => suite.end())

type Node = { id: string; name: string; total: number; running: number; stopped: number }
const nodes = async (query: string) => (await call('GET', `/topology/nodes?${query}`)).body['items'] as Node[]
const brief = (list: Node[]) => list.map(({ name, total, running, stopped }) => [name, total, running, stopped])
const under = async (external_id: string) => brief(await nodes(`under=${await resourceId(world, external_id)}`))

test('each thing stands once, under the nearest that it is on or a part of, with what stands under it', async () => {
  const { items } = (await call('GET', '/topology')).body
  expect(
    items.map((row: { realm: string; total: number; running: number }) => [row.realm, row.total, row.running]),
  ).toEqual([
    ['dc', 9, 7],
    ['elsewhere', 2, 2],
  ])
  expect(brief(await nodes('realm=dc'))).toEqual([
    ['lost', 0, 0, 0],
    ['c1', 2, 1, 1],
    ['everywhere', 0, 0, 0],
  ])
  expect(await under('c1')).toEqual([
    ['h1', 3, 2, 1],
    ['h2', 0, 0, 0],
  ])
  const [h1] = await nodes(`under=${await resourceId(world, 'c1')}`)
  expect(brief(await nodes(`under=${h1!.id}`))).toEqual([
    ['vmbr0', 0, 0, 0],
    ['m1', 1, 1, 0],
    ['m2', 0, 0, 0],
  ])
  expect(await under('m1')).toEqual([['m1/scsi0', 0, 0, 0]])
  const pages: string[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const answer = await call('GET', `/topology/nodes?under=${h1!.id}&limit=1${cursor && `&cursor=${cursor}`}`)
    pages.push(...answer.body['items'].map(({ name }: Node) => name))
    cursor = answer.body['next_cursor'] as string | null
  }
  expect(pages).toEqual(['vmbr0', 'm1', 'm2'])
})

test('the way down to a thing names all above it', async () => {
  const id = await resourceId(world, 'm1/scsi0')
  const { realm, ids } = (await call('GET', `/topology/nodes/${id}/way`)).body
  const [c1, m1] = [await resourceId(world, 'c1'), await resourceId(world, 'm1')]
  expect([realm, ids[0], ids[2], ids[3], ids.length]).toEqual(['dc', c1, m1, id, 4])
})

test('a machine is found by a part of its name, address or serial, by its MAC however written, and by the beginning of its id', async () => {
  const id = await resourceId(world, 'm1')
  const found = async (q: string) =>
    ((await call('GET', `/resources?q=${encodeURIComponent(q)}`)).body['items'] as { id: string }[]).map(
      (one) => one.id,
    )
  for (const q of [
    '10.20.30',
    '52-54-00-AB-CD-EF',
    '5254.00ab.cdef',
    '52:54:00',
    'sn-4711',
    id,
    id.slice(0, 23),
    id.replaceAll('-', ''),
  ])
    expect([q, await found(q)]).toEqual([q, [id]])
  expect(await found('10.20.31')).toEqual([])
  expect(await found('%')).toEqual([])
})

test('what is searched for has an index: a text, and the beginning of an id beside it', async () => {
  const plan = await world.db.transaction(async (tx) => {
    // of so few rows it would rather read them all
    await tx.execute(sql`set local enable_seqscan = off`)
    return await rows<{ 'QUERY PLAN': string }>(
      tx,
      sql`explain select id from resource where search like '%52:54:00:ab:cd:ef%'
            or id between '0198c5d0-0000-0000-0000-000000000000'::uuid and '0198c5d0-ffff-ffff-ffff-ffffffffffff'::uuid`,
    )
  })
  const text = plan.map((row) => row['QUERY PLAN']).join('\n')
  expect(text).toContain('resource_search_index')
  expect(text).not.toContain('Seq Scan')
})
