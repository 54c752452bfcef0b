/** One serial over machines and stock, by what sources see and people say; and machines in racks beside what their BMCs say. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ObservationInput } from '#connectors/contract.ts'
import { NewApiKey } from '#control-plane/accounts/contract.ts'
import { createKey } from '#control-plane/accounts/index.ts'
import { newId } from '#control-plane/base/id.ts'
import { iso } from '#control-plane/base/time.ts'
import { databaseError } from '#control-plane/db/index.ts'
import type { Part, PartHistory, RackDetail, RackMount } from '#control-plane/hardware/contract.ts'
import { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, host } from './agent.ts'
import { apiOf, type Call } from './http.ts'
import { resourceId, settled } from './ledger.ts'
import { type Prepared, prepared } from './prepared.ts'

const START = Date.parse('2026-11-10T08:00:00.000Z')
const at = (seconds: number) => iso(START + seconds * 1_000)
let suite: Suite
let world: Prepared
let call: Call
let [a, b] = [] as unknown as [Agent, Agent]

/** A disk as a BMC tells it: its serial within its type. */
const disk = (serial: string, machine: string, slot = 'Bay 1'): ObservationInput => ({
  kind: 'component',
  external_id: `disk/${serial}`,
  name: 'Disk',
  state: 'running',
  host: machine,
  parent: { kind: 'host', external_id: machine },
  attributes: { type: 'disk', slot, serial, model: 'PM883', manufacturer: 'Samsung', health: 'ok' },
})
/** One of which only the slot is known: its serial is the factory's, and no part is told by it. */
const nameless = (machine: string): ObservationInput => ({
  ...disk('00000000', machine, 'Bay 9'),
  external_id: `${machine}/disk/Bay 9`,
})
const inB = { attributes: { location: { site: 'MAD1', row: '2', rack: 'a-07', unit: 30 } } }

async function see(agent: Agent, machine: string, seconds: number, disks: string[], over = {}): Promise<void> {
  const list = [{ ...host(machine), ...over }, nameless(machine), ...disks.map((serial) => disk(serial, machine))]
  world.clock.now = Math.max(world.clock.now, START + seconds * 1_000)
  await agent.send([agent.listing(START + seconds * 1_000, machine, list)])
  await settled(world)
}
const said = (state: string, parts: object[], seconds?: number) =>
  call('POST', '/hardware/entries', { state, parts, ...(seconds !== undefined && { at: at(seconds) }) })
const historyOf = async (serial: string, type = 'disk') =>
  (await call('GET', `/hardware/parts/${type}/${encodeURIComponent(serial)}`)).body as PartHistory
const brief = ({ steps }: PartHistory) =>
  steps.map(({ from, to, state, machine, slot, site, place, conflict }) =>
    [
      (Date.parse(from) - START) / 1_000,
      to === null ? '' : (Date.parse(to) - START) / 1_000,
      ...(machine ? [machine.name, slot] : [state, site, place]),
      conflict,
    ]
      .filter((one) => one !== null && one !== '')
      .join(' '),
  )
const list = async (query = '') =>
  (await call('GET', `/hardware/parts${query}`)).body as { items: Part[]; next_cursor: string | null; total: number }

beforeAll(async () => {
  suite = new Suite()
  world = await prepared(suite, iso(START))
  call = await apiOf(suite, world)
  a = await enrolledAgent(world, 'bmc-a', null)
  b = await enrolledAgent(world, 'bmc-b', null)
  await see(a, 'machine-a', 0, ['S1', 'S2'])
  await see(b, 'machine-b', 0, [], inB)
  await see(a, 'machine-a', 10, ['S1', 'S2'])
}, 120_000)
afterAll(() => suite.end())

test('a disk goes from a machine through stock into another, and a late fact moves the instant at which it left', async () => {
  await see(a, 'machine-a', 20, ['S2'])
  expect(brief(await historyOf('S1'))).toEqual(['0 20 machine-a Bay 1', '20 missing'])
  world.clock.now = START + 25_000
  const put = await said('in_stock', [{ type: 'Disk', serial: ' S1 ', site: 'MAD1', place: 'Shelf 3' }])
  expect([put.status, put.body['items'][0].type, put.body['items'][0].serial]).toEqual([201, 'disk', 'S1'])
  await see(b, 'machine-b', 28, [], inB)
  await see(b, 'machine-b', 40, ['S1'], inB)
  await see(a, 'machine-a', 40, ['S2'])
  const before = ['0 20 machine-a Bay 1', '20 25 missing', '25 40 in_stock MAD1 Shelf 3']
  // of a machine that somebody is yet to put into a rack, the place is what its BMC says
  expect(brief(await historyOf('S1'))).toEqual([...before, '40 machine-b Bay 1'])
  await see(a, 'machine-a', 15, ['S2'])
  const [first, second, ...rest] = brief(await historyOf('S1'))
  expect([first, second]).toEqual(['0 15 machine-a Bay 1', '15 25 missing'])
  expect(rest).toEqual(['25 40 in_stock MAD1 Shelf 3', '40 machine-b Bay 1'])
  expect((await historyOf('S1')).part).toMatchObject({
    state: 'installed',
    model: 'PM883',
    health: 'ok',
    machine: { id: await resourceId(world, 'machine-b') },
    since: at(40),
    silent_since: null,
    site: 'MAD1',
    place: '2 a-07 U30',
  })
})

