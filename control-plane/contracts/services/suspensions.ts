/** A service is suspended and goes on again, as of an instant: dated facts, each with who told it and why. Nothing that is billed follows from them. */
import { permit } from '../../base/actor.ts'
import { newId } from '../../base/id.ts'
import { Problem } from '../../base/problem.ts'
import { fromIso, iso } from '../../base/time.ts'
import type { Context } from '../../db/index.ts'
import type { NewSuspension, Subscription, SuspensionEnd } from '../contract.ts'
import { held, newRow, told } from './decision.ts'
import { assertMayHold, ended, isWithin } from './rules.ts'
import * as store from './store.ts'

/**
 * From an instant on a service is suspended, until that is lifted. Its fees stay due and what is used is billed as before; its add-ons are
 * suspended by themselves. Throws `conflict` where it doesn't hold at that instant, or is suspended then or later already.
 */
export async function suspend(ctx: Context, id: string, input: NewSuspension): Promise<Subscription> {
  permit(ctx, 'contracts.write')
  const { row, zone, cut, now, before, live } = await held(ctx, id)
  const at = input.from === undefined ? now : fromIso(input.from)
  assertMayHold({ ...input, at }, now, '/from')
  if (!isWithin(live, at))
    throw new Problem('conflict', 'The service does not hold at that instant: it had not begun, or it had ended.', [
      { pointer: '/from', detail: 'must lie within the service' },
    ])
  const other = (await store.suspensionsOf(ctx.tx, [id])).find(({ valid_to }) => valid_to === null || valid_to > at)
  if (other)
    throw new Problem(
      'conflict',
      other.valid_from <= at
        ? `The service is suspended at that instant already: since ${iso(other.valid_from)}.`
        : `The service is to be suspended from ${iso(other.valid_from)} on. Lift that suspension first.`,
      [{ pointer: '/from', detail: 'must lie after any other suspension of the service' }],
    )
  const span = { valid_from: at, valid_to: null, end_actor: null, end_reason: null, end_recorded_at: null }
  await store.insertSuspensions(ctx.tx, [{ ...newRow(ctx, row, input.reason, cut), ...span }])
  return told(ctx, row, zone, 'service.suspended', before)
}

/** From an instant on a service is suspended no more; what was planned for later is gone, too. */
export async function liftSuspension(ctx: Context, id: string, input: SuspensionEnd): Promise<Subscription> {
  permit(ctx, 'contracts.write')
  const { row, zone, cut, now, before } = await held(ctx, id)
  const at = input.at === undefined ? now : fromIso(input.at)
  assertMayHold({ ...input, at }, now, '/at')
  // nothing is left of a service that was cancelled before it began
  if (!before) throw new Problem('conflict', 'The service was cancelled before it began: it is suspended no more.')
  const { superseded, kept } = ended(await store.suspensionsOf(ctx.tx, [id]), at)
  if (superseded.length === 0)
    throw new Problem('conflict', 'The service is not suspended at that instant, nor is it to be later.', [
      { pointer: '/at', detail: 'must lie before the end of a suspension of the service' },
    ])
  const end = { end_actor: ctx.actor.name, end_reason: input.reason.trim(), end_recorded_at: now }
  await store.supersedeSuspensions(ctx.tx, superseded, { ...end, cut_to: cut })
  const fresh = kept.map((one) => ({ ...one, ...end, id: newId(), cut_from: cut, cut_to: null }))
  await store.insertSuspensions(ctx.tx, fresh)
  return told(ctx, row, zone, 'service.suspension_lifted', before)
}
