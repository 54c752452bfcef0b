/** What each role may do: the one table that the API refuses by and the page disables by. */
import { type Actor, PERMISSIONS, type Permission } from './actor.ts'

/** Not what stands above all others: the audit holds before and after of everything, invoices and keys among it; and what machines cost us. */
const KEPT: ReadonlySet<Permission> = new Set(['keys.read', 'audit.read', 'margins.read'])
const reading = PERMISSIONS.filter((one) => one.endsWith('.read') && !KEPT.has(one))

/** Roles of those who run the installation; each sees all of its accounts. */
const STAFF = {
  owner: PERMISSIONS,
  administrator: PERMISSIONS.filter((one) => one !== 'installation.write'),
  operator: [...reading.filter((one) => one !== 'billing.read'), 'agents.write', 'inventory.assign'],
  finance: [
    ...reading,
    'audit.read',
    'billing.verify',
    'accounts.write',
    'accounts.open',
    'billing.write',
    'catalog.write',
    'contracts.write',
    'legal_entities.write',
    'margins.read',
  ],
  support: [...reading, 'billing.verify', 'accounts.impersonate'],
  read_only: reading.filter((one) => !['billing.read', 'people.read', 'reconciliation.read'].includes(one)),
} as const satisfies Record<string, readonly Permission[]>

const own = ['accounts.read', 'events.read', 'inventory.read', 'metrics.read', 'usage.read'] as const

/** All that one may do who is narrowed to projects: bills, keys and people are of the whole account. */
export const NARROWED: ReadonlySet<Permission> = new Set(own)

/** Roles of those who buy; each reaches one account and those below it. */
const TENANT = {
  tenant_owner: [...own, 'accounts.write', 'billing.read', 'keys.read', 'keys.write', 'people.read', 'people.write'],
  tenant_member: own,
  tenant_billing: [...own, 'accounts.write', 'billing.read'],
  tenant_read_only: [...own, 'billing.read'],
} as const satisfies Record<string, readonly Permission[]>

export const ROLES = { ...STAFF, ...TENANT }
export type Role = keyof typeof ROLES
export const ROLE_NAMES = Object.keys(ROLES) as [Role, ...Role[]]

/** Whether a role is one of an account, or one of the installation. */
export const isTenantRole = (role: Role): boolean => role in TENANT

export const kindOf = (role: Role): Actor['kind'] => {
  if (isTenantRole(role)) return 'tenant'
  return role === 'owner' ? 'owner' : 'staff'
}

/** A role that was made here, as whoever has it is read: what it permits now, which is nothing once it has ended. */
export interface CustomRole {
  id: string
  name: string
  permissions: readonly Permission[]
}
export const REACHES = ['installation', 'account'] as const
export type Reach = (typeof REACHES)[number]
/** The built-in role that stands where a custom one is given: it says what its bearer reaches, never what he may do. */
export const CARRIERS = { installation: 'read_only', account: 'tenant_member' } as const satisfies Record<Reach, Role>
/** What a custom role of an account may hold. */
export const ofAccounts = (permission: Permission): boolean =>
  TENANT.tenant_owner.some((one: Permission) => one === permission)

/** What one may do by a role, or by the custom role in its place; narrowed to the scopes where there are any, and to what projects leave. */
export function permissionsOf(
  role: Role,
  scopes: readonly Permission[] | null,
  custom: CustomRole | null = null,
  project_ids: readonly string[] | null = null,
): ReadonlySet<Permission> {
  const all = new Set<Permission>(custom ? custom.permissions : ROLES[role])
  const scoped = scopes === null ? all : all.intersection(new Set(scopes))
  return project_ids === null ? scoped : scoped.intersection(NARROWED)
}
