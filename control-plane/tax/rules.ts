/**
 * Which tax is due: a pure function of place, parties, class and date. Articles are of Directive 2006/112/EC, as all that is sold here
 * are services supplied electronically (Annex II: hosting); categories are of UNTDID 5305 as EN 16931 uses it, reasons of the list VATEX.
 */
import type { LegalEntity, TaxCategory } from '../accounts/contract.ts'
import { type FieldError, Problem } from '../base/problem.ts'
import type { LineTax, TaxClass, TaxReason, TaxSetting } from './contract.ts'
import { isMember, MEMBER_STATES, vatCountry } from './eu.ts'

export interface Supply {
  setting: TaxSetting
  seller: Pick<LegalEntity, 'tax_category' | 'tax_rate'> & { country: string }
  /** `valid_vat_country`: of the VAT id that was last found valid; null: none was */
  buyer: { country: string; status: 'consumer' | 'business'; valid_vat_country: string | null }
  /** the local date of the chargeable event: for what runs on, the last day of the period that is billed (Art. 64(1)) */
  date: string
}

const NONE = '0.00'

/** The tax of one class of things sold. */
export function taxFor(supply: Supply, tax_class: TaxClass): LineTax {
  const { setting, seller } = supply
  // one company, one tax: what was so before there were classes
  if (setting.mode === 'fixed') return { tax_category: seller.tax_category, tax_rate: seller.tax_rate }
  const [tax_category, tax_rate] = decided(supply, tax_class)
  return { tax_category, tax_rate, tax_class }
}

function decided({ setting, seller, buyer, date }: Supply, tax_class: TaxClass): [TaxCategory, string] {
  const [from, to] = [vatCountry(seller.country), vatCountry(buyer.country)]
  const isDomestic = from === to
  // Art. 2(1): no supply of a service for consideration (a deposit, damages) is no supply, wherever it goes
  if (tax_class === 'outside') return ['O', NONE]
  // Art. 44 (businesses), 58 and 59 (others): supplied where the customer is, outside the EU. UNTDID 5305: O is "services outside scope
  // of tax"; G is for goods that leave (Art. 146)
  if (!isDomestic && !isMember(to)) return ['O', NONE]
  // Art. 132 and following, or what the state of the customer has of them
  if (tax_class === 'exempt') return ['E', NONE]
  // Art. 44 and 196: supplied where the customer is, who owes the tax. Art. 18 of Regulation 282/2011: he is a business who shows a valid VAT id
  const isReversed = buyer.status === 'business' && buyer.valid_vat_country !== null && buyer.valid_vat_country !== from
  if (!isDomestic && isReversed) return ['AE', NONE]
  // Art. 58 and 369b: at the rate of the consumer's country; a reduction at home is none there unless it says so.
  // Art. 59c: below the threshold, as at home
  const country = isDomestic || !setting.one_stop_shop ? from : to
  if (tax_class === 'zero' && country === from) return ['Z', NONE]
  return rated(rateOf(setting, country, tax_class === 'reduced' ? 'reduced' : 'standard', date))
}

/** BR-Z-5, BR-S-5: what has no rate above zero isn't of the standard category. */
const rated = (rate: string): [TaxCategory, string] => (/^0+(\.0+)?$/.test(rate) ? ['Z', rate] : ['S', rate])

/** In force on a date; the first one of a country holds before, too; a country without a reduced rate has its standard one. */
function rateOf({ rates }: TaxSetting, country: string, tax_class: 'standard' | 'reduced', date: string): string {
  const own = rates
    .filter((one) => one.country === country && one.tax_class === tax_class)
    .toSorted((a, b) => (a.from < b.from ? -1 : 1))
  const found = own.findLast((one) => one.from <= date) ?? own[0]
  if (found) return found.rate
  if (tax_class === 'reduced') return rateOf({ rates } as TaxSetting, country, 'standard', date)
  // a company that has moved since it chose
  throw new Problem('conflict', `The tax setting has no standard rate of ${country}: add it under Settings, Tax.`)
}

const word = (code: string | null, en: string, es: string): TaxReason => ({ code, text: { en, es } })
/** EN 16931, BR-E-10, BR-AE-10, BR-IC-10, BR-G-10, BR-O-10: each of these has a reason; S and Z have none (BR-S-10, BR-Z-10). */
const REASONS: Readonly<Record<TaxCategory, TaxReason | null>> = {
  S: null,
  Z: null,
  E: word(null, 'Exempt from VAT', 'Exento de IVA'),
  AE: word('VATEX-EU-AE', 'Reverse charge', 'Inversión del sujeto pasivo'),
  K: word('VATEX-EU-IC', 'Intra-Community supply', 'Entrega intracomunitaria'),
  G: word('VATEX-EU-G', 'Export outside the EU', 'Exportación fuera de la UE'),
  O: word('VATEX-EU-O', 'Not subject to VAT', 'No sujeto a IVA'),
}
export const reasonOf = (
  category: TaxCategory,
  { exempt_reason }: Pick<TaxSetting, 'exempt_reason'>,
): TaxReason | null => (category === 'E' && exempt_reason ? exempt_reason : REASONS[category])

/** What a schema can't know of a setting: each country in which tax may be due has a rate. */
export function settingErrors({ mode, one_stop_shop, rates }: TaxSetting, country: string): FieldError[] {
  if (mode === 'fixed') return []
  if (!isMember(country))
    return [
      {
        pointer: '/mode',
        detail: `must be fixed: ${country} is outside the EU, whose rules the places of supply follow`,
      },
    ]
  const keys = rates.map((one) => [one.country, one.tax_class, one.from].join(' '))
  const twice = keys.findIndex((key, index) => keys.indexOf(key) < index)
  const strange = rates.findIndex((one) => !isMember(one.country))
  const wanted = one_stop_shop ? MEMBER_STATES : [vatCountry(country)]
  const missing = wanted.filter((one) => !rates.some((row) => row.country === one && row.tax_class === 'standard'))
  return [
    ...(twice >= 0
      ? [{ pointer: `/rates/${twice}`, detail: 'is there twice: one rate of a country begins on a day' }]
      : []),
    ...(strange >= 0 ? [{ pointer: `/rates/${strange}/country`, detail: 'is no member state of the EU' }] : []),
    ...(missing.length > 0 ? [{ pointer: '/rates', detail: `needs a standard rate of ${missing.join(', ')}` }] : []),
  ]
}
