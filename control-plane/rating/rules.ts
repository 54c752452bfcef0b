/**
 * How usage becomes lines, read top to bottom: who owned it → what was observed → which price held → quantity → charge model → one
 * rounding per line. Pure: the same facts give the same lines.
 */
import type { Kind, SizeName } from '#connectors/contract.ts'
import { fraction, fractionText, sum, toDecimal } from '../base/exact.ts'
import { majorText, toMinor } from '../base/money.ts'
import { type Instant, type Interval, iso, type OpenInterval } from '../base/time.ts'
import { sha256 } from '#connectors/contract.ts'
import type { GapPolicy, MeterName, Peak } from '../metering/contract.ts'
import type { Gap } from '../metering/rules.ts'
import type { AppliesTo, ChargeModel, Plan, PricedKind, Terms } from '../catalog/contract.ts'
import { byResource } from './by-resource.ts'
import type { KnownIndex } from '../indexes/contract.ts'
import type { LineTax, TaxClass } from '../tax/contract.ts'
import { chargeText, isLinear } from './charge.ts'
import { type ForAccount, type Line, type LineGap, SHOWN_GAPS } from './contract.ts'
import { type Dealt, isPooled, overPool, pooledShare, poolOf } from './pooled.ts'
import { type Accepted, type Loss, told, type ToldGap, unaccepted } from './gaps.ts'
import { percentileText } from './percentile.ts'
import { divisorOf, type RawSegment, segmentsOf } from './segments.ts'
import type { Expected } from './tariffs.ts'
import type { Term } from './terms.ts'
import { type Time, within } from './times.ts'
import { chargesNothingUsed, pooledCharge, shareOfMonth, type Whole, wholeCharge } from './whole.ts'

export type { TermFees } from './terms.ts'
export { withPercentages } from './percentages.ts'
export { resourceIdOf } from './pooled.ts'
export { timesOf } from './times.ts'
export { allocationDigest, charging, consumptionDigest, held } from './segments.ts'

export interface Price {
  id: string
  kind: PricedKind
  meter: MeterName
  model: ChargeModel
  per: 'hour' | 'month' | 'quantity'
  unit: string
  /** decimal text, at most 12 places */
  amount: string
  terms: Terms | null
  /** of a cost book: only of resources that say so, while they do */
  applies_to?: AppliesTo
  gap_policy: GapPolicy
  /** default: standard */
  tax_class?: TaxClass
  /** its amounts include the tax */
  tax_inclusive?: boolean
  price_book_id?: string
  effective_at: Instant
  ends_at: Instant | null
  /** where it holds only in some stretches of a resource; absent: as long as its version */
  times?: readonly Time[]
  /** charged for whole billing periods of its service, not for parts of documents */
  by_period?: boolean
  /** of `dynamic`: what its index says; a unit has no price where that says nothing */
  index?: KnownIndex
  /** of a plan: for which service it holds */
  of?: { service_id: string; plan: Pick<Plan, 'id' | 'name'> }
}
/** A stretch of an assignment in which no other eye on the machine is billed. */
export interface Owned extends OpenInterval {
  id: string
  resource_id: string
  /** the whole of it */
  assignment: OpenInterval
  /** a customer's, who buys through the account */
  for_account?: ForAccount
}
export interface Observed extends OpenInterval {
  id: string
  resource_id: string
  state: string
  size: Partial<Record<SizeName | 'service_count', number | string>>
  scope_id: string
  /** of a service: what binds to its version */
  digest?: string
}
/** Consumption of one resource and meter in one stretch of owner and price, or what its gauge held; a percentile has the hours that lie beneath it. */
export interface Consumed {
  resource_id: string
  meter: MeterName
  stretch: Interval
  owned_id: string
  /** what proves the leaves, as metering found them: `consumptionDigest` */
  digest: string
  leaves: readonly {
    from: Instant
    to: Instant
    quantity: bigint
    digest: string
    estimated: boolean
    gaps: readonly Gap[]
  }[]
  /** of a gauge: the end of the stretch, where its last reading holds no more and none followed */
  unheld?: Interval
  /** of all the resource's time at this price; absent: no percentile, or there is nothing to charge */
  peak?: Peak
}
export interface Facts {
  /** what is billed */
  period: Interval
  /** the calendar month around it, by which monthly prices are prorated */
  month: Interval
  /** by whose dates days are counted */
  zone: string
  currency: string
  service_id: string
  tax: Readonly<Record<TaxClass, LineTax>>
  resources: readonly { id: string; kind: PricedKind; name: string; for_account?: ForAccount }[]
  owned: readonly Owned[]
  observed: readonly Observed[]
  gaps: readonly { scope_id: string; from: Instant; to: Instant }[]
  /** losses that the agents who see a resource admitted */
  losses: readonly (Loss & { resource_id: string })[]
  /** gaps that people accepted */
  accepted: readonly (Accepted & { resource_id: string; meter: MeterName })[]
  prices: readonly Price[]
  /** all prices of those resources that have others than their kind: services, and what fulfils them */
  tariffs?: ReadonlyMap<string, readonly Price[]>
  /** of the same, what must have a price when */
  expected?: ReadonlyMap<string, readonly Expected[]>
  consumed: readonly Consumed[]
  /** these are facts of one billing period of a service, which is their month: only what is charged by periods is */
  by_period?: boolean
  /** the billing periods of services that the period touches */
  terms?: readonly Term[]
}

