/** What a line of a bill is for, in words: a meter of a resource, or what is charged for without one. */
import type { Line } from '../api.ts'
import { language, t } from '../i18n/language.ts'

type Named = Pick<Line, 'resource' | 'meter'> & Partial<Pick<Line, 'one_off'>>

/** The name that it stands under, in the reader's language where it has one in each. */
export const lineName = (line: Named): string => line.one_off?.description[language()] ?? line.resource.name

export function kindText(kind: Line['resource']['kind']): string {
  if (kind === 'one_off' || kind === 'service') return t(`charges.kind.${kind}`)
  return t(`kind.${kind}`)
}

export const meteredText = ({ meter, resource }: Named): string =>
  meter ? t(`meter.${meter}`) : kindText(resource.kind)
