/** What was issued: invoices with their lines, newest first. */
import { z } from 'zod'
import { InstantMs } from '#connectors/contract.ts'
import { permit } from '../base/actor.ts'
import { Problem } from '../base/problem.ts'
import { iso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { decodeCursor, encodeCursor } from '../http/index.ts'
import { Id, type Page } from '../http/contract.ts'
import { settlementsOf } from '../settlements/index.ts'
import type { Settlement } from '../settlements/contract.ts'
import type { Invoice, InvoiceQuery, InvoiceSummary } from './contract.ts'
import { totalsText } from './rules.ts'
import { notesOn } from './notes/store.ts'
import * as store from './store.ts'

const summaryOf = (
  row: store.InvoiceRow,
  settlements: ReadonlyMap<string, Settlement>,
): z.infer<typeof InvoiceSummary> => ({
  id: row.id,
  number: row.number,
  document_type: row.document_type,
  corrects: row.content.corrects ?? null,
  account_id: row.account_id,
  account_name: row.content.buyer.name,
  issued_at: iso(row.issued_at),
  due_at: row.content.due_at,
  period: row.content.period,
  currency: row.currency,
  totals: totalsText({ net: row.net_minor, tax: row.tax_minor, total: row.total_minor }, row.currency),
  line_count: row.line_count,
  one_off: row.one_off,
  settlement: settlements.get(row.id) ?? null,
})

const Cursor = z.object({ at: InstantMs, id: Id })

export async function listInvoices(
  ctx: Context,
  query: z.infer<typeof InvoiceQuery>,
): Promise<Page<z.infer<typeof InvoiceSummary>>> {
  permit(ctx, 'billing.read')
  const { found, total } = await store.listInvoices(ctx, query, decodeCursor(query.cursor, Cursor))
  const shown = found.slice(0, query.limit)
  const last = shown.at(-1)
  const settlements = await settlementsOf(
    ctx,
    shown.map(({ id }) => id),
  )
  return {
    items: shown.map((row) => summaryOf(row, settlements)),
    next_cursor: found.length > query.limit && last ? encodeCursor({ at: last.issued_at, id: last.id }) : null,
    total,
  }
}

/** Net amounts of an account's newest documents, at most so many: what is usual for it. */
export async function pastBills(ctx: Context, account_id: string, limit: number): Promise<store.PastBill[]> {
  permit(ctx, 'billing.read')
  return await store.pastBills(ctx, account_id, limit)
}

/** The row of an invoice; the problem `not_found` where there is none for this caller. */
export async function requireInvoice(ctx: Context, id: string): Promise<store.InvoiceRow> {
  permit(ctx, 'billing.read')
  const row = await store.findInvoice(ctx, id)
  if (!row) throw new Problem('not_found', `There is no invoice ${id}.`)
  return row
}

export async function getInvoice(ctx: Context, id: string): Promise<Invoice> {
  const row = await requireInvoice(ctx, id)
  const lines = await store.linesOfInvoice(ctx, id)
  return {
    ...summaryOf(row, await settlementsOf(ctx, [id])),
    content: row.content,
    content_hash: row.content_hash,
    previous_hash: row.previous_hash,
    lines: lines.map((line) => line.content),
    notes: (await notesOn(ctx, id)).map((note) => ({
      invoice_id: note.id,
      number: note.number,
      issued_at: iso(note.issued_at),
      document_type: note.document_type,
      total: note.content.totals.total,
    })),
  }
}
