/** What must follow from the ticks of one agent: timelines, gaps, usage and bill lines, summed up by brute force. Pure. */
import {
  type Condition,
  conditionAt,
  changesBetween,
  COUNTERS,
  type Counter,
  counterAt,
  epochAt,
  type Fleet,
} from './fleet.ts'
import type { Said } from './witness.ts'

export type Ticks = readonly Pick<Said, 'at_ms' | 'previous_ms'>[]
export interface Span {
  from: number
  to: number
}

/** Longer than so many intervals without a look is a gap. */
const SILENT_MS = 3_000
export const HOUR_MS = 3_600_000

export interface Version {
  from: number
  to: number | null
  from_exact: boolean
  to_exact: boolean
  condition: Condition
}

/** Events tell changes at their own instant; what happened while no agent ran shows at the next look. */
export function versionsOf(fleet: Fleet, machine: number, ticks: Ticks): Version[] {
  const out: Version[] = []
  let now: Condition | null = null
  const observe = (at: number, exact: boolean) => {
    const condition = conditionAt(fleet, machine, at)
    if (JSON.stringify(condition) === JSON.stringify(now)) return
    const open = out.at(-1)
    if (open && now) Object.assign(open, { to: at, to_exact: exact })
    if (condition) out.push({ from: at, to: null, from_exact: exact, to_exact: false, condition })
    now = condition
  }
  for (const { at_ms, previous_ms } of ticks) {
    if (previous_ms !== null) for (const at of changesBetween(fleet, machine, previous_ms, at_ms)) observe(at, true)
    observe(at_ms, false)
  }
  return out
}

export const gapsOf = (ticks: Ticks): Span[] =>
  ticks.slice(1).flatMap(({ at_ms: to }, index) => {
    const from = ticks[index]?.at_ms ?? to
    return to - from > SILENT_MS ? [{ from, to }] : []
  })

/** A stretch in which a counter surely grew by so much. */
interface Growth extends Span {
  by: bigint
}

/** After what instant the machine came into being; null where the first look showed it already. */
function bornAfter(fleet: Fleet, machine: number, ticks: Ticks): number | null {
  const [first] = versionsOf(fleet, machine, ticks)
  if (!first) return null
  return first.from_exact ? first.from : (ticks.findLast(({ at_ms }) => at_ms < first.from)?.at_ms ?? null)
}

function growthOf(fleet: Fleet, machine: number, counter: Counter, ticks: Ticks): Growth[] {
  const out: Growth[] = []
  const born = bornAfter(fleet, machine, ticks)
  let before = null as { at: number; value: bigint; epoch: string } | null
  for (const { at_ms: at } of ticks) {
    if (!conditionAt(fleet, machine, at)) continue
    const { id: epoch, origin_ms } = epochAt(fleet, machine, at)
    const value = BigInt(counterAt(fleet, machine, counter, at))
    if (before?.epoch === epoch) out.push({ from: before.at, to: at, by: value - before.value })
    else if (before !== null || (born !== null && origin_ms >= born))
      out.push({ from: Math.min(origin_ms, at - 1), to: at, by: value })
    before = { at, value, epoch }
  }
  return out
}

const countedTo = ({ from, to, by }: Growth, at: number): bigint =>
  (by * BigInt(Math.min(Math.max(at, from), to) - from)) / BigInt(to - from)

const usageIn = (growth: readonly Growth[], { from, to }: Span): bigint =>
  growth.reduce((sum, one) => sum + countedTo(one, to) - countedTo(one, from), 0n)

const meterOf = (counter: Counter): string => counter.split('/')[0] ?? counter

/** Base units by `meter hour`, hours of nothing left out. */
export function usageByHour(fleet: Fleet, machine: number, ticks: Ticks): Map<string, bigint> {
  const out = new Map<string, bigint>()
  const [first, last] = [ticks[0]?.at_ms ?? 0, ticks.at(-1)?.at_ms ?? 0]
  for (const counter of COUNTERS) {
    const growth = growthOf(fleet, machine, counter, ticks)
    for (let hour = Math.floor(first / HOUR_MS) * HOUR_MS - HOUR_MS; hour <= last; hour += HOUR_MS) {
      const used = usageIn(growth, { from: hour, to: hour + HOUR_MS })
      if (used > 0n) out.set(`${meterOf(counter)} ${new Date(hour).toISOString()}`, used)
    }
  }
  return out
}

export interface Price {
  meter: string
  per: 'hour' | 'quantity'
  unit: string
  /** base units in one unit */
  factor: bigint
  amount: string
  /** of a running machine only; null: a counter */
  held: { size: Exclude<keyof Condition, 'state'>; running: boolean } | null
}
export interface BillLine {
  quantity: bigint
  net_minor: bigint
  /** time in which nobody looked, of what is held; null for a counter, which goes on by itself */
  unobserved_ms: number | null
}

const overlap = (a: Span, b: Span): number => Math.max(0, Math.min(a.to, b.to) - Math.max(a.from, b.from))

/** The line of one machine and price; null where there is nothing to bill. */
export function lineOf(fleet: Fleet, machine: number, ticks: Ticks, period: Span, price: Price): BillLine | null {
  const { quantity, unobserved_ms } = price.held
    ? held(fleet, machine, ticks, period, price.held)
    : { quantity: consumed(fleet, machine, ticks, period, price.meter), unobserved_ms: null }
  return quantity === 0n ? null : { quantity, unobserved_ms, net_minor: netMinor(quantity, price) }
}

function held(fleet: Fleet, machine: number, ticks: Ticks, period: Span, how: NonNullable<Price['held']>) {
  let [quantity, unobserved_ms] = [0n, 0]
  for (const { from, to, condition } of versionsOf(fleet, machine, ticks)) {
    if (how.running && condition.state !== 'running') continue
    const stretch = { from: Math.max(from, period.from), to: Math.min(to ?? period.to, period.to) }
    if (stretch.from >= stretch.to) continue
    quantity += BigInt(condition[how.size]) * BigInt(stretch.to - stretch.from)
    unobserved_ms += gapsOf(ticks).reduce((sum, gap) => sum + overlap(gap, stretch), 0)
  }
  return { quantity, unobserved_ms }
}

const consumed = (fleet: Fleet, machine: number, ticks: Ticks, period: Span, meter: string): bigint =>
  COUNTERS.filter((counter) => meterOf(counter) === meter).reduce(
    (sum, counter) => sum + usageIn(growthOf(fleet, machine, counter, ticks), period),
    0n,
  )

/** quantity × amount ÷ unit in cents, rounded once, half away from zero. */
function netMinor(quantity: bigint, { amount, factor, per }: Price): bigint {
  const [whole = '0', decimals = ''] = amount.split('.')
  const numerator = quantity * BigInt(whole + decimals) * 100n
  const denominator = factor * (per === 'hour' ? BigInt(HOUR_MS) : 1n) * 10n ** BigInt(decimals.length)
  return (2n * numerator + denominator) / (2n * denominator)
}

/** Tax on the sum of the nets, rounded there. */
export const taxMinor = (net_minor: bigint, percent: bigint): bigint => (2n * net_minor * percent + 100n) / 200n
