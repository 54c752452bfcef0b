/** Stores facts about what exists: listings and events, as change points for each resource and scope. */
import { sure } from '../../base/problem.ts'
import type { Content, Observation, ResourceRef, Scope } from '#connectors/contract.ts'
import { newId } from '../../base/id.ts'
import type { Instant, Interval } from '../../base/time.ts'
import type { Context } from '../../db/index.ts'
import { changes, HOSTS, refKey } from '../rules.ts'
import * as store from './store.ts'

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

export { forgetParts, gatherParts } from './store.ts'

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
  const known = await store.findIds(ctx, by.realm, [...wanted.values()])
  const missing = [...wanted].filter(([key]) => !known.has(key)).map(([, ref]) => ref)
  if (missing.length === 0) return known
  const recorded_at = ctx.now()
  const made = await store.insertResources(
    ctx,
    missing.map((ref) => blank(ref, by, recorded_at)),
  )
  await store.markGuestsDirty(
    ctx,
    by.realm,
    missing.filter((ref) => HOSTS.includes(ref.kind)).map((ref) => ref.external_id),
  )
  const { account_id } = by
  if (account_id) {
    const first = { account_id, actor: 'source', reason: '', recorded_at, cut_from: cut }
    await store.insertAssignments(
      ctx,
      made.map((resource_id) => ({ ...first, id: newId(), resource_id })),
    )
  }
  return new Map([...known, ...(await store.findIds(ctx, by.realm, missing))])
}

const blank = ({ kind, external_id, incarnation }: ResourceRef, by: Reporter, created_at: Instant) => ({
  id: newId(),
  realm: by.realm,
  kind,
  external_id,
  incarnation,
  created_at,
  source_id: by.source_id,
  name: external_id,
  state: 'unknown' as const,
  size: {},
  attributes: {},
  evidence: {},
  conflict: false,
  search: external_id.toLowerCase(),
})

/** Stores a listing. Answers the digest if its content isn't known and must be listed whole. */
export async function storeListing(ctx: Context, by: Reporter, fact: ListingFact, cut: number): Promise<string | null> {
  const scope_id = await store.lockScope(ctx, by.realm, fact.scope)
  const { seen_at, complete, interval_ms, digest, resources } = fact
  const row = { scope_id, seen_at, source_id: by.source_id, digest, complete, interval_ms, cut }
  if (!resources && goesOn(fact, await store.newestSnapshot(ctx, scope_id))) {
    await store.insertSnapshot(ctx, { ...row, in_force: true })
    await store.markHeardAgain(ctx, scope_id, seen_at)
    return null
  }
  if (resources) await store.insertListing(ctx, scope_id, digest, resources)
  const in_force = resources !== null || (await store.resourcesOf(ctx, scope_id, digest)) !== null
  const isNew = await store.insertSnapshot(ctx, { ...row, in_force })
  if (!in_force) return digest
  const due = isNew ? [seen_at] : []
  if (resources) due.push(...(await store.enforceWaiting(ctx, scope_id, digest, cut)))
  for (const at of due.toSorted((a, b) => a - b)) await enforce(ctx, by, scope_id, at, cut)
  return null
}

/** The newest listing said the same a short while ago, and nothing was heard since: it states nothing anew. */
const goesOn = (fact: ListingFact, newest: store.Newest | undefined): boolean =>
  newest !== undefined &&
  !newest.touched &&
  fact.complete &&
  newest.complete &&
  newest.in_force &&
  newest.digest === fact.digest &&
  newest.seen_at < fact.seen_at &&
  fact.seen_at - newest.seen_at <= 3 * Math.max(fact.interval_ms, newest.interval_ms)

/**
 * Writes the change points of the listing at `at`, and anew those of the complete listing after it. Where there is none, what was
 * sighted since is settled again: a listing before it says since when it can be there.
 */
