/** Invoices for other programs: their sums for Prometheus, and their list as CSV. All of it from the rows that the API answers from. */
import { permit } from '../../base/actor.ts'
import { allRows, type CsvColumns, csvTable } from '../../base/csv.ts'
import { majorText } from '../../base/money.ts'
import type { Context } from '../../db/index.ts'
import { type Family, familyText } from '../../http/metrics.ts'
import type { InvoiceSummary } from '../contract.ts'
import type { z } from 'zod'
import { listInvoices } from '../issued.ts'
import { minorOf, signOf } from '../rules.ts'
import { type InvoicedTotals, invoicedTotals } from './store.ts'

/** What was invoiced so far: for those who may see bills, of the accounts that they reach. Nothing is read after the first piece. */
export async function invoicedText(ctx: Context): Promise<string> {
  permit(ctx, 'billing.read')
  return [...families(await invoicedTotals(ctx))].join('')
}

/** Amounts stand in major units of the label `currency`; those of a credit note are credits. */
function* families(totals: readonly InvoicedTotals[]): Generator<string> {
  const family = (name: string, help: string, valueOf: (row: InvoicedTotals) => string): Family => ({
    name: `atalaya_${name}`,
    type: 'counter',
    help,
    samples: totals.map((row) => {
      const { account_id, account, currency, document_type } = row
      return { labels: { account_id, account, currency, document_type }, value: valueOf(row) }
    }),
  })
  const money = (of: 'tax' | 'total') => (row: InvoicedTotals) => majorText(BigInt(row[of]), row.currency)
  yield* familyText(
    family('invoiced_amount_total', 'Totals of issued documents with tax, in units of the currency', money('total')),
  )
  yield* familyText(family('invoiced_documents_total', 'Documents issued', (row) => row.documents))
  yield* familyText(
    family('invoiced_tax_amount_total', 'Tax of issued documents, in units of the currency', money('tax')),
  )
}

/** As many as a spreadsheet takes. */

type Summary = z.infer<typeof InvoiceSummary>
const COLUMNS: CsvColumns<Summary> = {
  id: (it) => it.id,
  number: (it) => it.number,
  document_type: (it) => it.document_type,
  corrects: (it) => it.corrects?.number,
  account_id: (it) => it.account_id,
  account: (it) => it.account_name,
  issued_at: (it) => it.issued_at,
  due_at: (it) => it.due_at,
  period_from: (it) => it.period.from,
  period_to: (it) => it.period.to,
  currency: (it) => it.currency,
  net: (it) => it.totals.net,
  tax: (it) => it.totals.tax,
  total: (it) => it.totals.total,
  // what can be added up: a credit takes away
  owed: (it) => majorText(signOf(it.document_type) * minorOf(it.totals.total, it.currency), it.currency),
}

/** Issued documents, newest first, as the list shows them. */
export async function invoicesCsv(ctx: Context, account_id: string | undefined): Promise<string> {
  permit(ctx, 'billing.read')
  return csvTable(COLUMNS, await allRows((page) => listInvoices(ctx, { account_id, ...page })))
}
