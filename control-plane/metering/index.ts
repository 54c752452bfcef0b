/** Verbs of metering: readings in, usage of each hour out, and usage of any interval for rating. */
import { sure } from '../base/problem.ts'
import { newId } from '../base/id.ts'
import { fromIso, HOUR_MS, hourOf, type Instant, type Interval, intersect, iso, splitAt } from '../base/time.ts'
import { permit } from '../base/actor.ts'
import { LIVE, openCut } from '../db/cut.ts'
import { type Context } from '../db/index.ts'
import { bornOf, requireResource } from '../inventory/index.ts'
import type { MeterName, UsageHour, UsageQuery } from './contract.ts'
import { type Course, courseOf, type CounterReading, type Gap, usageIn } from './rules.ts'
import type { StoredBound, StoredReading } from './schema.ts'
import {
  byMeter,
  claimDirty,
  insertReadings,
  insertUsage,
  liveUsage,
  markUsageDirty,
  type ReadingRow,
  readingsAround,
  readingsDigest,
  supersedeUsage,
  usageKnownAt,
  type UsageRow,
} from './store.ts'

export { meteredBySource, pendingUsage, reportedUpTo, type UsageRow } from './store.ts'

/** Stores counters of one batch; the usage of their hours is made anew later. */
export async function storeReadings(ctx: Context, list: ReadingRow[], cut: number): Promise<void> {
  permit(ctx, 'usage.read')
  await insertReadings(ctx, list, cut)
  const spans = new Map<string, Interval>()
  for (const { resource_id, seen_at } of list) {
    const span = spans.get(resource_id)
    spans.set(resource_id, {
      from: Math.min(span?.from ?? seen_at, seen_at),
      to: Math.max(span?.to ?? seen_at, seen_at),
    })
  }
  await markUsageDirty(ctx, spans)
}

/** A birth that moved changes what the first epoch counts. */
export const usageChangedFrom = (ctx: Context, resource_id: string, since: Instant): Promise<void> =>
  markUsageDirty(ctx, new Map([[resource_id, { from: since, to: ctx.now() }]]))

/** Makes the usage of at most `limit` dirty resources anew; returns how many there were. */
export async function settleUsage(ctx: Context, limit: number): Promise<number> {
  const cut = await openCut(ctx.tx)
  const dirty = await claimDirty(ctx, limit)
  for (const { resource_id, since, until } of dirty)
    await settleHours(ctx, resource_id, { from: since, to: until + 1 }, cut)
  return dirty.length
}

/** A reading changes the spread from the reading before it to the one after it. */
async function settleHours(ctx: Context, resource_id: string, dirty: Interval, cut: number): Promise<void> {
  const around = await readingsAround(ctx, resource_id, dirty, null)
  const born = await bornOf(ctx, resource_id, cut)
  const instants = [...around.map((row) => row.seen_at), ...births(around, dirty.from, born)]
  const whole = {
    from: hourOf(Math.min(dirty.from, ...instants)),
    to: hourOf(Math.max(dirty.to - 1, ...instants)) + HOUR_MS,
  }
  const usage = measure(await readingsAround(ctx, resource_id, whole, null), born)
  const live = await liveUsage(ctx, resource_id, whole)
  const fresh: UsageRow[] = []
  for (const hour of hoursOf(whole)) fresh.push(...usage.rows(resource_id, hour, cut, ctx.now()))
  fresh.push(...emptied(live, fresh, cut, ctx.now()))
  const key = (row: UsageRow) =>
    JSON.stringify([row.meter, row.hour, row.quantity.toString(), row.estimated, row.digest, row.gaps])
  const wanted = new Set(fresh.map(key))
  const kept = new Set(live.map(key).filter((k) => wanted.has(k)))
  await supersedeUsage(
    ctx,
    live.filter((row) => !kept.has(key(row))),
    cut,
  )
  await insertUsage(
    ctx,
    fresh.filter((row) => !kept.has(key(row))),
  )
}

/** Hours that had usage and have none any more keep a row of zero: a row that vanishes is always damage. */
const emptied = (live: readonly UsageRow[], fresh: readonly UsageRow[], cut: number, now: Instant): UsageRow[] =>
  live
    .filter((old) => !fresh.some((row) => row.meter === old.meter && row.hour === old.hour))
    .map((old) => ({
      ...old,
      id: newId(),
      quantity: 0n,
      estimated: false,
      gaps: [],
      bounds: [],
      reading_count: 0,
      digest: '',
      cut_from: cut,
      cut_to: null,
      stored_at: now,
    }))

