/** Recorded answers → observations. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ConnectorError, Observation } from '#connectors/contract.ts'
import { gameServer, host, site, threadsOf } from './map.ts'
import { readPage, type Row } from './page.ts'

const recorded = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), 'utf8'))
const rows = (name: string): Row[] => readPage(recorded(name), name).rows
const first = (changes: Record<string, unknown> = {}): Row => {
  const [row] = rows('servers')
  return { id: row!.id, attributes: { ...(row!.attributes as object), ...changes } }
}
const limits = (changes: Record<string, unknown>) => {
  const { limits: all } = first().attributes as { limits: object }
  return first({ limits: { ...all, ...changes } })
}

test('a server is told with its limits, its node and the numbers of its owner, and with nothing personal of him', () => {
  const server = Observation.parse(gameServer(first()))
  expect(server).toMatchObject({
    kind: 'game_server',
    external_id: '5',
    incarnation: '1a7ce997-259b-452e-8b4e-cecc464142ca',
    state: 'running',
    host: '1',
    size: { vcpu_count: 3, memory_bytes: 8_589_934_592, disk_bytes: 42_949_672_960 },
    attributes: {
      external_id: 'svc-3107',
      created_at: '2026-03-01T06:30:00.000Z',
      cpu_percent: 250,
      swap_bytes: 'unlimited',
      user_id: '12',
      user_external_id: 'client-88',
      address: '192.0.2.7:25565',
      addresses: ['192.0.2.7:25565', '192.0.2.7:25566'],
    },
  })
  expect(JSON.stringify(server)).not.toMatch(/somebody|Body/)
})

test('0 is no limit of memory, disk and processor, and says no size; of swap it is none', () => {
  const server = Observation.parse(gameServer(rows('servers')[1]!))
  expect(server.state).toBe('stopped')
  expect(server.size).toEqual({ vcpu_count: 3 })
  expect(server.attributes).toMatchObject({ swap_bytes: 0, threads: '0-1,3' })
  expect(server.attributes).not.toHaveProperty('databases_max')
  expect(gameServer(limits({ memory: null, disk: -1, cpu: null })).size).toEqual({})
})

test('limits that the database gave as text are numbers', () => {
  expect(gameServer(limits({ memory: '1024', disk: '0', cpu: '100' })).size).toEqual({
    vcpu_count: 1,
    memory_bytes: 2 ** 30,
  })
})

test.each([
  [100, null, 1],
  [101, null, 2],
  [50, '', 1],
  [0, '4', 1],
  [400, '0,2-3', 3],
  [100, '0-7', 1],
  [0, null, undefined],
  [200, 'x', 2],
])('%s percent pinned to %s may be on %s threads at once', (percent, pinned, count) => {
  expect(threadsOf(percent, pinned)).toBe(count)
})

test.each([
  ['suspended', false, 'stopped'],
  ['installing', false, 'stopped'],
  ['restoring_backup', false, 'stopped'],
  ['install_failed', false, 'failed'],
  ['reinstall_failed', false, 'failed'],
  ['something new', false, 'unknown'],
  [null, true, 'stopped'],
  [undefined, false, 'running'],
  // Pelican's
  ['none', false, 'running'],
  ['running', false, 'running'],
  ['stopping', false, 'running'],
  ['offline', false, 'stopped'],
  ['exited', false, 'stopped'],
  ['paused', false, 'paused'],
  ['dead', false, 'failed'],
  ['missing', false, 'unknown'],
  ['offline', true, 'stopped'],
])('status %s, suspended %s is %s', (status, suspended, state) => {
  expect(gameServer(first({ status, suspended })).state).toBe(state)
})

test('what a container does comes and goes, and is told by the state alone', () => {
  for (const status of ['starting', 'running', 'offline', 'missing', 'none'])
    expect(gameServer(first({ status })).attributes).not.toHaveProperty('status')
  expect(gameServer(first({ status: 'suspended' })).attributes).toMatchObject({ status: 'suspended' })
})

test('a panel that knows no status yet says by `installed` that a server is not there yet', () => {
  expect(gameServer(first({ status: undefined, container: { installed: false } })).state).toBe('stopped')
})

test('a node has the size that servers may have of it, and stands in its location', () => {
  const [node] = rows('nodes').map((row) => Observation.parse(host(row)))
  expect(node).toMatchObject({
    kind: 'host',
    external_id: '1',
    incarnation: '1046d1d1-b8ef-4771-82b1-2b5946d33397',
    parent: { kind: 'site', external_id: '1' },
    size: { memory_bytes: 68_719_476_736 },
    attributes: { maintenance: false, disk_overallocate_percent: -1 },
  })
  // what grows with each server would make a version of the node
  expect(JSON.stringify(node)).not.toContain('13312')
  expect(rows('locations').map((row) => Observation.parse(site(row)).name)).toEqual(['fra', 'mad'])
})

test('an owner who may not be seen is an error: his servers would lose their label', () => {
  const hidden = first({ relationships: { user: { object: 'null_resource', attributes: null } } })
  expect(() => gameServer(hidden)).toThrow('may not read users')
  expect(gameServer(first({ relationships: [] })).attributes).toMatchObject({ user_id: '12' })
})

test('an answer that is not as documented is an error, not a guess', () => {
  for (const answer of [null, [], {}, { object: 'list', data: [] }, { ...(recorded('servers') as object), meta: {} }])
    expect(() => readPage(answer, 'servers')).toThrow(ConnectorError)
  for (const changes of [{ limits: undefined }, { node: null }, { uuid: '' }, { name: 7 }, { user: '12x' }])
    expect(() => gameServer(first(changes))).toThrow(ConnectorError)
  expect(() => gameServer(limits({ memory: 'much' }))).toThrow('not as documented at limits.memory')
})
