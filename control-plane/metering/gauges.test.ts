/** Gauges: each reading holds until the next, three intervals at most, and what lies beyond is unknown and never zero. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Interval } from '../base/time.ts'
import { asGauges, heldByHour, heldCourse, heldTo, runsOf } from './gauges.ts'
import { measure, usageOfHour } from './hours.ts'
import { meterOfKey, usageIn } from './rules.ts'

const END = 20_000_000
interface Seen {
  at: number
  value: bigint
  interval_ms: number
  device: string
}
const seen = (at: number, value: bigint, interval_ms = 10): Seen => ({ at, value, interval_ms, device: '' })
const total = (list: readonly Seen[], within: Interval = { from: 0, to: END }) => usageIn(heldCourse(list), within)

test('a reading holds until the next one, and three of its intervals where none comes', () => {
  expect(total([seen(100, 7n), seen(110, 9n)]).quantity).toBe(7n * 10n + 9n * 30n)
  expect(total([seen(100, 7n), seen(130, 9n)]).gaps).toEqual([])
})

test('what nobody read is a gap with its cause, and nothing is counted of it', () => {
  const { quantity, gaps } = total([seen(100, 7n), seen(200, 9n)])
  expect(quantity).toBe(7n * 30n + 9n * 30n)
  expect(gaps).toEqual([{ from: 130, to: 200, cause: 'silent', quantity: null }])
})

test('a gauge that said zero is no gap, and before its first reading nothing is known of it', () => {
  expect(total([seen(100, 0n), seen(110, 0n)])).toEqual({ quantity: 0n, estimated: false, gaps: [] })
  expect(total([seen(100, 5n)], { from: 0, to: 100 })).toEqual({ quantity: 0n, estimated: false, gaps: [] })
})

test('two eyes on one bucket count its bytes once: of one instant the highest holds', () => {
  expect(total([seen(100, 7n), seen(100, 8n), seen(100, 8n)]).quantity).toBe(8n * 30n)
})

test('only bytes without a class are metered, and requests by theirs', () => {
  expect(meterOfKey('storage_used_bytes')).toEqual({ meter: 'storage_used_bytes', device: '' })
  for (const name of ['multimeta', 'none', 'cloudtiered', 'other'])
    expect(meterOfKey(`storage_used_bytes/${name}`)).toBeNull()
  for (const name of ['list', 'read', 'write', 'delete', 'other'])
    expect(meterOfKey(`requests_count/${name}`)).toEqual({ meter: `requests_${name}`, device: name })
  expect(meterOfKey('requests_count')).toBeNull()
  expect(meterOfKey('requests_list')).toBeNull()
})

const gauges = fc.array(
  fc.record({
    // several of one instant among them
    at: fc.oneof(fc.constantFrom(0, 5, 3_600_000), fc.integer({ min: 0, max: 12_000_000 })),
    value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    interval_ms: fc.constantFrom(1, 7, 60_000, 300_000, 1_000_000),
    device: fc.constant(''),
  }),
  { minLength: 1, maxLength: 25 },
)
const bounds = fc.array(fc.integer({ min: 0, max: END }), { maxLength: 8 })

test('what gauges held adds up under any split, and any order of arrival and any duplicate gives the same', () => {
  fc.assert(
    fc.property(gauges, bounds, fc.infiniteStream(fc.integer()), (list, cuts, dice) => {
      const course = heldCourse(list)
      const edges = [0, ...cuts.toSorted((a, b) => a - b), END]
      const parts = edges.slice(1).map((to, index) => usageIn(course, { from: edges[index]!, to }).quantity)
      expect(parts.reduce((a, b) => a + b, 0n)).toBe(total(list).quantity)
      const shuffled = [...list, ...list.filter((_, index) => index % 2 === 0)]
        .map((one) => ({ one, by: dice.next().value as number }))
        .toSorted((a, b) => a.by - b.by)
      expect(heldCourse(shuffled.map(({ one }) => one))).toEqual(course)
    }),
  )
})

test('no instant is held twice, none longer than three intervals, and each between two readings is held or a gap', () => {
  fc.assert(
    fc.property(gauges, (list) => {
      const { spans, gaps } = heldCourse(list)
      const parts = [...spans, ...gaps].toSorted((a, b) => a.from - b.from)
      const instants = list.map(({ at }) => at)
      expect(parts[0]?.from).toBe(Math.min(...instants))
      for (const [index, part] of parts.entries()) if (index > 0) expect(part.from).toBe(parts[index - 1]!.to)
      expect(parts.at(-1)!.to).toBeGreaterThan(Math.max(...instants))
      for (const { from, to, increase } of spans) {
        const read = list.filter((one) => one.at === from)
        expect(read.some((one) => to <= heldTo(one) && increase === one.value * BigInt(to - from))).toBe(true)
      }
    }),
  )
})

const HOUR = 3_600_000
test('the bounding readings of an hour prove what it comes to, with the gaps that it tells', () => {
  fc.assert(
    fc.property(gauges, (list) => {
      const rows = list.map(({ at, value, interval_ms }, position) =>
        asGauges({
          resource_id: 'r',
          seen_at: at,
          spool_id: 's',
          sequence: 1,
          position,
          source_id: 'o',
          interval_ms,
          epoch: 'of the counters beside it',
          origin_at: 5,
          wrap_bits: 32,
          counters: { storage_used_bytes: value.toString() },
          counter_count: 1,
        }),
      )
      const measured = measure(rows, null)
      for (let hour = 0; hour < END; hour += HOUR)
        for (const usage of usageOfHour(measured, hour)) {
          const last = heldByHour(list).get(hour)?.at(-1)
          const ends = [hour + HOUR, ...usage.gaps.map(({ from_ms }) => from_ms), ...(last ? [heldTo(last)] : [])]
          const proven = usage.bounds.reduce((sum, { first, last: end }, index) => {
            const next = usage.bounds[index + 1]?.first.at_ms ?? Infinity
            const from = Math.max(first.at_ms, hour)
            const to = Math.min(next, ...ends.filter((at) => at >= Math.max(end.at_ms, hour)))
            return sum + BigInt(first.value) * BigInt(Math.max(0, to - from))
          }, 0n)
          expect(usage.quantity).toBe(proven)
        }
    }),
  )
})

test('a value that stays is one run from its first reading to its last, and a gap ends it', () => {
  const list = [seen(100, 7n), seen(110, 7n), seen(120, 8n), seen(200, 8n)]
  expect(runsOf(list).map(({ first, last }) => [first.at, last.at])).toEqual([
    [100, 110],
    [120, 120],
    [200, 200],
  ])
})
