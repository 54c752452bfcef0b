/** The SQL of reconciliation: each question is one statement over all machines, however many there are. */
import { type SQL, sql } from 'drizzle-orm'
import type { Kind, Size, State } from '#connectors/contract.ts'
import type { Instant } from '../base/time.ts'
import type { PlanName, PromisedMachine } from '../catalog/contract.ts'
import type { Promised } from '../contracts/contract.ts'
import { among, arrayText, type Context, ms, rows } from '../db/index.ts'
import { type MeterName, meterOf } from '../metering/contract.ts'
import { agentState, sourceState } from '../sources/rules.ts'
import type {
  AttachmentFact,
  EndedEyeFact,
  EndedFact,
  MachineFact,
  ScopeFact,
  ServiceFact,
  SourceFact,
} from './facts.ts'
import { isCurrent } from './known.ts'

type Text<T> = { [K in keyof T]: T[K] extends Instant | null ? string | null : T[K] }
const at = (instant: Instant): SQL => sql`${new Date(instant).toISOString()}::timestamptz`
const whole = (text: string | null): Instant | null => (text === null ? null : Number(text))
const sure = (text: string | null): Instant => Number(text)
/** A decision of a table under this name that holds at an instant, as it is known now. */
const holds = (table: string, now: Instant): SQL =>
  sql`${sql.raw(table)}.cut_to is null and (${sql.raw(table)}.valid_from is null or ${sql.raw(table)}.valid_from <= ${at(now)}) and (${sql.raw(table)}.valid_to is null or ${sql.raw(table)}.valid_to > ${at(now)})`

interface SourceRow {
  id: string
  connector: string
  realm: string
  interval_ms: number
  paused_at: string | null
  deleted_at: string | null
  last_fact_at: string | null
  heard_at: string
  error: { code: string; message: string; remedy: string; since_ms: number } | null
  revoked_at: string | null
  last_heard_at: string | null
  silent_since: string | null
}
type Source = Omit<SourceFact, 'lists'>
async function allSources(ctx: Context): Promise<Source[]> {
  const found = await rows<SourceRow>(
    ctx.tx,
    sql`select s.id, s.connector, s.realm, s.interval_ms, ${ms(sql`s.paused_at`)} as paused_at, ${ms(sql`s.deleted_at`)} as deleted_at,
          ${ms(sql`s.last_fact_at`)} as last_fact_at, ${ms(sql`coalesce(s.last_fact_at, s.created_at)`)} as heard_at, s.error,
          ${ms(sql`a.revoked_at`)} as revoked_at, ${ms(sql`a.last_heard_at`)} as last_heard_at, ${ms(sql`a.silent_since`)} as silent_since
        from source s join agent a on a.id = s.agent_id`,
  )
  return found.map((row) => sourceFrom(row, ctx.now()))
}
function sourceFrom(
  { id, connector, realm, interval_ms, deleted_at, error, heard_at, ...row }: SourceRow,
  now: Instant,
): Source {
  const about = { id, connector, realm, heard_at: sure(heard_at) }
  if (deleted_at !== null) return { ...about, state: 'deleted' }
  const agent = agentState({
    revoked_at: whole(row.revoked_at),
    last_heard_at: whole(row.last_heard_at),
    silent_since: whole(row.silent_since),
  })
  const facts = { paused_at: whole(row.paused_at), error, last_fact_at: whole(row.last_fact_at), interval_ms }
  return { ...about, state: sourceState(facts, agent, now) }
}

/** Sources, and of those that don't do well whether they listed any scope of their realm whole since an instant. */
export async function sources(ctx: Context, since: Instant): Promise<Map<string, SourceFact>> {
  const all = await allSources(ctx)
  const dim = all.filter(({ state }) => state !== 'ok' && state !== 'deleted').map(({ id }) => id)
  const listing =
    dim.length === 0
      ? []
      : await rows<{ id: string }>(
          ctx.tx,
          sql`select x.id from source x where ${among(sql`x.id`, dim)} and exists (
                select from scope s cross join lateral (select 1 from snapshot p where p.scope_id = s.id and p.source_id = x.id
                  and p.seen_at > ${at(since)} and p.in_force and p.complete limit 1) p where s.realm = x.realm)`,
        )
  const lists = new Set(listing.map(({ id }) => id))
  return new Map(all.map((one) => [one.id, { ...one, lists: lists.has(one.id) || one.state === 'ok' }]))
}

