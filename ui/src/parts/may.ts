/** What the one who is signed in may do: a control that may not be used is disabled and says why. */
import { useQuery } from '@tanstack/solid-query'
import type { Permission } from '../api.ts'
import { t } from '../i18n/language.ts'
import { queries } from '../queries.ts'
import { roleName } from './role-options.ts'

/** The attributes of a control that needs a permission: none where it may be used, or while it isn't known yet. */
export function createMay(): (needs: Permission) => { disabled?: true; title?: string } {
  const session = useQuery(() => queries.session())
  return (needs) => {
    const held = session.status === 'success' ? session.data : undefined
    if (!held || held.permissions.includes(needs)) return {}
    return { disabled: true, title: t('common.not_permitted', { role: roleName(held), needs }) }
  }
}
