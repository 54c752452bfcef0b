/** The SQL of facts: listings, sightings, and the dirty set. */
import { sure } from '../../base/problem.ts'
import { and, desc, eq, gt, inArray, isNull, lt, not, sql } from 'drizzle-orm'
import type { Observation, ResourceRef, Scope } from '#connectors/contract.ts'
import { newId } from '../../base/id.ts'
import { type Instant, type Interval, iso } from '../../base/time.ts'
import { columnar, type Context, ms, rows } from '../../db/index.ts'
import { refKey } from '../rules.ts'
import {
  assignment,
  dirtyResource,
  listing,
  observedVersion,
  resource,
  scope,
  scopeGap,
  sighting,
  snapshot,
  snapshotPart,
} from '../schema.ts'

/** Rows of one statement. */
const CHUNK = 1_000

export async function findIds(ctx: Context, realm: string, refs: readonly ResourceRef[]): Promise<Map<string, string>> {
  if (refs.length === 0) return new Map()
  const wanted = refs.map((ref, n) => ({ ...ref, n }))
  const found = await rows<{ id: string; n: number }>(
    ctx.tx,
    sql`select r.id, w.n from resource r
        join ${columnar(wanted, { n: 'int4', kind: 'text', external_id: 'text', incarnation: 'text' }, 'w')}
          on r.realm = ${realm} and r.kind = w.kind and r.external_id = w.external_id and r.incarnation = w.incarnation`,
  )
  return new Map(found.map(({ id, n }) => [refKey(sure(refs[n])), id]))
}

/** Ids of the rows that were really made: another transaction may have made some meanwhile. */
export async function insertResources(ctx: Context, list: (typeof resource.$inferInsert)[]): Promise<string[]> {
  const made: string[] = []
  for (let start = 0; start < list.length; start += CHUNK) {
    const chunk = list.slice(start, start + CHUNK)
    const inserted = await ctx.tx.insert(resource).values(chunk).onConflictDoNothing().returning({ id: resource.id })
    made.push(...inserted.map((row) => row.id))
  }
  return made
}

export async function insertAssignments(ctx: Context, list: (typeof assignment.$inferInsert)[]): Promise<void> {
  for (let start = 0; start < list.length; start += CHUNK)
    await ctx.tx.insert(assignment).values(list.slice(start, start + CHUNK))
}

/** The scope's row, locked: listings of one scope are compared one after the other. */
export async function lockScope(ctx: Context, realm: string, { kind, external_id }: Scope): Promise<string> {
  const own = and(eq(scope.realm, realm), eq(scope.kind, kind), eq(scope.external_id, external_id))
  const locked = () => ctx.tx.select({ id: scope.id }).from(scope).where(own).for('update')
  const [known] = await locked()
  if (known) return known.id
  await ctx.tx.insert(scope).values({ id: newId(), realm, kind, external_id }).onConflictDoNothing()
  const [made] = await locked()
  return sure(made).id
}

/** Keeps a part of a listing; answers all parts once they are in. */
export async function gatherParts(
  ctx: Context,
  row: { source_id: string; snapshot_id: string; part: number; resources: Observation[] },
  parts: number,
): Promise<Observation[] | null> {
  const whole = and(eq(snapshotPart.snapshot_id, row.snapshot_id), eq(snapshotPart.source_id, row.source_id))
  await ctx.tx
    .insert(snapshotPart)
    .values({ ...row, stored_at: ctx.now() })
    .onConflictDoNothing()
  const have = await ctx.tx.select().from(snapshotPart).where(whole).orderBy(snapshotPart.part)
  if (have.length < parts) return null
  await ctx.tx.delete(snapshotPart).where(whole)
  return have.flatMap((each) => each.resources)
}

/** Parts of listings that never became whole. */
export async function forgetParts(ctx: Context, before: Instant, limit: number): Promise<void> {
  const stale = ctx.tx
    .select({ id: snapshotPart.snapshot_id })
    .from(snapshotPart)
    .where(lt(snapshotPart.stored_at, before))
    .limit(limit)
  await ctx.tx.delete(snapshotPart).where(inArray(snapshotPart.snapshot_id, stale))
}

export async function insertListing(
  ctx: Context,
  scope_id: string,
  digest: string,
  resources: Observation[],
): Promise<void> {
  await ctx.tx.insert(listing).values({ scope_id, digest, resources, stored_at: ctx.now() }).onConflictDoNothing()
}

