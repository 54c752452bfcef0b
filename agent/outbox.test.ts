/** From collected facts to batches in the spool. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Collected,
  type Connector,
  ConnectorError,
  Fact,
  LIMITS,
  type Session,
  type Surroundings,
} from '#connectors/contract.ts'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { inflated } from './batch.ts'
import { ServerClock } from './clock.ts'
import { Listings } from './listing.ts'
import { Outbox } from './outbox.ts'
import { Source } from './source.ts'
import { Spool } from './spool.ts'

const ID = '019aa000-0000-7000-8000-000000000001'
const NOW = 1_800_000_000_000
let directory: string
let spool: Spool
let calls: { delay_ms: number; call: () => void }[]
let outbox: Outbox

function open(bytes_max = 1 << 20): void {
  spool = Spool.open(directory, { bytes_max, segment_bytes: 400, now: () => NOW })
  calls = []
  outbox = new Outbox({
    spool,
    clock: new ServerClock({ wall_ms: () => NOW, steady_ms: () => 0 }),
    timers: { now: () => NOW, after: (delay_ms, call) => (calls.push({ delay_ms, call }), () => {}) },
    boot_id: 'boot',
    log: pino({ level: 'silent' }),
    gaps: ({ cause, from_ms, to_ms, ...sequences }) => [
      { type: 'gap', source: ID, seen_at_ms: to_ms, cause, from_ms, ...sequences },
    ],
    added: () => {},
  })
}
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'atalaya-outbox-'))
  open()
})
afterEach(() => rmSync(directory, { recursive: true }))

const batches = (): { facts: { type?: string }[] }[] =>
  Array.from({ length: spool.next - spool.first }, (_, index) =>
    JSON.parse(inflated(spool.read(spool.first + index)?.body ?? new Uint8Array())),
  )
const facts = () => batches().flatMap((batch) => batch.facts)

test('facts of one moment share a batch, and an event waits no longer than 200 ms', () => {
  outbox.add([1])
  outbox.add([2, 3])
  expect(calls).toHaveLength(1)
  expect(calls[0]?.delay_ms).toBeLessThanOrEqual(200)
  calls[0]?.call()
  expect(batches()).toMatchObject([{ boot_id: 'boot', clock_offset_ms: 0, facts: [1, 2, 3] }])
})

test('what waits is in the spool after a stop', () => {
  outbox.add(['last words'])
  outbox.close()
  expect(facts()).toEqual(['last words'])
})

test('a spool that overflowed admits each dropped sequence, and no sequence twice', () => {
  open(1_500)
  for (let n = 0; n < 30; n++) {
    outbox.add([crypto.getRandomValues(new Uint8Array(n % 3 === 0 ? 250 : 60)).join()])
    outbox.flush()
    expect(spool.bytes).toBeLessThanOrEqual(1_500)
  }
  // what will arrive: an admission whose own batch was dropped counts for nothing
  const gaps: { type?: string; first_sequence?: number; last_sequence?: number }[] = facts().filter(
    (fact) => fact.type === 'gap',
  )
  for (const gap of gaps) expect(Fact.parse(gap)).toMatchObject({ cause: 'spool_overflow', source: ID })
  const admitted = [...gaps, ...spool.losses.pending].flatMap(
    ({ first_sequence: first = 0, last_sequence: last = -1 }) =>
      Array.from({ length: last - first + 1 }, (_, index) => first + index),
  )
  expect(admitted.toSorted((a, b) => a - b)).toEqual(Array.from({ length: spool.first - 1 }, (_, index) => index + 1))
})

test('a disk that takes nothing makes facts wait, and they go when it takes them again', () => {
  const { append } = spool
  spool.append = () => {
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
  }
  outbox.add(['kept'])
  outbox.flush()
  expect(facts()).toEqual([])
  spool.append = append
  calls.at(-1)?.call()
  expect(facts()).toEqual(['kept'])
})

/** A connector that does what the test wants. */
function sourceOf(collect: Session['collect'], settings: Record<string, string> = {}) {
  const reported: unknown[] = []
  let given: Surroundings | undefined
  const connector = {
    manifest: { version: '9.9.9', secrets: ['password'] },
    open: async (_: unknown, surroundings: Surroundings) => {
      given = surroundings
      return { collect, close: async () => {} }
    },
  } as unknown as Connector
  const source = new Source(
    { id: ID, connector: 'test', realm: 'r', interval_ms: 10_000, settings },
    {
      load: async (name) => (name === 'test' ? connector : null),
      memory: () => ({ get: async () => undefined, set: async () => {} }),
      log: () => {},
      listings: new Listings(),
      report: (some) => void reported.push(...some),
      now: () => NOW,
    },
  )
  return { source, reported, emit: (some: Collected[]) => given?.emit(some) }
}
const resource = { kind: 'vm' as const, external_id: 'a' }

test('collected readings become valid facts of their source, with its interval and health', async () => {
  const { source, reported } = sourceOf(async () => [
    { type: 'readings', seen_at_ms: NOW, resource, counters: { cpu_time_ns: 1 } },
  ])
  expect(await source.tick()).toBe(true)
  expect(reported.map((fact) => Fact.parse(fact))).toMatchObject([
    { type: 'readings', source: ID, interval_ms: 10_000, counters: { cpu_time_ns: 1 } },
    { type: 'health', ok: true, version: '9.9.9' },
  ])
})

test('a failing connector becomes a health fact without its secrets', async () => {
  const { source, reported } = sourceOf(
    async () => {
      throw new ConnectorError('refused', 'login with hunter2 was refused', 'Correct the password.')
    },
    { password: 'hunter2' },
  )
  expect(await source.tick()).toBe(false)
  expect(Fact.parse(reported[0])).toMatchObject({
    ok: false,
    error: { code: 'refused', message: 'login with ••• was refused' },
  })
})

test('a reading with too many series becomes several that hold each of them once', async () => {
  const count = LIMITS.seriesPerReading * 2 + 10
  const gauges = Object.fromEntries(Array.from({ length: count }, (_, n) => [`load_average/${n}`, n]))
  const { source, reported } = sourceOf(async () => [
    { type: 'readings', seen_at_ms: NOW, resource, gauges, counters: { cpu_time_ns: 7 } },
  ])
  await source.tick()
  const readings = reported.map((fact) => Fact.parse(fact)).filter((fact) => fact.type === 'readings')
  expect(readings).toHaveLength(3)
  expect(Object.assign({}, ...readings.map((one) => one.gauges))).toEqual(gauges)
  expect(readings.flatMap((one) => Object.keys(one.counters))).toEqual(['cpu_time_ns'])
})

test('a vendor’s event between two ticks is reported at once', async () => {
  const { source, reported, emit } = sourceOf(async () => [])
  await source.tick()
  emit([
    {
      type: 'event',
      seen_at_ms: NOW,
      scope: { kind: 'host', external_id: 'h' },
      resource,
      change: 'started',
      content: {},
    },
  ])
  expect(Fact.parse(reported.at(-1))).toMatchObject({ type: 'event', source: ID, change: 'started' })
})
