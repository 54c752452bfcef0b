/** Who acts, and whether he may: the seam that people and roles will fill. */
import { Problem } from './problem.ts'
import type { Role } from './roles.ts'

export const PERMISSIONS = [
  'accounts.read',
  'accounts.write',
  'agents.read',
  'agents.write',
  'audit.read',
  'billing.read',
  'billing.write',
  'catalog.read',
  'catalog.write',
  'events.read',
  'installation.write',
  'inventory.read',
  'inventory.assign',
  'keys.read',
  'keys.write',
  'metrics.read',
  'usage.read',
] as const
export type Permission = (typeof PERMISSIONS)[number]

export interface Actor {
  kind: 'owner' | 'staff' | 'system' | 'agent'
  id: string
  name: string
  /** of a person's or a program's credential */
  role?: Role
  permissions: ReadonlySet<Permission>
}

/** The program itself: background tasks and set-up. */
export const system = (task: string): Actor => ({
  kind: 'system',
  id: task,
  name: task,
  permissions: new Set(PERMISSIONS),
})

/** The first line of every verb. */
export function permit(ctx: { actor: Actor }, permission: Permission): void {
  if (!ctx.actor.permissions.has(permission))
    throw new Problem(
      'forbidden',
      `${ctx.actor.name} lacks the permission ${permission}; ask an owner of the installation for it.`,
    )
}
