/**
 * Segments: stretches of a resource in which owner, price and what was observed are constant, with their quantity, its exact amount
 * and the digest that binds them to what they were made from. Pure.
 */
import { canonical, sha256 } from '#connectors/contract.ts'
import { type Fraction, fractionText, parseDecimal } from '../base/exact.ts'
import { assert, sure } from '../base/problem.ts'
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
import { type GapPolicy, type Meter, meterOf, type Peak } from '../metering/contract.ts'
import { counts, coveredMs, type Gap, joined } from '../metering/rules.ts'
import type { Segment } from './contract.ts'
import type { Unobserved } from './gaps.ts'
import { dynamic } from './models/dynamic.ts'
import { flat } from './models/flat.ts'
import { perUnit } from './models/per_unit.ts'
import { rateOf, rateQuantity, unseenIn } from './percentile.ts'
import type { Consumed, Facts, Observed, Owned, Price, RatedResource } from './rules.ts'
import { boundsOf, chargedIn } from './times.ts'

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

const exact = (text: string): Fraction => sure(parseDecimal(text, PLACES))
/** What a unit costs of a price by an index where that says a value. */
export function unitPriceAt({ terms }: Pick<Price, 'terms'>, value: string): Fraction {
  const { factor, surcharge, floor, ceiling } = sure(terms?.index)
  const bound = (text: string | undefined) => (text === undefined ? null : exact(text))
  const by = { factor: exact(factor), surcharge: exact(surcharge), floor: bound(floor), ceiling: bound(ceiling) }
  return dynamic(exact(value), by)
}

/** What any quantity costs at a price in a month: its amount and divisor are looked up once. `unit`: of a price by an index. */
export function charging(price: Price, month: Interval): (quantity: bigint, unit?: Fraction) => Fraction {
  const [model, amount, divisor] = [price.model === 'flat' ? flat : perUnit, amountOf(price), divisorOf(price, month)]
  return (quantity, unit = amount) => model(quantity, unit, divisor)
}

type ByIndex = Pick<Segment, 'index_value' | 'unit_amount'>
const ITS_AMOUNT: { unit?: Fraction; said: ByIndex } = { said: {} }
/** The unit price of a stretch by an index, and how a segment tells it; nothing of other prices. */
function byIndex(price: Price, value: string | undefined): { unit?: Fraction; said: ByIndex } {
  if (value === undefined) return ITS_AMOUNT
  const unit = unitPriceAt(price, value)
  return { unit, said: { index_value: value, unit_amount: fractionText(unit) } }
}

/** How much of an allocation meter a version holds: base units, or null where its state doesn't count. */
export function held(meter: Meter, observed: { state: string; size: Observed['size'] }): bigint | null {
  if (!counts(meter, observed.state)) return null
  const size = meter.size === undefined ? 1n : BigInt(observed.size[meter.size] ?? 0)
  return size > 0n ? size : null
}

export const segmentsOf = (facts: Facts, resource: RatedResource, price: Price): RawSegment[] =>
  meterOf(price.meter).kind === 'allocation'
    ? allocationSegments(facts, resource, price)
    : consumptionSegments(facts, resource, price)

