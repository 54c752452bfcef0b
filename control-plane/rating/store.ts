/** Rows of rating: the present of resources, and what became of each hour of usage. */
import { sql } from 'drizzle-orm'
import type { Kind, Size, State } from '#connectors/contract.ts'
import type { Instant } from '../base/time.ts'
import { type Context, ms, rows } from '../db/index.ts'

export const currentOf = (ctx: Context, ids: readonly string[]) =>
  ids.length === 0
    ? Promise.resolve([])
    : rows<{ id: string; kind: Kind; state: State; size: Size; account_id: string | null; ended_at: string | null }>(
        ctx.tx,
        sql`select id, kind, state, size, account_id, ended_at from resource where id in (${sql.join(
          [...ids].map((id) => sql`${id}::uuid`),
          sql`, `,
        )})`,
      )

/**
 * Judges hours of usage that were never judged, changed since, or waited for an owner or a price: one statement, at most `limit` rows.
 * Owned: some assignment overlaps the hour. Rated: the owner's price book has a version of the component in that hour.
 */
export async function judgeUsage(ctx: Context, limit: number, again_before: Instant): Promise<number> {
  const now = new Date(ctx.now()).toISOString()
  const judged = await rows<{ resource_id: string }>(
    ctx.tx,
    sql`
    with todo as (
      select u.id, u.resource_id, u.meter, u.hour, r.kind from usage_hour u
        join resource r on r.id = u.resource_id
        left join usage_status s on s.resource_id = u.resource_id and s.meter = u.meter and s.hour = u.hour
      where u.cut_to is null and (s.usage_id is null or s.usage_id <> u.id)
        and u.stored_at >= coalesce((select max(judged_at) from usage_status), '-infinity') - interval '10 minutes'
      limit ${limit}),
    again as (
      select u.id, u.resource_id, u.meter, u.hour, r.kind from usage_status s
        join usage_hour u on u.resource_id = s.resource_id and u.meter = s.meter and u.hour = s.hour and u.cut_to is null
        join resource r on r.id = u.resource_id
      where s.status in ('unowned', 'unrated') and s.judged_at < ${new Date(again_before).toISOString()}::timestamptz
      order by s.judged_at limit ${limit}),
    due as (select * from todo union select * from again)
    insert into usage_status (resource_id, meter, hour, usage_id, status, account_id, judged_at)
    select t.resource_id, t.meter, t.hour, t.id,
      case when o.account_id is null then 'unowned'
           when exists (select 1 from price_version p where p.price_book_id = o.price_book_id and p.kind = t.kind and p.meter = t.meter and p.cut_to is null
             and tstzrange(p.effective_at, p.ends_at) && tstzrange(t.hour, t.hour + interval '1 hour')) then 'rated'
           else 'unrated' end, o.account_id, ${now}::timestamptz
    from due t left join lateral (
      select a.account_id, c.price_book_id from assignment a
        left join contract c on c.account_id = a.account_id and c.side = 'sale' and tstzrange(c.valid_from, c.valid_to) && tstzrange(t.hour, t.hour + interval '1 hour')
      where a.resource_id = t.resource_id and a.cut_to is null and tstzrange(a.valid_from, a.valid_to) && tstzrange(t.hour, t.hour + interval '1 hour')
      order by a.valid_from desc nulls last limit 1) o on true
    on conflict (resource_id, meter, hour) do update
      set usage_id = excluded.usage_id, status = excluded.status, account_id = excluded.account_id, judged_at = excluded.judged_at
    returning resource_id`,
  )
  return judged.length
}

export interface MeterCount {
  meter: string
  hour: Instant
  count: number
}
const counted = (found: { meter: string; hour: string; count: string }[]): MeterCount[] =>
  found.map((row) => ({ meter: row.meter, hour: Number(row.hour), count: Number(row.count) }))

/** Hours of usage by meter, counted from metering's own rows. */
export const meteredHours = async (ctx: Context, from: Instant) =>
  counted(
    await rows(
      ctx.tx,
      sql`select meter, ${ms(sql`hour`)} as hour, count(*) as count from usage_hour where cut_to is null and hour >= ${new Date(from).toISOString()}::timestamptz group by 1, 2`,
    ),
  )
/** Hours of usage by meter and status, counted from rating's own rows. */
export const judgedHours = (ctx: Context, from: Instant) =>
  rows<{ meter: string; hour: string; status: string; count: string }>(
    ctx.tx,
    sql`select meter, ${ms(sql`hour`)} as hour, status, count(*) as count from usage_status where hour >= ${new Date(from).toISOString()}::timestamptz group by 1, 2, 3`,
  )
/** Hours that wait to be judged, counted from the difference of the two tables' keys. */
export const pendingHours = async (ctx: Context, from: Instant) =>
  counted(
    await rows(
      ctx.tx,
      sql`select u.meter, ${ms(sql`u.hour`)} as hour, count(*) as count from usage_hour u left join usage_status s on s.resource_id = u.resource_id and s.meter = u.meter and s.hour = u.hour
          where u.cut_to is null and s.usage_id is null and u.hour >= ${new Date(from).toISOString()}::timestamptz group by 1, 2`,
    ),
  )
