/** What a rule of ownership says, in words. */
import type { AssignmentRule, History } from '../api.ts'
import { t } from '../i18n/language.ts'
import { KINDS } from '../i18n/words.ts'
import { subjectOf } from './rule-draft.ts'

export const kindText = (kind: string): string => {
  const known = KINDS.find((one) => one === kind)
  return known ? t(`kind.${known}`) : kind
}

/** label team, pool, name … */
export function subjectText(path: readonly string[]): string {
  const { subject, key } = subjectOf(path)
  return key === '' ? t(`owners.subject.${subject}`) : `${t(`owners.subject.${subject}`)} ${key}`
}

/** The conditions, each as a phrase; none: it speaks of everything. */
export function conditionTexts({ realm, connector, kinds, attribute, parent }: AssignmentRule['condition']): string[] {
  const value = attribute?.equals ?? attribute?.like
  return [
    realm === undefined ? '' : t('owners.in_realm', { realm }),
    connector === undefined ? '' : t('owners.of_connector', { connector }),
    kinds ? kinds.map(kindText).join(', ') : '',
    attribute ? `${subjectText(attribute.path)}${value === undefined ? '' : ` = ${value}`}` : '',
    parent ? t('owners.part_of', { parent: [kindText(parent.kind), parent.external_id ?? ''].join(' ').trim() }) : '',
  ].filter(Boolean)
}

export function effectText(effect: AssignmentRule['effect'], nameOf: (id: string) => string): string {
  if (effect.to === 'account')
    return [nameOf(effect.account_id), effect.project_id ? nameOf(effect.project_id) : ''].filter(Boolean).join(' · ')
  if (effect.to !== 'values') return t(`owners.effect.${effect.to}`)
  return Object.entries(effect.values)
    .map(([value, owner]) => `${value} → ${nameOf(owner.account_id)}`)
    .join(', ')
}

/** By which rule, and by what it saw. */
export function byRuleText(by: NonNullable<History['assigned'][number]['by_rule']>): string {
  const { path, value, parent } = by.evidence
  const seen = [
    path && value !== undefined ? `${subjectText(path)} = ${value}` : '',
    parent ? t('owners.part_of', { parent: `${kindText(parent.kind)} ${parent.external_id}` }) : '',
  ].filter(Boolean)
  const who = by.name === null ? t('owners.by_a_rule') : t('owners.by_rule', { name: by.name })
  return [by.name === null && parent ? t('owners.inherited') : who, ...seen].join(' · ')
}