/** Origins of epochs that begin in the dirty time of a resource whose birth was observed: usage reaches back to them. */
function births(around: readonly ReadingRow[], dirtyFrom: Instant, born: Instant | null): Instant[] {
  if (born === null) return []
  const known = new Set(around.filter((row) => row.seen_at < dirtyFrom).map((row) => row.epoch))
  return around.flatMap((row) =>
    known.has(row.epoch) || row.origin_at === null || row.origin_at < born ? [] : [row.origin_at],
  )
}

function* hoursOf({ from, to }: Interval): Iterable<Interval> {
  for (let hour = from; hour < to; hour += HOUR_MS) yield { from: hour, to: hour + HOUR_MS }
}

interface Measured {
  meters: Map<MeterName, { devices: Map<string, CounterReading[]>; courses: Course[] }>
  rows(resource_id: string, hour: Interval, cut: number, now: Instant): UsageRow[]
}

/** Courses of every meter and device in the readings. */
function measure(list: readonly ReadingRow[], born_after: Instant | null): Measured {
  const meters: Measured['meters'] = new Map()
  for (const [meter, devices] of byMeter(list))
    meters.set(meter, { devices, courses: [...devices.values()].map((series) => courseOf(series, born_after)) })
  return {
    meters,
    rows: (resource_id, hour, cut, now) =>
      [...meters].flatMap(([meter, { devices, courses }]) => {
        const { quantity, estimated, gaps } = total(courses, hour)
        if (quantity === 0n && !gaps.some((gap) => gap.cause === 'reset')) return []
        const inHour = [...devices.values()].flat().filter((r) => r.at >= hour.from && r.at < hour.to)
        return [
          {
            id: newId(),
            resource_id,
            meter,
            hour: hour.from,
            quantity,
            estimated,
            cut_from: cut,
            cut_to: null,
            stored_at: now,
            gaps: gaps.map(({ from, to, cause }) => ({ from_ms: from, to_ms: to, cause })),
            bounds: bounds(devices, hour),
            reading_count: inHour.length,
            digest: readingsDigest(devices, hour),
          },
        ]
      }),
  }
}

/** Usage of an interval over all devices of a meter. */
function total(courses: readonly Course[], interval: Interval): { quantity: bigint; estimated: boolean; gaps: Gap[] } {
  const parts = courses.map((course) => usageIn(course, interval))
  return {
    quantity: parts.reduce((sum, part) => sum + part.quantity, 0n),
    estimated: parts.some((part) => part.estimated),
    gaps: parts.flatMap((part) => part.gaps),
  }
}

/** First and last reading of each device and epoch in the interval: increases telescope, so these prove the sum. */
function bounds(devices: ReadonlyMap<string, CounterReading[]>, { from, to }: Interval): StoredBound[] {
  const out: StoredBound[] = []
  for (const [device, series] of devices)
    for (const [epoch, list] of Map.groupBy(
      series.filter((r) => r.at >= from && r.at < to),
      (r) => r.epoch,
    )) {
      const ordered = list.toSorted((a, b) => a.at - b.at)
      const stored = (r: CounterReading) => ({
        at_ms: r.at,
        value: r.value.toString(),
        spool: r.spool,
        sequence: r.sequence,
      })
      out.push({ device, epoch, first: stored(sure(ordered[0])), last: stored(sure(ordered.at(-1))) })
    }
  return out.toSorted((a, b) => (a.device + a.epoch < b.device + b.epoch ? -1 : 1))
}

/** A part of a consumption: a whole stored hour, or the edge of one computed from its readings. */
export interface UsageLeaf extends Interval {
  quantity: bigint
  digest: string
  reading_count: number
  bounds: StoredBound[]
  estimated: boolean
  gaps: Gap[]
  /** the stored hour; null for an edge */
  usage_id: string | null
}

/**
 * Usage of consumption meters by one resource in each of the intervals, as known to a cut: stored rows for whole hours,
 * readings for the hours that a bound cuts. Intervals of one call must not overlap.
 */
