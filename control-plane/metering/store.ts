/** Rows of metering: readings as facts, usage hours as what follows from them. */
import { sure } from '../base/problem.ts'
import { and, eq, gte, inArray, isNull, lt, type SQL, sql } from 'drizzle-orm'
import { sha256, canonical } from '#connectors/contract.ts'
import type { Instant, Interval } from '../base/time.ts'
import { knownAt } from '../db/cut.ts'
import { type Context, ms, rows } from '../db/index.ts'
import type { MeterName } from './contract.ts'
import { type CounterReading, meterOfKey } from './rules.ts'
import { dirtyUsage, reading, usageHour } from './schema.ts'

export type ReadingRow = Omit<typeof reading.$inferSelect, 'cut' | 'stored_at'>

export async function insertReadings(ctx: Context, list: ReadingRow[], cut: number): Promise<void> {
  const stored_at = ctx.now()
  for (let start = 0; start < list.length; start += 1_000)
    await ctx.tx
      .insert(reading)
      .values(list.slice(start, start + 1_000).map((row) => ({ ...row, cut, stored_at })))
      .onConflictDoNothing()
}

/** Merges into the dirty set: the widest span wins. */
export async function markUsageDirty(ctx: Context, spans: ReadonlyMap<string, Interval>): Promise<void> {
  const marked_at = ctx.now()
  const values = [...spans]
    .map(([resource_id, { from, to }]) => ({ resource_id, since: from, until: to, marked_at }))
    .toSorted((a, b) => (a.resource_id < b.resource_id ? -1 : 1))
  for (let start = 0; start < values.length; start += 1_000)
    await ctx.tx
      .insert(dirtyUsage)
      .values(values.slice(start, start + 1_000))
      .onConflictDoUpdate({
        target: dirtyUsage.resource_id,
        set: {
          since: sql`least(${dirtyUsage.since}, excluded.since)`,
          until: sql`greatest(${dirtyUsage.until}, excluded.until)`,
        },
      })
}

export async function claimDirty(
  ctx: Context,
  limit: number,
): Promise<{ resource_id: string; since: Instant; until: Instant }[]> {
  const claimed = await rows<{ resource_id: string; since: string; until: string }>(
    ctx.tx,
    sql`delete from dirty_usage where resource_id in (
          select resource_id from dirty_usage order by marked_at limit ${limit} for update skip locked)
        returning resource_id, ${ms(sql`since`)} as since, ${ms(sql`until`)} as until`,
  )
  return claimed
    .map((row) => ({ ...row, since: Number(row.since), until: Number(row.until) }))
    .toSorted((a, b) => (a.resource_id < b.resource_id ? -1 : 1))
}

const columns = {
  resource_id: reading.resource_id,
  seen_at: reading.seen_at,
  spool_id: reading.spool_id,
  sequence: reading.sequence,
  position: reading.position,
  source_id: reading.source_id,
  interval_ms: reading.interval_ms,
  epoch: reading.epoch,
  origin_at: reading.origin_at,
  wrap_bits: reading.wrap_bits,
  counters: reading.counters,
  counter_count: reading.counter_count,
}

/** A device may be missing from some readings of its resource: it is looked for this far beside an interval. */
const LOOK_MS = 7 * 86_400_000

/**
 * Readings of a resource in [from, to) with those next to it on both sides: of any epoch, of each epoch met so far, and of
 * each device met so far. `cut`: only those known to it; null: all.
 */
export async function readingsAround(
  ctx: Context,
  resource_id: string,
  interval: Interval,
  cut: number | null,
): Promise<ReadingRow[]> {
  const { from, to } = interval
  const known = and(eq(reading.resource_id, resource_id), cut === null ? undefined : sql`${reading.cut} <= ${cut}`)
  const inside = and(known, gte(reading.seen_at, from), lt(reading.seen_at, to))
  const out = new Map<string, ReadingRow>()
  const keep = (list: readonly ReadingRow[]) => {
    for (const row of list) out.set([row.seen_at, row.spool_id, row.sequence, row.position].join(), row)
  }
  keep(await ctx.tx.select(columns).from(reading).where(inside))
  for (const side of SIDES) keep(await nearest(ctx, known, interval, side))
  for (const epoch of new Set([...out.values()].map((row) => row.epoch)))
    for (const side of SIDES) keep(await nearest(ctx, and(known, eq(reading.epoch, epoch)), interval, side))
  for (const side of SIDES) {
    const met = keysOf(out.values())
    for (let missing = met.difference(keysOf(onSide([...out.values()], interval, side))); missing.size > 0;) {
      const found = await nearest(ctx, and(known, hasAny(missing), near(interval)), interval, side)
      if (found.length === 0) break
      keep(found)
      missing = missing.difference(keysOf(found))
    }
  }
  return [...out.values()]
}

type Side = 'before' | 'after'
const SIDES: readonly Side[] = ['before', 'after']

/** All readings of the instant next to the interval. */
function nearest(ctx: Context, which: SQL | undefined, { from, to }: Interval, side: Side): Promise<ReadingRow[]> {
  const beside = side === 'before' ? lt(reading.seen_at, from) : gte(reading.seen_at, to)
  const edge = sql.raw(side === 'before' ? 'max' : 'min')
  const at = sql`(select ${edge}(${reading.seen_at}) from ${reading} where ${and(which, beside)})`
  return ctx.tx
    .select(columns)
    .from(reading)
    .where(and(which, sql`${reading.seen_at} = ${at}`))
}

const keysOf = (list: Iterable<ReadingRow>): Set<string> =>
  new Set([...list].flatMap((row) => Object.keys(row.counters)))
const onSide = (list: readonly ReadingRow[], { from, to }: Interval, side: Side): ReadingRow[] =>
  list.filter((row) => (side === 'before' ? row.seen_at < from : row.seen_at >= to))
