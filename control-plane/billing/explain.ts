/** Opens a line to its leaves: segments, versions, owners, hours of usage, and the readings that bound them. */
import { parseFraction, toDecimal } from '../base/exact.ts'
import { permit } from '../base/actor.ts'
import { Problem, sure } from '../base/problem.ts'
import { fromIso, iso, type OpenInterval } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { meterOf } from '../metering/contract.ts'
import { isOwn, usageOf } from '../metering/index.ts'
import type { Line } from '../rating/contract.ts'
import type { DocumentLine, Draft, Explanation } from './contract.ts'
import type { z } from 'zod'
import { draft } from './draft.ts'
import { requireInvoice } from './issued.ts'
import { ratedLines } from './notes/rules.ts'
import { assignmentsById, lineOfInvoice, versionsById } from './store.ts'

type Explained = z.infer<typeof Explanation>

export async function explainInvoiceLine(ctx: Context, invoice_id: string, line_id: string): Promise<Explained> {
  permit(ctx, 'billing.read')
  const invoice = await requireInvoice(ctx, invoice_id)
  const line = required((await lineOfInvoice(ctx, invoice_id, line_id))?.content, line_id)
  return explained(ctx, line, invoice.content.taxes, invoice.cut)
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
  return explained(ctx, line, made.taxes, made.cut)
}

/** On which host a machine ran is told to those who look after the hosts, and so are readings from another owner's time. */
async function explained(ctx: Context, line: DocumentLine, taxes: Draft['taxes'], cut: number): Promise<Explained> {
  const isStaff = ctx.actor.account_id === null
  return await ctx.program(async (program) => {
    const whole = await explain(program, line, taxes, cut)
    if (isStaff) return whole
    const held = await heldBy(program, line)
    const own = (hour: Hours[number]) => ({ ...hour, bounds: hour.bounds.filter((bound) => isOwn(held, bound)) })
    return {
      ...whole,
      segments: whole.segments.map((segment) => ({ ...segment, host_name: null, hours: segment.hours.map(own) })),
    }
  })
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
  return { line, tax, segments }
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
      assignment_id: segment.assignment_id,
      observed_version_id: segment.observed_version_id,
      unobserved_ms: segment.unobserved_ms,
      estimated: segment.estimated,
      skipped: segment.skipped ?? false,
      hours: hours[index] ?? [],
    }
  })
}

type Hours = Explained['segments'][number]['hours']
/** The leaves of each segment of a consumption line; none for allocation, whose leaf is the version. */
async function leavesOf(ctx: Context, line: Line, cut: number): Promise<Hours[]> {
  if (meterOf(line.meter).kind === 'allocation') return []
  const stretches = line.segments.map((segment) => ({ from: fromIso(segment.from), to: fromIso(segment.to) }))
  const [usage] = await usageOf(ctx, [{ resource_id: line.resource.id, intervals: stretches }], cut, { bounds: true })
  const reading = (r: { at_ms: number; value: string; spool: string; sequence: number }) => ({
    at: iso(r.at_ms),
    value: r.value,
    spool: r.spool,
    sequence: r.sequence,
  })
  return stretches.map((stretch) =>
    (usage?.get(stretch)?.get(line.meter) ?? []).map((leaf) => ({
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
