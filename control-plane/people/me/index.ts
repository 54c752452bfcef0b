/** Verbs of a person's own settings: name, sessions, the active membership; and those of the files beside this one. */
import { Problem } from '../../base/problem.ts'
import { iso } from '../../base/time.ts'
import type { Context } from '../../db/index.ts'
import { append } from '../../events/index.ts'
import type { Profile } from '../contract.ts'
import { nameHash } from '../privacy/look-up.ts'
import { sealPersonal } from '../privacy/names.ts'
import { endSession, selectMemberships, selectPasskeys, selectSessions, setActive, updatePerson } from '../store.ts'
import { about, me } from './person.ts'

export { askEmailChange, confirmEmail } from './email.ts'
export {
  addPasskey,
  changePassword,
  confirmTotp,
  newPasskeyOptions,
  removePasskey,
  renewRecoveryCodes,
  startTotp,
  stopTotp,
} from './factors.ts'
export type { Step } from './person.ts'

const NOBODY: Profile = { person: null, totp: false, passkeys: [], sessions: [] }

export async function getProfile(ctx: Context): Promise<Profile> {
  if (ctx.actor.session_id === undefined) return NOBODY
  const { id, name, email, email_verified, totp_enabled, session_id } = await me(ctx)
  const [passkeys, sessions] = [await selectPasskeys(ctx.tx, id), await selectSessions(ctx.tx, id, ctx.now())]
  return {
    person: { id, name, email, email_verified },
    totp: totp_enabled === true,
    passkeys: passkeys.map((one) => ({
      id: one.id,
      name: one.name ?? '',
      created_at: one.created_at && iso(one.created_at.getTime()),
    })),
    sessions: sessions.map((one) => ({
      id: one.id,
      created_at: iso(one.created_at.getTime()),
      last_used_at: iso(one.updated_at.getTime()),
      expires_at: iso(one.expires_at.getTime()),
      address: one.ip_address ?? '',
      browser: one.user_agent ?? '',
      current: one.id === session_id,
    })),
  }
}

export async function rename(ctx: Context, name: string): Promise<void> {
  const person = await me(ctx)
  const sealed = await sealPersonal(ctx, person.id, { name })
  await updatePerson(ctx.tx, person.id, { ...sealed, name_hash: await nameHash(ctx, name) })
  await append(ctx, { type: 'person.renamed', subject: about(person) })
}

export async function revokeSession(ctx: Context, id: string): Promise<void> {
  const person = await me(ctx)
  if ((await endSession(ctx.tx, person.id, id)).length === 0)
    throw new Problem('not_found', `You have no session ${id}; it may have ended.`)
  await append(ctx, { type: 'session.revoked', subject: { kind: 'session', id }, before: { person_id: person.id } })
}

export async function switchMembership(ctx: Context, id: string): Promise<void> {
  const person = await me(ctx)
  const wanted = (await selectMemberships(ctx.tx, person.id)).find((one) => one.id === id)
  if (!wanted) throw new Problem('not_found', `You have no membership ${id}.`)
  await setActive(ctx.tx, person.session_id, id)
  const after = { membership_id: id, role: wanted.role }
  const subject = { kind: 'session', id: person.session_id }
  await append(ctx, { type: 'session.switched', subject, account_id: wanted.account_id, after })
}
