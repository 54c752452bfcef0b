/** The lines of an issued invoice, checked by other arithmetic than the engine's and followed down to the readings. */
import { canonical } from '#connectors/contract.ts'
import { isResoldBy } from '../accounts/index.ts'
import { exponentOf } from '../base/money.ts'
import { sure } from '../base/problem.ts'
import { fromIso, HOUR_MS, hourOf, type Interval, intersect, iso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { coveredIn, holdings } from '../inventory/index.ts'
import { hourMetersOf, meterOf } from '../metering/contract.ts'
import { type HourUsage, remeasure, usageOf } from '../metering/index.ts'
import type { Engine } from '../metering/rules.ts'
import type { Line, Segment } from '../rating/contract.ts'
import { allocationDigest, consumptionDigest, resourceIdOf } from '../rating/rules.ts'
import { pricedAmount } from './adjust.ts'
import * as store from './store.ts'
import { checkBooks } from './verify-books.ts'
import { checkCharge, checkShare } from './verify-charge.ts'
import { checkHeld } from './verify-held.ts'
import { checkByIndex, checkIndexes } from './verify-indexed.ts'
import { checkPercentile } from './verify-percentile.ts'
import { checkServices, isService, plannedIn, subscribed } from './verify-services.ts'
import { isRounded, type Report, units } from './verify-sums.ts'

/** Checks each line of an invoice; returns how many readings were compared. */
export async function checkLines(
  ctx: Context,
  invoice: store.InvoiceRow,
  lines: readonly Line[],
  report: Report,
): Promise<number> {
  let readings = 0
  await checkServices(ctx, invoice, lines, report)
  await checkBooks(ctx, invoice, lines, report)
  await checkCustomers(ctx, invoice, lines, report)
  await checkIndexes(ctx, lines, invoice.cut, invoice.number, report)
  for (const batch of batchesOf(lines)) {
    const facts = await factsOf(ctx, invoice, batch)
    for (const line of batch) {
      const subject = `${invoice.number}/${line.id}`
      checkArithmetic(line, invoice.content.zone, subject, report)
      if (line.charge)
        checkShare(line, line.charge, await heldOf(ctx, invoice, line, facts), invoice.content.zone, subject, report)
      readings += checkLeaves(invoice, line, facts, subject, report)
      await checkPercentile(ctx, line, invoice.cut, subject, report)
      await checkHeld(ctx, line, invoice.cut, subject, report)
    }
  }
  return readings
}

/** Everybody for whom a reseller is charged buys through him, asked from the customer's side. */
async function checkCustomers(ctx: Context, invoice: store.InvoiceRow, lines: readonly Line[], report: Report) {
  const named = lines.flatMap((line) => [line, ...line.segments].flatMap((one) => one.for_account ?? []))
  for (const [id, name] of new Map(named.map((one) => [one.id, one.name])))
    if (!(await isResoldBy(ctx, id, invoice.account_id)))
      report('customer', invoice.number, `${name}, for whom it charges, does not buy through this account.`)
}

/** The facts of so many lines are held at once; those of one resource follow each other and stay together. */
const BATCH = { lines: 200, ms: 93 * 24 * HOUR_MS } as const

function* batchesOf(lines: readonly Line[]): Iterable<Line[]> {
  let [batch, ms]: [Line[], number] = [[], 0]
  for (const [, own] of Map.groupBy(lines, (line) => line.resource.id)) {
    const own_ms = windowsOf(own).reduce((sum, { from, to }) => sum + to - from, 0)
    if (batch.length > 0 && (batch.length + own.length > BATCH.lines || ms + own_ms > BATCH.ms)) {
      yield batch
      ;[batch, ms] = [[], 0]
    }
    batch.push(...own)
    ms += own_ms
  }
  if (batch.length > 0) yield batch
}

/** Everything that lies beneath some lines, as the invoice's cut knew it. */
type Facts = Awaited<ReturnType<typeof factsOf>>
async function factsOf(
  ctx: Context,
  { account_id, cut, content, period_from, period_to }: store.InvoiceRow,
  lines: readonly Line[],
) {
  const segments = lines.flatMap((line) => line.segments)
  const resources = [...new Set(lines.flatMap((line) => line.segments.map((segment) => resourceIdOf(line, segment))))]
  const byId = async <T extends { id: string }>(list: Promise<T[]>) => new Map((await list).map((row) => [row.id, row]))
  const covers = await coveredIn(ctx, resources, { from: period_from, to: period_to }, cut)
  const consumed = lines.filter(isConsumption)
  const stretches = new Map(consumed.flatMap(stretchesOf).map((one) => [keyOf(one), one]))
  const wanted = [...Map.groupBy(stretches.values(), (one) => one.resource_id)].map(([resource_id, intervals]) => ({
    resource_id,
    intervals,
  }))
  const usage = await usageOf(ctx, wanted, cut, { engine: engineOf(content) })
  const isShared = lines.some((line) => line.charge)
  const within = { from: period_from, to: period_to }
  const windows = windowsOf(consumed)
  const hours = await remeasure(ctx, windows, cut)
  return {
    prices: await byId(store.pricesById(ctx, [...new Set(lines.map((line) => line.price.id))])),
    owners: await byId(store.assignmentsById(ctx, [...new Set(segments.map((s) => s.assignment_id))])),
    versions: await byId(store.versionsById(ctx, [...new Set(segments.flatMap((s) => s.observed_version_id ?? []))])),
    held: isShared ? await holdings(ctx, account_id, within, cut) : { names: [], owned: [], observed: [] },
    covers: Map.groupBy(covers, (cover) => cover.resource_id),
    usage: new Map(
      wanted.flatMap(({ intervals }, index) => intervals.map((one) => [keyOf(one), usage[index]?.get(one)] as const)),
    ),
    hours: new Map(windows.map((window, index) => [keyOf(window), sure(hours[index])])),
  }
}

/** What says for how long a line's resources were there, and the account's at its price. */
const heldOf = async (ctx: Context, invoice: store.InvoiceRow, line: Line, { held }: Facts) =>
  isService(line)
    ? subscribed(ctx, invoice, line)
    : line.resource.kind === 'pool'
      ? { ...held, planned: await plannedIn(ctx, invoice, line) }
      : { ...held, owned: held.owned.filter((row) => row.account_id === userOf(invoice, line)) }

/** Who used what is charged: the buyer, or a customer of his; of a line for all together each segment says who. */
const userOf = (invoice: store.InvoiceRow, line: Line, segment?: Segment): string =>
  (line.resource.kind === 'pool' ? segment?.for_account : line.for_account)?.id ?? invoice.account_id

interface Stretch extends Interval {
  resource_id: string
}
const keyOf = ({ resource_id, from, to }: Stretch): string => `${resource_id}/${from}/${to}`
/** Made of hours of usage, and those of readings. */
const isConsumption = (line: Line): boolean =>
  line.meter !== undefined && meterOf(line.meter).kind !== 'allocation' && !isService(line)
const stretchOf = (line: Line, segment: Segment): Stretch => ({
  resource_id: resourceIdOf(line, segment),
  from: fromIso(segment.from),
  to: fromIso(segment.to),
})
const stretchesOf = (line: Line): Stretch[] => line.segments.map((segment) => stretchOf(line, segment))
/** The hours that a stretch touches. */
const windowOf = ({ resource_id, from, to }: Stretch): Stretch => ({
  resource_id,
  from: hourOf(from),
  to: hourOf(to - 1) + HOUR_MS,
})
const windowsOf = (lines: readonly Line[]): Stretch[] => [
  ...new Map(
    lines
      .filter(isConsumption)
      .flatMap(stretchesOf)
      .map(windowOf)
      .map((one) => [keyOf(one), one]),
  ).values(),
]

/** An invoice is checked by the rules under which it was issued. */
const engineOf = ({ engine_version }: store.InvoiceRow['content']): Engine => (engine_version === 1 ? 1 : 2)

/** Σ quantity × price against the net, over one common denominator. */
function checkArithmetic(line: Line, zone: string, subject: string, report: Report): void {
  const [whole = '0', decimals = ''] = line.price.amount.split('.')
  const price = BigInt(whole + decimals)
  const quantity = line.segments.reduce((sum, segment) => sum + BigInt(segment.quantity), 0n)
  const num = quantity * price * 10n ** BigInt(exponentOf(line.currency))
  const den = BigInt(line.divisor) * 10n ** BigInt(decimals.length)
  if (quantity !== BigInt(line.quantity)) report('quantity', subject, 'The segments do not add up to the quantity.')
  if (line.charge) return checkCharge(line, line.charge, zone, subject, report)
  if (line.price.model === 'dynamic') return checkByIndex(line, subject, report)
  const amount = pricedAmount(line)
  if (!isRounded(units(amount, line.currency), num, den))
    report('net', subject, `quantity × price ÷ divisor is not ${amount} ${line.currency}.`)
}

/** Follows a line to the rows it was made from; returns how many readings were compared. */
function checkLeaves(invoice: store.InvoiceRow, line: Line, facts: Facts, subject: string, report: Report): number {
  checkPrice(line, facts, subject, report)
  // what was subscribed has no owner and no readings: `verify-services.ts` follows it
  if (isService(line)) return 0
  for (const segment of line.segments) checkOwner(invoice, line, segment, facts, subject, report)
  checkCovers(line, facts, subject, report)
  if (isConsumption(line)) return checkConsumption(line, facts, subject, report)
  checkVersions(line, facts, subject, report)
  return 0
}

function checkPrice(line: Line, { prices }: Facts, subject: string, report: Report): void {
  const row = prices.get(line.price.id)
  if (!row) report('price', subject, 'The price version it was charged at is gone.')
  else if (
    row.amount !== line.price.amount ||
    row.model !== line.price.model ||
    row.per !== line.price.per ||
    row.unit !== line.price.unit ||
    canonical(row.terms ?? null) !== canonical(line.price.terms ?? null) ||
    row.tax_inclusive !== (line.gross_inclusive !== undefined) ||
    (line.price.gap_policy !== undefined && row.gap_policy !== line.price.gap_policy)
  )
    report(
      'price',
      subject,
      `The price version says ${row.amount} per ${row.unit}${row.terms ? ' with terms' : ''}, the line was charged at ${line.price.amount} per ${line.price.unit}${line.price.terms ? ' with terms' : ''}.`,
    )
}

function checkOwner(
  invoice: store.InvoiceRow,
  line: Line,
  segment: Segment,
  { owners }: Facts,
  subject: string,
  report: Report,
): void {
  const owner = owners.get(segment.assignment_id)
  const inside =
    owner &&
    (owner.from === null || Number(owner.from) <= fromIso(segment.from)) &&
    (owner.to === null || Number(owner.to) >= fromIso(segment.to))
  if (
    !owner ||
    owner.account_id !== userOf(invoice, line, segment) ||
    owner.resource_id !== resourceIdOf(line, segment) ||
    !inside
  )
    report('owner', subject, `The owner version of ${segment.from} does not give this stretch to the account.`)
}

/** Nothing is billed for which another eye on the machine was billed, as far as the invoice's cut knew. */
function checkCovers(line: Line, { covers }: Facts, subject: string, report: Report): void {
  for (const segment of line.segments)
    for (const cover of covers.get(resourceIdOf(line, segment)) ?? [])
      if (intersect(cover, { from: fromIso(segment.from), to: fromIso(segment.to) }))
        report('covered', subject, `From ${segment.from} on another eye on the same machine was billed.`)
}

function checkVersions(line: Line, { versions, owners }: Facts, subject: string, report: Report): void {
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
    const expected = segment.skipped || segment.trial ? 0n : whole
    if (digest !== segment.digest || expected.toString() !== segment.quantity)
      report('version', subject, `The observed or assigned version of ${segment.from} is not the one that was billed.`)
  }
}

