/** Decisions of accounts: which zones, countries and tax rates hold together. */
import { type FieldError, Problem } from '../base/problem.ts'
import { isZone } from '../base/time.ts'
import type { Address, LegalEntity } from './contract.ts'
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

export function refuse(errors: FieldError[]): void {
  if (errors.length > 0) throw new Problem('invalid', 'Correct these fields and send it again.', errors)
}

/** The zone of a new installation: the machine's, where somebody chose one. */
export const firstZone = (machine: string | undefined): string =>
  machine === undefined || !isZone(machine) || /^(Etc\/)?(UTC|UCT|GMT|Zulu|Universal|Greenwich)$/i.test(machine)
    ? 'Europe/Madrid'
    : machine
