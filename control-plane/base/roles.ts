/** What each role may do: the one table that the API refuses by and the page disables by. */
import { PERMISSIONS, type Permission } from './actor.ts'

/** Not what stands above all others: the audit holds before and after of everything, invoices and keys among it. */
const reading = PERMISSIONS.filter((one) => one.endsWith('.read') && one !== 'keys.read' && one !== 'audit.read')

/** Roles of those who run the installation; each sees all of its accounts. */
export const ROLES = {
  owner: PERMISSIONS,
  administrator: PERMISSIONS.filter((one) => one !== 'installation.write'),
  operator: [...reading.filter((one) => one !== 'billing.read'), 'agents.write', 'inventory.assign'],
  finance: [...reading, 'audit.read', 'accounts.write', 'billing.write', 'catalog.write'],
  support: reading,
  read_only: reading.filter((one) => one !== 'billing.read'),
} as const satisfies Record<string, readonly Permission[]>

export type Role = keyof typeof ROLES
export const ROLE_NAMES = Object.keys(ROLES) as [Role, ...Role[]]

/** What a role may do, narrowed to the scopes where there are any. */
export function permissionsOf(role: Role, scopes: readonly Permission[] | null): ReadonlySet<Permission> {
  const all = new Set<Permission>(ROLES[role])
  return scopes === null ? all : all.intersection(new Set(scopes))
}
