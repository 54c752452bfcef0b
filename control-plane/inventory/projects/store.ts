/** SQL of what lies in projects. */
import { and, eq, gt, isNull, or } from 'drizzle-orm'
import { among, type Context } from '../../db/index.ts'
import { assignment } from '../schema.ts'

/** Of resources that are in a project now or will be, when each begins and ends to be. */
export const heldBy = ({ tx, now }: Context, project_id: string, limit: number) =>
  tx
    .select({ resource_id: assignment.resource_id, from: assignment.valid_from, to: assignment.valid_to })
    .from(assignment)
    .where(
      and(
        eq(assignment.project_id, project_id),
        isNull(assignment.cut_to),
        or(isNull(assignment.valid_to), gt(assignment.valid_to, now())),
      ),
    )
    .orderBy(assignment.resource_id)
    .limit(limit)

/** The account and project of each of these assignments. */
export const projectOfAssignments = ({ tx }: Context, ids: readonly string[]) =>
  tx
    .select({ id: assignment.id, account_id: assignment.account_id, project_id: assignment.project_id })
    .from(assignment)
    .where(among(assignment.id, ids))
