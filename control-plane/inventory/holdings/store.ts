/** The SQL of holdings: who owned what, what was observed of it, and by whom it was seen. */
import { and, lte, sql } from 'drizzle-orm'
import type { Content, Kind, State } from '#connectors/contract.ts'
import type { Instant, Interval, OpenInterval } from '../../base/time.ts'
import { knownAt } from '../../db/cut.ts'
import { among, arrayText, type Context, ms, rows } from '../../db/index.ts'
import { assignment, observedVersion, sighting } from '../schema.ts'
import { overlaps } from '../store.ts'

export interface Ownership extends OpenInterval {
  id: string
  resource_id: string
  account_id: string
}
/** What these accounts owned, as known to a cut. */
export const ownedBy = (
  ctx: Context,
  account_ids: readonly string[],
  interval: Interval,
  cut: number,
): Promise<Ownership[]> =>
  ctx.tx
    .select({
      id: assignment.id,
      resource_id: assignment.resource_id,
      account_id: assignment.account_id,
      from: assignment.valid_from,
      to: assignment.valid_to,
    })
    .from(assignment)
    .where(
      and(
        among(assignment.account_id, account_ids),
        overlaps(assignment.valid_from, assignment.valid_to, interval),
        knownAt(assignment.cut_from, assignment.cut_to, cut),
      ),
    )

export interface Observed extends OpenInterval {
  id: string
  resource_id: string
  from: Instant
  state: State
  size: Content['size']
  scope_id: string
}
type PackedObserved = [id: string, from: Instant, to: Instant | null, State, Content['size'], scope_id: string]
/** What was observed of resources in an interval, as known to a cut, oldest first for each; those of a resource come as one text. */
export async function observedIn(
  ctx: Context,
  resource_ids: readonly string[],
  interval: Interval,
  cut: number,
): Promise<Observed[]> {
  if (resource_ids.length === 0) return []
  const { resource_id, valid_from, valid_to, cut_from, cut_to } = observedVersion
  const found = await rows<{ resource_id: string; list: PackedObserved[] }>(
    ctx.tx,
    sql`select resource_id, json_agg(json_build_array(id, ${ms(sql`valid_from`)}, ${ms(sql`valid_to`)}, content->>'state', content->'size', scope_id)
          order by valid_from) as list
        from observed_version where ${among(resource_id, resource_ids)} and ${overlaps(valid_from, valid_to, interval)}
          and ${knownAt(cut_from, cut_to, cut)}
        group by resource_id`,
  )
  return found.flatMap(({ resource_id: id, list }) =>
    list.map(([version, from, to, state, size, scope_id]) => ({
      id: version,
      resource_id: id,
      from,
      to,
      state,
      size,
      scope_id,
    })),
  )
}

export interface Told extends OpenInterval {
  resource_id: string
  from: Instant
  /** as text; null where the source says nothing of it */
  values: (string | null)[]
}
type PackedTold = [from: Instant, to: Instant | null, values: Told['values']]
/** What was told of some attributes of resources in an interval, as known to a cut, oldest first for each. */
export async function toldIn(
  ctx: Context,
  resource_ids: readonly string[],
  paths: readonly (readonly string[])[],
  interval: Interval,
  cut: number,
): Promise<Told[]> {
  if (resource_ids.length === 0) return []
  const { resource_id, valid_from, valid_to, cut_from, cut_to } = observedVersion
  const values = sql.join(
    paths.map((path) => sql`content->'attributes' #>> ${arrayText(path)}::text[]`),
    sql`, `,
  )
  const found = await rows<{ resource_id: string; list: PackedTold[] }>(
    ctx.tx,
    sql`select resource_id, json_agg(json_build_array(${ms(sql`valid_from`)}, ${ms(sql`valid_to`)}, json_build_array(${values}))
          order by valid_from) as list
        from observed_version where ${among(resource_id, resource_ids)} and ${overlaps(valid_from, valid_to, interval)}
          and ${knownAt(cut_from, cut_to, cut)}
        group by resource_id`,
  )
  return found.flatMap(({ resource_id: id, list }) =>
    list.map(([from, to, said]) => ({ resource_id: id, from, to, values: said })),
  )
}

/** Sources by which each of these resources was ever listed or told of. */
export const sourcesOf = (ctx: Context, resource_ids: readonly string[], cut: number) =>
  resource_ids.length === 0
    ? Promise.resolve([])
    : ctx.tx
        .selectDistinct({ resource_id: sighting.resource_id, source_id: sighting.source_id })
        .from(sighting)
        .where(and(among(sighting.resource_id, resource_ids), lte(sighting.cut, cut)))

/** A version with where its resource was then. */
export interface Placed {
  from: Instant
  to: Instant | null
  state: State
  size: Content['size']
  host_id: string | null
}
export interface PlacedResource {
  id: string
  realm: string
  external_id: string
  name: string
  versions: Placed[]
}
type PackedPlaced = [from: Instant, to: Instant | null, State, Content['size'], host_id: string | null]
/** All resources of a kind that were there in an interval, whoever owned them, as known to a cut: versions oldest first. */
export async function placedOfKind(
  ctx: Context,
  kind: Kind,
  interval: Interval,
  cut: number,
): Promise<PlacedResource[]> {
  const v = observedVersion
  const found = await rows<Omit<PlacedResource, 'versions'> & { list: PackedPlaced[] }>(
    ctx.tx,
    sql`select r.id, r.realm, r.external_id, r.name, packed.list from resource r cross join lateral (
          select json_agg(json_build_array(${ms(sql`valid_from`)}, ${ms(sql`valid_to`)}, content->>'state', content->'size', host_id) order by valid_from) as list
          from observed_version where resource_id = r.id and ${overlaps(v.valid_from, v.valid_to, interval)} and ${knownAt(v.cut_from, v.cut_to, cut)}
        ) packed
        where r.kind = ${kind} and (r.ended_at is null or r.ended_at > ${new Date(interval.from).toISOString()}::timestamptz) and packed.list is not null
        order by r.realm, r.name, r.id`,
  )
  return found.map(({ list, ...one }) => ({
    ...one,
    versions: list.map(([from, to, state, size, host_id]) => ({ from, to, state, size, host_id })),
  }))
}