interface ScopeRow {
  id: string
  realm: string
  source_id: string | null
  listed_at: string | null
  interval_ms: number | null
  heard_at: string | null
}
/** Each scope with its last whole listing: where who made that does not do well, the one of another who does, as far as three days back. */
export async function scopes(ctx: Context, known: ReadonlyMap<string, SourceFact>): Promise<Map<string, ScopeFact>> {
  const found = await rows<ScopeRow>(
    ctx.tx,
    sql`select s.id, s.realm, coalesce(p.source_id, h.source_id) as source_id, ${ms(sql`p.seen_at`)} as listed_at, p.interval_ms,
          ${ms(sql`h.seen_at`)} as heard_at
        from scope s left join lateral (
          select source_id, seen_at, interval_ms from snapshot p where p.scope_id = s.id and p.in_force and p.complete order by p.seen_at desc limit 1) p on true
        left join lateral (select source_id, seen_at from snapshot h where h.scope_id = s.id order by h.seen_at desc limit 1) h on true`,
  )
  const isWell = (id: string | null) => known.get(id ?? '')?.state === 'ok'
  const others = await listedByOthers(
    ctx,
    found.filter(({ source_id }) => source_id !== null && !isWell(source_id)).map(({ id }) => id),
    [...known.values()].filter(({ state }) => state === 'ok').map(({ id }) => id),
  )
  return new Map(
    found.map(({ listed_at, heard_at, ...row }) => {
      const fact = { ...row, listed_at: whole(listed_at), heard_at: whole(heard_at) }
      const other = { ...fact, ...others.get(row.id) }
      return [row.id, isCurrent({ sources: known, now: ctx.now() }, other) ? other : fact]
    }),
  )
}
/** Three intervals of the longest kind. */
const OTHERS_MS = 3 * 86_400_000
async function listedByOthers(ctx: Context, scope_ids: readonly string[], source_ids: readonly string[]) {
  const out = new Map<string, Pick<ScopeFact, 'source_id' | 'listed_at' | 'interval_ms'>>()
  if (scope_ids.length === 0 || source_ids.length === 0) return out
  const found = await rows<{ id: string; source_id: string; listed_at: string; interval_ms: number }>(
    ctx.tx,
    sql`select s.id, p.source_id, ${ms(sql`p.seen_at`)} as listed_at, p.interval_ms from scope s cross join lateral (
          select source_id, seen_at, interval_ms from snapshot p where p.scope_id = s.id and p.in_force and p.complete
            and ${among(sql`p.source_id`, source_ids)} and p.seen_at > ${at(ctx.now() - OTHERS_MS)} order by p.seen_at desc limit 1) p
        where ${among(sql`s.id`, scope_ids)}`,
  )
  for (const { id, listed_at, ...row } of found) out.set(id, { ...row, listed_at: sure(listed_at) })
  return out
}

/** Kinds that some book of what is sold prices now, or that some plan includes. */
export async function soldKinds(ctx: Context): Promise<Set<string>> {
  const found = await rows<{ kind: string }>(
    ctx.tx,
    sql`select p.kind from price_version p join price_book b on b.id = p.price_book_id and b.side = 'sale'
            left join plan n on n.price_book_id = b.id
          where p.cut_to is null and p.effective_at <= ${at(ctx.now())} and (p.ends_at is null or p.ends_at > ${at(ctx.now())}) and p.kind <> 'service'
            and (n.id is null or n.published_at is not null)
        union select k from plan, jsonb_array_elements_text(included_kinds) k where published_at is not null
        union select promised->>'kind' from plan where promised is not null and published_at is not null`,
  )
  return new Set(found.map(({ kind }) => kind))
}

