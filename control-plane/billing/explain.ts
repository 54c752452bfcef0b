/** Opens a line to its leaves: segments, versions, owners, hours of usage, and the readings that bound them. */
import { parseFraction, toDecimal } from '../base/exact.ts'
import { permit } from '../base/actor.ts'
import { booksOfVersions, priceBooks } from '../catalog/index.ts'
import { getCharge } from '../charges/index.ts'
import { Problem, sure } from '../base/problem.ts'
import { fromIso, intersect, iso, type OpenInterval } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { hourMetersOf, meterOf } from '../metering/contract.ts'
import { isOwn, usageOf } from '../metering/index.ts'
import { serviceHistory } from '../contracts/index.ts'
import { resourceIdOf } from '../rating/rules.ts'
import type { Line } from '../rating/contract.ts'
import { mergedVersions } from '../rating/index.ts'
import type { DocumentLine, Draft, Explanation } from './contract.ts'
import type { z } from 'zod'
import { draft } from './draft.ts'
import { requireInvoice } from './issued.ts'
import { ratedLines, standingLines } from './notes/rules.ts'
import { notesOn } from './notes/store.ts'
import { assignmentsById, type InvoiceRow, lineOfInvoice, linesOfInvoice, versionsById } from './store.ts'

type Explained = z.infer<typeof Explanation>

export async function explainInvoiceLine(ctx: Context, invoice_id: string, line_id: string): Promise<Explained> {
  permit(ctx, 'billing.read')
  const invoice = await requireInvoice(ctx, invoice_id)
  const line = required((await lineOfInvoice(ctx, invoice_id, line_id))?.content, line_id)
  return explained(ctx, line, await linesBeside(ctx, invoice, line), invoice.content.taxes, invoice.cut)
}

/** All lines that a percentage may be taken of: of a note those of the documents before it, too. */
async function linesBeside(ctx: Context, { id, corrects_id }: InvoiceRow, line: DocumentLine): Promise<Line[]> {
  if (standingLines([line]).every(({ percentage_of }) => percentage_of === undefined)) return []
  const ids = corrects_id === null ? [id] : [corrects_id, ...(await notesOn(ctx, corrects_id)).map((note) => note.id)]
  const lines: Line[] = []
  for (const one of ids) lines.push(...standingLines((await linesOfInvoice(ctx, one)).map((row) => row.content)))
  return lines
}

export async function explainDraftLine(
  ctx: Context,
  account_id: string,
  line_id: string,
  as_of: number | null,
): Promise<Explained> {
  const made = await draft(ctx, { account_id, as_of })
  const line = required(
    made.lines.find(({ id }) => id === line_id),
    line_id,
  )
  return explained(ctx, line, made.lines, made.taxes, made.cut)
}

/** On which host a machine ran is told to those who look after the hosts, and so are readings from another owner's time. */
async function explained(
  ctx: Context,
  line: DocumentLine,
  beside: readonly Line[],
  taxes: Draft['taxes'],
  cut: number,
): Promise<Explained> {
  const isStaff = ctx.actor.account_id === null
  return await ctx.program(async (program) => {
    const whole = { ...(await explain(program, line, taxes, cut)), ...baseOf(line, beside) }
    if (isStaff) return { ...whole, price_book: ctx.actor.permissions.has('catalog.read') ? whole.price_book : null }
    const held = await heldBy(program, line)
    const own = (hour: Hours[number]) => ({ ...hour, bounds: hour.bounds.filter((bound) => isOwn(held, bound)) })
    return {
      ...whole,
      // why they charge it is theirs who do, and so is from which book
      charge: null,
      price_book: null,
      segments: whole.segments.map((segment) => ({ ...segment, host_name: null, hours: segment.hours.map(own) })),
    }
  })
}

/** How the lines are called of which it is a percentage; nothing of other lines. */
function baseOf(line: DocumentLine, beside: readonly Line[]): Pick<Explained, 'base'> {
  const bases = standingLines([line]).flatMap(({ percentage_of }) => percentage_of ?? [])
  if (bases.length === 0) return {}
  const known = new Map(beside.map((one) => [one.id, one]))
  const ids = new Set(bases.flatMap(({ lines }) => lines.map(({ line_id }) => line_id)))
  const named = [...ids].flatMap((id) => known.get(id) ?? [])
  return {
    base: named.map(({ id, resource, for_account, plan, component, meter }) => ({
      id,
      resource,
      ...(for_account && { for_account }),
      ...(plan && { plan }),
      component,
      ...(meter && { meter }),
    })),
  }
}

/** For how long the machine of a line was its buyer's, as the line knows it. */
async function heldBy(ctx: Context, line: DocumentLine): Promise<OpenInterval[]> {
  const ids = new Set(ratedLines([line]).flatMap((rated) => rated.segments.map((segment) => segment.assignment_id)))
  const instant = (text: string | null) => (text === null ? null : Number.parseInt(text, 10))
  return (await assignmentsById(ctx, [...ids])).map(({ from, to }) => ({ from: instant(from), to: instant(to) }))
}

function required(line: DocumentLine | undefined, line_id: string): DocumentLine {
  if (!line) throw new Problem('not_found', `There is no line ${line_id} here.`)
  return line
}

