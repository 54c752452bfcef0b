/** How a transfer or a correction changes the assigned timeline: pure. */
import { Problem } from '../base/problem.ts'
import type { Instant, Interval, OpenInterval } from '../base/time.ts'
import type { RuleEvidence } from './contract.ts'

interface Assigned {
  account_id: string
  project_id: string | null
  valid_from: Instant | null
  valid_to: Instant | null
  actor: string
  reason: string
  recorded_at: Instant
  /** of a row that rules made */
  evidence?: RuleEvidence | null
  rule_id?: string | null
  inherited_from?: string | null
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
  // to decide what a rule said anyhow is a decision: no rule changes it any more
  if (later.length === 0 && !holder?.evidence && holder?.account_id === account_id && holder.project_id === project_id)
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
      evidence: holder.evidence ?? null,
      rule_id: holder.rule_id ?? null,
      inherited_from: holder.inherited_from ?? null,
    })
  return { superseded, fresh }
}

interface Covered extends OpenInterval {
  resource_id: string
}
/** What is left of assignments where no other eye on the machine is billed: `assignment` keeps the whole. */
export function uncovered<T extends Covered>(
  assigned: readonly T[],
  covers: readonly Covered[],
): (T & { assignment: OpenInterval })[] {
  const byResource = Map.groupBy(covers, (cover) => cover.resource_id)
  return assigned.flatMap((row) => {
    const { from, to } = row
    return without({ from, to }, byResource.get(row.resource_id) ?? []).map((rest) => ({
      ...row,
      ...rest,
      assignment: { from, to },
    }))
  })
}

const [BEGINNING, END] = [-Infinity, Infinity]
const closed = ({ from, to }: OpenInterval): Interval => ({ from: from ?? BEGINNING, to: to ?? END })
const opened = ({ from, to }: Interval): OpenInterval => ({
  from: from === BEGINNING ? null : from,
  to: to === END ? null : to,
})

function without(whole: OpenInterval, covers: readonly OpenInterval[]): OpenInterval[] {
  const out: Interval[] = []
  const { from: beginning, to } = closed(whole)
  let from = beginning
  for (const cover of covers.map(closed).toSorted((a, b) => a.from - b.from)) {
    if (cover.from > from) out.push({ from, to: Math.min(cover.from, to) })
    from = Math.max(from, cover.to)
    if (from >= to) break
  }
  if (from < to) out.push({ from, to })
  return out.filter((rest) => rest.from < rest.to).map(opened)
}
