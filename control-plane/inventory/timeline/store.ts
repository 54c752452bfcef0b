/** The SQL of the observed timeline: sightings in, versions out, and the projection that lists read. */
import { sure } from '../../base/problem.ts'
import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import { newId } from '../../base/id.ts'
import type { Instant } from '../../base/time.ts'
import { type Context, ms, rows } from '../../db/index.ts'
import { HOSTS, type Sighting, type Version } from '../rules.ts'
import { observedVersion, resource } from '../schema.ts'

/** A version with the resource on which it is placed. */
export type Placed = Version & { host_id: string | null }
export type Live = Placed & { id: string; cut_from: number }

/** Takes at most `limit` resources off the dirty set, oldest mark first; several workers never take the same one. */
export async function claimDirty(ctx: Context, limit: number): Promise<string[]> {
  const claimed = await rows<{ resource_id: string }>(
    ctx.tx,
    sql`delete from dirty_resource where resource_id in (
          select resource_id from dirty_resource order by marked_at limit ${limit} for update skip locked)
        returning resource_id`,
  )
  return claimed.map((row) => row.resource_id).toSorted()
}

/** The identity of a resource, locked: its timeline has one writer. Not its key: batches in flight add sightings that refer to it. */
export async function lockIdentity(ctx: Context, id: string): Promise<{ realm: string; external_id: string }> {
  const [row] = await ctx.tx
    .select({ realm: resource.realm, external_id: resource.external_id })
    .from(resource)
    .where(eq(resource.id, id))
    .for('no key update')
  return sure(row)
}

export async function sightingsOf(ctx: Context, resource_id: string): Promise<Sighting[]> {
  const found = await rows<Omit<Sighting, 'seen_at' | 'previous_at'> & { seen_at: string; previous_at: string | null }>(
    ctx.tx,
    sql`select s.scope_id, c.kind || '/' || c.external_id as scope, ${ms(sql`s.seen_at`)} as seen_at, s.exact, s.position, s.content,
          ${ms(sql`p.seen_at`)} as previous_at
        from sighting s join scope c on c.id = s.scope_id
        left join lateral (select seen_at from snapshot p where p.scope_id = s.scope_id and p.in_force and p.complete
          and p.seen_at < s.seen_at order by p.seen_at desc limit 1) p on true
        where s.resource_id = ${resource_id}`,
  )
  return found.map((row) => ({
    ...row,
    seen_at: Number(row.seen_at),
    previous_at: row.previous_at === null ? null : Number(row.previous_at),
  }))
}

export async function liveVersions(ctx: Context, resource_id: string): Promise<Live[]> {
  const found = await ctx.tx
    .select()
    .from(observedVersion)
    .where(and(eq(observedVersion.resource_id, resource_id), isNull(observedVersion.cut_to)))
    .orderBy(observedVersion.valid_from)
  return found.map(({ valid_from, valid_to, ...v }) => ({ ...v, from: valid_from, to: valid_to }))
}

/** A version that a closed cut may have seen is kept with its end; one that none saw goes. */
export async function supersede(ctx: Context, old: readonly Live[], cut: number): Promise<void> {
  const unseen = old.filter((v) => v.cut_from === cut).map((v) => v.id)
  const seen = old.filter((v) => v.cut_from !== cut).map((v) => v.id)
  if (unseen.length > 0) await ctx.tx.delete(observedVersion).where(inArray(observedVersion.id, unseen))
  if (seen.length > 0)
    await ctx.tx.update(observedVersion).set({ cut_to: cut }).where(inArray(observedVersion.id, seen))
}

export async function insertVersions(
  ctx: Context,
  resource_id: string,
  fresh: readonly Placed[],
  cut: number,
): Promise<void> {
  const shared = { resource_id, cut_from: cut, stored_at: ctx.now() }
  const list = fresh.map(({ from, to, ...v }) => ({ ...v, ...shared, id: newId(), valid_from: from, valid_to: to }))
  if (list.length > 0) await ctx.tx.insert(observedVersion).values(list)
}

/** Ids of hosts of a realm, or of a cluster's nodes, by their external ids; of several that bore one name the newest. */
export async function hostIds(ctx: Context, realm: string, names: readonly string[]): Promise<Map<string, string>> {
  if (names.length === 0) return new Map()
  const found = await ctx.tx
    .select({ id: resource.id, external_id: resource.external_id })
    .from(resource)
    .where(
      and(eq(resource.realm, realm), inArray(resource.kind, [...HOSTS]), inArray(resource.external_id, [...names])),
    )
    .orderBy(resource.created_at, resource.id)
  return new Map(found.map((row) => [row.external_id, row.id]))
}

/** What lists show: the newest version, and the owner of now; answers the owner's account. */
export async function project(
  ctx: Context,
  resource_id: string,
  first_seen_at: Instant,
  newest: Placed,
): Promise<string | null> {
  const { content, host_id, scope_id, conflict } = newest
  const { name, state, size, attributes, evidence } = content
  const search = [name, ...Object.values(evidence).flat()].filter(Boolean).join('\n').toLowerCase()
  const [row] = await ctx.tx
    .update(resource)
    .set({
      name,
      state,
      size,
      attributes,
      evidence,
      host_id,
      scope_id,
      conflict,
      first_seen_at,
      ended_at: newest.to,
      search: sql`lower(${resource.external_id}) || E'\n' || ${search}`,
      ...ownerAt(ctx.now()),
    })
    .where(eq(resource.id, resource_id))
    .returning({ account_id: resource.account_id })
  return row?.account_id ?? null
}

/** The owner at an instant, as columns of the projection. */
function ownerAt(at: Instant) {
  const owner = (column: 'account_id' | 'project_id') =>
    sql`(select a.${sql.raw(column)} from assignment a where a.resource_id = resource.id and a.cut_to is null
         and tstzrange(a.valid_from, a.valid_to) @> ${new Date(at).toISOString()}::timestamptz)`
  // what it cost one account must not order the lists of another
  const kept = (column: 'cost_per_hour' | 'cost_basis') =>
    sql`case when resource.account_id is not distinct from ${owner('account_id')} then resource.${sql.raw(column)} end`
  return {
    account_id: owner('account_id'),
    project_id: owner('project_id'),
    cost_per_hour: kept('cost_per_hour'),
    cost_basis: kept('cost_basis'),
  }
}

/** Brings projected owners up to date: transfers may lie in the future. */
export async function projectOwners(ctx: Context, resource_ids: readonly string[]): Promise<void> {
  if (resource_ids.length > 0)
    await ctx.tx
      .update(resource)
      .set(ownerAt(ctx.now()))
      .where(inArray(resource.id, [...resource_ids]))
}
