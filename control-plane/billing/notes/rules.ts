/** Which note follows when an invoice is rated again: the difference of each line, its tax, and what is issued of it. Pure. */
import { sha256 } from '#connectors/contract.ts'
import { fraction, fractionText } from '../../base/exact.ts'
import { exponentOf, majorText } from '../../base/money.ts'
import { sure } from '../../base/problem.ts'
import type { Line } from '../../rating/contract.ts'
import { adjusted, again, pricedAmount } from '../adjust.ts'
import type { Cause, DocumentLine, DocumentType, InvoiceContent, Outcome } from '../contract.ts'
import { minorOf, signOf, taxesOf } from '../rules.ts'
import { resourceIdOf, withPercentages } from '../../rating/rules.ts'

export interface Issued {
  document_type: DocumentType
  content: InvoiceContent
  lines: readonly DocumentLine[]
}
/** An invoice and the notes on it, oldest first. */
export interface Chain {
  original: Issued
  notes: readonly Issued[]
}
type Tax = Pick<Line, 'tax_category' | 'tax_rate' | 'tax_class'>

/** What is billed of one service, resource and component in the period of an invoice, against what is due. */
export interface Delta {
  key: string
  /** how it is named and priced on paper */
  sample: Line
  /** what is due, as it is rated now */
  lines: Line[]
  /** what it is of: one, or of a line for all together each that is on it or was */
  resource_ids: string[]
  /** what its lines came to when a document last said so, before anything was shared out; null: there was none */
  priced: bigint | null
  /** minor units */
  billed: bigint
  due: bigint
  tax: Tax
  /** what was known when a document last said something of it, or the invoice itself where none did */
  since: Pick<InvoiceContent, 'cut' | 'engine_version'>
}

type Keyed = Pick<Line, 'service_id' | 'resource' | 'component' | 'tax_class' | 'for_account' | 'basis' | 'timing'>
/** A line of the law: whatever the price version, so that a corrected price is one difference and not two; one of another class of tax is another, and so is another billing period of a service, and what is charged in advance. */
export const lineKey = ({ tax_class, basis, timing, ...line }: Keyed): string =>
  [soldKey(line), tax_class, basis?.from, timing].filter((one) => one !== undefined).join('/')
/** Of whatever class; what a reseller is charged for each customer is a line of its own. */
const soldKey = ({
  service_id,
  resource,
  component,
  for_account,
}: Pick<Keyed, 'service_id' | 'resource' | 'component' | 'for_account'>): string =>
  [service_id, resource.id, component, ...(for_account ? [`for ${for_account.id}`] : [])].join('/')

const documentsOf = ({ original, notes }: Chain): Issued[] => [original, ...notes]

/** What all documents of a chain bill of each line, in minor units. */
export function billedOf(chain: Chain): Map<string, bigint> {
  const out = new Map<string, bigint>()
  for (const { document_type, content, lines } of documentsOf(chain))
    for (const line of lines) {
      const amount = signOf(document_type) * minorOf(line.net, content.currency)
      out.set(lineKey(line), (out.get(lineKey(line)) ?? 0n) + amount)
    }
  return out
}

/**
 * What is due of the period of an invoice: as it is rated now, under the names and taxes of the documents before, with the coupons that
 * the invoice had. Whatever changed of the seller's taxes or the buyer's coupons since changes nothing of it.
 */
export function dueOf(chain: Chain, rated: readonly Line[]): Line[] {
  const { named, taxed } = standingIn(chain)
  const { coupons = [], currency } = chain.original.content
  // a share of amounts without tax: by the taxes that they had
  return adjusted(withPercentages(rated.map((line) => taxed(named(line)))), again(coupons), currency).lines
}

