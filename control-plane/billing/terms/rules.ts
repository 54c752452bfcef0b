/**
 * Fees by billing periods on documents. Pure. A period is charged in advance by the document that reaches its beginning, and settled by
 * the one that reaches its end: what is due of it by then, less what was charged. So each period costs in sum what it would in arrears,
 * every line rounded once, half away from zero; what is charged in advance is only when it is paid.
 *
 * The first part of a period that had begun before any document reached it is charged with its settlement, together with the whole
 * period in advance after it, as Kill Bill's IN_ADVANCE does with its leading proration and Stripe with a billing cycle anchor.
 */
import { sha256 } from '#connectors/contract.ts'
import { fraction, fractionText, roundHalfAway } from '../../base/exact.ts'
import { exponentOf, majorText } from '../../base/money.ts'
import { sure } from '../../base/problem.ts'
import { fromIso, type Instant, type Interval } from '../../base/time.ts'
import type { Line, SettlementCause } from '../../rating/contract.ts'
import type { TermFees } from '../../rating/rules.ts'
import { pricedAmount } from '../adjust.ts'
import type { DocumentLine } from '../contract.ts'
import { minorOf } from '../rules.ts'

/** What documents charged in advance for one billing period of a service. */
export interface Advanced {
  service_id: string
  basis: Interval
  documents: { invoice_id: string; number: string }[]
  /** as the last document has them that speaks of each */
  lines: Line[]
}
/** A line on a document, of those that a cut knows, the oldest first. */
export interface Charged {
  invoice_id: string
  number: string
  corrects_id: string | null
  content: DocumentLine
}

const keyOf = (service_id: string, basis: Interval): string => `${service_id}/${basis.from}`
const basisOf = ({ basis, period }: Line): Interval => ({
  from: fromIso((basis ?? period).from),
  to: fromIso((basis ?? period).to),
})

/** What of the periods of services was charged in advance, by what stands: a note says what is left of a line. */
export function advancedOf(charged: readonly Charged[]): Advanced[] {
  const periods = Map.groupBy(charged, ({ content }) => keyOf(content.service_id, basisOf(content)))
  return [...periods.values()].map((rows) => {
    const first = sure(rows[0]).content
    const last = new Map<string, { by: string; lines: Line[] }>()
    for (const { invoice_id, corrects_id, content } of rows) {
      const key = [corrects_id ?? invoice_id, content.component, content.tax_class].join('/')
      const known = last.get(key)
      const lines = content.correction?.lines ?? [content]
      last.set(key, { by: invoice_id, lines: known?.by === invoice_id ? [...known.lines, ...lines] : lines })
    }
    const originals = rows.filter(({ corrects_id }) => corrects_id === null)
    const documents = new Map(originals.map(({ invoice_id, number }) => [invoice_id, { invoice_id, number }]))
    return {
      service_id: first.service_id,
      basis: basisOf(first),
      documents: [...documents.values()],
      lines: [...last.values()].flatMap(({ lines }) => lines),
    }
  })
}

/** A line as it was rated, before coupons and the taxes of prices that include them took something off. */
export function asRated(line: Line): Line {
  const net = pricedAmount(line)
  const { gross: _gross, discounts: _discounts, ...rest } = line
  return { ...rest, ...(line.gross_inclusive !== undefined && { gross_inclusive: net }), net }
}

/** What a document charges in advance: the periods that begin in its own and go on, which none charged before. */
export function ahead(fees: readonly TermFees[], period: Interval, advanced: readonly Advanced[]): Line[] {
  const known = new Set(advanced.map(({ service_id, basis }) => keyOf(service_id, basis)))
  return fees
    .filter(({ from, to }) => from > period.from && from <= period.to && to > period.to)
    .filter(({ service_id, basis }) => !known.has(keyOf(service_id, basis)))
    .flatMap(({ lines }) => lines.filter((line) => line.price.terms?.timing === 'advance'))
    .filter((line) => minorOf(line.net, line.currency) > 0n)
    .map((line) => ({ ...line, timing: 'advance' }))
}

