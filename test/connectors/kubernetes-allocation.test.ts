/** What pods are allocated, by the intake's own rule of how long a reading holds: never below request or usage, and a gap where nobody knew. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Collected } from '#connectors/contract.ts'
import { Allocation, type Measured, type Measurement } from '#connectors/kubernetes/allocation.ts'
import type { Row } from '#connectors/kubernetes/map.ts'
import { heldCourse } from '#control-plane/metering/gauges.ts'
import { usageIn } from '#control-plane/metering/rules.ts'

const INTERVAL_MS = 30_000
const BEGAN = 1_800_000_000_000
const at = (seconds: number): number => BEGAN + seconds * 1_000

const pod = (cpu: number | undefined, more: Partial<Row> = {}): Row => ({
  uid: 'u-1',
  scope: { kind: 'namespace', external_id: 'shop' },
  created_ms: at(0),
  began_ms: at(0),
  observation: {
    kind: 'pod',
    external_id: 'shop/web',
    incarnation: 'u-1',
    name: 'web',
    state: 'running',
    size: cpu === undefined ? {} : { cpu_millicores: cpu, memory_bytes: 2 ** 20 },
  },
  ...more,
})
const used = (seconds: number, cpu: number): Measured => ({
  at_ms: at(seconds),
  cpu_millicores: BigInt(cpu),
  memory_bytes: 1n,
})
const known = (measured: Measured): Measurement => new Map([['shop/web', measured]])
const isSure = () => true

/** What the intake makes of the readings of processors. */
function course(facts: readonly Collected[]) {
  const held = facts.flatMap((fact) =>
    fact.type === 'readings'
      ? [
          {
            at: fact.seen_at_ms,
            value: BigInt(String(fact.gauges?.['cpu_allocated_millicores'])),
            interval_ms: INTERVAL_MS,
          },
        ]
      : [],
  )
  return heldCourse(held)
}
const valueAt = (facts: readonly Collected[], ms: number): bigint | undefined => {
  const span = course(facts).spans.find(({ from, to }) => from <= ms && ms < to)
  return span && span.increase / BigInt(span.to - span.from)
}
const quantity = (facts: readonly Collected[], from: number, to: number): bigint =>
  usageIn(course(facts), { from: at(from), to: at(to) }).quantity

interface Look {
  /** so much later than the tick before it, at most half an interval late */
  late_ms: number
  usage: number
  /** since when it is so: metrics are made once a minute, and some ticks see none that is new */
  age_ms: number
  isNew: boolean
}
const looks = fc.array(
  fc.record({
    late_ms: fc.integer({ min: 0, max: INTERVAL_MS / 2 }),
    usage: fc.integer({ min: 0, max: 2_000 }),
    age_ms: fc.integer({ min: 0, max: 60_000 }),
    isNew: fc.boolean(),
  }),
  { minLength: 1, maxLength: 20 },
)
/** Ticks with what each knew of usage, and all that was told. */
function lived(request: number, list: readonly Look[]) {
  const allocation = new Allocation(INTERVAL_MS)
  const row = pod(request)
  const facts = allocation.began(row, at(0), at(0))
  const ticks: { at_ms: number; measured: Measured }[] = []
  let [now_ms, measured] = [at(0), used(0, 0)]
  for (const { late_ms, usage, age_ms, isNew } of list) {
    now_ms += INTERVAL_MS + late_ms
    const since_ms = Math.max(now_ms - age_ms, measured.at_ms + 1)
    if (isNew && since_ms <= now_ms) measured = { at_ms: since_ms, cpu_millicores: BigInt(usage), memory_bytes: 1n }
    ticks.push({ at_ms: now_ms, measured })
    facts.push(...allocation.tick([row], known(measured), { at_ms: now_ms, isSure }))
  }
  return { facts, ticks }
}

test('at every instant it is at least the request, and from each tick on at least what was measured then, without a gap', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2_000 }), looks, (request, list) => {
      const { facts, ticks } = lived(request, list)
      const { spans, gaps } = course(facts)
      expect(gaps).toEqual([])
      for (const span of spans)
        expect(span.increase).toBeGreaterThanOrEqual(BigInt(request) * BigInt(span.to - span.from))
      for (const [index, { at_ms, measured }] of ticks.entries()) {
        const next_ms = ticks[index + 1]?.at_ms ?? at_ms + INTERVAL_MS
        const least = measured.cpu_millicores > BigInt(request) ? measured.cpu_millicores : BigInt(request)
        const own = usageIn(course(facts), { from: at_ms, to: next_ms }).quantity
        // what was measured later, however late it is heard of, may lower it, and only from then on
        const later = ticks.slice(index + 1).find((one) => one.measured.at_ms > measured.at_ms)
        const to = Math.max(at_ms, Math.min(next_ms, later?.measured.at_ms ?? next_ms))
        const sure = usageIn(course(facts), { from: at_ms, to }).quantity
        expect(own).toBeGreaterThanOrEqual(BigInt(request) * BigInt(next_ms - at_ms))
        expect(sure).toBeGreaterThanOrEqual(least * BigInt(to - at_ms))
      }
    }),
  )
})

