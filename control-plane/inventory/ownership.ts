/** How a transfer or a correction changes the assigned timeline: pure. */
import { Problem } from '../base/problem.ts'
import type { Instant } from '../base/time.ts'

interface Assigned {
  account_id: string
  project_id: string | null
  valid_from: Instant | null
  valid_to: Instant | null
  actor: string
  reason: string
  recorded_at: Instant
}
export interface Decision {
  account_id: string
  project_id: string | null
  from: Instant
  reason: string
}
type Fresh = Omit<Assigned, 'actor' | 'recorded_at'> & { actor: string | null; recorded_at: Instant | null }

/**
 * From `from` on the resource is the new owner's; what was before stays. Throws `invalid` where this would undo a later decision
 * without a reason, or change nothing.
 */
export function transfer<T extends Assigned>(
  live: readonly T[],
  decision: Decision,
): { superseded: T[]; fresh: Fresh[] } {
  const { from, account_id, project_id, reason } = decision
  const later = live.filter((row) => row.valid_from !== null && row.valid_from >= from)
  if (later.length > 0 && reason === '')
    throw new Problem('invalid', 'This changes an earlier decision about the owner: a correction needs a reason.', [
      { pointer: '/reason', detail: 'must say why the past is corrected' },
    ])
  const holder = live.find(
    (row) => (row.valid_from ?? -Infinity) < from && (row.valid_to === null || row.valid_to > from),
  )
  if (later.length === 0 && holder?.account_id === account_id && holder.project_id === project_id)
    throw new Problem('invalid', 'The resource belongs to this account and project already.', [
      { pointer: '/account_id', detail: 'must be another account or project' },
    ])
  const superseded = live.filter((row) => row === holder || later.includes(row))
  const fresh: Fresh[] = [
    { account_id, project_id, valid_from: from, valid_to: null, reason, actor: null, recorded_at: null },
  ]
  if (holder)
    fresh.unshift({
      account_id: holder.account_id,
      project_id: holder.project_id,
      valid_from: holder.valid_from,
      valid_to: from,
      reason: holder.reason,
      actor: holder.actor,
      recorded_at: holder.recorded_at,
    })
  return { superseded, fresh }
}
