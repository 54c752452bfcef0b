/** Verbs of metering: readings in, usage of each hour out, and usage of any interval for rating. */
import { fromIso, HOUR_MS, hourOf, type Instant, type Interval, iso, splitAt } from '../base/time.ts'
import { permit } from '../base/actor.ts'
import { LIVE } from '../db/cut.ts'
import type { Context } from '../db/index.ts'
import { bornOf, requireResource } from '../inventory/index.ts'
import type { MeterName, UsageHour, UsageQuery } from './contract.ts'
import {
  gapOf,
  hoursIn,
  type HourUsage,
  isNothing,
  isProvenBy,
  measure,
  type Metered,
  type Usage,
  usageOfHour,
  usageWithin,
} from './hours.ts'
import { ENGINE, type Engine, type Gap, isSpreadOver } from './rules.ts'
import type { StoredBound, StoredReading } from './schema.ts'
import {
  insertReadings,
  markUsageDirty,
  type ReadingRow,
  readingsAround,
  usageKnownAt,
  type UsageRow,
  type Window,
} from './store.ts'

export type { HourUsage } from './hours.ts'
export { settleUsage } from './settle.ts'
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

/** A part of a consumption: a whole stored hour, or the edge of one computed from its readings. */
export interface UsageLeaf extends Interval {
  quantity: bigint
  digest: string
  reading_count: number
  bounds: StoredBound[]
  /** a bound of the whole interval that was asked for lies here, within a spread of which only the total is known */
  estimated: boolean
  gaps: Gap[]
  /** the stored hour; null for an edge */
  usage_id: string | null
}

/**
 * Usage of consumption meters by one resource in each of the intervals, as known to a cut: stored rows for whole hours,
 * readings for the hours that a bound cuts. Intervals of one call must not overlap. `engine`: as that one would have said.
 */
export async function usageOf(
  ctx: Context,
  resource_id: string,
  intervals: readonly Interval[],
  cut: number,
  engine: Engine = ENGINE,
): Promise<Map<Interval, Map<MeterName, UsageLeaf[]>>> {
  permit(ctx, 'usage.read')
  const out = new Map<Interval, Map<MeterName, UsageLeaf[]>>()
  const edges = new Map<Instant, Metered[]>()
  const measuredIn = async (hour: Instant) => {
    const measured =
      edges.get(hour) ?? (await measureAround(ctx, { resource_id, from: hour, to: hour + HOUR_MS }, cut, engine))
    edges.set(hour, measured)
    return measured
  }
  for (const interval of intervals) {
    const leaves = new Map<MeterName, UsageLeaf[]>()
    const push = (meter: MeterName, leaf: UsageLeaf) => leaves.set(meter, [...(leaves.get(meter) ?? []), leaf])
    const whole = { from: Math.ceil(interval.from / HOUR_MS) * HOUR_MS, to: hourOf(interval.to) }
    if (whole.from < whole.to)
      for (const row of await usageKnownAt(ctx, [resource_id], whole, cut)) push(row.meter, leafOf(row))
    for (const part of splitAt(interval, [whole.from, whole.to])) {
      if (part.from >= whole.from && part.to <= whole.to && whole.from < whole.to) continue
      for (const [meter, leaf] of edgeLeaves(await measuredIn(hourOf(part.from)), part, engine)) push(meter, leaf)
    }
    for (const [meter, list] of leaves)
      for (const leaf of list)
        if (leaf.estimated) leaf.estimated = isCut(meter, leaf, interval, await measuredIn(hourOf(leaf.from)))
    out.set(interval, leaves)
  }
  return out
}

/** A spread that lies whole within the interval is known exactly, whatever hours it crosses. */
const isCut = (meter: MeterName, { from, to }: Interval, interval: Interval, measured: readonly Metered[]): boolean =>
  [interval.from, interval.to]
    .filter((bound) => bound === from || bound === to)
    .some((bound) => measured.some((one) => one.meter === meter && one.courses.some((c) => isSpreadOver(c, bound))))

/** What the readings known to a cut say of a window. */
async function measureAround(ctx: Context, window: Window, cut: number, engine: Engine = ENGINE): Promise<Metered[]> {
  const readings = (await readingsAround(ctx, [window], cut)).get(window.resource_id) ?? []
  return measure(readings, await bornOf(ctx, window.resource_id, cut), engine)
}

const leafOf = (row: UsageRow): UsageLeaf => leaf({ from: row.hour, to: row.hour + HOUR_MS }, row, row.id)

const leaf = (interval: Interval, usage: Usage, usage_id: string | null): UsageLeaf => ({
  ...interval,
  quantity: usage.quantity,
  digest: usage.digest,
  reading_count: usage.reading_count,
  bounds: usage.bounds,
  estimated: usage.estimated,
  gaps: usage.gaps.map(gapOf),
  usage_id,
})

function* edgeLeaves(measured: readonly Metered[], part: Interval, engine: Engine): Iterable<[MeterName, UsageLeaf]> {
  for (const metered of measured) {
    const usage = usageWithin(metered, part, engine)
    if (!isNothing(usage)) yield [metered.meter, leaf(part, usage, null)]
  }
}

/** What a verifier compares with the stored rows. */
export interface Remeasured {
  hours: HourUsage[]
  /** whether the readings give a stored row's digest, whichever engine wrote it */
  proves(row: UsageRow): boolean
}
/** What the readings known to a cut give for the whole hours of an interval. */
export async function remeasure(
  ctx: Context,
  resource_id: string,
  interval: Interval,
  cut: number,
): Promise<Remeasured> {
  const measured = await measureAround(ctx, { resource_id, ...interval }, cut)
  return {
    hours: [...hoursIn(interval)].flatMap((hour) => usageOfHour(measured, hour)),
    proves: ({ meter, hour, digest }) =>
      isProvenBy(
        digest,
        measured.find((one) => one.meter === meter),
        hour,
      ),
  }
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
