/** Stores facts about what exists: listings and events, as change points for each resource and scope. */
import { and, desc, eq, gt, inArray, lt, sql } from 'drizzle-orm'
import type { Content, Observation, ResourceRef, Scope } from '#connectors/contract.ts'
import { newId } from '../base/id.ts'
import type { Instant } from '../base/time.ts'
import { type Context, rows } from '../db/index.ts'
import { changes } from './rules.ts'
import { assignment, dirtyResource, listing, resource, scope, scopeGap, sighting, snapshot } from './schema.ts'

/** Who reports, and to whom belongs what he finds first. */
export interface Reporter {
  source_id: string
  realm: string
  account_id: string | null
}
export interface ListingFact {
  scope: Scope
  seen_at: Instant
  complete: boolean
  interval_ms: number
  digest: string
  /** null: equal to an earlier listing of this digest */
  resources: Observation[] | null
}
export interface EventFact {
  scope: Scope
  seen_at: Instant
  resource: ResourceRef
  position: number
  change: string
  content: Partial<Content> | null
}

export const refKey = (ref: ResourceRef): string => `${ref.kind}\n${ref.external_id}\n${ref.incarnation}`
const contentOf = ({ kind: _kind, external_id: _id, incarnation: _incarnation, ...content }: Observation): Content =>
  content
const byKey = (resources: readonly Observation[]) => new Map(resources.map((r) => [refKey(r), contentOf(r)]))

/** Ids of resources, made where they are new; a new one belongs to the reporter's account from the beginning of time. */
export async function resourceIds(
  ctx: Context,
  by: Reporter,
  refs: readonly ResourceRef[],
  cut: number,
): Promise<Map<string, string>> {
  const wanted = new Map(refs.map((ref) => [refKey(ref), ref]))
  const known = await findIds(ctx, by.realm, [...wanted.values()])
  const missing = [...wanted].filter(([key]) => !known.has(key)).map(([, ref]) => ref)
  if (missing.length === 0) return known
  const now = ctx.now()
  const made = await ctx.tx
    .insert(resource)
    .values(missing.map((ref) => ({ ...blank(ref, by, now), id: newId() })))
    .onConflictDoNothing()
    .returning({ id: resource.id })
  if (by.account_id && made.length > 0)
    await ctx.tx.insert(assignment).values(
      made.map(({ id }) => ({
        id: newId(),
        resource_id: id,
        account_id: by.account_id!,
        actor: 'source',
        reason: '',
        recorded_at: now,
        cut_from: cut,
      })),
    )
  return new Map([...known, ...(await findIds(ctx, by.realm, missing))])
}

const blank = (ref: ResourceRef, by: Reporter, now: Instant) => ({
  realm: by.realm,
  kind: ref.kind,
  external_id: ref.external_id,
  incarnation: ref.incarnation,
  created_at: now,
  source_id: by.source_id,
  name: ref.external_id,
  state: 'unknown' as const,
  size: {},
  attributes: {},
  evidence: {},
  conflict: false,
  search: ref.external_id.toLowerCase(),
})

async function findIds(ctx: Context, realm: string, refs: readonly ResourceRef[]): Promise<Map<string, string>> {
  if (refs.length === 0) return new Map()
  const found = await rows<{ id: string; kind: ResourceRef['kind']; external_id: string; incarnation: string }>(
    ctx.tx,
    sql`select r.id, r.kind, r.external_id, r.incarnation from resource r
        join jsonb_to_recordset(${JSON.stringify(refs)}::jsonb) as w(kind text, external_id text, incarnation text)
          on r.realm = ${realm} and r.kind = w.kind and r.external_id = w.external_id and r.incarnation = w.incarnation`,
  )
  return new Map(found.map((row) => [refKey(row), row.id]))
}

/** The scope's row, locked: listings of one scope are compared one after the other. */
async function lockScope(ctx: Context, realm: string, { kind, external_id }: Scope): Promise<string> {
  await ctx.tx.insert(scope).values({ id: newId(), realm, kind, external_id }).onConflictDoNothing()
  const [row] = await ctx.tx
    .select({ id: scope.id })
    .from(scope)
    .where(and(eq(scope.realm, realm), eq(scope.kind, kind), eq(scope.external_id, external_id)))
    .for('update')
  return row!.id
}

