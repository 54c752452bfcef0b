/** From the readings of one resource to its usage of each hour: pure. */
import { canonical, sha256 } from '#connectors/contract.ts'
import { sure } from '../base/problem.ts'
import { hourOf, HOUR_MS, type Instant, type Interval } from '../base/time.ts'
import { type MeterName, meterOf } from './contract.ts'
import { heldByHour, heldCourse, runsOf } from './gauges.ts'
import {
  type Course,
  courseOf,
  type CounterReading,
  ENGINE,
  type Engine,
  type Gap,
  meterOfKey,
  usageIn,
} from './rules.ts'
import type { StoredBound, StoredGap } from './schema.ts'
import type { ReadingRow } from './readings/store.ts'
import type { UsageRow } from './store.ts'

/** What is known of a meter in an hour, or in a part of one. */
export type Usage = Pick<UsageRow, 'quantity' | 'estimated' | 'gaps' | 'bounds' | 'reading_count' | 'digest'>
export interface HourUsage extends Usage {
  meter: MeterName
  hour: Instant
}
/** A reading with the device of its counter or gauge. */
export type DeviceReading = CounterReading & { device: string }

/** One meter of a resource: the courses of its devices, and the readings behind them. */
export interface Metered {
  meter: MeterName
  courses: Course[]
  /** of all devices, by hour, in order of time; a gauge's in each hour in which they held */
  readings: Map<Instant, DeviceReading[]>
}
const isGauge = (meter: MeterName): boolean => meterOf(meter).kind === 'gauge'

const inOrder = (a: DeviceReading, b: DeviceReading): number => a.at - b.at || (lineOf(a) < lineOf(b) ? -1 : 1)

/** The courses of every meter and device in the readings. */
export function measure(list: readonly ReadingRow[], born_after: Instant | null, engine: Engine = ENGINE): Metered[] {
  return [...byMeter(list)].map(([meter, all]) => {
    const devices = [...Map.groupBy(all, (reading) => reading.device).values()]
    if (isGauge(meter)) return { meter, courses: devices.map(heldCourse), readings: proofOfGauges(devices) }
    const courses = devices.map((own) => courseOf(own, born_after, engine))
    return { meter, courses, readings: Map.groupBy(all.toSorted(inOrder), ({ at }) => hourOf(at)) }
  })
}

function proofOfGauges(devices: readonly DeviceReading[][]): Metered['readings'] {
  const out: Metered['readings'] = new Map()
  for (const own of devices)
    for (const [hour, list] of heldByHour(own)) out.set(hour, [...(out.get(hour) ?? []), ...list])
  for (const [hour, list] of out) out.set(hour, list.toSorted(inOrder))
  return out
}

function byMeter(list: readonly ReadingRow[]): Map<MeterName, DeviceReading[]> {
  const out = new Map<MeterName, DeviceReading[]>()
  for (const row of list)
    for (const [key, digits] of Object.entries(row.counters)) {
      const place = meterOfKey(key)
      if (!place) continue
      const readings = out.get(place.meter) ?? []
      out.set(place.meter, readings)
      readings.push({
        device: place.device,
        at: row.seen_at,
        value: BigInt(digits),
        epoch: isGauge(place.meter) ? '' : row.epoch,
        origin: row.origin_at,
        wrap_bits: row.wrap_bits,
        interval_ms: row.interval_ms,
        spool: row.spool_id,
        sequence: row.sequence,
      })
    }
  return out
}

/** The hours that begin in an interval of whole ones. */
export function* hoursIn({ from, to }: Interval): Iterable<Instant> {
  for (let hour = from; hour < to; hour += HOUR_MS) yield hour
}

/** Usage of one hour by the meters that have any, or a gap: a gap is a state, not a zero. */
export const usageOfHour = (measured: readonly Metered[], hour: Instant): HourUsage[] =>
  measured.flatMap((metered) => {
    const usage = usageWithin(metered, { from: hour, to: hour + HOUR_MS })
    return isNothing(usage) ? [] : [{ meter: metered.meter, hour, ...usage }]
  })

export const isNothing = ({ quantity, gaps }: Pick<Usage, 'quantity' | 'gaps'>): boolean =>
  quantity === 0n && gaps.length === 0

