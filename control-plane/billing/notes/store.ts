/** Rows of an account's documents, for rating them again. */
import { and, asc, eq, gt, lte, ne } from 'drizzle-orm'
import type { Instant } from '../../base/time.ts'
import { withinReach } from '../../db/fence.ts'
import type { Context } from '../../db/index.ts'
import { invoice } from '../schema.ts'
import type { InvoiceRow } from '../store.ts'

/** Documents that a cut knows, of periods that end after an instant: the oldest period first, notes in the order of issue. */
export const documentsSince = (ctx: Context, account_id: string, since: Instant, cut: number): Promise<InvoiceRow[]> =>
  ctx.tx
    .select()
    .from(invoice)
    .where(and(eq(invoice.account_id, account_id), gt(invoice.period_to, since), lte(invoice.cut, cut)))
    .orderBy(asc(invoice.period_from), asc(invoice.cut), asc(invoice.issued_at))

/** Which times were invoiced, whatever cut knew it, the oldest first. */
export const invoicedPeriods = (ctx: Context, account_id: string) =>
  ctx.tx
    .select({ contract_id: invoice.contract_id, from: invoice.period_from, to: invoice.period_to, cut: invoice.cut })
    .from(invoice)
    .where(and(eq(invoice.account_id, account_id), eq(invoice.document_type, 'invoice'), eq(invoice.one_off, false)))
    .orderBy(asc(invoice.period_from))

/** The newest note that knows more than a cut. */
export async function noteAfter(ctx: Context, account_id: string, cut: number): Promise<string | null> {
  const [row] = await ctx.tx
    .select({ number: invoice.number })
    .from(invoice)
    .where(and(eq(invoice.account_id, account_id), ne(invoice.document_type, 'invoice'), gt(invoice.cut, cut)))
    .limit(1)
  return row?.number ?? null
}

export const notesOn = (ctx: Context, invoice_id: string): Promise<InvoiceRow[]> =>
  ctx.tx
    .select()
    .from(invoice)
    .where(and(eq(invoice.corrects_id, invoice_id), withinReach(ctx, invoice.account_id)))
    .orderBy(asc(invoice.cut), asc(invoice.issued_at))
