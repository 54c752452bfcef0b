/** Verbs of the inventory: what exists, since when, where, and whose it is. */
import { permit } from '../base/actor.ts'
import { Problem, sure } from '../base/problem.ts'
import { type Instant, type Interval, iso, type OpenInterval } from '../base/time.ts'
import { LIVE } from '../db/cut.ts'
import type { Context } from '../db/index.ts'
import { decodeCursor, encodeCursor } from '../http/index.ts'
import { Id, type Page } from '../http/contract.ts'
import { z } from 'zod'
import type { History, NewSameAs, Resource, ResourceDetail, ResourceQuery, SameAsDecision } from './contract.ts'
import { claimCovers, coverHistory, coversIn, decideSameAs, decisionsOf, setsOf, type SetMember } from './eyes/index.ts'
import { presentAssignments } from './assign.ts'
import { liveAssignments, requireSeen, within } from './tenure/index.ts'
import { bornAfter, HOSTS, seesCosts } from './rules.ts'
import { projectOwners } from './timeline/index.ts'
import * as store from './store.ts'

export {
  type EventFact,
  forgetParts,
  gatherParts,
  type ListingFact,
  type Reporter,
  resourceIds,
  storeEvent,
  storeListing,
} from './facts/index.ts'
export { assign, withdrawAssignments } from './assign.ts'
export { clearCosts, keepCosts, owningAccounts } from './costs/index.ts'
export { settleOwners } from './assignment-rules/index.ts'
export { withdrawSameAs } from './eyes/index.ts'
export {
  attributesIn,
  type Held,
  holdings,
  observations,
  ownership,
  placedOfKind,
  type PlacedResource,
  type Thing,
  things,
} from './holdings/index.ts'
export { closeProject, projectOfEach } from './projects/index.ts'
export { refKey, seesCosts } from './rules.ts'
export { type Settled, settleResources } from './timeline/index.ts'
export { pendingResources, unobservedIn, vcpusOf } from './store.ts'
export { resourcesOfSource } from './of-source.ts'
export { isWithin, ownedIds, ownedSince, requireSeen, type Seen, within } from './tenure/index.ts'

/** What slices downstream know of a resource; main hands it in. */
export interface Extras {
  of(
    ctx: Context,
    ids: readonly string[],
  ): Promise<Map<string, Pick<Resource, 'cost_per_hour' | 'sparkline' | 'usage_state'>>>
  /** those that stand so to their limits */
  inState(ctx: Context, state: NonNullable<ResourceQuery['usage_state']>): Promise<readonly string[]>
}

const Cursor = z.object({ key: z.string(), id: Id })

export async function listResources(ctx: Context, query: ResourceQuery, extras: Extras): Promise<Page<Resource>> {
  permit(ctx, 'inventory.read')
  if (query.sort === 'cost' && !seesCosts(ctx.actor))
    throw new Problem(
      'forbidden',
      'Your role does not see what resources cost, and so nothing is sorted by it. Sort by something else, or ask an owner for billing.read or catalog.read.',
    )
  const only = query.usage_state === undefined ? null : await extras.inState(ctx, query.usage_state)
  const { rows, keys } = await store.listResources(ctx, query, decodeCursor(query.cursor, Cursor), only)
  const shown = rows.slice(0, query.limit)
  const more = rows.length > query.limit
  const total = query.cursor ? null : await store.countResources(ctx, query, only)
  const next = more ? encodeCursor({ key: keys[query.limit - 1], id: sure(shown.at(-1)).id }) : null
  return { items: await present(ctx, shown, extras), next_cursor: next, total }
}

async function present(
  ctx: Context,
  rows: readonly store.ResourceRow[],
  extras: Extras,
  held_until: Instant | null = null,
): Promise<Resource[]> {
  const ids = rows.map((row) => row.id)
  const more = held_until === null ? await extras.of(ctx, ids) : new Map<string, never>()
  const scopes = rows.flatMap((row) => row.scope_id ?? [])
  const listed = await ctx.program((program) => store.lastListed(program, scopes))
  // by which eyes a machine is seen is a matter of those who look after it
  const eyes = ctx.actor.account_id === null ? await setsOf(ctx, ids) : []
  const sets = Map.groupBy(eyes, (member) => member.billed_id)
  const lastSeen = (row: store.ResourceRow) =>
    held_until ?? (row.scope_id === null ? null : (listed.get(row.scope_id) ?? null))
  return rows.map((row) => ({
    id: row.id,
    realm: row.realm,
    kind: row.kind,
    external_id: row.external_id,
    incarnation: row.incarnation,
    name: row.name,
    state: row.state,
    size: row.size,
    host: row.host_id ? { id: row.host_id, name: row.host_name ?? '' } : null,
    owner: row.account_id
      ? {
          account_id: row.account_id,
          account_name: row.account_name ?? '',
          project_id: row.project_id,
          project_name: row.project_name,
        }
      : null,
    first_seen_at: iso(row.first_seen_at ?? row.created_at),
    last_seen_at: textOf(lastSeen(row)),
    ended_at: textOf(row.ended_at),
    held_until: textOf(held_until),
    conflict: row.conflict,
    ...eyesOn(row, sets.get(row.covered_by ?? row.id) ?? []),
    cost_per_hour: more.get(row.id)?.cost_per_hour ?? null,
    sparkline: more.get(row.id)?.sparkline ?? [],
    usage_state: more.get(row.id)?.usage_state ?? 'normal',
  }))
}

const textOf = (at: Instant | null): string | null => (at === null ? null : iso(at))

