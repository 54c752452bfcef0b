/** A month's documents divided over its days, to the minor unit: the days add up to the documents exactly. Pure. */
import { type Fraction, weightsOf } from '../base/exact.ts'
import { spread } from '../base/money.ts'
import { dateOf, daysOf, type Interval, lengthMs } from '../base/time.ts'
import { minorOf, signOf } from '../billing/rules.ts'
import type { DocumentLine, DocumentType, Draft } from '../billing/contract.ts'

export interface Divisible {
  document_type: DocumentType
  period: Interval
  currency: string
  lines: readonly DocumentLine[]
  taxes: Draft['taxes']
  /** how each line lies on the days of the period; one that lies on none is divided by time alone */
  parts: ReadonlyMap<DocumentLine, readonly Fraction[]>
}
export interface DayAmount {
  net: bigint
  total: bigint
}

/** By date, oldest first: only days of the document's period. */
export function divided(document: Divisible, zone: string): Map<string, DayAmount> {
  const days = daysOf(document.period, zone)
  const dates = days.map((day) => dateOf(day.from, zone))
  const lengths = days.map(lengthMs)
  const sign = signOf(document.document_type)
  const byCategory = new Map<string, bigint[]>()
  for (const line of document.lines) {
    const key = `${line.tax_category}\n${line.tax_rate}`
    const known = byCategory.get(key) ?? days.map(() => 0n)
    const nets = netsOf(document, line, lengths)
    byCategory.set(
      key,
      known.map((net, index) => net + (nets[index] ?? 0n)),
    )
  }
  const out = new Map(dates.map((date) => [date, { net: 0n, total: 0n }]))
  for (const { category, rate, tax } of document.taxes) {
    const nets = byCategory.get(`${category}\n${rate}`) ?? days.map(() => 0n)
    const taxes = taxesOf(minorOf(tax, document.currency), nets, lengths)
    for (const [index, date] of dates.entries()) {
      const known = out.get(date) ?? { net: 0n, total: 0n }
      const net = sign * (nets[index] ?? 0n)
      out.set(date, { net: known.net + net, total: known.total + net + sign * (taxes[index] ?? 0n) })
    }
  }
  return out
}

function netsOf({ parts, currency }: Divisible, line: DocumentLine, lengths: readonly bigint[]): bigint[] {
  const weights = weightsOf(parts.get(line) ?? [])
  return spread(minorOf(line.net, currency), weights.some((weight) => weight > 0n) ? weights : lengths)
}

/** Tax lies where its base does; where the base is mixed (a note that shifts between lines) on all days alike. */
function taxesOf(tax: bigint, nets: readonly bigint[], lengths: readonly bigint[]): bigint[] {
  const isOfOneSign = nets.every((net) => net >= 0n) && nets.some((net) => net > 0n)
  return spread(tax, isOfOneSign ? nets : lengths)
}

/** Days of several documents together. */
export function added(documents: readonly ReadonlyMap<string, DayAmount>[]): Map<string, DayAmount> {
  const out = new Map<string, DayAmount>()
  for (const document of documents)
    for (const [date, { net, total }] of document) {
      const known = out.get(date) ?? { net: 0n, total: 0n }
      out.set(date, { net: known.net + net, total: known.total + total })
    }
  return new Map([...out].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
