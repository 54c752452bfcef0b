/** The SQL of usage: hours as they follow from readings, and the resources whose hours must be made anew. */
import { inArray, sql } from 'drizzle-orm'
import { newId } from '../base/id.ts'
import { sure } from '../base/problem.ts'
import { type Instant, type Interval, iso } from '../base/time.ts'
import { knownAt } from '../db/cut.ts'
import { columnar, type Context, ms, rows } from '../db/index.ts'
import { GAUGES } from './gauges.ts'
import type { HourUsage } from './hours.ts'
import { type Window, windowRows } from './readings/store.ts'
import { dirtyUsage, usageHour } from './schema.ts'

/** Ends of dirty spans are rounded up so far: of many readings in a row only the first then changes the mark. */
const MARK_MS = 300_000
const markedTo = (to: Instant): Instant => Math.ceil((to + 1) / MARK_MS) * MARK_MS

/** Merges into the dirty set: the widest span wins. In one order everywhere, so that two writers never wait for each other. */
export async function markUsageDirty(ctx: Context, spans: ReadonlyMap<string, Interval>): Promise<void> {
  const given = [...spans]
    .map(([resource_id, { from, to }]) => ({ resource_id, since: iso(from), until: iso(markedTo(to)) }))
    .toSorted((a, b) => (a.resource_id < b.resource_id ? -1 : 1))
  const types = { resource_id: 'uuid', since: 'timestamptz', until: 'timestamptz' } as const
  if (given.length > 0)
    await ctx.tx.execute(sql`
      insert into dirty_usage (resource_id, since, until, marked_at)
      select i.*, ${iso(ctx.now())}::timestamptz from ${columnar(given, types)}
      on conflict (resource_id) do update set since = least(dirty_usage.since, excluded.since),
        until = greatest(dirty_usage.until, excluded.until)
      where excluded.since < dirty_usage.since or excluded.until > dirty_usage.until`)
}

/** Takes at most `limit` resources off the dirty set, oldest mark first; several workers never take the same one. */
export async function claimDirty(ctx: Context, limit: number): Promise<Window[]> {
  const claimed = await rows<{ resource_id: string; since: string; until: string }>(
    ctx.tx,
    sql`delete from dirty_usage where resource_id in (
          select resource_id from dirty_usage order by marked_at limit ${limit} for update skip locked)
        returning resource_id, ${ms(sql`since`)} as since, ${ms(sql`until`)} as until`,
  )
  return claimed
    .map(({ resource_id, since, until }) => ({ resource_id, from: Number(since), to: Number(until) }))
    .toSorted((a, b) => (a.resource_id < b.resource_id ? -1 : 1))
}

/**
 * Takes these resources as a settling does: until the transaction ends nobody else marks or settles them. Answers the spans of those that
 * waited to be metered. In the order in which all write marks, so that two never wait for each other.
 */
export async function holdUsage(ctx: Context, windows: readonly Window[]): Promise<Window[]> {
  const given = [...new Map(windows.map((window) => [window.resource_id, window])).values()]
    .map(({ resource_id, from, to }) => ({ resource_id, since: iso(from), until: iso(to) }))
    .toSorted((a, b) => (a.resource_id < b.resource_id ? -1 : 1))
  if (given.length === 0) return []
  const types = { resource_id: 'uuid', since: 'timestamptz', until: 'timestamptz' } as const
  const held = await rows<{ resource_id: string; since: string | null; until: string | null }>(
    ctx.tx,
    sql`insert into dirty_usage (resource_id, since, until, marked_at)
        select i.*, ${iso(ctx.now())}::timestamptz from ${columnar(given, types)}
        on conflict (resource_id) do update set since = dirty_usage.since
        returning resource_id, ${ms(sql`old.since`)} as since, ${ms(sql`old.until`)} as until`,
  )
  return held.flatMap(({ resource_id, since, until }) =>
    since === null || until === null ? [] : [{ resource_id, from: Number(since), to: Number(until) }],
  )
}

export const letGoOfUsage = async (ctx: Context, windows: readonly Window[]): Promise<void> => {
  const ids = windows.map(({ resource_id }) => resource_id)
  if (ids.length > 0) await ctx.tx.delete(dirtyUsage).where(inArray(dirtyUsage.resource_id, ids))
}

