/** Giving a role: nobody gives more than he has himself, nor to where he doesn't reach. */
import type { Actor, Permission } from '../../base/actor.ts'
import { type FieldError, Problem } from '../../base/problem.ts'
import { CARRIERS, type CustomRole, isTenantRole, permissionsOf, type Role } from '../../base/roles.ts'
import type { Context } from '../../db/index.ts'
import { refuse } from '../rules.ts'
import { selectAccount } from '../store.ts'
import { requireCustomRole } from './index.ts'

interface Wanted {
  role?: Role | undefined
  custom_role_id: string | null
  scopes: readonly Permission[] | null
  /** null: that of the caller, for a role of an account */
  account_id: string | null
}
/** What is written where its bearer stands. */
export interface Given {
  role: Role
  custom_role_id: string | null
  /** the account that it is for */
  account_id: string | null
}
interface Chosen {
  role: Role
  custom: CustomRole | null
}

export async function requireGivable(ctx: Context, wanted: Wanted, errors: FieldError[] = []): Promise<Given> {
  const chosen = await choiceOf(ctx, wanted)
  const { role, custom } = chosen
  const missing = [...permissionsOf(role, wanted.scopes, custom)].filter((one) => !ctx.actor.permissions.has(one))
  if (missing.length > 0)
    throw new Problem('forbidden', `You can't give what you may not do yourself: ${missing.join(', ')}.`)
  const account_id = wanted.account_id ?? (isTenantRole(role) ? ctx.actor.account_id : null)
  refuse([...roleErrors(chosen, wanted.scopes, account_id, ctx.actor), ...errors])
  if (account_id !== null && !(await selectAccount(ctx, account_id)))
    throw new Problem('not_found', `There is no account ${account_id}.`)
  return { role, custom_role_id: custom?.id ?? null, account_id }
}

async function choiceOf(ctx: Context, { role, custom_role_id }: Wanted): Promise<Chosen> {
  const refused = (detail: string) =>
    new Problem('invalid', 'Correct these fields and send it again.', [{ pointer: '/role', detail }])
  if (custom_role_id === null) {
    if (role === undefined) throw refused('must be there, or a custom_role_id')
    return { role, custom: null }
  }
  const custom = await requireCustomRole(ctx, custom_role_id)
  const carrier = CARRIERS[custom.of]
  if (role !== undefined && role !== carrier) throw refused(`must be left out, or ${carrier}, with this custom_role_id`)
  return { role: carrier, custom }
}

function roleErrors(
  { role, custom }: Chosen,
  scopes: readonly Permission[] | null,
  account_id: string | null,
  actor: Actor,
): FieldError[] {
  const name = custom?.name ?? role
  const beyond = (scopes ?? []).filter((one) => !permissionsOf(role, null, custom).has(one))
  const errors: FieldError[] = []
  if (beyond.length > 0) errors.push({ pointer: '/scopes', detail: `the role ${name} may not: ${beyond.join(', ')}` })
  if (actor.account_id !== null && !isTenantRole(role))
    errors.push({ pointer: '/role', detail: 'must be a role of an account' })
  if (isTenantRole(role) && account_id === null)
    errors.push({ pointer: '/account_id', detail: `must be there: ${name} is a role of an account` })
  if (!isTenantRole(role) && account_id !== null)
    errors.push({ pointer: '/account_id', detail: `must be left out: ${name} is a role of the whole installation` })
  return errors
}
