/** Sessions of people: who stands behind a token, what a page is told of it, and signing out. */
import {
  asWhom,
  authenticate as byCredential,
  hashOf,
  nameOf,
  signOut as endCredential,
  whereAmI,
} from '../accounts/index.ts'
import { NOTED_MS, refuseIdle } from '../accounts/rules.ts'
import type { Actor } from '../base/actor.ts'
import { sure } from '../base/problem.ts'
import { iso } from '../base/time.ts'
import type { Clock, Context, Database, Tx } from '../db/index.ts'
import { append } from '../events/index.ts'
import type { Session } from './contract.ts'
import { actorOf } from './joining.ts'
import { endSession, hasOwner, noteSessionUse, selectLiveSession, selectMemberships, selectPerson } from './store.ts'

/** Tokens that we make ourselves begin so; those of people are better-auth's, with its signature behind a dot. */
const OURS = 'atalaya_'

const hashOfCookie = (value: string): string => hashOf(value.split('.', 1)[0] ?? '')

/**
 * The actor of a person's session, an API key, or a session that a key opened; null for anything else. Throws `session_idle` where
 * nobody used the session for too long. `isUse`: somebody is there, and his session goes on.
 */
export async function authenticate(
  at: { tx: Tx | Database; now: Clock },
  token: string,
  isUse = true,
): Promise<Actor | null> {
  const actor = await bearerOf(at, token, isUse)
  return actor && (await asWhom(at, actor))
}

async function bearerOf(at: { tx: Tx | Database; now: Clock }, token: string, isUse: boolean): Promise<Actor | null> {
  if (token.startsWith(OURS)) return await byCredential(at, token, isUse)
  const now = at.now()
  const live = await selectLiveSession(at.tx, hashOfCookie(token), now)
  if (!live) return null
  refuseIdle(live.used_at.getTime(), live.idle_hours, now)
  // a full disk is no reason to refuse
  if (isUse && now - live.used_at.getTime() > NOTED_MS)
    await noteSessionUse(at.tx, live.session_id, now).catch(() => {})
  return actorOf(live.person, live.membership, live.custom_role, live.session_id)
}

/** What the page is told of whoever acts. */
export async function sessionOf(ctx: Context, version: string, demo: boolean): Promise<Session> {
  const { actor } = ctx
  const person = actor.session_id === undefined ? null : await selectPerson(ctx.tx, actor.id)
  const all = person ? await selectMemberships(ctx.tx, person.id) : []
  const active = all.find(({ role, account_id }) => role === actor.role && account_id === actor.account_id)
  return {
    actor: { kind: actor.kind, name: actor.name },
    role: sure(actor.role),
    custom_role: actor.custom_role ?? null,
    permissions: [...actor.permissions],
    ...(await whereAmI(ctx)),
    version,
    demo,
    person: person && {
      id: person.id,
      email: sure(person.email),
      totp: person.totp_enabled === true,
      memberships: all.map(({ id, role, custom_role, account_id, account_name }) => ({
        id,
        role,
        custom_role: nameOf(custom_role),
        account: account_id === null ? null : { id: account_id, name: account_name ?? '' },
        active: id === active?.id,
      })),
    },
    impersonation: actor.behind ? { reason: actor.behind.reason, ends_at: iso(actor.behind.ends_at) } : null,
    needs_owner: actor.permissions.has('installation.write') && !(await hasOwner(ctx.tx)),
  }
}

/** Ends the session; one that has ended already is no error. */
export async function signOut(ctx: Context, token: string): Promise<void> {
  const { session_id, id } = ctx.actor
  if (session_id === undefined) return endCredential(ctx, token)
  const ended = await endSession(ctx.tx, id, session_id)
  if (ended.length > 0) await append(ctx, { type: 'session.closed', subject: { kind: 'session', id: session_id } })
}

/** Whether a person owns the installation: until then a set-up token opens it. */
export const hasAnOwner = (ctx: Context): Promise<boolean> => hasOwner(ctx.tx)
