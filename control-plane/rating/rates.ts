/** Gathers what percentile meters are charged for: the hours of usage beneath them, and one percentile for each resource and price. */
import type { Interval } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { hourMetersOf, METER_NAMES, meterOf, type MeterName } from '../metering/contract.ts'
import { peaksOf, usageOf } from '../metering/index.ts'
import { isLinear } from './charge.ts'
import { byResource } from './by-resource.ts'
import type { Consumed, Facts, Price, RatedResource } from './rules.ts'
import { consumptionDigest, stretchesOf, whileThere } from './segments.ts'
import { within } from './times.ts'
import { chargesNothingUsed, shareOfMonth } from './whole.ts'

const PERCENTILES = METER_NAMES.filter((meter) => meterOf(meter).kind === 'percentile')

/** One percentile meter of a resource with the facts about it, in stretches of owner and price in which the resource was there. */
interface Sold {
  facts: Facts
  resource: RatedResource
  meter: MeterName
  prices: readonly Price[]
  stretches: { stretch: Interval; owned_id: string }[]
}

/** Stretches of percentile meters that are sold; those with a price, and something to charge, with the percentile of all their time. */
export async function rates(ctx: Context, facts: Facts, sold: ReadonlySet<string>, cut: number): Promise<Consumed[]> {
  const list = [...byResource(facts)].flatMap(([resource, own]) =>
    PERCENTILES.filter(
      (meter) => sold.has(`${resource.kind}.${meter}`) || own.prices.some((price) => price.meter === meter),
    ).map((meter) => soldOf(own, resource, meter)),
  )
  if (list.length === 0) return []
  const asked = list.map(({ resource, stretches }) => ({
    resource_id: resource.id,
    intervals: stretches.map((one) => one.stretch),
  }))
  const used = await usageOf(ctx, asked, cut)
  const consumed = list.map(({ resource, meter, stretches }, index) =>
    stretches.map(({ stretch, owned_id }): Consumed => {
      const leaves = hourMetersOf(meter).flatMap((own) => used[index]?.get(stretch)?.get(own) ?? [])
      return { resource_id: resource.id, meter, stretch, owned_id, leaves, digest: consumptionDigest(leaves) }
    }),
  )
  const charged = list.flatMap((one, index) => chargedOf(one, consumed[index] ?? []))
  const peaks = await peaksOf(
    ctx,
    charged.map(({ wanted }) => wanted),
    cut,
  )
  const peakOf = new Map(charged.flatMap(({ own }, index) => own.map((one) => [one, peaks[index]] as const)))
  return consumed.flat().map((one) => {
    const peak = peakOf.get(one)
    return peak ? { ...one, peak } : one
  })
}

function soldOf(facts: Facts, resource: RatedResource, meter: MeterName): Sold {
  const prices = facts.prices.filter((one) => one.meter === meter)
  const owned = stretchesOf(facts.period, facts.owned, prices)
  const stretches = whileThere(owned, facts.observed, facts.period)
  return { facts, resource, meter, prices, stretches }
}

/**
 * For each price its stretches and the percentile that they want. Of a machine without any traffic only prices that charge for having none;
 * of one that had some, all: what nobody saw under one of them is told.
 */
function chargedOf({ facts, resource, meter, prices }: Sold, consumed: readonly Consumed[]) {
  const isUsed = consumed.some((one) => one.leaves.length > 0)
  return prices.flatMap((price) => {
    const own = consumed.filter((one) => within(price, one.stretch).some(({ trial }) => !trial))
    if (!isUsed && (isLinear(price) || !chargesNothingUsed(price, shareOfMonth(facts, resource, price)))) return []
    const times = own.map((one) => one.stretch)
    return [{ own, wanted: { resource_id: resource.id, meter, times, skips: price.gap_policy === 'skip' } }]
  })
}
