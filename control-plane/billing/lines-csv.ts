/** The lines of an issued document as CSV: amounts and quantities as they stand on it, to the last digit. */
import { csvLine } from '../base/csv.ts'
import type { Context } from '../db/index.ts'
import { getInvoice } from './issued.ts'

const COLUMNS = [
  'number',
  'document_type',
  'kind',
  'name',
  'component',
  'from',
  'to',
  'quantity',
  'unit',
  'per',
  'unit_price',
  'net',
  'currency',
  'tax_category',
  'tax_rate',
]

export async function linesCsv(ctx: Context, id: string): Promise<{ text: string; number: string }> {
  const { number, document_type, lines } = await getInvoice(ctx, id)
  const rows = lines.map((line) =>
    csvLine([
      number,
      document_type,
      line.resource.kind,
      line.resource.name,
      line.component,
      line.period.from,
      line.period.to,
      line.quantity_display,
      line.price.unit,
      line.price.per,
      line.price.amount,
      line.net,
      line.currency,
      line.tax_category,
      line.tax_rate,
    ]),
  )
  return { text: [csvLine(COLUMNS), ...rows, ''].join('\r\n'), number }
}
