/** List prices: which price of a cost book is of which resource when, by what its source told of it at that time. Pure. */
import type { Interval, OpenInterval } from '../base/time.ts'
import type { Price } from './rules.ts'
import { beside, joinedTimes, opened, timesOf, within } from './times.ts'

/** A stretch in which a source told the same of a resource. */
export interface Saying extends OpenInterval {
  /** by attribute */
  said: ReadonlyMap<string, string | null>
}

/**
 * The prices of one resource: those that apply to what was told of it, in the time in which it was, and the one without a condition for
 * the rest. Where neither is, it has no price: its cost is unknown then, and not zero.
 */
export function listPrices(prices: readonly Price[], versions: readonly Saying[]): Price[] {
  const special = prices.flatMap((price) => {
    const { applies_to } = price
    if (!applies_to) return []
    const times = versions
      .filter(({ said }) => said.get(applies_to.attribute) === applies_to.equals)
      .flatMap((version) => within(price, closed(version)))
      .map(({ trial, ...part }) => ({ ...opened(part), trial }))
    return times.length === 0 ? [] : [{ ...price, times: joinedTimes(times) }]
  })
  const rest = prices
    .filter((price) => !price.applies_to)
    .flatMap((price) => beside(price, special.filter(({ meter }) => meter === price.meter).flatMap(timesOf)) ?? [])
  return [...rest, ...special].toSorted((a, b) => begin(a) - begin(b))
}

const begin = (price: Price): number => timesOf(price)[0]?.from ?? -Infinity
const closed = ({ from, to }: OpenInterval): Interval => ({ from: from ?? -Infinity, to: to ?? Infinity })
