/** Rows of rating: the present of resources, and what became of each hour of usage. */
import { and, inArray, lte, sql } from 'drizzle-orm'
import type { Kind, Size, State } from '#connectors/contract.ts'
import type { Instant } from '../base/time.ts'
import { type Context, ms, rows } from '../db/index.ts'
import { together } from '../db/together.ts'
import { hourMetersOf, METER_NAMES, meterOf } from '../metering/contract.ts'
import { gapAcceptance } from './schema.ts'

export const currentOf = (ctx: Context, ids: readonly string[]) =>
  ids.length === 0
    ? Promise.resolve([])
    : rows<{
        id: string
        kind: Kind
        state: State
        size: Size
        account_id: string | null
        ended_at: string | null
        covered_by: string | null
      }>(
        ctx.tx,
        sql`select id, kind, state, size, account_id, ended_at, covered_by from resource where id in (${sql.join(
          [...ids].map((id) => sql`${id}::uuid`),
          sql`, `,
        )})`,
      )

/** Meters whose hours another meter charges, each with that one. */
const BENEATH = sql.join(
  METER_NAMES.filter((meter) => meterOf(meter).kind === 'percentile').flatMap((meter) =>
    hourMetersOf(meter).map((own) => sql`(${own}, ${meter})`),
  ),
  sql`, `,
)

/** Of a price by an index: that it says something in the hour. */
const SAID =
  sql.raw(`(p.model <> 'dynamic' or exists (select 1 from index_value x where x.price_index_id = (p.terms->'index'->>'id')::uuid
  and x.cut_to is null and tstzrange(x.valid_from, x.valid_to) && tstzrange(t.hour, t.hour + interval '1 hour')))`)

export interface CoverChange {
  resource_id: string
  since: Instant
}

/**
 * Judges hours of usage that were never judged, changed since, waited for an owner or a price, or are of machines whose covers changed:
 * one statement, of the first and of the waiting at most `limit` rows. Covered: of what was observed in the hour, all is billed to another
 * eye. Owned: some assignment overlaps the hour. Rated: a price book that the owner has in that hour has a version of the component, or of
 * a percentile of it, or the plan of a service that the machine fulfils has one, or pays for its kind.
 *
 * Usage is looked for from the last judgement on. So while more is left than the limit, the oldest comes first, and counts as judged when
 * the youngest of the batch was stored, not now: else what is left would lie before the last judgement for ever.
 */
