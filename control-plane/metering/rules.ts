/** How readings of counters become usage: exact, the same in any order of arrival, additive under any split. */
import { sure } from '../base/problem.ts'
import { floorDivide } from '../base/exact.ts'
import { remembered } from '../base/memo.ts'
import type { Instant, Interval } from '../base/time.ts'
import { type GapCause, METER_NAMES, type Meter, type MeterName, meterOf } from './contract.ts'

/** The engine that counted: what an earlier one issued is checked by its own rules. */
export type Engine = 1 | 2
export const ENGINE: Engine = 2

/** One counter of one device at one instant. */
export interface CounterReading {
  at: Instant
  value: bigint
  epoch: string
  /** when the counter was zero, if the source knows */
  origin: Instant | null
  wrap_bits: number | null
  interval_ms: number
  spool: string
  sequence: number
}

/** A stretch in which the counter is known to have grown by `increase`, spread evenly. */
export interface Span extends Interval {
  increase: bigint
  /** more than three intervals between the readings: the total is known, its spread is not */
  estimated: boolean
}
export interface Gap extends Interval {
  cause: GapCause
  /** what the counter grew by in it; null where that is unknown */
  quantity: bigint | null
}
export interface Course {
  spans: Span[]
  gaps: Gap[]
}

/** Meters that are read, by the metric that they read. */
const READ = Map.groupBy(
  METER_NAMES.filter((name) => /^(consumption|gauge)$/.test(meterOf(name).kind) && meterOf(name).of === undefined),
  (name) => meterOf(name).metric ?? name,
)
const isDeviceOf = ({ devices, excludes }: Meter, device: string): boolean =>
  devices ? devices.includes(device) : !excludes?.includes(device)

/** The meter and device that a key of a counter or gauge (`metric` or `metric/device`) belongs to; null for history only. */
export const meterOfKey = remembered((key): { readonly meter: MeterName; readonly device: string } | null => {
  const slash = key.indexOf('/')
  const name = slash < 0 ? key : key.slice(0, slash)
  const device = slash < 0 ? '' : key.slice(slash + 1)
  const meter = READ.get(name)?.find((one) => isDeviceOf(meterOf(one), device))
  return meter === undefined ? null : { meter, device }
})

/** A new epoch that claims to be older than the last reading of the one before is the same counter under another name. */
const CLOCK_TOLERANCE_MS = 5_000

const inOrder = (a: CounterReading, b: CounterReading): number =>
  a.at - b.at || (a.value < b.value ? -1 : a.value > b.value ? 1 : 0)

/**
 * The course of one device's counter. Each epoch telescopes by itself. What an epoch counted before its first reading
 * is used only if its origin is known and lies in observed time: after another epoch, or after `born_after`.
 * The rest is unknown, never zero.
 */
export function courseOf(
  readings: readonly CounterReading[],
  born_after: Instant | null,
  engine: Engine = ENGINE,
): Course {
  const course: Course = { spans: [], gaps: [] }
  const epochs = Map.groupBy(readings.toSorted(inOrder), (reading) => reading.epoch)
  let previous = null as Previous | null
  for (const epoch of [...epochs.values()].toSorted((a, b) => inOrder(sure(a[0]), sure(b[0])))) {
    const [first, last] = [sure(epoch[0]), sure(epoch.at(-1))]
    beginning(course, first, previous, born_after, engine)
    for (const [index, next] of epoch.entries()) if (index > 0) between(course, sure(epoch[index - 1]), next)
    previous = { first, end: Math.max(previous?.end ?? 0, last.at) }
  }
  return course
}

/** The epoch before, and the last reading of all before. */
interface Previous {
  first: CounterReading
  end: Instant
}

/**
 * True where the counter surely was zero at the origin of its epoch and what it counted since is new: it began under observation.
 * After another epoch it must have begun later than that one did (a migration's new process runs beside the old one for a while);
 * else it is the same counter under another name.
 */
function beganObserved({ origin }: CounterReading, previous: Previous | null, born_after: Instant | null): boolean {
  if (origin === null) return false
  if (!previous) return born_after !== null && origin >= born_after
  const { first, end } = previous
  return origin >= end - CLOCK_TOLERANCE_MS || first.at <= origin || (first.origin !== null && first.origin < origin)
}