test('an entry that is taken back says nothing more', async () => {
  const { entries } = await historyOf('S1')
  expect(entries).toHaveLength(1)
  expect((await call('DELETE', `/hardware/entries/${entries[0]!.id}`)).status).toBe(204)
  expect((await call('DELETE', `/hardware/entries/${entries[0]!.id}`)).status).toBe(204)
  expect(brief(await historyOf('S1'))).toEqual(['0 15 machine-a Bay 1', '15 40 missing', '40 machine-b Bay 1'])
  expect((await call('DELETE', `/hardware/entries/${newId()}`)).status).toBe(404)
  await said('in_stock', [{ type: 'disk', serial: 'S1', site: 'MAD1', place: 'Shelf 3' }], 25)
})

test('a source that sees what was retired contradicts it, and one that falls silent makes nothing missing', async () => {
  await said('retired', [{ type: 'disk', serial: 'S2' }], 40)
  expect(brief(await historyOf('S2'))).toEqual(['0 40 machine-a Bay 1', '40 machine-a Bay 1 said_retired'])
  expect((await list('?q=s2')).items[0]).toMatchObject({ state: 'installed', conflict: 'said_retired', since: at(0) })
  world.clock.now = START + 600_000
  expect((await historyOf('S1')).part).toMatchObject({ state: 'installed', silent_since: at(40) })
  // in the silence a person is believed, until the source speaks again
  await said('in_stock', [{ type: 'disk', serial: 'S1', site: 'BCN', place: 'Box' }], 500)
  expect((await historyOf('S1')).part).toMatchObject({ state: 'in_stock', site: 'BCN', machine: null })
  await see(b, 'machine-b', 601, ['S1'], inB)
  expect(brief(await historyOf('S1')).slice(-3)).toEqual([
    '40 500 machine-b Bay 1',
    '500 601 in_stock BCN Box',
    '601 machine-b Bay 1',
  ])
})

test('a part that no source ever saw lies where somebody says', async () => {
  const made = await said('in_stock', [
    { type: 'psu', serial: 'P/1 #2', model: '=PWS-920P', manufacturer: 'Supermicro', site: 'BCN', place: 'Box 2' },
  ])
  expect(made.status).toBe(201)
  expect((await historyOf('P/1 #2', 'psu')).part).toMatchObject({
    type: 'psu',
    serial: 'P/1 #2',
    model: '=PWS-920P',
    state: 'in_stock',
    resource_id: null,
  })
  expect((await call('GET', '/hardware/parts/psu/nobody-has-it')).status).toBe(404)
  const csv = (await call('GET', '/hardware/parts.csv?type=psu')).text.split('\r\n')
  expect(csv[1]).toContain("psu,P/1 #2,'=PWS-920P,Supermicro,in_stock,,,BCN,Box 2")
})

test('of several lines all are recorded or none, and each wrong one is told', async () => {
  const { total } = await list()
  const refused = await said('in_stock', [
    { type: 'dimm', serial: 'D1', site: 'BCN' },
    { type: 'DIMM', serial: 'D1', site: 'BCN' },
    { type: 'dimm', serial: 'D2' },
  ])
  expect([refused.status, refused.body['errors'].map((one: { pointer: string }) => one.pointer)]).toEqual([
    422,
    ['/parts/1/serial', '/parts/2/site'],
  ])
  expect((await said('in_stock', [{ type: 'a/b', serial: 'x', site: 'y' }])).status).toBe(422)
  expect((await said('retired', [{ type: 'dimm', serial: 'D1' }], 999_999)).status).toBe(422)
  expect((await list()).total).toBe(total)
})

test('each part stands in the list once, page by page, under the state that its history has', async () => {
  await said('retired', [{ type: 'dimm', serial: 'D9' }])
  await see(a, 'machine-a', 602, ['S2', 'S3'])
  await see(a, 'machine-a', 612, ['S2'])
  const { items, total } = await list('?sort=state')
  expect(items.map(({ serial, state }) => [serial, state])).toEqual([
    ['P/1 #2', 'in_stock'],
    ['S1', 'installed'],
    ['S2', 'installed'],
    ['S3', 'missing'],
    ['D9', 'retired'],
  ])
  expect(total).toBe(5)
  const pages: string[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Awaited<ReturnType<typeof list>> = await list(
      `?sort=type&order=desc&limit=2${cursor && `&cursor=${cursor}`}`,
    )
    pages.push(...page.items.map(({ serial }) => serial))
    cursor = page.next_cursor
  }
  expect(pages).toEqual(['P/1 #2', 'S3', 'S2', 'S1', 'D9'])
  for (const part of items) expect((await historyOf(part.serial, part.type)).part).toEqual(part)
  const found = async (query: string) => (await list(query)).items.map(({ serial }) => serial)
  expect(await found('?state=missing,retired')).toEqual(['D9', 'S3'])
  expect(await found('?q=machine-B')).toEqual(['S1'])
  expect(await found('?q=pm883&type=disk')).toEqual(['S1', 'S2', 'S3'])
  expect(await found('?site=MAD1')).toEqual(['S1'])
  expect(await found('?q=%25')).toEqual([])
})

