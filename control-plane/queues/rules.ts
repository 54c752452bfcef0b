/** Decisions of queues: what may lack a price, and what stands first. Pure. */
import type { Kind } from '#connectors/contract.ts'
import { compare, type Fraction } from '../base/exact.ts'
import { type Interval, intersect } from '../base/time.ts'
import type { PriceRow } from '../catalog/contract.ts'
import { METER_NAMES, type MeterName } from '../metering/contract.ts'
import { isPartOfAnother } from '../rating/rules.ts'

/** As rating has it: what is sold but not at all of this time; and machines of which nothing is sold. */
export function lacks(
  kind: Kind,
  sold: ReadonlySet<string>,
  prices: readonly PriceRow[],
  within: Interval,
): MeterName[] {
  const meters = METER_NAMES.filter((meter) => sold.has(`${kind}.${meter}`))
  if (meters.length === 0) return isPartOfAnother(kind) ? [] : ['instance']
  return meters.filter((meter) => {
    let from = within.from
    // an index may say nothing at any time: whether it did is asked of its values
    const own = prices.filter((price) => price.kind === kind && price.meter === meter && price.model !== 'dynamic')
    for (const price of own.toSorted((a, b) => a.effective_at - b.effective_at)) {
      const covered = intersect({ from: price.effective_at, to: price.ends_at }, within)
      if (covered && covered.from <= from) from = Math.max(from, covered.to)
    }
    return from < within.to
  })
}

/** Without terms a quantity has an amount of its own. */
export const isLinearPrice = ({ model, terms }: PriceRow): boolean =>
  (model === 'flat' || model === 'per_unit') && (terms === null || Object.keys(terms).length === 0)

interface Priced {
  estimate: { currency: string } | null
  exact: Fraction | null
}
/** The most first in each currency, for they can't be compared; what has no price last. */
export function byMoney(a: Priced, b: Priced): number {
  if (a.exact === null || b.exact === null) return Number(a.exact === null) - Number(b.exact === null)
  const [one, other] = [a.estimate?.currency ?? '', b.estimate?.currency ?? '']
  return one === other ? compare(b.exact, a.exact) : one < other ? -1 : 1
}
