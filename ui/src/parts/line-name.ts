/** How a line of a document is called: by its resource, a service by its plan, or as all of a kind together. */
import type { Draft } from '../api.ts'
import { language, t } from '../i18n/language.ts'

type Line = Pick<Draft['lines'][number], 'resource' | 'component'> & Partial<Pick<Draft['lines'][number], 'plan'>>

export function lineName({ resource, plan }: Line): string {
  if (resource.kind === 'pool') return t('document.pooled')
  return resource.kind === 'service' && plan ? plan.name[language()] : resource.name
}

/** The kind of thing that is charged: of "vm.memory" a virtual machine. */
export const lineKind = ({ component }: Line): string => t(`kind.${component.split('.')[0] as 'vm'}`)

/** What stands together under one heading. */
export const lineGroup = ({ resource, component }: Line): string =>
  resource.kind === 'pool' ? `${resource.id}/${component.split('.')[0]}` : resource.id
