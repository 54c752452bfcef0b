/** People of a version before: what names them is sealed, at the set-up that follows the new tables. Safe to run again. */
import { permit } from '../../base/actor.ts'
import type { Context } from '../../db/index.ts'
import { append } from '../../events/index.ts'
import { updateInvitation, updatePerson } from '../store.ts'
import { sealInvited } from './invited.ts'
import { emailHash, nameHash } from './look-up.ts'
import { makeKey, sealPersonal } from './names.ts'
import * as store from './store.ts'

const AT_ONCE = 100

/** Seals at most a hundred people and a hundred invitations; false where nothing is left to do. */
export async function sealPlainPeople(ctx: Context): Promise<boolean> {
  permit(ctx, 'installation.write')
  const people = await store.selectPlainPeople(ctx.tx, AT_ONCE)
  for (const one of people) await sealOne(ctx, one)
  const invitations = await store.selectPlainInvitations(ctx.tx, AT_ONCE)
  for (const { id, email, accepted_at, revoked_at } of invitations) {
    const isOver = accepted_at !== null || revoked_at !== null
    await updateInvitation(ctx.tx, id, isOver || email === null ? { email: null } : await sealInvited(ctx, id, email))
  }
  const count = people.length + invitations.length
  if (count === 0) return false
  await append(ctx, {
    type: 'people.sealed',
    subject: { kind: 'people', id: 'of a version before' },
    after: { people: people.length, invitations: invitations.length },
  })
  return true
}

async function sealOne(ctx: Context, { id, name, email }: { id: string; name: string | null; email: string | null }) {
  await makeKey(ctx, id)
  const hashes = {
    ...(email !== null && { email_hash: await emailHash(ctx, email) }),
    ...(name !== null && { name_hash: await nameHash(ctx, name) }),
  }
  await updatePerson(ctx.tx, id, { ...(await sealPersonal(ctx, id, { name, email })), ...hashes, image: null })
  for (const { id: session, ip_address, user_agent } of await store.selectAllSessions(ctx.tx, id))
    await store.updateSession(ctx.tx, session, await sealPersonal(ctx, id, { ip_address, user_agent }))
}
