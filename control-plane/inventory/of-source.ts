/** Resources that a source tells of, also those that ended, a part after the other. */
import { permit } from '../base/actor.ts'
import type { Instant } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { selectOfSource } from './store.ts'

/** By their ids; those that ended before `since` are left out. `total`: of all parts. */
export async function resourcesOfSource(
  ctx: Context,
  source_id: string,
  asked: { since: Instant; after: string | null; limit: number },
): Promise<{ found: { id: string; name: string }[]; total: number }> {
  permit(ctx, 'inventory.read')
  return await selectOfSource(ctx, source_id, asked)
}
