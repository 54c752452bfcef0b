/** Rows of metering: readings as facts, usage hours as what follows from them. */
import { and, gte, inArray, lt, sql } from 'drizzle-orm'
import { newId } from '../base/id.ts'
import { sure } from '../base/problem.ts'
import { type Instant, type Interval, iso } from '../base/time.ts'
import { knownAt } from '../db/cut.ts'
import { type Context, ms, rows } from '../db/index.ts'
import type { HourUsage } from './hours.ts'
import { type reading, usageHour } from './schema.ts'

export type ReadingRow = Omit<typeof reading.$inferSelect, 'cut' | 'stored_at'>

/** Any number of rows as one parameter. */
const records = (list: readonly unknown[]) => sql`jsonb_to_recordset((${JSON.stringify(list)}::text)::jsonb)`

export async function insertReadings(ctx: Context, list: readonly ReadingRow[], cut: number): Promise<void> {
  const given = list.map((row) => ({
    ...row,
    seen_at: iso(row.seen_at),
    origin_at: row.origin_at === null ? null : iso(row.origin_at),
  }))
  if (given.length > 0)
    await ctx.tx.execute(sql`
      insert into reading (resource_id, seen_at, spool_id, sequence, position, source_id, interval_ms, epoch, origin_at,
        wrap_bits, counters, counter_count, cut, stored_at)
      select i.*, ${cut}::int4, ${iso(ctx.now())}::timestamptz from ${records(given)} as i(resource_id uuid, seen_at timestamptz,
        spool_id uuid, sequence int4, position int4, source_id uuid, interval_ms int4, epoch text, origin_at timestamptz,
        wrap_bits int4, counters jsonb, counter_count int4)
      on conflict do nothing`)
}

/** Merges into the dirty set: the widest span wins. In one order everywhere, so that two writers never wait for each other. */
export async function markUsageDirty(ctx: Context, spans: ReadonlyMap<string, Interval>): Promise<void> {
  const given = [...spans]
    .map(([resource_id, { from, to }]) => ({ resource_id, since: iso(from), until: iso(to) }))
    .toSorted((a, b) => (a.resource_id < b.resource_id ? -1 : 1))
  if (given.length > 0)
    await ctx.tx.execute(sql`
      insert into dirty_usage (resource_id, since, until, marked_at)
      select i.*, ${iso(ctx.now())}::timestamptz
      from ${records(given)} as i(resource_id uuid, since timestamptz, until timestamptz)
      on conflict (resource_id) do update set since = least(dirty_usage.since, excluded.since),
        until = greatest(dirty_usage.until, excluded.until)`)
}

/** Time of one resource. */
export interface Window extends Interval {
  resource_id: string
}
const windowRows = (list: readonly Window[]) =>
  sql`${records(list.map(({ resource_id, from, to }) => ({ resource_id, from_at: iso(from), to_at: iso(to) })))}
      as w(resource_id uuid, from_at timestamptz, to_at timestamptz)`

/** Takes at most `limit` resources off the dirty set, oldest mark first; several workers never take the same one. */
export async function claimDirty(ctx: Context, limit: number): Promise<Window[]> {
  const claimed = await rows<{ resource_id: string; since: string; until: string }>(
    ctx.tx,
    sql`delete from dirty_usage where resource_id in (
          select resource_id from dirty_usage order by marked_at limit ${limit} for update skip locked)
        returning resource_id, ${ms(sql`since`)} as since, ${ms(sql`until`)} as until`,
  )
  return claimed
    .map(({ resource_id, since, until }) => ({ resource_id, from: Number(since), to: Number(until) + 1 }))
    .toSorted((a, b) => (a.resource_id < b.resource_id ? -1 : 1))
}

const columns = sql`r.resource_id, ${ms(sql`r.seen_at`)} as seen_at, r.spool_id, r.sequence, r.position, r.source_id, r.interval_ms,
  r.epoch, ${ms(sql`r.origin_at`)} as origin_at, r.wrap_bits, r.counters, r.counter_count`

type Found = Omit<ReadingRow, 'seen_at' | 'origin_at'> & { seen_at: string; origin_at: string | null }
async function readings(ctx: Context, query: ReturnType<typeof sql>): Promise<ReadingRow[]> {
  const found = await rows<Found>(ctx.tx, query)
  return found.map((row) => ({
    ...row,
    seen_at: Number(row.seen_at),
    origin_at: row.origin_at === null ? null : Number(row.origin_at),
  }))
}

