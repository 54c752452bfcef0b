/** Decisions of accounts: which zones, countries and tax rates hold together. */
import { type FieldError, Problem } from '../base/problem.ts'
import { HOUR_MS, type Instant, isZone } from '../base/time.ts'
import type { Address, Branding, LegalEntity } from './contract.ts'
import { isCountry } from './countries.ts'

interface Checked {
  zone?: string | undefined
  address?: Address | undefined
}

/** What a schema can't know: whether the zone and the country exist. */
export function placeErrors({ zone, address }: Checked): FieldError[] {
  const errors: FieldError[] = []
  if (zone !== undefined && !isZone(zone))
    errors.push({ pointer: '/zone', detail: 'is not an IANA time zone such as Europe/Madrid' })
  if (address !== undefined && !isCountry(address.country))
    errors.push({ pointer: '/address/country', detail: 'is not an ISO 3166-1 country code such as ES' })
  return errors
}

/** EN 16931 (BR-S-5 and its siblings): the standard category has a rate above zero, every other has none. */
export function taxErrors({ tax_category, tax_rate }: Pick<LegalEntity, 'tax_category' | 'tax_rate'>): FieldError[] {
  const isZero = /^0+(\.0+)?$/.test(tax_rate)
  if (tax_category === 'S' && isZero)
    return [{ pointer: '/tax_rate', detail: 'must be above 0 in category S; category Z is for a rate of 0' }]
  if (tax_category !== 'S' && !isZero)
    return [{ pointer: '/tax_rate', detail: `must be 0 in category ${tax_category}; only category S has a rate` }]
  return []
}

/** Two companies never number their documents alike: people tell invoices by their number. */
export const prefixErrors = (prefix: string | undefined, others: readonly LegalEntity[]): FieldError[] =>
  others.some(({ invoice_prefix }) => invoice_prefix === prefix)
    ? [{ pointer: '/invoice_prefix', detail: 'is used by another company of this installation' }]
    : []

/** WCAG 2.2, 1.4.11: what carries meaning stands out from white at 3:1. */
const CONTRAST = 3

/** Of a colour such as #1d4ed8: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
export function contrastToWhite(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
}

/** ISO 13616: the first four characters moved to the end, letters as 10 to 35, leave 1 when divided by 97. */
export const isIban = (iban: string): boolean =>
  BigInt([...(iban.slice(4) + iban.slice(0, 4))].map((one) => Number.parseInt(one, 36)).join('')) % 97n === 1n

/** What a schema can't know of how documents look. */
export function brandingErrors(branding: Branding | undefined): FieldError[] {
  const errors: FieldError[] = []
  const { colour = null, bank = null } = branding ?? {}
  const contrast = colour === null ? CONTRAST : contrastToWhite(colour)
  if (contrast < CONTRAST)
    errors.push({
      pointer: '/branding/colour',
      detail: `is too pale on white paper: its contrast is ${contrast.toFixed(1)}:1 and must be at least ${CONTRAST}:1; choose a darker one`,
    })
  if (bank && !isIban(bank.iban))
    errors.push({ pointer: '/branding/bank/iban', detail: 'has a wrong check number: compare it digit by digit' })
  return errors
}

export function refuse(errors: FieldError[]): void {
  if (errors.length > 0) throw new Problem('invalid', 'Correct these fields and send it again.', errors)
}

/** A use is noted again after so long: what is shown and compared is exact to this. */
export const NOTED_MS = 600_000

/** A session that nobody has used for so long is over, and says why. Never too early: the last use may have gone unnoted. */
export function refuseIdle(used_at: Instant, idle_hours: number | null, now: Instant): void {
  if (idle_hours === null || now - used_at <= idle_hours * HOUR_MS + NOTED_MS) return
  throw new Problem(
    'session_idle',
    `Your session ended because nobody used it for ${idle_hours} ${idle_hours === 1 ? 'hour' : 'hours'}. Sign in again.`,
  )
}

/** The zone of a new installation: the machine's, where somebody chose one. */
export const firstZone = (machine: string | undefined): string =>
  machine === undefined || !isZone(machine) || /^(Etc\/)?(UTC|UCT|GMT|Zulu|Universal|Greenwich)$/i.test(machine)
    ? 'Europe/Madrid'
    : machine
