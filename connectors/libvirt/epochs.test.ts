import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { counters, type Counters, devices, gauges } from './counters.ts'
import { parseXml } from './document.ts'
import { parseDomstats, type Stats } from './domstats.ts'
import { advance, type Epoch, readings } from './epochs.ts'
import { parseDomain } from './map.ts'

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
const domain = parseDomain(parseXml(fixture('domain-running.xml'), 'domain'))
const stats: Stats = parseDomstats(fixture('domstats.txt')).get('b') ?? new Map()

const count = (values: Record<string, Record<string, bigint>>): Counters => new Map(Object.entries(values))
const now = count({ cpu: { cpu_time_ns: 5n }, 'disk/vda': { 'disk_read_bytes/vda': 10n } })
const sight = { host: 'h', domain_id: '3', at_ms: 5_000, devices: ['cpu', 'disk/vda'], counters: now }

test('disks are counted under their name and NICs under their MAC', () => {
  const found = counters(domain, stats)
  expect([...found.keys()]).toEqual(['cpu', 'disk/vda', 'nic/52:54:00:7c:89:b1'])
  expect(devices(domain)).toEqual([...found.keys()])
  expect(found.get('disk/vda')).toMatchObject({ 'disk_read_bytes/vda': BigInt(stats.get('block.0.rd.bytes') ?? -1) })
  expect(found.get('nic/52:54:00:7c:89:b1')).toHaveProperty('network_transmit_bytes/52:54:00:7c:89:b1')
  expect(gauges(stats)).toMatchObject({ memory_balloon_bytes: 134217728 })
})

test('an epoch goes on while the process lives, whatever the guest does', () => {
  const first = advance(undefined, { ...sight, started_ms: 4_000 })
  expect(first).toMatchObject({ id: 'h/3/4000', origin_ms: 4_000 })
  expect(advance(first, { ...sight, at_ms: 9_000, last: now })).toBe(first)
})

test('an agent that was away continues the epoch it remembers, and invents no origin for a process it never saw start', () => {
  const remembered: Epoch = structuredClone(advance(undefined, { ...sight, started_ms: 4_000 }))
  expect(advance(remembered, { ...sight, at_ms: 90_000 })).toBe(remembered)
  const restarted = advance(remembered, { ...sight, domain_id: '4', at_ms: 90_000 })
  expect(restarted.id).toBe('h/4/90000')
  expect(restarted.origin_ms).toBeUndefined()
})

test('a start that libvirt told of is a new epoch even under the same number', () => {
  const first = advance(undefined, { ...sight, started_ms: 4_000 })
  expect(advance(first, { ...sight, started_ms: 8_000 }).id).toBe('h/3/8000')
})

test('counters that fell under the same number mean a process that we missed', () => {
  const first = advance(undefined, { ...sight, started_ms: 4_000 })
  const less = count({ cpu: { cpu_time_ns: 4n }, 'disk/vda': { 'disk_read_bytes/vda': 10n } })
  const next = advance(first, { ...sight, at_ms: 9_000, counters: less, last: now })
  expect(next.id).toBe('h/3/9000')
  expect(next.origin_ms).toBeUndefined()
})

test('a disk plugged into a living process counts from zero at its own instant, and its process goes on', () => {
  const first = advance(undefined, { ...sight, started_ms: 4_000 })
  const both = count({ ...Object.fromEntries(now), 'disk/vdb': { 'disk_read_bytes/vdb': 3n } })
  const plugged = { ...sight, at_ms: 7_000, devices: ['cpu', 'disk/vda', 'disk/vdb'], counters: both }
  const next = advance(first, { ...plugged, added: new Map([['disk/vdb', 6_500]]) })
  expect(next.id).toBe(first.id)
  const [base, disk] = readings('u', 7_000, next, both, { memory_rss_bytes: 1 })
  expect(base?.counters).toEqual({ cpu_time_ns: 5, 'disk_read_bytes/vda': 10 })
  expect(disk?.counters).toEqual({ 'disk_read_bytes/vdb': 3 })
  expect(disk?.epoch?.origin_ms).toBe(6_500)
  expect(disk?.gauges).toBeUndefined()
  // pulled, and another one in its place
  const without = advance(next, { ...sight, at_ms: 8_000 })
  expect(without.plugged).toEqual({})
  const again = advance(without, { ...plugged, at_ms: 9_000 })
  expect(again.plugged['disk/vdb']?.id).not.toBe(next.plugged['disk/vdb']?.id)
  expect(again.plugged['disk/vdb']?.origin_ms).toBeUndefined()
})

test('a guest that is coming in counts its disks from the start of its process, though they show nothing yet', () => {
  const cpuOnly = count({ cpu: { cpu_time_ns: 5n } })
  const incoming = advance(undefined, { ...sight, counters: cpuOnly, started_ms: 4_000 })
  const arrived = advance(incoming, { ...sight, at_ms: 6_000, last: cpuOnly })
  expect(arrived).toBe(incoming)
  expect(readings('u', 6_000, arrived, now, {})[0]?.counters).toHaveProperty('disk_read_bytes/vda')
})

test('a reading is never older than the zero it counts from, and exact above 2⁵³', () => {
  const epoch = advance(undefined, { ...sight, started_ms: 4_000 })
  const big = count({ cpu: { cpu_time_ns: 2n ** 53n + 1n } })
  const [fact] = readings('u', 3_990, epoch, big, {})
  expect(fact?.seen_at_ms).toBe(4_000)
  expect(fact?.counters).toEqual({ cpu_time_ns: '9007199254740993' })
})
