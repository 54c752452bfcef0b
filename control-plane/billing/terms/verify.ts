/**
 * Fees by billing periods on issued documents, by other arithmetic than the engine's: sums of milliseconds of what was subscribed, dates
 * of the calendar, and products. Every period that was charged in advance is settled once, by the document that reaches its end.
 */
import { exponentOf } from '../../base/money.ts'
import { sure } from '../../base/problem.ts'
import { dateOf, fromIso, HOUR_MS, type Instant, type Interval } from '../../base/time.ts'
import { plansById, type PriceRow, pricesAt } from '../../catalog/index.ts'
import type { ServiceTerms } from '../../contracts/contract.ts'
import { serviceHistory } from '../../contracts/index.ts'
import type { Context } from '../../db/index.ts'
import type { Line } from '../../rating/contract.ts'
import { pricedAmount } from '../adjust.ts'
import type { DocumentLine } from '../contract.ts'
import type { InvoiceRow } from '../store.ts'
import { isRounded, type Report, units } from '../verify-sums.ts'
import type { Charged } from './rules.ts'
import { chargedAhead } from './store.ts'

type Versions = readonly ServiceTerms[]
const spanOf = ({ from, to }: { from: string; to: string }): Interval => ({ from: fromIso(from), to: fromIso(to) })

/** `lines` as they stand on the document. */
export async function checkTerms(ctx: Context, invoice: InvoiceRow, lines: readonly DocumentLine[], report: Report) {
  if (invoice.one_off) return
  const { account_id, contract_id, period_from: from, cut } = invoice
  const standing = lines.flatMap((line): Line[] => line.correction?.lines ?? [line])
  const charged = await chargedAhead(ctx, cut, { contract_id, account_id, from })
  const ids = new Set([...standing.filter((line) => line.basis), ...charged.map((row) => row.content)].map(idOf))
  if (ids.size === 0) return
  const history = Map.groupBy((await serviceHistory(ctx, [...ids], cut)).versions, (one) => one.service_id)
  const versionsOf = (id: string): Versions => (history.get(id) ?? []).toSorted((a, b) => a.from - b.from)
  for (const line of standing) {
    const subject = `${invoice.number}/${line.id}`
    for (const own of line.settlement?.lines ?? [line])
      checkPeriod(invoice, own, versionsOf(idOf(own)), subject, report)
    if (line.settlement) checkDifference(invoice, line, charged, subject, report)
  }
  if (invoice.document_type === 'invoice') await checkSettled(ctx, invoice, lines, charged, versionsOf, report)
}
const idOf = ({ service_id }: Line): string => service_id

/** Its basis is a billing period of its service, its divisor is that long, and the document is the one that charges it. */
function checkPeriod(invoice: InvoiceRow, line: Line, versions: Versions, subject: string, report: Report): void {
  if (!line.basis) return
  const [basis, period] = [spanOf(line.basis), spanOf(line.period)]
  const [first, last] = [versions[0], versions.at(-1)]
  if (!first || !last) return report('period', subject, 'The service of its billing period is gone.')
  if (!isPeriod(basis, first.anchored_at, invoice.content.zone))
    report('period', subject, `From ${line.basis.from} on runs no billing period of its service.`)
  const length = line.price.per === 'hour' ? HOUR_MS : basis.to - basis.from
  // services are counted in ones
  if (line.divisor !== String(length))
    report('period', subject, 'It is not divided by the length of its billing period.')
  const held = { from: Math.max(basis.from, first.from), to: Math.min(basis.to, last.to ?? basis.to) }
  if (held.from !== period.from || held.to !== period.to)
    report('period', subject, 'Its period is not the time in which the service was there.')
  const [begins, ends] = [isWithin(invoice, period.from), isWithin(invoice, period.to)]
  const isRight = line.timing ? begins && !ends && period.to > invoice.period_to : ends
  if (!isRight) report('period', subject, 'Another document charges this billing period.')
}
const isWithin = ({ period_from, period_to }: InvoiceRow, at: Instant): boolean => at > period_from && at <= period_to

/** By the dates on which it begins and ends: the day of the start, or the last of a month that has no such day. */
function isPeriod({ from, to }: Interval, anchored_at: Instant | null, zone: string): boolean {
  const [begin, end] = [dateOf(from, zone), dateOf(to, zone)]
  const months = (date: string) => BigInt(date.slice(0, 4)) * 12n + BigInt(date.slice(5, 7))
  if (months(end) !== months(begin) + 1n) return false
  const [begins, ends] = [from, to].map((at) => dateOf(at - 1, zone))
  if (anchored_at === null)
    return [begin, end].every((date) => date.endsWith('-01')) && begins !== begin && ends !== end
  const day = dateOf(anchored_at, zone).slice(8)
  const last = (date: string) => String(new Date(Date.UTC(+date.slice(0, 4), +date.slice(5, 7), 0)).getUTCDate())
  return [begin, end].every((date) => date.slice(8) === (day < last(date) ? day : last(date)))
}

/** Part of a billing period that is settled for itself. */
const partOf = (line: Line): string =>
  [
    line.service_id,
    line.basis?.from,
    line.component,
    line.plan?.id,
    line.tax_class,
    line.gross_inclusive === undefined,
  ].join()