test('it is the larger of both from the instant of the measurement on, to the unit', () => {
  const allocation = new Allocation(INTERVAL_MS)
  const row = pod(250)
  const tick = (seconds: number, measured: Measured) =>
    allocation.tick([row], known(measured), { at_ms: at(seconds), isSure })
  const facts = allocation.began(row, at(0), at(5))
  for (const [seconds, measured] of [
    [30, used(20, 100)],
    [60, used(50, 400)],
    [90, used(80, 900)],
    [120, used(110, 200)],
  ] as const)
    facts.push(...tick(seconds, measured))
  expect(quantity(facts, 0, 120)).toBe(1_000n * (250n * 50n + 400n * 30n + 900n * 30n + 250n * 10n))
})

test('a reading that says nothing new is left out while the one before it holds', () => {
  const allocation = new Allocation(INTERVAL_MS)
  const row = pod(250)
  const told = [30, 60, 90, 120, 150].map((seconds) =>
    allocation.tick([row], 'absent', { at_ms: at(seconds), isSure }).map((fact) => fact.type),
  )
  expect(told.map((facts) => facts.length)).toEqual([1, 0, 1, 0, 1])
})

test('without metrics it is the request, and of a pod that asks for nothing zero and no gap', () => {
  const allocation = new Allocation(INTERVAL_MS)
  const row = pod(undefined)
  const facts = [0, 30, 60, 90].flatMap((seconds) => allocation.tick([row], 'absent', { at_ms: at(seconds), isSure }))
  expect(valueAt(facts, at(100))).toBe(0n)
  expect(course(facts).gaps).toEqual([])
})

test('where metrics are and give no answer, what was told holds for three intervals, and the rest is a gap', () => {
  for (const lost of ['silent', new Map()] as const) {
    const allocation = new Allocation(INTERVAL_MS)
    const row = pod(250)
    const facts = allocation.tick([row], known(used(0, 900)), { at_ms: at(0), isSure })
    for (let seconds = 30; seconds < 300; seconds += 30)
      facts.push(...allocation.tick([row], lost, { at_ms: at(seconds), isSure }))
    facts.push(...allocation.tick([row], known(used(300, 900)), { at_ms: at(300), isSure }))
    expect(course(facts).gaps).toEqual([{ from: at(90), to: at(300), cause: 'silent', quantity: null }])
  }
})

test('a pod that is new while metrics give no answer, or that has none yet, is held by its request', () => {
  for (const measurement of ['silent', new Map()] as const) {
    const facts = new Allocation(INTERVAL_MS).tick([pod(250)], measurement, { at_ms: at(10), isSure })
    expect(valueAt(facts, at(10))).toBe(250n)
  }
})

test('what is measured of one that had its name before is not its own, and what is old says nothing of now', () => {
  const tick = (measured: Measured, seconds: number) =>
    valueAt(new Allocation(INTERVAL_MS).tick([pod(250)], known(measured), { at_ms: at(seconds), isSure }), at(seconds))
  expect(tick(used(-1, 900), 30)).toBe(250n)
  expect(tick(used(30, 900), 331)).toBe(250n)
  expect(tick(used(30, 900), 330)).toBe(900n)
})

test('while it is not sure that a pod still runs, nothing is told of it', () => {
  const allocation = new Allocation(INTERVAL_MS)
  expect(allocation.tick([pod(250)], 'absent', { at_ms: at(0), isSure: () => false })).toEqual([])
  const stopped = pod(250)
  stopped.observation.state = 'stopped'
  expect(allocation.tick([stopped], 'absent', { at_ms: at(0), isSure })).toEqual([])
})

test('a life of which is heard later is held by its request from its first instant to its last', () => {
  const facts = new Allocation(INTERVAL_MS).began(pod(250, { ended_ms: at(600) }), at(0), at(900))
  expect(quantity(facts, 0, 600)).toBe(250n * 600_000n)
  expect(course(facts).gaps).toEqual([])
  const long = new Allocation(INTERVAL_MS).began(pod(250), at(0), at(86_400))
  expect(quantity(long, 0, 86_400)).toBe(250n * 3_600_000n)
})