/** Kinds that are parts of something else: nobody expects a price for each. */
export const PARTS: readonly Kind[] = [
  'site',
  'rack',
  'component',
  'cluster',
  'disk',
  'volume',
  'storage_pool',
  'nic',
  'network',
  'template',
  'snapshot',
  'node',
  'namespace',
  'workload',
  'pod',
]
export const isPartOfAnother = (kind: PricedKind): boolean => PARTS.some((one) => one === kind)

export type RatedResource = Facts['resources'][number]
/** A gap that holds the invoice back. */
export interface Blocked extends ToldGap {
  resource: RatedResource
  meter: MeterName
}
export interface Billed {
  lines: Line[]
  blocked: Blocked[]
}

/** All lines of the period, in a stable order, and the gaps in them that nobody accepted. */
export function linesOf(facts: Facts): Billed {
  const [lines, blocked]: [Line[], Blocked[]] = [[], []]
  const dealt = [...byResource(facts)]
  /** by resource, meters whose month a version without proration has charged, for whichever customer */
  const charged = new Map<string, Set<MeterName>>()
  for (const [resource, own] of dealt) {
    const paid = charged.get(resource.id) ?? new Set<MeterName>()
    charged.set(resource.id, paid)
    for (const price of own.prices.filter((one) => !isPooled(one) && isHere(facts, one))) {
      const segments = segmentsOf(own, resource, price)
      if (segments.length === 0 && !isStanding(own, resource, price)) continue
      const gaps = gapsOf(own, resource, price, segments)
      const divisor = divisorOf(price, own.month)
      const whole = isLinear(price) ? null : wholeCharge(own, resource, price, segments, divisor, paid.has(price.meter))
      if (price.terms?.proration === 'none' && segments.length > 0) paid.add(price.meter)
      lines.push(lineOf(own, resource, price, segments, gaps, whole))
      for (const gap of unaccepted(gaps, acceptedOf(own, resource, price)))
        blocked.push({ ...gap, resource, meter: price.meter })
    }
  }
  const pooled = facts.prices.filter(isPooled).map((price) => pooledLine(facts, price, dealt))
  lines.push(...pooled.flatMap((one) => one.lines))
  blocked.push(...pooled.flatMap((one) => one.blocked))
  const keyed = lines.map((line) => ({ line, key: orderKey(line) }))
  return { lines: keyed.toSorted((a, b) => (a.key < b.key ? -1 : 1)).map(({ line }) => line), blocked }
}

/** The one line of all resources of the price's kind; none where the account had none, or what it had costs nothing. */
function pooledLine(facts: Facts, price: Price, dealt: readonly Dealt[]): Billed {
  const pool = poolOf(dealt, price)
  const each = pool.map(({ resource, of, price: here }) => ({ resource, of, own: segmentsOf(of, resource, here) }))
  const share = pooledShare(pool, price)
  const segments = each.flatMap(({ resource: { id, name, for_account }, own }) =>
    own.map((segment): RawSegment => ({ ...segment, resource: { id, name }, ...(for_account && { for_account }) })),
  )
  if (segments.length === 0 && !chargesNothingUsed(price, share)) return { lines: [], blocked: [] }
  const gaps = told(
    segments.flatMap((segment) => segment.unobserved),
    each.flatMap(({ of }) => of.losses),
    price.gap_policy,
  )
  const divisor = divisorOf(price, facts.month)
  const whole = pooledCharge(price, segments, divisor, share, overPool(price, segments, divisor))
  const blocked = each.flatMap(({ resource, of, own }) =>
    unaccepted(gapsOf(of, resource, price, own), acceptedOf(of, resource, price)).map((gap) => ({
      ...gap,
      resource,
      meter: price.meter,
    })),
  )
  return {
    lines: [lineOf(facts, { id: facts.service_id, kind: 'pool', name: '' }, price, segments, gaps, whole)],
    blocked,
  }
}

const isHere = ({ by_period = false }: Facts, price: Price): boolean => (price.by_period ?? false) === by_period

/** A line without use: the price of having the thing. */
const isStanding = (facts: Facts, resource: RatedResource, price: Price): boolean =>
  !isLinear(price) && chargesNothingUsed(price, shareOfMonth(facts, resource, price))