/** Usage of an interval that lies within one hour; what proves it is of the whole hour. */
export function usageWithin({ meter, courses, readings }: Metered, interval: Interval, engine: Engine = ENGINE): Usage {
  const proof = readings.get(hourOf(interval.from)) ?? []
  return {
    ...total(courses, interval),
    bounds: isGauge(meter) ? runsOf(proof).map(boundsOf) : bounds(proof),
    reading_count: proof.length,
    digest: engine === 1 ? sortedDigest(proof) : digestOf(proof),
  }
}

/** Usage of an interval over all devices of a meter. */
export function total(courses: readonly Course[], interval: Interval): Pick<Usage, 'quantity' | 'estimated' | 'gaps'> {
  const parts = courses.map((course) => usageIn(course, interval))
  return {
    quantity: parts.reduce((sum, part) => sum + part.quantity, 0n),
    estimated: parts.some((part) => part.estimated),
    gaps: sortedGaps(parts.flatMap((part) => part.gaps.map(storedGap))),
  }
}

const storedGap = ({ from, to, cause, quantity }: Gap): StoredGap => ({
  from_ms: from,
  to_ms: to,
  cause,
  ...(quantity !== null && { quantity: quantity.toString() }),
})
export const gapOf = ({ from_ms, to_ms, cause, quantity }: StoredGap): Gap => ({
  from: from_ms,
  to: to_ms,
  cause,
  quantity: quantity === undefined ? null : BigInt(quantity),
})

/** In one order, whatever the order in which devices and readings came. */
export const sortedGaps = (gaps: readonly StoredGap[]): StoredGap[] =>
  gaps.toSorted((a, b) => a.from_ms - b.from_ms || a.to_ms - b.to_ms || (restOf(a) < restOf(b) ? -1 : 1))
const restOf = ({ cause, quantity = '' }: StoredGap): string => `${cause} ${quantity}`

/** First and last reading of each device and epoch: increases of counters telescope, so these prove the sum. */
export function bounds(readings: readonly DeviceReading[]): StoredBound[] {
  const out = [...Map.groupBy(readings, ({ device, epoch }) => `${device}\n${epoch}`).values()].map((list) => {
    return boundsOf({ first: sure(list[0]), last: sure(list.at(-1)) })
  })
  return out.toSorted((a, b) => (a.device + a.epoch < b.device + b.epoch ? -1 : 1))
}

const boundsOf = ({ first, last }: { first: DeviceReading; last: DeviceReading }): StoredBound => ({
  device: first.device,
  epoch: first.epoch,
  first: boundOf(first),
  last: boundOf(last),
})
export const boundOf = ({ at, value, spool, sequence }: CounterReading) => ({
  at_ms: at,
  value: value.toString(),
  spool,
  sequence,
})

/** A JSON array; written out, since a digest is made of each reading. */
const lineOf = (r: DeviceReading): string =>
  `[${JSON.stringify(r.device)},${r.at},"${r.spool}",${r.sequence},${JSON.stringify(r.epoch)},${r.origin},${r.wrap_bits},"${r.value}"]`

const CHAIN = 'chain:'
/** A chain of SHA-256 over readings in order of time: one altered digit shows, and later readings continue it. */
export const digestOf = (readings: readonly DeviceReading[], before = ''): string =>
  readings.reduce((digest, reading) => CHAIN + sha256(`${digest}\n${lineOf(reading)}`), before)
/** Only such a digest can be continued. */
export const isChain = (digest: string): boolean => digest.startsWith(CHAIN)

/** How the first engine proved an hour: rows that it wrote are kept as they are, and checked so. */
const sortedDigest = (readings: readonly DeviceReading[]): string =>
  sha256(
    canonical(
      readings
        .map((r) => [r.device, r.at, r.spool, r.sequence, r.epoch, r.origin, r.wrap_bits, r.value.toString()].join(' '))
        .toSorted(),
    ),
  )

/** Whether these readings give the digest of a stored hour, whichever engine wrote it. */
export const isProvenBy = (digest: string, metered: Metered | undefined, hour: Instant): boolean => {
  const readings = metered?.readings.get(hour) ?? []
  return digest === (isChain(digest) || digest === '' ? digestOf(readings) : sortedDigest(readings))
}
