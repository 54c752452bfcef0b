/** Verbs of members: who belongs where, as what, and until when. */
import { endCustomRole, nameOf, requireGivable } from '../accounts/index.ts'
import { permit } from '../base/actor.ts'
import { Problem, sure } from '../base/problem.ts'
import { permissionsOf } from '../base/roles.ts'
import { iso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import type { Member, MemberChange } from './contract.ts'
import { openPersonal } from './privacy/names.ts'
import { countBearers, endSessionsAs, lockOwners, type MemberRow, selectMembers, updateMembership } from './store.ts'

const fromRow = (
  { membership, person, custom_role, account_name, projects, seen_at }: MemberRow,
  ctx: Context,
): Member => ({
  id: membership.id,
  person: { id: person.id, name: sure(person.name), email: sure(person.email), totp: person.totp_enabled === true },
  role: membership.role,
  custom_role: nameOf(custom_role),
  account: membership.account_id === null ? null : { id: membership.account_id, name: account_name ?? '' },
  projects,
  created_at: iso(membership.created_at),
  created_by: membership.created_by,
  last_seen_at: seen_at === null ? null : iso(seen_at.getTime()),
  yours: person.id === ctx.actor.id,
})

/** By name, which PostgreSQL can't read. */
export async function listMembers(ctx: Context): Promise<Member[]> {
  permit(ctx, 'people.read')
  const members = (await selectMembers(ctx)).map((row) => fromRow(row, ctx))
  const named = await ctx.program(({ tx }) => openPersonal(tx, members))
  return named.toSorted((a, b) => (a.person.name < b.person.name ? -1 : 1))
}

async function requireMember(ctx: Context, id: string): Promise<MemberRow> {
  const row = (await selectMembers(ctx)).find(({ membership }) => membership.id === id)
  if (!row) throw new Problem('not_found', `There is no member ${id}.`)
  const beyond = [...permissionsOf(row.membership.role, null, row.custom_role)].some(
    (one) => !ctx.actor.permissions.has(one),
  )
  if (beyond)
    throw new Problem('forbidden', 'This person may do more than you: only who may do as much can change that.')
  return row
}

async function refuseLastOwner(ctx: Context, { membership }: MemberRow): Promise<void> {
  if (membership.role !== 'owner') return
  const owners = await lockOwners(ctx.tx)
  if (owners.every((id) => id === membership.id))
    throw new Problem('conflict', 'This is the last owner of the installation. Make somebody else an owner first.')
}

const same = (a: readonly string[] | null, b: readonly string[] | null): boolean =>
  a === b || (a !== null && b !== null && new Set(a).symmetricDifference(new Set(b)).size === 0)

/** The new role is of the same place: one of an account stays there. */
export async function changeRole(ctx: Context, id: string, choice: MemberChange): Promise<Member> {
  permit(ctx, 'people.write')
  const row = await requireMember(ctx, id)
  const { account_id, role, custom_role_id, project_ids } = row.membership
  const wanted = choice.project_ids === undefined ? project_ids : choice.project_ids
  const given = await requireGivable(ctx, { ...choice, account_id, project_ids: wanted, scopes: null })
  const isSame = given.role === role && given.custom_role_id === custom_role_id && same(given.project_ids, project_ids)
  if (isSame) return fromRow(row, ctx)
  await refuseLastOwner(ctx, row)
  const change = { role: given.role, custom_role_id: given.custom_role_id, project_ids: given.project_ids }
  await updateMembership(ctx.tx, id, change)
  await append(ctx, {
    type: 'person.role_changed',
    subject: { kind: 'person', id: row.person.id },
    account_id,
    before: { membership_id: id, role, custom_role_id, project_ids },
    after: { membership_id: id, ...change },
  })
  return fromRow(await requireMember(ctx, id), ctx)
}

/** Refused while somebody has it, or is invited to it. */
export const endRole = (ctx: Context, id: string): Promise<void> => endCustomRole(ctx, id, countBearers)

/** At once: the sessions that act by it end with it. */
export async function endMembership(ctx: Context, id: string): Promise<void> {
  permit(ctx, 'people.write')
  const row = await requireMember(ctx, id)
  await refuseLastOwner(ctx, row)
  await updateMembership(ctx.tx, id, { ended_at: ctx.now() })
  const ended = await endSessionsAs(ctx.tx, id)
  const { account_id, role } = row.membership
  const subject = { kind: 'person', id: row.person.id }
  const before = { membership_id: id, role }
  await append(ctx, { type: 'person.left', subject, account_id, before, after: { sessions_ended: ended.length } })
}
