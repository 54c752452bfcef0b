/** What counters say of a machine's consumption: increases of each epoch, spread evenly between two readings. */
import type { OutcomeUsage } from '../outcome.ts'
import type { Instant, Machine, MachineKey, Tick } from '../truth.ts'
import type { Unobserved } from './gaps.ts'
import { type Known, stored } from './known.ts'
import { type Meter, METERS } from './meters.ts'

export const HOUR_MS = 3_600_000

/** A counter grew by `increase` on [from, to). */
interface Growth {
  from: Instant
  to: Instant
  increase: bigint
  /** so long that only the total is known */
  spread: boolean
}
export interface Gap {
  from: Instant
  to: Instant
}
export interface UsedIn {
  quantity: bigint
  /** of it, what is only known in total */
  spread: bigint
  estimated: boolean
  gaps: Unobserved[]
}
/** All counters of one meter of one machine. */
export interface Flow {
  growths: Growth[]
  /** what was counted here will never be known */
  unknown: Gap[]
}
interface Reading {
  at: Instant
  value: bigint
  tick: Tick
}

/** Consumption of a machine, by meter; `wanted`: of these only. */
export function flowsOf(
  machine: Machine,
  born_after: Instant | null,
  known: Known,
  wanted: readonly string[] = Object.keys(METERS),
): Map<string, Flow> {
  const ticks = (known.world.ticks.get(machine.key) ?? []).filter((tick) => stored(tick, known))
  const counters = new Map<string, Reading[]>()
  const meters = new Map<string, string | null>()
  for (const tick of ticks)
    for (const [key, value] of Object.entries(tick.counters)) {
      if (!meters.has(key)) meters.set(key, meteredBy(key))
      if (!wanted.includes(meters.get(key) ?? '')) continue
      const series = counters.get(key) ?? []
      if (series.length === 0) counters.set(key, series)
      series.push({ at: tick.seen_at, value, tick })
    }
  const flows = new Map<string, Flow>()
  for (const [key, series] of counters) {
    const meter = meters.get(key) ?? ''
    const flow = flows.get(meter) ?? { growths: [], unknown: [] }
    flows.set(meter, flow)
    addCounter(flow, series, born_after)
  }
  return flows
}

/** The meter of a counter `metric/device`; null where nobody sells it. */
function meteredBy(key: string): string | null {
  const [name = '', ...device] = key.split('/')
  const meter = (METERS as Record<string, Meter>)[name]
  if (meter?.kind !== 'consumption') return null
  return meter.excludes?.includes(device.join('/')) ? null : name
}

/** Readings of one counter, epoch by epoch in the order in which the epochs were first read. */
function addCounter(flow: Flow, series: readonly Reading[], born_after: Instant | null): void {
  const epochs = [...Map.groupBy(series, (reading) => reading.tick.epoch).values()]
  for (const [index, epoch] of epochs.entries()) {
    const [first] = epoch
    if (!first) continue
    begin(flow, first, epochs.slice(0, index).flat(), born_after)
    for (const [n, next] of epoch.entries()) {
      const previous = epoch[n - 1]
      if (previous) grow(flow, previous, next)
    }
  }
}

/** What an epoch counted before its first reading, and what the ones before counted after their last. */
function begin(flow: Flow, first: Reading, earlier: readonly Reading[], born_after: Instant | null): void {
  const last = earlier.length > 0 ? Math.max(...earlier.map((reading) => reading.at)) : null
  const { origin, interval_ms } = first.tick
  let from = first.at
  if (origin !== null && inObservedTime(origin, earlier, born_after)) {
    from = Math.min(Math.max(origin, last ?? origin), first.at - 1)
    flow.growths.push({ from, to: first.at, increase: first.value, spread: first.at - from > 3 * interval_ms })
  }
  if (last !== null && last < from) flow.unknown.push({ from: last, to: from })
}

/** A counter that began while its machine was looked at; an older one is an earlier epoch's under a new name. */
function inObservedTime(origin: Instant, earlier: readonly Reading[], born_after: Instant | null): boolean {
  const [one] = earlier
  if (!one) return born_after !== null && origin >= born_after
  const newest = earlier.at(-1)?.tick.epoch
  const previous = earlier.find((reading) => reading.tick.epoch === newest) ?? one
  return origin >= previous.at || (previous.tick.origin !== null && previous.tick.origin < origin)
}

/** Between two readings of one epoch: an increase, over its declared wrap where it fell; an undeclared fall is unknown. */
function grow(flow: Flow, a: Reading, b: Reading): void {
  if (a.at === b.at) return
  const { wrap_bits } = b.tick
  const fell = b.value < a.value
  if (fell && wrap_bits === null) {
    flow.unknown.push({ from: a.at, to: b.at })
    return
  }
  flow.growths.push({
    from: a.at,
    to: b.at,
    increase: b.value - a.value + (fell ? 2n ** BigInt(wrap_bits ?? 0) : 0n),
    spread: b.at - a.at > 3 * Math.max(a.tick.interval_ms, b.tick.interval_ms),
  })
}

/** What was counted from the beginning of a growth to `at`, which lies in it: floored, so that parts add up. */
const counted = ({ from, to, increase }: Growth, at: Instant): bigint =>
  (increase * BigInt(Math.min(Math.max(at, from), to) - from)) / BigInt(to - from)

const part = (growth: Growth, from: Instant, to: Instant): bigint => counted(growth, to) - counted(growth, from)

/** A bound lies within a growth of which only the total is known. */
const cutBy = (growth: Growth, from: Instant, to: Instant): boolean =>
  growth.spread && growth.increase > 0n && (growth.from < from || growth.to > to)

/** Usage of one interval, with the time in which it is unknown or spread. */
export function usageIn(flow: Flow, from: Instant, to: Instant): UsedIn {
  const inside = <T extends Gap>(list: readonly T[]) => list.filter((one) => one.from < to && one.to > from)
  const growths = inside(flow.growths)
  const silent = growths.filter((growth) => growth.spread)
  const grown = (list: readonly Growth[]) => list.reduce((sum, growth) => sum + part(growth, from, to), 0n)
  const clipped = (list: readonly Gap[], cause: Unobserved['cause']) =>
    list.map((gap) => ({ from: Math.max(gap.from, from), to: Math.min(gap.to, to), cause }))
  return {
    quantity: grown(growths),
    spread: grown(silent),
    estimated: growths.some((growth) => cutBy(growth, from, to)),
    gaps: [...clipped(silent, 'silent'), ...clipped(inside(flow.unknown), 'reset')],
  }
}

/** Usage of every UTC hour in which there was some, into `out` by `machine meter hour`. */
export function addHours(out: Record<string, OutcomeUsage>, machine: MachineKey, flows: Map<string, Flow>): void {
  for (const [meter, flow] of flows) {
    const hours = new Map<Instant, { quantity: bigint; estimated: boolean }>()
    for (const growth of flow.growths)
      for (let hour = growth.from - (growth.from % HOUR_MS); hour < growth.to; hour += HOUR_MS) {
        const sum = hours.get(hour) ?? { quantity: 0n, estimated: false }
        hours.set(hour, {
          quantity: sum.quantity + part(growth, hour, hour + HOUR_MS),
          estimated: sum.estimated || cutBy(growth, hour, hour + HOUR_MS),
        })
      }
    for (const [hour, { quantity, estimated }] of hours)
      if (quantity > 0n)
        out[`${machine} ${meter} ${new Date(hour).toISOString()}`] = { quantity: quantity.toString(), estimated }
  }
}