/** The others of its set, the billed one first; by whom it is covered. */
function eyesOn(row: store.ResourceRow, set: readonly SetMember[]): Pick<Resource, 'same_as' | 'covered_by'> {
  const billed = set.find((member) => member.id === row.covered_by)
  const evidence = set.find((member) => member.id === row.id)?.evidence
  return {
    same_as: set
      .filter((member) => member.id !== row.id)
      .map(({ id, kind, name, source_id, connector, agent_name, evidence: by }) => ({
        id,
        kind,
        name,
        source: { id: source_id, connector, agent_name },
        evidence: by,
      })),
    covered_by: billed && evidence ? { id: billed.id, kind: billed.kind, name: billed.name, evidence } : null,
  }
}

/** The row of a resource; the problem `not_found` where there is none for this caller. */
export const requireResource = async (ctx: Context, id: string): Promise<store.ResourceRow> =>
  (await requireSeen(ctx, id)).row

export async function getResource(ctx: Context, id: string, extras: Extras): Promise<ResourceDetail> {
  const { row, held_until } = await requireSeen(ctx, id)
  const [base] = await present(ctx, [row], extras, held_until)
  const isStaff = ctx.actor.account_id === null
  return {
    ...sure(base),
    evidence: row.evidence,
    attributes: row.attributes as ResourceDetail['attributes'],
    sources: isStaff ? await store.sourcesSeeing(ctx, id) : [],
    same_as_decisions: isStaff ? await decisionsOf(ctx, id) : [],
    placed_here: HOSTS.includes(row.kind) && held_until === null ? await store.placedOn(ctx, id) : [],
  }
}

/** Kind, name and realm of resources, for labels of their metrics. */
export async function labelsOf(
  ctx: Context,
  ids: readonly string[],
): Promise<Map<string, { kind: string; name: string; realm: string }>> {
  permit(ctx, 'inventory.read')
  return new Map((await store.namesOf(ctx, ids)).map((row) => [row.id, row]))
}

export async function summary(ctx: Context) {
  permit(ctx, 'inventory.read')
  return store.summary(ctx)
}

export async function history(ctx: Context, id: string): Promise<z.infer<typeof History>> {
  const { tenure } = await requireSeen(ctx, id)
  const assigned = await presentAssignments(ctx, await liveAssignments(ctx, id))
  const isStaff = ctx.actor.account_id === null
  return await ctx.program(async (program) => ({ ...(await observedOf(program, id, tenure, isStaff)), assigned }))
}

/** What was observed of a resource in the caller's time with it; on which hosts and by which eyes, only for those who look after them. */
async function observedOf(
  ctx: Context,
  id: string,
  tenure: readonly OpenInterval[],
  isStaff: boolean,
): Promise<Omit<z.infer<typeof History>, 'assigned'>> {
  const timeline = await store.liveTimeline(ctx, id)
  const scopes = [...new Set(timeline.map(({ version }) => version.scope_id))]
  const first = timeline.at(-1)?.version.valid_from
  const gaps = first === undefined ? [] : await store.unobservedIn(ctx, scopes, { from: first, to: ctx.now() }, LIVE)
  return {
    observed: timeline.flatMap(({ version: v, host_name }) =>
      own(tenure, { from: v.valid_from, to: v.valid_to }).map(({ from, to }) => ({
        id: v.id,
        from: iso(from),
        to: textOf(to),
        from_exact: from === v.valid_from && v.from_exact,
        to_exact: to === v.valid_to && v.to_exact,
        not_before: from === v.valid_from ? textOf(v.not_before) : null,
        name: v.content.name,
        state: v.content.state,
        size: v.content.size,
        host_name: isStaff ? host_name : null,
        conflict: v.conflict,
      })),
    ),
    unobserved: gaps.flatMap((gap) => within(tenure, gap)).map(({ from, to }) => ({ from: iso(from), to: iso(to) })),
    covered: isStaff
      ? (await coverHistory(ctx, id)).map(({ cover, billed }) => ({
          from: iso(cover.valid_from),
          to: textOf(cover.valid_to),
          billed,
          evidence: cover.evidence,
        }))
      : [],
  }
}

/** The parts of a stretch that may still go on in which the resource was the caller's. */
const own = (tenure: readonly OpenInterval[], { from, to }: { from: Instant; to: Instant | null }) =>
  within(tenure, { from, to: to ?? Infinity }).map((part) => ({
    from: part.from,
    to: part.to === Infinity ? null : part.to,
  }))

/** The instant after which each resource surely came into being, as known to a cut; null where nobody looked before. */
export async function bornOf(ctx: Context, ids: readonly string[], cut: number): Promise<Map<string, Instant | null>> {
  const first = await store.firstVersions(ctx, ids, cut)
  return new Map(first.map(({ resource_id, ...version }) => [resource_id, bornAfter([version])]))
}

/** Background: planned transfers that have come. */
export async function projectPlannedOwners(ctx: Context): Promise<number> {
  const stale = await store.staleOwners(ctx, ctx.now(), 1_000)
  await projectOwners(ctx, stale)
  return stale.length
}

/** Says that two resources are one machine, or are two whatever their evidence says. */
export async function sameAs(ctx: Context, id: string, input: NewSameAs): Promise<z.infer<typeof SameAsDecision>> {
  return decideSameAs(ctx, await requireResource(ctx, id), await requireResource(ctx, input.resource_id), input)
}

/** Stretches of resources for which another eye on their machine is billed, as known to a cut. */
export async function coveredIn(ctx: Context, ids: readonly string[], interval: Interval, cut: number) {
  permit(ctx, 'inventory.read')
  return coversIn(ctx, ids, interval, cut)
}

/** Takes resources whose covers changed since their usage was last judged. */
export async function claimCoverChanges(ctx: Context, limit: number) {
  permit(ctx, 'inventory.read')
  return claimCovers(ctx, limit)
}