test('two machines never stand on one unit, one never in two places, and a BMC that says another place is told', async () => {
  const [ma, mb] = [await resourceId(world, 'machine-a'), await resourceId(world, 'machine-b')]
  const rack = async (name: string) =>
    (await call('POST', '/hardware/racks', { site: 'MAD1', name, unit_count: 42 })).body['id'] as string
  const [first, second] = [await rack('A-07'), await rack('A-08')]
  expect((await call('POST', '/hardware/racks', { site: 'MAD1', name: 'A-07' })).status).toBe(409)
  const get = async (id: string) => (await call('GET', `/hardware/racks/${id}`)).body as RackDetail
  expect((await get(first)).told.map(({ machine, told }) => [machine.name, told.unit])).toEqual([['machine-b', 30]])

  const mount = (rack_id: string, resource_id: string, unit: number, height_units = 1) =>
    call('POST', '/hardware/mounts', { rack_id, resource_id, unit, height_units })
  const stands = await mount(first, ma, 10, 2)
  expect([stands.status, stands.body['differs'], stands.body['told']]).toEqual([201, false, null])
  const pointer = ({ status, body }: Awaited<ReturnType<Call>>) => [status, body['errors'][0].pointer]
  expect(pointer(await mount(first, mb, 11))).toEqual([409, '/unit'])
  expect(pointer(await mount(first, mb, 42, 2))).toEqual([422, '/unit'])
  expect(pointer(await mount(second, ma, 1))).toEqual([409, '/resource_id'])
  expect(pointer(await mount(second, await resourceId(world, 'disk/S2'), 1))).toEqual([422, '/resource_id'])
  expect((await mount(first, mb, 29, 2)).body).toMatchObject({ told: { rack: 'a-07' }, differs: false })
  const [upper] = (await get(first)).mounts
  expect([(await get(first)).told, upper?.machine.name]).toEqual([[], 'machine-b'])
  expect((await list('?q=S1')).items[0]).toMatchObject({ site: 'MAD1', place: 'A-07 U29–U30' })

  // the database itself refuses what two requests at once could do
  const row = sql`(${newId()}, ${first}, ${mb}, 10, 1, now() + interval '1 day', 'x', now())`
  const columns = sql`(id, rack_id, resource_id, unit, height_units, mounted_at, actor, recorded_at)`
  const twice = world.db.execute(sql`insert into rack_mount ${columns} values ${row}`)
  expect(databaseError(await twice.catch((error: unknown) => error))?.constraint).toMatch(/^rack_mount_one_/)

  world.clock.now += 1_000
  expect((await call('DELETE', `/hardware/mounts/${upper!.id}`)).status).toBe(204)
  expect((await mount(second, mb, 30)).body).toMatchObject({ differs: true })
  const racks = (await call('GET', '/hardware/racks')).body['items']
  expect(racks).toMatchObject([
    { name: 'A-07', units_taken: 2, machines: 1, differences: 0 },
    { name: 'A-08', units_taken: 1, machines: 1, differences: 1 },
  ])
  const where = (await call('GET', `/hardware/mounts?resource_id=${mb}`)).body['items'] as RackMount[]
  expect(where.map((one) => [one.rack.name, one.unit, one.to === null])).toEqual([
    ['A-08', 30, true],
    ['A-07', 29, false],
  ])
  expect(pointer(await call('PATCH', `/hardware/racks/${second}`, { unit_count: 29 }))).toEqual([409, '/unit_count'])
  expect((await call('PATCH', `/hardware/racks/${second}`, { name: 'a-07', site: 'MAD1' })).status).toBe(200)
  // said in error from its first instant on, it never stood there
  const [now] = where
  expect((await call('DELETE', `/hardware/mounts/${now!.id}?at=${now!.from}`)).status).toBe(204)
  expect((await call('GET', `/hardware/mounts?resource_id=${mb}`)).body['items']).toHaveLength(1)
})

test('parts and racks are no tenant’s, and a reader changes none', async () => {
  const keyOf = async (role: 'tenant_owner' | 'read_only', account_id?: string) => {
    const wanted = NewApiKey.parse({ name: role, role, ...(account_id && { account_id }) })
    return { authorization: `Bearer ${(await world.run((ctx) => createKey(ctx, wanted))).token}` }
  }
  const tenant = await keyOf('tenant_owner', world.account_id)
  const reader = await keyOf('read_only')
  const entry = { state: 'retired', parts: [{ type: 'disk', serial: 'S1' }] }
  for (const path of ['/hardware/parts', '/hardware/parts/disk/S1', '/hardware/racks', '/hardware/parts.csv']) {
    expect((await call('GET', path, undefined, tenant)).status).toBe(403)
    expect((await call('GET', path, undefined, reader)).status).toBe(200)
  }
  for (const who of [tenant, reader]) expect((await call('POST', '/hardware/entries', entry, who)).status).toBe(403)
})
