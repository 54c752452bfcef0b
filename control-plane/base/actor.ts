/** Who acts, for which account, and whether he may. */
import { Problem } from './problem.ts'
import type { Role } from './roles.ts'
import type { Instant } from './time.ts'

export const PERMISSIONS = [
  'accounts.read',
  'accounts.write',
  'accounts.open',
  'accounts.impersonate',
  'agents.read',
  'agents.write',
  'audit.read',
  'billing.read',
  'billing.verify',
  'billing.write',
  'catalog.read',
  'catalog.write',
  'contracts.write',
  'events.read',
  'installation.write',
  'inventory.read',
  'inventory.assign',
  'intake.read',
  'keys.read',
  'keys.write',
  'legal_entities.write',
  'margins.read',
  'metrics.read',
  'notices.read',
  'people.erase',
  'people.read',
  'people.write',
  'reconciliation.read',
  'usage.read',
] as const
export type Permission = (typeof PERMISSIONS)[number]

export interface Actor {
  kind: 'owner' | 'staff' | 'tenant' | 'system' | 'agent'
  id: string
  /** as it is stored: of a person sealed (see `personal.ts`), so that nothing that he does keeps it in the clear */
  name: string
  /** the account that he acts for: he reaches it and those below it, nothing else; null: the whole installation */
  account_id: string | null
  /** the projects of that account to which he is narrowed; absent: all of it */
  project_ids?: readonly string[]
  /** of a person's or a program's credential */
  role?: Role
  /** in whose place `role` stands: one that was made here */
  custom_role?: { id: string; name: string }
  /** of a person who signed in */
  session_id?: string
  /** the row of the session by which he acts; absent: a key */
  bearer_id?: string
  /** who really acts, where he acts as a customer */
  behind?: { id: string; kind: Actor['kind']; reason: string; ends_at: Instant }
  permissions: ReadonlySet<Permission>
}

/** The program itself: background tasks and set-up. */
export const system = (task: string): Actor => ({
  kind: 'system',
  id: task,
  name: task,
  account_id: null,
  permissions: new Set(PERMISSIONS),
})

/** The program where it computes for somebody who may know the result but not all that it is made of: it reads, and changes nothing. */
export const programFor = ({ project_ids: _narrowed, ...actor }: Actor): Actor => ({
  ...actor,
  kind: 'system',
  account_id: null,
  permissions: new Set(PERMISSIONS.filter((one) => one.endsWith('.read'))),
})

/** The first line of every verb. */
export function permit(ctx: { actor: Actor }, permission: Permission): void {
  if (!ctx.actor.permissions.has(permission))
    throw new Problem('forbidden', `You lack the permission ${permission}; ask an owner of the installation for it.`)
}