export async function usageOf(
  ctx: Context,
  resource_id: string,
  intervals: readonly Interval[],
  cut: number,
): Promise<Map<Interval, Map<MeterName, UsageLeaf[]>>> {
  permit(ctx, 'usage.read')
  const out = new Map<Interval, Map<MeterName, UsageLeaf[]>>()
  const edges = new Map<Instant, Measured>()
  const born = intervals.length > 0 ? await bornOf(ctx, resource_id, cut) : null
  for (const interval of intervals) {
    const leaves = new Map<MeterName, UsageLeaf[]>()
    const push = (meter: MeterName, leaf: UsageLeaf) => leaves.set(meter, [...(leaves.get(meter) ?? []), leaf])
    const whole = { from: Math.ceil(interval.from / HOUR_MS) * HOUR_MS, to: hourOf(interval.to) }
    if (whole.from < whole.to)
      for (const row of await usageKnownAt(ctx, [resource_id], whole, cut)) push(row.meter, leafOf(row))
    for (const part of splitAt(interval, [whole.from, whole.to])) {
      if (part.from >= whole.from && part.to <= whole.to && whole.from < whole.to) continue
      const hour = hourOf(part.from)
      const measured =
        edges.get(hour) ??
        measure(await readingsAround(ctx, resource_id, { from: hour, to: hour + HOUR_MS }, cut), born)
      edges.set(hour, measured)
      for (const [meter, leaf] of edgeLeaves(measured, part)) push(meter, leaf)
    }
    out.set(interval, leaves)
  }
  return out
}

const leafOf = (row: UsageRow): UsageLeaf => ({
  from: row.hour,
  to: row.hour + HOUR_MS,
  quantity: row.quantity,
  digest: row.digest,
  reading_count: row.reading_count,
  bounds: row.bounds,
  estimated: row.estimated,
  gaps: row.gaps.map((gap) => ({ from: gap.from_ms, to: gap.to_ms, cause: gap.cause })),
  usage_id: row.id,
})

function* edgeLeaves(measured: Measured, part: Interval): Iterable<[MeterName, UsageLeaf]> {
  for (const [meter, { devices, courses }] of measured.meters) {
    const { quantity, estimated, gaps } = total(courses, part)
    if (quantity === 0n && gaps.length === 0) continue
    const hour = { from: hourOf(part.from), to: hourOf(part.from) + HOUR_MS }
    const inside = [...devices.values()].flat().filter((r) => intersect({ from: r.at, to: r.at + 1 }, hour))
    yield [
      meter,
      {
        ...part,
        quantity,
        estimated,
        gaps,
        digest: readingsDigest(devices, hour),
        reading_count: inside.length,
        bounds: bounds(devices, hour),
        usage_id: null,
      },
    ]
  }
}

/** What a verifier compares: the usage rows that the readings known to a cut give for the whole hours of an interval. */
export async function remeasure(
  ctx: Context,
  resource_id: string,
  interval: Interval,
  cut: number,
): Promise<UsageRow[]> {
  const usage = measure(await readingsAround(ctx, resource_id, interval, cut), await bornOf(ctx, resource_id, cut))
  return [...hoursOf(interval)].flatMap((hour) => usage.rows(resource_id, hour, cut, ctx.now()))
}

/** Usage rows of a resource known to a cut, for hours that begin in the interval. */
export const usageRows = (ctx: Context, resource_id: string, interval: Interval, cut: number): Promise<UsageRow[]> =>
  usageKnownAt(ctx, [resource_id], interval, cut)

const MAX_QUERY_MS = 31 * 24 * HOUR_MS
/** Stored usage of a resource by hour, for pages and exports. */
export async function usageByHour(ctx: Context, resource_id: string, query: UsageQuery): Promise<UsageHour[]> {
  permit(ctx, 'usage.read')
  await requireResource(ctx, resource_id)
  const to = query.to ? fromIso(query.to) : ctx.now()
  const from = Math.max(query.from ? fromIso(query.from) : to - 24 * HOUR_MS, to - MAX_QUERY_MS)
  const rows = await usageKnownAt(ctx, [resource_id], { from: hourOf(from), to }, LIVE)
  return rows.filter((row) => !query.meter || row.meter === query.meter).map(presentHour)
}

const presentReading = ({ at_ms, value, spool, sequence }: StoredReading) => ({
  at: iso(at_ms),
  value,
  spool,
  sequence,
})
const presentHour = ({ meter, hour, quantity, reading_count, estimated, gaps, bounds: list }: UsageRow): UsageHour => ({
  meter,
  hour: iso(hour),
  quantity: quantity.toString(),
  reading_count,
  estimated,
  gaps: gaps.map(({ from_ms, to_ms, cause }) => ({ from: iso(from_ms), to: iso(to_ms), cause })),
  bounds: list.map((bound) => ({ ...bound, first: presentReading(bound.first), last: presentReading(bound.last) })),
})