export type UsageRow = typeof usageHour.$inferSelect
/** Live rows of each resource, of hours that begin in its window. */
export const liveUsage = (ctx: Context, windows: readonly Window[]): Promise<UsageRow[]> =>
  usageRows(
    ctx,
    sql`select ${usageColumns('with bounds')} from ${windowRows(windows)} join usage_hour u on u.resource_id = w.resource_id and u.hour >= w.from_at and u.hour < w.to_at
        where u.cut_to is null`,
  )

const usageColumns = (bounds: 'with bounds' | 'without bounds') =>
  sql`u.id, u.resource_id, u.meter, ${ms(sql`u.hour`)} as hour, u.quantity, u.estimated, u.gaps,
      ${bounds === 'with bounds' ? sql`u.bounds` : sql`'[]'::jsonb as bounds`}, u.reading_count, u.digest, u.cut_from, u.cut_to,
      ${ms(sql`u.stored_at`)} as stored_at`

type FoundUsage = Omit<UsageRow, 'hour' | 'quantity' | 'stored_at'> & Record<'hour' | 'quantity' | 'stored_at', string>
async function usageRows<Beside>(ctx: Context, query: ReturnType<typeof sql>): Promise<(UsageRow & Beside)[]> {
  const found = await rows<FoundUsage & Beside>(ctx.tx, query)
  return found.map((row) => ({
    ...row,
    hour: Number(row.hour),
    quantity: BigInt(row.quantity),
    stored_at: Number(row.stored_at),
  }))
}

/**
 * Usage rows known to a cut, of hours that begin in each window, in the windows' order; windows may overlap. `bounds`: with the
 * readings at the ends of each stretch, which are most of a row.
 */
export async function usageIn(
  ctx: Context,
  windows: readonly Window[],
  cut: number,
  bounds: 'with bounds' | 'without bounds',
): Promise<UsageRow[][]> {
  const out = windows.map((): UsageRow[] => [])
  if (windows.length === 0) return out
  const found = await rows<{ window: number; resource_id: string; list: PackedUsage[] }>(
    ctx.tx,
    sql`select w.n as window, u.resource_id, json_agg(${packed(bounds)} order by u.hour) as list from ${windowRows(windows)}
          join usage_hour u on u.resource_id = w.resource_id and u.hour >= w.from_at and u.hour < w.to_at
        where ${knownAt(sql`u.cut_from`, sql`u.cut_to`, cut)} group by w.n, u.resource_id`,
  )
  for (const { window, resource_id, list } of found) out[window] = list.map((one) => unpacked(resource_id, one))
  return out
}

/** What an hour is read by, in the order of `PackedUsage`: those of a window come as one text, which costs a part of what as many rows do. */
const packed = (bounds: 'with bounds' | 'without bounds') =>
  sql`json_build_array(u.id, u.meter, ${ms(sql`u.hour`)}, u.quantity::text, u.estimated, u.gaps,
    ${bounds === 'with bounds' ? sql`u.bounds` : sql`'[]'::jsonb`}, u.reading_count, u.digest, u.cut_from, u.cut_to, ${ms(sql`u.stored_at`)})`
type PackedUsage = [
  id: string,
  meter: UsageRow['meter'],
  hour: Instant,
  quantity: string,
  estimated: boolean,
  gaps: UsageRow['gaps'],
  bounds: UsageRow['bounds'],
  reading_count: number,
  digest: string,
  cut_from: number,
  cut_to: number | null,
  stored_at: Instant,
]
function unpacked(resource_id: string, one: PackedUsage): UsageRow {
  const [id, meter, hour, quantity, estimated, gaps, bounds, reading_count, digest, cut_from, cut_to, stored_at] = one
  const known = { cut_from, cut_to, stored_at }
  return {
    id,
    resource_id,
    meter,
    hour,
    quantity: BigInt(quantity),
    estimated,
    gaps,
    bounds,
    reading_count,
    digest,
    ...known,
  }
}

