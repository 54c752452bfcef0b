/** The verbs of services: an account subscribes to a plan, changes and cancels it, as of an instant. */
import { getAccount } from '../../accounts/index.ts'
import { permit } from '../../base/actor.ts'
import { newId } from '../../base/id.ts'
import { Problem, sure } from '../../base/problem.ts'
import { addDays, billingPeriodOf, fromIso, type Instant, iso } from '../../base/time.ts'
import { getPlan } from '../../catalog/index.ts'
import type { Plan } from '../../catalog/contract.ts'
import { openCut } from '../../db/cut.ts'
import type { Context } from '../../db/index.ts'
import type { Cancellation, NewSubscription, ServiceChange, Subscription } from '../contract.ts'
import { type ContractRow, contractAt } from '../store.ts'
import { again, held, newRow, told } from './decision.ts'
import { present } from './present.ts'
import { assertMayHold, changed, ended, resumed } from './rules.ts'
import * as store from './store.ts'

export { attach, detach } from './resources.ts'
export { liftSuspension, suspend } from './suspensions.ts'

/** The subscriptions of an account, the oldest first. */
export async function listServices(ctx: Context, account_id: string): Promise<Subscription[]> {
  permit(ctx, 'accounts.read')
  const { zone } = await getAccount(ctx, account_id)
  return present(ctx, await store.subscriptions(ctx, { account_id }), zone)
}

const UNATTACHED_MAX = 100
/** Resources of an account, of these kinds, that fulfil no service now. */
export async function unattachedOf(ctx: Context, account_id: string, kinds: readonly string[]) {
  permit(ctx, 'accounts.read')
  return store.unattached(ctx, account_id, kinds, ctx.now(), UNATTACHED_MAX)
}

/** From an instant on an account has a plan, so many times. */
export async function subscribe(ctx: Context, account_id: string, input: NewSubscription): Promise<Subscription> {
  permit(ctx, 'contracts.write')
  const account = await getAccount(ctx, account_id)
  const cut = await openCut(ctx.tx)
  const now = ctx.now()
  const at = input.from === undefined ? now : fromIso(input.from)
  assertMayHold({ ...input, at }, now, '/from')
  const contract = await contractFor(ctx, account_id, at)
  const plan = await onSale(ctx, input.plan_id, contract)
  const end = input.parent_id === undefined ? null : await endOfParent(ctx, account_id, input.parent_id, at)
  const row = {
    id: newId(),
    contract_id: contract.id,
    account_id,
    kind: 'subscription' as const,
    name: plan.name.en,
    valid_from: at,
    valid_to: null,
    parent_id: input.parent_id ?? null,
  }
  await store.insertService(ctx.tx, row)
  const trial_until = input.trial && plan.trial_days > 0 ? addDays(at, plan.trial_days, account.zone) : null
  const terms = {
    plan_id: plan.id,
    quantity: input.quantity,
    prices_as_of: input.prices_as_of === null ? null : fromIso(input.prices_as_of),
    trial_until,
    anchored_at: (input.anchor ?? plan.anchor) === 'anniversary' ? at : null,
  }
  const span = { valid_from: at, valid_to: end }
  await store.insertVersions(ctx.tx, [{ ...newRow(ctx, row, input.reason, cut), ...terms, ...span }])
  return told(ctx, row, account.zone, 'service.subscribed', null)
}

/** Another plan, quantity or day of prices from an instant on, until the next change that is planned. */
export async function change(ctx: Context, id: string, input: ServiceChange): Promise<Subscription> {
  permit(ctx, 'contracts.write')
  const { row, zone, cut, now, before, live } = await held(ctx, id)
  const at = input.at === undefined ? now : fromIso(input.at)
  assertMayHold({ ...input, at }, now, '/at')
  const { before: was, span, superseded, kept } = changed(live, at)
  if (input.plan_id !== undefined && input.plan_id !== was.plan_id)
    await onSale(ctx, input.plan_id, await contractFor(ctx, row.account_id, at))
  const asOf = input.prices_as_of
  const fresh = {
    plan_id: input.plan_id ?? was.plan_id,
    quantity: input.quantity ?? was.quantity,
    prices_as_of: asOf === undefined ? was.prices_as_of : asOf === null ? null : fromIso(asOf),
    trial_until: was.trial_until,
    anchored_at: was.anchored_at,
  }
  await store.supersede(ctx.tx, 'version', superseded, cut)
  const version = { ...newRow(ctx, row, input.reason, cut), ...fresh, ...span }
  await store.insertVersions(ctx.tx, [...again(kept, cut), version])
  return told(ctx, row, zone, 'service.changed', before)
}

