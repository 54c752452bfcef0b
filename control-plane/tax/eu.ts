/** The VAT territory of the European Union: its countries, and their standard rates to begin with. */

/**
 * Member states by their ISO code (VAT ids of Greece begin with EL), with the standard rate in force on 2026-01-01 as the Commission
 * publishes it (taxation-customs.ec.europa.eu, "VAT rates applied in the Member States"). They are proposals: what a company charges is
 * what it has saved. Territories outside the VAT area (Canary Islands, Ceuta, Melilla, Åland, …) have an ES or FI address and aren't told apart.
 */
export const STANDARD_RATES: Readonly<Record<string, string>> = {
  AT: '20.00',
  BE: '21.00',
  BG: '20.00',
  CY: '19.00',
  CZ: '21.00',
  DE: '19.00',
  DK: '25.00',
  EE: '24.00',
  ES: '21.00',
  FI: '25.50',
  FR: '20.00',
  GR: '24.00',
  HR: '25.00',
  HU: '27.00',
  IE: '23.00',
  IT: '22.00',
  LT: '21.00',
  LU: '17.00',
  LV: '21.00',
  MT: '18.00',
  NL: '21.00',
  PL: '23.00',
  PT: '23.00',
  RO: '21.00',
  SE: '25.00',
  SI: '22.00',
  SK: '23.00',
}
export const RATES_FROM = '2026-01-01'
export const MEMBER_STATES = Object.keys(STANDARD_RATES)

/** Art. 7 of Directive 2006/112/EC: what happens in Monaco happens in France. Northern Ireland (XI) is in the EU for goods alone. */
export const vatCountry = (country: string): string => (country === 'MC' ? 'FR' : country)
export const isMember = (country: string): boolean => Object.hasOwn(STANDARD_RATES, vatCountry(country))
