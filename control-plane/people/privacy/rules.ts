/** Decisions of privacy: who can't be erased now. Pure. */
import type { Permission } from '../../base/actor.ts'
import { type CustomRole, permissionsOf, type Role } from '../../base/roles.ts'

interface Place {
  role: Role
  custom_role: CustomRole | null
  account: { id: string; name: string } | null
  /** somebody else has this role there */
  shared: boolean
}
type Found = { code: 'last_owner' | 'last_tenant_owner' | 'may_do_more'; account: Place['account'] }

/** The first reason; null where nothing stands against it. `by`: what he may do who erases, null: it is the person himself. */
export function obstacleOf(places: readonly Place[], by: ReadonlySet<Permission> | null): Found | null {
  const beyond = ({ role, custom_role }: Place) =>
    [...permissionsOf(role, null, custom_role)].some((one) => !by?.has(one))
  if (by && places.some(beyond)) return { code: 'may_do_more', account: null }
  const alone = places.find(({ role, shared }) => !shared && (role === 'owner' || role === 'tenant_owner'))
  if (!alone) return null
  return { code: alone.role === 'owner' ? 'last_owner' : 'last_tenant_owner', account: alone.account }
}
