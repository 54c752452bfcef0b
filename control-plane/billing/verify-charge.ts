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
import { pricedAmount } from './adjust.ts'
import { decimal, isMore, isSame, least, minus, NONE, type Pair, pair, plus, positive, times } from './verify-pairs.ts'
import { isRounded, type Report, units } from './verify-sums.ts'

const percent = (rate: string): Pair => times(decimal(rate), [1n, 100n])
const roundedUp = ([n, d]: Pair): Pair => [(n + d - 1n) / d, 1n]

/** The amount of a line from its quantity, its share and its terms; and what it says of itself against that. */
export function checkCharge(line: Line, charge: LineCharge, zone: string, subject: string, report: Report): void {
  const terms = line.price.terms ?? {}
  const [quantity, share] = [pair(charge.quantity), pair(charge.share)]
  if (!isSame(quantity, quantityOf(line, terms, zone, quantity)))
    report('quantity', subject, 'The segments do not give the quantity that was charged.')
  const free = times(decimal(terms.included ?? '0'), share)
  const used = terms.allocation_pool
    ? byPool(line, terms.allocation_pool, share)
    : modelled(line, terms, positive(minus(quantity, free)))
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
  const priced = pricedAmount(line)
  if (!isRounded(units(priced, line.currency), scaled, amount[1]))
    report('net', subject, `${line.exact} does not round to ${priced} ${line.currency}.`)
}

