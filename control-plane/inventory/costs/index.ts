/** Verbs by which what rating says of resources is kept beside them: why they cost so much is no matter of the inventory. */
import { permit } from '../../base/actor.ts'
import type { Context } from '../../db/index.ts'
import * as store from './store.ts'

/** Accounts that have resources, after one of them by id. */
export async function owningAccounts(ctx: Context, after: string | null, limit: number): Promise<string[]> {
  permit(ctx, 'accounts.read')
  return store.ownersAfter(ctx, after, limit)
}

/** Resources that cost nobody anything are said to cost nothing known: at most so many; answers how many there were. */
export async function clearCosts(ctx: Context, limit: number): Promise<number> {
  permit(ctx, 'inventory.assign')
  return store.clearCosts(ctx, limit)
}

type Locked = Awaited<ReturnType<typeof store.lockToCost>>[number]
/** How the resources of an account cost what they cost. */
interface Costing {
  account_id: string
  /** of each kind, by which its resources cost what they do; of what in `own` is, that */
  kinds: readonly Omit<store.KindBasis, 'account_id'>[]
  own: readonly store.OwnBasis[]
  basisOf(resource: Locked): string
  costOf(resource: Locked): string | null
}

/** Keeps what at most so many resources of some accounts cost, where something else was kept; answers how many there were. */
export async function keepCosts(ctx: Context, costings: readonly Costing[], limit: number): Promise<number> {
  permit(ctx, 'inventory.assign')
  if (costings.length === 0) return 0
  const kinds = costings.flatMap(({ account_id, kinds: list }) => list.map((one) => ({ account_id, ...one })))
  const own = costings.flatMap((one) => one.own)
  const ids = await store.otherwiseCosted(ctx, kinds, own, limit)
  if (ids.length === 0) return 0
  const byAccount = new Map(costings.map((one) => [one.account_id, one]))
  const list = (await store.lockToCost(ctx, ids)).flatMap((resource) => {
    // it may have gone to another account since: its turn comes with that
    const known = byAccount.get(resource.account_id)
    if (!known) return []
    const cost_basis = `${known.basisOf(resource)}/${resource.held_digest}`
    return [{ id: resource.id, cost_per_hour: known.costOf(resource), cost_basis }]
  })
  await store.putCosts(ctx, list)
  return list.length
}
