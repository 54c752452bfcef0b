/** What a line of a bill is for, in words: a meter of a resource, or what is charged for without one. */
import type { Line } from '../api.ts'
import { language, t } from '../i18n/language.ts'

type Named = Pick<Line, 'resource' | 'meter' | 'component'> & Partial<Pick<Line, 'one_off' | 'plan' | 'for_account'>>

/** The name that it stands under, in the reader's language where it has one in each. */
export function lineName({ resource, one_off, plan }: Named): string {
  if (resource.kind === 'pool') return t('document.pooled')
  if (resource.kind === 'service' && plan) return plan.name[language()]
  return one_off?.description[language()] ?? resource.name
}

/** What kind of thing it is; of all of a kind together, which kind. */
export const lineKind = ({ resource, component }: Named): string =>
  kindText(resource.kind === 'pool' ? (component.split('.')[0] as Kind) : resource.kind)

/** What stands together under one heading. */
export const lineGroup = ({ resource, component, for_account }: Named): string =>
  resource.kind === 'pool' ? `${resource.id}/${component.split('.')[0]}` : `${resource.id}/${for_account?.id ?? ''}`

type Kind = Exclude<Line['resource']['kind'], 'pool'>
function kindText(kind: Kind): string {
  if (kind === 'one_off') return t('charges.kind.one_off')
  return t(`kind.${kind}`)
}

export const meteredText = ({ meter, resource }: Named): string =>
  meter || resource.kind === 'pool' ? t(`meter.${meter as NonNullable<typeof meter>}`) : kindText(resource.kind)