/** One segment for each stretch in which owner, size, state and price are constant; a price that skips gaps is cut at them. */
function allocationSegments(facts: Facts, resource: RatedResource, price: Price): RawSegment[] {
  const meter = meterOf(price.meter)
  const chargeOf = charging(price, facts.month)
  const out: RawSegment[] = []
  for (const owned of facts.owned.filter((o) => o.resource_id === resource.id))
    for (const observed of facts.observed.filter((o) => o.resource_id === resource.id)) {
      const size = held(meter, observed)
      const both = size === null ? null : meet(facts.period, owned, observed)
      if (size === null || !both) continue
      for (const { trial, value, ...stretch } of chargedIn(price, both)) {
        const gaps = unobservedIn(facts, observed.scope_id, stretch)
        const bounds = price.gap_policy === 'skip' ? gaps.flatMap(({ from, to }) => [from, to]) : []
        for (const piece of splitAt(stretch, bounds))
          out.push(heldSegment(price, chargeOf, { owned, observed, size, piece, gaps, trial, value }))
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
  value: string | undefined
}
function heldSegment(
  price: Price,
  chargeOf: ReturnType<typeof charging>,
  { owned, observed, size, piece, gaps, trial, value }: Holding,
): RawSegment {
  const unobserved = clip(gaps, piece)
  const skipped = price.gap_policy === 'skip' && unobserved.length > 0
  const quantity = skipped || trial ? 0n : (price.model === 'flat' ? 1n : size) * lengthMs(piece)
  const { unit, said } = byIndex(price, value)
  return {
    from: iso(piece.from),
    to: iso(piece.to),
    quantity: quantity.toString(),
    size: size.toString(),
    observed_version_id: observed.id,
    assignment_id: owned.id,
    digest: observed.digest ?? heldDigest(owned, observed),
    unobserved_ms: coveredMs(unobserved),
    estimated: false,
    ...(skipped && { skipped }),
    ...(trial && { trial }),
    ...said,
    quantity_units: quantity,
    exact: chargeOf(quantity, unit),
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
    const meter = meterOf(price.meter)
    // stretches of usage break where a price begins or ends to hold, or says something else: it holds for all of one or for nothing of it
    if (used.resource_id !== resource.id || used.meter !== price.meter) continue
    const time = chargedIn(price, used.stretch)[0]
    if (!time) continue
    // a percentile is of what is charged
    if (time.trial && meter.kind === 'percentile') continue
    const { peak, unheld } = used
    const sums = summed(used.leaves, price.gap_policy)
    const quantity = time.trial ? 0n : peak ? rateQuantity(peak, used.stretch) : sums.quantity
    const { gaps } = sums
    const unseen = peak ? unseenIn(peak, used.stretch) : unheld ? [{ ...unheld, ...UNHELD }] : []
    if (quantity === 0n && gaps.length === 0 && unseen.length === 0 && !peak) continue
    const isKnown = ({ cause }: Gap) => cause !== 'reset' && meter.kind !== 'gauge'
    const { unit, said } = byIndex(price, time.value)
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
      ...(time.trial && { trial: time.trial }),
      ...said,
      quantity_units: quantity,
      exact: chargeOf(quantity, unit),
      unobserved: [
        ...gaps.map((gap) => ({ from: gap.from, to: gap.to, cause: gap.cause, known: isKnown(gap) })),
        ...unseen,
      ],
      ...(peak && { peak }),
    })
  }
  return out
}

/** Of a gauge that nobody reads any more nothing is known. */
const UNHELD = { cause: 'silent', known: false } as const

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

/** Stretches of a resource in which its owner and every price of its kind are constant: what usage is asked for; `cuts` is where others end, too. */
export function stretchesOf(
  period: Interval,
  owned: readonly Owned[],
  prices: readonly Price[],
  cuts: readonly Instant[] = [],
): { stretch: Interval; owned_id: string }[] {
  const bounds = [...prices.flatMap(boundsOf), ...cuts]
  return owned.flatMap((owner) => {
    const whole = intersect(owner, period)
    return whole ? splitAt(whole, bounds).map((stretch) => ({ stretch, owned_id: owner.id })) : []
  })
}

/** What of stretches lies in the time of these versions: what a gauge said last doesn't hold beyond the end of its resource. */
export const whileThere = (
  stretches: readonly { stretch: Interval; owned_id: string }[],
  observed: readonly OpenInterval[],
  period: Interval,
): { stretch: Interval; owned_id: string }[] => {
  const there = joined(observed.flatMap((one) => intersect(one, period) ?? []))
  return stretches.flatMap(({ stretch, owned_id }) =>
    there.flatMap((time) => {
      const part = intersect(time, stretch)
      return part ? [{ stretch: part, owned_id }] : []
    }),
  )
}
