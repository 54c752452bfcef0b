/**
 * How usage becomes lines, read top to bottom: who owned it → what was observed → which price held → quantity → charge model → one
 * rounding per line. Pure: the same facts give the same lines.
 */
import type { SizeName } from '#connectors/contract.ts'
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
import { type GapPolicy, type Meter, type MeterName, meterOf } from '../metering/contract.ts'
import { counts, coveredMs, type Gap } from '../metering/rules.ts'
import type { ChargeModel, Plan, PricedKind, Terms } from '../catalog/contract.ts'
import { chargeText, isLinear } from './charge.ts'
import { type Line, type LineGap, type Segment, SHOWN_GAPS } from './contract.ts'
import { flat } from './models/flat.ts'
import { type Accepted, type Loss, told, type ToldGap, unaccepted, type Unobserved } from './gaps.ts'
import { perUnit } from './models/per_unit.ts'
import type { Expected } from './tariffs.ts'
import { boundsOf, type Time, within } from './times.ts'
import { chargesNothingUsed, shareOfMonth, type Whole, wholeCharge } from './whole.ts'

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
  gap_policy: GapPolicy
  effective_at: Instant
  ends_at: Instant | null
  /** where it holds only in some stretches of a resource; absent: as long as its version */
  times?: readonly Time[]
  /** of a plan: for which service it holds */
  of?: { service_id: string; plan: Pick<Plan, 'id' | 'name'> }
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
  size: Partial<Record<SizeName | 'service_count', number | string>>
  scope_id: string
  /** of a service: what binds to its version */
  digest?: string
}
/** Consumption of one resource and meter in one stretch of owner and price. */
export interface Consumed {
  resource_id: string
  meter: MeterName
  stretch: Interval
  owned_id: string
  leaves: readonly {
    from: Instant
    to: Instant
    quantity: bigint
    digest: string
    estimated: boolean
    gaps: readonly Gap[]
  }[]
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
  tax: { category: Line['tax_category']; rate: string }
  resources: readonly { id: string; kind: PricedKind; name: string }[]
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
}

/** The prices of a resource. */
export const pricesOf = ({ tariffs, prices }: Facts, { id, kind }: RatedResource): readonly Price[] =>
  tariffs?.get(id) ?? prices.filter((price) => price.kind === kind)

export type RatedResource = Facts['resources'][number]
export type RawSegment = Segment & { quantity_units: bigint; exact: Fraction; unobserved: Unobserved[] }
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

export const charge = (price: Price, quantity: bigint, month: Interval): Fraction =>
  price.model === 'flat'
    ? flat(quantity, amountOf(price), divisorOf(price, month))
    : perUnit(quantity, amountOf(price), divisorOf(price, month))

/** How much of an allocation meter a version holds: base units, or null where its state doesn't count. */
export function held(meter: Meter, observed: { state: string; size: Observed['size'] }): bigint | null {
  if (!counts(meter, observed.state)) return null
  const size = meter.size === undefined ? 1n : BigInt(observed.size[meter.size] ?? 0)
  return size > 0n ? size : null
}

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
  for (const resource of facts.resources) {
    /** meters whose month a version without proration has charged */
    const paid = new Set<MeterName>()
    for (const price of pricesOf(facts, resource)) {
      const segments =
        meterOf(price.meter).kind === 'allocation'
          ? allocationSegments(facts, resource, price)
          : consumptionSegments(facts, resource, price)
      if (segments.length === 0 && !isStanding(facts, resource, price)) continue
      const gaps = gapsOf(facts, resource, price, segments)
      const divisor = divisorOf(price, facts.month)
      const whole = isLinear(price)
        ? null
        : wholeCharge(facts, resource, price, segments, divisor, paid.has(price.meter))
      if (price.terms?.proration === 'none' && segments.length > 0) paid.add(price.meter)
      lines.push(lineOf(facts, resource, price, segments, gaps, whole))
      for (const gap of unaccepted(gaps, acceptedOf(facts, resource, price)))
        blocked.push({ ...gap, resource, meter: price.meter })
    }
  }
  return { lines: lines.toSorted((a, b) => (orderKey(a) < orderKey(b) ? -1 : 1)), blocked }
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
  const out: RawSegment[] = []
  for (const owned of facts.owned.filter((o) => o.resource_id === resource.id))
    for (const observed of facts.observed.filter((o) => o.resource_id === resource.id)) {
      const size = held(meter, observed)
      const both = size === null ? null : meet(facts.period, owned, observed)
      if (size === null || !both) continue
      for (const { trial, ...stretch } of within(price, both)) {
        const gaps = unobservedIn(facts, observed.scope_id, stretch)
        const bounds = price.gap_policy === 'skip' ? gaps.flatMap(({ from, to }) => [from, to]) : []
        for (const piece of splitAt(stretch, bounds))
          out.push(heldSegment(facts, price, { owned, observed, size, piece, gaps, trial }))
      }
    }
  return out
}