/** `ends`: when services that are in no period of `fees` ended, as far as they ever held. */
export function settled(
  fees: readonly TermFees[],
  period: Interval,
  advanced: readonly Advanced[],
  ends: ReadonlyMap<string, { from: Instant; to: Instant | null }>,
): Line[] {
  const isIn = (at: Instant): boolean => at > period.from && at <= period.to
  const of = new Map(advanced.map((one) => [keyOf(one.service_id, one.basis), one]))
  const out: Line[] = []
  for (const term of fees) {
    const key = keyOf(term.service_id, term.basis)
    const before = of.get(key)
    of.delete(key)
    if (isIn(term.to)) out.push(...(before ? differences(term.lines, before, term.to === term.basis.to) : term.lines))
  }
  for (const before of of.values()) {
    const held = ends.get(before.service_id)
    // one that ended within the period was settled by the document of that time
    const isOver = held && held.from < before.basis.to && (held.to ?? Infinity) > before.basis.from
    if (!isOver && isIn(before.basis.to)) out.push(...differences([], before, false))
  }
  return out
}

/** By component, plan and class of tax: credits for what is not used, charges for what was added. `goesOn`: the service does after it. */
function differences(due: readonly Line[], { lines, documents }: Advanced, goesOn: boolean): Line[] {
  const partOf = (line: Line) =>
    [line.component, line.plan?.id, line.tax_class, line.gross_inclusive === undefined].join('/')
  const [dues, befores] = [Map.groupBy(due, partOf), Map.groupBy(lines, partOf)]
  const out: Line[] = []
  for (const key of new Set([...befores.keys(), ...dues.keys()])) {
    const [is, was] = [dues.get(key) ?? [], befores.get(key) ?? []]
    const line = difference(is, was, documents, causesOf(is, was, goesOn || due.length > is.length))
    if (line) out.push(line)
  }
  return out
}

function difference(
  due: readonly Line[],
  was: readonly Line[],
  documents: Advanced['documents'],
  causes: SettlementCause[],
): Line | null {
  const sample = sure(due.at(-1) ?? was.at(-1))
  const { currency } = sample
  const sum = (list: readonly Line[], of: (line: Line) => string) =>
    list.reduce((total, line) => total + minorOf(of(line), currency), 0n)
  const [is, advanced] = [sum(due, (line) => line.net), sum(was, pricedAmount)]
  const kept = sum(was, (line) => line.gross_inclusive ?? line.net)
  if (is === advanced) return null
  // of what is given back, what discounts took off isn't
  const minor = is > advanced ? is - advanced : -roundHalfAway(fraction((advanced - is) * kept, advanced))
  const amount = majorText(minor, currency)
  const { tax_category, tax_rate, tax_class } = minor < 0n ? sure(was.at(-1)) : sample
  const basis = sure(sample.basis)
  return {
    id: sha256(
      [sample.service_id, sample.component, sample.plan?.id, tax_class, basis.from, 'settled'].join('/'),
    ).slice(0, 24),
    service_id: sample.service_id,
    resource: sample.resource,
    ...(sample.plan && { plan: sample.plan }),
    component: sample.component,
    ...(sample.meter && { meter: sample.meter }),
    price: sample.price,
    period: basis,
    basis,
    divisor: '1',
    quantity: '1',
    quantity_display: '1',
    exact: fractionText(fraction(minor, 10n ** BigInt(exponentOf(currency)))),
    ...(sample.gross_inclusive !== undefined && { gross_inclusive: amount }),
    net: amount,
    currency,
    tax_category,
    tax_rate,
    ...(tax_class !== undefined && { tax_class }),
    unobserved_ms: 0,
    estimated: false,
    segments: [],
    settlement: {
      due: majorText(is, currency),
      advanced: majorText(advanced, currency),
      kept: majorText(kept, currency),
      documents,
      causes,
      lines: [...due],
    },
  }
}

/** What of its stretches differs: how long it held, how many, how long it was free, or else its price. */
function causesOf(due: readonly Line[], was: readonly Line[], isElsewhere: boolean): SettlementCause[] {
  const stretches = (lines: readonly Line[]) => lines.flatMap((line) => line.segments)
  const [is, before] = [stretches(due), stretches(was)]
  const ms = (list: typeof is) => list.reduce((sum, one) => sum + fromIso(one.to) - fromIso(one.from), 0)
  const sizes = (list: typeof is) => [...new Set(list.map((one) => one.size))].toSorted().join()
  const free = (list: typeof is) => ms(list.filter((one) => one.trial))
  const causes: SettlementCause[] = []
  if (due.length === 0 || ms(is) < ms(before)) causes.push(isElsewhere ? 'plan' : 'cancelled')
  else if (was.length === 0 || ms(is) > ms(before)) causes.push('plan')
  if (due.length > 0 && was.length > 0) {
    if (sizes(is) !== sizes(before)) causes.push('quantity')
    if (free(is) !== free(before)) causes.push('trial')
  }
  return causes.length > 0 ? causes : ['price']
}
