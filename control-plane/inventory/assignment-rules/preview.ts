/** What a change of the rules would do to owners: computed by what does it, and not stored. */
import { type Instant, iso } from '../../base/time.ts'
import type { Context } from '../../db/index.ts'
import type { RuleCondition, RulePreview } from '../contract.ts'
import { plan, planned } from './derive.ts'
import type { Version } from './edits.ts'
import { type Change, differences } from './rules.ts'
import * as store from './store.ts'
import type { Owner } from './match.ts'

/** More than this is not looked at: the answer says so. */
const LOOKED_AT_MAX = 100_000
const AT_ONCE = 2_000
const SHOWN_MAX = 100
/** Parts of parts: a change goes on so far. */
const DEPTH_MAX = 8

type Found = Map<string, Change>

/** The first change of each resource that would have another owner at some time, those that are parts of others among them. */
export async function previewOf(
  ctx: Context,
  rules: readonly Version[],
  conditions: readonly RuleCondition[],
  since: Instant | null,
): Promise<RulePreview> {
  const first = conditions.length === 0 ? [] : await store.concerned(ctx, conditions, since, LOOKED_AT_MAX + 1)
  const overlay = new Map<string, readonly store.AssignedRow[]>()
  const before = new Map<string, readonly store.AssignedRow[]>()
  const looked = new Set<string>()
  let next = first.slice(0, LOOKED_AT_MAX)
  for (let depth = 0; next.length > 0 && depth < DEPTH_MAX && looked.size < LOOKED_AT_MAX; depth += 1) {
    const changed: string[] = []
    for (let at = 0; at < next.length; at += AT_ONCE)
      for (const one of await plan(ctx, next.slice(at, at + AT_ONCE), rules, overlay)) {
        if (!before.has(one.resource_id)) before.set(one.resource_id, one.live)
        overlay.set(one.resource_id, planned(one))
        changed.push(one.resource_id)
      }
    for (const id of next) looked.add(id)
    next = changed.length === 0 ? [] : await store.parts(ctx, changed)
  }
  const found: Found = new Map()
  for (const [id, rows] of before) {
    const [change] = differences(rows, overlay.get(id) ?? [])
    if (change) found.set(id, change)
  }
  return await present(ctx, found, { looked_at: looked.size, complete: first.length <= LOOKED_AT_MAX })
}

async function present(
  ctx: Context,
  found: Found,
  looked: Pick<RulePreview, 'looked_at' | 'complete'>,
): Promise<RulePreview> {
  const ordered = [...found].toSorted(([a, x], [b, y]) => compare(x.from, y.from) || (a < b ? -1 : 1))
  const shown = ordered.slice(0, SHOWN_MAX)
  const all = [...found.values()].flatMap(({ before, after }) => [before, after]).filter((owner) => owner !== null)
  const names = await store.accountNames(ctx, [
    ...new Set(all.flatMap(({ account_id, project_id }) => (project_id ? [account_id, project_id] : [account_id]))),
  ])
  const resources = new Map(
    (
      await store.named(
        ctx,
        shown.map(([id]) => id),
      )
    ).map((row) => [row.id, row]),
  )
  const name = (owner: Owner | null) =>
    owner && {
      account_id: owner.account_id,
      account_name: names.get(owner.account_id) ?? '',
      project_id: owner.project_id,
      project_name: owner.project_id === null ? null : (names.get(owner.project_id) ?? null),
    }
  const first = ordered[0]?.[1].from
  return {
    ...looked,
    changed: found.size,
    from: first === undefined || first === null ? null : iso(first),
    accounts: accountsOf([...found.values()], names),
    items: shown.flatMap(([id, { from, to, before, after }]) => {
      const resource = resources.get(id)
      if (!resource) return []
      const bounds = { from: from === null ? null : iso(from), to: to === null ? null : iso(to) }
      return [{ resource, ...bounds, before: name(before), after: name(after) }]
    }),
  }
}

const compare = (a: Instant | null, b: Instant | null): number =>
  a === b ? 0 : (a ?? -Infinity) < (b ?? -Infinity) ? -1 : 1

function accountsOf(changes: readonly Change[], names: ReadonlyMap<string, string>): RulePreview['accounts'] {
  const sums = new Map<string, RulePreview['accounts'][number]>()
  const add = (owner: Owner | null, what: 'gains' | 'loses') => {
    if (!owner) return
    const { account_id } = owner
    const row = sums.get(account_id) ?? { account_id, account_name: names.get(account_id) ?? '', gains: 0, loses: 0 }
    row[what] += 1
    sums.set(account_id, row)
  }
  for (const { before, after } of changes) {
    if (before?.account_id === after?.account_id) continue
    add(before, 'loses')
    add(after, 'gains')
  }
  return [...sums.values()].toSorted((a, b) => b.gains + b.loses - a.gains - a.loses).slice(0, SHOWN_MAX)
}
