/** Roles as choices: those of the table and those that were made here, of the installation or of one account. */
import { useQuery } from '@tanstack/solid-query'
import type { Role, RoleChoice, RoleEntry } from '../api.ts'
import { t } from '../i18n/language.ts'
import type { Option, OptionGroup } from '../kit/field.tsx'
import { queries } from '../queries.ts'

interface Held {
  role: Role
  custom_role: { name: string } | null
}
/** What a bearer's role is called. */
export const roleName = ({ role, custom_role }: Held): string => custom_role?.name ?? t(`role.${role}`)

/** What a choice holds: the id of a role that was made here, or the name of a built-in one. */
export const choiceOf = ({ role, custom_role }: { role: Role; custom_role: { id: string } | null }): string =>
  custom_role?.id ?? role

export const entryName = ({ role, custom }: RoleEntry): string => roleName({ role, custom_role: custom })
const valueOf = ({ role, custom }: RoleEntry): string => choiceOf({ role, custom_role: custom })
const optionOf = (entry: RoleEntry): Option => ({ value: valueOf(entry), label: entryName(entry) })

/** The roles that there are, for a field in which one is chosen. */
export function createRoles() {
  const query = useQuery(() => queries.roles())
  const entries = (): RoleEntry[] => (query.status === 'success' ? query.data.items : [])
  const entryOf = (value: string) => entries().find((one) => valueOf(one) === value)
  return {
    /** all of them where it is left open what they reach */
    options: (of?: RoleEntry['of']): (Option | OptionGroup)[] => {
      const fitting = entries().filter((one) => of === undefined || one.of === of)
      const custom = fitting.filter((one) => one.custom !== null).map(optionOf)
      const builtIn = fitting.filter((one) => one.custom === null).map(optionOf)
      return custom.length > 0 ? [...builtIn, { label: t('roles.made_here'), options: custom }] : builtIn
    },
    isOfAccount: (value: string): boolean => entryOf(value)?.of === 'account',
    /** what one may do by it */
    textOf: (value: string): string | undefined => {
      const entry = entryOf(value)
      if (entry?.custom) return entry.permissions.map((one) => t(`permission.${one}`)).join(' · ')
      return entry && t(`role_text.${entry.role}`)
    },
    /** as the API takes it */
    given: (value: string): RoleChoice => {
      const entry = entryOf(value)
      return entry?.custom ? { custom_role_id: entry.custom.id } : { role: entry?.role }
    },
  }
}
