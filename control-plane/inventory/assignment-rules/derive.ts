/** Brings owners up to what the rules say, in the transaction that observed something or for what is due: for many at once. */
import { canonical } from '#connectors/contract.ts'
import { openCut } from '../../db/cut.ts'
import type { Context } from '../../db/index.ts'
import { appendAll } from '../../events/index.ts'
import { projectOwners } from '../timeline/store.ts'
import type { RuleEffect } from '../contract.ts'
import { type Version } from './edits.ts'
import { type Assigned, beside, type Bounds, identityOf, owners, type Observed } from './rules.ts'
import * as store from './store.ts'

interface Plan {
  resource_id: string
  live: readonly store.AssignedRow[]
  gone: store.AssignedRow[]
  fresh: Assigned[]
}
/** What owners would be that aren't stored: of a preview. */
type Overlay = ReadonlyMap<string, readonly store.AssignedRow[]>

const isByRule = ({ evidence }: store.AssignedRow): boolean => evidence !== null
const assignedOf = ({ evidence, ...row }: store.AssignedRow): Assigned => ({ ...row, evidence: evidence ?? {} })

/** What the rules make of these resources: the rows that go, and the rows that come; nothing for those that stay as they are. */
export async function plan(
  ctx: Context,
  ids: readonly string[],
  rules: readonly Version[],
  overlay: Overlay | null = null,
): Promise<Plan[]> {
  const paths = [...new Map(rules.flatMap(pathOf).map((path) => [path.join('\n'), path])).values()]
  const observed = await store.observedOf(ctx, ids, paths)
  const above = await store.parentsOf(ctx, observed, overlay === null)
  const own = await store.assignedOf(ctx, [...new Set([...ids, ...above.map(({ id }) => id)])])
  const byResource = Map.groupBy(own, ({ resource_id }) => resource_id)
  const rowsOf = (id: string) => overlay?.get(id) ?? byResource.get(id) ?? []
  const parents = store.ownersOfParents(
    above,
    above.flatMap(({ id }) => rowsOf(id)),
  )
  const accounts = await store.knownAccounts(ctx, idsAmong(observed, rules))
  return observed.flatMap((one) => {
    const live = rowsOf(one.id)
    const decided: Bounds[] = live.filter((row) => !isByRule(row))
    const wanted = beside(owners(one, rules, parents, accounts), decided)
    const keys = new Set(wanted.map(identityOf))
    const gone = live.filter((row) => isByRule(row) && !keys.has(identityOf(assignedOf(row))))
    const known = new Set(live.filter(isByRule).map((row) => identityOf(assignedOf(row))))
    const fresh = wanted.filter((row) => !known.has(identityOf(row)))
    return gone.length + fresh.length === 0 ? [] : [{ resource_id: one.id, live, gone, fresh }]
  })
}

const pathOf = ({ condition }: Version): (readonly string[])[] =>
  condition.attribute ? [condition.attribute.path] : []

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** Ids that stand where a rule looks for the id of an account. */
function idsAmong(observed: readonly Observed[], rules: readonly Version[]): string[] {
  const paths = rules.filter(({ effect }) => effect.to === ('account_id' satisfies RuleEffect['to'])).flatMap(pathOf)
  if (paths.length === 0) return []
  const all = observed.flatMap(({ shown }) => shown.flatMap(({ at }) => paths.flatMap((path) => at(path))))
  return [...new Set(all.filter((one): one is string => typeof one === 'string' && UUID.test(one)))]
}

/** The rows of a resource as they are after a plan. */
export const planned = ({ resource_id, live, gone, fresh }: Plan): store.AssignedRow[] => [
  ...live.filter((row) => !gone.includes(row)),
  ...fresh.map((row) => ({ ...row, id: '', resource_id, cut_from: 0 })),
]

/** Gives these resources to whom the rules say. What they own in turn is due. Returns how many changed. */
export async function derive(ctx: Context, ids: readonly string[], cut: number): Promise<number> {
  if (ids.length === 0) return 0
  await store.holdRules(ctx)
  await store.lockAll(ctx, ids)
  const plans = await plan(ctx, ids, await store.liveRules(ctx))
  if (plans.length === 0) return 0
  const [gone, fresh] = [
    plans.flatMap((one) => one.gone),
    plans.flatMap(({ resource_id, fresh: rows }) => rows.map((row) => ({ ...row, resource_id }))),
  ]
  await store.replaceAssigned(ctx, gone, fresh, cut)
  const changed = plans.map(({ resource_id }) => resource_id)
  await projectOwners(ctx, changed)
  await store.markParts(ctx, changed)
  await announce(ctx, plans)
  return plans.length
}

/** One event where another owns it now: what changed in the past alone shows in its history. */
async function announce(ctx: Context, plans: readonly Plan[]): Promise<void> {
  const at = ctx.now()
  const nowOf = (rows: readonly store.AssignedRow[]) => {
    const row = rows.find(({ from, to }) => (from ?? -Infinity) <= at && at < (to ?? Infinity))
    return row ? { account_id: row.account_id, project_id: row.project_id, rule_id: row.rule_id } : null
  }
  const told = plans.map((one) => ({ id: one.resource_id, before: nowOf(one.live), after: nowOf(planned(one)) }))
  await appendAll(
    ctx,
    told
      .filter(({ before, after }) => canonical([ownerOf(before)]) !== canonical([ownerOf(after)]))
      .map(({ id, before, after }) => ({
        type: 'resource.transferred',
        subject: { kind: 'resource', id },
        account_id: (after ?? before)?.account_id ?? null,
        before,
        after,
      })),
  )
}
const ownerOf = (one: { account_id: string; project_id: string | null } | null) =>
  one && [one.account_id, one.project_id]

/** Background: at most `limit` marks of resources whose owner must be found anew. Returns how many were looked at. */
export async function settleOwners(ctx: Context, limit: number): Promise<number> {
  const cut = await openCut(ctx.tx)
  const ids = await store.claimDue(ctx, limit)
  await derive(ctx, ids, cut)
  return ids.length
}
