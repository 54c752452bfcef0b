/** What slices downstream add to a list of resources; of them the inventory knows nothing. */
import type { Context } from './db/index.ts'
import { type Extras, ownedSince, seesCosts, vcpusOf } from './inventory/index.ts'
import { statesOf } from './limits/index.ts'
import { sparklines } from './metrics/index.ts'
import { costsNow } from './rating/index.ts'

/** What rating and metrics add to a list of resources, all of which the caller owns just now; only what he may see of them. */
async function of(ctx: Context, ids: readonly string[]) {
  const { permissions: may, account_id } = ctx.actor
  const states = may.has('usage.read') ? await statesOf(ctx, ids) : new Map<string, never>()
  const since = account_id === null ? new Map() : await ownedSince(ctx, ids)
  return await ctx.program(async (program) => {
    const costs = seesCosts(ctx.actor) ? await costsNow(program, ids) : new Map<string, null>()
    const loads = may.has('metrics.read')
      ? await sparklines(program, ids, await vcpusOf(program, ids), since)
      : new Map()
    return new Map(
      ids.map((id) => [
        id,
        {
          cost_per_hour: costs.get(id) ?? null,
          sparkline: loads.get(id) ?? [],
          usage_state: states.get(id) ?? ('normal' as const),
        },
      ]),
    )
  })
}

export const extras: Extras = {
  of,
  inState: async (ctx, wanted) => [...(await statesOf(ctx))].flatMap(([id, state]) => (state === wanted ? [id] : [])),
}
