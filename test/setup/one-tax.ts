/** The taxes of facts in which every class of things is taxed alike. */
import type { Facts } from '#control-plane/rating/rules.ts'
import { TaxClass } from '#control-plane/tax/contract.ts'

export const oneTax = (tax_rate: string): Facts['tax'] =>
  Object.fromEntries(TaxClass.options.map((one) => [one, { tax_category: 'S', tax_rate }])) as unknown as Facts['tax']