async function enforce(ctx: Context, by: Reporter, scope_id: string, at: Instant, cut: number): Promise<void> {
  const own = sure(await store.snapshotAt(ctx, scope_id, at))
  const after = await store.completeAfter(ctx, scope_id, at)
  await restate(ctx, by, scope_id, own, cut)
  if (after) await restate(ctx, by, scope_id, after, cut)
  else await store.markDirty(ctx, await store.sightedAfter(ctx, scope_id, at), at)
  if (own.complete) await store.markHeardAgain(ctx, scope_id, at)
  if (own.complete) await gapsAround(ctx, scope_id, own, await store.completeBefore(ctx, scope_id, at), after, cut)
}

/** The change points of one listing: a function of it, the complete listing before it, and the sightings between. */
async function restate(ctx: Context, by: Reporter, scope_id: string, own: store.Snapshot, cut: number): Promise<void> {
  const { seen_at, complete, digest } = own
  const previous = complete ? await store.completeBefore(ctx, scope_id, seen_at) : undefined
  const touched = complete
    ? await store.touchedBetween(ctx, scope_id, previous?.seen_at ?? null, seen_at)
    : new Map<string, ResourceRef>()
  if (complete && previous?.digest === digest && touched.size === 0) return clear(ctx, scope_id, seen_at)
  const current = (await store.resourcesOf(ctx, scope_id, digest)) ?? []
  const before = previous ? ((await store.resourcesOf(ctx, scope_id, previous.digest)) ?? []) : null
  const changed = changes(before && byKey(before), byKey(current), touched.keys(), complete)
  const listed = [...current, ...(before ?? [])].map((r) => [refKey(r), r] as const)
  const refs = new Map<string, ResourceRef>([...touched, ...listed])
  const ids = await resourceIds(
    ctx,
    by,
    [...changed.keys()].map((key) => sure(refs.get(key))),
    cut,
  )
  await clear(ctx, scope_id, seen_at)
  const stated = { scope_id, seen_at, exact: false, position: 0, change: 'listed', source_id: by.source_id, cut }
  const sightings = [...changed].map(([key, content]) => ({ ...stated, resource_id: sure(ids.get(key)), content }))
  await store.insertSightings(ctx, sightings)
  await store.markDirty(
    ctx,
    sightings.map((row) => row.resource_id),
    seen_at,
  )
}

async function clear(ctx: Context, scope_id: string, at: Instant): Promise<void> {
  await store.markDirty(ctx, await store.deleteListed(ctx, scope_id, at), at)
}

/** Stores an event; the next complete listing restates the resource, so that a missed event corrects itself. */
export async function storeEvent(ctx: Context, by: Reporter, fact: EventFact, cut: number): Promise<void> {
  const scope_id = await store.lockScope(ctx, by.realm, fact.scope)
  const ids = await resourceIds(ctx, by, [fact.resource], cut)
  const resource_id = sure(ids.get(refKey(fact.resource)))
  const { seen_at, position, change, content } = fact
  const sighting = { resource_id, scope_id, seen_at, exact: true, position, change, content, source_id: by.source_id }
  await store.insertSightings(ctx, [{ ...sighting, cut }])
  await store.markDirty(ctx, [resource_id], seen_at)
  const next = await store.completeAfter(ctx, scope_id, seen_at)
  if (next) await restate(ctx, by, scope_id, next, cut)
}

/** More than three intervals without a complete listing is a gap, shown as a gap. */
async function gapsAround(
  ctx: Context,
  scope_id: string,
  own: store.Snapshot,
  before: store.Snapshot | undefined,
  after: store.Snapshot | undefined,
  cut: number,
): Promise<void> {
  const gaps: Interval[] = []
  for (const [a, b] of [
    [before, own],
    [own, after],
  ] as const)
    if (a && b && b.seen_at - a.seen_at > 3 * Math.max(a.interval_ms, b.interval_ms))
      gaps.push({ from: a.seen_at, to: b.seen_at })
  const beginnings = [before?.seen_at, own.seen_at].filter((at) => at !== undefined)
  await store.replaceGaps(ctx, scope_id, beginnings, gaps, cut)
}
