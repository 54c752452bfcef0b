/** Percentage: a rate on amounts of money, with a fixed amount for each event, some of it free, and bounds for each event. */
import {
  add,
  atLeastZero,
  compare,
  type Fraction,
  fraction,
  larger,
  percentOf,
  smaller,
  subtract,
  sum,
  ZERO,
} from '../../base/exact.ts'
import { type Charge, chargeOf, part } from './charge.ts'

export interface Percentage {
  /** in per cent: 2.9 is 2.9 % */
  rate: Fraction
  fixed_per_event: Fraction
  /** the first so many events are free; 0: none */
  free_events: bigint
  /** and so is this much of their sum; 0: none. Where both are given, the first that is used up ends what is free. */
  free_amount: Fraction
  min_per_event: Fraction | null
  max_per_event: Fraction | null
}
/** What was moved in a period. */
export interface Moved {
  amount: Fraction
  events: bigint
  /** the sum after each of the first events, as far as something of them may be free; null: nobody kept them */
  running_totals: readonly Fraction[] | null
}

const positive = (value: Fraction): boolean => compare(value, ZERO) > 0

/** An event counts as free where all of it is; the one in which the free amount ends pays its fixed amount, and the rate on what is above. */
function freeOf({ amount, running_totals }: Moved, terms: Percentage): { events: bigint; amount: Fraction } {
  if (running_totals === null) return { events: terms.free_events, amount: smaller(amount, terms.free_amount) }
  const last = running_totals.at(-1) ?? ZERO
  const { free_events, free_amount } = terms
  const byEvents = free_events > 0n ? running_totals.find((_, index) => BigInt(index) === free_events - 1n) : undefined
  const reached = byEvents ?? (free_events > 0n || positive(free_amount) ? last : ZERO)
  const counts = [
    ...(free_events > 0n ? [free_events] : []),
    ...(positive(free_amount)
      ? [BigInt(running_totals.filter((total) => compare(total, free_amount) < 0).length)]
      : []),
  ]
  return {
    amount: positive(free_amount) ? smaller(reached, free_amount) : reached,
    events: counts.reduce<bigint | null>((least, one) => (least === null || one < least ? one : least), null) ?? 0n,
  }
}

/** On the sum of a period. Bounds for each event need the events themselves: `percentagePerEvent`. */
export function percentage(moved: Moved, terms: Percentage): Charge {
  const free = freeOf(moved, terms)
  const paid = atLeastZero(subtract(moved.amount, free.amount))
  const counted = positive(moved.amount) && moved.events > free.events ? moved.events - free.events : 0n
  const unit = percentOf(fraction(1n), terms.rate)
  return chargeOf([part(0, paid, unit), part(1, fraction(counted), terms.fixed_per_event)])
}

/** Event by event: the rate and the fixed amount, held within the bounds. A free event costs nothing, and no bound lifts it. */
export function percentagePerEvent(events: readonly Fraction[], terms: Percentage): Charge {
  let before = ZERO
  const totals = events.map((event) => (before = add(before, event)))
  const moved = { amount: sum(events), events: BigInt(events.length), running_totals: totals }
  const free = freeOf(moved, terms)
  let left = free.amount
  const parts = events.map((event, index) => {
    const paid = atLeastZero(subtract(event, left))
    left = atLeastZero(subtract(left, event))
    const isFree = BigInt(index) < free.events
    return part(
      index,
      fraction(1n),
      isFree ? ZERO : bounded(add(percentOf(paid, terms.rate), terms.fixed_per_event), terms),
    )
  })
  return chargeOf(parts)
}

function bounded(amount: Fraction, { min_per_event, max_per_event }: Percentage): Fraction {
  const low = min_per_event === null ? amount : larger(amount, min_per_event)
  return max_per_event === null ? low : smaller(low, max_per_event)
}
