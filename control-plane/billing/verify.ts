/**
 * The verifier: every issued document and every line, checked by other arithmetic than the engine's (integers by cross-multiplying, no
 * fractions, no division) and followed down to the readings. It finds one altered digit anywhere.
 */
import { sha256 } from '#connectors/contract.ts'
import { permit } from '../base/actor.ts'
import { fromIso, type Instant } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { usesOfCoupons } from '../promotions/index.ts'
import type { Line } from '../rating/contract.ts'
import type { Verification } from './contract.ts'
import type { z } from 'zod'
import { contentHash, documentBinding } from './rules.ts'
import * as store from './store.ts'
import { ratedLines, standingLines } from './notes/rules.ts'
import { checkNotes } from './notes/verify.ts'
import { checkTerms } from './terms/verify.ts'
import { differing } from '../settlements/index.ts'
import { checkBilled, checkCharges } from './verify-charges.ts'
import { checkLines } from './verify-lines.ts'
import { checkPercentages } from './verify-percentage.ts'
import { type Report, units } from './verify-sums.ts'
import { checkTax, checkUses } from './verify-tax.ts'

type Result = z.infer<typeof Verification>

/** Checks everything that was issued. Empty findings: every cent is proven. */
export async function verify(ctx: Context): Promise<Result> {
  permit(ctx, 'billing.verify')
  const result: Result = { invoices: 0, lines: 0, readings: 0, findings: [] }
  const report: Report = (check, subject, detail) => result.findings.push({ check, subject, detail })
  await checkTriggers(ctx, report)
  const files = await checkDocuments(ctx, report)
  const invoices = await store.invoicesInOrder(ctx)
  checkSeries(invoices, await store.allSeries(ctx), report)
  for (const invoice of invoices) {
    const rows = await store.linesOfInvoice(ctx, invoice.id)
    const lines = rows.map((row) => row.content)
    result.invoices += 1
    checkFrozen(invoice, rows, report)
    if (!files.has(invoice.content.branding?.logo?.sha256 ?? ''))
      report('document', invoice.number, 'Its logo is gone.')
    checkTotals(invoice, lines, report)
    result.lines += lines.length
    const [once, metered] = divided(ratedLines(lines))
    result.readings += await checkLines(ctx, invoice, metered, report)
    await checkCharges(ctx, invoice, once, report)
    await checkTerms(ctx, invoice, lines, report)
    checkPercentages(invoice.number, standingLines(lines), invoice.document_type === 'invoice', report)
  }
  checkUses(invoices, await usesOfCoupons(ctx), report)
  await checkChains(ctx, invoices, report)
  await checkBilled(ctx, invoices, report)
  for (const { number } of await differing(ctx))
    report('settlement', number, 'What is open of it does not follow from its notes and write-offs.')
  return result
}

/** What was charged for once, and what is metered. */
function divided(lines: readonly Line[]): [Line[], Line[]] {
  const { once = [], metered = [] } = Object.groupBy(lines, (line) => (line.one_off ? 'once' : 'metered'))
  return [once, metered]
}

/** Each invoice with the notes on it; a note on nothing is found, too. */
async function checkChains(ctx: Context, documents: readonly store.InvoiceRow[], report: Report): Promise<void> {
  const whole = async (row: store.InvoiceRow) => ({
    row,
    lines: (await store.linesOfInvoice(ctx, row.id)).map((line) => line.content),
  })
  const originals = new Map(documents.filter((row) => row.document_type === 'invoice').map((row) => [row.id, row]))
  const notes = documents.filter((row) => row.document_type !== 'invoice')
  for (const [corrects, own] of Map.groupBy(notes, (row) => row.corrects_id ?? '')) {
    const original = originals.get(corrects)
    const chain = await Promise.all(own.toSorted((a, b) => a.cut - b.cut).map(whole))
    if (original) await checkNotes(ctx, await whole(original), chain, report)
    else for (const { number } of own) report('note', number, 'The invoice that it corrects is gone.')
  }
}

const FROZEN = [
  'charge',
  'charge_billed',
  'charge_cancellation',
  'document',
  'invoice',
  'invoice_document',
  'invoice_line',
  'redemption_use',
  'write_off',
  'write_off_reversal',
]
async function checkTriggers(ctx: Context, report: Report): Promise<void> {
  const triggers = await store.freezingTriggers(ctx)
  for (const table of FROZEN) {
    const trigger = triggers.find((row) => row.table === table)
    if (!trigger) report('frozen', table, 'The trigger that refuses changes is missing.')
    else if (!trigger.enabled) report('frozen', table, 'The trigger that refuses changes is disabled.')
  }
}

