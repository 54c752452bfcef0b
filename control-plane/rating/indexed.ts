/** Prices that go by an index, with what it said: what rates them needs nothing else. */
import type { Interval } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { indexesAt } from '../indexes/index.ts'
import type { Price } from './rules.ts'

/** The same prices, those of the model `dynamic` with the values of an interval as known to a cut; where none is, nothing is asked. */
export async function indexed<P extends Price>(
  ctx: Context,
  prices: readonly P[],
  interval: Interval,
  cut: number,
): Promise<readonly P[]> {
  const ids = prices.flatMap(({ terms }) => terms?.index?.id ?? [])
  if (ids.length === 0) return prices
  const known = await indexesAt(ctx, [...new Set(ids)], interval, cut)
  return prices.map((price) => {
    const index = price.terms?.index && known.get(price.terms.index.id)
    return index ? { ...price, index } : price
  })
}
