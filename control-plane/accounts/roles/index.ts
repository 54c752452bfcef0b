/** Verbs of roles: those of the table, and those that are made here from permissions by name. */
import { PERMISSIONS, type Permission, permit } from '../../base/actor.ts'
import { newId } from '../../base/id.ts'
import { Problem } from '../../base/problem.ts'
import { CARRIERS, type CustomRole, isTenantRole, ofAccounts, type Reach, ROLE_NAMES, ROLES } from '../../base/roles.ts'
import type { Context } from '../../db/index.ts'
import { append } from '../../events/index.ts'
import type { CustomRoleChange, NewCustomRole, RoleEntry } from '../contract.ts'
import { refuse } from '../rules.ts'
import {
  countKeysOf,
  type CustomRoleRow,
  insertCustomRole,
  isTaken,
  lockCustomRole,
  selectCustomRoles,
  updateCustomRole,
} from './store.ts'

/** What is shown of a bearer's custom role. */
export function nameOf(custom: CustomRole): { id: string; name: string }
export function nameOf(custom: CustomRole | null): { id: string; name: string } | null
export function nameOf(custom: CustomRole | null) {
  return custom && { id: custom.id, name: custom.name }
}

const fromRow = ({ id, name, of, permissions }: CustomRoleRow): RoleEntry => ({
  role: CARRIERS[of],
  custom: { id, name },
  of,
  permissions: [...permissions],
})

/** Any credential may ask: the pages offer by it what may be given. */
export async function listRoles(ctx: Context): Promise<RoleEntry[]> {
  const builtIn = ROLE_NAMES.map((role) => ({
    role,
    custom: null,
    of: isTenantRole(role) ? ('account' as const) : ('installation' as const),
    permissions: [...ROLES[role]],
  }))
  return [...builtIn, ...(await selectCustomRoles(ctx)).map(fromRow)]
}

/** One that holds and that the caller may know. */
export async function requireCustomRole(ctx: Context, id: string): Promise<CustomRoleRow> {
  const [row] = await selectCustomRoles(ctx, id)
  if (!row) throw missing(id)
  return row
}
const missing = (id: string) => new Problem('not_found', `There is no role ${id}; it may have ended.`)

/** A role reaches as far as everybody who has it: it is made by those who run the installation. */
function permitMaking(ctx: Context): void {
  permit(ctx, 'people.write')
  if (ctx.actor.account_id !== null)
    throw new Problem('forbidden', 'Roles are made by those who run the installation. Ask one of them.')
}

/** Nobody makes a role that may do more than he, nor touches one that does. */
function refuseBeyond(ctx: Context, permissions: readonly Permission[]): void {
  const beyond = permissions.filter((one) => !ctx.actor.permissions.has(one))
  if (beyond.length > 0)
    throw new Problem('forbidden', `You can't give what you may not do yourself: ${beyond.join(', ')}.`)
}

function refuseMisplaced(of: Reach, permissions: readonly Permission[]): void {
  const misplaced = of === 'account' ? permissions.filter((one) => !ofAccounts(one)) : []
  if (misplaced.length > 0)
    refuse([{ pointer: '/permissions', detail: `a role of an account may not: ${misplaced.join(', ')}` }])
}

async function refuseTaken(ctx: Context, name: string, id: string): Promise<void> {
  if (await isTaken(ctx.tx, name, id))
    throw new Problem('conflict', 'Another role has this name. Choose a different one.', [
      { pointer: '/name', detail: 'is taken' },
    ])
}

/** Each once, in the order of the table. */
const inOrder = (permissions: readonly Permission[]): Permission[] =>
  PERMISSIONS.filter((one) => permissions.includes(one))

export async function createCustomRole(ctx: Context, input: NewCustomRole): Promise<RoleEntry> {
  permitMaking(ctx)
  const { name, of } = input
  refuseBeyond(ctx, input.permissions)
  refuseMisplaced(of, input.permissions)
  const id = newId()
  await refuseTaken(ctx, name, id)
  const made = { created_at: ctx.now(), created_by: ctx.actor.name, ended_at: null }
  const row: CustomRoleRow = { id, name, of, permissions: inOrder(input.permissions), ...made }
  await insertCustomRole(ctx.tx, row)
  const after = fromRow(row)
  await append(ctx, { type: 'role.created', subject: { kind: 'role', id }, after })
  return after
}

/** The role for as long as the transaction lasts, for one who may do all that it may. */
async function held(ctx: Context, id: string): Promise<CustomRoleRow> {
  const row = await lockCustomRole(ctx.tx, id)
  if (!row) throw missing(id)
  refuseBeyond(ctx, row.permissions)
  return row
}

/** Holds at once for everybody who has it. */
export async function changeCustomRole(ctx: Context, id: string, change: CustomRoleChange): Promise<RoleEntry> {
  permitMaking(ctx)
  const row = await held(ctx, id)
  const { name = row.name, permissions = row.permissions } = change
  refuseBeyond(ctx, permissions)
  refuseMisplaced(row.of, permissions)
  await refuseTaken(ctx, name, id)
  const changed = { ...row, name, permissions: inOrder(permissions) }
  await updateCustomRole(ctx.tx, id, { name, permissions: changed.permissions })
  const [before, after] = [fromRow(row), fromRow(changed)]
  await append(ctx, { type: 'role.changed', subject: { kind: 'role', id }, before, after })
  return after
}

export interface Bearers {
  people: number
  invitations: number
}

/** Refused while somebody has it. People are counted by who knows them; what is given meanwhile waits. */
export async function endCustomRole(
  ctx: Context,
  id: string,
  countBearers: (ctx: Context, id: string) => Promise<Bearers>,
): Promise<void> {
  permitMaking(ctx)
  const row = await held(ctx, id)
  const { people, invitations } = await countBearers(ctx, id)
  const keys = await countKeysOf(ctx.tx, id, ctx.now())
  if (people + invitations + keys > 0)
    throw new Problem(
      'conflict',
      `This role is still in use: people ${people}, open invitations ${invitations}, API keys ${keys}. Give them another role, or end them first.`,
    )
  await updateCustomRole(ctx.tx, id, { ended_at: ctx.now() })
  await append(ctx, { type: 'role.ended', subject: { kind: 'role', id }, before: fromRow(row) })
}
