/** Acting as a customer: staff see what he sees, for a reason that stays on record, for an hour at most, and give nobody anything in his name. */
import { type Actor, permit } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import { Problem } from '../base/problem.ts'
import { permissionsOf } from '../base/roles.ts'
import { HOUR_MS, iso } from '../base/time.ts'
import type { Clock, Context, Database, Tx } from '../db/index.ts'
import { append } from '../events/index.ts'
import type { Impersonation, NewImpersonation } from './contract.ts'
import { endImpersonationOf, insertImpersonation, liveImpersonation, selectAccount } from './store.ts'

const LIFE_MS = HOUR_MS
/** A customer's keys and people are his own to give. */
const WITHHELD = ['keys.write', 'people.write'] as const

/** The same person, as the customer that he acts as just now; himself where he acts as nobody. */
export async function asWhom(at: { tx: Tx | Database; now: Clock }, actor: Actor): Promise<Actor> {
  if (actor.bearer_id === undefined || !actor.permissions.has('accounts.impersonate')) return actor
  const live = await liveImpersonation(at.tx, actor.bearer_id, at.now())
  if (!live) return actor
  const { id, account_id, role, reason, ends_at } = live
  const permissions = new Set(permissionsOf(role, null))
  for (const one of WITHHELD) permissions.delete(one)
  const { custom_role: _own, ...person } = actor
  return { ...person, kind: 'tenant', account_id, role, permissions, behind: { id, kind: actor.kind, reason, ends_at } }
}

/** Begins it for this session. One who acts as somebody already ends that first. */
export async function impersonate(ctx: Context, input: NewImpersonation): Promise<Impersonation> {
  permit(ctx, 'accounts.impersonate')
  const { bearer_id } = ctx.actor
  if (bearer_id === undefined)
    throw new Problem('conflict', 'Only somebody signed in at the page can act as a customer. You act by a key.')
  const account = await selectAccount(ctx, input.account_id)
  if (!account) throw new Problem('not_found', `There is no account ${input.account_id}.`)
  const now = ctx.now()
  const row = {
    id: newId(),
    bearer_id,
    actor_id: ctx.actor.id,
    actor_name: ctx.actor.name,
    account_id: account.id,
    role: 'tenant_owner' as const,
    reason: input.reason,
    began_at: now,
    ends_at: now + LIFE_MS,
    ended_at: null,
  }
  // one that ran out by itself
  await endImpersonationOf(ctx.tx, bearer_id, now)
  await insertImpersonation(ctx.tx, row)
  const { reason, role, ends_at } = row
  await append(ctx, {
    type: 'impersonation.began',
    subject: { kind: 'account', id: account.id },
    account_id: account.id,
    after: { reason, role, ends_at: iso(ends_at) },
  })
  return { account: { id: account.id, name: account.name }, reason, ends_at: iso(ends_at) }
}

/** Nothing to end is no error. */
export async function endImpersonation(ctx: Context): Promise<void> {
  const { behind, bearer_id, account_id } = ctx.actor
  if (behind === undefined || bearer_id === undefined || account_id === null) return
  await endImpersonationOf(ctx.tx, bearer_id, ctx.now())
  await append(ctx, {
    type: 'impersonation.ended',
    subject: { kind: 'account', id: account_id },
    account_id,
    before: { reason: behind.reason },
  })
}