/** The last reading before a window, and those of it. */
export interface End {
  last: ReadingRow
  fresh: ReadingRow[]
}

/** For windows at the end of what is known of a resource: their readings and the one before, where one stands alone before. */
export async function readingsAtEnd(ctx: Context, windows: readonly Window[]): Promise<Map<string, End>> {
  const found = await readings(
    ctx,
    sql`with ended as materialized (select w.* from ${windowRows(windows)} where not exists (
            select from reading later where later.resource_id = w.resource_id and later.seen_at >= w.to_at))
        select ${columns} from ended w cross join lateral (
          (select * from reading where resource_id = w.resource_id and seen_at >= w.from_at)
          union all (select * from reading where resource_id = w.resource_id and seen_at < w.from_at
            order by seen_at desc limit 2)) as r`,
  )
  const byResource = Map.groupBy(found, (row) => row.resource_id)
  const out = new Map<string, End>()
  for (const { resource_id, from } of windows) {
    const own = (byResource.get(resource_id) ?? []).toSorted((a, b) => a.seen_at - b.seen_at)
    const before = own.filter((row) => row.seen_at < from)
    const [last, other] = before.toReversed()
    if (last && last.seen_at !== other?.seen_at) out.set(resource_id, { last, fresh: own.slice(before.length) })
  }
  return out
}

/** A device may be missing from some readings of its resource: it is looked for this far beside an interval. */
const LOOK_MS = 7 * 86_400_000
const knownTo = (cut: number | null) => (cut === null ? sql`true` : sql`r.cut <= ${cut}`)

/**
 * Readings of each resource in its window with those next to it on both sides: of any epoch, of each epoch met so far, and of
 * each device met so far. `cut`: only those known to it; null: all.
 */
export async function readingsAround(
  ctx: Context,
  windows: readonly Window[],
  cut: number | null,
): Promise<Map<string, ReadingRow[]>> {
  const out = new Map(windows.map((window) => [window.resource_id, new Around(window)]))
  const keep = (list: readonly ReadingRow[]) => {
    for (const row of list) sure(out.get(row.resource_id)).add(row)
    return list.length
  }
  keep(
    await readings(
      ctx,
      sql`select ${columns} from ${windowRows(windows)} join reading r on r.resource_id = w.resource_id
          and r.seen_at >= w.from_at and r.seen_at < w.to_at where ${knownTo(cut)}`,
    ),
  )
  for (const side of SIDES)
    keep(
      await nearest(
        ctx,
        'any',
        windows.map((window) => ({ window })),
        side,
        cut,
      ),
    )
  const around = [...out.values()]
  for (const side of SIDES)
    keep(
      await nearest(
        ctx,
        'epoch',
        around.flatMap((one) => one.otherEpochs(side)),
        side,
        cut,
      ),
    )
  for (const side of SIDES)
    for (let missing = around.flatMap((one) => one.missingKeys(side)); missing.length > 0;) {
      if (keep(await nearest(ctx, 'keys', missing, side, cut)) === 0) break
      missing = around.flatMap((one) => one.missingKeys(side))
    }
  return new Map(around.map((one) => [one.window.resource_id, one.list()]))
}

type Side = 'before' | 'after'
const SIDES: readonly Side[] = ['before', 'after']
/** What is looked for beside a window: a reading of any kind, of an epoch, or with any of the keys. */
interface Wanted {
  window: Window
  epoch?: string
  keys?: string[]
}
type Sort = 'any' | 'epoch' | 'keys'
const SORTS: Record<Sort, string> = {
  any: 'true',
  epoch: 'r.epoch = w.epoch',
  keys: 'r.counters ?| w.keys and r.seen_at between w.first and w.last',
}

/** The readings found around one window. */
class Around {
  readonly window: Window
  readonly #rows = new Map<string, ReadingRow>()

  constructor(window: Window) {
    this.window = window
  }

  add(row: ReadingRow): void {
    this.#rows.set([row.seen_at, row.spool_id, row.sequence, row.position].join(), row)
  }

  list(): ReadingRow[] {
    return [...this.#rows.values()]
  }

  #on(side: Side): ReadingRow[] {
    const { from, to } = this.window
    return this.list().filter((row) => (side === 'before' ? row.seen_at < from : row.seen_at >= to))
  }

