/** What a resource costs now, by the hour or the month. Pure. */
import { canonical, sha256 } from '#connectors/contract.ts'
import { add, type Fraction } from '../base/exact.ts'
import { HOUR_MS, type Interval, lengthMs } from '../base/time.ts'
import { meterOf } from '../metering/contract.ts'
import { isLinear } from './charge.ts'
import type { Observed, Price } from './rules.ts'
import { charging, held, unitPriceAt } from './segments.ts'

/**
 * What a resource costs each hour at its prices, exactly: what is held, for what will be used nobody knows. null where none applies, or
 * one that has no price for an hour alone.
 */
export const costPerHour = (resource: Held, prices: readonly Price[], month: Interval): Fraction | null =>
  costOf(resource, prices, month, BigInt(HOUR_MS))
/** The same of a whole month. */
export const costPerMonth = (resource: Held, prices: readonly Price[], month: Interval): Fraction | null =>
  costOf(resource, prices, month, lengthMs(month))

interface Held {
  state: string
  size: Observed['size']
}
function costOf(resource: Held, prices: readonly Price[], month: Interval, ms: bigint): Fraction | null {
  let total: Fraction | null = null
  for (const price of prices.filter((p) => meterOf(p.meter).kind === 'allocation')) {
    if (!isLinear(price)) return null
    const size = held(meterOf(price.meter), resource)
    const value = price.index?.values[0]?.amount
    // by an index: as it says now
    if (price.model === 'dynamic' && value === undefined) return null
    const unit = value === undefined ? undefined : unitPriceAt(price, value)
    const part = charging(price, month)(size === null ? 0n : (price.model === 'flat' ? 1n : size) * ms, unit)
    total = total ? add(total, part) : part
  }
  return total
}

/** Another number wherever the same prices come to another cost than before. */
const HOW = 1
/**
 * What of prices and the month a cost an hour goes by, in few bytes. Whatever `costPerHour` looks at beside the resource must be in
 * here; what comes and goes without changing a cost must not.
 */
export function costBasis(prices: readonly Price[], month: Interval): string {
  const said = prices
    .filter((price) => meterOf(price.meter).kind === 'allocation')
    .map(({ meter, model, amount, unit, per, terms, index }) => {
      const ms = per === 'month' ? lengthMs(month).toString() : ''
      return canonical([meter, model, amount, unit, per, ms, terms, index?.values[0]?.amount ?? ''])
    })
  return sha256(canonical([HOW, ...said.toSorted()])).slice(0, BASIS_LENGTH)
}
const BASIS_LENGTH = 16
