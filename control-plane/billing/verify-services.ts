/** Lines of services and of what fulfils them, followed to the rows that say what was subscribed, by sums of milliseconds. */
import { canonical, sha256 } from '#connectors/contract.ts'
import { sure } from '../base/problem.ts'
import { fromIso, iso } from '../base/time.ts'
import { plansById, pricesAt } from '../catalog/index.ts'
import type { Attachment, ServiceTerms } from '../contracts/contract.ts'
import { serviceHistory, servicesIn } from '../contracts/index.ts'
import type { Context } from '../db/index.ts'
import { meterOf } from '../metering/contract.ts'
import type { Line, Segment } from '../rating/contract.ts'
import { consumptionDigest, resourceIdOf } from '../rating/rules.ts'
import { bookOfPrices, type InvoiceRow } from './store.ts'
import type { Report } from './verify-sums.ts'

export const isService = (line: Line): boolean => line.resource.kind === 'service'

interface Known {
  versions: readonly ServiceTerms[]
  attachments: readonly Attachment[]
  /** the plan of each price book */
  planOf: ReadonlyMap<string, string>
}

/** Every line under a plan: what was subscribed then, by whom, at whose price; and nothing charged twice. */
export async function checkServices(ctx: Context, invoice: InvoiceRow, lines: readonly Line[], report: Report) {
  const planned = lines.filter((line) => line.plan !== undefined)
  if (planned.length === 0) return
  const known = await knownOf(ctx, invoice, planned)
  for (const line of planned) {
    const subject = `${invoice.number}/${line.id}`
    if (known.planOf.get(line.price.id) !== line.plan?.id)
      report('plan', subject, `Its price is not one of the plan ${line.plan?.name.en}.`)
    for (const segment of line.segments) checkSegment(invoice, line, segment, known, subject, report)
    for (const time of line.price.times ?? []) checkTime(line, time, known, subject, report)
  }
  checkOnce(invoice, lines, report)
}

async function knownOf(ctx: Context, { cut }: InvoiceRow, lines: readonly Line[]): Promise<Known> {
  const history = await serviceHistory(ctx, [...new Set(lines.map((line) => line.service_id))], cut)
  const books = await bookOfPrices(ctx, [...new Set(lines.map((line) => line.price.id))])
  const plans = await plansById(ctx, new Set(lines.flatMap((line) => line.plan?.id ?? [])))
  const planIn = new Map([...plans.values()].map((plan) => [plan.price_book_id, plan.id]))
  return { ...history, planOf: new Map(books.map((row) => [row.id, planIn.get(row.price_book_id) ?? ''])) }
}

/** How much of a stretch some rows cover; those of one kind don't overlap. */
const coveredMs = (rows: readonly { from: number; to: number | null }[], from: number, to: number): number =>
  rows.reduce((sum, row) => sum + Math.max(0, Math.min(to, row.to ?? to) - Math.max(from, row.from)), 0)

/** What the rows give to a line at its plan: the versions themselves, or their parts in which the resource fulfilled them. */
function sold(line: Line, { versions, attachments }: Known): { from: number; to: number | null }[] {
  const own = versions.filter((one) => one.service_id === line.service_id && one.plan_id === line.plan?.id)
  if (isService(line)) return own
  return attachments
    .filter((one) => one.service_id === line.service_id && one.resource_id === line.resource.id)
    .flatMap((one) =>
      own.map(({ from, to }) => ({
        from: Math.max(from, one.from),
        to: to === null ? one.to : one.to === null ? to : Math.min(to, one.to),
      })),
    )
}

function checkSegment(
  invoice: InvoiceRow,
  line: Line,
  segment: Segment,
  known: Known,
  subject: string,
  report: Report,
): void {
  const [from, to] = [fromIso(segment.from), fromIso(segment.to)]
  if (coveredMs(sold(line, known), from, to) !== to - from)
    report('service', subject, `Nothing of this plan was subscribed for all of the stretch from ${segment.from}.`)
  checkTrial(line, { from, to, trial: segment.trial }, known, subject, report)
  if (isService(line)) checkVersion(invoice, line, segment, known, subject, report)
}

/** Each stretch in which the price is said to hold lies in what was subscribed. */
function checkTime(
  line: Line,
  time: { from: string; to: string; trial?: true | undefined },
  known: Known,
  subject: string,
  report: Report,
): void {
  const [from, to] = [fromIso(time.from), fromIso(time.to)]
  if (coveredMs(sold(line, known), from, to) !== to - from)
    report('service', subject, `The price is said to hold from ${time.from}, when nothing of this plan was subscribed.`)
  checkTrial(line, { from, to, trial: time.trial }, known, subject, report)
}

/** What is free lies before the end of a trial, what is charged lies after it. */
function checkTrial(
  { service_id }: Line,
  { from, to, trial }: { from: number; to: number; trial: true | undefined },
  { versions }: Known,
  subject: string,
  report: Report,
): void {
  const inForce = versions.filter((one) => one.service_id === service_id && one.from < to && (one.to ?? to) > from)
  const isRight = inForce.every(({ trial_until, ...one }) =>
    trial
      ? trial_until !== null && Math.min(one.to ?? to, to) <= trial_until
      : Math.max(one.from, from) >= (trial_until ?? 0),
  )
  if (!isRight) report('trial', subject, `The trial of the service does not end as charged from ${iso(from)} on.`)
}