export async function resourcesOf(ctx: Context, scope_id: string, digest: string): Promise<Observation[] | null> {
  const [row] = await ctx.tx
    .select({ resources: listing.resources })
    .from(listing)
    .where(and(eq(listing.scope_id, scope_id), eq(listing.digest, digest)))
  return row?.resources ?? null
}

/** True where it was not there yet. */
export async function insertSnapshot(
  ctx: Context,
  row: Omit<typeof snapshot.$inferInsert, 'stored_at'>,
): Promise<boolean> {
  const made = await ctx.tx
    .insert(snapshot)
    .values({ ...row, stored_at: ctx.now() })
    .onConflictDoNothing()
    .returning({ seen_at: snapshot.seen_at })
  return made.length > 0
}

/** Instants of the snapshots that waited for this digest's content: they are in force now. */
export async function enforceWaiting(ctx: Context, scope_id: string, digest: string, cut: number): Promise<Instant[]> {
  const waiting = await ctx.tx
    .update(snapshot)
    // no cut closed before knew what they say
    .set({ in_force: true, cut })
    .where(and(eq(snapshot.scope_id, scope_id), eq(snapshot.digest, digest), eq(snapshot.in_force, false)))
    .returning({ seen_at: snapshot.seen_at })
  return waiting.map((row) => row.seen_at)
}

export interface Snapshot {
  seen_at: Instant
  digest: string
  complete: boolean
  interval_ms: number
}
const columns = {
  seen_at: snapshot.seen_at,
  digest: snapshot.digest,
  complete: snapshot.complete,
  interval_ms: snapshot.interval_ms,
}
export type Newest = Snapshot & {
  in_force: boolean
  /** something was sighted in the scope after it */
  touched: boolean
}
export async function newestSnapshot(ctx: Context, scope_id: string): Promise<Newest | undefined> {
  const touched = sql<boolean>`exists (select 1 from sighting where sighting.scope_id = ${scope_id} and sighting.seen_at > snapshot.seen_at)`
  const [row] = await ctx.tx
    .select({ ...columns, in_force: snapshot.in_force, touched })
    .from(snapshot)
    .where(eq(snapshot.scope_id, scope_id))
    .orderBy(desc(snapshot.seen_at))
    .limit(1)
  return row
}

const complete = (scope_id: string) =>
  and(eq(snapshot.scope_id, scope_id), eq(snapshot.in_force, true), eq(snapshot.complete, true))

export async function snapshotAt(ctx: Context, scope_id: string, at: Instant): Promise<Snapshot | undefined> {
  const [row] = await ctx.tx
    .select(columns)
    .from(snapshot)
    .where(and(eq(snapshot.scope_id, scope_id), eq(snapshot.seen_at, at)))
    .orderBy(snapshot.source_id)
    .limit(1)
  return row
}
export async function completeBefore(ctx: Context, scope_id: string, at: Instant): Promise<Snapshot | undefined> {
  const [row] = await ctx.tx
    .select(columns)
    .from(snapshot)
    .where(and(complete(scope_id), lt(snapshot.seen_at, at)))
    .orderBy(desc(snapshot.seen_at))
    .limit(1)
  return row
}
export async function completeAfter(ctx: Context, scope_id: string, at: Instant): Promise<Snapshot | undefined> {
  const [row] = await ctx.tx
    .select(columns)
    .from(snapshot)
    .where(and(complete(scope_id), gt(snapshot.seen_at, at)))
    .orderBy(snapshot.seen_at)
    .limit(1)
  return row
}

/** Resources sighted in the scope between two instants, both excluded (null: from the beginning). */
export async function touchedBetween(
  ctx: Context,
  scope_id: string,
  from: Instant | null,
  to: Instant,
): Promise<Map<string, ResourceRef>> {
  const found = await ctx.tx
    .selectDistinct({ kind: resource.kind, external_id: resource.external_id, incarnation: resource.incarnation })
    .from(sighting)
    .innerJoin(resource, eq(resource.id, sighting.resource_id))
    .where(
      and(
        eq(sighting.scope_id, scope_id),
        from === null ? undefined : gt(sighting.seen_at, from),
        lt(sighting.seen_at, to),
      ),
    )
  return new Map(found.map((ref) => [refKey(ref), ref]))
}

/** Resources sighted in the scope after an instant. */
export async function sightedAfter(ctx: Context, scope_id: string, at: Instant): Promise<string[]> {
  const found = await ctx.tx
    .selectDistinct({ id: sighting.resource_id })
    .from(sighting)
    .where(and(eq(sighting.scope_id, scope_id), gt(sighting.seen_at, at)))
  return found.map((row) => row.id)
}