type MachineRow = Text<Omit<MachineFact, 'kind' | 'state' | 'size'>> & { kind: Kind; state: State; size: Size }
/** All machines of these kinds that are there, further eyes on machines, and what fulfils services though it has ended; `since`: see `running_since`. */
export async function machines(
  ctx: Context,
  kinds: ReadonlySet<string>,
  since: Instant,
): Promise<Map<string, MachineFact>> {
  const begun = sql`greatest(o.valid_from, ${at(since)})`
  const found = await rows<MachineRow>(
    ctx.tx,
    sql`select r.id, r.kind, r.name, r.realm, r.state, r.size, r.host_id, a.account_id, r.covered_by, r.scope_id, ${ms(sql`r.ended_at`)} as ended_at,
          ${ms(sql`r.first_seen_at`)} as first_seen_at, ${ms(sql`a.valid_from`)} as owned_since, ${ms(sql`v.valid_from`)} as seen_since,
          case when r.state = 'running' then coalesce(${ms(sql`y.at`)}, ${ms(sql`v.valid_from`)}) end as running_since
        from resource r left join assignment a on a.resource_id = r.id and ${holds('a', ctx.now())}
          left join observed_version v on v.resource_id = r.id and v.cut_to is null and v.valid_to is null
          left join lateral (
            select min(${begun}) as at from observed_version o
            where v.valid_from > ${at(since)} and o.resource_id = r.id and o.cut_to is null and (o.valid_to is null or o.valid_to > ${at(since)})
            having bool_and(o.content->>'state' = 'running')
              and sum(coalesce(o.valid_to, ${at(ctx.now())}) - ${begun}) = ${at(ctx.now())} - min(${begun})) y on true
        where r.first_seen_at is not null and (
          (r.ended_at is null and (r.kind = any(${arrayText([...kinds])}::text[]) or r.covered_by is not null))
          or r.id in (select f.resource_id from service_resource f where ${holds('f', ctx.now())}))
        order by r.id`,
  )
  return new Map(
    found.map(({ ended_at, first_seen_at, owned_since, seen_since, running_since, ...row }) => [
      row.id,
      {
        ...row,
        ended_at: whole(ended_at),
        first_seen_at: sure(first_seen_at),
        owned_since: whole(owned_since),
        seen_since: whole(seen_since),
        running_since: whole(running_since),
      },
    ]),
  )
}

interface ServiceRow {
  id: string
  account_id: string
  plan_id: string
  plan: PlanName
  price_book_id: string
  included_kinds: Kind[]
  promised: PromisedMachine | null
  on_trial: boolean
  since: string
  until: string | null
  detached_at: string | null
  suspended_from: string | null
  suspended_for: string
}
/** Services in force. */
export async function services(ctx: Context): Promise<Map<string, ServiceFact>> {
  const found = await rows<ServiceRow>(
    ctx.tx,
    sql`select s.id, s.account_id, v.plan_id, n.name as plan, n.price_book_id, n.included_kinds, n.promised,
          coalesce(v.trial_until > ${at(ctx.now())}, false) as on_trial, ${ms(sql`s.valid_from`)} as since,
          ${ms(sql`v.valid_to`)} as until, ${ms(sql`d.at`)} as detached_at, ${ms(sql`x.valid_from`)} as suspended_from, x.reason as suspended_for
        from service s join service_version v on v.service_id = s.id and ${holds('v', ctx.now())} join plan n on n.id = v.plan_id
          left join (select service_id, max(valid_to) as at from service_resource where cut_to is null and valid_to <= ${at(ctx.now())} group by 1) d on d.service_id = s.id
          left join service_suspension x on x.service_id = s.id and ${holds('x', ctx.now())}
        where s.kind = 'subscription' order by s.id`,
  )
  return new Map(
    found.map(({ since, until, detached_at, suspended_from: from, suspended_for: reason, ...row }) => {
      const suspension = from === null ? null : { from: sure(from), reason }
      return [row.id, { ...row, since: sure(since), until: whole(until), detached_at: whole(detached_at), suspension }]
    }),
  )
}

export async function attachments(ctx: Context): Promise<AttachmentFact[]> {
  const found = await rows<Omit<AttachmentFact, 'since'> & { since: string; promised: Promised | null }>(
    ctx.tx,
    sql`select f.service_id, f.account_id, f.resource_id, f.promised, ${ms(sql`f.valid_from`)} as since from service_resource f where ${holds('f', ctx.now())}`,
  )
  return found.map((row) => ({ ...row, since: sure(row.since) }))
}

