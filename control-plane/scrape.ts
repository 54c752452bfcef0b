/** What Prometheus gets beside the program's own metrics: current values of resources, and what accounts were and will be invoiced. */
import { type Actor, system } from './base/actor.ts'
import { invoicedText } from './billing/index.ts'
import { type Context, transact } from './db/index.ts'
import type { ExtraMetrics } from './http/metrics.ts'
import { type HttpDeps, transactAs } from './http/index.ts'
import { labelsOf, ownedIds } from './inventory/index.ts'
import { billsText } from './limits/index.ts'
import { currentFamilies, exposition } from './metrics/index.ts'

/** Only of what the caller owns or looks after; bills only to those who may see them. */
export const scrape = (deps: Omit<HttpDeps, 'names'>): ExtraMetrics =>
  async function* (actor: Actor): AsyncGenerator<string> {
    yield* exposition(await resources(deps, actor))
    if (actor.permissions.has('billing.read') && !actor.project_ids) {
      yield await transactAs(deps, actor, invoicedText)
      yield await transactAs(deps, actor, billsText)
    }
  }

/** Current values of every resource that the caller owns or looks after. */
function resources(deps: Omit<HttpDeps, 'names'>, actor: Actor) {
  const all = (ctx: Context) => currentFamilies(ctx, labelsOf)
  const own = async (ctx: Context) => {
    const ids = await ownedIds(ctx)
    return ctx.program((program) => currentFamilies(program, labelsOf, ids))
  }
  return actor.account_id === null ? transact(deps.db, system('metrics'), deps.now, all) : transactAs(deps, actor, own)
}
