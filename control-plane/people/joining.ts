/** Becoming one who belongs: memberships that are made, and the actor that a person is by one. */
import { type CustomRole, kindOf, permissionsOf } from '../base/roles.ts'
import { type Given, nameOf } from '../accounts/index.ts'
import type { Actor } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import { sure } from '../base/problem.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import { FORGOTTEN } from './privacy/invited.ts'
import { insertMembership, type InvitationRow, type MembershipRow, type PersonRow, updateInvitation } from './store.ts'

/** What a person may do by one of his memberships. His name stays sealed: what he does is stored with it. */
export const actorOf = (
  person: Pick<PersonRow, 'id' | 'name'>,
  membership: MembershipRow,
  custom: CustomRole | null,
  session_id?: string,
): Actor => {
  const { role, account_id, project_ids } = membership
  return {
    kind: kindOf(role),
    id: person.id,
    name: sure(person.name),
    account_id,
    ...(project_ids && { project_ids }),
    role,
    ...(custom && { custom_role: nameOf(custom) }),
    permissions: permissionsOf(role, null, custom, project_ids),
    ...(session_id !== undefined && { session_id, bearer_id: session_id }),
  }
}

export async function join(
  ctx: Context,
  person: Pick<PersonRow, 'id' | 'name'>,
  { role, custom_role_id, account_id, project_ids, created_by }: Given & { created_by: string },
): Promise<MembershipRow> {
  const made = {
    id: newId(),
    person_id: person.id,
    role,
    custom_role_id,
    account_id,
    project_ids,
    created_by,
    created_at: ctx.now(),
    ended_at: null,
  }
  await insertMembership(ctx.tx, made)
  await append(
    { ...ctx, actor: actorOf(person, made, null) },
    {
      type: 'person.joined',
      subject: { kind: 'person', id: person.id },
      account_id,
      after: { membership_id: made.id, role, custom_role_id, project_ids },
    },
  )
  return made
}

/** The invitation is used up by it. */
export async function acceptFor(
  ctx: Context,
  invitation: InvitationRow,
  person: Pick<PersonRow, 'id' | 'name'>,
): Promise<MembershipRow> {
  await updateInvitation(ctx.tx, invitation.id, { accepted_at: ctx.now(), ...FORGOTTEN })
  return await join(ctx, person, invitation)
}
