/** Owned usage without a price: it blocks the account's invoice, there is no silent price of zero. Pure. */
import { type Instant, type Interval, intersect } from '../base/time.ts'
import type { PricedKind } from '../catalog/contract.ts'
import { METER_NAMES, type MeterName, meterOf } from '../metering/contract.ts'
import { type Facts, held, meet, pricesOf, type RatedResource } from './rules.ts'
import { outside, within } from './times.ts'

/** Kinds that are parts of something else: nobody expects a price for each. */
const PARTS = new Set<PricedKind>([
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
  resource: RatedResource
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
    const standard = { ...facts.period, offered, isPaid: false }
    for (const { offered: due, isPaid, ...stretch } of facts.expected?.get(resource.id) ?? [standard]) {
      const sold = METER_NAMES.filter((meter) => due.has(`${resource.kind}.${meter}`))
      if (sold.length === 0 && !isPaid && !PARTS.has(resource.kind))
        out.push(...uncovered(facts, resource, 'instance', stretch))
      for (const meter of sold)
        out.push(
          ...(meterOf(meter).kind === 'allocation'
            ? uncovered(facts, resource, meter, stretch)
            : unpriced(facts, resource, meter, stretch)),
        )
    }
  }
  return out
}

const ofMeter = (facts: Facts, resource: RatedResource, meter: MeterName) =>
  pricesOf(facts, resource).filter((price) => price.meter === meter)

/** Consumption in stretches for which the component has no price. */
function unpriced(facts: Facts, resource: RatedResource, meter: MeterName, period: Interval): Missing[] {
  const prices = ofMeter(facts, resource, meter)
  return facts.consumed
    .filter(
      (used) =>
        used.resource_id === resource.id &&
        used.meter === meter &&
        intersect(used.stretch, period) &&
        used.leaves.some((leaf) => leaf.quantity > 0n),
    )
    .filter((used) => !prices.some((price) => within(price, used.stretch).length > 0))
    .map((used) => ({ resource, meter, ...used.stretch }))
}

function uncovered(facts: Facts, resource: RatedResource, meter: MeterName, period: Interval): Missing[] {
  const prices = ofMeter(facts, resource, meter)
  const out: Missing[] = []
  for (const owned of facts.owned.filter((o) => o.resource_id === resource.id))
    for (const observed of facts.observed.filter((o) => o.resource_id === resource.id)) {
      const stretch = held(meterOf(meter), observed) === null ? null : meet(period, owned, observed)
      if (!stretch) continue
      const covered = prices.flatMap((price) => within(price, stretch))
      out.push(...outside(stretch, covered).map((part) => ({ resource, meter, ...part })))
    }
  return out
}