/** What of the line's time nobody observed, with what explains it. */
const gapsOf = (facts: Facts, resource: RatedResource, price: Price, segments: readonly RawSegment[]): ToldGap[] =>
  told(
    segments.flatMap((segment) => segment.unobserved),
    facts.losses.filter((loss) => loss.resource_id === resource.id),
    price.gap_policy,
  )
const acceptedOf = (facts: Facts, resource: RatedResource, price: Price): Accepted[] =>
  facts.accepted.filter((one) => one.resource_id === resource.id && one.meter === price.meter)

/** What is for customers comes after the account's own, customer by customer. */
const orderKey = (line: Line): string =>
  [
    line.for_account?.name ?? '',
    line.for_account?.id ?? '',
    line.resource.kind,
    line.resource.name,
    line.resource.id,
    line.component,
    line.price.effective_at,
  ].join('\n')

/** The line over its segments: added exactly, or its terms applied to all of them; rounded once. */
function lineOf(
  facts: Facts,
  resource: Line['resource'] & Pick<Line, 'for_account'>,
  price: Price,
  raw: readonly RawSegment[],
  gaps: readonly ToldGap[],
  whole: Whole | null,
): Line {
  const exact = whole ? whole.amount : sum(raw.map((segment) => segment.exact))
  const quantity = raw.reduce((total, segment) => total + segment.quantity_units, 0n)
  const divisor = divisorOf(price, facts.month)
  const amount = majorText(toMinor(exact, facts.currency), facts.currency)
  const service_id = price.of?.service_id ?? facts.service_id
  const segments = raw
    .map(({ quantity_units: _quantity, exact: own, unobserved: _gaps, peak: _peak, ...segment }, index) => ({
      ...segment,
      amount: fractionText(whole ? (whole.amounts[index] ?? exact) : own),
    }))
    .toSorted((a, b) => (a.from === b.from ? 0 : a.from < b.from ? -1 : 1))
  const peak = raw[0]?.peak
  const { for_account } = resource
  const named = [service_id, resource.id, price.id, facts.period.from, ...(for_account ? [for_account.id] : [])]
  return {
    id: sha256(named.join('/')).slice(0, 24),
    service_id,
    resource: { id: resource.id, kind: resource.kind, name: nameOf(resource, price) },
    ...(for_account && { for_account }),
    ...(price.of && { plan: price.of.plan }),
    component: `${price.kind}.${price.meter}`,
    meter: price.meter,
    price: {
      id: price.id,
      model: price.model,
      per: price.per,
      unit: price.unit,
      amount: price.amount,
      gap_policy: price.gap_policy,
      ...(price.price_book_id !== undefined && { price_book_id: price.price_book_id }),
      effective_at: iso(price.effective_at),
      ...(price.terms && { terms: price.terms }),
      ...(price.index && { index: { name: price.index.name, unit: price.index.unit } }),
      ...(whole && price.ends_at !== null && { ends_at: iso(price.ends_at) }),
      ...(price.times && { times: within(price, facts.period).map(timeText) }),
    },
    period: { from: iso(facts.period.from), to: iso(facts.period.to) },
    ...(price.by_period && { basis: { from: iso(facts.month.from), to: iso(facts.month.to) } }),
    divisor: divisor.toString(),
    quantity: quantity.toString(),
    quantity_display: toDecimal(whole ? whole.quantity : fraction(quantity, divisor), 6),
    exact: fractionText(exact),
    ...(whole && { charge: chargeText(whole) }),
    ...(peak && { percentile: percentileText(peak) }),
    // billing takes the discounts off, and out of a price with tax the tax
    ...(price.tax_inclusive && { gross_inclusive: amount }),
    net: amount,
    currency: facts.currency,
    ...facts.tax[price.tax_class ?? 'standard'],
    unobserved_ms: raw.reduce((total, segment) => total + segment.unobserved_ms, 0),
    estimated: raw.some((segment) => segment.estimated),
    ...(gaps.length > 0 && { gaps: gaps.slice(0, SHOWN_GAPS).map(gapText) }),
    ...(gaps.length > SHOWN_GAPS && { gaps_more: gaps.length - SHOWN_GAPS }),
    segments,
  }
}

/** A service is called by its plan, which changes with time. */
const nameOf = ({ kind, name }: Line['resource'], { of }: Price): string =>
  kind === 'service' && of ? of.plan.name.en : name
const timeText = ({ from, to, trial }: Interval & { trial: boolean }) => ({
  from: iso(from),
  to: iso(to),
  ...(trial && { trial }),
})
const gapText = ({ from, to, cause, policy }: ToldGap): LineGap => ({ from: iso(from), to: iso(to), cause, policy })
