/** Verbs of erasure: what it would take, and taking it. Who was erased can't be brought back, by nobody. */
import { nameOf } from '../../accounts/index.ts'
import { permit } from '../../base/actor.ts'
import { Problem } from '../../base/problem.ts'
import type { Context } from '../../db/index.ts'
import { append } from '../../events/index.ts'
import type { ErasurePreview, Obstacle } from '../contract.ts'
import type { Gate } from '../gate.ts'
import { type Known, known, me, type Step, withPassword } from '../me/person.ts'
import { lockOwners, selectMemberships, selectSessions } from '../store.ts'
import { obstacleOf } from './rules.ts'
import * as store from './store.ts'

export async function requireKnown(ctx: Context, id: string): Promise<Known> {
  const person = await known(ctx, id)
  if (!person) throw new Problem('not_found', `There is no person ${id}, or he was erased.`)
  return person
}

export const placeOf = ({ account_id, account_name }: { account_id: string | null; account_name: string | null }) =>
  account_id === null ? null : { id: account_id, name: account_name ?? '' }

async function obstacle(ctx: Context, id: string): Promise<Obstacle | null> {
  const places = await Promise.all(
    (await selectMemberships(ctx.tx, id)).map(async (one) => ({
      role: one.role,
      custom_role: one.custom_role,
      account: placeOf(one),
      shared: await store.isShared(ctx.tx, one),
    })),
  )
  return obstacleOf(places, id === ctx.actor.id ? null : ctx.actor.permissions)
}

async function preview(ctx: Context, person: Known): Promise<ErasurePreview> {
  const { id, name, email, email_hash } = person
  const memberships = await selectMemberships(ctx.tx, id)
  const keys = (await store.selectKeysMadeBy(ctx.tx, id)).filter(({ revoked_at }) => revoked_at === null)
  return {
    person: { id, name, email },
    goes: {
      memberships: memberships.map((one) => ({
        role: one.role,
        custom_role: nameOf(one.custom_role),
        account: placeOf(one),
      })),
      sessions: (await selectSessions(ctx.tx, id, ctx.now())).length,
      passkeys: await store.countPasskeys(ctx.tx, id),
      totp: person.totp_enabled === true,
      invitations: (await store.selectInvitationsTo(ctx.tx, email_hash)).length,
    },
    stays: {
      keys: keys.map((key) => ({ id: key.id, name: key.name })),
      ...(await store.countRecords(ctx.tx, person)),
    },
    obstacle: await obstacle(ctx, id),
  }
}

export async function previewErasure(ctx: Context, id: string): Promise<ErasurePreview> {
  permit(ctx, 'people.erase')
  return await preview(ctx, await requireKnown(ctx, id))
}

export const previewOwnErasure = async (ctx: Context): Promise<ErasurePreview> => preview(ctx, await me(ctx))

const REMEDIES: Record<Obstacle['code'], (account: string) => Problem> = {
  last_owner: () =>
    new Problem('conflict', 'This is the last owner of the installation. Make somebody else an owner first.'),
  last_tenant_owner: (account) =>
    new Problem('conflict', `This is the last owner of the account ${account}. Make somebody else its owner first.`),
  may_do_more: () =>
    new Problem('forbidden', 'This person may do more than you: only who may do as much can erase him.'),
}

async function erase(ctx: Context, id: string, reason: string): Promise<void> {
  // of two owners who erase each other at once one stays
  await lockOwners(ctx.tx)
  const person = await store.lockPerson(ctx.tx, id)
  if (!person) throw new Problem('not_found', `There is no person ${id}, or he was erased.`)
  const found = await obstacle(ctx, id)
  if (found) throw REMEDIES[found.code](found.account?.name ?? '')
  await store.eraseAll(ctx.tx, id, person.email_hash, ctx.now())
  await store.deleteKey(ctx.tx, id)
  await append(ctx, { type: 'person.erased', subject: { kind: 'person', id }, after: { reason } })
}

/** By staff. */
export async function erasePerson(ctx: Context, id: string, reason: string): Promise<void> {
  permit(ctx, 'people.erase')
  if (id === ctx.actor.id)
    throw new Problem('conflict', 'This is you. Erase yourself under your own settings, where your password is asked.')
  await erase(ctx, id, reason)
}

/** By himself, with his password once more. */
export async function eraseMyself(
  ctx: Context,
  gate: Gate,
  password: string,
  headers: Headers,
): Promise<Step<unknown>> {
  const person = await me(ctx)
  const step = await withPassword(ctx, gate, person, (auth) =>
    auth.api.verifyPassword({ body: { password }, headers, returnHeaders: true }),
  )
  if (!('refused' in step)) await erase(ctx, person.id, 'asked for it himself')
  return step
}
