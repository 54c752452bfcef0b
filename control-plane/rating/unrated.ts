/** Owned usage without a price: it blocks the account's invoice, there is no silent price of zero. Pure. */
import { type Instant, type Interval, intersect } from '../base/time.ts'
import { METER_NAMES, type MeterName, meterOf } from '../metering/contract.ts'
import type { Offer } from './layers.ts'
import { byResource } from './by-resource.ts'
import { type Facts, isPartOfAnother, type Price, type RatedResource } from './rules.ts'
import { held, meet } from './segments.ts'
import { chargedIn, outside, timesOf } from './times.ts'

export interface Missing {
  resource: RatedResource
  meter: MeterName
  from: Instant
  to: Instant
  /** it has a price, whose index says nothing then */
  index?: string
}

/**
 * Owned usage without a price: components that the price books offer but not for all of this time, and machines of which they
 * offer nothing. It blocks the account's invoice; there is no silent price of zero.
 */
export function unratedOf(facts: Facts, offers: readonly Offer[]): Missing[] {
  const out: Missing[] = []
  const standard = offers.map((one) => ({ ...one, isPaid: false }))
  for (const [resource, own] of byResource(facts)) {
    for (const { offered: due, isPaid, ...stretch } of facts.expected?.get(resource.id) ?? standard) {
      const sold = METER_NAMES.filter((meter) => due.has(`${resource.kind}.${meter}`))
      if (sold.length === 0 && !isPaid && !isPartOfAnother(resource.kind))
        out.push(...uncovered(own, resource, 'instance', stretch))
      for (const meter of sold)
        out.push(
          ...(meterOf(meter).kind === 'allocation'
            ? uncovered(own, resource, meter, stretch)
            : unpriced(own, resource, meter, stretch)),
        )
    }
  }
  return out
}

/** Consumption in stretches for which the component has no price. */
function unpriced(facts: Facts, resource: RatedResource, meter: MeterName, period: Interval): Missing[] {
  const prices = facts.prices.filter((price) => price.meter === meter)
  return facts.consumed
    .filter(
      (used) =>
        used.resource_id === resource.id &&
        used.meter === meter &&
        intersect(used.stretch, period) &&
        used.leaves.some((leaf) => leaf.quantity > 0n),
    )
    .filter((used) => !prices.some((price) => chargedIn(price, used.stretch).length > 0))
    .map((used) => ({ resource, meter, ...used.stretch, ...silentIn(prices, used.stretch) }))
}

function uncovered(facts: Facts, resource: RatedResource, meter: MeterName, period: Interval): Missing[] {
  const prices = facts.prices.filter((price) => price.meter === meter)
  const out: Missing[] = []
  for (const owned of facts.owned.filter((o) => o.resource_id === resource.id))
    for (const observed of facts.observed.filter((o) => o.resource_id === resource.id)) {
      const stretch = held(meterOf(meter), observed) === null ? null : meet(period, owned, observed)
      if (!stretch) continue
      const covered = prices.flatMap((price) => chargedIn(price, stretch))
      out.push(...outside(stretch, covered).map((part) => ({ resource, meter, ...part, ...silentIn(prices, part) })))
    }
  return out
}

/** The index by which it would be priced, had that a value. */
function silentIn(prices: readonly Price[], part: Interval): Pick<Missing, 'index'> {
  const price = prices.find((one) => one.index && timesOf(one).some((time) => intersect(time, part)))
  return price?.index ? { index: price.index.name } : {}
}