/** Stores a listing. Answers the digest if its content isn't known and must be listed whole. */
export async function storeListing(ctx: Context, by: Reporter, fact: ListingFact, cut: number): Promise<string | null> {
  const scope_id = await lockScope(ctx, by.realm, fact.scope)
  const { seen_at, complete, interval_ms, digest } = fact
  const now = ctx.now()
  if (fact.resources)
    await ctx.tx
      .insert(listing)
      .values({ scope_id, digest, resources: fact.resources, stored_at: now })
      .onConflictDoNothing()
  const known = fact.resources !== null || (await resourcesOf(ctx, scope_id, digest)) !== null
  const inserted = await ctx.tx
    .insert(snapshot)
    .values({
      scope_id,
      seen_at,
      source_id: by.source_id,
      digest,
      complete,
      interval_ms,
      in_force: known,
      cut,
      stored_at: now,
    })
    .onConflictDoNothing()
    .returning({ seen_at: snapshot.seen_at })
  if (!known) return digest
  const due = inserted.map((row) => row.seen_at)
  if (fact.resources) due.push(...(await enforceWaiting(ctx, scope_id, digest)))
  for (const at of due.toSorted((a, b) => a - b)) await enforce(ctx, by, scope_id, at, cut)
  return null
}

/** Snapshots that waited for this digest's content are in force now. */
async function enforceWaiting(ctx: Context, scope_id: string, digest: string): Promise<Instant[]> {
  const waiting = await ctx.tx
    .update(snapshot)
    .set({ in_force: true })
    .where(and(eq(snapshot.scope_id, scope_id), eq(snapshot.digest, digest), eq(snapshot.in_force, false)))
    .returning({ seen_at: snapshot.seen_at })
  return waiting.map((row) => row.seen_at)
}

async function resourcesOf(ctx: Context, scope_id: string, digest: string): Promise<Observation[] | null> {
  const [row] = await ctx.tx
    .select({ resources: listing.resources })
    .from(listing)
    .where(and(eq(listing.scope_id, scope_id), eq(listing.digest, digest)))
  return row?.resources ?? null
}

type Neighbour = { seen_at: Instant; digest: string; complete: boolean; interval_ms: number }
const neighbourColumns = {
  seen_at: snapshot.seen_at,
  digest: snapshot.digest,
  complete: snapshot.complete,
  interval_ms: snapshot.interval_ms,
}

async function completeBefore(ctx: Context, scope_id: string, at: Instant): Promise<Neighbour | undefined> {
  const [row] = await ctx.tx
    .select(neighbourColumns)
    .from(snapshot)
    .where(
      and(
        eq(snapshot.scope_id, scope_id),
        eq(snapshot.in_force, true),
        eq(snapshot.complete, true),
        lt(snapshot.seen_at, at),
      ),
    )
    .orderBy(desc(snapshot.seen_at))
    .limit(1)
  return row
}
async function completeAfter(ctx: Context, scope_id: string, at: Instant): Promise<Neighbour | undefined> {
  const [row] = await ctx.tx
    .select(neighbourColumns)
    .from(snapshot)
    .where(
      and(
        eq(snapshot.scope_id, scope_id),
        eq(snapshot.in_force, true),
        eq(snapshot.complete, true),
        gt(snapshot.seen_at, at),
      ),
    )
    .orderBy(snapshot.seen_at)
    .limit(1)
  return row
}

/** Writes the change points of the listing at `at`, and anew those of the complete listing after it. */
async function enforce(ctx: Context, by: Reporter, scope_id: string, at: Instant, cut: number): Promise<void> {
  const [own] = await ctx.tx
    .select(neighbourColumns)
    .from(snapshot)
    .where(and(eq(snapshot.scope_id, scope_id), eq(snapshot.seen_at, at)))
  const next = await completeAfter(ctx, scope_id, at)
  await restate(ctx, by, scope_id, own!, cut)
  if (next) await restate(ctx, by, scope_id, next, cut)
  if (own!.complete) await gapsAround(ctx, scope_id, own!, await completeBefore(ctx, scope_id, at), next)
}

