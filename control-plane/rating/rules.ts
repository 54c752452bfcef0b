/**
 * How usage becomes lines, read top to bottom: who owned it → what was observed → which price held → quantity → charge model → one
 * rounding per line. Pure: the same facts give the same lines.
 */
import type { Kind, SizeName } from '#connectors/contract.ts'
import { type Fraction, fraction, fractionText, parseDecimal, sum, toDecimal } from '../base/exact.ts'
import { majorText, toMinor } from '../base/money.ts'
import { assert } from '../base/problem.ts'
import {
  HOUR_MS,
  type Instant,
  type Interval,
  intersect,
  iso,
  lengthMs,
  type OpenInterval,
  splitAt,
} from '../base/time.ts'
import { canonical, sha256 } from '#connectors/contract.ts'
import { type GapPolicy, type Meter, type MeterName, meterOf, type Peak } from '../metering/contract.ts'
import { counts, coveredMs, type Gap } from '../metering/rules.ts'
import type { ChargeModel, Terms } from '../catalog/contract.ts'
import { byResource } from './by-resource.ts'
import type { LineTax, TaxClass } from '../tax/contract.ts'
import { chargeText, isLinear } from './charge.ts'
import { type Line, type LineGap, type Segment, SHOWN_GAPS } from './contract.ts'
import { type Dealt, isPooled, overPool, pooledShare, poolOf } from './pooled.ts'
import { flat } from './models/flat.ts'
import { type Accepted, type Loss, told, type ToldGap, unaccepted, type Unobserved } from './gaps.ts'
import { perUnit } from './models/per_unit.ts'
import { percentileText, rateOf, rateQuantity, unseenIn } from './percentile.ts'
import { chargesNothingUsed, pooledCharge, shareOfMonth, type Whole, wholeCharge } from './whole.ts'

export { resourceIdOf } from './pooled.ts'

export interface Price {
  id: string
  kind: Kind
  meter: MeterName
  model: ChargeModel
  per: 'hour' | 'month' | 'quantity'
  unit: string
  /** decimal text, at most 12 places */
  amount: string
  terms: Terms | null
  gap_policy: GapPolicy
  /** default: standard */
  tax_class?: TaxClass
  /** its amounts include the tax */
  tax_inclusive?: boolean
  price_book_id?: string
  effective_at: Instant
  ends_at: Instant | null
}
/** A stretch of an assignment in which no other eye on the machine is billed. */
export interface Owned extends OpenInterval {
  id: string
  resource_id: string
  /** the whole of it */
  assignment: OpenInterval
}
export interface Observed extends OpenInterval {
  id: string
  resource_id: string
  state: string
  size: Partial<Record<SizeName, number | string>>
  scope_id: string
}
/** Consumption of one resource and meter in one stretch of owner and price; a percentile has the hours that lie beneath it. */
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
  resources: readonly { id: string; kind: Kind; name: string }[]
  owned: readonly Owned[]
  observed: readonly Observed[]
  gaps: readonly { scope_id: string; from: Instant; to: Instant }[]
  /** losses that the agents who see a resource admitted */
  losses: readonly (Loss & { resource_id: string })[]
  /** gaps that people accepted */
  accepted: readonly (Accepted & { resource_id: string; meter: MeterName })[]
  prices: readonly Price[]
  consumed: readonly Consumed[]
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
export const isPartOfAnother = (kind: Kind): boolean => PARTS.includes(kind)

export type RatedResource = Facts['resources'][number]
export type RawSegment = Omit<Segment, 'amount'> & {
  quantity_units: bigint
  exact: Fraction
  unobserved: Unobserved[]
  peak?: Peak
}
const PLACES = 12

/** Base units in one priced unit × milliseconds in one period of the price. */
export function divisorOf(price: Price, month: Interval): bigint {
  const factor = price.model === 'flat' ? 1n : meterOf(price.meter).units[price.unit]
  assert(factor, `price ${price.id} is in a unit of its meter`)
  return factor * { hour: BigInt(HOUR_MS), month: lengthMs(month), quantity: 1n }[price.per]
}

const amountOf = (price: Price): Fraction => {
  const amount = parseDecimal(price.amount, PLACES)
  assert(amount, `price ${price.id} has a decimal amount`)
  return amount
}

/** What any quantity costs at a price in a month: its amount and divisor are looked up once. */
export function charging(price: Price, month: Interval): (quantity: bigint) => Fraction {
  const [model, amount, divisor] = [price.model === 'flat' ? flat : perUnit, amountOf(price), divisorOf(price, month)]
  return (quantity) => model(quantity, amount, divisor)
}

