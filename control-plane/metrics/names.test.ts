/** Published names: one name for a metric, in base units. */
import { expect, test } from 'vitest'
import { METRICS } from '#connectors/contract.ts'
import { parseKey, PUBLISHED, publish } from './names.ts'

test('times are published in seconds, and everything else as it was reported', () => {
  expect(publish('cpu_time_ns/user', 1_500_000_000n)).toEqual({ key: 'cpu_time_seconds/user', value: 1.5 })
  expect(publish('pressure_some_us/io', 2_000_000)).toEqual({ key: 'pressure_some_seconds/io', value: 2 })
  expect(publish('disk_busy_ms/vda', 250)).toEqual({ key: 'disk_busy_seconds/vda', value: 0.25 })
  expect(publish('cpu_time_ns', 1_000_000_000)).toEqual({ key: 'cpu_time_seconds', value: 1 })
  expect(publish('disk_read_bytes/vda', 4096n)).toEqual({ key: 'disk_read_bytes/vda', value: 4096 })
})

test('no published name ends like a part of a histogram', () => {
  expect(publish('processes_count/total', 7).key).toBe('processes/total')
  expect([...PUBLISHED.keys()].filter((name) => /_(count|sum|bucket|total)$/.test(name))).toEqual([])
})

test('two reported metrics never share a published name', () => {
  expect(PUBLISHED.size).toBe(Object.keys(METRICS).length)
})

test('a device may hold slashes', () => {
  expect(parseKey('filesystem_size_bytes//')).toEqual({ metric: 'filesystem_size_bytes', device: '/' })
  expect(parseKey('filesystem_size_bytes//var/lib')).toEqual({ metric: 'filesystem_size_bytes', device: '/var/lib' })
  expect(parseKey('uptime_seconds')).toEqual({ metric: 'uptime_seconds', device: null })
})
