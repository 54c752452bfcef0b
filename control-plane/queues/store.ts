/** SQL of queues: each looks at rows of other slices by one grouped statement, however many resources there are. */
import { type SQL, sql } from 'drizzle-orm'
import type { Kind, Size, State } from '#connectors/contract.ts'
import type { Instant } from '../base/time.ts'
import { arrayText, type Context, ms, rows } from '../db/index.ts'
import { type Meter, type MeterName } from '../metering/contract.ts'

const at = (instant: Instant): SQL => sql`${new Date(instant).toISOString()}::timestamptz`
const uuids = (ids: readonly string[]): SQL => sql`${arrayText(ids)}::uuid[]`
const texts = (list: readonly string[]): SQL => sql`${arrayText(list)}::text[]`

/** Who buys now, at which prices, and since when nothing of it was invoiced. */
const open = (now: Instant): SQL => sql`
  select c.id, c.account_id, c.price_book_id, c.legal_entity_id, c.currency, greatest(c.valid_from, i.until) as since from contract c
    left join lateral (select max(i.period_to) as until from invoice i where i.contract_id = c.id and i.document_type = 'invoice' and not i.one_off) i on true
  where c.side = 'sale' and c.valid_from <= ${at(now)} and (c.valid_to is null or c.valid_to > ${at(now)})`

/** The price books of contracts `o`, each with the time in which it is had. */
const BOOKS = sql`
  select o.id, o.account_id, o.price_book_id, o.since, true as is_own, tstzrange(null, null) as held from o
  union all select o.id, o.account_id, b.price_book_id, greatest(o.since, b.valid_from), false, tstzrange(b.valid_from, b.valid_to)
    from o join contract_book b on b.contract_id = o.id and b.cut_to is null and (b.valid_to is null or b.valid_to > o.since)`

export interface Owned {
  price_book_id: string
  /** of contracts; else it was negotiated beside one, and need not price all */
  is_own: boolean
  kind: Kind
  since: string
}
/** Which kinds are owned at which prices, since the oldest open time. */
export const ownedKinds = (ctx: Context): Promise<Owned[]> =>
  rows<Owned>(
    ctx.tx,
    sql`with o as (${open(ctx.now())}), k as (${BOOKS})
        select k.price_book_id, k.is_own, r.kind, ${ms(sql`min(k.since)`)} as since from k join assignment a on a.account_id = k.account_id and a.cut_to is null
          and k.since < ${at(ctx.now())} and tstzrange(a.valid_from, a.valid_to) && tstzrange(k.since, ${at(ctx.now())})
          join resource r on r.id = a.resource_id group by 1, 2, 3`,
  )

export interface Component {
  kind: Kind
  meter: MeterName
  books: string[]
  /** by which prices of it go */
  index_ids: string[]
  /** nothing of the kind is sold: then what a negotiated book sells of it is none that lacks */
  is_unsold: boolean
}
export interface Lacking {
  account_id: string
  account_name: string
  legal_entity_id: string
  currency: string
  resources: number
  /** base units × milliseconds, or what was consumed */
  quantity: string
  /** milliseconds of all together */
  held_ms: string
  since: string
}

/** What accounts held without a price: owned while a book sells it, not covered by another eye, at no version's time. */
export const heldWithout = (
  ctx: Context,
  { kind, meter, books, is_unsold }: Component,
  how: Meter,
): Promise<Lacking[]> => {
  const size = how.size === undefined ? sql`1` : sql`coalesce((v.content->'size'->>${how.size})::numeric, 0)`
  const counts = how.counts === 'running' ? sql`v.content->>'state' = 'running'` : sql`true`
  const priced = is_unsold
    ? sql`select k.id, range_agg(k.held) as by from k where exists (select 1 from price_version p where p.price_book_id = k.price_book_id and p.kind = ${kind} and p.cut_to is null) group by 1`
    : sql`select k.id, range_agg(k.held * tstzrange(p.effective_at, p.ends_at) * tstzrange(x.valid_from, x.valid_to)) as by
          from k join price_version p on p.price_book_id = k.price_book_id
            left join index_value x on p.model = 'dynamic' and x.price_index_id = (p.terms->'index'->>'id')::uuid and x.cut_to is null
          where p.cut_to is null and p.kind = ${kind} and p.meter = ${meter} and (p.model <> 'dynamic' or x.id is not null) group by 1`
  return rows<Lacking>(
    ctx.tx,
    sql`with o as (${open(ctx.now())}), k as (${BOOKS}),
      priced as (${priced}),
      due as (select k.id, range_agg(k.held) as by from k where k.price_book_id = any(${uuids(books)}) group by 1),
      held as (
        select a.account_id, o.legal_entity_id, o.currency, a.resource_id, ${size} as size,
          tstzmultirange(tstzrange(a.valid_from, a.valid_to) * tstzrange(v.valid_from, v.valid_to) * tstzrange(o.since, ${at(ctx.now())})) * due.by
            - coalesce(p.by, '{}') - coalesce(s.by, '{}') as lacking
        from o join assignment a on a.account_id = o.account_id and a.cut_to is null and tstzrange(a.valid_from, a.valid_to) && tstzrange(o.since, ${at(ctx.now())})
          join resource r on r.id = a.resource_id and r.kind = ${kind}
          join observed_version v on v.resource_id = r.id and v.cut_to is null and tstzrange(v.valid_from, v.valid_to) && tstzrange(o.since, ${at(ctx.now())})
          join due on due.id = o.id
          left join priced p on p.id = o.id
          left join lateral (select range_agg(tstzrange(valid_from, valid_to)) as by from same_as where resource_id = r.id and cut_to is null) s on true
        where ${counts} and ${size} > 0)
      select h.account_id, n.name as account_name, h.legal_entity_id, h.currency, count(distinct h.resource_id)::int as resources,
        sum(h.size * (extract(epoch from upper(part) - lower(part)) * 1000)::int8)::text as quantity,
        sum((extract(epoch from upper(part) - lower(part)) * 1000)::int8)::text as held_ms, ${ms(sql`min(lower(part))`)} as since
      from held h join account n on n.id = h.account_id, unnest(h.lacking) as part group by 1, 2, 3, 4`,
  )
}