/** Of machines whose last service for their owner ended with them in it. */
export async function endedServices(ctx: Context): Promise<Map<string, EndedFact>> {
  const found = await rows<Omit<EndedFact, 'ended_at'> & { ended_at: string }>(
    ctx.tx,
    sql`with l as (
          select distinct on (f.resource_id) f.resource_id, f.service_id, f.valid_to from service_resource f
            join assignment a on a.resource_id = f.resource_id and a.account_id = f.account_id and ${holds('a', ctx.now())}
            join resource r on r.id = f.resource_id and r.ended_at is null
            where f.cut_to is null order by f.resource_id, f.valid_to desc nulls first),
        e as (
          select distinct on (v.service_id) v.service_id, v.plan_id, v.valid_to from service_version v where v.cut_to is null
            order by v.service_id, v.valid_to desc nulls first)
        select l.resource_id, l.service_id, n.name as plan, ${ms(sql`e.valid_to`)} as ended_at, m.machines
        from l join e on e.service_id = l.service_id and e.valid_to <= ${at(ctx.now())} and (l.valid_to is null or l.valid_to >= e.valid_to)
          join plan n on n.id = e.plan_id
          cross join lateral (select count(distinct o.resource_id)::int as machines from service_resource o where o.service_id = e.service_id
            and o.cut_to is null and o.valid_from < e.valid_to and (o.valid_to is null or o.valid_to >= e.valid_to)) m`,
  )
  return new Map(found.map((row) => [row.resource_id, { ...row, ended_at: sure(row.ended_at) }]))
}

/** Eyes that saw a machine end while the one that is billed for it goes on. */
export async function endedEyes(ctx: Context): Promise<EndedEyeFact[]> {
  const found = await rows<Omit<EndedEyeFact, 'ended_at'> & { ended_at: string }>(
    ctx.tx,
    sql`select m.id as resource_id, e.id as eye_id, e.scope_id, e.realm, ${ms(sql`e.ended_at`)} as ended_at
        from same_as s join resource e on e.id = s.resource_id and e.ended_at = s.valid_to
          join resource m on m.id = s.billed_id and m.ended_at is null and m.covered_by is null
        where s.cut_to is null`,
  )
  return found.map((row) => ({ ...row, ended_at: sure(row.ended_at) }))
}

const ofBooks = async (ctx: Context): Promise<Map<string, string[]>> => {
  const found = await rows<{ price_book_id: string; components: string[] }>(
    ctx.tx,
    sql`select price_book_id, array_agg(distinct kind || '.' || meter) as components from price_version p
        where p.cut_to is null and p.effective_at <= ${at(ctx.now())} and (p.ends_at is null or p.ends_at > ${at(ctx.now())}) group by 1`,
  )
  return new Map(found.map((row) => [row.price_book_id, row.components]))
}
/** What accounts are charged for beside their services, and what the books of plans price. */
export async function prices(ctx: Context): Promise<Record<'priced' | 'planned', Map<string, ReadonlySet<string>>>> {
  const books = await ofBooks(ctx)
  const held = await rows<{ account_id: string; books: string[] }>(
    ctx.tx,
    sql`select c.account_id, array_agg(distinct k.id) as books from contract c cross join lateral (
          select c.price_book_id as id union select b.price_book_id from contract_book b where b.contract_id = c.id and ${holds('b', ctx.now())}) k
        where c.side = 'sale' and c.valid_from <= ${at(ctx.now())} and (c.valid_to is null or c.valid_to > ${at(ctx.now())}) group by 1`,
  )
  // most have the same books
  const known = new Map<string, ReadonlySet<string>>()
  const priced = held.map((row): [string, ReadonlySet<string>] => {
    const key = row.books.join(' ')
    const components = known.get(key) ?? new Set(row.books.flatMap((book) => books.get(book) ?? []))
    known.set(key, components)
    return [row.account_id, components]
  })
  return {
    priced: new Map(priced),
    planned: new Map([...books].map(([book, components]) => [book, new Set(components)])),
  }
}

/** Whether a reading `d` tells of a counter: by the devices of it that count. */
function tells(name: MeterName): SQL {
  const { metric = name, devices, excludes = [] } = meterOf(name)
  const keyOf = (device: string) => (device === '' ? metric : `${metric}/${device}`)
  if (devices) return sql`jsonb_exists_any(d.counters, ${arrayText(devices.map(keyOf))}::text[])`
  return sql`exists (select from jsonb_object_keys(d.counters) k
    where (k = ${metric} or starts_with(k, ${`${metric}/`})) and k <> all(${arrayText(excludes.map(keyOf))}::text[]))`
}
/** A counter that was silent for longer counted nothing that anybody would still bill. */
const COUNTED_WITHIN_MS = 90 * 86_400_000