/** How much of an allocation meter a version holds: base units, or null where its state doesn't count. */
export function held(meter: Meter, observed: { state: string; size: Observed['size'] }): bigint | null {
  if (!counts(meter, observed.state)) return null
  const size = meter.size === undefined ? 1n : BigInt(observed.size[meter.size] ?? 0)
  return size > 0n ? size : null
}

export const timeOf = (price: Price): OpenInterval => ({ from: price.effective_at, to: price.ends_at })

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
  for (const [resource, own] of dealt) {
    /** meters whose month a version without proration has charged */
    const paid = new Set<MeterName>()
    for (const price of own.prices.filter((one) => !isPooled(one))) {
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

const segmentsOf = (facts: Facts, resource: RatedResource, price: Price): RawSegment[] =>
  meterOf(price.meter).kind === 'allocation'
    ? allocationSegments(facts, resource, price)
    : consumptionSegments(facts, resource, price)

/** The one line of all resources of the price's kind; none where the account had none, or what it had costs nothing. */
function pooledLine(facts: Facts, price: Price, dealt: readonly Dealt[]): Billed {
  const pool = poolOf(dealt, price)
  const each = pool.map(([resource, of]) => ({ resource, of, own: segmentsOf(of, resource, price) }))
  const share = pooledShare(pool, price)
  const segments = each.flatMap(({ resource: { id, name }, own }) =>
    own.map((segment): RawSegment => ({ ...segment, resource: { id, name } })),
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

const orderKey = (line: Line): string =>
  [line.resource.kind, line.resource.name, line.resource.id, line.component, line.price.effective_at].join('\n')

/** One segment for each stretch in which owner, size, state and price are constant; a price that skips gaps is cut at them. */
function allocationSegments(facts: Facts, resource: RatedResource, price: Price): RawSegment[] {
  const meter = meterOf(price.meter)
  const chargeOf = charging(price, facts.month)
  const out: RawSegment[] = []
  for (const owned of facts.owned.filter((o) => o.resource_id === resource.id))
    for (const observed of facts.observed.filter((o) => o.resource_id === resource.id)) {
      const size = held(meter, observed)
      const stretch = size === null ? null : meet(facts.period, owned, observed, timeOf(price))
      if (size === null || !stretch) continue
      const gaps = unobservedIn(facts, observed.scope_id, stretch)
      const bounds = price.gap_policy === 'skip' ? gaps.flatMap(({ from, to }) => [from, to]) : []
      for (const piece of splitAt(stretch, bounds))
        out.push(heldSegment(price, chargeOf, { owned, observed, size, piece, gaps }))
    }
  return out
}

interface Holding {
  owned: Owned
  observed: Observed
  size: bigint
  piece: Interval
  gaps: readonly Unobserved[]
}
function heldSegment(
  price: Price,
  chargeOf: (quantity: bigint) => Fraction,
  { owned, observed, size, piece, gaps }: Holding,
): RawSegment {
  const unobserved = clip(gaps, piece)
  const skipped = price.gap_policy === 'skip' && unobserved.length > 0
  const quantity = skipped ? 0n : (price.model === 'flat' ? 1n : size) * lengthMs(piece)
  return {
    from: iso(piece.from),
    to: iso(piece.to),
    quantity: quantity.toString(),
    size: size.toString(),
    observed_version_id: observed.id,
    assignment_id: owned.id,
    digest: heldDigest(owned, observed),
    unobserved_ms: coveredMs(unobserved),
    estimated: false,
    ...(skipped && { skipped }),
    quantity_units: quantity,
    exact: chargeOf(quantity),
    unobserved,
  }
}

export const meet = (period: Interval, ...bounds: OpenInterval[]): Interval | null =>
  bounds.reduce<Interval | null>((left, bound) => left && intersect(bound, left), period)

/** What binds a segment to the version and the assignment that it was made from. */
export const allocationDigest = (owned: OpenInterval & { id: string }, observed: Observed): string =>
  sha256(
    canonical([owned.id, owned.from, owned.to, observed.id, observed.from, observed.to, observed.state, observed.size]),
  )

/** Every meter of a machine is held by the same versions: each is proven once. */
const proven = new WeakMap<Observed, { owned: Owned; digest: string }>()
function heldDigest(owned: Owned, observed: Observed): string {
  const known = proven.get(observed)
  if (known?.owned === owned) return known.digest
  const digest = allocationDigest({ id: owned.id, ...owned.assignment }, observed)
  proven.set(observed, { owned, digest })
  return digest
}

const unobservedIn = (facts: Facts, scope_id: string, stretch: Interval): Unobserved[] =>
  clip(
    facts.gaps.filter((gap) => gap.scope_id === scope_id).map((gap) => ({ ...gap, cause: 'silent', known: true })),
    stretch,
  )

const clip = (gaps: readonly Unobserved[], part: Interval): Unobserved[] =>
  gaps.flatMap(({ cause, known, ...gap }) => {
    const inside = intersect(gap, part)
    return inside ? [{ ...inside, cause, known }] : []
  })

function consumptionSegments(facts: Facts, resource: RatedResource, price: Price): RawSegment[] {
  const chargeOf = charging(price, facts.month)
  const out: RawSegment[] = []
  for (const used of facts.consumed) {
    if (used.resource_id !== resource.id || used.meter !== price.meter || !meet(used.stretch, timeOf(price))) continue
    const { peak } = used
    const sums = summed(used.leaves, price.gap_policy)
    const quantity = peak ? rateQuantity(peak, used.stretch) : sums.quantity
    const { gaps } = sums
    if (quantity === 0n && gaps.length === 0 && !peak) continue
    const unseen = peak ? unseenIn(peak, used.stretch) : []
    out.push({
      from: iso(used.stretch.from),
      to: iso(used.stretch.to),
      quantity: quantity.toString(),
      size: peak ? rateOf(peak).toString() : null,
      observed_version_id: null,
      assignment_id: used.owned_id,
      digest: used.digest,
      unobserved_ms: coveredMs([...gaps, ...unseen]),
      estimated: peak ? peak.estimated : sums.estimated,
      quantity_units: quantity,
      exact: chargeOf(quantity),
      unobserved: [...gaps.map(({ from, to, cause }) => ({ from, to, cause, known: cause !== 'reset' })), ...unseen],
      ...(peak && { peak }),
    })
  }
  return out
}

/** What was consumed; under `skip` without what a counter grew by while nobody looked. In one pass: there is a leaf for each hour. */
function summed(leaves: Consumed['leaves'], policy: GapPolicy): { quantity: bigint; estimated: boolean; gaps: Gap[] } {
  let [quantity, estimated] = [0n, false]
  const gaps: Gap[] = []
  for (const leaf of leaves) {
    quantity += leaf.quantity
    estimated ||= leaf.estimated
    if (leaf.gaps.length > 0) gaps.push(...leaf.gaps)
  }
  if (policy === 'skip') for (const gap of gaps) quantity -= gap.quantity ?? 0n
  return { quantity, estimated, gaps }
}

export const consumptionDigest = (leaves: Consumed['leaves']): string =>
  // canonical, too: lists of numbers and texts
  sha256(JSON.stringify(leaves.map((leaf) => [leaf.from, leaf.to, leaf.quantity.toString(), leaf.digest])))

/** The line over its segments: added exactly, or its terms applied to all of them; rounded once. */
function lineOf(
  facts: Facts,
  resource: Line['resource'],
  price: Price,
  raw: readonly RawSegment[],
  gaps: readonly ToldGap[],
  whole: Whole | null,
): Line {
  const exact = whole ? whole.amount : sum(raw.map((segment) => segment.exact))
  const quantity = raw.reduce((total, segment) => total + segment.quantity_units, 0n)
  const divisor = divisorOf(price, facts.month)
  const amount = majorText(toMinor(exact, facts.currency), facts.currency)
  const segments = raw
    .map(({ quantity_units: _quantity, exact: own, unobserved: _gaps, peak: _peak, ...segment }, index) => ({
      ...segment,
      amount: fractionText(whole ? (whole.amounts[index] ?? exact) : own),
    }))
    .toSorted((a, b) => (a.from === b.from ? 0 : a.from < b.from ? -1 : 1))
  const peak = raw[0]?.peak
  return {
    id: sha256([facts.service_id, resource.id, price.id, facts.period.from].join('/')).slice(0, 24),
    service_id: facts.service_id,
    resource: { id: resource.id, kind: resource.kind, name: resource.name },
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
      ...(whole && price.ends_at !== null && { ends_at: iso(price.ends_at) }),
    },
    period: { from: iso(facts.period.from), to: iso(facts.period.to) },
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

const gapText = ({ from, to, cause, policy }: ToldGap): LineGap => ({ from: iso(from), to: iso(to), cause, policy })

/** Stretches of a resource in which its owner and every price of its kind are constant: what usage is asked for. */
export function stretchesOf(
  period: Interval,
  owned: readonly Owned[],
  prices: readonly Price[],
): { stretch: Interval; owned_id: string }[] {
  const bounds = prices.flatMap((price) => [price.effective_at, ...(price.ends_at === null ? [] : [price.ends_at])])
  return owned.flatMap((owner) => {
    const whole = intersect(owner, period)
    return whole ? splitAt(whole, bounds).map((stretch) => ({ stretch, owned_id: owner.id })) : []
  })
}
