/** Samples of a real machine → facts in their epochs. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { METRICS, Readings } from '../contract.ts'
import { type Sample, firstStays, held, readings } from './readings.ts'

const fixture = (name: string) => readFileSync(new URL(`./fixtures/microvm/${name}`, import.meta.url), 'utf8')

const sample = (): Sample => ({
  stat: fixture('stat'),
  meminfo: fixture('meminfo'),
  loadavg: fixture('loadavg'),
  uptime: fixture('uptime'),
  diskstats: fixture('diskstats'),
  net_dev: fixture('net_dev'),
  pressure: { cpu: fixture('pressure_cpu'), io: fixture('pressure_io'), memory: fixture('pressure_memory') },
  processes: 84,
  spaces: [['/', { block_bytes: 4096n, blocks: 100n, blocks_available: 40n, inodes: 50n, inodes_free: 20n }]],
  physical_disks: new Map([['vda', '9']]),
  physical_nics: new Map([['eth0', '2']]),
})
const NOW = 1_795_311_000_000
const first = { boot_id: 'boot', stays: { vda: '9', eth0: '2' } }
const identity = { machine_id: 'a'.repeat(32), boot_id: 'boot', origin_ms: 1_795_310_474_000 }

test('every metric that is reported stands in the contract with the right type, and each fact is valid', () => {
  const facts = readings(sample(), identity, NOW, first)
  expect(facts).toHaveLength(3)
  for (const one of facts) {
    const source = '019aa000-0000-7000-8000-000000000001'
    const fact = Readings.parse({ source, interval_ms: 10_000, ...one })
    for (const [type, series] of [
      ['counter', fact.counters],
      ['gauge', fact.gauges],
    ] as const)
      for (const key of Object.keys(series)) {
        const metric = METRICS[key.split('/')[0] ?? '']
        expect({ key, type: metric?.type, device: metric?.device !== undefined }).toEqual({
          key,
          type,
          device: key.includes('/'),
        })
      }
  }
})

test('hardware is metered, and what works on top of it is history only', () => {
  const [metered, busy, others] = readings(sample(), identity, NOW, first)
  if (metered?.type !== 'readings' || busy?.type !== 'readings' || others?.type !== 'readings') throw new Error('types')
  expect(metered.metered ?? true).toBe(true)
  expect(metered.counters).toMatchObject({
    'disk_read_bytes/vda': 3603562 * 512,
    'disk_write_bytes/vda': 2907584 * 512,
    'disk_read_operations/vda': 37514,
    'network_receive_bytes/eth0': 394953734,
    'network_transmit_packets/eth0': 5634,
    'cpu_time_ns/user': 78_110_000_000,
    'pressure_some_us/cpu': 15490093,
  })
  expect(metered.epoch).toEqual({ id: 'boot', origin_ms: identity.origin_ms })
  expect(busy.counters).toEqual({ 'disk_busy_ms/vda': 5824 })
  expect(busy.epoch?.wrap_bits).toBe(32)
  expect(others.metered).toBe(false)
  // ifb0, the loop devices and zram0 never moved
  expect(Object.keys(others.counters ?? {})).toEqual([
    'network_receive_bytes/lo',
    'network_receive_packets/lo',
    'network_transmit_bytes/lo',
    'network_transmit_packets/lo',
  ])
})

test('gauges are those of the machine', () => {
  const [system] = readings(sample(), identity, NOW, first)
  if (system?.type !== 'readings') throw new Error('type')
  expect(system.gauges).toMatchObject({
    memory_total_bytes: 24684084 * 1024,
    memory_available_bytes: 23821480 * 1024,
    swap_total_bytes: 0,
    'filesystem_size_bytes//': 409_600,
    'filesystem_available_bytes//': 163_840,
    'filesystem_inodes_free_count//': 20,
    'load_average/1m': 0.44,
    'processes_count/total': 84,
    'processes_count/running': 2,
    uptime_seconds: 1534,
  })
})

test('idle time that steps back is held, and everything else is as the kernel says', () => {
  const before = { 'cpu_time_ns/idle': 100, 'cpu_time_ns/iowait': '9007199254740993', 'cpu_time_ns/user': 50 }
  expect(
    held(before, { 'cpu_time_ns/idle': 90, 'cpu_time_ns/iowait': '9007199254740992', 'cpu_time_ns/user': 60 }),
  ).toEqual({
    'cpu_time_ns/idle': 100,
    'cpu_time_ns/iowait': '9007199254740993',
    'cpu_time_ns/user': 60,
  })
})

test('a card that was put back counts in an epoch of its own, without an origin, and nothing else is disturbed', () => {
  const replugged = { ...sample(), physical_nics: new Map([['eth0', '7']]) }
  const facts = readings(replugged, identity, NOW, first)
  const [system, busy, card] = facts
  if (system?.type !== 'readings' || busy?.type !== 'readings' || card?.type !== 'readings') throw new Error('types')
  expect(card.epoch).toEqual({ id: 'boot/eth0/7' })
  expect(card.metered ?? true).toBe(true)
  expect(card.counters).toHaveProperty('network_receive_bytes/eth0', 394953734)
  expect(system.counters).not.toHaveProperty('network_receive_bytes/eth0')
  expect(system.counters).toHaveProperty('disk_read_bytes/vda')
  expect(facts).toHaveLength(4)
})

test('the first stay of a device in a boot is kept, and a new boot starts anew', () => {
  const known = firstStays({ boot_id: '', stays: {} }, 'boot', sample())
  expect(known).toEqual(first)
  expect(firstStays(known, 'boot', sample())).toBe(known)
  const replugged = {
    ...sample(),
    physical_nics: new Map([
      ['eth0', '7'],
      ['eth1', '8'],
    ]),
  }
  expect(firstStays(known, 'boot', replugged).stays).toEqual({ vda: '9', eth0: '2', eth1: '8' })
  expect(firstStays(known, 'next', replugged)).toEqual({ boot_id: 'next', stays: { vda: '9', eth0: '7', eth1: '8' } })
})

test('a machine without pressure information, disks or network still has readings', () => {
  const bare = { ...sample(), pressure: {}, diskstats: '', net_dev: 'head\nhead\n' }
  const facts = readings(bare, identity, NOW, first)
  expect(facts).toHaveLength(1)
  expect(JSON.stringify(facts)).not.toContain('pressure')
})
