/** Recorded answers → observations. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ConnectorError, Observation } from '#connectors/contract.ts'
import { flavor, floatingIp, isGone, isSilent, namespace, vm, volume } from './map.ts'
import { type Row, rowsIn } from './rows.ts'
import { stateOf } from './states.ts'

const SHOP = '6f70656e737461636b20342065766572'
const GIB = 2 ** 30
const names = new Map([[SHOP, 'shop']])
const rows = (file: string, key = file): Row[] =>
  rowsIn(JSON.parse(readFileSync(new URL(`./fixtures/${file}.json`, import.meta.url), 'utf8')), key, 'Nova', (odd) => {
    throw odd
  })
const [web, shelved] = rows('servers') as [Row, Row]
const [older] = rows('servers-older', 'servers') as [Row]
const flavors = new Map(rows('flavors').map((row) => [row.id, flavor(row)]))
const seen = (row: Row) => Observation.parse(vm(row, names, flavors))

test('a server is told with the size of its own flavour, its project, its hypervisor and what it is known by', () => {
  expect(seen(web)).toMatchObject({
    kind: 'vm',
    external_id: '569f39f9-7c76-42a1-9c2d-8394e2638a6d',
    state: 'running',
    host: 'compute1.example',
    parent: { kind: 'namespace', external_id: SHOP },
    size: { vcpu_count: 2, memory_bytes: 2 * GIB, disk_bytes: 30 * GIB },
    evidence: {
      smbios_uuid: '569f39f9-7c76-42a1-9c2d-8394e2638a6d',
      macs: ['fa:16:3e:4e:51:0a'],
      ips: ['192.168.0.3', '203.0.113.9'],
    },
    attributes: {
      project_id: SHOP,
      project_name: 'shop',
      flavor: 'm1.small',
      created_at: '2026-01-10T15:49:08.000Z',
      metadata: { customer: 'acme' },
      tags: ['a', 'b'],
      volumes: ['cb49b381-9012-40cb-b8ee-80c19a4801b5'],
    },
  })
})

test('a server that is offloaded is on no hypervisor and holds no disk of its own', () => {
  const server = seen(shelved)
  expect(server).toMatchObject({ state: 'stopped', host: null, size: { vcpu_count: 2, disk_bytes: 0 } })
  expect(server.attributes).toMatchObject({ status: 'shelved_offloaded' })
})

test('a server that boots from a volume has no root disk of its flavour: its volume is counted', () => {
  expect(seen({ ...shelved, status: 'ACTIVE' }).size).toMatchObject({ disk_bytes: 0 })
  expect(seen({ ...web, image: '' }).size).toMatchObject({ disk_bytes: 10 * GIB })
})

test('a flavour whose root disk is as large as the image says no size of disk', () => {
  const own = { original_name: 'elastic', vcpus: 1, ram: 512, disk: 0, ephemeral: 0 }
  expect(seen({ ...web, flavor: own }).size).toEqual({ vcpu_count: 1, memory_bytes: GIB / 2 })
})

test('a flavour that is larger than the wire can say exactly is refused, the largest below it is not', () => {
  const of = (disk: number, ram: number) =>
    seen({ ...web, flavor: { original_name: 'huge', vcpus: 1, ram, disk, ephemeral: disk } })
  expect(of(2 ** 22 - 1, 2 ** 32 - 1).size).toEqual({
    vcpu_count: 1,
    memory_bytes: (2 ** 32 - 1) * 2 ** 20,
    disk_bytes: (2 ** 23 - 2) * GIB,
  })
  expect(() => of(2 ** 31 - 1, 512)).toThrow('is not as documented at flavor')
  expect(() => of(10, 2 ** 32)).toThrow('is not as documented at flavor')
})

test('a server of an older Nova has the size of the flavour that it names by its id', () => {
  const server = seen(older)
  expect(server.size).toEqual({ vcpu_count: 1, memory_bytes: GIB / 2, disk_bytes: GIB })
  expect(server.attributes).toMatchObject({ flavor: 'm1.tiny', flavor_id: '1' })
  expect(server).toMatchObject({ state: 'stopped', host: null })
  expect(() => vm(older, names, new Map())).toThrow('is not in the list of flavours')
})

test('who may not see hypervisors is told none, and the server of an unknown project keeps its number', () => {
  const { 'OS-EXT-SRV-ATTR:host': _host, 'OS-EXT-SRV-ATTR:hypervisor_hostname': _name, ...shown } = web
  const server = Observation.parse(vm(shown as Row, new Map(), flavors))
  expect(server.host).toBeNull()
  expect(server.attributes).toMatchObject({ project_id: SHOP })
  expect(server.attributes).not.toHaveProperty('project_name')
})

test('a live migration changes the host and nothing else', () => {
  const before = seen({ ...web, status: 'MIGRATING' })
  const after = seen({ ...web, 'OS-EXT-SRV-ATTR:hypervisor_hostname': 'compute2.example', hostId: 'other' })
  expect({ ...after, host: before.host }).toEqual(before)
  expect(after.host).toBe('compute2.example')
})

test.each([
  ['ACTIVE', 1, 'running'],
  ['REBOOT', 4, 'running'],
  ['BUILD', 0, 'stopped'],
  ['SHUTOFF', 4, 'stopped'],
  ['PAUSED', 3, 'paused'],
  ['SUSPENDED', 4, 'stopped'],
  ['SHELVED_OFFLOADED', 4, 'stopped'],
  ['SOFT_DELETED', 4, 'stopped'],
  ['ERROR', 0, 'failed'],
  ['RESIZE', 4, 'stopped'],
  ['VERIFY_RESIZE', 4, 'stopped'],
  ['VERIFY_RESIZE', 1, 'running'],
  ['MIGRATING', null, 'running'],
  ['UNKNOWN', null, 'unknown'],
  ['something new', 1, 'unknown'],
])('status %s with power state %s is %s', (status, power, state) => {
  expect(stateOf(status, power).state).toBe(state)
})

test('what passes makes no version: only statuses that last stand in the attributes', () => {
  for (const status of ['ACTIVE', 'REBOOT', 'MIGRATING', 'RESIZE', 'BUILD', 'SHUTOFF'])
    expect(stateOf(status, 1)).not.toHaveProperty('status')
})

test('a server of a cell that is down is there, and one that is deleted is not', () => {
  expect(isSilent({ id: 'a', status: 'UNKNOWN', tenant_id: SHOP })).toBe(true)
  expect(isSilent({ ...web, status: 'UNKNOWN' })).toBe(false)
  expect(isGone({ ...web, status: 'DELETED' })).toBe(true)
})

test('a volume has its size, its type and whom it is attached to; without a name it goes by its id', () => {
  const [row] = rows('volumes') as [Row]
  expect(Observation.parse(volume(row, names))).toMatchObject({
    kind: 'volume',
    name: 'cb49b381-9012-40cb-b8ee-80c19a4801b5',
    state: 'running',
    size: { disk_bytes: 10 * GIB },
    parent: { kind: 'namespace', external_id: SHOP },
    attributes: {
      project_name: 'shop',
      volume_type: 'ssd',
      bootable: false,
      created_at: '2026-01-10T15:55:15.288Z',
      attached_to: ['569f39f9-7c76-42a1-9c2d-8394e2638a6d'],
    },
  })
  expect(volume({ ...row, bootable: true, status: 'error_deleting' }, names)).toMatchObject({
    state: 'failed',
    attributes: { bootable: true },
  })
})

test('a floating IP address is one address, used or not', () => {
  const [used, free] = rows('floatingips').map((row) => Observation.parse(floatingIp(row, names)))
  expect(used).toMatchObject({
    kind: 'ip',
    name: '203.0.113.9',
    state: 'running',
    size: { ip_count: 1 },
    attributes: { project_id: SHOP, server_id: '569f39f9-7c76-42a1-9c2d-8394e2638a6d' },
  })
  expect(free).toMatchObject({ state: 'stopped', size: { ip_count: 1 } })
})

test('projects are namespaces; one that is disabled is stopped', () => {
  const [shop, former] = rows('projects').map((row) => Observation.parse(namespace(row)))
  expect(shop).toMatchObject({ kind: 'namespace', external_id: SHOP, name: 'shop', state: 'running' })
  expect(shop?.attributes).not.toHaveProperty('parent_id')
  expect(former).toMatchObject({ state: 'stopped', attributes: { parent_id: SHOP } })
})

test('a row without an id is told, and hides no other', () => {
  for (const odd of [null, { name: 'x' }, { id: 7 }]) {
    const told: ConnectorError[] = []
    expect(rowsIn({ servers: [{ id: 'a' }, odd, { id: 'b' }] }, 'servers', 'Nova', (one) => told.push(one))).toEqual([
      { id: 'a' },
      { id: 'b' },
    ])
    expect(told).toMatchObject([{ code: 'bad_answer' }])
  }
})

test('what nobody is billed by costs no row: it is left out where it is odd', () => {
  const odd = {
    created: 'yesterday',
    metadata: null,
    tags: null,
    addresses: { private: [{ addr: null, version: 4 }] },
    'OS-EXT-STS:power_state': '1',
    'OS-EXT-AZ:availability_zone': 7,
    'os-extended-volumes:volumes_attached': null,
  }
  const { size, state } = vm(web, names, flavors)
  const told = Observation.parse(vm({ ...web, ...odd }, names, flavors))
  expect(told).toMatchObject({ size, state, evidence: {} })
  expect(Object.keys(told.attributes)).not.toEqual(
    expect.arrayContaining(['created_at', 'metadata', 'tags', 'volumes']),
  )
  const [row] = rows('volumes') as [Row]
  expect(volume({ ...row, created_at: '2018', attachments: null, bootable: 1 }, names)).toMatchObject({
    size: volume(row, names).size,
  })
})

test('an answer that is not as documented is an error, not a guess', () => {
  for (const body of [{}, { servers: {} }])
    expect(() => rowsIn(body, 'servers', 'Nova', () => {})).toThrow(ConnectorError)
  for (const changes of [{ flavor: null }, { tenant_id: undefined }, { metadata: { owner: 7 } }, { status: 7 }])
    expect(() => vm({ ...web, ...changes }, names, flavors)).toThrow('is not as documented')
  const [row] = rows('volumes') as [Row]
  expect(() => volume({ ...row, size: '10' }, names)).toThrow('is not as documented at size')
})
