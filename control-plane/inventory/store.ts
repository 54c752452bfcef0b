/** Reads of the inventory: lists, details, histories, and the timelines that rating integrates. */
import { sure } from '../base/problem.ts'
import { and, asc, desc, eq, gt, inArray, isNotNull, isNull, lt, or, type SQL, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import type { Instant, Interval } from '../base/time.ts'
import { knownAt } from '../db/cut.ts'
import { withinOwn } from '../db/fence.ts'
import { among, arrayText, columnar, type Context, ms, rows } from '../db/index.ts'
import type { ResourceQuery } from './contract.ts'
import { idsFrom, textsOf } from './search/rules.ts'
import { assignment, dirtyResource, dueOwner, observedVersion, resource } from './schema.ts'

export type ResourceRow = typeof resource.$inferSelect & {
  host_name: string | null
  account_name: string | null
  project_name: string | null
}

// Drizzle leaves out the table in a select from one: inside a subquery the column must be written in full
const selection = {
  resource,
  host_name: sql<string | null>`(select h.name from resource h where h.id = resource.host_id)`,
  account_name: sql<string | null>`(select a.name from account a where a.id = resource.account_id)`,
  project_name: sql<string | null>`(select p.name from project p where p.id = resource.project_id)`,
}
type Selected = {
  resource: typeof resource.$inferSelect
  host_name: string | null
  account_name: string | null
  project_name: string | null
}
const fromRow = ({ resource: row, ...names }: Selected): ResourceRow => ({ ...row, ...names })

/** When each scope was last listed whole. */
export async function lastListed(ctx: Context, scope_ids: readonly string[]): Promise<Map<string, Instant>> {
  if (scope_ids.length === 0) return new Map()
  const found = await rows<{ scope_id: string; at: string }>(
    ctx.tx,
    sql`select s.scope_id, ${ms(sql`p.seen_at`)} as at from ${columnar(
      [...new Set(scope_ids)].map((scope_id) => ({ scope_id })),
      { scope_id: 'uuid' },
      's',
    )} cross join lateral (select seen_at from snapshot p where p.scope_id = s.scope_id and p.in_force and p.complete order by p.seen_at desc limit 1) p`,
  )
  return new Map(found.map(({ scope_id, at }) => [scope_id, Number(at)]))
}

const SORTS: Record<ResourceQuery['sort'], SQL> = {
  name: sql`lower(${resource.name})`,
  kind: sql`${resource.kind}`,
  state: sql`${resource.state}`,
  vcpu_count: sql`coalesce((${resource.size}->>'vcpu_count')::numeric, 0)`,
  memory_bytes: sql`coalesce((${resource.size}->>'memory_bytes')::numeric, 0)`,
  disk_bytes: sql`coalesce((${resource.size}->>'disk_bytes')::numeric, 0)`,
  first_seen_at: sql`coalesce(${resource.first_seen_at}, 'epoch')`,
  // below every amount, word by word as its index has it
  cost: sql`coalesce(${resource.cost_per_hour}, '-infinity'::numeric)`,
}

const escaped = (text: string) => text.replaceAll(/[\\%_]/g, (c) => `\\${c}`)
/** Each way by an index of its own: a text within what the resource shows, or the beginning of its id. */
function found(query: string): SQL | undefined {
  const ids = idsFrom(query)
  return or(
    ...textsOf(query).map((text) => sql`${resource.search} like ${`%${escaped(text)}%`}`),
    ids ? sql`${resource.id} between ${ids.first}::uuid and ${ids.last}::uuid` : undefined,
  )
}

function matching(ctx: Context, query: ResourceQuery, only: readonly string[] | null): SQL | undefined {
  const list = (text: string | undefined) =>
    text
      ? text
          .split(',')
          .map((part) => part.trim())
          .filter(Boolean)
      : null
  const [kinds, states] = [list(query.kind), list(query.state)]
  const owner =
    query.account_id === 'none'
      ? isNull(resource.account_id)
      : query.account_id
        ? eq(resource.account_id, query.account_id)
        : undefined
  const ended = { no: isNull(resource.ended_at), yes: isNotNull(resource.ended_at), all: undefined }[query.ended]
  return and(
    withinOwn(ctx, resource),
    only ? sql`${resource.id} = any(${arrayText(only)}::uuid[])` : undefined,
    isNotNull(resource.first_seen_at),
    kinds ? inArray(sql`${resource.kind}`, kinds) : undefined,
    states ? inArray(sql`${resource.state}`, states) : undefined,
    query.q ? found(query.q) : undefined,
    owner,
    query.project_id === 'none'
      ? isNull(resource.project_id)
      : query.project_id
        ? eq(resource.project_id, query.project_id)
        : undefined,
    query.source_id ? eq(resource.source_id, query.source_id) : undefined,
    query.host_id ? eq(resource.host_id, query.host_id) : undefined,
    ended,
    { no: isNull(resource.covered_by), yes: isNotNull(resource.covered_by), all: undefined }[query.covered],
  )
}

/** One page by key, not by offset: stable while rows come and go. */
export async function listResources(
  ctx: Context,
  query: ResourceQuery,
  after: { key: string; id: string } | null,
  only: readonly string[] | null = null,
): Promise<{ rows: ResourceRow[]; keys: string[] }> {
  const key = SORTS[query.sort]
  const [direction, past] = query.order === 'asc' ? [asc, sql`>`] : [desc, sql`<`]
  const type = {
    name: sql`text`,
    kind: sql`text`,
    state: sql`text`,
    first_seen_at: sql`timestamptz`,
    vcpu_count: sql`numeric`,
    memory_bytes: sql`numeric`,
    disk_bytes: sql`numeric`,
    cost: sql`numeric`,
  }[query.sort]
  const found = await ctx.tx
    .select({ ...selection, key: sql<string>`(${key})::text` })
    .from(resource)
    .where(
      and(
        matching(ctx, query, only),
        after ? sql`(${key}, ${resource.id}) ${past} (${after.key}::${type}, ${after.id}::uuid)` : undefined,
      ),
    )
    .orderBy(direction(key), direction(resource.id))
    .limit(query.limit + 1)
  return { rows: found.map(fromRow), keys: found.map((row) => row.key) }
}

export async function countResources(
  ctx: Context,
  query: ResourceQuery,
  only: readonly string[] | null = null,
): Promise<number> {
  return ctx.tx.$count(resource, matching(ctx, query, only))
}

export async function findResource(ctx: Context, id: string): Promise<ResourceRow | null> {
  const [row] = await ctx.tx.select(selection).from(resource).where(eq(resource.id, id))
  return row ? fromRow(row) : null
}

export async function summary(ctx: Context) {
  const by_kind = await rows<{ kind: string; total: number; running: number; stopped: number }>(
    ctx.tx,
    sql`select kind, count(*)::int as total, count(*) filter (where state = 'running')::int as running,
          count(*) filter (where state in ('stopped', 'paused'))::int as stopped
        from resource where ended_at is null and first_seen_at is not null and covered_by is null and ${withinOwn(ctx, resource) ?? sql`true`} group by kind order by kind`,
  )
  const unowned = await ctx.tx.$count(
    resource,
    and(
      withinOwn(ctx, resource),
      isNull(resource.ended_at),
      isNull(resource.account_id),
      isNotNull(resource.first_seen_at),
      isNull(resource.covered_by),
    ),
  )
  return { by_kind, unowned }
}

export const placedOn = (ctx: Context, host_id: string) =>
  ctx.tx
    .select({ id: resource.id, kind: resource.kind, name: resource.name, state: resource.state })
    .from(resource)
    .where(
      and(
        eq(resource.host_id, host_id),
        withinOwn(ctx, resource),
        isNull(resource.ended_at),
        sql`${resource.id} <> ${host_id}`,
      ),
    )
    .orderBy(resource.kind, resource.name)
    .limit(500)

/** Sources whose listings hold it now or once did. */
export const sourcesSeeing = (ctx: Context, resource_id: string) =>
  rows<{ id: string; connector: string; agent_name: string }>(
    ctx.tx,
    sql`select distinct s.id, s.connector, a.name as agent_name from sighting g join source s on s.id = g.source_id join agent a on a.id = s.agent_id
        where g.resource_id = ${resource_id}`,
  )

export const liveTimeline = (ctx: Context, resource_id: string) =>
  ctx.tx
    .select({
      version: observedVersion,
      host_name: sql<string | null>`(select h.name from resource h where h.id = observed_version.host_id)`,
    })
    .from(observedVersion)
    .where(and(eq(observedVersion.resource_id, resource_id), isNull(observedVersion.cut_to)))
    .orderBy(desc(observedVersion.valid_from))
    .limit(1_000)

/** The first version of each resource, as known to a cut. */
export const firstVersions = async (ctx: Context, resource_ids: readonly string[], cut: number) =>
  await ctx.tx
    .selectDistinctOn([observedVersion.resource_id], {
      resource_id: observedVersion.resource_id,
      from: observedVersion.valid_from,
      from_exact: observedVersion.from_exact,
      not_before: observedVersion.not_before,
    })
    .from(observedVersion)
    .where(
      and(
        among(observedVersion.resource_id, resource_ids),
        knownAt(observedVersion.cut_from, observedVersion.cut_to, cut),
      ),
    )
    .orderBy(observedVersion.resource_id, observedVersion.valid_from)

/** One that is open, and stays so until the transaction ends. */
export async function projectExists(ctx: Context, account_id: string, project_id: string): Promise<boolean> {
  const found = await rows(
    ctx.tx,
    sql`select 1 from project where id = ${project_id} and account_id = ${account_id} and closed_at is null for share`,
  )
  return found.length > 0
}

export async function replaceAssignments(
  ctx: Context,
  old: readonly (typeof assignment.$inferSelect)[],
  fresh: (typeof assignment.$inferInsert)[],
  cut: number,
): Promise<void> {
  const unseen = old.filter((row) => row.cut_from === cut).map((row) => row.id)
  const seen = old.filter((row) => row.cut_from !== cut).map((row) => row.id)
  if (unseen.length > 0) await ctx.tx.delete(assignment).where(inArray(assignment.id, unseen))
  if (seen.length > 0) await ctx.tx.update(assignment).set({ cut_to: cut }).where(inArray(assignment.id, seen))
  if (fresh.length > 0) await ctx.tx.insert(assignment).values(fresh)
}

export const lockResource = (ctx: Context, id: string) =>
  ctx.tx.select({ id: resource.id }).from(resource).where(eq(resource.id, id)).for('no key update')

export const overlaps = (from: AnyPgColumn, to: AnyPgColumn, interval: Interval) =>
  and(or(isNull(from), lt(from, interval.to)), or(isNull(to), gt(to, interval.from)))

export const namesOf = (ctx: Context, resource_ids: readonly string[]) =>
  resource_ids.length === 0
    ? []
    : ctx.tx
        .select({ id: resource.id, kind: resource.kind, name: resource.name, realm: resource.realm })
        .from(resource)
        .where(among(resource.id, resource_ids))
        // the same question has the same answer, to the order
        .orderBy(asc(resource.id))

/** vCPUs of guests: their load is a share of these. */
export async function vcpusOf(ctx: Context, resource_ids: readonly string[]): Promise<Map<string, number>> {
  if (resource_ids.length === 0) return new Map()
  const found = await ctx.tx
    .select({ id: resource.id, size: resource.size })
    .from(resource)
    .where(and(inArray(resource.id, [...resource_ids]), eq(resource.kind, 'vm')))
  return new Map(found.flatMap(({ id, size }) => (size.vcpu_count ? [[id, Number(size.vcpu_count)]] : [])))
}

/** Stretches in which nobody listed the scopes, and from when on nobody has: `silent_since` of the last listing; as known to a cut. */
export async function unobservedIn(
  ctx: Context,
  scope_ids: readonly string[],
  interval: Interval,
  cut: number,
): Promise<{ scope_id: string; from: Instant; to: Instant }[]> {
  if (scope_ids.length === 0) return []
  const ids = sql.join(
    [...scope_ids].map((id) => sql`${id}::uuid`),
    sql`, `,
  )
  const [from, to] = [new Date(interval.from).toISOString(), new Date(interval.to).toISOString()]
  const found = await rows<{ scope_id: string; from_at: string; to_at: string }>(
    ctx.tx,
    sql`select scope_id, ${ms(sql`from_at`)} as from_at, ${ms(sql`to_at`)} as to_at from scope_gap
          where scope_id in (${ids}) and from_at < ${to}::timestamptz and to_at > ${from}::timestamptz
            and ${knownAt(sql`cut_from`, sql`cut_to`, cut)}
        union all
        select l.scope_id, ${ms(sql`l.seen_at`)}, ${interval.to}::int8 from unnest(array[${ids}]) as s(id)
          cross join lateral (select scope_id, seen_at, interval_ms from snapshot p where p.scope_id = s.id and in_force and complete and p.cut <= ${cut} order by seen_at desc limit 1) l
          where l.seen_at + make_interval(secs => 3 * l.interval_ms / 1000.0) < ${to}::timestamptz`,
  )
  return found
    .map((row) => ({ scope_id: row.scope_id, from: Number(row.from_at), to: Number(row.to_at) }))
    .filter((gap) => gap.from < gap.to)
}

export async function pendingResources(ctx: Context): Promise<{ count: number; oldest: Instant | null }> {
  const [row] = await rows<{ count: string; oldest: string | null }>(
    ctx.tx,
    sql`select count(*) as count, min(${ms(sql`marked_at`)}) as oldest from (select marked_at from ${dirtyResource} union all select marked_at from ${dueOwner}) waiting`,
  )
  return { count: Number(sure(row).count), oldest: sure(row).oldest === null ? null : Number(sure(row).oldest) }
}

/** Resources whose projected owner isn't that of now: a planned transfer has come. */
export async function staleOwners(ctx: Context, at: Instant, limit: number): Promise<string[]> {
  const found = await rows<{ id: string }>(
    ctx.tx,
    sql`select r.id from assignment a join resource r on r.id = a.resource_id
        where a.cut_to is null and a.valid_from <= ${new Date(at).toISOString()}::timestamptz and (a.valid_to is null or a.valid_to > ${new Date(at).toISOString()}::timestamptz)
          and (r.account_id, r.project_id) is distinct from (a.account_id, a.project_id) limit ${limit}`,
  )
  return found.map((row) => row.id)
}

/** By their ids, after one of them; those that ended before `since` are left out. */
export async function selectOfSource(
  ctx: Context,
  source_id: string,
  { since, after, limit }: { since: Instant; after: string | null; limit: number },
): Promise<{ found: { id: string; name: string }[]; total: number }> {
  const all = and(eq(resource.source_id, source_id), or(isNull(resource.ended_at), gt(resource.ended_at, since)))
  const found = await ctx.tx
    .select({ id: resource.id, name: resource.name })
    .from(resource)
    .where(and(all, after === null ? undefined : gt(resource.id, after)))
    .orderBy(asc(resource.id))
    .limit(limit)
  return { found, total: await ctx.tx.$count(resource, all) }
}
