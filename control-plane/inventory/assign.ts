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
import type { Assignment, AssignmentWithdrawal, NewAssignment } from './contract.ts'
import { derive, markParts, namesOfRules } from './assignment-rules/index.ts'
import { transfer } from './ownership.ts'
import { liveAssignments, requireSeen } from './tenure/index.ts'
import { projectOwners } from './timeline/index.ts'
import * as store from './store.ts'

/** Who gave it, where the source itself is of an account. */
const SOURCE = 'source'
type AssignmentRow = Awaited<ReturnType<typeof liveAssignments>>[number]
export const presentAssignment = (
  { assignment: row, account_name, project_name }: AssignmentRow,
  rules: ReadonlyMap<string, string> | null = null,
): z.infer<typeof Assignment> => ({
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
  by_rule: row.evidence && {
    // by what an operator tells his customers apart is his matter
    id: rules && row.rule_id,
    name: row.rule_id === null ? null : (rules?.get(row.rule_id) ?? null),
    inherited_from: rules && row.inherited_from,
    evidence: rules ? row.evidence : {},
  },
})

/** Owners of one resource, the newest first; rules by name for those who make them. */
export async function presentAssignments(
  ctx: Context,
  list: readonly AssignmentRow[],
): Promise<z.infer<typeof Assignment>[]> {
  if (ctx.actor.account_id !== null) return list.map((row) => presentAssignment(row))
  const names = await namesOfRules(
    ctx,
    list.flatMap(({ assignment: { rule_id } }) => rule_id ?? []),
  )
  return list.map((row) => presentAssignment(row, names))
}

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
  await markParts(ctx, [id])
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

/**
 * Takes back what people decided of its owner, from an instant on (default: now): rules decide again. What was until then stays. Of the past
 * it is a correction, which needs a reason: what was billed of it is given back by the next documents.
 */
export async function withdrawAssignments(ctx: Context, id: string, input: AssignmentWithdrawal): Promise<void> {
  permit(ctx, 'inventory.assign')
  await requireSeen(ctx, id)
  const cut = await openCut(ctx.tx)
  await store.lockResource(ctx, id)
  const now = ctx.now()
  const at = input.from === undefined ? now : fromIso(input.from)
  const reason = input.reason.trim()
  if (at < now && reason === '')
    throw new Problem('invalid', 'To take back what held in the past is a correction, which needs a reason.', [
      { pointer: '/reason', detail: 'must say why the past is corrected' },
    ])
  const live = await liveAssignments(ctx, id)
  const decided = live
    .map((row) => row.assignment)
    .filter(
      ({ evidence, actor, valid_to }) => evidence === null && actor !== SOURCE && (valid_to === null || valid_to > at),
    )
  if (decided.length === 0)
    throw new Problem('conflict', 'Nobody decided whose this is from then on: rules, or its source, say so already.')
  const kept: typeof decided = decided
    .filter(({ valid_from }) => valid_from === null || valid_from < at)
    .map((row) => ({ ...row, valid_to: at }))
  const first = Math.min(...decided.map(({ valid_from }) => valid_from ?? -Infinity))
  const source = live.map((row) => row.assignment).find(({ actor }) => actor === SOURCE)
  // what a source of an account reports is that account's wherever no person says otherwise
  if (source) kept.push({ ...source, valid_from: Math.max(at, first), valid_to: null })
  await store.replaceAssignments(
    ctx,
    decided,
    kept.map((row) => ({ ...row, id: newId(), cut_from: cut })),
    cut,
  )
  await derive(ctx, [id], cut)
  await projectOwners(ctx, [id])
  await markParts(ctx, [id])
  await append(ctx, {
    type: 'resource.assignment_withdrawn',
    subject: { kind: 'resource', id },
    account_id: live[0]?.assignment.account_id ?? null,
    before: live[0] ? presentAssignment(live[0]) : null,
    after: at < now ? { from: iso(at), reason } : null,
  })
}
