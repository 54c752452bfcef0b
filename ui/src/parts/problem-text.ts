/** Titles and remedies of errors in the chosen language; an unknown code keeps the server's words. */
import { t } from '../i18n/language.ts'
import { en } from '../i18n/en.ts'
import type { ApiError } from '../problem.ts'

type Told = {
  [Code in keyof typeof en.error]: (typeof en.error)[Code] extends { title: string } ? Code : never
}[keyof typeof en.error]

const isTold = (code: string): code is Told => code in en.error && typeof en.error[code as Told] === 'object'

export const titleOf = (error: ApiError): string =>
  isTold(error.code) ? t(`error.${error.code}.title`) : error.title || t('error.action')

export const remedyOf = (error: ApiError): string => (isTold(error.code) ? t(`error.${error.code}.remedy`) : '')

/** One line for a toast. */
export const lineOf = (error: ApiError): string => `${titleOf(error)}. ${error.message}`
