/** Decisions of charges: what one comes to, and the line that it is on a bill. Pure. */
import { sha256 } from '#connectors/contract.ts'
import type { Language } from '../accounts/contract.ts'
import { type Fraction, fractionText, multiply, parseDecimal } from '../base/exact.ts'
import { majorText, toMinor } from '../base/money.ts'
import { sure } from '../base/problem.ts'
import { type Instant, iso } from '../base/time.ts'
import type { Line } from '../rating/contract.ts'
import type { LineTax } from '../tax/contract.ts'
import type { Charge } from './contract.ts'

export const QUANTITY_PLACES = 6
export const PRICE_PLACES = 12

/** A charge as it is kept; decimals without trailing zeros. */
export interface Recorded {
  id: string
  description: Charge['description']
  quantity: string
  unit: string
  unit_price: string
  currency: string
  at: Instant
  project_id: string | null
}

/** "2.500000" → "2.5" */
export const plain = (decimal: string): string =>
  decimal.includes('.') ? decimal.replace(/0+$/, '').replace(/\.$/, '') : decimal

const exactOf = ({ quantity, unit_price }: Pick<Recorded, 'quantity' | 'unit_price'>): Fraction =>
  multiply(sure(parseDecimal(quantity, QUANTITY_PLACES)), sure(parseDecimal(unit_price, PRICE_PLACES)))

/** Quantity × unit price, rounded once. */
export const amountOf = (charge: Pick<Recorded, 'quantity' | 'unit_price' | 'currency'>): string =>
  majorText(toMinor(exactOf(charge), charge.currency), charge.currency)

export const COMPONENT = 'one_off.charge'

/** Who buys, and how it is taxed. */
export interface LineTerms {
  service_id: string
  language: Language
  tax: LineTax
}
/** A line like any other, with the charge in the place of a resource: its quantity is counted in the last decimal that it has. */
export function lineOf(charge: Recorded, { service_id, language, tax }: LineTerms): Line {
  const [whole = '', decimals = ''] = charge.quantity.split('.')
  const exact = exactOf(charge)
  return {
    id: sha256([service_id, charge.id, COMPONENT].join('/')).slice(0, 24),
    service_id,
    resource: { id: charge.id, kind: 'one_off', name: charge.description[language] },
    component: COMPONENT,
    price: {
      id: charge.id,
      model: 'per_unit',
      per: 'quantity',
      unit: charge.unit,
      amount: charge.unit_price,
      effective_at: iso(charge.at),
    },
    period: { from: iso(charge.at), to: iso(charge.at + 1) },
    divisor: `1${'0'.repeat(decimals.length)}`,
    quantity: BigInt(whole + decimals).toString(),
    quantity_display: charge.quantity,
    exact: fractionText(exact),
    net: amountOf(charge),
    currency: charge.currency,
    ...tax,
    unobserved_ms: 0,
    estimated: false,
    segments: [],
    one_off: { at: iso(charge.at), description: charge.description, project_id: charge.project_id },
  }
}
