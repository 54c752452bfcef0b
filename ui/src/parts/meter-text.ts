/** The name of a meter in the reader's language; of one that this page doesn't know, as it is called. */
import { t } from '../i18n/language.ts'
import { METERS } from '../i18n/words.ts'

export function meterText(name: string): string {
  const known = METERS.find((one) => one === name)
  return known ? t(`meter.${known}`) : name
}
