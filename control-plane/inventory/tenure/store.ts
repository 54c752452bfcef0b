/** SQL of tenure: who owned a resource when, as far as the caller reaches, and what it was at an instant. */
import { and, desc, eq, inArray, isNull, lt, sql } from 'drizzle-orm'
import type { Instant } from '../../base/time.ts'
import { withinOwn } from '../../db/fence.ts'
import type { Context } from '../../db/index.ts'
import { assignment, observedVersion, resource } from '../schema.ts'
import { overlaps } from '../store.ts'

export const liveAssignments = (ctx: Context, resource_id: string) =>
  ctx.tx
    .select({
      assignment,
      account_name: sql<string>`(select a.name from account a where a.id = assignment.account_id)`,
      project_name: sql<string | null>`(select p.name from project p where p.id = assignment.project_id)`,
    })
    .from(assignment)
    .where(and(eq(assignment.resource_id, resource_id), withinOwn(ctx, assignment), isNull(assignment.cut_to)))
    .orderBy(sql`${assignment.valid_from} desc nulls last`)

/** The newest version that began before an instant. */
export async function versionBefore(ctx: Context, resource_id: string, at: Instant) {
  const [row] = await ctx.tx
    .select({ content: observedVersion.content })
    .from(observedVersion)
    .where(
      and(
        eq(observedVersion.resource_id, resource_id),
        isNull(observedVersion.cut_to),
        lt(observedVersion.valid_from, at),
      ),
    )
    .orderBy(desc(observedVersion.valid_from))
    .limit(1)
  return row
}

/** Since when the caller owns each of these without a break; nothing of those that are not his. */
export async function ownedSince(ctx: Context, resource_ids: readonly string[]): Promise<Map<string, Instant | null>> {
  if (resource_ids.length === 0) return new Map()
  const now = ctx.now()
  const found = await ctx.tx
    .select({ resource_id: assignment.resource_id, from: assignment.valid_from })
    .from(assignment)
    .where(
      and(
        inArray(assignment.resource_id, [...resource_ids]),
        withinOwn(ctx, assignment),
        isNull(assignment.cut_to),
        overlaps(assignment.valid_from, assignment.valid_to, { from: now, to: now + 1 }),
      ),
    )
  return new Map(found.map(({ resource_id, from }) => [resource_id, from]))
}

/** All that the caller owns now. */
export async function ownedIds(ctx: Context): Promise<string[]> {
  const found = await ctx.tx.select({ id: resource.id }).from(resource).where(withinOwn(ctx, resource))
  return found.map(({ id }) => id)
}