/** The lines of which something else is due than is billed, in the order of the invoice. */
export function deltasOf(chain: Chain, all_due: readonly Line[]): Delta[] {
  const { currency } = chain.original.content
  const [billed, { last, named, ratedAs }] = [billedOf(chain), standingIn(chain)]
  const due = Map.groupBy(all_due, lineKey)
  const out: Delta[] = []
  for (const key of new Set([...billed.keys(), ...due.keys()])) {
    const lines = due.get(key) ?? []
    const [was, is] = [billed.get(key) ?? 0n, lines.reduce((sum, line) => sum + minorOf(line.net, currency), 0n)]
    if (was === is) continue
    const before = last.get(key)
    const sample = named(sure(lines.at(-1) ?? before?.line))
    const since = (before?.since ?? chain.original).content
    const priced = before ? pricedBefore(before, key, currency) : null
    const resource_ids = resourcesIn([...ratedAs(key), ...lines])
    out.push({
      key,
      sample,
      lines,
      resource_ids,
      priced,
      billed: was,
      due: is,
      tax: taxIn(before?.line ?? sample),
      since,
    })
  }
  return out.toSorted((a, b) => (orderOf(a.sample) < orderOf(b.sample) ? -1 : 1))
}
function pricedBefore({ since }: { since: Issued }, key: string, currency: string): bigint {
  const own = standingLines(since.lines.filter((line) => lineKey(line) === key))
  return own.reduce((sum, line) => sum + minorOf(pricedAmount(line), currency), 0n)
}
const taxIn = ({ tax_category, tax_rate, tax_class }: Tax): Tax => ({
  tax_category,
  tax_rate,
  ...(tax_class !== undefined && { tax_class }),
})
const orderOf = ({ resource, component, for_account }: Line): string =>
  [for_account?.name ?? '', for_account?.id ?? '', resource.kind, resource.name, resource.id, component].join('\n')

/** By which name and tax a difference stands on the note: as on the documents before it, where it is on one. */
function standingIn(chain: Chain) {
  const last = new Map<string, { since: Issued; line: DocumentLine }>()
  const sold = new Map<string, DocumentLine>()
  const names = new Map<string, Line['resource']>()
  const rated: Line[] = []
  for (const since of documentsOf(chain))
    for (const line of since.lines) {
      last.set(lineKey(line), { since, line })
      sold.set(soldKey(line), line)
      rated.push(line, ...standingLines([line]))
      if (!names.has(line.resource.id)) names.set(line.resource.id, line.resource)
    }
  const ratedBy = Map.groupBy(rated, lineKey)
  return {
    last,
    /** what was on the documents before under this key, down to what was rated */
    ratedAs: (key: string): readonly Line[] => ratedBy.get(key) ?? [],
    // under the name that it had for this customer, who may have sold it since
    named: <T extends Line>(line: T): T => ({ ...line, resource: names.get(line.resource.id) ?? line.resource }),
    taxed: ({ tax_class, ...line }: Line): Line => {
      const own = tax_class === undefined ? line : { ...line, tax_class }
      const before = last.get(lineKey(own))?.line ?? sold.get(soldKey(own))
      return { ...line, ...taxIn(before ?? taxOfNew(chain.original, own)) }
    },
  }
}

const resourcesIn = (lines: readonly Line[]): string[] =>
  [
    ...new Set(
      lines.flatMap((line) =>
        line.resource.kind === 'pool' ? line.segments.map((one) => resourceIdOf(line, one)) : [line.resource.id],
      ),
    ),
  ].toSorted()

/** All that is due of a period for which nothing was invoiced, in the order of its lines. */
export function missedDeltas(fresh: readonly Line[], since: Delta['since']): Delta[] {
  const groups = [...Map.groupBy(fresh, lineKey)].map(([key, lines]): Delta => {
    const sample = sure(lines.at(-1))
    const { tax_category, tax_rate } = sample
    const due = lines.reduce((sum, line) => sum + minorOf(line.net, line.currency), 0n)
    return {
      key,
      sample,
      lines,
      resource_ids: resourcesIn(lines),
      priced: null,
      billed: 0n,
      due,
      tax: { tax_category, tax_rate },
      since,
    }
  })
  return groups.filter(({ due }) => due !== 0n)
}

/** What wasn't on the invoice is taxed as what is most like it there; a class of things that it hasn't, as it is now. */
function taxOfNew({ lines, content }: Issued, fresh: Line): Tax {
  const like =
    lines.find((line) => line.component === fresh.component) ?? lines.find((line) => line.tax_class === fresh.tax_class)
  if (like) return like
  const one =
    fresh.tax_class === undefined || lines.every((line) => line.tax_class === undefined) ? content.taxes[0] : undefined
  return one ? { tax_category: one.category, tax_rate: one.rate } : fresh
}

export const netOf = (deltas: readonly Pick<Delta, 'billed' | 'due'>[]): bigint =>
  deltas.reduce((sum, { billed, due }) => sum + due - billed, 0n)

