/** Charts: what a rate, a mean and a gap are. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { axisOf, cpuLoad, holds, rates, type Sample, slotMeans, sparklineAxis } from './rules.ts'

const SECOND = 1_000
/** Samples of one stream; `after_ms` as the store gives it for samples that weren't thinned. */
function samples(key: string, points: readonly (readonly [at_s: number, value: number, epoch?: string])[]): Sample[] {
  return points.map(([at_s, value, epoch = 'boot'], index) => {
    const before = points[index - 1]
    const after_ms = before && (before[2] ?? 'boot') === epoch ? (at_s - before[0]) * SECOND : null
    return { stream: 's', epoch, at: at_s * SECOND, interval_ms: 10 * SECOND, after_ms, values: { [key]: value } }
  })
}
const values = (points: Parameters<typeof samples>[1]) => rates(samples('c', points), 'c').map((rate) => rate.value)

test('a rate is the increase per second between two samples', () => {
  expect(
    rates(
      samples('c', [
        [0, 100],
        [10, 150],
        [20, 150],
      ]),
      'c',
    ),
  ).toEqual([
    { from: 0, to: 10_000, value: 5 },
    { from: 10_000, to: 20_000, value: 0 },
  ])
})

test('a reset is a gap: neither a fall nor a rise from zero', () => {
  expect(
    values([
      [0, 100],
      [10, 7],
      [20, 17],
    ]),
  ).toEqual([1])
})

test('counters of another epoch are not compared, even where they are higher', () => {
  expect(
    values([
      [0, 100, 'a'],
      [10, 150, 'b'],
      [20, 160, 'b'],
    ]),
  ).toEqual([1])
})

test('samples of another stream or epoch are not compared, however close they are', () => {
  const pair = samples('c', [
    [0, 0],
    [10, 10],
  ])
  for (const other of [{ stream: 'other' }, { epoch: 'other' }]) {
    const apart = pair.map((sample, index) => (index === 0 ? sample : { ...sample, ...other }))
    expect(rates(apart, 'c')).toEqual([])
  }
})

test('a hole of more than three intervals is a gap; three intervals are not', () => {
  expect(
    values([
      [0, 0],
      [30, 30],
    ]),
  ).toEqual([1])
  expect(
    values([
      [0, 0],
      [31, 31],
    ]),
  ).toEqual([])
})

test('a thinned pair is compared although it is far apart, unless a hole lies before its second sample', () => {
  const [a, b] = samples('c', [
    [0, 0],
    [300, 300],
  ])
  expect(rates([a!, { ...b!, after_ms: 10 * SECOND }], 'c')).toEqual([{ from: 0, to: 300_000, value: 1 }])
  expect(rates([a!, b!], 'c')).toEqual([])
})

test('rates are never negative and never reach over an epoch, whatever the counters do', () => {
  const point = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.nat(1000), fc.constantFrom('a', 'b'))
  fc.assert(
    fc.property(fc.array(point, { maxLength: 30 }), (steps) => {
      let at = 0
      const made = samples(
        'c',
        steps.map(([step, value, epoch]) => [(at += step), value, epoch] as const),
      )
      for (const rate of rates(made, 'c')) {
        expect(rate.value).toBeGreaterThanOrEqual(0)
        const inside = made.filter((sample) => sample.at >= rate.from && sample.at <= rate.to)
        expect(new Set(inside.map((sample) => sample.epoch)).size).toBe(1)
      }
    }),
  )
})

test('a slot without a value is null, not zero, and a value spreads over the slots that it covers', () => {
  const axis = { from: 0, step_ms: 10 * SECOND, count: 4 }
  expect(
    slotMeans(
      [
        { from: 0, to: 15_000, value: 2 },
        { from: 15_000, to: 20_000, value: 4 },
      ],
      axis,
    ),
  ).toEqual([2, 3, null, null])
})

test('slot means conserve the whole: the sum over slots is the sum over stretches', () => {
  const stretch = fc.record({ from: fc.nat(50_000), length: fc.integer({ min: 1, max: 30_000 }), value: fc.nat(100) })
  fc.assert(
    fc.property(fc.array(stretch, { maxLength: 5 }), (made) => {
      let end = 0
      const disjoint = made.map(({ from, length, value }) => {
        const start = Math.max(from, end)
        end = start + length
        return { from: start, to: end, value }
      })
      const axis = { from: 0, step_ms: 7_000, count: 60 }
      const total = slotMeans(disjoint, axis).reduce<number>((sum, mean, slot) => {
        const [from, to] = [slot * 7_000, slot * 7_000 + 7_000]
        const covered = disjoint.reduce((ms, s) => ms + Math.max(0, Math.min(s.to, to) - Math.max(s.from, from)), 0)
        return sum + (mean ?? 0) * covered
      }, 0)
      expect(total).toBeCloseTo(
        disjoint.reduce((sum, s) => sum + s.value * (s.to - s.from), 0),
        3,
      )
    }),
  )
})

test('a gauge holds until its next sample, and for one interval before a hole and at the end', () => {
  const mean = (first_at: number, after_ms: number | null, value: number) => ({
    stream: 's',
    first_at,
    last_at: first_at,
    interval_ms: 10_000,
    after_ms,
    value,
  })
  expect(holds([mean(0, null, 1), mean(30_000, 30_000, 2), mean(100_000, 70_000, 3)])).toEqual([
    { from: 0, to: 30_000, value: 1 },
    { from: 30_000, to: 40_000, value: 2 },
    { from: 100_000, to: 110_000, value: 3 },
  ])
})

const cpu = (at_s: number, values: Record<string, number>): Sample => ({
  stream: 's',
  epoch: 'boot',
  at: at_s * SECOND,
  interval_ms: 10 * SECOND,
  after_ms: at_s === 0 ? null : 10 * SECOND,
  values: Object.fromEntries(Object.entries(values).map(([mode, value]) => [`cpu_time_seconds${mode}`, value])),
})

test('the load of a system is its share of time that was neither idle nor waiting for the disk', () => {
  const before = cpu(0, { '/user': 10, '/system': 5, '/idle': 100, '/iowait': 5 })
  const after = cpu(10, { '/user': 14, '/system': 6, '/idle': 112, '/iowait': 8 })
  expect(cpuLoad([before, after], null).map((load) => load.value)).toEqual([0.25])
})

test('the load of a guest is a share of its own processors, and never above 1', () => {
  const guest = [cpu(0, { '': 0 }), cpu(10, { '': 5 })]
  expect(cpuLoad(guest, 2).map((load) => load.value)).toEqual([0.25])
  expect(cpuLoad(guest, null).map((load) => load.value)).toEqual([0.5])
  expect(cpuLoad([cpu(0, { '': 0 }), cpu(10, { '': 11 })], 1).map((load) => load.value)).toEqual([1])
})

test('no processor time at all is a gap, not a load of zero', () => {
  expect(cpuLoad([cpu(0, {}), cpu(10, {})], 1)).toEqual([])
})

test('slots are aligned to the clock and cover the window whole', () => {
  const axis = axisOf({ from: 1_003_500, to: 2_000_000 }, 10)
  expect(axis).toEqual({ from: 1_000_000, step_ms: 100_000, count: 10 })
  const sparkline = sparklineAxis(3_600_000 * 5 + 1)
  expect(sparkline.from).toBe(3_600_000 * 4 + 300_000)
  expect(sparkline.count).toBe(12)
})
