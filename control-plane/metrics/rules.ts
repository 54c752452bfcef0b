/** How samples become charts: rates of counters, means of gauges, processor load. A gap is null, never a zero. */
import type { Instant, Interval } from '../base/time.ts'
import type { Values } from './contract.ts'

/** Beyond this many intervals without a sample nobody looked: the time between is a gap. */
export const HOLE_INTERVALS = 3
/** History is kept this long. */
export const RETENTION_MS = 24 * 3_600_000
/** A current value older than this isn't repeated to Prometheus, whose own lookback it is. */
export const STALE_MS = 5 * 60_000
/** The widest window of one chart: a day may have 25 hours. */
export const MAX_WINDOW_MS = 25 * 3_600_000
export const SPARKLINE = { points: 12, step_ms: 5 * 60_000 } as const

/** Counters of one stream (source and part) at an instant. */
export interface Sample {
  stream: string
  /** counters of different epochs are not compared */
  epoch: string
  at: Instant
  interval_ms: number
  /** since the stored sample before it in its stream and epoch; null for the first. Thinning keeps both sides of a hole. */
  after_ms: number | null
  values: Values
}

/** The mean of a gauge's samples in [first_at, last_at], which lie in one slot of time. */
export interface GaugeMean {
  stream: string
  first_at: Instant
  last_at: Instant
  interval_ms: number
  /** since the sample before `first_at`; null for the first */
  after_ms: number | null
  value: number
}

/** A value that holds over a stretch of time. */
export interface Stretch extends Interval {
  value: number
}

const isHole = (after_ms: number | null, interval_ms: number): boolean =>
  after_ms === null || after_ms > HOLE_INTERVALS * interval_ms

/** Consecutive samples that may be compared: one stream, one epoch, no hole. Samples come in the order of stream, epoch, time. */
function* pairs(samples: readonly Sample[]): Generator<[Sample, Sample]> {
  for (const [index, b] of samples.entries()) {
    const a = samples[index - 1]
    if (!a || a.stream !== b.stream || a.epoch !== b.epoch || a.at >= b.at) continue
    if (!isHole(b.after_ms, b.interval_ms)) yield [a, b]
  }
}

/** Increase per second between samples. A counter that fell was reset without saying so: a gap. */
export function rates(samples: readonly Sample[], key: string): Stretch[] {
  const out: Stretch[] = []
  for (const [a, b] of pairs(samples)) {
    const [before, after] = [a.values[key], b.values[key]]
    if (before === undefined || after === undefined || after < before) continue
    out.push({ from: a.at, to: b.at, value: ((after - before) * 1000) / (b.at - a.at) })
  }
  return out
}

const CPU = 'cpu_time_seconds'
const isCpu = (key: string) => key === CPU || key.startsWith(`${CPU}/`)
const isIdle = (key: string) => key === `${CPU}/idle` || key === `${CPU}/iowait`

/** Processor seconds between two samples, in all modes and in idle ones; null where no such counter is in both. */
function cpuIncrease(before: Values, after: Values): { all: number | null; idle: number | null } {
  let all: number | null = null
  let idle: number | null = null
  for (const [key, value] of Object.entries(after)) {
    const start = before[key]
    if (!isCpu(key) || start === undefined) continue
    all = (all ?? 0) + value - start
    if (isIdle(key)) idle = (idle ?? 0) + value - start
  }
  return { all, idle }
}

/**
 * Processor load from 0 to 1. A system that counts its idle time: the busy share of all time counted.
 * A guest seen from outside: processor seconds per second and vCPU (per second where the vCPUs aren't known).
 */
export function cpuLoad(samples: readonly Sample[], vcpus: number | null): Stretch[] {
  const out: Stretch[] = []
  for (const [a, b] of pairs(samples)) {
    const { all, idle } = cpuIncrease(a.values, b.values)
    if (all === null) continue
    const busy = all - (idle ?? 0)
    const possible = idle === null ? ((b.at - a.at) / 1000) * (vcpus || 1) : all
    if (all < 0 || busy < 0 || possible <= 0) continue
    out.push({ from: a.at, to: b.at, value: Math.min(1, busy / possible) })
  }
  return out
}

/** A gauge holds until its next sample; before a hole, and at the end, for one interval. Means come in the order of stream, time. */
export function holds(means: readonly GaugeMean[]): Stretch[] {
  return means.map((mean, index) => {
    const next = means[index + 1]
    const goesOn = next && next.stream === mean.stream && !isHole(next.after_ms, next.interval_ms)
    const to = goesOn ? Math.max(next.first_at, mean.last_at) : mean.last_at + mean.interval_ms
    return { from: mean.first_at, to, value: mean.value }
  })
}

/** `count` slots of `step_ms` from `from` on. */
export interface Axis {
  from: Instant
  step_ms: number
  count: number
}

/** Whole seconds a step, aligned to the clock, so that a chart that is asked for again keeps its slots. */
export function axisOf({ from, to }: Interval, points: number): Axis {
  const step_ms = Math.max(1, Math.ceil((to - from) / points / 1000)) * 1000
  const start = Math.floor(from / step_ms) * step_ms
  return { from: start, step_ms, count: Math.ceil((to - start) / step_ms) }
}

/** The last hour in slots of the clock; the running slot is the last one. */
export function sparklineAxis(now: Instant): Axis {
  const { step_ms, points } = SPARKLINE
  return { from: (Math.floor(now / step_ms) + 1 - points) * step_ms, step_ms, count: points }
}

/** The mean of each slot over the time in which there was a value; null where there was none. */
export function slotMeans(stretches: readonly Stretch[], { from, step_ms, count }: Axis): (number | null)[] {
  const slots = Array.from({ length: count }, () => ({ weighted: 0, covered_ms: 0 }))
  for (const stretch of stretches) {
    const first = Math.max(0, Math.floor((stretch.from - from) / step_ms))
    const end = Math.max(first, Math.ceil((stretch.to - from) / step_ms))
    for (const [index, slot] of slots.slice(first, end).entries()) {
      const start = from + (first + index) * step_ms
      const overlap_ms = Math.min(stretch.to, start + step_ms) - Math.max(stretch.from, start)
      slot.weighted += stretch.value * overlap_ms
      slot.covered_ms += overlap_ms
    }
  }
  return slots.map(({ weighted, covered_ms }) => (covered_ms > 0 ? weighted / covered_ms : null))
}
