/**
 * Fees by the billing periods of their services, not by those of documents: which periods a document touches, and what each costs. Pure.
 * Stripe's billing cycle anchor and Kill Bill's alignment by subscription are the models of the periods.
 */
import { billingPeriodOf, type Instant, type Interval, intersect, type OpenInterval } from '../base/time.ts'
import type { Line } from './contract.ts'
import { type Facts, linesOf } from './rules.ts'

/** A billing period of a service: `basis` is all of it, and the interval the part in which the service is there. */
export interface Term extends Interval {
  service_id: string
  basis: Interval
  facts: Facts
}
/** What one billing period costs. */
export interface TermFees extends Omit<Term, 'facts'> {
  lines: Line[]
}
type Span = Pick<Term, 'basis' | 'from' | 'to'>

/** The billing periods of a service that end after the beginning of a document's period and begin by its end. */
export function termsIn(
  held: OpenInterval & { from: Instant },
  anchored_at: Instant | null,
  { from, to }: Interval,
  zone: string,
): Span[] {
  const out: Span[] = []
  for (let at = Math.max(held.from, from); at <= to;) {
    const basis = billingPeriodOf(at, anchored_at, zone)
    const part = intersect(held, basis)
    if (!part || (held.to !== null && held.to <= from)) break
    out.push({ basis, ...part })
    at = basis.to
  }
  return out
}

export const feesOf = ({ terms = [] }: Pick<Facts, 'terms'>): TermFees[] =>
  terms.map(({ facts, ...term }) => ({ ...term, lines: linesOf(facts).lines }))

/** What of the fees falls into a stretch of time, whenever they are charged: for sums by day. */
export const accruedIn = ({ terms = [], period }: Facts): Line[] =>
  terms.flatMap(({ facts }) => {
    const part = intersect(facts.period, period)
    return part ? linesOf({ ...facts, period: part }).lines : []
  })
