import fc from 'fast-check'
import { expect, test } from 'vitest'
import { count, fresh, HOUR_MS, hoursTo, type Memory, pointsTo } from './counting.ts'
import { type Listed, sight, told } from './counters.ts'
import type { Triple, UsageRecord } from './map.ts'
import { kept, restored } from './memory.ts'

const T0 = Date.UTC(2026, 10, 23, 10)
const zone: Listed = { kind: 'cluster', external_id: 'z', incarnation: '' }
const user: Listed = { kind: 's3_user', external_id: 'u', incarnation: '' }
const bucket = (name: string, made: number, born_ms: number): Listed => ({
  kind: 'bucket',
  external_id: name,
  incarnation: String(made),
  name,
  owner: 'u',
  born_ms,
})

/** A log as radosgw keeps it, its reader, and what was really sent. */
class Course {
  now = T0 + 1
  #log = new Map<number, Map<string, Map<string, Triple>>>()
  #buckets = new Map([['a', bucket('a', 0, 0)]])
  #made = 0
  memory: Memory = fresh('m')
  readonly sent = new Map<number, bigint>()
  readonly read: { key: string; at: number; value: bigint; origin: number | undefined; epoch: string }[] = []

  use(name: string, category: string, bytes: number): void {
    const hour = Math.floor(this.now / HOUR_MS) * HOUR_MS
    const records = this.#log.get(hour) ?? new Map<string, Map<string, Triple>>()
    const record = records.get(name) ?? new Map<string, Triple>()
    const [ops, out, into] = record.get(category) ?? [0n, 0n, 0n]
    this.#log.set(hour, records.set(name, record.set(category, [ops + 1n, out + BigInt(bytes), into])))
    this.sent.set(hour, (this.sent.get(hour) ?? 0n) + BigInt(bytes))
  }
  recreate(): void {
    this.#made += 1
    this.#buckets.set('a', bucket('a', this.#made, this.now))
  }
  trim(before: number): void {
    for (const hour of this.#log.keys()) if (hour < before) this.#log.delete(hour)
  }
  restart(): void {
    this.memory = restored(JSON.parse(JSON.stringify(kept(this.memory)))) ?? expect.unreachable('nothing was kept')
  }
  tick(): void {
    const records = (hour: number): UsageRecord[] =>
      [...(this.#log.get(hour) ?? [])].map(([name, categories]) => ({
        user: 'u',
        bucket: name,
        pays: false,
        categories: new Map(categories),
      }))
    const hours = new Map(hoursTo(this.memory, this.now, 1_000).map((hour) => [hour, records(hour)]))
    sight(this.memory, [zone, user, ...this.#buckets.values()], { at_ms: this.now, complete: true, skew_ms: 0 })
    const points = pointsTo(this.memory, this.now)
    const facts = told(this.memory, count(this.memory, hours, points, 0), points, 0)
    this.memory.upto_ms = this.now
    for (const { seen_at_ms, resource, counters, epoch } of facts)
      this.read.push({
        key: JSON.stringify(resource),
        at: seen_at_ms,
        value: BigInt(String(counters?.['network_transmit_bytes'])),
        origin: epoch?.origin_ms,
        epoch: epoch?.id ?? '',
      })
  }

  /** Growth between readings, and from an origin to the first, by the hour in which the later one lies. */
  metered(): Map<number, bigint> {
    const hours = new Map<number, bigint>()
    for (const list of Map.groupBy(this.read, ({ key, epoch }) => key + epoch).values()) {
      let before: (typeof list)[number] | undefined
      for (const next of list.toSorted((a, b) => a.at - b.at)) {
        const from = before?.value ?? (next.origin === undefined ? next.value : 0n)
        expect(next.value).toBeGreaterThanOrEqual(from)
        // an end of an hour belongs to the hour that it ends
        const hour = Math.floor((next.at - 1) / HOUR_MS) * HOUR_MS
        if (next.value > from) hours.set(hour, (hours.get(hour) ?? 0n) + next.value - from)
        before = next
      }
    }
    return hours
  }
}

const step = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.constant('use'), fc.constantFrom('a', 'b', '', '-'), fc.nat(10_000)) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('wait'), fc.constant(''), fc.integer({ min: 1, max: 3 * HOUR_MS })) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('tick'), fc.constant(''), fc.constant(0)) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constantFrom('trim all', 'trim old', 'recreate', 'restart'),
      fc.constant(''),
      fc.constant(0),
    ),
  },
)

test('whatever is used, trimmed, made again and restarted: each hour has what was sent in it, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const course = new Course()
      course.tick()
      for (const [what, name, amount] of steps) {
        course.now += 1
        if (what === 'use') course.use(name, amount % 2 ? 'get_obj' : 'list_bucket', amount)
        if (what === 'wait') course.now += amount
        // what is written and trimmed between two looks is lost to everybody: there is one before, and one after
        if (what.startsWith('trim')) {
          course.tick()
          course.trim(what === 'trim all' ? Infinity : Math.floor(course.now / HOUR_MS) * HOUR_MS)
          course.now += 1
        }
        if (what === 'recreate') course.recreate()
        if (what === 'restart') course.restart()
        if (what === 'tick' || what.startsWith('trim')) course.tick()
      }
      course.now += 1
      course.tick()
      const sent = new Map([...course.sent].filter(([, bytes]) => bytes > 0n))
      expect(course.metered()).toEqual(sent)
    }),
    { numRuns: 300 },
  )
})

test('what is remembered doesn’t grow with time, nor with buckets that come and go', () => {
  const course = new Course()
  const size = () => JSON.stringify(kept(course.memory)).length
  const grown: number[] = []
  for (let hour = 0; hour < 200; hour += 1) {
    course.now += HOUR_MS
    course.recreate()
    course.use('a', 'get_obj', 1)
    course.use(`passing-${hour}`, 'get_obj', 1)
    course.tick()
    grown.push(size())
  }
  expect(Math.max(...grown.slice(100))).toBeLessThanOrEqual(Math.max(...grown.slice(10, 100)) + 50)
})