/**
 * Those of the machines of which a counter had no reading since an instant, with its last one, and what it counted in the whole hours of the
 * `within_ms` before that: each is looked up by itself.
 */
export async function silentIn(
  ctx: Context,
  meter: MeterName,
  resource_ids: readonly string[],
  { since, within_ms }: { since: Instant; within_ms: number },
) {
  const found = await rows<{ resource_id: string; read_at: string | null; source_id: string | null; counted: string }>(
    ctx.tx,
    sql`with silent as materialized (
          select c.id from unnest(${arrayText(resource_ids)}::uuid[]) as c(id) left join lateral (
            select true as is_read from reading d where d.resource_id = c.id and d.seen_at > ${at(since)} and ${tells(meter)} limit 1) d on true
          where d.is_read is null)
        select s.id as resource_id, ${ms(sql`r.at`)} as read_at, p.source_id, q.counted
        from silent s left join lateral (
            select u.hour from usage_hour u where u.resource_id = s.id and u.hour > ${at(since - COUNTED_WITHIN_MS)} and u.meter = ${meter}
              and u.cut_to is null and u.quantity > 0 order by u.hour desc limit 1) l on true
          left join lateral (
            select d.seen_at, d.source_id from reading d where d.resource_id = s.id and d.seen_at >= l.hour and d.seen_at <= ${at(since)}
              and ${tells(meter)} order by d.seen_at desc limit 1) p on true
          cross join lateral (select coalesce(p.seen_at, l.hour + interval '1 hour') as at) r
          cross join lateral (
            select coalesce(sum(u.quantity), 0)::text as counted from usage_hour u where u.resource_id = s.id and u.meter = ${meter}
              and u.cut_to is null and u.hour >= r.at - ${`${within_ms} milliseconds`}::interval and u.hour < date_trunc('hour', r.at)) q
        order by s.id`,
  )
  return found.map(({ read_at, counted, ...row }) => ({ ...row, read_at: whole(read_at), counted: BigInt(counted) }))
}

/** Scopes that nobody listed for a while since an instant. */
export async function gapsSince(ctx: Context, since: Instant): Promise<ReadonlySet<string>> {
  const found = await rows<{ scope_id: string }>(
    ctx.tx,
    sql`select distinct scope_id from scope_gap where cut_to is null and to_at > ${at(since)}`,
  )
  return new Set(found.map(({ scope_id }) => scope_id))
}

export interface Named {
  id: string
  name: string
}
export const accountNames = (ctx: Context, ids: ReadonlySet<string>): Promise<Named[]> =>
  rows<Named>(ctx.tx, sql`select id, name from account where ${among(sql`id`, ids)} order by lower(name), id`)
export const resourceNames = (ctx: Context, ids: ReadonlySet<string>): Promise<Named[]> =>
  rows<Named>(ctx.tx, sql`select id, name from resource where ${among(sql`id`, ids)}`)

/** Since when nobody owns them, where somebody did. */
export async function freeSince(ctx: Context, ids: ReadonlySet<string>): Promise<Map<string, Instant>> {
  const found = await rows<{ id: string; since: string }>(
    ctx.tx,
    sql`select resource_id as id, ${ms(sql`max(valid_to)`)} as since from assignment
        where cut_to is null and valid_to is not null and ${among(sql`resource_id`, ids)} group by 1`,
  )
  return new Map(found.map(({ id, since }) => [id, sure(since)]))
}

/** Which months of an account were invoiced, up to when. */
export async function invoicedUntil(ctx: Context, account_id: string): Promise<Instant | null> {
  const [row] = await rows<{ until: string | null }>(
    ctx.tx,
    sql`select ${ms(sql`max(i.period_to)`)} as until from invoice i join contract c on c.id = i.contract_id
        where c.account_id = ${account_id}::uuid and i.document_type = 'invoice' and not i.one_off`,
  )
  return whole(row?.until ?? null)
}
