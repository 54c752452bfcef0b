/** Verbs of invitations: a link that works once, for one e-mail, one role, one account. */
import { hashOf, nameOf, requireGivable } from '../accounts/index.ts'
import { permit } from '../base/actor.ts'
import { newId, newSecret } from '../base/id.ts'
import { Problem } from '../base/problem.ts'
import { iso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import type { Acceptance, Invitation, MadeInvitation, NewInvitation } from './contract.ts'
import type { Gate } from './gate.ts'
import { acceptFor } from './joining.ts'
import { FORGOTTEN, openEmail, sealInvited } from './privacy/invited.ts'
import { emailHash } from './privacy/look-up.ts'
import { isOpen } from './rules.ts'
import { createPerson, type Outcome, signInByPassword } from './sign-in/index.ts'
import {
  insertInvitation,
  type InvitationRow,
  type ListedInvitation,
  lockInvitation,
  selectInvitations,
  selectMemberships,
  selectPerson,
  selectPersonByHash,
  updateInvitation,
} from './store.ts'

const LIFE_MS = 7 * 86_400_000

const fromRow = ({ invitation, custom_role, account_name, projects }: ListedInvitation, ctx: Context): Invitation => ({
  id: invitation.id,
  email: openEmail(invitation),
  role: invitation.role,
  custom_role: nameOf(custom_role),
  account: invitation.account_id === null ? null : { id: invitation.account_id, name: account_name ?? '' },
  projects,
  created_at: iso(invitation.created_at),
  created_by: invitation.created_by,
  expires_at: iso(invitation.expires_at),
  expired: !isOpen(invitation, ctx.now()),
})

export async function listInvitations(ctx: Context): Promise<Invitation[]> {
  permit(ctx, 'people.read')
  return (await selectInvitations(ctx)).map((row) => fromRow(row, ctx))
}

async function requireInvitation(ctx: Context, id: string): Promise<ListedInvitation> {
  const [row] = await selectInvitations(ctx, id)
  if (!row) throw new Problem('not_found', `There is no open invitation ${id}.`)
  return row
}

/** The token stands behind the hash sign, which browsers send to nobody. */
const linkOf = (gate: Gate, token: string): string => `${gate.publicUrl}/accept-invitation#invitation=${token}`

/** A new token each time: an older link ends with it. */
async function sendOut(ctx: Context, gate: Gate, id: string): Promise<MadeInvitation> {
  const token = newSecret('atalaya_invitation')
  const by_mail = gate.mail !== null
  await updateInvitation(ctx.tx, id, { hash: hashOf(token), expires_at: ctx.now() + LIFE_MS, by_mail })
  const row = await requireInvitation(ctx, id)
  const shown = fromRow(row, ctx)
  const { language } = row.invitation
  const link = linkOf(gate, token)
  if (gate.mail) await mailed(gate.mail.send({ kind: 'invitation', to: shown.email, language, link }))
  return { invitation: shown, link: by_mail ? null : link }
}

const mailed = (sending: Promise<void>): Promise<void> =>
  sending.catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error)
    throw new Problem(
      'unavailable',
      `The mail could not be sent (${why}), so nothing was done. Check ATALAYA_SMTP_URL.`,
    )
  })

/** Nobody invites to more than he may do himself, nor to where he doesn't reach. */
export async function invite(ctx: Context, gate: Gate, input: NewInvitation): Promise<MadeInvitation> {
  permit(ctx, 'people.write')
  const { email, language } = input
  const given = await requireGivable(ctx, { ...input, scopes: null })
  const { role, custom_role_id, account_id, project_ids } = given
  const [id, now] = [newId(), ctx.now()]
  const invited = await sealInvited(ctx, id, email)
  await refuseMember(ctx, invited.email_hash, account_id)
  const row: InvitationRow = {
    id,
    ...invited,
    ...given,
    language,
    // replaced by that of the link that is sent
    hash: hashOf(id),
    by_mail: false,
    created_at: now,
    created_by: ctx.actor.name,
    expires_at: now,
    accepted_at: null,
    revoked_at: null,
  }
  await insertInvitation(ctx.tx, row)
  const made = await sendOut(ctx, gate, id)
  const subject = { kind: 'invitation', id }
  await append(ctx, {
    type: 'person.invited',
    subject,
    account_id,
    after: { role, custom_role_id, project_ids, expires_at: made.invitation.expires_at },
  })
  return made
}

