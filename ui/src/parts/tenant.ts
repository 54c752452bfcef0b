/** For whom the pages are: a tenant sees his account and its bill, not what it runs on. */
import { useQuery } from '@tanstack/solid-query'
import type { Permission, Session } from '../api.ts'
import { queries } from '../queries.ts'

/** The account of the one who is signed in; null for those who run the installation, and while it isn't known yet. */
export function createTenant() {
  const session = useQuery(() => queries.session())
  const held = (): Session | undefined => (session.status === 'success' ? session.data : undefined)
  return {
    account: () => held()?.account ?? null,
    has: (needs: Permission) => held()?.permissions.includes(needs) ?? false,
  }
}
