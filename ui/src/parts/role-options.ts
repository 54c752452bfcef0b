/** Roles as choices: those of the installation, or those of one account. */
import type { Role } from '../api.ts'
import { t } from '../i18n/language.ts'
import type { Option } from '../kit/field.tsx'

const OF_INSTALLATION = ['owner', 'administrator', 'operator', 'finance', 'support', 'read_only'] as const
const OF_ACCOUNT = ['tenant_owner', 'tenant_member', 'tenant_billing', 'tenant_read_only'] as const

export const isOfAccount = (role: Role): boolean => OF_ACCOUNT.some((one) => one === role)

export const roleOptions = (ofAccount: boolean): Option[] =>
  (ofAccount ? OF_ACCOUNT : OF_INSTALLATION).map((value) => ({ value, label: t(`role.${value}`) }))
