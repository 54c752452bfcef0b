/** What was issued, summed up: by account for Prometheus, and by period for the bill of a month. */
import { and, eq, gte, lt, sql } from 'drizzle-orm'
import type { Interval } from '../../base/time.ts'
import { ofWholeAccounts, withinReach } from '../../db/fence.ts'
import { type Context, rows } from '../../db/index.ts'
import type { DocumentType } from '../contract.ts'
import { invoice } from '../schema.ts'
import type { InvoiceRow } from '../store.ts'

export interface InvoicedTotals {
  account_id: string
  account: string
  currency: string
  document_type: DocumentType
  /** minor units, as text */
  tax: string
  total: string
  documents: string
}
/** In major units and whole documents, of every account that the caller reaches. */
export const invoicedTotals = (ctx: Context) =>
  rows<InvoicedTotals>(
    ctx.tx,
    sql`select i.account_id, a.name as account, i.currency, i.document_type, sum(i.tax_minor)::text as tax,
          sum(i.total_minor)::text as total, count(*)::text as documents
        from invoice i join account a on a.id = i.account_id
        where ${and(withinReach(ctx, sql`i.account_id`), ofWholeAccounts(ctx)) ?? sql`true`}
        group by 1, 2, 3, 4 order by 1, 3, 4`,
  )

/** Documents of an account for periods that begin within an interval, oldest first; notes have the period of their invoice. */
export const documentsOf = (ctx: Context, account_id: string, { from, to }: Interval): Promise<InvoiceRow[]> =>
  ctx.tx
    .select()
    .from(invoice)
    .where(
      and(
        eq(invoice.account_id, account_id),
        gte(invoice.period_from, from),
        lt(invoice.period_from, to),
        withinReach(ctx, invoice.account_id),
        ofWholeAccounts(ctx),
      ),
    )
    .orderBy(invoice.period_from, invoice.issued_at, invoice.id)