/** What becomes of a difference; `threshold` in minor units. */
export function outcomeOf(net: bigint, threshold: bigint, isHeldBack: boolean): Outcome {
  if (isHeldBack) return 'held_back'
  if (net === 0n) return 'even'
  if ((net < 0n ? -net : net) < threshold) return 'carried'
  return net < 0n ? 'credit_note' : 'debit_note'
}

export type TaxRow = InvoiceContent['taxes'][number]
/**
 * The tax of a difference at the rates of the invoice: what the tax on all that is due comes to, less what was charged. So the taxes of
 * an invoice and its notes add up to the tax of one document. The note's own row may thereby lie one minor unit beside its base × rate,
 * which BR-CO-17's check allows.
 */
export function taxesOfDeltas(
  chain: Chain,
  all_due: readonly Line[],
  deltas: readonly Delta[],
): { base: bigint; tax: bigint; row: TaxRow }[] {
  const { currency, taxes } = chain.original.content
  const due = taxesOf(all_due, currency)
  const touched = deltas.map(({ tax }) => ({ category: tax.tax_category, rate: tax.tax_rate }))
  const known = documentsOf(chain).flatMap(({ content }) => content.taxes)
  const keys = new Map(
    [...known, ...due, ...touched].map(({ category, rate }) => [`${category}\n${rate}`, { category, rate }]),
  )
  return [...keys.values()].flatMap(({ category, rate }) => {
    const is = (row: Pick<TaxRow, 'category' | 'rate'>) => row.category === category && row.rate === rate
    const [charged, now] = [chargedOf(chain, category, rate), due.find(is)]
    const base = minorOf(now?.base ?? '0', currency) - charged.base
    const tax = minorOf(now?.tax ?? '0', currency) - charged.tax
    if (base === 0n && tax === 0n && !touched.some(is)) return []
    const reason = taxes.find(is)?.reason
    const row = {
      category,
      rate,
      base: majorText(base, currency),
      tax: majorText(tax, currency),
      ...(reason && { reason }),
    }
    return [{ base, tax, row }]
  })
}

/** Base and tax of a category over all documents of a chain. */
export function chargedOf(chain: Chain, category: string, rate: string): { base: bigint; tax: bigint } {
  let [base, tax] = [0n, 0n]
  for (const { document_type, content } of documentsOf(chain))
    for (const row of content.taxes.filter((one) => one.category === category && one.rate === rate)) {
      base += signOf(document_type) * minorOf(row.base, content.currency)
      tax += signOf(document_type) * minorOf(row.tax, content.currency)
    }
  return { base, tax }
}

/** A line of a note: one piece at its net, as EN 16931 has lines that no quantity × price makes; behind it what was billed and is due. */
export function noteLine(
  { key, sample, lines, billed, due, tax }: Delta,
  causes: Cause[],
  document_type: DocumentType,
): DocumentLine {
  const { service_id, resource, for_account, component, meter, price, period, basis, timing, currency, one_off } =
    sample
  const net = signOf(document_type) * (due - billed)
  const correction = { billed: majorText(billed, currency), due: majorText(due, currency), causes, lines }
  return {
    id: sha256([key, period.from, 'note'].join('/')).slice(0, 24),
    service_id,
    resource,
    ...(for_account && { for_account }),
    component,
    ...(meter && { meter }),
    price,
    period,
    ...(basis && { basis }),
    ...(timing && { timing }),
    divisor: '1',
    quantity: '1',
    quantity_display: '1',
    exact: fractionText(fraction(net, 10n ** BigInt(exponentOf(currency)))),
    net: majorText(net, currency),
    currency,
    ...tax,
    unobserved_ms: 0,
    estimated: lines.some((line) => line.estimated),
    segments: [],
    correction,
    ...(one_off && { one_off }),
  }
}

/** The lines of a document as it would be without those before it: of a note, what is due by it. */
export const standingLines = (lines: readonly DocumentLine[]): Line[] =>
  lines.flatMap((line) => line.correction?.lines ?? [line])
/** What lies beneath a document's lines, down to the readings: of what was charged in advance, what it costs. */
export const ratedLines = (lines: readonly DocumentLine[]): Line[] =>
  standingLines(lines).flatMap((line) => line.settlement?.lines ?? [line])