/** What an hour's usage is now, and the row that says otherwise, if there is one. */
export interface UsageChange {
  resource_id: string
  usage: HourUsage
  stored: UsageRow | null
}

/** A row that a closed cut may have seen is kept with its end; one that none saw changes in place. */
export async function writeUsage(ctx: Context, changes: readonly UsageChange[], cut: number): Promise<void> {
  const grown = changes.flatMap(({ usage, stored }) => (stored?.cut_from === cut ? [{ ...usage, id: stored.id }] : []))
  const seen = changes.flatMap(({ stored }) => (stored && stored.cut_from !== cut ? [stored.id] : []))
  const fresh = changes.filter(({ stored }) => stored?.cut_from !== cut)
  if (grown.length > 0) await changeUsage(ctx, grown)
  if (seen.length > 0) await ctx.tx.update(usageHour).set({ cut_to: cut }).where(inArray(usageHour.id, seen))
  if (fresh.length > 0)
    await insertUsage(
      ctx,
      fresh.map(({ resource_id, usage }) => ({ ...usage, resource_id, id: newId() })),
      cut,
    )
}

const USAGE = {
  id: 'uuid',
  quantity: 'numeric',
  estimated: 'bool',
  gaps: 'jsonb',
  bounds: 'jsonb',
  reading_count: 'int4',
  digest: 'text',
} as const
const NEW_USAGE = { ...USAGE, resource_id: 'uuid', meter: 'text', hour: 'timestamptz' } as const
const toUsageRow = <T extends HourUsage>(usage: T) => ({
  ...usage,
  hour: iso(usage.hour),
  quantity: usage.quantity.toString(),
  gaps: JSON.stringify(usage.gaps),
  bounds: JSON.stringify(usage.bounds),
})

const changeUsage = (ctx: Context, list: readonly (HourUsage & { id: string })[]) =>
  ctx.tx.execute(sql`
    update usage_hour u set quantity = i.quantity, estimated = i.estimated, gaps = i.gaps, bounds = i.bounds,
      reading_count = i.reading_count, digest = i.digest
    from ${columnar(list.map(toUsageRow), USAGE)} where u.id = i.id`)

const insertUsage = (ctx: Context, list: readonly (HourUsage & { id: string; resource_id: string })[], cut: number) =>
  ctx.tx.execute(sql`
    insert into usage_hour (${sql.raw(Object.keys(NEW_USAGE).join(', '))}, cut_from, stored_at)
    select i.*, ${cut}::int4, ${iso(ctx.now())}::timestamptz from ${columnar(list.map(toUsageRow), NEW_USAGE)}`)

export async function pendingUsage(ctx: Context): Promise<{ count: number; oldest: Instant | null }> {
  const [row] = await rows<{ count: string; oldest: string | null }>(
    ctx.tx,
    sql`select count(*) as count, min(${ms(sql`marked_at`)}) as oldest from dirty_usage`,
  )
  return { count: Number(sure(row).count), oldest: sure(row).oldest === null ? null : Number(sure(row).oldest) }
}

/** Counters and gauges that reached metering, by source and arrival hour, counted from the reading rows themselves. */
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

/** Up to when every one of these resources that still reports has reported, its counters and its gauges; null where none does. */
export async function reportedUpTo(ctx: Context, resource_ids: readonly string[]): Promise<Instant | null> {
  if (resource_ids.length === 0) return null
  const [row] = await rows<{ upto: string | null }>(
    ctx.tx,
    sql`select min(${ms(sql`l.seen_at`)}) as upto from unnest(array[${sql.join(
      [...resource_ids].map((id) => sql`${id}::uuid`),
      sql`, `,
    )}]) as r(id)
        cross join lateral (
          (select seen_at, interval_ms from reading where resource_id = r.id and position >= 0 order by seen_at desc limit 1)
          union all (select seen_at, interval_ms from reading where resource_id = r.id and epoch = ${GAUGES} and position < 0
            order by seen_at desc limit 1)) l
        where l.seen_at + make_interval(secs => 3 * l.interval_ms / 1000.0) > ${new Date(ctx.now()).toISOString()}::timestamptz`,
  )
  return row?.upto === null || row === undefined ? null : Number(row.upto)
}