/** What accounts consumed without a price, by the judgement of each hour. */
export const consumedWithout = (ctx: Context, { kind, meter, books }: Component): Promise<Lacking[]> =>
  rows<Lacking>(
    ctx.tx,
    sql`with o as (${open(ctx.now())}), k as (${BOOKS})
      select s.account_id, n.name as account_name, o.legal_entity_id, o.currency, count(distinct s.resource_id)::int as resources,
        sum(u.quantity)::text as quantity, (count(*) * 3600000)::text as held_ms, ${ms(sql`min(s.hour)`)} as since
      from o join usage_status s on s.account_id = o.account_id and s.status = 'unrated' and s.meter = ${meter} and s.hour >= o.since
        join usage_hour u on u.id = s.usage_id and u.quantity > 0 join resource r on r.id = s.resource_id and r.kind = ${kind} join account n on n.id = s.account_id
      where exists (select 1 from k where k.id = o.id and k.price_book_id = any(${uuids(books)}) and k.held && tstzrange(s.hour, s.hour + interval '1 hour')) group by 1, 2, 3, 4`,
  )

/** Machines that nobody owns, as alike ones together: few, however many there are. */
export interface Alike {
  kind: Kind
  state: State
  size: Size
  count: number
}
const unowned = (parts: readonly Kind[]): SQL =>
  sql`account_id is null and ended_at is null and covered_by is null and kind <> all(${texts(parts)})`
export const unownedAlike = (ctx: Context, parts: readonly Kind[]): Promise<Alike[]> =>
  rows<Alike>(
    ctx.tx,
    sql`select kind, state, size, count(*)::int as count from resource where ${unowned(parts)} group by 1, 2, 3`,
  )

export interface Unowned {
  id: string
  kind: Kind
  name: string
  since: string | null
  /** which of the alike ones it is */
  place: number
}
/** By the places of those that are alike, or the oldest first; one more than the limit. */
export const selectUnowned = (
  ctx: Context,
  parts: readonly Kind[],
  alike: readonly Pick<Alike, 'kind' | 'state' | 'size'>[],
  { sort, offset, limit }: { sort: 'money' | 'since'; offset: number; limit: number },
): Promise<Unowned[]> => {
  const placed = JSON.stringify(alike.map(({ kind, state, size }, place) => ({ kind, state, size, place })))
  const since = sql`coalesce((select max(a.valid_to) from assignment a where a.resource_id = r.id and a.cut_to is null), r.first_seen_at)`
  return rows<Unowned>(
    ctx.tx,
    sql`select r.id, r.kind, r.name, ${ms(since)} as since, c.place from (select * from resource where ${unowned(parts)}) r
          join jsonb_to_recordset(${placed}::jsonb) as c(kind text, state text, size jsonb, place int) on c.kind = r.kind and c.state = r.state and c.size = r.size
        order by ${sort === 'money' ? sql`c.place, r.id` : sql`r.first_seen_at, r.id`} limit ${limit + 1} offset ${offset}`,
  )
}

export interface Stuck {
  close_id: string
  month: string
  legal_entity: string
  account_id: string
  account_name: string
  problem: { code: string; detail: string } | null
  net_minor: string | null
  currency: string
}
const STUCK = {
  parked: sql`a.state = 'parked'`,
  blocked: sql`a.state in ('ready', 'held') and a.flags ? 'blocked_gaps'`,
}
const stuck = (which: keyof typeof STUCK): SQL =>
  sql`from period_close_account a join period_close c on c.id = a.close_id and c.state <> 'cancelled' join legal_entity l on l.id = c.legal_entity_id where ${STUCK[which]}`
/** Of its draft; without one, of the company. */
const OF_STUCK = sql`coalesce(a.currency, c.currency)`
/** The most first in each currency, for they can't be compared. */
export const selectStuck = (
  ctx: Context,
  which: keyof typeof STUCK,
  { sort, offset, limit }: { sort: 'money' | 'since'; offset: number; limit: number },
): Promise<Stuck[]> =>
  rows<Stuck>(
    ctx.tx,
    sql`select a.close_id, c.month, l.name as legal_entity, a.account_id, a.account_name, a.problem, a.net_minor::text as net_minor, ${OF_STUCK} as currency ${stuck(which)}
        order by ${sort === 'money' ? sql`a.net_minor is null, ${OF_STUCK}, a.net_minor desc` : sql`c.opened_at`}, a.account_name, a.account_id limit ${limit + 1} offset ${offset}`,
  )

export interface Counts {
  unowned: number
  parked: number
  blocked: number
  mails: number
}
export async function counts(ctx: Context, parts: readonly Kind[]): Promise<Counts> {
  const [row] = await rows<Counts>(
    ctx.tx,
    sql`select (select count(*) from resource where ${unowned(parts)})::int as unowned, (select count(*) ${stuck('parked')})::int as parked,
          (select count(*) ${stuck('blocked')})::int as blocked,
          (select count(*) from mail where state in ('failed', 'unknown') and settled_at is null)::int as mails`,
  )
  return row ?? { unowned: 0, parked: 0, blocked: 0, mails: 0 }
}