/** Returns the names of the files that are there, and that of none. */
async function checkDocuments(ctx: Context, report: Report): Promise<ReadonlySet<string>> {
  const files = new Set([''])
  for (const { sha256: name, bytes } of await store.documents(ctx)) {
    files.add(name)
    if (sha256(bytes) !== name) report('document', name, 'The stored file is not the one that was kept.')
  }
  const owners = new Map<string, string>()
  for (const { number, content_hash, language, sha256: name, binding, kept } of await store.documentLinks(ctx)) {
    const [subject, other] = [`${number}/${language}`, owners.get(name)]
    if (!kept) report('document', subject, 'The file that was rendered for it is gone.')
    if (binding !== null && binding !== documentBinding(content_hash, language, name))
      report('document', subject, 'Its file is not the one that was rendered for it.')
    if (other) report('document', subject, `Its file is the one that was rendered for ${other}.`)
    owners.set(name, subject)
  }
  return files
}

/** Numbers without gaps, in order of issue, each chained to the one before. */
function checkSeries(
  invoices: readonly store.InvoiceRow[],
  all: Awaited<ReturnType<typeof store.allSeries>>,
  report: Report,
): void {
  for (const series of all) {
    const own = invoices.filter(
      (i) =>
        i.legal_entity_id === series.legal_entity_id &&
        i.series_year === series.year &&
        i.document_type === series.document_type,
    )
    let [previous, issued]: [string, Instant] = ['', 0]
    for (const [index, invoice] of own.entries()) {
      if (invoice.series_number !== index + 1)
        report('number', invoice.number, `The series has a gap before this number: ${index + 1} was expected.`)
      if (invoice.previous_hash !== previous)
        report('chain', invoice.number, 'Its link to the document before it is broken.')
      if (invoice.issued_at < issued) report('number', invoice.number, 'It was issued before the number before it.')
      previous = invoice.content_hash
      issued = invoice.issued_at
    }
    if (own.length !== series.next_number - 1 || previous !== series.last_hash)
      report('chain', String(series.year), 'Documents at the end of the series are missing or were changed.')
  }
}

function checkFrozen(invoice: store.InvoiceRow, rows: readonly store.LineRow[], report: Report): void {
  const lines = rows.map((row) => row.content)
  if (contentHash(invoice.content, lines, invoice.previous_hash) !== invoice.content_hash)
    report('hash', invoice.number, 'Its content or lines are not those that were issued.')
  const { content } = invoice
  const beside: [string, unknown, unknown][] = [
    ['number', invoice.number, content.number],
    ['document_type', invoice.document_type, content.document_type],
    ['corrects', invoice.corrects_id, content.corrects?.invoice_id ?? null],
    ['currency', invoice.currency, content.currency],
    ['issued_at', invoice.issued_at, fromIso(content.issued_at)],
    ['cut', invoice.cut, content.cut],
    ['period_from', invoice.period_from, fromIso(content.period.from)],
    ['period_to', invoice.period_to, fromIso(content.period.to)],
    ['line_count', invoice.line_count, rows.length],
    ['account', invoice.account_id, content.buyer.id],
    ['legal entity', invoice.legal_entity_id, content.seller.id],
    ['contract', invoice.contract_id, content.contract_id],
    ['one_off', invoice.one_off, content.one_off ?? false],
    ['net', invoice.net_minor, units(content.totals.net, content.currency)],
    ['tax', invoice.tax_minor, units(content.totals.tax, content.currency)],
    ['total', invoice.total_minor, units(content.totals.total, content.currency)],
  ]
  for (const [name, column, frozen] of beside)
    if (column !== frozen)
      report('column', invoice.number, `Column ${name} says ${String(column)}, the document says ${String(frozen)}.`)
  for (const row of rows)
    if (
      row.net_minor !== units(row.content.net, content.currency) ||
      row.line_id !== row.content.id ||
      row.resource_id !== row.content.resource.id
    )
      report('column', `${invoice.number}/${row.line_id}`, 'The columns of a line differ from its content.')
}

function checkTotals(invoice: store.InvoiceRow, lines: readonly Line[], report: Report): void {
  const { content } = invoice
  const of = (text: string) => units(text, content.currency)
  const net = lines.reduce((sum, line) => sum + of(line.net), 0n)
  if (net !== of(content.totals.net)) report('totals', invoice.number, 'The lines do not add up to the subtotal.')
  checkTax(invoice, lines, report)
  const tax = content.taxes.reduce((sum, row) => sum + of(row.tax), 0n)
  if (tax !== of(content.totals.tax) || net + tax !== of(content.totals.total))
    report('totals', invoice.number, 'Subtotal and tax do not add up to the total.')
}
