/** How a change of the rules makes new versions of them: pure. */
import type { Instant } from '../../base/time.ts'
import type { RuleContent } from '../contract.ts'
import type { Bounds } from './rules.ts'

/** What a version says; the rows that a change replaces keep theirs. */
export type Said = RuleContent & { position: number }
export type Version = Said & Bounds & { rule_id: string }
export type Stored = Version & { id: string; made_by: string; superseded_by: string | null }
export interface Edit {
  superseded: Stored[]
  fresh: Version[]
}

const [BEGINNING, END] = [-Infinity, Infinity]
const said = ({ rule_id, from, to, position, name, condition, effect }: Version): Version => ({
  rule_id,
  from,
  to,
  position,
  name,
  condition,
  effect,
})

/** From an instant on (null: ever since) each version of a rule says what `become` makes of it; null: it ends there. */
export function revised(live: readonly Stored[], from: Instant | null, become: (version: Stored) => Said | null): Edit {
  const at = from ?? BEGINNING
  const superseded = live.filter(({ to }) => (to ?? END) > at)
  const fresh = superseded.flatMap((row): Version[] => {
    const next = become(row)
    const begins = row.from ?? BEGINNING
    return [
      ...(begins < at ? [{ ...said(row), to: from }] : []),
      ...(next ? [{ ...said(row), ...next, from: begins < at ? from : row.from }] : []),
    ]
  })
  return { superseded, fresh }
}

/** From an instant on a rule says this, whatever was said of later. */
export function restated(live: readonly Stored[], rule_id: string, from: Instant | null, next: Said): Edit {
  const { superseded, fresh } = revised(live, from, () => null)
  return { superseded, fresh: [...fresh, { ...next, rule_id, from, to: null }] }
}

/** Puts rules into this order from an instant on; those that aren't named come after, as they were. */
export function ordered(live: readonly Stored[], ids: readonly string[], from: Instant | null): Edit {
  const place = new Map(ids.map((id, index) => [id, index + 1]))
  const rest = live.filter(({ rule_id }) => !place.has(rule_id)).toSorted((a, b) => a.position - b.position)
  for (const { rule_id } of rest) if (!place.has(rule_id)) place.set(rule_id, place.size + 1)
  const edits = [...Map.groupBy(live, (row) => row.rule_id)].flatMap(([rule_id, rows]) => {
    const position = place.get(rule_id) ?? 0
    const moved = rows.filter((row) => row.position !== position && (row.to ?? END) > (from ?? BEGINNING))
    return moved.length === 0 ? [] : [revised(moved, from, (row) => ({ ...row, position }))]
  })
  return together(edits)
}

export const together = (edits: readonly Edit[]): Edit => ({
  superseded: edits.flatMap((edit) => edit.superseded),
  fresh: edits.flatMap((edit) => edit.fresh),
})

/** As though a change had never been: what it said goes, what it replaced is said again. */
export const undone = (made: readonly Stored[], replaced: readonly Stored[]): Edit => ({
  superseded: [...made],
  fresh: replaced.map(said),
})

/** From now on it is as it would be without a change; what was until now stays. */
export function ended(
  made: readonly Stored[],
  replaced: readonly Stored[],
  live: readonly Stored[],
  now: Instant,
): Edit {
  const rules = new Set([...made, ...replaced].map(({ rule_id }) => rule_id))
  return together(
    [...rules].map((rule_id) => {
      const own = live.filter((row) => row.rule_id === rule_id)
      const before = replaced.find(
        (row) => row.rule_id === rule_id && (row.from ?? BEGINNING) <= now && now < (row.to ?? END),
      )
      return before ? restated(own, rule_id, now, said(before)) : revised(own, now, () => null)
    }),
  )
}

/** The rules after an edit. */
export const after = (live: readonly Stored[], { superseded, fresh }: Edit): Version[] => [
  ...live.filter((row) => !superseded.includes(row)),
  ...fresh,
]
