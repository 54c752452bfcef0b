/** The lines of an invoice as CSV: what each cost before discounts, what was taken off, and what is taxed. */
import { csvLine } from '../base/csv.ts'
import { pricedAmount } from './adjust.ts'
import type { DocumentLine, Invoice } from './contract.ts'
import { averagePrice } from './index-text.ts'
import { minorOf } from './rules.ts'
import { majorText } from '../base/money.ts'

type Document = Pick<Invoice, 'number' | 'document_type' | 'lines'>
const COLUMNS: Record<string, (line: DocumentLine, document: Document) => unknown> = {
  number: (_line, { number }) => number,
  document_type: (_line, { document_type }) => document_type,
  line_id: (line) => line.id,
  resource_id: (line) => line.resource.id,
  kind: (line) => line.resource.kind,
  resource: (line) => line.resource.name,
  component: (line) => line.component,
  period_from: (line) => line.period.from,
  period_to: (line) => line.period.to,
  quantity: (line) => line.quantity_display,
  unit: (line) => line.price.unit,
  per: (line) => line.price.per,
  unit_price: (line) => (line.price.index ? averagePrice(line) : line.price.amount),
  billed: (line) => line.correction?.billed ?? line.settlement?.advanced,
  due: (line) => line.correction?.due ?? line.settlement?.due,
  gross: pricedAmount,
  discount: ({ discounts = [], currency }) =>
    majorText(
      discounts.reduce((sum, one) => sum + minorOf(one.amount, currency), 0n),
      currency,
    ),
  coupons: ({ discounts = [] }) => discounts.map((one) => one.code).join(' '),
  gross_inclusive: (line) => line.gross_inclusive,
  net: (line) => line.net,
  currency: (line) => line.currency,
  tax_category: (line) => line.tax_category,
  tax_rate: (line) => line.tax_rate,
  for_account: (line) => line.for_account?.name,
  timing: (line) => line.timing ?? (line.settlement ? 'settlement' : 'arrears'),
  percentage_of: (line) => line.percentage_of?.amount,
}

export function linesCsv(document: Document): string {
  const rows = document.lines.map((line) => csvLine(Object.values(COLUMNS).map((column) => column(line, document))))
  return [Object.keys(COLUMNS).join(','), ...rows].map((row) => `${row}\r\n`).join('')
}
