/** Notes against the invoice that they correct, by other arithmetic than the engine's: never more back than was billed, at its own rates. */
import { assert } from '../../base/problem.ts'
import { iso } from '../../base/time.ts'
import { contractOf } from '../../contracts/index.ts'
import type { Context } from '../../db/index.ts'
import { ENGINE_VERSION } from '../../rating/contract.ts'
import { chargesOn } from '../../charges/index.ts'
import { rate } from '../../rating/index.ts'
import { chargeLines } from '../charge-lines.ts'
import type { DocumentLine } from '../contract.ts'
import type { InvoiceRow } from '../store.ts'
import { withFees } from '../terms/index.ts'
import { isRounded, type Report, units } from '../verify-sums.ts'
import { type Chain, dueOf, type Issued, lineKey, ratedLines } from './rules.ts'

export interface Document {
  row: InvoiceRow
  lines: readonly DocumentLine[]
}
/** What all documents so far bill: by line, and by tax category and rate its base and its tax. */
interface Standing {
  lines: Map<string, bigint>
  taxes: Map<string, { base: bigint; tax: bigint }>
  /** some of its prices include the tax */
  inclusive: boolean
}

/** Checks the notes on one invoice, in the order of their cuts. */
export async function checkNotes(ctx: Context, original: Document, notes: readonly Document[], report: Report) {
  const standing: Standing = { lines: new Map(), taxes: new Map(), inclusive: false }
  record(standing, original)
  const before: Document[] = []
  let { cut } = original.row
  for (const note of notes) {
    checkReference(original.row, note.row, cut, report)
    for (const line of note.lines) checkLine(original, note, line, standing, report)
    record(standing, note)
    checkStanding(note, standing, report)
    await checkComplete(ctx, chainOf(original, before), original.row, note.row, standing, report)
    before.push(note)
    ;({ cut } = note.row)
  }
}

const issuedOf = ({ row, lines }: Document): Issued => ({
  document_type: row.document_type,
  content: row.content,
  lines,
})
const chainOf = (original: Document, notes: readonly Document[]): Chain => ({
  original: issuedOf(original),
  notes: notes.map(issuedOf),
})

const signOf = ({ document_type }: InvoiceRow): bigint => (document_type === 'credit_note' ? -1n : 1n)

function record(standing: Standing, { row, lines: own }: Document): void {
  const { lines, taxes } = standing
  const { currency } = row.content
  standing.inclusive ||= ratedLines(own).some((line) => line.gross_inclusive !== undefined)
  for (const line of own) {
    const key = lineKey(line)
    lines.set(key, (lines.get(key) ?? 0n) + signOf(row) * units(line.net, currency))
  }
  for (const { category, rate: percent, base, tax } of row.content.taxes) {
    const key = `${category} at ${percent}`
    const before = taxes.get(key) ?? { base: 0n, tax: 0n }
    taxes.set(key, {
      base: before.base + signOf(row) * units(base, currency),
      tax: before.tax + signOf(row) * units(tax, currency),
    })
  }
}

/** It names the invoice as it was issued, is of the same period, contract and currency, and knows more than the document before it. */
function checkReference(original: InvoiceRow, note: InvoiceRow, cut: number, report: Report): void {
  const { corrects } = note.content
  const same =
    corrects?.invoice_id === original.id &&
    corrects.number === original.number &&
    corrects.issued_at === iso(original.issued_at) &&
    note.account_id === original.account_id &&
    note.contract_id === original.contract_id &&
    note.period_from === original.period_from &&
    note.period_to === original.period_to &&
    note.currency === original.currency &&
    note.content.zone === original.content.zone &&
    note.issued_at >= original.issued_at
  if (!same) report('note', note.number, `It is no note on ${original.number}, which it is kept with.`)
  if (note.cut <= cut)
    report('note', note.number, 'It knows no more than the document before it: the same was noted twice.')
  if (units(note.content.totals.net, note.currency) <= 0n)
    report('note', note.number, 'What it gives or asks for is not above zero.')
}