export async function judgeUsage(
  ctx: Context,
  limit: number,
  again_before: Instant,
  changed: readonly CoverChange[],
): Promise<number> {
  const now = new Date(ctx.now()).toISOString()
  const judged = await rows<{ resource_id: string }>(
    ctx.tx,
    sql`
    with todo as (
      select u.id, u.resource_id, u.meter, u.hour, r.kind, u.stored_at from usage_hour u
        join resource r on r.id = u.resource_id
        left join usage_status s on s.resource_id = u.resource_id and s.meter = u.meter and s.hour = u.hour
      where u.cut_to is null and (s.usage_id is null or s.usage_id <> u.id)
        and u.stored_at >= coalesce((select max(judged_at) from usage_status), '-infinity') - interval '10 minutes'
      order by u.stored_at limit ${limit}),
    judging as (select count(*) >= ${limit} as is_full, case when count(*) >= ${limit} then max(stored_at) else ${now}::timestamptz end as at from todo),
    again as (
      select u.id, u.resource_id, u.meter, u.hour, r.kind from usage_status s
        join usage_hour u on u.resource_id = s.resource_id and u.meter = s.meter and u.hour = s.hour and u.cut_to is null
        join resource r on r.id = u.resource_id
      where s.status in ('unowned', 'unrated') and s.judged_at < ${new Date(again_before).toISOString()}::timestamptz
        and not (select is_full from judging)
      order by s.judged_at limit ${limit}),
    changed as (
      select u.id, u.resource_id, u.meter, u.hour, r.kind from jsonb_to_recordset(${JSON.stringify(changed)}::jsonb) as c(resource_id uuid, since int8)
        join usage_hour u on u.resource_id = c.resource_id and u.cut_to is null and u.hour > to_timestamp(c.since / 1000.0) - interval '1 hour'
        join resource r on r.id = u.resource_id),
    due as (select id, resource_id, meter, hour, kind from todo union select * from again union select * from changed)
    insert into usage_status (resource_id, meter, hour, usage_id, status, account_id, judged_at)
    select t.resource_id, t.meter, t.hour, t.id,
      case when covered.by @> (select coalesce(range_agg(tstzrange(v.valid_from, v.valid_to) * tstzrange(t.hour, t.hour + interval '1 hour')), '{}')
             from observed_version v where v.resource_id = t.resource_id and v.cut_to is null
               and tstzrange(v.valid_from, v.valid_to) && tstzrange(t.hour, t.hour + interval '1 hour')) then 'covered'
           when o.account_id is null then 'unowned'
           when exists (select 1 from (select o.price_book_id as id, tstzrange(null, null) as held union all
               select b.price_book_id, tstzrange(b.valid_from, b.valid_to) from contract_book b where b.contract_id = o.contract_id and b.cut_to is null) k
             join price_version p on p.price_book_id = k.id and p.kind = t.kind and (p.meter = t.meter or (t.meter, p.meter) in (${BENEATH})) and p.cut_to is null
             where k.held * tstzrange(p.effective_at, p.ends_at) && tstzrange(t.hour, t.hour + interval '1 hour') and ${SAID}) then 'rated'
           when exists (select 1 from service_resource f join service_version v on v.service_id = f.service_id and v.cut_to is null
             and tstzrange(v.valid_from, v.valid_to) && tstzrange(t.hour, t.hour + interval '1 hour')
             join plan n on n.id = v.plan_id
             where f.resource_id = t.resource_id and f.account_id = o.account_id and f.cut_to is null
               and tstzrange(f.valid_from, f.valid_to) && tstzrange(t.hour, t.hour + interval '1 hour')
               and (n.included_kinds ? t.kind or exists (select 1 from price_version p where p.price_book_id = n.price_book_id and p.kind = t.kind
                 and (p.meter = t.meter or (t.meter, p.meter) in (${BENEATH})) and p.cut_to is null
                 and tstzrange(p.effective_at, p.ends_at) && tstzrange(coalesce(v.prices_as_of, t.hour), coalesce(v.prices_as_of, t.hour) + interval '1 hour') and ${SAID}))) then 'rated'
           else 'unrated' end, o.account_id, (select at from judging)
    from due t left join lateral (
      select a.account_id, c.id as contract_id, c.price_book_id from assignment a
        left join contract c on c.account_id = a.account_id and c.side = 'sale' and tstzrange(c.valid_from, c.valid_to) && tstzrange(t.hour, t.hour + interval '1 hour')
      where a.resource_id = t.resource_id and a.cut_to is null and tstzrange(a.valid_from, a.valid_to) && tstzrange(t.hour, t.hour + interval '1 hour')
      order by a.valid_from desc nulls last limit 1) o on true
    cross join lateral (
      select range_agg(tstzrange(s.valid_from, s.valid_to)) as by from same_as s
      where s.resource_id = t.resource_id and s.cut_to is null and tstzrange(s.valid_from, s.valid_to) && tstzrange(t.hour, t.hour + interval '1 hour')) covered
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

/** Gaps of an account that people had accepted by a cut. */
export const acceptedGaps = (ctx: Context, account_id: string, cut: number) => acceptedOfEach(ctx, cut, account_id)
const acceptedOfEach = together(async ({ tx }, cut: number, account_ids: readonly string[]) => {
  const found = await tx
    .select({
      account_id: gapAcceptance.account_id,
      resource_id: gapAcceptance.resource_id,
      meter: gapAcceptance.meter,
      from: gapAcceptance.from_at,
      to: gapAcceptance.to_at,
    })
    .from(gapAcceptance)
    .where(and(inArray(gapAcceptance.account_id, [...account_ids]), lte(gapAcceptance.cut, cut)))
  const byAccount = Map.groupBy(found, (row) => row.account_id)
  return account_ids.map((id) => byAccount.get(id) ?? [])
})

export const insertAccepted = (ctx: Context, list: (typeof gapAcceptance.$inferInsert)[]) =>
  ctx.tx.insert(gapAcceptance).values(list)