/** Ends a service with its add-ons, and what fulfils it is free for another. */
export async function cancel(ctx: Context, id: string, input: Cancellation): Promise<Subscription> {
  permit(ctx, 'contracts.write')
  const { row, zone, cut, now, before, live } = await held(ctx, id)
  const { anchored_at = null } = live[0] ?? {}
  const ends = () => billingPeriodOf(Math.max(now, live[0]?.valid_from ?? now), anchored_at, zone).to
  const at = input.at === 'now' ? now : input.at === 'end_of_period' ? ends() : fromIso(input.at)
  assertMayHold({ ...input, at }, now, '/at')
  if (ended(live, at).superseded.length === 0)
    throw new Problem('conflict', 'The service has ended by then already.', [
      { pointer: '/at', detail: 'must lie before its end' },
    ])
  await endAt(ctx, id, at, cut)
  for (const addOn of await store.addOnsOf(ctx.tx, id)) await endAt(ctx, addOn.id, at, cut)
  return told(ctx, row, zone, 'service.cancelled', before)
}

async function endAt(ctx: Context, id: string, at: Instant, cut: number): Promise<void> {
  const versions = ended(await store.versionsOf(ctx.tx, { service_ids: [id] }), at)
  await store.supersede(ctx.tx, 'version', versions.superseded, cut)
  await store.insertVersions(ctx.tx, again(versions.kept, cut))
  const resources = ended(await store.resourcesOf(ctx.tx, { service_ids: [id] }), at)
  await store.supersede(ctx.tx, 'resource', resources.superseded, cut)
  await store.insertResources(ctx.tx, again(resources.kept, cut))
}

/** A cancellation that is still ahead is taken back, with those of add-ons and of what fulfils it that end at the same instant. */
export async function resume(ctx: Context, id: string): Promise<Subscription> {
  permit(ctx, 'contracts.write')
  const { row, zone, cut, now, before, live } = await held(ctx, id)
  const end = live.at(-1)?.valid_to ?? null
  if (end === null || end <= now)
    throw new Problem(
      'conflict',
      'There is no cancellation to take back: the service goes on, or it has ended already.',
    )
  const until = row.parent_id === null ? null : await endOf(ctx, row.parent_id)
  if (until !== null && until <= end)
    throw new Problem(
      'conflict',
      `It ends with the service that it was added to, at ${iso(until)}. Take that cancellation back.`,
    )
  await goOn(ctx, row, { end, until, cut })
  for (const addOn of await store.addOnsOf(ctx.tx, id)) await goOn(ctx, addOn, { end, until, cut })
  return told(ctx, row, zone, 'service.resumed', before)
}

async function endOf(ctx: Context, id: string): Promise<Instant | null> {
  await store.lockService(ctx.tx, id)
  return sure((await store.versionsOf(ctx.tx, { service_ids: [id] })).at(-1)).valid_to
}

interface Going {
  end: Instant
  until: Instant | null
  cut: number
}
async function goOn(ctx: Context, { id, account_id }: store.ServiceRow, { end, until, cut }: Going): Promise<void> {
  const versions = resumed(await store.versionsOf(ctx.tx, { service_ids: [id] }), end, until)
  await store.supersede(ctx.tx, 'version', versions.superseded, cut)
  await store.insertVersions(ctx.tx, again(versions.kept, cut))
  const all = await store.resourcesOf(ctx.tx, { account_ids: [account_id] })
  // what was promised to another service by then fulfils that one
  const isTaken = (one: store.ResourceRow) =>
    all.some((other) => other.resource_id === one.resource_id && other.valid_from >= end)
  const free = all.filter((one) => one.service_id === id && !isTaken(one))
  const resources = resumed(free, end, until)
  await store.supersede(ctx.tx, 'resource', resources.superseded, cut)
  await store.insertResources(ctx.tx, again(resources.kept, cut))
}

async function contractFor(ctx: Context, account_id: string, at: Instant): Promise<ContractRow> {
  const row = await contractAt(ctx, account_id, at)
  if (row) return row
  throw new Problem('conflict', 'The account has no contract at that instant.', [
    { pointer: '/from', detail: 'must lie within a contract of the account' },
  ])
}

async function onSale(ctx: Context, id: string, contract: ContractRow): Promise<Plan> {
  const plan = await getPlan(ctx, id)
  const say = (detail: string) =>
    new Problem('conflict', `${plan.name.en} can't be sold to this account: ${detail}.`, [
      { pointer: '/plan_id', detail },
    ])
  if (plan.state !== 'published') throw say(`it is ${plan.state === 'draft' ? 'still a draft' : 'retired'}`)
  if (plan.legal_entity_id !== contract.legal_entity_id) throw say('another company sells it')
  if (plan.currency !== contract.currency) throw say(`it is priced in ${plan.currency}, not in ${contract.currency}`)
  return plan
}

/** An add-on lasts no longer than what it was added to. */
async function endOfParent(ctx: Context, account_id: string, id: string, at: Instant): Promise<Instant | null> {
  const [parent] = await store.subscriptions(ctx, { id })
  if (!parent || parent.account_id !== account_id || parent.parent_id !== null)
    throw new Problem('invalid', 'An add-on is added to a service of the same account, which is none itself.', [
      { pointer: '/parent_id', detail: 'must be a service of the account' },
    ])
  await store.lockService(ctx.tx, id)
  const live = await store.versionsOf(ctx.tx, { service_ids: [id] })
  changed(live, at)
  return sure(live.at(-1)).valid_to
}