function modelled({ price }: Line, terms: Terms, quantity: Pair): Pair {
  if (price.model === 'graduated')
    return byTier(
      sure(terms.tiers).map(({ unit_amount, ...tier }) => ({ ...tier, unit: decimal(unit_amount) })),
      quantity,
    )
  if (price.model === 'percentage') return times(quantity, percent(sure(terms.percentage).rate))
  if (price.model === 'graduated_percentage')
    return byTier(
      sure(terms.rate_tiers).map(({ rate, ...tier }) => ({ ...tier, unit: percent(rate) })),
      quantity,
    )
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
function byTier(tiers: readonly { up_to: string | null; unit: Pair; flat_amount: string }[], quantity: Pair): Pair {
  return tiers.reduce((sum, { up_to, unit, flat_amount }, index) => {
    const lower = decimal(tiers[index - 1]?.up_to ?? '0')
    const above = positive(minus(quantity, lower))
    const within = up_to === null ? above : minus(above, positive(minus(quantity, decimal(up_to))))
    const flat = index === 0 || above[0] > 0n ? decimal(flat_amount) : NONE
    return plus(sum, plus(times(within, unit), flat))
  }, NONE)
}

/** The fee for its share; and moment by moment, between all bounds of its segments, what is held above the pool. */
function byPool(line: Line, pool: NonNullable<Terms['allocation_pool']>, share: Pair): Pair {
  const unit = sure(meterOf(sure(line.meter)).units[line.price.unit])
  const size = times(decimal(pool.size), [unit, 1n])
  const segments = line.segments
    .filter((one) => !one.skipped)
    .map((one) => ({ from: fromIso(one.from), to: fromIso(one.to), size: BigInt(one.size ?? '0') }))
  const bounds = [...new Set(segments.flatMap(({ from, to }) => [from, to]))].toSorted((a, b) => a - b)
  let over: Pair = NONE
  for (const [index, from] of bounds.slice(0, -1).entries()) {
    const to = sure(bounds[index + 1])
    const held = segments.reduce((sum, one) => (one.from <= from && one.to >= to ? sum + one.size : sum), 0n)
    over = plus(over, times(positive(minus([held, 1n], size)), [BigInt(to - from), 1n]))
  }
  const above: Pair = [over[0], over[1] * BigInt(line.divisor)]
  return plus(times(decimal(pool.amount), share), times(above, decimal(pool.overage_amount)))
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

/** Of which a monthly price is charged a part. */
const monthOfLine = ({ basis, period }: Line, zone: string) =>
  basis ? { from: fromIso(basis.from), to: fromIso(basis.to) } : monthOf(fromIso(period.from), zone)

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
  // of other lines: `verify-percentage.ts` adds them up
  if (line.percentage_of) return positive(decimal(line.percentage_of.amount))
  if (terms.proration === undefined || terms.proration === 'exact') return [BigInt(line.quantity), BigInt(line.divisor)]
  const unit = line.price.model === 'flat' ? 1n : sure(meterOf(sure(line.meter)).units[line.price.unit])
  const sizes = line.segments.map((one) =>
    one.skipped || one.trial ? 0n : line.price.model === 'flat' ? 1n : BigInt(one.size ?? '0'),
  )
  if (terms.proration === 'none') {
    const most = sizes.reduce((high, size) => (size > high ? size : high), 0n)
    // an earlier bill of the month may have had all of it
    return charged[0] === 0n ? NONE : [most, unit]
  }
  const month = monthOfLine(line, zone)
  const days = dayNumber(month.to, zone, terms) - dayNumber(month.from, zone, terms)
  const held = line.segments.reduce((sum, { from, to }, index) => {
    const length = dayNumber(fromIso(to), zone, terms) - dayNumber(fromIso(from), zone, terms)
    return sum + sure(sizes[index]) * length
  }, 0n)
  return [held, unit * days]
}

interface Held {
  names: readonly { id: string; kind: string }[]
  owned: readonly (OpenInterval & { resource_id: string })[]
  observed: readonly (OpenInterval & { resource_id: string })[]
  /** of a line for all together: stretches that a plan prices or pays for */
  planned?: readonly (OpenInterval & { resource_id: string })[]
}
/** The share of the month from the rows of owners and observations, millisecond edges added up with their signs. */
export function checkShare(
  line: Line,
  { share }: LineCharge,
  facts: Held,
  zone: string,
  subject: string,
  report: Report,
): void {
  const [from, to] = [fromIso(line.period.from), fromIso(line.period.to)]
  const month = monthOfLine(line, zone)
  const held = heldMs(line, facts, paidTimes(line, from, to))
  if (!isSame(pair(share), [BigInt(held), BigInt(month.to - month.from)]))
    report('share', subject, 'The time in which it was owned at this price is not the share that was charged.')
}

type Span = readonly [number, number]
/** Milliseconds in which the line's resource was there and owned; of all its kind: added up, or in which there was any. */
function heldMs(line: Line, { names, owned, observed, planned = [] }: Held, times: readonly Span[]): number {
  const isPooled = line.resource.kind === 'pool'
  const kind = line.component.split('.')[0]
  const own = names.filter((one) => (isPooled ? one.kind === kind : one.id === line.resource.id))
  const edges: { at: number; by: number }[] = []
  for (const { id } of own) {
    const taken = planned.filter((one) => one.resource_id === id)
    for (const [from, to] of taken.reduce(without, times))
      for (const owner of owned.filter((one) => one.resource_id === id))
        for (const seen of observed.filter((one) => one.resource_id === id)) {
          const last = Math.min(to, owner.to ?? to, seen.to ?? to)
          const first = Math.max(from, owner.from ?? from, seen.from ?? from)
          if (last > first) edges.push({ at: first, by: 1 }, { at: last, by: -1 })
        }
  }
  const isOnce = isPooled && line.price.terms?.pool !== 'resources'
  let [there, total, since] = [0, 0, 0]
  for (const { at, by } of edges.toSorted((a, b) => a.at - b.at)) {
    total += (at - since) * (isOnce ? Math.min(there, 1) : there)
    since = at
    there += by
  }
  return total
}

/** What of some stretches lies before or after another. */
const without = (times: readonly Span[], { from, to }: OpenInterval): readonly Span[] =>
  times.flatMap(([begin, end]) => {
    const sides: Span[] = [
      [begin, Math.min(end, from ?? begin)],
      [Math.max(begin, to ?? end), end],
    ]
    return sides.filter(([first, last]) => last > first)
  })

/** When its price holds and isn't free: as the line says where it holds only in parts, else from its first to its last instant. */
function paidTimes({ price }: Line, from: number, to: number): Span[] {
  if (price.times) return price.times.flatMap((time) => (time.trial ? [] : [[fromIso(time.from), fromIso(time.to)]]))
  const end = price.ends_at === undefined ? to : Math.min(to, fromIso(price.ends_at))
  return [[Math.max(from, fromIso(price.effective_at)), end]]
}
