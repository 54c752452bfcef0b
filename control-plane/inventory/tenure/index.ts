/** When a resource was whose: a tenant sees it for the time in which it was his, the installation's own people always. */
import { permit } from '../../base/actor.ts'
import { Problem, sure } from '../../base/problem.ts'
import { type Instant, type Interval, intersect, type OpenInterval } from '../../base/time.ts'
import type { Context } from '../../db/index.ts'
import { findResource, type ResourceRow } from '../store.ts'
import { liveAssignments, versionBefore } from './store.ts'

export { liveAssignments, ownedIds, ownedSince } from './store.ts'

export interface Seen {
  /** as it is now, or as it was when the caller's time with it ended */
  row: ResourceRow
  /** the caller's own time, oldest first; null bounds are open */
  tenure: OpenInterval[]
  /** null: it is his now */
  held_until: Instant | null
}

const ALWAYS: OpenInterval[] = [{ from: null, to: null }]
const missing = (id: string) => new Problem('not_found', `There is no resource ${id}.`)

/** Throws `not_found` where there is none for this caller. */
export async function requireSeen(ctx: Context, id: string): Promise<Seen> {
  permit(ctx, 'inventory.read')
  const own = ctx.actor.account_id === null ? null : await liveAssignments(ctx, id)
  const tenure =
    own === null
      ? ALWAYS
      : begun(
          own.map((row) => row.assignment),
          ctx.now(),
        )
  if (tenure.length === 0) throw missing(id)
  return await ctx.program(async (program) => {
    const row = await findResource(program, id)
    if (!row?.first_seen_at) throw missing(id)
    const last = sure(tenure.at(-1))
    if (last.to === null || last.to > ctx.now()) return { row, tenure, held_until: null }
    return { row: asHeld(row, await versionBefore(program, id, last.to)), tenure, held_until: last.to }
  })
}

const begun = (
  own: readonly { valid_from: Instant | null; valid_to: Instant | null }[],
  now: Instant,
): OpenInterval[] =>
  own
    .filter(({ valid_from }) => valid_from === null || valid_from <= now)
    .map(({ valid_from, valid_to }) => ({ from: valid_from, to: valid_to }))
    .toSorted((a, b) => (a.from ?? -Infinity) - (b.from ?? -Infinity))

/** What it was at the end of the caller's time: nothing of what its next owner made of it. */
function asHeld(row: ResourceRow, at: Awaited<ReturnType<typeof versionBefore>>): ResourceRow {
  const { name = '', state = 'unknown', size = {} } = at?.content ?? {}
  const nothing = { host_id: null, host_name: null, account_id: null, account_name: null, project_id: null }
  return {
    ...row,
    ...nothing,
    project_name: null,
    covered_by: null,
    conflict: false,
    name,
    state,
    size,
    attributes: {},
    evidence: {},
    ended_at: null,
  }
}

/** The parts of an interval in which the resource was the caller's. */
export const within = (tenure: readonly OpenInterval[], asked: Interval): Interval[] =>
  tenure.flatMap((own) => intersect(own, asked) ?? [])

/** Whether all of an interval was the caller's. */
export const isWithin = (tenure: readonly OpenInterval[], { from, to }: Interval): boolean =>
  tenure.some((own) => (own.from ?? -Infinity) <= from && to <= (own.to ?? Infinity))