/** One piece of the difference between its lines and what the documents before it charged. */
function checkDifference(
  { currency }: InvoiceRow,
  line: Line,
  charged: readonly Charged[],
  subject: string,
  report: Report,
): void {
  const { due, advanced, kept, lines } = sure(line.settlement)
  const of = (text: string) => units(text, currency)
  const before = charged.filter(({ corrects_id, content }) => corrects_id === null && partOf(content) === partOf(line))
  const sum = (list: readonly Line[], text: (one: Line) => string) => list.reduce((all, one) => all + of(text(one)), 0n)
  const was = before.map(({ content }) => content)
  if (sum(lines, (one) => one.net) !== of(due) || sum(was, pricedAmount) !== of(advanced))
    report(
      'advance',
      subject,
      'What it says is due, or was charged in advance, is not what its lines and documents say.',
    )
  const isNoted = charged.some(({ corrects_id }) => corrects_id !== null)
  if (!isNoted && sum(was, (one) => one.gross_inclusive ?? one.net) !== of(kept))
    report('advance', subject, 'What is kept of the advance is not what its documents charged.')
  const [more, priced] = [of(due) - of(advanced), of(pricedAmount(line))]
  const follows = more > 0n ? priced === more : isRounded(priced, more * of(kept), of(advanced))
  if (!follows) report('advance', subject, 'Its amount is not what is due less what was charged in advance.')
}

/** All that was charged in advance for periods that end with this document: it is due as the service was, or settled here. */
async function checkSettled(
  ctx: Context,
  invoice: InvoiceRow,
  lines: readonly Line[],
  charged: readonly Charged[],
  versionsOf: (id: string) => Versions,
  report: Report,
): Promise<void> {
  const originals = charged.filter(({ corrects_id }) => corrects_id === null)
  const of = (text: string) => units(text, invoice.currency)
  for (const [period, own] of Map.groupBy(
    originals,
    ({ content }) => `${content.service_id} from ${content.basis?.from}`,
  )) {
    if (new Set(own.map(({ invoice_id }) => invoice_id)).size > 1)
      report('advance', invoice.number, `${period} was charged in advance twice.`)
    const { service_id, basis: text } = sure(own[0]).content
    const [basis, versions] = [spanOf(sure(text)), versionsOf(service_id)]
    const held = versions.filter((one) => one.from < basis.to && (one.to ?? basis.to) > basis.from)
    const end = held.length === 0 ? basis.to : Math.min(basis.to, held.at(-1)?.to ?? basis.to)
    if (!isWithin(invoice, end)) continue
    const due = await dueOf(ctx, invoice, basis, held)
    for (const plan of new Set([...due.keys(), ...own.map(({ content }) => content.plan?.id ?? '')])) {
      const minor = due.has(plan) ? due.get(plan) : 0n
      if (minor === undefined || minor === null) continue
      const was = own.filter(({ content }) => content.plan?.id === plan)
      const before = was.reduce((sum, { content }) => sum + of(pricedAmount(content)), 0n)
      const settled = lines.filter((one) => one.service_id === service_id && one.basis?.from === text?.from)
      const shown = settled.reduce(
        (sum, { plan: sold, settlement }) =>
          settlement && sold?.id === plan ? sum + of(settlement.due) - of(settlement.advanced) : sum,
        0n,
      )
      if (shown !== minor - before)
        report('advance', invoice.number, `${period}, charged in advance, is not settled as the service was.`)
    }
  }
}

/** What a billing period costs by plan, in minor units: milliseconds × quantity × price, rounded for each price; null where it has other terms. */
async function dueOf(ctx: Context, { cut, currency }: InvoiceRow, basis: Interval, held: Versions) {
  const plans = await plansById(ctx, new Set(held.map((one) => one.plan_id)))
  const parts = new Map<string, { plan: string; num: bigint; den: bigint }>()
  const out = new Map<string, bigint | null>()
  for (const { plan_id, prices_as_of: at, trial_until, quantity, anchored_at, ...version } of held) {
    const asked = at === null ? basis : { from: at, to: at + 1 }
    const prices = await pricesAt(ctx, sure(plans.get(plan_id)).price_book_id, asked, cut)
    const fees = prices.filter(({ kind, meter }) => kind === 'service' && meter === 'fee')
    for (const price of fees.filter(({ terms }) => anchored_at !== null || terms?.timing === 'advance')) {
      const from = Math.max(version.from, basis.from, trial_until ?? 0, at === null ? price.effective_at : 0)
      const to = Math.min(version.to ?? basis.to, basis.to, at === null ? (price.ends_at ?? basis.to) : basis.to)
      if (Object.keys(price.terms ?? {}).some((name) => name !== 'timing')) out.set(plan_id, null)
      const [whole = '0', decimals = ''] = price.amount.split('.')
      const ms = BigInt(Math.max(0, to - from)) * (price.model === 'flat' ? 1n : BigInt(quantity))
      const den = 10n ** BigInt(decimals.length) * BigInt(price.per === 'hour' ? HOUR_MS : basis.to - basis.from)
      const key = `${plan_id}/${den}/${firstOf(fees, price).id}`
      parts.set(key, { plan: plan_id, num: (parts.get(key)?.num ?? 0n) + ms * BigInt(whole + decimals), den })
    }
  }
  for (const { plan, num, den } of parts.values()) {
    const before = out.has(plan) ? out.get(plan) : 0n
    if (before === null || before === undefined) continue
    const scaled = num * 10n ** BigInt(exponentOf(currency))
    out.set(plan, before + (2n * scaled + den) / (2n * den))
  }
  return out
}

/** The first of the versions that follow each other and say the same: on a line they are one price. */
function firstOf(prices: readonly PriceRow[], price: PriceRow): PriceRow {
  const said = ({ id: _id, effective_at: _from, ends_at: _to, ...rest }: PriceRow) => JSON.stringify(rest)
  const before = prices.find((one) => one.ends_at === price.effective_at && said(one) === said(price))
  return before ? firstOf(prices, before) : price
}
