/** Percentiles of what a resource's counters did in a period: read window by window, so that only sums of slots are held. */
import type { Interval } from '../base/time.ts'
import { sure } from '../base/problem.ts'
import { permit } from '../base/actor.ts'
import type { Context } from '../db/index.ts'
import { bornOf } from '../inventory/index.ts'
import { hourMetersOf, type MeterName, meterOf, type Peak } from './contract.ts'
import { measure, type Metered } from './hours.ts'
import { readingsAround, type ReadingRow } from './readings/store.ts'
import { meterOfKey } from './rules.ts'
import { Slots, slotsIn, wholeSlots } from './slots.ts'

export interface PeakWanted {
  resource_id: string
  /** a percentile meter */
  meter: MeterName
  /** all of the time in question; it may have holes */
  times: readonly Interval[]
  /** what was silent counts for nothing */
  skips: boolean
}

/** Readings of so much time are held at once: at one in ten seconds, 35,000. */
const WINDOW_MS = 4 * 24 * 3_600_000

/** The percentile of each, in the order asked, as known to a cut. Meters of one resource and time share what is read. */
export async function peaksOf(ctx: Context, wanted: readonly PeakWanted[], cut: number): Promise<Peak[]> {
  permit(ctx, 'usage.read')
  const out = new Map<PeakWanted, Peak>()
  const born = await bornOf(ctx, [...new Set(wanted.map((one) => one.resource_id))], cut)
  const groups = Map.groupBy(wanted, ({ resource_id, times }) => JSON.stringify([resource_id, times]))
  for (const group of groups.values()) {
    const { resource_id, times } = sure(group[0])
    const slots = new Slots()
    for (const window of windowsOf(wholeSlots(times), WINDOW_MS)) {
      const measured = await measuredIn(ctx, { resource_id, ...window }, born.get(resource_id) ?? null, cut)
      const { rate } = meterOf(sure(group[0]).meter)
      const of = (meter: MeterName) => slotsIn(coursesOf(measured, meter), window)
      slots.add(window.from, of(sure(rate).in), of(sure(rate).out))
    }
    for (const one of group) out.set(one, slots.peak(sure(meterOf(one.meter).rate).dropped_percent, one.skips))
  }
  return wanted.map((one) => sure(out.get(one)))
}

export function* windowsOf(times: readonly Interval[], length_ms: number): Iterable<Interval> {
  for (const { from, to } of times)
    for (let at = from; at < to; at += length_ms) yield { from: at, to: Math.min(to, at + length_ms) }
}

export const coursesOf = (measured: readonly Metered[], meter: MeterName): Metered['courses'] =>
  measured.find((one) => one.meter === meter)?.courses ?? []

/** What the network counters of one resource did in a window. */
export async function measuredIn(
  ctx: Context,
  window: Interval & { resource_id: string },
  born_after: number | null,
  cut: number,
): Promise<Metered[]> {
  const readings = await readingsAround(ctx, [window], cut)
  return measure((readings.get(window.resource_id) ?? []).map(ofNetwork), born_after)
}

const NETWORK = new Set<MeterName>(hourMetersOf('network_p95'))
/** A reading without the counters that no percentile looks at: those are most of it. */
function ofNetwork(row: ReadingRow): ReadingRow {
  const counters: ReadingRow['counters'] = {}
  for (const [key, digits] of Object.entries(row.counters)) {
    const place = meterOfKey(key)
    if (place && NETWORK.has(place.meter)) counters[key] = digits
  }
  return { ...row, counters }
}