/** The change points of one listing: a function of it, the complete listing before it, and the sightings between. */
async function restate(ctx: Context, by: Reporter, scope_id: string, own: Neighbour, cut: number): Promise<void> {
  const previous = own.complete ? await completeBefore(ctx, scope_id, own.seen_at) : undefined
  const touched = own.complete
    ? await touchedBetween(ctx, scope_id, previous?.seen_at ?? null, own.seen_at)
    : new Map<string, ResourceRef>()
  const equal = own.complete && previous?.digest === own.digest
  if (equal && touched.size === 0) return clear(ctx, scope_id, own.seen_at)
  const current = (await resourcesOf(ctx, scope_id, own.digest)) ?? []
  const before = previous ? ((await resourcesOf(ctx, scope_id, previous.digest)) ?? []) : null
  const changed = changes(before && byKey(before), byKey(current), touched.keys(), own.complete)
  const refs = new Map<string, ResourceRef>([
    ...touched,
    ...[...current, ...(before ?? [])].map((r) => [refKey(r), r] as const),
  ])
  const ids = await resourceIds(
    ctx,
    by,
    [...changed.keys()].map((key) => refs.get(key)!),
    cut,
  )
  await clear(ctx, scope_id, own.seen_at)
  await insertSightings(
    ctx,
    [...changed].map(([key, content]) => ({
      resource_id: ids.get(key)!,
      scope_id,
      seen_at: own.seen_at,
      exact: false,
      position: 0,
      change: 'listed',
      content,
      source_id: by.source_id,
      cut,
    })),
  )
}

/** Resources with events or incomplete listings in (from, to]: a complete listing must restate them. */
async function touchedBetween(
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

async function clear(ctx: Context, scope_id: string, at: Instant): Promise<void> {
  const gone = await ctx.tx
    .delete(sighting)
    .where(and(eq(sighting.scope_id, scope_id), eq(sighting.seen_at, at), eq(sighting.exact, false)))
    .returning({ resource_id: sighting.resource_id })
  await markDirty(
    ctx,
    gone.map((row) => row.resource_id),
    at,
  )
}

type NewSighting = Omit<typeof sighting.$inferInsert, 'stored_at'>
async function insertSightings(ctx: Context, list: NewSighting[]): Promise<void> {
  const stored_at = ctx.now()
  for (let start = 0; start < list.length; start += 1_000)
    await ctx.tx
      .insert(sighting)
      .values(list.slice(start, start + 1_000).map((row) => ({ ...row, stored_at })))
      .onConflictDoNothing()
  if (list[0])
    await markDirty(
      ctx,
      list.map((row) => row.resource_id),
      list[0].seen_at,
    )
}

/** Merges into the dirty set: the earliest instant wins. */
export async function markDirty(ctx: Context, resource_ids: readonly string[], since: Instant): Promise<void> {
  const unique = [...new Set(resource_ids)].toSorted()
  const marked_at = ctx.now()
  for (let start = 0; start < unique.length; start += 1_000)
    await ctx.tx
      .insert(dirtyResource)
      .values(unique.slice(start, start + 1_000).map((resource_id) => ({ resource_id, since, marked_at })))
      .onConflictDoUpdate({
        target: dirtyResource.resource_id,
        set: { since: sql`least(${dirtyResource.since}, excluded.since)` },
      })
}

/** Stores an event; the next complete listing restates the resource, so that a missed event corrects itself. */
export async function storeEvent(ctx: Context, by: Reporter, fact: EventFact, cut: number): Promise<void> {
  const scope_id = await lockScope(ctx, by.realm, fact.scope)
  const ids = await resourceIds(ctx, by, [fact.resource], cut)
  const { seen_at, position, change, content } = fact
  await insertSightings(ctx, [
    {
      resource_id: ids.get(refKey(fact.resource))!,
      scope_id,
      seen_at,
      exact: true,
      position,
      change,
      content,
      source_id: by.source_id,
      cut,
    },
  ])
  const next = await completeAfter(ctx, scope_id, seen_at)
  if (next) await restate(ctx, by, scope_id, next, cut)
}

/** More than three intervals without a complete listing is a gap, shown as a gap. */
async function gapsAround(
  ctx: Context,
  scope_id: string,
  own: Neighbour,
  before: Neighbour | undefined,
  after: Neighbour | undefined,
): Promise<void> {
  const stale = [before?.seen_at, own.seen_at].filter((at) => at !== undefined)
  await ctx.tx.delete(scopeGap).where(and(eq(scopeGap.scope_id, scope_id), inArray(scopeGap.from_at, stale)))
  const pairs = [
    [before, own],
    [own, after],
  ] as const
  for (const [a, b] of pairs)
    if (a && b && b.seen_at - a.seen_at > 3 * Math.max(a.interval_ms, b.interval_ms))
      await ctx.tx.insert(scopeGap).values({ scope_id, from_at: a.seen_at, to_at: b.seen_at }).onConflictDoNothing()
}