/** Behind a note's line lies what is due by it: its segments are those of the lines beneath it. */
async function explain(ctx: Context, line: DocumentLine, taxes: Draft['taxes'], cut: number): Promise<Explained> {
  const tax = sure(taxes.find((row) => row.category === line.tax_category && row.rate === line.tax_rate))
  const segments: Explained['segments'] = []
  for (const rated of ratedLines([line])) segments.push(...(await segmentsOf(ctx, rated, cut)))
  const charge = line.one_off ? await getCharge(ctx, line.resource.id) : null
  return { line, price_book: line.one_off ? null : await bookOf(ctx, line), tax, segments, charge }
}

/** The price book in which a line's price stands. */
async function bookOf(ctx: Context, { price }: DocumentLine): Promise<Explained['price_book']> {
  const book_id = (await booksOfVersions(ctx, [price.id])).get(price.id)
  const [book] = book_id === undefined ? [] : await priceBooks(ctx, [book_id])
  return book ? { id: book.id, name: book.name } : null
}

async function segmentsOf(ctx: Context, line: Line, cut: number): Promise<Explained['segments']> {
  const versions = new Map(
    (
      await versionsById(
        ctx,
        line.segments.flatMap((s) => s.observed_version_id ?? []),
      )
    ).map((row) => [row.id, row]),
  )
  const owners = new Map(
    (
      await assignmentsById(
        ctx,
        line.segments.map((s) => s.assignment_id),
      )
    ).map((row) => [row.id, row]),
  )
  const hours = await leavesOf(ctx, line, cut)
  const subscribed = await subscribedIn(ctx, line, cut)
  return line.segments.map((segment, index) => {
    const version = segment.observed_version_id ? versions.get(segment.observed_version_id) : undefined
    return {
      from: segment.from,
      to: segment.to,
      size: segment.size,
      quantity: segment.quantity,
      amount: toDecimal(parseFraction(segment.amount), 12),
      state: version?.state ?? null,
      host_name: version?.host_name ?? null,
      owner: owners.get(segment.assignment_id)?.account_name ?? '',
      ...subscribed(segment),
      trial: segment.trial ?? false,
      assignment_id: segment.assignment_id,
      resource: segment.resource ?? null,
      observed_version_id: segment.observed_version_id,
      unobserved_ms: segment.unobserved_ms,
      estimated: segment.estimated,
      skipped: segment.skipped ?? false,
      ...(segment.index_value !== undefined && { index_value: segment.index_value }),
      ...(segment.unit_amount !== undefined && { unit_amount: segment.unit_amount }),
      hours: hours[index] ?? [],
    }
  })
}

/** What was subscribed in a segment, where a plan's price is charged. */
async function subscribedIn(ctx: Context, { service_id, plan }: Line, cut: number) {
  if (!plan) return () => ({})
  const { versions } = await serviceHistory(ctx, [service_id], cut)
  const merged = mergedVersions(versions)
  return ({ from }: Line['segments'][number]): { service?: Explained['segments'][number]['service'] } => {
    const version = merged.find((one) => intersect(one, { from: fromIso(from), to: fromIso(from) + 1 }))
    if (!version) return {}
    const { id: version_id, quantity, prices_as_of } = version
    const asOf = prices_as_of === null ? null : iso(prices_as_of)
    const span = { from: iso(version.from), to: version.to === null ? null : iso(version.to) }
    return { service: { version_id, plan, quantity, prices_as_of: asOf, ...span } }
  }
}

type Hours = Explained['segments'][number]['hours']
/** The leaves of each segment of a consumption or percentile line; none for allocation, whose leaf is the version. */
async function leavesOf(ctx: Context, line: Line, cut: number): Promise<Hours[]> {
  const { meter, resource } = line
  if (meter === undefined || resource.kind === 'service' || meterOf(meter).kind === 'allocation') return []
  const stretches = line.segments.map((segment) => ({
    resource_id: resourceIdOf(line, segment),
    from: fromIso(segment.from),
    to: fromIso(segment.to),
  }))
  const asked = [...Map.groupBy(stretches, (one) => one.resource_id)].map(([resource_id, intervals]) => ({
    resource_id,
    intervals,
  }))
  const usage = await usageOf(ctx, asked, cut, { bounds: true })
  const usedIn = new Map(asked.flatMap(({ intervals }, index) => intervals.map((one) => [one, usage[index]?.get(one)])))
  const reading = (r: { at_ms: number; value: string; spool: string; sequence: number }) => ({
    at: iso(r.at_ms),
    value: r.value,
    spool: r.spool,
    sequence: r.sequence,
  })
  const own = hourMetersOf(meter)
  const leavesIn = (stretch: (typeof stretches)[number]) =>
    own
      .flatMap((meter) => (usedIn.get(stretch)?.get(meter) ?? []).map((leaf) => ({ ...leaf, meter })))
      .toSorted((a, b) => a.from - b.from)
  return stretches.map((stretch) =>
    leavesIn(stretch).map((leaf) => ({
      ...(own.length > 1 && { meter: leaf.meter }),
      from: iso(leaf.from),
      to: iso(leaf.to),
      quantity: leaf.quantity.toString(),
      reading_count: leaf.reading_count,
      digest: leaf.digest,
      bounds: leaf.bounds.map((bound) => ({
        device: bound.device,
        epoch: bound.epoch,
        first: reading(bound.first),
        last: reading(bound.last),
      })),
    })),
  )
}
