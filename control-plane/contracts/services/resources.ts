/** By which resources a service is fulfilled: attached and detached as of an instant. */
import { permit } from '../../base/actor.ts'
import { Problem } from '../../base/problem.ts'
import { fromIso, type Instant } from '../../base/time.ts'
import { databaseError, type Context } from '../../db/index.ts'
import { ownership } from '../../inventory/index.ts'
import { LIVE } from '../../db/cut.ts'
import type { Detachment, NewServiceResource, Subscription } from '../contract.ts'
import { again, held, newRow, told } from './decision.ts'
import { assertMayHold, ended } from './rules.ts'
import * as store from './store.ts'

/** From an instant on a resource of the account fulfils the service. Throws `conflict` where it fulfils another one then. */
export async function attach(ctx: Context, id: string, input: NewServiceResource): Promise<Subscription> {
  permit(ctx, 'contracts.write')
  const { row, zone, cut, now, before, live } = await held(ctx, id)
  const at = input.from === undefined ? now : fromIso(input.from)
  assertMayHold({ ...input, at }, now, '/from')
  const last = live.at(-1)
  if (!last || (last.valid_to !== null && last.valid_to <= at))
    throw new Problem('conflict', 'The service has ended by then.', [
      { pointer: '/from', detail: 'must lie before the end of the service' },
    ])
  await assertOwned(ctx, row.account_id, input.resource_id, at, now)
  const taken = await store.resourcesOf(ctx.tx, { account_ids: [row.account_id] })
  const next = taken
    .filter((one) => one.resource_id === input.resource_id && one.valid_from > at)
    .reduce<Instant | null>((least, one) => Math.min(least ?? Infinity, one.valid_from), last.valid_to)
  const fresh = { ...newRow(ctx, row, input.reason, cut), resource_id: input.resource_id, promised: input.promised }
  try {
    await store.insertResources(ctx.tx, [{ ...fresh, valid_from: at, valid_to: next }])
  } catch (error) {
    if (databaseError(error)?.constraint !== 'service_resource_no_overlap') throw error
    throw new Problem('conflict', 'The resource fulfils a service already at that instant. Detach it there first.', [
      { pointer: '/resource_id', detail: 'must be in no service then' },
    ])
  }
  return told(ctx, row, zone, 'service.resource_attached', before)
}

/** Only what is the account's at that instant, and still is where that lies in the past. */
async function assertOwned(ctx: Context, account_id: string, resource_id: string, at: Instant, now: Instant) {
  const to = Math.max(at, now) + 1
  const all = await ownership(ctx, { account_id }, { from: at, to }, LIVE)
  const owned = all.filter((one) => one.resource_id === resource_id)
  let known = at
  for (const { from, to: end } of owned.toSorted((a, b) => (a.from ?? 0) - (b.from ?? 0)))
    if ((from ?? -Infinity) <= known) known = Math.max(known, end ?? Infinity)
  if (known >= to) return
  throw new Problem('invalid', 'A service is fulfilled by what its account owns in that time.', [
    { pointer: '/resource_id', detail: 'must be a resource of the account, from that instant until now' },
  ])
}

/** From an instant on the resource fulfils the service no more; `id` is that of the attachment. */
export async function detach(ctx: Context, id: string, attachment: string, input: Detachment): Promise<Subscription> {
  permit(ctx, 'contracts.write')
  const { row, zone, cut, now, before } = await held(ctx, id)
  const at = input.at === undefined ? now : fromIso(input.at)
  assertMayHold({ ...input, at }, now, '/at')
  const mine = (await store.resourcesOf(ctx.tx, { service_ids: [id] })).filter((one) => one.id === attachment)
  const { superseded, kept } = ended(mine, at)
  if (superseded.length === 0) throw new Problem('not_found', `The service has no resource ${attachment} at that time.`)
  await store.supersede(ctx.tx, 'resource', superseded, cut)
  await store.insertResources(ctx.tx, again(kept, cut))
  return told(ctx, row, zone, 'service.resource_detached', before)
}
