/** VAT ids of the EU by their form and check digits, without asking anybody: jsvat knows each country's. Pure. */
import { checkVAT, countries } from 'jsvat'
import { isMember, vatCountry } from './eu.ts'

const EU = countries.filter(({ codes: [country] }) => country !== undefined && isMember(country))

export interface VatId {
  /** as it is written on invoices: DE136695976, EL094014298 */
  id: string
  /** ISO 3166-1 */
  country: string
  /** without the prefix */
  number: string
  isRight: boolean
}

const isoOf = (prefix: string): string => (prefix === 'EL' ? 'GR' : prefix)
const prefixOf = (country: string): string => (vatCountry(country) === 'GR' ? 'EL' : vatCountry(country))

/** A tax id as people type it, of a customer in a country; null where it is empty or of no member state. */
export function vatIdOf(tax_id: string, country: string): VatId | null {
  const text = tax_id.toUpperCase().replaceAll(/[\s.\-/]/g, '')
  if (text === '') return null
  const named = isoOf(text.slice(0, 2))
  // without a prefix it is taken for one of the customer's own country
  const isNamed = /^[A-Z]{2}/.test(text) && isMember(named) && checkVAT(text, EU).isValidFormat
  if (!isNamed && !isMember(country)) return null
  const own = prefixOf(country)
  const id = isNamed || text.startsWith(own) ? text : own + text
  return { id, country: isoOf(id.slice(0, 2)), number: id.slice(2), isRight: checkVAT(id, EU).isValid }
}
