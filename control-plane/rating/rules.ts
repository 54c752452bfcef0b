/**
 * How usage becomes lines, read top to bottom: who owned it → what was observed → which price held → quantity → charge model → one
 * rounding per line. Pure: the same facts give the same lines.
 */
import type { Kind, SizeName } from '#connectors/contract.ts'
import { add, type Fraction, fraction, fractionText, parseDecimal, sum, toDecimal } from '../base/exact.ts'
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
import { METER_NAMES, type Meter, type MeterName, meterOf } from '../metering/contract.ts'
import { counts, coveredMs } from '../metering/rules.ts'
import type { Line, Segment } from './contract.ts'
import { flat } from './flat.ts'
import { perUnit } from './per_unit.ts'

export interface Price {
  id: string
  kind: Kind
  meter: MeterName
  model: 'flat' | 'per_unit'
  per: 'hour' | 'month' | 'quantity'
  unit: string
  /** decimal text, at most 12 places */
  amount: string
  effective_at: Instant
  ends_at: Instant | null
}
export interface Owned extends OpenInterval {
  id: string
  resource_id: string
}
export interface Observed extends OpenInterval {
  id: string
  resource_id: string
  state: string
  size: Partial<Record<SizeName, number | string>>
  scope_id: string
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
    gaps: readonly Interval[]
  }[]
}
export interface Facts {
  /** what is billed */
  period: Interval
  /** the calendar month around it, by which monthly prices are prorated */
  month: Interval
  currency: string
  service_id: string
  tax: { category: Line['tax_category']; rate: string }
  resources: readonly { id: string; kind: Kind; name: string }[]
  owned: readonly Owned[]
  observed: readonly Observed[]
  gaps: readonly { scope_id: string; from: Instant; to: Instant }[]
  prices: readonly Price[]
  consumed: readonly Consumed[]
}

type Resource = Facts['resources'][number]
type RawSegment = Segment & { quantity_units: bigint; exact: Fraction }
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

const charge = (price: Price, quantity: bigint, month: Interval): Fraction =>
  price.model === 'flat'
    ? flat(quantity, amountOf(price), divisorOf(price, month))
    : perUnit(quantity, amountOf(price), divisorOf(price, month))

/** How much of an allocation meter a version holds: base units, or null where its state doesn't count. */
export function held(meter: Meter, observed: { state: string; size: Observed['size'] }): bigint | null {
  if (!counts(meter, observed.state)) return null
  const size = meter.size === undefined ? 1n : BigInt(observed.size[meter.size] ?? 0)
  return size > 0n ? size : null
}

const timeOf = (price: Price): OpenInterval => ({ from: price.effective_at, to: price.ends_at })

/** All lines of the period, in a stable order. */
export function linesOf(facts: Facts): Line[] {
  const lines: Line[] = []
  for (const resource of facts.resources)
    for (const price of facts.prices.filter((p) => p.kind === resource.kind)) {
      const segments =
        meterOf(price.meter).kind === 'allocation'
          ? allocationSegments(facts, resource, price)
          : consumptionSegments(facts, resource, price)
      if (segments.length > 0) lines.push(lineOf(facts, resource, price, segments))
    }
  return lines.toSorted((a, b) => (orderKey(a) < orderKey(b) ? -1 : 1))
}

const orderKey = (line: Line): string =>
  [line.resource.kind, line.resource.name, line.resource.id, line.component, line.price.effective_at].join('\n')

/** One segment for each stretch in which owner, size, state and price are constant. */
function allocationSegments(facts: Facts, resource: Resource, price: Price): RawSegment[] {
  const meter = meterOf(price.meter)
  const out: RawSegment[] = []
  for (const owned of facts.owned.filter((o) => o.resource_id === resource.id))
    for (const observed of facts.observed.filter((o) => o.resource_id === resource.id)) {
      const size = held(meter, observed)
      const stretch = size === null ? null : meet(facts.period, owned, observed, timeOf(price))
      if (size === null || !stretch) continue
      const quantity = (price.model === 'flat' ? 1n : size) * lengthMs(stretch)
      const exact = charge(price, quantity, facts.month)
      out.push({
        from: iso(stretch.from),
        to: iso(stretch.to),
        quantity: quantity.toString(),
        size: size.toString(),
        amount: fractionText(exact),
        observed_version_id: observed.id,
        assignment_id: owned.id,
        digest: allocationDigest(owned, observed),
        unobserved_ms: unobserved(facts, observed.scope_id, stretch),
        estimated: false,
        quantity_units: quantity,
        exact,
      })
    }
  return out
}

const meet = (period: Interval, ...bounds: OpenInterval[]): Interval | null =>
  bounds.reduce<Interval | null>((left, bound) => left && intersect(bound, left), period)

/** What binds a segment to the version and the assignment that it was made from. */
export const allocationDigest = (owned: Owned, observed: Observed): string =>
  sha256(
    canonical([owned.id, owned.from, owned.to, observed.id, observed.from, observed.to, observed.state, observed.size]),
  )

function unobserved(facts: Facts, scope_id: string, stretch: Interval): number {
  const inside = facts.gaps.filter((gap) => gap.scope_id === scope_id).map((gap) => intersect(gap, stretch))
  return coveredMs(inside.filter((gap) => gap !== null))
}