interface Holding {
  owned: Owned
  observed: Observed
  size: bigint
  piece: Interval
  gaps: readonly Unobserved[]
  trial: boolean
}
function heldSegment(facts: Facts, price: Price, { owned, observed, size, piece, gaps, trial }: Holding): RawSegment {
  const unobserved = clip(gaps, piece)
  const skipped = price.gap_policy === 'skip' && unobserved.length > 0
  const quantity = skipped || trial ? 0n : (price.model === 'flat' ? 1n : size) * lengthMs(piece)
  const exact = charge(price, quantity, facts.month)
  return {
    from: iso(piece.from),
    to: iso(piece.to),
    quantity: quantity.toString(),
    size: size.toString(),
    amount: fractionText(exact),
    observed_version_id: observed.id,
    assignment_id: owned.id,
    digest: observed.digest ?? allocationDigest({ id: owned.id, ...owned.assignment }, observed),
    unobserved_ms: coveredMs(unobserved),
    estimated: false,
    ...(skipped && { skipped }),
    ...(trial && { trial }),
    quantity_units: quantity,
    exact,
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
  const out: RawSegment[] = []
  for (const used of facts.consumed) {
    // stretches of usage break where a price begins or ends to hold: it holds for all of one or for nothing of it
    const time = within(price, used.stretch)[0]
    if (used.resource_id !== resource.id || used.meter !== price.meter || !time) continue
    const quantity = time.trial ? 0n : consumedQuantity(used.leaves, price.gap_policy)
    const gaps = used.leaves.flatMap((leaf) => leaf.gaps)
    if (quantity === 0n && gaps.length === 0) continue
    const exact = charge(price, quantity, facts.month)
    out.push({
      from: iso(used.stretch.from),
      to: iso(used.stretch.to),
      quantity: quantity.toString(),
      size: null,
      amount: fractionText(exact),
      observed_version_id: null,
      assignment_id: used.owned_id,
      digest: consumptionDigest(used.leaves),
      unobserved_ms: coveredMs(gaps),
      estimated: used.leaves.some((leaf) => leaf.estimated),
      ...(time.trial && { trial: time.trial }),
      quantity_units: quantity,
      exact,
      unobserved: gaps.map(({ from, to, cause }) => ({ from, to, cause, known: cause !== 'reset' })),
    })
  }
  return out
}

/** What was consumed; under `skip` without what a counter grew by while nobody looked. */
function consumedQuantity(leaves: Consumed['leaves'], policy: GapPolicy): bigint {
  const all = leaves.reduce((total, leaf) => total + leaf.quantity, 0n)
  if (policy !== 'skip') return all
  return leaves.flatMap((leaf) => leaf.gaps).reduce((rest, gap) => rest - (gap.quantity ?? 0n), all)
}

export const consumptionDigest = (leaves: Consumed['leaves']): string =>
  sha256(canonical(leaves.map((leaf) => [leaf.from, leaf.to, leaf.quantity.toString(), leaf.digest])))

/** The line over its segments: added exactly, or its terms applied to all of them; rounded once. */
function lineOf(
  facts: Facts,
  resource: RatedResource,
  price: Price,
  raw: readonly RawSegment[],
  gaps: readonly ToldGap[],
  whole: Whole | null,
): Line {
  const exact = whole ? whole.amount : sum(raw.map((segment) => segment.exact))
  const quantity = raw.reduce((total, segment) => total + segment.quantity_units, 0n)
  const divisor = divisorOf(price, facts.month)
  const service_id = price.of?.service_id ?? facts.service_id
  const segments = raw
    .map((segment, index) => ({ ...segment, ...(whole && { amount: fractionText(whole.amounts[index] ?? exact) }) }))
    .toSorted((a, b) => (a.from < b.from ? -1 : 1))
    .map(({ quantity_units: _quantity, exact: _exact, unobserved: _gaps, ...segment }) => segment)
  return {
    id: sha256([service_id, resource.id, price.id, facts.period.from].join('/')).slice(0, 24),
    service_id,
    resource: { id: resource.id, kind: resource.kind, name: nameOf(resource, price) },
    ...(price.of && { plan: price.of.plan }),
    component: `${resource.kind}.${price.meter}`,
    meter: price.meter,
    price: {
      id: price.id,
      model: price.model,
      per: price.per,
      unit: price.unit,
      amount: price.amount,
      gap_policy: price.gap_policy,
      effective_at: iso(price.effective_at),
      ...(price.terms && { terms: price.terms }),
      ...(whole && price.ends_at !== null && { ends_at: iso(price.ends_at) }),
      ...(price.times && { times: within(price, facts.period).map(timeText) }),
    },
    period: { from: iso(facts.period.from), to: iso(facts.period.to) },
    divisor: divisor.toString(),
    quantity: quantity.toString(),
    quantity_display: toDecimal(whole ? whole.quantity : fraction(quantity, divisor), 6),
    exact: fractionText(exact),
    ...(whole && { charge: chargeText(whole) }),
    net: majorText(toMinor(exact, facts.currency), facts.currency),
    currency: facts.currency,
    tax_category: facts.tax.category,
    tax_rate: facts.tax.rate,
    unobserved_ms: raw.reduce((total, segment) => total + segment.unobserved_ms, 0),
    estimated: raw.some((segment) => segment.estimated),
    ...(gaps.length > 0 && { gaps: gaps.slice(0, SHOWN_GAPS).map(gapText) }),
    ...(gaps.length > SHOWN_GAPS && { gaps_more: gaps.length - SHOWN_GAPS }),
    segments,
  }
}

/** A service is called by its plan, which changes with time. */
const nameOf = ({ kind, name }: RatedResource, { of }: Price): string =>
  kind === 'service' && of ? of.plan.name.en : name
const timeText = ({ from, to, trial }: Interval & { trial: boolean }) => ({
  from: iso(from),
  to: iso(to),
  ...(trial && { trial }),
})
const gapText = ({ from, to, cause, policy }: ToldGap): LineGap => ({ from: iso(from), to: iso(to), cause, policy })

/** Stretches of a resource in which its owner and every price of its kind are constant: what usage is asked for. */
export function stretchesOf(
  period: Interval,
  owned: readonly Owned[],
  prices: readonly Price[],
): { stretch: Interval; owned_id: string }[] {
  const bounds = prices.flatMap(boundsOf)
  return owned.flatMap((owner) => {
    const whole = intersect(owner, period)
    return whole ? splitAt(whole, bounds).map((stretch) => ({ stretch, owned_id: owner.id })) : []
  })
}