function checkLine(
  original: Document,
  { row }: Document,
  line: DocumentLine,
  standing: Standing,
  report: Report,
): void {
  const subject = `${row.number}/${line.id}`
  const of = (text: string) => units(text, row.currency)
  const { correction } = line
  if (!correction) return report('note', subject, 'It does not say what was billed and what is due.')
  const due = correction.lines.reduce((sum, one) => sum + of(one.net), 0n)
  if (correction.lines.some((one) => lineKey(one) !== lineKey(line)) || due !== of(correction.due))
    report('note', subject, 'The lines beneath it do not add up to what it says is due.')
  if (of(correction.billed) !== (standing.lines.get(lineKey(line)) ?? 0n))
    report('note', subject, 'What it says was billed is not what the documents before it bill.')
  if (signOf(row) * of(line.net) !== of(correction.due) - of(correction.billed))
    report('note', subject, 'Its net is not the difference between what is due and what was billed.')
  const alike = (same: (one: DocumentLine) => boolean) => original.lines.filter(same)
  const [sold, like] = [
    alike((one) => lineKey(one) === lineKey(line)),
    alike((one) => one.tax_class === line.tax_class),
  ]
  // a class of things that the invoice hasn't is taxed for itself
  if (sold.length + like.length === 0 && line.tax_class !== undefined) return
  const atRate = (sold.length > 0 ? sold : like.length > 0 ? like : original.lines).some(
    (one) => one.tax_category === line.tax_category && one.tax_rate === line.tax_rate,
  )
  if (!atRate) report('rate', subject, `Its tax is not that of ${original.row.number}, which it corrects.`)
}

/** What documents before charged in advance for the billing period of a line. */
const advancedFor = ({ correction }: DocumentLine, currency: string): bigint =>
  (correction?.lines ?? []).reduce((sum, { settlement }) => sum + units(settlement?.kept ?? '0', currency), 0n)

/** Nothing is credited above what was billed, and each category's tax is that of everything billed in it, rounded once. */
function checkStanding({ row, lines }: Document, standing: Standing, report: Report): void {
  for (const line of lines)
    if ((standing.lines.get(lineKey(line)) ?? 0n) + advancedFor(line, row.currency) < 0n)
      report('note', `${row.number}/${line.id}`, 'It gives back more than was billed.')
  for (const { category, rate: percent } of row.content.taxes) {
    const { base = 0n, tax = 0n } = standing.taxes.get(`${category} at ${percent}`) ?? {}
    const [whole = '0', decimals = ''] = percent.split('.')
    const [exact, unit] = [base * BigInt(whole + decimals), 100n * 10n ** BigInt(decimals.length)]
    const beside = tax * unit - exact
    // where some prices include the tax, two roundings stand behind it: half a unit each, that of the gross one with its tax
    const follows = standing.inclusive ? beside < 2n * unit && beside > -2n * unit : isRounded(tax, exact, unit)
    if (!follows)
      report(
        'tax',
        row.number,
        `With it, tax category ${category} at ${percent} % does not follow from all that is billed in it.`,
      )
  }
}

/** The invoice and its notes bill what the note's cut makes of the period, in lines that it names and in those that it doesn't. */
async function checkComplete(
  ctx: Context,
  chain: Chain,
  original: InvoiceRow,
  row: InvoiceRow,
  standing: Standing,
  report: Report,
): Promise<void> {
  const { engine_version, zone, currency } = row.content
  if (engine_version !== ENGINE_VERSION) return
  const contract = await contractOf(ctx, row.account_id, row.period_from)
  assert(contract, 'a document has the contract of its period')
  const period = { from: row.period_from, to: row.period_to }
  const document = { contract, period, cut: row.cut, issued: chain.original.lines }
  const { lines } = original.one_off
    ? { lines: [] }
    : await withFees(ctx, document, await rate(ctx, { contract, period, zone, cut: row.cut }))
  const charges = await chargesOn(ctx, original.id, row.cut)
  const once = await chargeLines(ctx, contract, row.content.language, charges)
  const due = new Map<string, bigint>()
  for (const line of dueOf(chain, [...lines, ...once]))
    due.set(lineKey(line), (due.get(lineKey(line)) ?? 0n) + units(line.net, currency))
  for (const key of new Set([...due.keys(), ...standing.lines.keys()]))
    if ((due.get(key) ?? 0n) !== (standing.lines.get(key) ?? 0n))
      report('note', row.number, `With it, ${key} is not billed as it is rated at cut ${row.cut}.`)
}
