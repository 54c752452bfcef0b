/** What a line of a bill is for: a resource by its name, a service by its plan's in the reader's language. */
import type { Line } from '../api.ts'
import { language } from '../i18n/language.ts'

export const lineName = ({ resource, plan }: Pick<Line, 'resource' | 'plan'>): string =>
  resource.kind === 'service' && plan ? plan.name[language()] : resource.name
