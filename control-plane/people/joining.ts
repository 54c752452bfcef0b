/** Becoming one who belongs: memberships that are made, and the actor that a person is by one. */
import { kindOf, permissionsOf, type Role } from '../base/roles.ts'
import type { Actor } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import { insertMembership, type InvitationRow, type MembershipRow, type PersonRow, updateInvitation } from './store.ts'

/** What a person may do by one of his memberships. */
export const actorOf = (
  person: Pick<PersonRow, 'id' | 'name'>,
  membership: MembershipRow,
  session_id?: string,
): Actor => {
  const { role, account_id } = membership
  return {
    kind: kindOf(role),
    id: person.id,
    name: person.name,
    account_id,
    role,
    permissions: permissionsOf(role, null),
    ...(session_id !== undefined && { session_id, bearer_id: session_id }),
  }
}

export async function join(
  ctx: Context,
  person: Pick<PersonRow, 'id' | 'name'>,
  { role, account_id, created_by }: { role: Role; account_id: string | null; created_by: string },
): Promise<MembershipRow> {
  const made = {
    id: newId(),
    person_id: person.id,
    role,
    account_id,
    created_by,
    created_at: ctx.now(),
    ended_at: null,
  }
  await insertMembership(ctx.tx, made)
  await append(
    { ...ctx, actor: actorOf(person, made) },
    {
      type: 'person.joined',
      subject: { kind: 'person', id: person.id },
      account_id,
      after: { membership_id: made.id, role },
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
  await updateInvitation(ctx.tx, invitation.id, { accepted_at: ctx.now() })
  return await join(ctx, person, invitation)
}