function consumptionSegments(facts: Facts, resource: Resource, price: Price): RawSegment[] {
  const out: RawSegment[] = []
  for (const used of facts.consumed) {
    if (used.resource_id !== resource.id || used.meter !== price.meter || !meet(used.stretch, timeOf(price))) continue
    const quantity = used.leaves.reduce((total, leaf) => total + leaf.quantity, 0n)
    const unknown = coveredMs(used.leaves.flatMap((leaf) => leaf.gaps))
    if (quantity === 0n && unknown === 0) continue
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
      unobserved_ms: unknown,
      estimated: used.leaves.some((leaf) => leaf.estimated),
      quantity_units: quantity,
      exact,
    })
  }
  return out
}

export const consumptionDigest = (leaves: Consumed['leaves']): string =>
  sha256(canonical(leaves.map((leaf) => [leaf.from, leaf.to, leaf.quantity.toString(), leaf.digest])))

/** The line over its segments: added exactly, rounded once. */
function lineOf(facts: Facts, resource: Resource, price: Price, raw: readonly RawSegment[]): Line {
  const exact = sum(raw.map((segment) => segment.exact))
  const quantity = raw.reduce((total, segment) => total + segment.quantity_units, 0n)
  const divisor = divisorOf(price, facts.month)
  const segments = raw
    .toSorted((a, b) => (a.from < b.from ? -1 : 1))
    .map(({ quantity_units: _quantity, exact: _exact, ...segment }) => segment)
  return {
    id: sha256([facts.service_id, resource.id, price.id, facts.period.from].join('/')).slice(0, 24),
    service_id: facts.service_id,
    resource: { id: resource.id, kind: resource.kind, name: resource.name },
    component: `${resource.kind}.${price.meter}`,
    meter: price.meter,
    price: {
      id: price.id,
      model: price.model,
      per: price.per,
      unit: price.unit,
      amount: price.amount,
      effective_at: iso(price.effective_at),
    },
    period: { from: iso(facts.period.from), to: iso(facts.period.to) },
    divisor: divisor.toString(),
    quantity: quantity.toString(),
    quantity_display: toDecimal(fraction(quantity, divisor), 6),
    exact: fractionText(exact),
    net: majorText(toMinor(exact, facts.currency), facts.currency),
    currency: facts.currency,
    tax_category: facts.tax.category,
    tax_rate: facts.tax.rate,
    unobserved_ms: raw.reduce((total, segment) => total + segment.unobserved_ms, 0),
    estimated: raw.some((segment) => segment.estimated),
    segments,
  }
}

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

/** Kinds that are parts of something else: nobody expects a price for each. */
const PARTS = new Set<Kind>([
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
])

export interface Missing {
  resource: Resource
  meter: MeterName
  from: Instant
  to: Instant
}

/**
 * Owned usage without a price: components that the price book offers but not for all of this time, and machines of which it
 * offers nothing. It blocks the account's invoice; there is no silent price of zero.
 */
export function unratedOf(facts: Facts, offered: ReadonlySet<string>): Missing[] {
  const out: Missing[] = []
  for (const resource of facts.resources) {
    const sold = METER_NAMES.filter((meter) => offered.has(`${resource.kind}.${meter}`))
    if (sold.length === 0 && !PARTS.has(resource.kind)) out.push(...uncovered(facts, resource, 'instance'))
    for (const meter of sold)
      out.push(
        ...(meterOf(meter).kind === 'allocation'
          ? uncovered(facts, resource, meter)
          : unpriced(facts, resource, meter)),
      )
  }
  return out
}

/** Consumption in stretches for which the component has no price. */
function unpriced(facts: Facts, resource: Resource, meter: MeterName): Missing[] {
  const prices = facts.prices.filter((p) => p.kind === resource.kind && p.meter === meter)
  return facts.consumed
    .filter(
      (used) =>
        used.resource_id === resource.id && used.meter === meter && used.leaves.some((leaf) => leaf.quantity > 0n),
    )
    .filter((used) => !prices.some((price) => intersect(timeOf(price), used.stretch)))
    .map((used) => ({ resource, meter, ...used.stretch }))
}

function uncovered(facts: Facts, resource: Resource, meter: MeterName): Missing[] {
  const prices = facts.prices.filter((p) => p.kind === resource.kind && p.meter === meter)
  const out: Missing[] = []
  for (const owned of facts.owned.filter((o) => o.resource_id === resource.id))
    for (const observed of facts.observed.filter((o) => o.resource_id === resource.id)) {
      const stretch = held(meterOf(meter), observed) === null ? null : meet(facts.period, owned, observed)
      if (!stretch) continue
      let from = stretch.from
      for (const price of prices.toSorted((a, b) => a.effective_at - b.effective_at)) {
        const covered = intersect(timeOf(price), stretch)
        if (!covered) continue
        if (covered.from > from) out.push({ resource, meter, from, to: covered.from })
        from = Math.max(from, covered.to)
      }
      if (from < stretch.to) out.push({ resource, meter, from, to: stretch.to })
    }
  return out
}

/** What a resource costs each hour at these prices, exactly; null where none applies. */
export function costPerHour(
  resource: { kind: Kind; state: string; size: Observed['size'] },
  prices: readonly Price[],
  month: Interval,
): Fraction | null {
  let total: Fraction | null = null
  for (const price of prices.filter((p) => p.kind === resource.kind && p.per !== 'quantity')) {
    const size = held(meterOf(price.meter), resource)
    const part = charge(price, size === null ? 0n : (price.model === 'flat' ? 1n : size) * BigInt(HOUR_MS), month)
    total = total ? add(total, part) : part
  }
  return total
}
