/**
 * How readings of gauges become usage: a reading holds from its instant until the next one of its device, and for three of its own
 * intervals at most. What lies beyond is a gap, never zero. Whole numbers × milliseconds: they add up under any split, and any order of
 * arrival gives the same. Pure.
 */
import { hourOf, HOUR_MS, type Instant } from '../base/time.ts'
import { sure } from '../base/problem.ts'
import { METER_NAMES, type MeterName, meterOf } from './contract.ts'
import type { CounterReading, Course } from './rules.ts'

const HELD_INTERVALS = 3
type Held = Pick<CounterReading, 'at' | 'value' | 'interval_ms'>
/** Until when a reading holds where no other follows. */
export const heldTo = ({ at, interval_ms }: Pick<Held, 'at' | 'interval_ms'>): Instant =>
  at + HELD_INTERVALS * interval_ms

/** Of several readings of one instant the highest holds: two eyes saw one thing, and it is counted once. */
const inOrder = (a: Held, b: Held): number =>
  a.at - b.at || (a.value < b.value ? -1 : a.value > b.value ? 1 : a.interval_ms - b.interval_ms)

/** The course of one device's gauge: before its first reading nothing is known of it, and nothing is counted. */
export function heldCourse(readings: readonly Held[]): Course {
  const course: Course = { spans: [], gaps: [] }
  const list = readings.toSorted(inOrder)
  for (const [index, one] of list.entries()) {
    const [end, next] = [heldTo(one), list[index + 1]?.at]
    const to = Math.min(end, next ?? end)
    if (to > one.at)
      course.spans.push({ from: one.at, to, increase: one.value * BigInt(to - one.at), estimated: false })
    if (next !== undefined && next > end) course.gaps.push({ from: end, to: next, cause: 'silent', quantity: null })
  }
  return course
}

/** The readings of one device that held in each hour, in order: one that holds over the end of an hour proves the next one, too. */
export function heldByHour<T extends Held>(readings: readonly T[]): Map<Instant, T[]> {
  const out = new Map<Instant, T[]>()
  const list = readings.toSorted(inOrder)
  for (const [index, one] of list.entries()) {
    const to = Math.min(heldTo(one), list[index + 1]?.at ?? Infinity)
    for (let hour = hourOf(one.at); hour < Math.max(to, one.at + 1); hour += HOUR_MS) {
      const own = out.get(hour)
      if (own) own.push(one)
      else out.set(hour, [one])
    }
  }
  return out
}

/** Readings in order of device and time as runs of one value without a gap: value × time of each run is what an hour comes to. */
export function runsOf<T extends Held & { device: string }>(readings: readonly T[]): { first: T; last: T }[] {
  const out: { first: T; last: T }[] = []
  for (const own of Map.groupBy(readings, ({ device }) => device).values())
    for (const [index, one] of own.toSorted(inOrder).entries()) {
      const run = index === 0 ? undefined : out.at(-1)
      if (run && run.last.value === one.value && one.at <= heldTo(run.last)) run.last = one
      else out.push({ first: one, last: one })
    }
  return out
}

/** Gauges of a fact are a row of their own beside its counters: this is its epoch, and its position is below zero. */
export const GAUGES = 'gauges'
interface Row {
  position: number
  epoch: string
  origin_at: Instant | null
  wrap_bits: number | null
}
/** The row of a fact's gauges. They belong to no epoch: nothing begins anew. */
export const asGauges = <T extends Row>(row: T): T => ({
  ...row,
  position: -1 - row.position,
  epoch: GAUGES,
  origin_at: null,
  wrap_bits: null,
})
export const isOfGauges = ({ position }: Pick<Row, 'position'>): boolean => position < 0

export const GAUGE_METERS = METER_NAMES.filter((name) => meterOf(name).kind === 'gauge')
/** The keys under which a gauge meter is read. */
export const gaugeKeysOf = (name: MeterName): string[] => {
  const { metric = name, devices } = meterOf(name)
  return sure(devices).map((device) => (device === '' ? metric : `${metric}/${device}`))
}
