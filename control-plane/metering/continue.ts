/** Readings at the end continue the hours that are stored already, so that a tick costs a tick and not an hour: pure. */
import { sure } from '../base/problem.ts'
import { HOUR_MS, hourOf, type Instant } from '../base/time.ts'
import { isOfGauges } from './gauges.ts'
import {
  boundOf,
  bounds,
  type DeviceReading,
  digestOf,
  type HourUsage,
  isChain,
  isNothing,
  measure,
  type Metered,
  sortedGaps,
  total,
} from './hours.ts'
import type { ReadingRow } from './readings/store.ts'
import type { UsageRow } from './store.ts'

/**
 * The hours that change, given the last reading that counts already, those after it, and the live usage from its hour on.
 * Null where the end alone doesn't say it: an epoch or a device began, an hour has no row to continue, readings came late.
 */
export function continued(
  last: ReadingRow,
  fresh: readonly ReadingRow[],
  live: readonly UsageRow[],
): HourUsage[] | null {
  const readings = [last, ...fresh]
  if (!isPlain(readings)) return null
  const out: HourUsage[] = []
  const end = hourOf(sure(readings.at(-1)).seen_at)
  for (const metered of measure(readings, null))
    for (let hour = hourOf(last.seen_at); hour <= end; hour += HOUR_MS) {
      const stored = live.find((row) => row.meter === metered.meter && row.hour === hour) ?? null
      const next = nextOf(metered, hour, last.seen_at, stored)
      if (next === 'unknown') return null
      if (next) out.push(next)
    }
  return out
}

/**
 * One epoch, the same counters, one reading an instant; no gauges, for what held until the end is known only with what follows. A reading at the very end of an hour leaves no trace in a row:
 * whether it counts already can't be told.
 */
function isPlain(readings: readonly ReadingRow[]): boolean {
  const keys = (row: ReadingRow) => Object.keys(row.counters).toSorted().join('\n')
  const [first] = readings
  return readings.every(
    (row, index) =>
      row.epoch === first?.epoch &&
      !isOfGauges(row) &&
      row.seen_at % HOUR_MS !== 0 &&
      (index === 0 || (sure(readings[index - 1]).seen_at < row.seen_at && keys(row) === keys(first))),
  )
}

function nextOf(
  metered: Metered,
  hour: Instant,
  last_at: Instant,
  stored: UsageRow | null,
): HourUsage | 'unknown' | null {
  const { meter, courses } = metered
  const grown = total(courses, { from: hour, to: hour + HOUR_MS })
  const fresh = (metered.readings.get(hour) ?? []).filter((reading) => reading.at > last_at)
  if (hour === hourOf(last_at)) {
    if (!stored) return isNothing(grown) ? null : 'unknown'
    if (!endsAt(stored, last_at, courses.length)) return 'unknown'
    return fresh.length === 0 && isNothing(grown) ? null : { meter, hour, ...added(stored, grown, fresh) }
  }
  if (stored) return 'unknown'
  if (isNothing(grown)) return null
  return { meter, hour, ...grown, bounds: bounds(fresh), reading_count: fresh.length, digest: digestOf(fresh) }
}

/** True where the row ends with the last reading in every device, and knows one epoch only. */
const endsAt = (stored: UsageRow, last_at: Instant, devices: number): boolean =>
  isChain(stored.digest) &&
  stored.bounds.length === devices &&
  stored.bounds.every(({ last }) => last.at_ms === last_at)

const added = (
  stored: UsageRow,
  grown: ReturnType<typeof total>,
  fresh: readonly DeviceReading[],
): Omit<HourUsage, 'meter' | 'hour'> => ({
  quantity: stored.quantity + grown.quantity,
  estimated: stored.estimated || grown.estimated,
  gaps: sortedGaps([...stored.gaps, ...grown.gaps]),
  bounds: stored.bounds.map((bound) => {
    const newest = fresh.findLast(({ device }) => device === bound.device)
    return newest ? { ...bound, last: boundOf(newest) } : bound
  }),
  reading_count: stored.reading_count + fresh.length,
  digest: digestOf(fresh, stored.digest),
})
