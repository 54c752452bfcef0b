/** The one way in which a resource comes to an account or a project: a transfer as of an instant. */
import { permit } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import { Problem, sure } from '../base/problem.ts'
import { fromIso, iso } from '../base/time.ts'
import { openCut } from '../db/cut.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import { getAccount } from '../accounts/index.ts'
import type { z } from 'zod'
import type { Assignment, NewAssignment } from './contract.ts'
import { transfer } from './ownership.ts'
import { liveAssignments, requireSeen } from './tenure/index.ts'
import { projectOwners } from './timeline/index.ts'
import * as store from './store.ts'

type AssignmentRow = Awaited<ReturnType<typeof liveAssignments>>[number]
export const presentAssignment = ({
  assignment: row,
  account_name,
  project_name,
}: AssignmentRow): z.infer<typeof Assignment> => ({
  id: row.id,
  from: row.valid_from === null ? null : iso(row.valid_from),
  to: row.valid_to === null ? null : iso(row.valid_to),
  account_id: row.account_id,
  account_name,
  project_id: row.project_id,
  project_name,
  actor: row.actor,
  reason: row.reason,
  recorded_at: iso(row.recorded_at),
})

/**
 * Gives a resource to an account from an instant on; the past stays. Where the instant lies before an earlier decision it is
 * a correction and needs a reason. What was invoiced stays as it is.
 */
export async function assign(ctx: Context, id: string, input: NewAssignment): Promise<z.infer<typeof Assignment>> {
  permit(ctx, 'inventory.assign')
  await requireSeen(ctx, id)
  await getAccount(ctx, input.account_id)
  if (input.project_id && !(await store.projectExists(ctx, input.account_id, input.project_id)))
    throw new Problem('invalid', 'The project is not one of this account.', [
      { pointer: '/project_id', detail: 'must be a project of account_id' },
    ])
  // the cut before the row: whoever closes a cut settles rows while it holds the cut
  const cut = await openCut(ctx.tx)
  await store.lockResource(ctx, id)
  const now = ctx.now()
  const live = await liveAssignments(ctx, id)
  const decision = {
    account_id: input.account_id,
    project_id: input.project_id ?? null,
    from: input.effective_at ? fromIso(input.effective_at) : now,
    reason: input.reason.trim(),
  }
  const { superseded, fresh } = transfer(
    live.map((row) => row.assignment),
    decision,
  )
  await store.replaceAssignments(
    ctx,
    superseded,
    fresh.map((row) => ({
      ...row,
      id: newId(),
      resource_id: id,
      recorded_at: row.recorded_at ?? now,
      actor: row.actor ?? ctx.actor.name,
      cut_from: cut,
    })),
    cut,
  )
  await projectOwners(ctx, [id])
  const made = sure((await liveAssignments(ctx, id)).find((row) => row.assignment.valid_from === decision.from))
  await append(ctx, {
    type: 'resource.transferred',
    subject: { kind: 'resource', id },
    account_id: input.account_id,
    before: live[0] ? presentAssignment(live[0]) : null,
    after: presentAssignment(made),
  })
  return presentAssignment(made)
}