/** From the epoch's origin to its first reading; what the epoch before counted after its last reading is unknown. */
function beginning(
  course: Course,
  first: CounterReading,
  previous: Previous | null,
  born_after: Instant | null,
  engine: Engine,
): void {
  const end = previous?.end ?? null
  let from = first.at
  if (beganObserved(first, previous, born_after)) {
    from = Math.min(Math.max(sure(first.origin), end ?? 0), first.at - 1)
    const estimated = first.at - from > 3 * first.interval_ms
    course.spans.push({ from, to: first.at, increase: first.value, estimated })
    // the first engine knew no silence before a first reading
    if (estimated && engine > 1) course.gaps.push({ from, to: first.at, cause: 'silent', quantity: first.value })
  }
  if (end !== null && end < from) course.gaps.push({ from: end, to: from, cause: 'reset', quantity: null })
}

/** Between two readings of one epoch: an increase, a declared wrap, or (a fall that nobody declared) an unknown. */
function between(course: Course, a: CounterReading, b: CounterReading): void {
  if (a.at === b.at) return
  const fell = b.value < a.value
  if (fell && b.wrap_bits === null) {
    course.gaps.push({ from: a.at, to: b.at, cause: 'reset', quantity: null })
    return
  }
  const increase = b.value - a.value + (fell ? 2n ** BigInt(sure(b.wrap_bits)) : 0n)
  const estimated = b.at - a.at > 3 * Math.max(a.interval_ms, b.interval_ms)
  course.spans.push({ from: a.at, to: b.at, increase, estimated })
  if (estimated) course.gaps.push({ from: a.at, to: b.at, cause: 'silent', quantity: increase })
}

/** What a span counted from its beginning to `at`: ⌊increase × elapsed ÷ length⌋, so that parts add up under any split. */
export const countedTo = (span: Span, at: Instant): bigint =>
  floorDivide(
    span.increase * BigInt(Math.min(Math.max(at, span.from), span.to) - span.from),
    BigInt(span.to - span.from),
  )

export interface Usage {
  quantity: bigint
  /** a bound of the interval lies within a spread that is only known in total */
  estimated: boolean
  gaps: Gap[]
}

/** Usage of [from, to). */
export function usageIn(course: Course, { from, to }: Interval): Usage {
  const touching = course.spans.filter((span) => span.from < to && span.to > from)
  const quantity = touching.reduce((sum, span) => sum + countedTo(span, to) - countedTo(span, from), 0n)
  const estimated = touching.some((span) => span.estimated && span.increase > 0n && (span.from < from || span.to > to))
  const gaps = course.gaps.filter((gap) => gap.from < to && gap.to > from)
  return {
    quantity,
    estimated,
    gaps: gaps.map((gap) => clipped(gap, { from, to })),
  }
}

/** The part of a gap that lies in an interval, with what the counter grew by in that part: spread as usage spreads it. */
function clipped(gap: Gap, { from, to }: Interval): Gap {
  const part = { from: Math.max(gap.from, from), to: Math.min(gap.to, to) }
  if (gap.quantity === null) return { ...gap, ...part }
  const span = { ...gap, increase: gap.quantity, estimated: true }
  return { ...gap, ...part, quantity: countedTo(span, part.to) - countedTo(span, part.from) }
}

/** True where growth was spread over this instant: only then a bound there makes an estimate of what lies on either side. */
export const isSpreadOver = (course: Course, at: Instant): boolean =>
  course.spans.some((span) => span.estimated && span.increase > 0n && span.from < at && at < span.to)

/** Stretches that meet or overlap as one, in order. */
export function joined(list: readonly Interval[]): Interval[] {
  const out: Interval[] = []
  for (const { from, to } of list.toSorted((a, b) => a.from - b.from)) {
    const last = out.at(-1)
    if (last && from <= last.to) last.to = Math.max(last.to, to)
    else out.push({ from, to })
  }
  return out
}

/** Milliseconds of the interval that the gaps cover, each counted once. */
export function coveredMs(gaps: readonly Interval[]): number {
  let covered = 0
  let end = -Infinity
  for (const gap of gaps.toSorted((a, b) => a.from - b.from)) {
    covered += Math.max(0, gap.to - Math.max(gap.from, end))
    end = Math.max(end, gap.to)
  }
  return covered
}

/** Whether a state counts for a meter. */
export const counts = (meter: Meter, state: string): boolean => meter.counts !== 'running' || state === 'running'
