/** The SQL of reconciliation: each question is one statement over all machines, however many there are. */
import { type SQL, sql } from 'drizzle-orm'
import type { Kind, Size, State } from '#connectors/contract.ts'
import type { Instant } from '../base/time.ts'
import type { PlanName, PromisedMachine } from '../catalog/contract.ts'
import type { Promised } from '../contracts/contract.ts'
import { among, arrayText, columnar, type Context, ms, rows } from '../db/index.ts'
import { agentState, sourceState } from '../sources/rules.ts'
import type {
  AttachmentFact,
  Counter,
  EndedEyeFact,
  EndedFact,
  MachineFact,
  ScopeFact,
  ServiceFact,
  Silent,
  SourceFact,
} from './facts.ts'

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
  error: { code: string; message: string; remedy: string; since_ms: number } | null
  revoked_at: string | null
  last_heard_at: string | null
  silent_since: string | null
}
export async function sources(ctx: Context): Promise<Map<string, SourceFact>> {
  const found = await rows<SourceRow>(
    ctx.tx,
    sql`select s.id, s.connector, s.realm, s.interval_ms, ${ms(sql`s.paused_at`)} as paused_at, ${ms(sql`s.deleted_at`)} as deleted_at,
          ${ms(sql`s.last_fact_at`)} as last_fact_at, s.error, ${ms(sql`a.revoked_at`)} as revoked_at,
          ${ms(sql`a.last_heard_at`)} as last_heard_at, ${ms(sql`a.silent_since`)} as silent_since
        from source s join agent a on a.id = s.agent_id`,
  )
  return new Map(found.map((row) => [row.id, sourceFrom(row, ctx.now())]))
}
function sourceFrom(
  { id, connector, realm, interval_ms, deleted_at, error, ...row }: SourceRow,
  now: Instant,
): SourceFact {
  if (deleted_at !== null) return { id, connector, realm, state: 'deleted' }
  const agent = agentState({
    revoked_at: whole(row.revoked_at),
    last_heard_at: whole(row.last_heard_at),
    silent_since: whole(row.silent_since),
  })
  const facts = { paused_at: whole(row.paused_at), error, last_fact_at: whole(row.last_fact_at), interval_ms }
  return { id, connector, realm, state: sourceState(facts, agent, now) }
}

