/**
 * What lines that were rated before would be under another price, from what stands on them and nothing else: their segments, and what
 * their charge says of quantity and share. Pure. What they don't say is answered by a reason, never by a guess.
 */
import { canonical } from '#connectors/contract.ts'
import { add, type Fraction, fraction, larger, parseFraction, sum, ZERO } from '../base/exact.ts'
import { sure } from '../base/problem.ts'
import { fromIso, type Interval, lengthMs, monthOf } from '../base/time.ts'
import type { Price as CatalogPrice } from '../catalog/contract.ts'
import { isPercentage } from '../catalog/rules.ts'
import { type MeterName, meterOf, METERS } from '../metering/contract.ts'
import { charged } from './charge.ts'
import type { Line, Segment, WhyNotRepriced } from './contract.ts'
import { isPooled, overPool } from './pooled.ts'
import { daysIn } from './whole.ts'

type Content = Pick<CatalogPrice, 'model' | 'per' | 'unit' | 'amount' | 'terms' | 'gap_policy'>
export type Repriced = { amount: Fraction } | { why: WhyNotRepriced }

/**
 * All lines of one service, resource and component in one billing period, as one line under one price that holds all of the time
 * for which they stand.
 */
export function repriced(lines: readonly Line[], price: Content, zone: string): Repriced {
  const first = sure(lines[0])
  const { meter } = first
  if (!meter || !(meter in METERS)) return { why: 'meter' }
  if (price.model === 'dynamic') return { why: 'index' }
  if (isPooled(price) !== (first.resource.kind === 'pool')) return { why: 'pool' }
  if (lines.some((line) => line.gross_inclusive !== undefined)) return { why: 'with_tax' }
  if (lines.some((line) => line.settlement)) return { why: 'advance' }
  if (lines.some(isDiscounted)) return { why: 'discounts' }
  if (lines.some((line) => isSkipping(line.price) !== isSkipping(price) && hasGaps(line))) return { why: 'gaps' }
  if (isPercentage(price)) return ofOthers(lines, price)
  const period = { from: fromIso(first.period.from), to: fromIso(first.period.to) }
  const { basis } = first
  const month = basis ? { from: fromIso(basis.from), to: fromIso(basis.to) } : monthOf(period.from, zone)
  const segments = lines.flatMap((line) => line.segments)
  const quantity = quantityOf({ meter, segments, price, period, month, zone })
  if (quantity === null) return { why: 'proration' }
  const share = needsShare(price) ? shareOf(lines, segments, period, month) : ZERO
  if (share === null) return { why: 'share' }
  const above = overPool({ ...price, meter }, segments, divisorOf(price, meter, month))
  return { amount: charged(price, quantity, share, above).amount }
}

/** Another percentage of the same charges, in the time in which the lines were one. */
function ofOthers(lines: readonly Line[], price: Content): Repriced {
  const [line, other] = lines
  const isAlike = (one: Line) => canonical(one.price.terms?.of ?? null) === canonical(price.terms?.of ?? null)
  if (!line?.percentage_of || !line.charge || other || !isAlike(line)) return { why: 'meter' }
  const { quantity, share } = line.charge
  return { amount: charged(price, parseFraction(quantity), parseFraction(share)).amount }
}

/** A line says which discounts its net is after, once there are any. */
const isDiscounted = (line: Line): boolean => (line.discounts?.length ?? 0) > 0
const isSkipping = ({ gap_policy }: { gap_policy?: string | undefined }): boolean => gap_policy === 'skip'
const hasGaps = (line: Line): boolean => line.unobserved_ms > 0 || (line.gaps?.length ?? 0) > 0

interface Asked {
  meter: MeterName
  segments: readonly Segment[]
  price: Content
  period: Interval
  month: Interval
  zone: string
}

/** In units of the price, as its proration counts time; null where what a segment was before its period would have to be known. */
function quantityOf({ meter, segments, price, period, month, zone }: Asked): Fraction | null {
  const unit = price.model === 'flat' ? 1n : meterOf(meter).units[price.unit]
  if (!unit) return null
  const sizeOf = (one: Segment): bigint => (one.skipped ? 0n : price.model === 'flat' ? 1n : BigInt(one.size ?? '0'))
  const { proration = 'exact', day_count = 'actual' } = price.terms ?? {}
  if (proration === 'none') {
    // what began before its period may have been charged by an earlier bill of the month
    const isKnown = period.from === month.from || segments.every((one) => fromIso(one.from) !== period.from)
    return isKnown ? segments.map((one) => fraction(sizeOf(one), unit)).reduce(larger, ZERO) : null
  }
  if (proration === 'day') {
    const days = daysIn(month, zone, day_count)
    return sum(segments.map((one) => fraction(sizeOf(one) * daysIn(spanOf(one), zone, day_count), unit * days)))
  }
  const isHeld = meterOf(meter).kind === 'allocation'
  const base = segments.map((one) => (isHeld ? sizeOf(one) * lengthMs(spanOf(one)) : BigInt(one.quantity)))
  return fraction(
    base.reduce((total, one) => total + one, 0n),
    divisorOf(price, meter, month),
  )
}
const divisorOf = ({ model, per, unit }: Content, meter: MeterName, month: Interval): bigint =>
  (model === 'flat' ? 1n : (meterOf(meter).units[unit] ?? 1n)) *
  { hour: 3_600_000n, month: lengthMs(month), quantity: 1n }[per]
const spanOf = (one: Segment): Interval => ({ from: fromIso(one.from), to: fromIso(one.to) })

const needsShare = ({ terms }: Content): boolean =>
  terms?.included !== undefined ||
  terms?.minimum !== undefined ||
  terms?.maximum !== undefined ||
  terms?.allocation_pool !== undefined

/**
 * The part of the month in which it was owned: as the lines say it, where their prices are all that held in the period. Lines that are
 * sums of segments don't; then it is known of what is held whatever its state and has no size, and of what was held all of the period.
 */
function shareOf(
  lines: readonly Line[],
  segments: readonly Segment[],
  period: Interval,
  month: Interval,
): Fraction | null {
  const said = lines.flatMap(({ charge }) => (charge ? parseFraction(charge.share) : []))
  if (said.length === lines.length && areAllPrices(lines, period)) return said.reduce(add, ZERO)
  const { meter: name, resource } = sure(lines[0])
  const meter = name && meterOf(name)
  if (meter?.kind !== 'allocation' || resource.kind === 'pool') return null
  const held = segments.reduce((total, one) => total + lengthMs(spanOf(one)), 0n)
  const isAllOfIt = meter.counts === 'allocated' && meter.size === undefined
  return isAllOfIt || held === lengthMs(period) ? fraction(held, lengthMs(month)) : null
}

/** A version under which nothing was used may have no line: the share of its time is nowhere then. */
function areAllPrices(lines: readonly Line[], period: Interval): boolean {
  const inOrder = lines.toSorted((a, b) => (a.price.effective_at < b.price.effective_at ? -1 : 1))
  let reached = period.from
  for (const { price } of inOrder) {
    if (fromIso(price.effective_at) > reached) return false
    reached = price.ends_at === undefined ? period.to : fromIso(price.ends_at)
  }
  return reached >= period.to
}
