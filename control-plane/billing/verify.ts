/**
 * The verifier: every issued document and every line, checked by other arithmetic than the engine's (integers by cross-multiplying, no
 * fractions, no division) and followed down to the readings. It finds one altered digit anywhere.
 */
import { sure } from '../base/problem.ts'
import { sha256 } from '#connectors/contract.ts'
import { permit } from '../base/actor.ts'
import { exponentOf } from '../base/money.ts'
import { fromIso, HOUR_MS, hourOf, type Instant, type Interval, intersect, iso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { coveredIn } from '../inventory/index.ts'
import { meterOf } from '../metering/contract.ts'
import {
  type HourUsage,
  remeasure,
  type Remeasured,
  type UsageLeaf,
  usageOf,
  type UsageRow,
  usageRows,
} from '../metering/index.ts'
import type { Engine } from '../metering/rules.ts'
import type { Line, Segment } from '../rating/contract.ts'
import { allocationDigest, consumptionDigest } from '../rating/rules.ts'
import type { Verification } from './contract.ts'
import type { z } from 'zod'
import { contentHash, documentBinding } from './rules.ts'
import * as store from './store.ts'

type Result = z.infer<typeof Verification>
type Report = (check: string, subject: string, detail: string) => void

/** Checks everything that was issued. Empty findings: every cent is proven. */
export async function verify(ctx: Context): Promise<Result> {
  permit(ctx, 'billing.read')
  const result: Result = { invoices: 0, lines: 0, readings: 0, findings: [] }
  const report: Report = (check, subject, detail) => result.findings.push({ check, subject, detail })
  await checkTriggers(ctx, report)
  await checkDocuments(ctx, report)
  const invoices = await store.invoicesInOrder(ctx)
  checkSeries(invoices, await store.allSeries(ctx), report)
  for (const invoice of invoices) {
    const rows = await store.linesOfInvoice(ctx, invoice.id)
    const lines = rows.map((row) => row.content)
    result.invoices += 1
    checkFrozen(invoice, rows, report)
    checkTotals(invoice, lines, report)
    const measured = measuring(ctx, invoice.cut)
    for (const line of lines) {
      result.lines += 1
      checkArithmetic(invoice.number, line, report)
      result.readings += await checkLeaves(ctx, invoice, line, measured, report)
    }
  }
  return result
}

async function checkTriggers(ctx: Context, report: Report): Promise<void> {
  const triggers = await store.freezingTriggers(ctx)
  for (const table of ['document', 'invoice', 'invoice_document', 'invoice_line']) {
    const trigger = triggers.find((row) => row.table === table)
    if (!trigger) report('frozen', table, 'The trigger that refuses changes is missing.')
    else if (!trigger.enabled) report('frozen', table, 'The trigger that refuses changes is disabled.')
  }
}

async function checkDocuments(ctx: Context, report: Report): Promise<void> {
  for (const { sha256: name, bytes } of await store.documents(ctx))
    if (sha256(bytes) !== name) report('document', name, 'The stored file is not the one that was rendered.')
  const owners = new Map<string, string>()
  for (const { number, content_hash, language, sha256: name, binding, kept } of await store.documentLinks(ctx)) {
    const [subject, other] = [`${number}/${language}`, owners.get(name)]
    if (!kept) report('document', subject, 'The file that was rendered for it is gone.')
    if (binding !== null && binding !== documentBinding(content_hash, language, name))
      report('document', subject, 'Its file is not the one that was rendered for it.')
    if (other) report('document', subject, `Its file is the one that was rendered for ${other}.`)
    owners.set(name, subject)
  }
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
    ['currency', invoice.currency, content.currency],
    ['issued_at', invoice.issued_at, fromIso(content.issued_at)],
    ['cut', invoice.cut, content.cut],
    ['period_from', invoice.period_from, fromIso(content.period.from)],
    ['period_to', invoice.period_to, fromIso(content.period.to)],
    ['line_count', invoice.line_count, rows.length],
    ['account', invoice.account_id, content.buyer.id],
    ['legal entity', invoice.legal_entity_id, content.seller.id],
    ['contract', invoice.contract_id, content.contract_id],
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

/** Decimal text as an integer of minor units, digit by digit. */
function units(text: string, currency: string): bigint {
  const [whole = '0', decimals = ''] = text.replace('-', '').split('.')
  const magnitude = BigInt(whole + decimals.padEnd(exponentOf(currency), '0').slice(0, exponentOf(currency)))
  return text.startsWith('-') ? -magnitude : magnitude
}

/** True where `rounded × den` is `num` to within half of `den`, halves away from zero: rounding checked without dividing. */
export function isRounded(rounded: bigint, num: bigint, den: bigint): boolean {
  const [n, r] = num < 0n ? [-num, -rounded] : [num, rounded]
  const twice = 2n * n - 2n * r * den
  return twice < den && twice >= -den
}

function checkTotals(invoice: store.InvoiceRow, lines: readonly Line[], report: Report): void {
  const { content } = invoice
  const of = (text: string) => units(text, content.currency)
  const net = lines.reduce((sum, line) => sum + of(line.net), 0n)
  if (net !== of(content.totals.net)) report('totals', invoice.number, 'The lines do not add up to the subtotal.')
  let tax = 0n
  for (const row of content.taxes) {
    const base = lines
      .filter((line) => line.tax_category === row.category && line.tax_rate === row.rate)
      .reduce((sum, line) => sum + of(line.net), 0n)
    const [whole = '0', decimals = ''] = row.rate.split('.')
    if (
      base !== of(row.base) ||
      !isRounded(of(row.tax), base * BigInt(whole + decimals), 100n * 10n ** BigInt(decimals.length))
    )
      report('tax', invoice.number, `Tax category ${row.category} at ${row.rate} % does not follow from its base.`)
    tax += of(row.tax)
  }
  if (tax !== of(content.totals.tax) || net + tax !== of(content.totals.total))
    report('totals', invoice.number, 'Subtotal and tax do not add up to the total.')
}

/** Σ quantity × price against the net, over one common denominator. */
function checkArithmetic(number: string, line: Line, report: Report): void {
  const [whole = '0', decimals = ''] = line.price.amount.split('.')
  const price = BigInt(whole + decimals)
  const quantity = line.segments.reduce((sum, segment) => sum + BigInt(segment.quantity), 0n)
  const num = quantity * price * 10n ** BigInt(exponentOf(line.currency))
  const den = BigInt(line.divisor) * 10n ** BigInt(decimals.length)
  const subject = `${number}/${line.id}`
  if (quantity !== BigInt(line.quantity)) report('quantity', subject, 'The segments do not add up to the quantity.')
  if (!isRounded(units(line.net, line.currency), num, den))
    report('net', subject, `quantity × price ÷ divisor is not ${line.net} ${line.currency}.`)
}

/** Follows a line to the rows it was made from; returns how many readings were compared. */
async function checkLeaves(
  ctx: Context,
  invoice: store.InvoiceRow,
  line: Line,
  measured: Measuring,
  report: Report,
): Promise<number> {
  const subject = `${invoice.number}/${line.id}`
  await checkPrice(ctx, line, subject, report)
  const owners = new Map(
    (
      await store.assignmentsById(
        ctx,
        line.segments.map((s) => s.assignment_id),
      )
    ).map((row) => [row.id, row]),
  )
  for (const segment of line.segments)
    checkOwner(invoice, line, segment, owners.get(segment.assignment_id), subject, report)
  await checkCovers(ctx, invoice, line, subject, report)
  if (meterOf(line.meter).kind === 'consumption') return checkConsumption(ctx, invoice, line, subject, measured, report)
  await checkVersions(ctx, line, owners, subject, report)
  return 0
}

async function checkPrice(ctx: Context, line: Line, subject: string, report: Report): Promise<void> {
  const [row] = await store.pricesById(ctx, [line.price.id])
  if (!row) report('price', subject, 'The price version it was charged at is gone.')
  else if (
    row.amount !== line.price.amount ||
    row.model !== line.price.model ||
    row.per !== line.price.per ||
    row.unit !== line.price.unit ||
    (line.price.gap_policy !== undefined && row.gap_policy !== line.price.gap_policy)
  )
    report(
      'price',
      subject,
      `The price version says ${row.amount} per ${row.unit}, the line was charged at ${line.price.amount} per ${line.price.unit}.`,
    )
}

type Owner = Awaited<ReturnType<typeof store.assignmentsById>>[number]
function checkOwner(
  invoice: store.InvoiceRow,
  line: Line,
  segment: Segment,
  owner: Owner | undefined,
  subject: string,
  report: Report,
): void {
  const inside =
    owner &&
    (owner.from === null || Number(owner.from) <= fromIso(segment.from)) &&
    (owner.to === null || Number(owner.to) >= fromIso(segment.to))
  if (!owner || owner.account_id !== invoice.account_id || owner.resource_id !== line.resource.id || !inside)
    report('owner', subject, `The owner version of ${segment.from} does not give this stretch to the account.`)
}

/** Nothing is billed for which another eye on the machine was billed, as far as the invoice's cut knew. */
async function checkCovers(
  ctx: Context,
  invoice: store.InvoiceRow,
  line: Line,
  subject: string,
  report: Report,
): Promise<void> {
  const period = { from: invoice.period_from, to: invoice.period_to }
  for (const cover of await coveredIn(ctx, line.resource.id, period, invoice.cut))
    for (const { from, to } of line.segments)
      if (intersect(cover, { from: fromIso(from), to: fromIso(to) }))
        report('covered', subject, `From ${from} on another eye on the same machine was billed.`)
}

async function checkVersions(
  ctx: Context,
  line: Line,
  owners: ReadonlyMap<string, Owner>,
  subject: string,
  report: Report,
): Promise<void> {
  const versions = new Map(
    (
      await store.versionsById(
        ctx,
        line.segments.flatMap((s) => s.observed_version_id ?? []),
      )
    ).map((row) => [row.id, row]),
  )
  for (const segment of line.segments) {
    const [version, owner] = [versions.get(segment.observed_version_id ?? ''), owners.get(segment.assignment_id)]
    if (!version || !owner) {
      report('version', subject, `The observed version of ${segment.from} is gone.`)
      continue
    }
    const bounds = (row: { from: string | null; to: string | null }) => ({
      from: row.from === null ? null : Number(row.from),
      to: row.to === null ? null : Number(row.to),
    })
    const digest = allocationDigest({ ...owner, ...bounds(owner) }, { ...version, ...bounds(version), scope_id: '' })
    const held = BigInt(segment.size ?? '0') * BigInt(fromIso(segment.to) - fromIso(segment.from))
    const whole = line.price.model === 'flat' ? BigInt(fromIso(segment.to) - fromIso(segment.from)) : held
    const expected = segment.skipped ? 0n : whole
    if (digest !== segment.digest || expected.toString() !== segment.quantity)
      report('version', subject, `The observed or assigned version of ${segment.from} is not the one that was billed.`)
  }
}

/** An invoice is checked by the rules under which it was issued. */
const engineOf = ({ content }: store.InvoiceRow): Engine => (content.engine_version === 1 ? 1 : 2)

async function checkConsumption(
  ctx: Context,
  invoice: store.InvoiceRow,
  line: Line,
  subject: string,
  measured: Measuring,
  report: Report,
): Promise<number> {
  const stretches = line.segments.map((segment) => ({ from: fromIso(segment.from), to: fromIso(segment.to) }))
  const wanted = [{ resource_id: line.resource.id, intervals: stretches }]
  const [usage] = await usageOf(ctx, wanted, invoice.cut, engineOf(invoice))
  let readings = 0
  for (const [index, segment] of line.segments.entries()) {
    const leaves: UsageLeaf[] = usage?.get(sure(stretches[index]))?.get(line.meter) ?? []
    const unseen = line.price.gap_policy === 'skip' ? leaves.flatMap((leaf) => leaf.gaps) : []
    const quantity =
      leaves.reduce((sum, leaf) => sum + leaf.quantity, 0n) -
      unseen.reduce((sum, gap) => sum + (gap.quantity ?? 0n), 0n)
    if (quantity.toString() !== segment.quantity || consumptionDigest(leaves) !== segment.digest)
      report('usage', subject, `The hours of usage from ${segment.from} are not those that were billed.`)
    readings += checkReadings(line, await measured(line.resource.id, sure(stretches[index])), subject, report)
  }
  return readings
}

interface Hours {
  stored: UsageRow[]
  fromReadings: Remeasured
}
type Measuring = (resource_id: string, stretch: Interval) => Promise<Hours>

/** Hours of usage as stored and as their readings give them. Lines of one resource follow each other: each stretch is read once. */
function measuring(ctx: Context, cut: number): Measuring {
  let [current, known] = ['', new Map<string, Hours>()]
  return async (resource_id, { from, to }) => {
    if (resource_id !== current) [current, known] = [resource_id, new Map()]
    const whole = { from: hourOf(from), to: hourOf(to - 1) + HOUR_MS }
    const key = `${whole.from}/${whole.to}`
    const hours = known.get(key) ?? {
      stored: await usageRows(ctx, resource_id, whole, cut),
      fromReadings: await remeasure(ctx, resource_id, whole, cut),
    }
    known.set(key, hours)
    return hours
  }
}

/** Stored hours against what their readings give, hour by hour; returns how many readings were compared. */
function checkReadings(line: Line, { stored, fromReadings }: Hours, subject: string, report: Report): number {
  const own = <T extends HourUsage>(list: readonly T[]) =>
    new Map(list.filter((r) => r.meter === line.meter).map((r) => [r.hour, r]))
  const [kept, measured] = [own(stored), own(fromReadings.hours)]
  for (const hour of new Set([...kept.keys(), ...measured.keys()])) {
    const [a, b] = [kept.get(hour), measured.get(hour)]
    const equal = (a?.quantity ?? 0n) === (b?.quantity ?? 0n) && (!a || !b || fromReadings.proves(a))
    if (!equal)
      report('readings', subject, `The readings of ${iso(hour)} do not give the usage that is stored for that hour.`)
  }
  return [...measured.values()].reduce((sum, row) => sum + row.reading_count, 0)
}
