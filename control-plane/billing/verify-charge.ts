/**
 * Lines whose terms were applied to a whole period, by other arithmetic than the engine's: pairs of integers over one denominator, tiers
 * cut out by what lies below and above them, and the time of ownership added up anew from its rows.
 */
import { exponentOf } from '../base/money.ts'
import { sure } from '../base/problem.ts'
import { dateOf, fromIso, monthOf, type OpenInterval } from '../base/time.ts'
import { meterOf } from '../metering/contract.ts'
import type { Terms } from '../catalog/contract.ts'
import type { Line, LineCharge } from '../rating/contract.ts'
import { isRounded, type Report, units } from './verify-sums.ts'

/** `[n, d]` is n ÷ d. */
type Pair = readonly [bigint, bigint]
const NONE: Pair = [0n, 1n]
const plus = ([a, b]: Pair, [c, d]: Pair): Pair => (b === d ? [a + c, b] : [a * d + c * b, b * d])
const minus = (a: Pair, [c, d]: Pair): Pair => plus(a, [-c, d])
const times = ([a, b]: Pair, [c, d]: Pair): Pair => [a * c, b * d]
const isMore = (a: Pair, b: Pair): boolean => minus(a, b)[0] > 0n
const isSame = (a: Pair, b: Pair): boolean => minus(a, b)[0] === 0n
const positive = (a: Pair): Pair => (a[0] > 0n ? a : NONE)
const least = (a: Pair, b: Pair): Pair => (isMore(a, b) ? b : a)
const pair = (text: string): Pair => {
  const [n = '0', d = '1'] = text.split('/')
  return [BigInt(n), BigInt(d)]
}
/** Decimal text, digit by digit. */
const decimal = (text: string): Pair => {
  const [whole = '0', decimals = ''] = text.split('.')
  return [BigInt(whole + decimals), 10n ** BigInt(decimals.length)]
}
const roundedUp = ([n, d]: Pair): Pair => [(n + d - 1n) / d, 1n]

/** The amount of a line from its quantity, its share and its terms; and what it says of itself against that. */
export function checkCharge(line: Line, charge: LineCharge, zone: string, subject: string, report: Report): void {
  const terms = line.price.terms ?? {}
  const [quantity, share] = [pair(charge.quantity), pair(charge.share)]
  if (!isSame(quantity, quantityOf(line, terms, zone, quantity)))
    report('quantity', subject, 'The segments do not give the quantity that was charged.')
  const free = times(decimal(terms.included ?? '0'), share)
  const used = modelled(line, terms, positive(minus(quantity, free)))
  const low = times(decimal(terms.minimum ?? '0'), share)
  const raised = isMore(low, used) ? low : used
  // a maximum is taken off what was used, a minimum added to it: with both, the minimum is not above the maximum
  const amount = terms.maximum === undefined ? raised : least(raised, times(decimal(terms.maximum), share))
  const parts = charge.parts.reduce((sum, part) => plus(sum, pair(part.amount)), NONE)
  const said = minus(plus(pair(charge.used), pair(charge.top_up)), pair(charge.discount))
  if (
    !isSame(parts, used) ||
    !isSame(pair(charge.used), used) ||
    !isSame(said, amount) ||
    !isSame(pair(line.exact), amount)
  )
    report('net', subject, `The terms of the price do not give ${line.exact} ${line.currency} for this quantity.`)
  for (const part of charge.parts)
    if (!isSame(pair(part.amount), plus(times(pair(part.quantity), pair(part.unit_amount)), pair(part.flat_amount))))
      report('net', subject, `Tier ${part.tier + 1} is not its quantity × its price.`)
  const shown = line.segments.reduce((sum, segment) => plus(sum, pair(segment.amount)), NONE)
  if (line.segments.length > 0 && !isSame(shown, amount))
    report('net', subject, 'The amounts of the segments do not add up to the line.')
  const scaled = amount[0] * 10n ** BigInt(exponentOf(line.currency))
  if (!isRounded(units(line.net, line.currency), scaled, amount[1]))
    report('net', subject, `${line.exact} does not round to ${line.net} ${line.currency}.`)
}

function modelled({ price }: Line, terms: Terms, quantity: Pair): Pair {
  if (price.model === 'graduated') return byTier(sure(terms.tiers), quantity)
  if (price.model === 'volume') {
    const tier = sure(sure(terms.tiers).find(({ up_to }) => up_to === null || !isMore(quantity, decimal(up_to))))
    return plus(times(quantity, decimal(tier.unit_amount)), decimal(tier.flat_amount))
  }
  if (price.model === 'package') {
    const { size, amount, free } = sure(terms.package)
    return times(inBlocks(positive(minus(quantity, decimal(free))), size), decimal(amount))
  }
  if (price.model === 'stair_step') return bySteps(sure(terms.steps), quantity)
  return times(quantity, decimal(price.amount))
}