/** The version that a segment names, with those after it that say the same, is the one that was billed. */
function checkVersion(
  { account_id }: InvoiceRow,
  line: Line,
  segment: Segment,
  { versions }: Known,
  subject: string,
  report: Report,
): void {
  const own = versions.filter((one) => one.service_id === line.resource.id).toSorted((a, b) => a.from - b.from)
  const version = own.find((one) => one.id === segment.assignment_id)
  if (!version || version.account_id !== account_id || line.service_id !== line.resource.id)
    return report('service', subject, `The version of the service of ${segment.from} is gone, or another account's.`)
  const said = (one: ServiceTerms) =>
    canonical([
      one.service_id,
      one.plan_id,
      one.quantity,
      one.prices_as_of,
      one.trial_until,
      ...(one.anchored_at === null ? [] : [one.anchored_at]),
    ])
  let end = version.to
  for (const next of own) if (next.from === end && said(next) === said(version)) end = next.to
  const length = BigInt(fromIso(segment.to) - fromIso(segment.from))
  const isOnce = meterOf(sure(line.meter)).kind === 'consumption'
  const each = isOnce || line.price.model !== 'flat' ? BigInt(version.quantity) : 1n
  const quantity = segment.trial ? 0n : isOnce ? each : each * length
  const digest = sha256(canonical([version.id, version.from, end, said(version)]))
  const isSame = isOnce
    ? fromIso(segment.from) === Math.max(own[0]?.from ?? 0, version.trial_until ?? 0) &&
      segment.digest === consumptionDigest([{ ...at(segment), quantity: each, digest, estimated: false, gaps: [] }])
    : digest === segment.digest && segment.size === String(version.quantity)
  if (!isSame || quantity.toString() !== segment.quantity)
    report('service', subject, `The version of the service of ${segment.from} is not the one that was billed.`)
}

const at = ({ from, to }: Segment) => ({ from: fromIso(from), to: fromIso(to) })

/** No stretch of a component is charged on two lines: at the plan and at the contract, or by two plans. */
function checkOnce({ number }: InvoiceRow, lines: readonly Line[], report: Report): void {
  // what is charged in advance is settled: that is checked by itself
  const charged = lines.filter((line) => line.timing === undefined)
  const segments = charged.flatMap((line) => line.segments.map((segment) => ({ ...segment, of: line, line: line.id })))
  const keyOf = ({ of, ...segment }: (typeof segments)[number]) => `${resourceIdOf(of, segment)}/${of.component}`
  for (const own of Map.groupBy(segments, keyOf).values()) {
    if (own.every(({ of }) => of.plan === undefined)) continue
    const inOrder = own.toSorted((a, b) => fromIso(a.from) - fromIso(b.from))
    for (const [index, { from, line }] of inOrder.entries())
      if (index > 0 && fromIso(inOrder[index - 1]?.to ?? from) > fromIso(from))
        report('service', `${number}/${line}`, `The stretch from ${from} on is charged on two lines.`)
  }
}

/** For how long a service was there, in the words of ownership. */
export async function subscribed(ctx: Context, { cut }: InvoiceRow, { resource: { id } }: Line) {
  const { versions } = await serviceHistory(ctx, [id], cut)
  const rows = versions.map(({ from, to }) => ({ resource_id: id, from, to }))
  return { names: [{ id, kind: 'service' }], owned: rows, observed: rows }
}

/** When what a line charges of all resources together is priced, or paid for, by plans: then the contract's price isn't theirs. */
export async function plannedIn(ctx: Context, { account_id, cut, period_from, period_to }: InvoiceRow, line: Line) {
  const [kind, meter] = line.component.split('.')
  const { versions, attachments } = await servicesIn(ctx, account_id, { from: period_from, to: period_to }, cut)
  const plans = await plansById(ctx, new Set(versions.map((one) => one.plan_id)))
  const out: { resource_id: string; from: number; to: number }[] = []
  for (const { service_id, plan_id, prices_as_of: at, ...version } of versions) {
    const [from, to] = [Math.max(version.from, period_from), Math.min(version.to ?? period_to, period_to)]
    const plan = plans.get(plan_id)
    if (!plan || from >= to) continue
    const asked = at === null ? { from, to } : { from: at, to: at + 1 }
    const prices = (await pricesAt(ctx, plan.price_book_id, asked, cut)).filter(
      (price) => price.kind === kind && price.meter === meter,
    )
    const isWhole = plan.included_kinds.some((one) => one === kind) || (at !== null && prices.length > 0)
    const times = isWhole ? [{ effective_at: from, ends_at: to }] : at === null ? prices : []
    for (const one of attachments.filter((attachment) => attachment.service_id === service_id))
      for (const { effective_at, ends_at } of times) {
        const begin = Math.max(from, one.from, effective_at)
        const end = Math.min(to, one.to ?? to, ends_at ?? to)
        if (begin < end) out.push({ resource_id: one.resource_id, from: begin, to: end })
      }
  }
  return out
}