  /** Epochs that were met, but not on this side; where nothing at all lies on it there is nothing to find. */
  otherEpochs(side: Side): Wanted[] {
    const beside = new Set(this.#on(side).map((row) => row.epoch))
    if (beside.size === 0) return []
    const met = new Set(this.list().map((row) => row.epoch))
    return [...met.difference(beside)].map((epoch) => ({ window: this.window, epoch }))
  }

  /** Keys of counters that were met, but not on this side. */
  missingKeys(side: Side): Wanted[] {
    const beside = keysOf(this.#on(side))
    if (beside.size === 0) return []
    const keys = [...keysOf(this.list()).difference(beside)]
    return keys.length > 0 ? [{ window: this.window, keys }] : []
  }
}

const keysOf = (list: readonly ReadingRow[]): Set<string> => new Set(list.flatMap((row) => Object.keys(row.counters)))

/** All readings of the instant next to each window that are of the wanted sort. */
async function nearest(
  ctx: Context,
  sort: Sort,
  wanted: readonly Wanted[],
  side: Side,
  cut: number | null,
): Promise<ReadingRow[]> {
  if (wanted.length === 0) return []
  const given = wanted.map(({ window: { resource_id, from, to }, epoch, keys }) => {
    const look = { first: iso(Math.max(0, from - LOOK_MS)), last: iso(to + LOOK_MS) }
    return { resource_id, at: iso(side === 'before' ? from : to), ...look, epoch, keys }
  })
  const [beside, order] = side === 'before' ? [sql`<`, sql`desc`] : [sql`>=`, sql`asc`]
  const which = sql`r.resource_id = w.resource_id and ${sql.raw(SORTS[sort])} and ${knownTo(cut)}`
  return readings(
    ctx,
    sql`with next as materialized (
          select w.*, (select r.seen_at from reading r where ${which} and r.seen_at ${beside} w.at
            order by r.seen_at ${order} limit 1) as next_at
          from ${records(given)} as w(resource_id uuid, at timestamptz, first timestamptz, last timestamptz, epoch text, keys text[]))
        select ${columns} from next w join reading r on r.seen_at = w.next_at and ${which}`,
  )
}

export type UsageRow = typeof usageHour.$inferSelect
/** Live rows of each resource, of hours that begin in its window. */
export const liveUsage = (ctx: Context, windows: readonly Window[]): Promise<UsageRow[]> =>
  usageRows(
    ctx,
    sql`select u.id, u.resource_id, u.meter, ${ms(sql`u.hour`)} as hour, u.quantity, u.estimated, u.gaps, u.bounds, u.reading_count,
          u.digest, u.cut_from, u.cut_to, ${ms(sql`u.stored_at`)} as stored_at
        from ${windowRows(windows)} join usage_hour u on u.resource_id = w.resource_id and u.hour >= w.from_at and u.hour < w.to_at
        where u.cut_to is null`,
  )

type FoundUsage = Omit<UsageRow, 'hour' | 'quantity' | 'stored_at'> & Record<'hour' | 'quantity' | 'stored_at', string>
async function usageRows(ctx: Context, query: ReturnType<typeof sql>): Promise<UsageRow[]> {
  const found = await rows<FoundUsage>(ctx.tx, query)
  return found.map((row) => ({
    ...row,
    hour: Number(row.hour),
    quantity: BigInt(row.quantity),
    stored_at: Number(row.stored_at),
  }))
}

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

const given = <T extends HourUsage>(list: readonly T[]) =>
  records(list.map((row) => ({ ...row, hour: iso(row.hour), quantity: row.quantity.toString() })))

const changeUsage = (ctx: Context, list: readonly (HourUsage & { id: string })[]) =>
  ctx.tx.execute(sql`
    update usage_hour u set quantity = i.quantity, estimated = i.estimated, gaps = i.gaps, bounds = i.bounds,
      reading_count = i.reading_count, digest = i.digest
    from ${given(list)} as i(id uuid, quantity numeric, estimated bool, gaps jsonb, bounds jsonb, reading_count int4, digest text)
    where u.id = i.id`)

const insertUsage = (ctx: Context, list: readonly (HourUsage & { id: string; resource_id: string })[], cut: number) =>
  ctx.tx.execute(sql`
    insert into usage_hour (id, resource_id, meter, hour, quantity, estimated, gaps, bounds, reading_count, digest, cut_from, stored_at)
    select i.*, ${cut}::int4, ${iso(ctx.now())}::timestamptz from ${given(list)} as i(id uuid, resource_id uuid, meter text,
      hour timestamptz, quantity numeric, estimated bool, gaps jsonb, bounds jsonb, reading_count int4, digest text)`)

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
