/** Owned usage without a price: it blocks the account's invoice, there is no silent price of zero. Pure. */
import type { Kind } from '#connectors/contract.ts'
import { type Instant, intersect } from '../base/time.ts'
import { METER_NAMES, type MeterName, meterOf } from '../metering/contract.ts'
import { byResource } from './by-resource.ts'
import { type Facts, held, meet, type RatedResource, timeOf } from './rules.ts'

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
  for (const [resource, own] of byResource(facts)) {
    const sold = METER_NAMES.filter((meter) => offered.has(`${resource.kind}.${meter}`))
    if (sold.length === 0 && !PARTS.has(resource.kind)) out.push(...uncovered(own, resource, 'instance'))
    for (const meter of sold)
      out.push(
        ...(meterOf(meter).kind === 'allocation' ? uncovered(own, resource, meter) : unpriced(own, resource, meter)),
      )
  }
  return out
}

/** Consumption in stretches for which the component has no price. */
function unpriced(facts: Facts, resource: RatedResource, meter: MeterName): Missing[] {
  const prices = facts.prices.filter((p) => p.kind === resource.kind && p.meter === meter)
  return facts.consumed
    .filter(
      (used) =>
        used.resource_id === resource.id && used.meter === meter && used.leaves.some((leaf) => leaf.quantity > 0n),
    )
    .filter((used) => !prices.some((price) => intersect(timeOf(price), used.stretch)))
    .map((used) => ({ resource, meter, ...used.stretch }))
}

function uncovered(facts: Facts, resource: RatedResource, meter: MeterName): Missing[] {
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