/** Resources placed on hosts that were not known until now. */
export async function markGuestsDirty(ctx: Context, realm: string, hosts: readonly string[]): Promise<void> {
  if (hosts.length === 0) return
  const guests = await ctx.tx
    .select({ id: observedVersion.resource_id, since: sql<string>`min(${ms(sql`${observedVersion.valid_from}`)})` })
    .from(observedVersion)
    .innerJoin(resource, eq(resource.id, observedVersion.resource_id))
    .where(
      and(
        eq(resource.realm, realm),
        isNull(observedVersion.host_id),
        isNull(observedVersion.cut_to),
        inArray(sql`${observedVersion.content}->>'host'`, [...hosts]),
      ),
    )
    .groupBy(observedVersion.resource_id)
  for (const { id, since } of guests) await markDirty(ctx, [id], Number(since))
}

/** Deletes what a listing stated; answers whose it was. */
export async function deleteListed(ctx: Context, scope_id: string, at: Instant): Promise<string[]> {
  const gone = await ctx.tx
    .delete(sighting)
    .where(and(eq(sighting.scope_id, scope_id), eq(sighting.seen_at, at), eq(sighting.exact, false)))
    .returning({ resource_id: sighting.resource_id })
  return gone.map((row) => row.resource_id)
}

export async function insertSightings(
  ctx: Context,
  list: readonly Omit<typeof sighting.$inferInsert, 'stored_at'>[],
): Promise<void> {
  const stored_at = ctx.now()
  for (let start = 0; start < list.length; start += CHUNK)
    await ctx.tx
      .insert(sighting)
      .values(list.slice(start, start + CHUNK).map((row) => ({ ...row, stored_at })))
      .onConflictDoNothing()
}

/** Eyes of this scope whose cover was held over their silence: it is over. */
export const markHeardAgain = (ctx: Context, scope_id: string, at: Instant) => {
  const instant = sql`${new Date(at).toISOString()}::timestamptz`
  return ctx.tx.execute(
    sql`insert into dirty_resource (resource_id, since, marked_at)
        select r.id, ${instant}, ${new Date(ctx.now()).toISOString()}::timestamptz from same_as s join resource r on r.id = s.resource_id
        where r.scope_id = ${scope_id} and s.cut_to is null and s.held_from <= ${instant} and (s.valid_to is null or s.valid_to > ${instant})
        on conflict (resource_id) do update set since = least(dirty_resource.since, excluded.since)`,
  )
}

/** Merges into the dirty set: the earliest instant wins. */
export async function markDirty(ctx: Context, resource_ids: readonly string[], since: Instant): Promise<void> {
  const unique = [...new Set(resource_ids)].toSorted()
  const marked_at = ctx.now()
  for (let start = 0; start < unique.length; start += CHUNK)
    await ctx.tx
      .insert(dirtyResource)
      .values(unique.slice(start, start + CHUNK).map((resource_id) => ({ resource_id, since, marked_at })))
      .onConflictDoUpdate({
        target: dirtyResource.resource_id,
        set: { since: sql`least(${dirtyResource.since}, excluded.since)` },
      })
}

/** Replaces the gaps that begin at these instants; what a closed cut may have known stays for it. */
export async function replaceGaps(
  ctx: Context,
  scope_id: string,
  beginnings: readonly Instant[],
  gaps: readonly Interval[],
  cut: number,
): Promise<void> {
  const live = and(
    eq(scopeGap.scope_id, scope_id),
    inArray(scopeGap.from_at, [...beginnings]),
    isNull(scopeGap.cut_to),
    ...gaps.map(({ from, to }) =>
      not(sql`(${scopeGap.from_at} = ${iso(from)}::timestamptz and ${scopeGap.to_at} = ${iso(to)}::timestamptz)`),
    ),
  )
  await ctx.tx.delete(scopeGap).where(and(live, eq(scopeGap.cut_from, cut)))
  await ctx.tx.update(scopeGap).set({ cut_to: cut }).where(live)
  for (const { from, to } of gaps)
    await ctx.tx.execute(sql`
      insert into scope_gap (scope_id, from_at, to_at, cut_from)
      select ${scope_id}::uuid, ${iso(from)}::timestamptz, ${iso(to)}::timestamptz, ${cut}::int4
      where not exists (
        select from scope_gap where scope_id = ${scope_id}::uuid and from_at = ${iso(from)}::timestamptz and cut_to is null)`)
}