async function refuseMember(ctx: Context, email_hash: string, account_id: string | null): Promise<void> {
  const person = await selectPersonByHash(ctx.tx, email_hash)
  const all = person ? await selectMemberships(ctx.tx, person.id) : []
  if (all.some((one) => one.account_id === account_id))
    throw new Problem('conflict', 'This person belongs there already. Change the role in the list instead.', [
      { pointer: '/email', detail: 'belongs there already' },
    ])
}

export async function renewInvitation(ctx: Context, gate: Gate, id: string): Promise<MadeInvitation> {
  permit(ctx, 'people.write')
  const { invitation } = await requireInvitation(ctx, id)
  await requireGivable(ctx, { ...invitation, scopes: null })
  const made = await sendOut(ctx, gate, id)
  const { account_id, role, custom_role_id, project_ids } = invitation
  const subject = { kind: 'invitation', id }
  await append(ctx, {
    type: 'person.invited',
    subject,
    account_id,
    after: { role, custom_role_id, project_ids, expires_at: made.invitation.expires_at },
  })
  return made
}

export async function revokeInvitation(ctx: Context, id: string): Promise<void> {
  permit(ctx, 'people.write')
  const { invitation } = await requireInvitation(ctx, id)
  await updateInvitation(ctx.tx, id, { revoked_at: ctx.now(), ...FORGOTTEN })
  const { account_id, role } = invitation
  await append(ctx, { type: 'invitation.revoked', subject: { kind: 'invitation', id }, account_id, before: { role } })
}

/** The invitation of a link. The token is the permission. */
async function byToken(ctx: Context, token: string): Promise<ListedInvitation> {
  const row = await lockInvitation(ctx.tx, hashOf(token))
  if (!row || !isOpen(row.invitation, ctx.now()))
    throw new Problem('not_found', 'This invitation was used, was withdrawn, or has expired. Ask for a new one.')
  return row
}

export async function lookUpInvitation(ctx: Context, token: string) {
  const row = await byToken(ctx, token)
  const { email, role, custom_role, account, created_by } = fromRow(row, ctx)
  const known = (await selectPersonByHash(ctx.tx, await emailHash(ctx, email))) !== null
  return { email, role, custom_role, account, invited_by: created_by, known }
}

/** A new person comes in by the link; one who is known signs in, and accepts as himself. */
export async function acceptAsNew(ctx: Context, gate: Gate, input: Acceptance, headers: Headers): Promise<Outcome> {
  const { invitation } = await byToken(ctx, input.token)
  const { by_mail } = invitation
  const email = openEmail(invitation)
  if (await selectPersonByHash(ctx.tx, await emailHash(ctx, email)))
    throw new Problem('conflict', 'A person with this e-mail exists already. Sign in, then open the link again.')
  return gate.within(ctx, async (auth) => {
    const person = await createPerson(ctx, auth, { ...input, email, email_verified: by_mail })
    await acceptFor(ctx, invitation, person)
    return await signInByPassword(ctx, gate, { email, password: input.password }, headers)
  })
}

export async function acceptAsKnown(ctx: Context, token: string): Promise<void> {
  const { invitation } = await byToken(ctx, token)
  const person = ctx.actor.session_id === undefined ? null : await selectPerson(ctx.tx, ctx.actor.id)
  if (!person?.email_hash || person.email_hash !== invitation.email_hash)
    throw new Problem('conflict', 'This invitation is for another e-mail. Sign in as the person who was invited.')
  await refuseMember(ctx, person.email_hash, invitation.account_id)
  await acceptFor(ctx, invitation, person)
}