/** Each scope with its last whole listing. */
export async function scopes(ctx: Context): Promise<Map<string, ScopeFact>> {
  const found = await rows<Text<Pick<ScopeFact, 'listed_at'>> & Omit<ScopeFact, 'listed_at'>>(
    ctx.tx,
    sql`select s.id, s.realm, p.source_id, ${ms(sql`p.seen_at`)} as listed_at, p.interval_ms from scope s left join lateral (
          select source_id, seen_at, interval_ms from snapshot p where p.scope_id = s.id and p.in_force and p.complete order by p.seen_at desc limit 1) p on true`,
  )
  return new Map(found.map((row) => [row.id, { ...row, listed_at: whole(row.listed_at) }]))
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
/** All machines of these kinds that are there, further eyes on machines, and what fulfils services though it has ended. */
export async function machines(ctx: Context, kinds: ReadonlySet<string>): Promise<Map<string, MachineFact>> {
  const found = await rows<MachineRow>(
    ctx.tx,
    sql`select r.id, r.kind, r.name, r.realm, r.state, r.size, r.host_id, r.account_id, r.covered_by, r.scope_id, ${ms(sql`r.ended_at`)} as ended_at,
          ${ms(sql`r.first_seen_at`)} as first_seen_at, ${ms(sql`a.valid_from`)} as owned_since, ${ms(sql`v.valid_from`)} as seen_since
        from resource r left join assignment a on a.resource_id = r.id and ${holds('a', ctx.now())}
          left join observed_version v on v.resource_id = r.id and v.cut_to is null and v.valid_to is null
        where r.first_seen_at is not null and (
          (r.ended_at is null and (r.kind = any(${arrayText([...kinds])}::text[]) or r.covered_by is not null))
          or r.id in (select f.resource_id from service_resource f where ${holds('f', ctx.now())}))
        order by r.id`,
  )
  return new Map(
    found.map(({ ended_at, first_seen_at, owned_since, seen_since, ...row }) => [
      row.id,
      {
        ...row,
        ended_at: whole(ended_at),
        first_seen_at: sure(first_seen_at),
        owned_since: whole(owned_since),
        seen_since: whole(seen_since),
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
  since: string
  until: string | null
  detached_at: string | null
}
/** Services in force. */
export async function services(ctx: Context): Promise<Map<string, ServiceFact>> {
  const found = await rows<ServiceRow>(
    ctx.tx,
    sql`select s.id, s.account_id, v.plan_id, n.name as plan, n.price_book_id, n.included_kinds, n.promised, ${ms(sql`s.valid_from`)} as since,
          ${ms(sql`v.valid_to`)} as until, ${ms(sql`d.at`)} as detached_at
        from service s join service_version v on v.service_id = s.id and ${holds('v', ctx.now())} join plan n on n.id = v.plan_id
          left join (select service_id, max(valid_to) as at from service_resource where cut_to is null and valid_to <= ${at(ctx.now())} group by 1) d on d.service_id = s.id
        where s.kind = 'subscription' order by s.id`,
  )
  return new Map(
    found.map(({ since, until, detached_at, ...row }) => [
      row.id,
      { ...row, since: sure(since), until: whole(until), detached_at: whole(detached_at) },
    ]),
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
    sql`select l.resource_id, l.service_id, n.name as plan, ${ms(sql`e.valid_to`)} as ended_at from (
          select distinct on (f.resource_id) f.resource_id, f.service_id, f.valid_to from service_resource f
            join resource r on r.id = f.resource_id and r.account_id = f.account_id and r.ended_at is null
            where f.cut_to is null order by f.resource_id, f.valid_to desc nulls first) l
        cross join lateral (select v.valid_to, v.plan_id from service_version v where v.service_id = l.service_id and v.cut_to is null
          order by v.valid_to desc nulls first limit 1) e
        join plan n on n.id = e.plan_id
        where l.valid_to = e.valid_to and e.valid_to <= ${at(ctx.now())}`,
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

/** Those of the counters that had no reading since an instant, though their scope was listed all the time; what they counted before. */
export async function silentCounters(ctx: Context, counters: readonly Counter[], since: Instant): Promise<Silent[]> {
  if (counters.length === 0) return []
  const asked = columnar(
    counters.flatMap(({ resource_id, meter, metrics }) => metrics.map((metric) => ({ resource_id, meter, metric }))),
    { resource_id: 'uuid', meter: 'text', metric: 'text' },
    'c',
  )
  const told = sql`exists (select from jsonb_object_keys(d.counters) k where k = c.metric or k like c.metric || '/%')`
  const found = await rows<{ resource_id: string; meter: string; read_at: string | null; quantity: string }>(
    ctx.tx,
    sql`with silent as (
          select c.resource_id, c.meter, c.metric from ${asked} where not exists (
            select from reading d where d.resource_id = c.resource_id and d.seen_at > ${at(since)} and ${told}))
        select c.resource_id, c.meter, ${ms(sql`l.at`)} as read_at, coalesce(sum(u.quantity), 0)::text as quantity
        from silent c left join lateral (select max(hour) as at from usage_hour u where u.resource_id = c.resource_id and u.meter = c.metric and u.cut_to is null) l on true
          left join usage_hour u on u.resource_id = c.resource_id and u.meter = c.metric and u.cut_to is null and u.hour > l.at - interval '720 hours'
        group by 1, 2, 3`,
  )
  return found.map(({ read_at, quantity, ...row }) => ({ ...row, read_at: whole(read_at), quantity: BigInt(quantity) }))
}

/** Scopes that nobody listed for a while since an instant, and machines of which an agent lost facts then. */
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
