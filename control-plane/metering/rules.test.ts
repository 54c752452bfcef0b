/** Counters: nothing lost, nothing counted twice, and what nobody saw is unknown. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CounterReading, courseOf, coveredMs, meterOfKey, usageIn } from './rules.ts'

const reading = (at: number, value: bigint, epoch = 'e1', more: Partial<CounterReading> = {}): CounterReading => ({
  at,
  value,
  epoch,
  origin: null,
  wrap_bits: null,
  interval_ms: 10,
  spool: 's',
  sequence: at,
  ...more,
})
const total = (readings: CounterReading[], born: number | null = null, from = 0, to = 1_000_000) =>
  usageIn(courseOf(readings, born), { from, to }).quantity

test('what a counter held before anyone looked is not usage', () => {
  expect(total([reading(100, 5_000n, 'e1', { origin: 10 }), reading(110, 5_007n)])).toBe(7n)
})

test('a machine born under observation counts from its zero', () => {
  expect(total([reading(100, 5_000n, 'e1', { origin: 95 })], 90)).toBe(5_000n)
})

test('a reset with a known origin loses nothing but the unseen tail', () => {
  const readings = [reading(100, 50n), reading(110, 60n), reading(130, 4n, 'e2', { origin: 125 })]
  expect(total(readings)).toBe(14n)
  expect(courseOf(readings, null).gaps).toEqual([{ from: 110, to: 125, cause: 'reset', quantity: null }])
})

test('a reset with an unknown origin is a gap, not a zero and not a count', () => {
  const readings = [reading(100, 50n), reading(110, 60n), reading(130, 4n, 'e2'), reading(140, 6n, 'e2')]
  expect(total(readings)).toBe(12n)
  expect(courseOf(readings, null).gaps).toEqual([{ from: 110, to: 130, cause: 'reset', quantity: null }])
})

test('a counter that comes back under another epoch name is not counted again', () => {
  expect(
    total([reading(100_000, 5_000n), reading(110_000, 5_010n), reading(120_000, 5_020n, 'renamed', { origin: 10 })]),
  ).toBe(10n)
})

test('a migration whose new process ran beside the old one for minutes loses nothing', () => {
  const old = [reading(0, 100n), reading(300_000, 160n)]
  expect(total([...old, reading(310_000, 7n, 'new', { origin: 120_000 })])).toBe(67n)
})

test('a wrap is told by its declaration, never by size', () => {
  const top = 2n ** 32n
  expect(total([reading(100, top - 10n, 'e1', { wrap_bits: 32 }), reading(110, 5n, 'e1', { wrap_bits: 32 })])).toBe(15n)
  expect(total([reading(100, top - 10n), reading(110, 5n)])).toBe(0n)
})

test('a long silence keeps its total and says that the spread is estimated where a bound lies inside', () => {
  const course = courseOf([reading(0, 0n), reading(1_000, 100n)], null)
  expect(usageIn(course, { from: 0, to: 250 })).toMatchObject({ quantity: 25n, estimated: true })
  expect(usageIn(course, { from: 0, to: 1_000 })).toMatchObject({ quantity: 100n, estimated: false })
})

test('idle time of a processor is not its use', () => {
  expect(meterOfKey('cpu_time_ns/idle')).toBeNull()
  expect(meterOfKey('disk_read_bytes/vda')).toEqual({ meter: 'disk_read_bytes', device: 'vda' })
  expect(meterOfKey('memory_free_bytes')).toBeNull()
})

const series = fc
  .array(
    fc.record({
      step: fc.integer({ min: 1, max: 40 }),
      grow: fc.bigInt({ min: 0n, max: 10n ** 12n }),
      reset: fc.boolean(),
    }),
    { minLength: 1, maxLength: 30 },
  )
  .map((steps) => {
    let [at, value, epoch] = [0, 0n, 0]
    return steps.map(({ step, grow, reset }) => {
      at += step
      if (reset) [value, epoch] = [0n, epoch + 1]
      value += grow
      return reading(at, value, `e${epoch}`, { origin: reset ? at - 1 : null })
    })
  })

test('usage adds up under any split, and any order of arrival gives the same', () => {
  fc.assert(
    fc.property(
      series,
      fc.array(fc.integer({ min: 0, max: 1_300 })),
      fc.infiniteStream(fc.double({ noNaN: true })),
      (readings, cuts, dice) => {
        const course = courseOf(readings, null)
        const whole = usageIn(course, { from: 0, to: 1_300 }).quantity
        const edges = [0, ...cuts.toSorted((a, b) => a - b), 1_300]
        const parts = edges.slice(1).map((to, i) => usageIn(course, { from: edges[i]!, to }).quantity)
        expect(parts.reduce((a, b) => a + b, 0n)).toBe(whole)
        const shuffled = readings.map((r) => ({ r, at: dice.next().value as number })).toSorted((a, b) => a.at - b.at)
        expect(
          courseOf(
            shuffled.map(({ r }) => r),
            null,
          ),
        ).toEqual(course)
      },
    ),
  )
})

test('overlapping gaps cover a millisecond once', () => {
  expect(
    coveredMs([
      { from: 0, to: 10 },
      { from: 5, to: 12 },
      { from: 20, to: 21 },
    ]),
  ).toBe(13)
})
