/** Metrics in the database: stored once, read back as charts with their gaps, forgotten after a day. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { newId } from '#control-plane/base/id.ts'
import { fromIso } from '#control-plane/base/time.ts'
import { rows } from '#control-plane/db/index.ts'
import type { SampleRow } from '#control-plane/metrics/contract.ts'
import {
  currentFamilies,
  currentValues,
  exposition,
  intakeOf,
  prune,
  series,
  sparklines,
  store,
} from '#control-plane/metrics/index.ts'
import { Suite } from '../setup/stack.ts'
import { type Prepared, prepared } from './prepared.ts'

const NOW = fromIso('2026-11-10T12:00:00Z')
const [A, B, SOURCE, OTHER] = [newId(), newId(), newId(), newId()]
let suite: Suite
let world: Prepared

beforeAll(async () => {
  suite = new Suite()
  world = await prepared(suite, '2026-11-10T12:00:00Z')
})
afterAll(() => suite.end())
beforeEach(async () => {
  world.clock.now = NOW
  for (const table of ['metric_last', 'metric_sample', 'metric_intake'])
    await world.db.execute(sql`delete from ${sql.identifier(table)}`)
})

const sample = (at_s: number, values: Record<string, number>, over: Partial<SampleRow> = {}): SampleRow => ({
  resource_id: A,
  source_id: SOURCE,
  seen_at: NOW + at_s * 1000,
  part: 'metered',
  epoch: 'boot-1',
  interval_ms: 10_000,
  values,
  ...over,
})
const always = (id: string) => ({ id, tenure: [{ from: null, to: null }], vcpus: 2 })
const keep = (samples: SampleRow[], metric_only: [string, number][] = []) =>
  world.run((ctx) => store(ctx, samples, new Map(metric_only)))
const seconds = (from: number, to: number) =>
  Array.from({ length: (to - from) / 10 + 1 }, (_, index) => from + index * 10)
const current = async () =>
  Object.fromEntries(
    (await world.run((ctx) => currentValues(ctx, always(A)))).items.map((item) => [
      `${item.metric}/${item.device}`,
      item.value,
    ]),
  )
const chart = async (metrics: string, from_s = -600, points = 10, resource_id = A) =>
  world.run((ctx) =>
    series(ctx, always(resource_id), { metrics, points, from: new Date(NOW + from_s * 1000).toISOString() }),
  )
const only = async (metrics: string, from_s?: number, points?: number) => {
  const { series: lines } = await chart(metrics, from_s, points)
  expect(lines).toHaveLength(1)
  return lines[0]?.values
}

test('the newest values stand, whatever the order of arrival and however often', async () => {
  const older = sample(-20, { uptime_seconds: 1, 'disk_read_bytes/gone': 5 })
  const newer = sample(-10, { uptime_seconds: 11 })
  await keep([newer])
  await keep([older])
  expect(await current()).toEqual({ 'uptime_seconds/null': 11 })
  await keep([older, newer])
  expect(await current()).toEqual({ 'uptime_seconds/null': 11 })
  const [count] = await rows<{ count: string }>(world.db, sql`select count(*) from metric_sample`)
  expect(Number(count?.count)).toBe(2)
})

test('facts of one instant add up, and of two sources the newer value stands', async () => {
  await keep([
    sample(-10, { 'disk_read_bytes/vda': 1 }),
    sample(-10, { 'network_receive_bytes/eth0': 2 }, { epoch: 'nic' }),
  ])
  await keep([sample(-5, { 'disk_read_bytes/vda': 3 }, { source_id: OTHER })])
  expect(await current()).toEqual({ 'disk_read_bytes/vda': 3, 'network_receive_bytes/eth0': 2 })
})

test('readings that went no further are counted by source and arrival hour', async () => {
  await keep([], [[SOURCE, 5]])
  await keep(
    [],
    [
      [SOURCE, 2],
      [OTHER, 1],
    ],
  )
  world.clock.now += 3_600_000
  await keep([], [[SOURCE, 4]])
  const counts = async (from: number, to: number) =>
    (await world.run((ctx) => intakeOf(ctx, from, to))).filter((row) => row.source_id === SOURCE)
  expect(await counts(NOW, NOW + 7_200_000)).toEqual([
    { source_id: SOURCE, hour: NOW, metric_only: 7 },
    { source_id: SOURCE, hour: NOW + 3_600_000, metric_only: 4 },
  ])
  expect(await counts(NOW, NOW + 3_600_000)).toHaveLength(1)
})

test('a chart of a counter is its rate, and a gauge its mean, at every step between seconds and a day', async () => {
  await keep(seconds(-3600, 0).map((at) => sample(at, { 'disk_read_bytes/vda': (at + 3600) * 7, uptime_seconds: 40 })))
  for (const [from_s, points] of [
    [-600, 10],
    [-600, 600],
    [-3000, 11],
  ] as const) {
    const rate = await only('disk_read_bytes', from_s, points)
    expect(rate?.slice(0, -1).every((value) => value !== null && Math.abs(value - 7) < 1e-9)).toBe(true)
    const gauge = await only('uptime_seconds', from_s, points)
    expect(gauge?.slice(0, -1).every((value) => value === 40)).toBe(true)
  }
  const { series: lines } = await chart('disk_read_bytes,uptime_seconds')
  expect(lines.map((line) => [line.metric, line.device, line.unit])).toEqual([
    ['disk_read_bytes', 'vda', 'bytes/s'],
    ['uptime_seconds', null, 'seconds'],
  ])
})

test('a hole is null in the slots that it covers whole, and neither side of it is lost', async () => {
  const seen = seconds(-600, 0).filter((at) => at <= -430 || at >= -170)
  await keep(seen.map((at) => sample(at, { 'disk_read_bytes/vda': (at + 600) * 3, uptime_seconds: 1 })))
  const expected = (value: number) => [value, value, value, null, null, null, null, value, value, value]
  expect(await only('disk_read_bytes')).toEqual(expected(3))
  expect(await only('uptime_seconds')).toEqual(expected(1))
})

test('a reset and a new epoch are gaps, not falls', async () => {
  const counted = (at: number) => (at < -300 ? at + 100_000 : at + 300)
  await keep(seconds(-600, 0).map((at) => sample(at, { 'disk_read_bytes/vda': counted(at) })))
  expect(new Set(await only('disk_read_bytes', -600, 60))).toEqual(new Set([1, null]))
  await world.db.execute(sql`delete from metric_sample`)
  const epoch = (at: number) => (at < -300 ? 'boot-1' : 'boot-2')
  await keep(seconds(-600, 0).map((at) => sample(at, { 'disk_read_bytes/vda': at + 600 }, { epoch: epoch(at) })))
  const values = (await only('disk_read_bytes', -600, 60)) ?? []
  expect(values.map((value) => (value === null ? null : Math.round(value)))).toEqual(
    seconds(-600, -10).map((at) => (at === -310 ? null : 1)),
  )
})

test('a chart that would be too wide and a metric that does not exist are refused by name', async () => {
  await expect(chart('disk_read_bytes', -30 * 3600)).rejects.toMatchObject({ code: 'invalid' })
  await expect(chart('disk_reed_bytes')).rejects.toThrow('disk_reed_bytes')
})

test('a sparkline is the processor load of the last hour in 5-minute means, with its gaps', async () => {
  const modes = (at: number) => ({
    'cpu_time_seconds/user': (at + 3600) * 0.5,
    'cpu_time_seconds/idle': (at + 3600) * 1.4,
    'cpu_time_seconds/iowait': (at + 3600) * 0.1,
  })
  const host = seconds(-3300, 0).filter((at) => at <= -1800 || at >= -900)
  await keep(host.map((at) => sample(at, modes(at))))
  await keep(seconds(-3600, 0).map((at) => sample(at, { cpu_time_seconds: at + 3600 }, { resource_id: B })))
  const lines = await world.run((ctx) => sparklines(ctx, [A, B, OTHER], new Map([[B, 4]])))
  const rounded = (id: string) => lines.get(id)?.map((value) => (value === null ? null : Number(value.toFixed(6))))
  expect(rounded(A)).toEqual([0.25, 0.25, 0.25, 0.25, 0.25, null, null, null, 0.25, 0.25, 0.25, null])
  expect(rounded(B)).toEqual([...Array.from({ length: 11 }, () => 0.25), null])
  expect(rounded(OTHER)).toEqual(Array.from({ length: 12 }, () => null))
})

test('what is older than a day is forgotten in bounded batches, and not even stored when it comes late', async () => {
  await keep(seconds(-100, 0).map((at) => sample(at, { uptime_seconds: 1 })))
  world.clock.now = NOW + 24 * 3_600_000 - 45_000
  expect(await world.run((ctx) => prune(ctx, 4))).toBe(4)
  expect(await world.run((ctx) => prune(ctx, 4))).toBe(2)
  await keep([sample(-100, { uptime_seconds: 1 })])
  expect(await world.run((ctx) => prune(ctx))).toBe(0)
})

test('Prometheus gets what the API gives, without what is older than five minutes, page by page', async () => {
  const many = Array.from({ length: 1_100 }, () => newId())
  await keep(many.map((resource_id) => sample(-10, { uptime_seconds: 7 }, { resource_id })))
  await keep([
    sample(-400, { uptime_seconds: 3 }),
    sample(-20, { 'disk_read_bytes/vda': 9 }, { resource_id: B, part: 'history' }),
  ])
  const named = async (_: unknown, ids: string[]) =>
    new Map(ids.map((id) => [id, { kind: 'vm', name: 'n', realm: 'r' }]))
  const families = await world.run((ctx) => currentFamilies(ctx, named))
  const text = [...exposition(families)].join('')
  const lines = text.split('\n').filter((line) => line.startsWith('atalaya_'))
  expect(lines).toHaveLength(1_101)
  expect(new Set(lines).size).toBe(1_101)
  expect(text).toContain(
    `atalaya_disk_read_bytes_total{resource_id="${B}",kind="vm",name="n",realm="r",device="vda"} 9 ${NOW - 20_000}\n`,
  )
  expect(text).not.toContain(A)
})