const hasAny = (keys: ReadonlySet<string>) =>
  sql`${reading.counters} ?| array[${sql.join(
    [...keys].map((key) => sql`${key}::text`),
    sql`, `,
  )}]`
const near = ({ from, to }: Interval) => and(gte(reading.seen_at, from - LOOK_MS), lt(reading.seen_at, to + LOOK_MS))

/** Counters of reading rows by meter and device. */
export function byMeter(list: readonly ReadingRow[]): Map<MeterName, Map<string, CounterReading[]>> {
  const out = new Map<MeterName, Map<string, CounterReading[]>>()
  for (const row of list)
    for (const [key, digits] of Object.entries(row.counters)) {
      const place = meterOfKey(key)
      if (!place) continue
      const devices = out.get(place.meter) ?? new Map<string, CounterReading[]>()
      out.set(place.meter, devices)
      const series = devices.get(place.device) ?? []
      devices.set(place.device, series)
      series.push({
        at: row.seen_at,
        value: BigInt(digits),
        epoch: row.epoch,
        origin: row.origin_at,
        wrap_bits: row.wrap_bits,
        interval_ms: row.interval_ms,
        spool: row.spool_id,
        sequence: row.sequence,
      })
    }
  return out
}

/** SHA-256 over the readings that lie in the interval: one altered digit shows. */
export const readingsDigest = (
  devices: ReadonlyMap<string, readonly CounterReading[]>,
  { from, to }: Interval,
): string =>
  sha256(
    canonical(
      [...devices]
        .flatMap(([device, series]) =>
          series
            .filter((r) => r.at >= from && r.at < to)
            .map((r) =>
              [device, r.at, r.spool, r.sequence, r.epoch, r.origin, r.wrap_bits, r.value.toString()].join(' '),
            ),
        )
        .toSorted(),
    ),
  )

export type UsageRow = typeof usageHour.$inferSelect
export const liveUsage = (ctx: Context, resource_id: string, { from, to }: Interval): Promise<UsageRow[]> =>
  ctx.tx
    .select()
    .from(usageHour)
    .where(
      and(
        eq(usageHour.resource_id, resource_id),
        gte(usageHour.hour, from),
        lt(usageHour.hour, to),
        isNull(usageHour.cut_to),
      ),
    )

/** Usage rows known to a cut, of hours that begin in [from, to). */
export const usageKnownAt = (
  ctx: Context,
  resource_ids: readonly string[],
  { from, to }: Interval,
  cut: number,
): Promise<UsageRow[]> =>
  ctx.tx
    .select()
    .from(usageHour)
    .where(
      and(
        inArray(usageHour.resource_id, [...resource_ids]),
        gte(usageHour.hour, from),
        lt(usageHour.hour, to),
        knownAt(usageHour.cut_from, usageHour.cut_to, cut),
      ),
    )
    .orderBy(usageHour.hour)

/** A row that a closed cut may have seen is kept with its end; one that none saw goes. */
export async function supersedeUsage(ctx: Context, old: readonly UsageRow[], cut: number): Promise<void> {
  const unseen = old.filter((row) => row.cut_from === cut).map((row) => row.id)
  const seen = old.filter((row) => row.cut_from !== cut).map((row) => row.id)
  if (unseen.length > 0) await ctx.tx.delete(usageHour).where(inArray(usageHour.id, unseen))
  if (seen.length > 0) await ctx.tx.update(usageHour).set({ cut_to: cut }).where(inArray(usageHour.id, seen))
}

export const insertUsage = (ctx: Context, list: (typeof usageHour.$inferInsert)[]) =>
  list.length > 0 ? ctx.tx.insert(usageHour).values(list) : null

export async function pendingUsage(ctx: Context): Promise<{ count: number; oldest: Instant | null }> {
  const [row] = await rows<{ count: string; oldest: string | null }>(
    ctx.tx,
    sql`select count(*) as count, min(${ms(sql`marked_at`)}) as oldest from dirty_usage`,
  )
  return { count: Number(sure(row).count), oldest: sure(row).oldest === null ? null : Number(sure(row).oldest) }
}

/** Counters that reached metering, by source and arrival hour, counted from the reading rows themselves. */
export async function meteredBySource(
  ctx: Context,
  from: Instant,
): Promise<{ source_id: string; hour: Instant; metered: number }[]> {
  const found = await rows<{ source_id: string; hour: string; metered: string }>(
    ctx.tx,
    sql`select source_id, ${ms(sql`date_trunc('hour', stored_at, 'UTC')`)} as hour, sum(counter_count) as metered
        from reading where stored_at >= ${new Date(from).toISOString()}::timestamptz group by 1, 2`,
  )
  return found.map((row) => ({ source_id: row.source_id, hour: Number(row.hour), metered: Number(row.metered) }))
}

/** Up to when every one of these resources that still reports has reported; null where none does. */
export async function reportedUpTo(ctx: Context, resource_ids: readonly string[]): Promise<Instant | null> {
  if (resource_ids.length === 0) return null
  const [row] = await rows<{ upto: string | null }>(
    ctx.tx,
    sql`select min(${ms(sql`l.seen_at`)}) as upto from unnest(array[${sql.join(
      [...resource_ids].map((id) => sql`${id}::uuid`),
      sql`, `,
    )}]) as r(id)
        cross join lateral (select seen_at, interval_ms from reading where resource_id = r.id order by seen_at desc limit 1) l
        where l.seen_at + make_interval(secs => 3 * l.interval_ms / 1000.0) > ${new Date(ctx.now()).toISOString()}::timestamptz`,
  )
  return row?.upto === null || row === undefined ? null : Number(row.upto)
}