function checkConsumption(line: Line, { usage, hours }: Facts, subject: string, report: Report): number {
  let readings = 0
  for (const segment of line.segments) {
    const stretch = stretchOf(line, segment)
    const own = usage.get(keyOf(stretch))
    const leaves = hourMetersOf(sure(line.meter)).flatMap((meter) => own?.get(meter) ?? [])
    const unseen = line.price.gap_policy === 'skip' ? leaves.flatMap((leaf) => leaf.gaps) : []
    const summed =
      leaves.reduce((sum, leaf) => sum + leaf.quantity, 0n) -
      unseen.reduce((sum, gap) => sum + (gap.quantity ?? 0n), 0n)
    // a percentile is no sum: it is counted again by itself
    const quantity = line.percentile ? BigInt(segment.quantity) : segment.trial ? 0n : summed
    if (quantity.toString() !== segment.quantity || consumptionDigest(leaves) !== segment.digest)
      report('usage', subject, `The hours of usage from ${segment.from} are not those that were billed.`)
    readings += checkReadings(line, sure(hours.get(keyOf(windowOf(stretch)))), subject, report)
  }
  return readings
}

type Hours = Awaited<ReturnType<typeof remeasure>>[number]
/** Stored hours against what their readings give, hour by hour; returns how many readings were compared. */
function checkReadings(line: Line, { stored, fromReadings }: Hours, subject: string, report: Report): number {
  const meters = hourMetersOf(sure(line.meter))
  const own = <T extends HourUsage>(list: readonly T[]) =>
    new Map(list.filter((r) => meters.includes(r.meter)).map((r) => [`${r.hour} ${r.meter}`, r]))
  const [kept, measured] = [own(stored), own(fromReadings.hours)]
  for (const key of new Set([...kept.keys(), ...measured.keys()])) {
    const [a, b] = [kept.get(key), measured.get(key)]
    const equal = (a?.quantity ?? 0n) === (b?.quantity ?? 0n) && (!a || !b || fromReadings.proves(a))
    if (!equal)
      report(
        'readings',
        subject,
        `The readings of ${iso(parseInt(key, 10))} do not give the usage that is stored for that hour.`,
      )
  }
  return [...measured.values()].reduce((sum, row) => sum + row.reading_count, 0)
}
