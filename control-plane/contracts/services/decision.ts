/** What all decisions about services share: the service held, its rows written anew, and the event that tells of it. */
import { getAccount } from '../../accounts/index.ts'
import { newId } from '../../base/id.ts'
import { Problem, sure } from '../../base/problem.ts'
import { openCut } from '../../db/cut.ts'
import type { Context } from '../../db/index.ts'
import { append } from '../../events/index.ts'
import type { Subscription } from '../contract.ts'
import { present } from './present.ts'
import * as store from './store.ts'

/** What is left of superseded rows: the same decisions, over a shorter time. */
export const again = <T extends { id: string; cut_from: number; cut_to: number | null }>(
  kept: readonly T[],
  cut: number,
): T[] => kept.map((row) => ({ ...row, id: row.cut_from === cut ? row.id : newId(), cut_from: cut, cut_to: null }))

export const newRow = (ctx: Context, { id, account_id }: store.ServiceRow, reason: string, cut: number) => ({
  id: newId(),
  service_id: id,
  account_id,
  actor: ctx.actor.name,
  reason: reason.trim(),
  recorded_at: ctx.now(),
  cut_from: cut,
  cut_to: null,
})

/** A service that is held until the transaction ends, with its versions. */
export async function held(ctx: Context, id: string) {
  const [row] = await store.subscriptions(ctx, { id })
  if (!row) throw new Problem('not_found', `There is no service ${id} here.`)
  // the cut before the row: whoever closes a cut settles rows while it holds the cut
  const cut = await openCut(ctx.tx)
  await store.lockService(ctx.tx, id)
  const { zone } = await getAccount(ctx, row.account_id)
  const live = await store.versionsOf(ctx.tx, { service_ids: [id] })
  const [before = null] = await present(ctx, [row], zone)
  return { row, zone, cut, now: ctx.now(), live, before }
}

/** Says what became of a service, and that it did. */
export async function told<T extends string>(
  ctx: Context,
  row: store.ServiceRow,
  zone: string,
  type: T,
  before: Subscription | null,
): Promise<Subscription> {
  const [after = null] = await present(ctx, [row], zone)
  const subject = { kind: 'service', id: row.id }
  await append(ctx, { type, subject, account_id: row.account_id, ...(before && { before }), after })
  // cancelled before it began: nothing of it is left, and it is shown as it was
  return after ?? { ...sure(before), state: 'cancelled' }
}