/** Each tier by the difference of what lies above its lower bound and what lies above its upper one. */
function byTier(tiers: NonNullable<Terms['tiers']>, quantity: Pair): Pair {
  return tiers.reduce((sum, { up_to, unit_amount, flat_amount }, index) => {
    const lower = decimal(tiers[index - 1]?.up_to ?? '0')
    const above = positive(minus(quantity, lower))
    const within = up_to === null ? above : minus(above, positive(minus(quantity, decimal(up_to))))
    const flat = index === 0 || above[0] > 0n ? decimal(flat_amount) : NONE
    return plus(sum, plus(times(within, decimal(unit_amount)), flat))
  }, NONE)
}

const inBlocks = ([n, d]: Pair, size: string): Pair => {
  const [sn, sd] = decimal(size)
  return roundedUp([n * sd, d * sn])
}
function bySteps({ mode, tiers }: NonNullable<Terms['steps']>, quantity: Pair): Pair {
  let [lower, sum]: [Pair, Pair] = [NONE, NONE]
  for (const { block_size, blocks, amount } of tiers) {
    const upper = blocks === null ? null : plus(lower, times(decimal(block_size), [BigInt(blocks), 1n]))
    const isLast = upper === null || !isMore(quantity, upper)
    if (mode === 'top_tier' && isLast) return times(inBlocks(quantity, block_size), decimal(amount))
    const within = positive(minus(isLast ? quantity : upper, lower))
    sum = plus(sum, times(inBlocks(within, block_size), decimal(amount)))
    if (isLast) break
    lower = upper
  }
  return sum
}

const DAY_MS = 86_400_000
/** A local date as a number of its own: of days, or of days in months of 30. */
function dayNumber(at: number, zone: string, terms: Terms): bigint {
  const date = dateOf(at, zone)
  if (terms.day_count !== '30/360') return BigInt(Date.parse(`${date}T00:00:00Z`) / DAY_MS)
  const [year = '0', month = '0', day = '0'] = date.split('-')
  return BigInt(year) * 360n + BigInt(month) * 30n + BigInt(day)
}

/** Priced units of the segments, as the price's proration counts time. */
function quantityOf(line: Line, terms: Terms, zone: string, charged: Pair): Pair {
  if (terms.proration === undefined || terms.proration === 'exact') return [BigInt(line.quantity), BigInt(line.divisor)]
  const unit = line.price.model === 'flat' ? 1n : sure(meterOf(line.meter).units[line.price.unit])
  const sizes = line.segments.map((one) =>
    one.skipped || one.trial ? 0n : line.price.model === 'flat' ? 1n : BigInt(one.size ?? '0'),
  )
  if (terms.proration === 'none') {
    const most = sizes.reduce((high, size) => (size > high ? size : high), 0n)
    // an earlier bill of the month may have had all of it
    return charged[0] === 0n ? NONE : [most, unit]
  }
  const month = monthOf(fromIso(line.period.from), zone)
  const days = dayNumber(month.to, zone, terms) - dayNumber(month.from, zone, terms)
  const held = line.segments.reduce((sum, { from, to }, index) => {
    const length = dayNumber(fromIso(to), zone, terms) - dayNumber(fromIso(from), zone, terms)
    return sum + sure(sizes[index]) * length
  }, 0n)
  return [held, unit * days]
}

interface Held {
  owned: readonly (OpenInterval & { resource_id: string })[]
  observed: readonly (OpenInterval & { resource_id: string })[]
}
/** The share of the month from the rows of owners and observations, millisecond edges added up with their signs. */
export function checkShare(
  line: Line,
  { share }: LineCharge,
  { owned, observed }: Held,
  zone: string,
  subject: string,
  report: Report,
): void {
  const [from, to] = [fromIso(line.period.from), fromIso(line.period.to)]
  const month = monthOf(from, zone)
  let held = 0
  for (const [begin, end] of paidTimes(line, from, to))
    for (const owner of owned.filter((one) => one.resource_id === line.resource.id))
      for (const seen of observed.filter((one) => one.resource_id === line.resource.id)) {
        const last = Math.min(end, owner.to ?? end, seen.to ?? end)
        const first = Math.max(begin, owner.from ?? begin, seen.from ?? begin)
        held += last > first ? last - first : 0
      }
  if (!isSame(pair(share), [BigInt(held), BigInt(month.to - month.from)]))
    report('share', subject, 'The time in which it was owned at this price is not the share that was charged.')
}

/** When its price holds and isn't free: as the line says where it holds only in parts, else from its first to its last instant. */
function paidTimes({ price }: Line, from: number, to: number): [number, number][] {
  if (price.times) return price.times.flatMap((time) => (time.trial ? [] : [[fromIso(time.from), fromIso(time.to)]]))
  const end = price.ends_at === undefined ? to : Math.min(to, fromIso(price.ends_at))
  return [[Math.max(from, fromIso(price.effective_at)), end]]
}
