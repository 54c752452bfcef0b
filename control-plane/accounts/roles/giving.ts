/** Giving a role: nobody gives more than he has himself, nor to where he doesn't reach. */
import type { Actor, Permission } from '../../base/actor.ts'
import { type FieldError, Problem } from '../../base/problem.ts'
import { CARRIERS, type CustomRole, isTenantRole, NARROWED, permissionsOf, type Role } from '../../base/roles.ts'
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
  project_ids: readonly string[] | null
}
/** What is written where its bearer stands. */
export interface Given {
  role: Role
  custom_role_id: string | null
  /** the account that it is for */
  account_id: string | null
  /** the projects of the account to which it is narrowed */
  project_ids: string[] | null
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
  const project_ids = wanted.project_ids && [...new Set(wanted.project_ids)]
  refuse([
    ...roleErrors(chosen, wanted.scopes, account_id, ctx.actor),
    ...narrowingErrors(chosen, wanted.scopes, account_id, project_ids),
    ...errors,
  ])
  if (account_id !== null) await requireThere(ctx, account_id, project_ids ?? [])
  return { role, custom_role_id: custom?.id ?? null, account_id, project_ids }
}

async function requireThere(ctx: Context, account_id: string, project_ids: readonly string[]): Promise<void> {
  const account = await selectAccount(ctx, account_id)
  if (!account) throw new Problem('not_found', `There is no account ${account_id}.`)
  const missing = project_ids.find((id) => account.projects.every((project) => project.id !== id))
  if (missing !== undefined) throw new Problem('not_found', `There is no project ${missing}.`)
}

/** Bills, keys and people are of the whole account: who deals with them can't be narrowed to a part of it. */
function narrowingErrors(
  { role, custom }: Chosen,
  scopes: readonly Permission[] | null,
  account_id: string | null,
  project_ids: readonly string[] | null,
): FieldError[] {
  if (project_ids === null) return []
  if (account_id === null) return [{ pointer: '/project_ids', detail: 'must be null: projects are of an account' }]
  const beyond = [...permissionsOf(role, scopes, custom)].filter((one) => !NARROWED.has(one))
  if (beyond.length === 0) return []
  const detail = `must be null: ${custom?.name ?? role} may ${beyond.join(', ')}, which is of the whole account`
  return [{ pointer: '/project_ids', detail }]
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
