/** When a price holds: always while its version does, or only in some stretches of a resource that fulfils a service. Pure. */
import { type Instant, type Interval, intersect, lengthMs, type OpenInterval } from '../base/time.ts'

/** A stretch in which a price holds; in a trial it costs nothing. */
export interface Time extends OpenInterval {
  trial: boolean
}
interface Timed {
  effective_at: Instant
  ends_at: Instant | null
  times?: readonly Time[]
  /** of a price by an index: in order */
  index?: { values: readonly (Interval & { amount: string })[] }
}

export const timesOf = ({ times, effective_at, ends_at }: Timed): readonly Time[] =>
  times ?? [{ from: effective_at, to: ends_at, trial: false }]

/** Where a price begins or ends to hold, or to be free, or its index says something else. */
export function boundsOf(price: Timed): Instant[] {
  const held = timesOf(price).flatMap(({ from, to }) => [
    ...(from === null ? [] : [from]),
    ...(to === null ? [] : [to]),
  ])
  return price.index ? [...held, ...price.index.values.flatMap(({ from, to }) => [from, to])] : held
}

/** The parts of a stretch in which the price holds. */
export const within = (price: Timed, stretch: Interval): (Interval & { trial: boolean })[] =>
  timesOf(price).flatMap(({ trial, ...time }) => {
    const part = intersect(time, stretch)
    return part ? [{ ...part, trial }] : []
  })

/** A stretch with one unit price. */
export interface Charged extends Interval {
  trial: boolean
  /** what the index says, of a price by one */
  value?: string
}
/** The same parts, of a price by an index those alone of which it says something, cut where that changes. */
export function chargedIn(price: Timed, stretch: Interval): Charged[] {
  const { index } = price
  const parts = within(price, stretch)
  if (!index) return parts
  return parts.flatMap(({ trial, ...part }) => {
    const out: Charged[] = []
    for (let at = firstAfter(index.values, part.from); at < index.values.length; at += 1) {
      const value = index.values[at]
      const both = value && intersect(value, part)
      if (!both) break
      out.push({ ...both, trial, value: value.amount })
    }
    return out
  })
}
/** Which of many spans in order is the first to end after an instant. */
function firstAfter(spans: readonly Interval[], at: Instant): number {
  let [low, high] = [0, spans.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((spans[middle]?.to ?? Infinity) <= at) low = middle + 1
    else high = middle
  }
  return low
}

/** How long a stretch is charged at the price. */
export const chargedMs = (price: Timed, stretch: Interval): bigint =>
  within(price, stretch).reduce((sum, part) => (part.trial ? sum : sum + lengthMs(part)), 0n)

/** Stretches that follow each other and say the same as one. */
export function joinedTimes(times: readonly Time[]): Time[] {
  const out: Time[] = []
  for (const time of times.toSorted((a, b) => (a.from ?? -Infinity) - (b.from ?? -Infinity))) {
    const last = out.at(-1)
    if (last && last.to !== null && last.to === time.from && last.trial === time.trial) last.to = time.to
    else out.push({ ...time })
  }
  return out
}

/** What of an interval is left beside some others. */
export function outside(whole: Interval, others: readonly Interval[]): Interval[] {
  const out: Interval[] = []
  let { from } = whole
  for (const other of others.toSorted((a, b) => a.from - b.from)) {
    if (other.from > from) out.push({ from, to: Math.min(other.from, whole.to) })
    from = Math.max(from, other.to)
  }
  if (from < whole.to) out.push({ from, to: whole.to })
  return out.filter((part) => part.from < part.to)
}

export const opened = ({ from, to }: Interval): OpenInterval => ({
  from: from === -Infinity ? null : from,
  to: to === Infinity ? null : to,
})
/** What is left of a price beside stretches in which others hold: as it was where they don't meet; null: nothing. */
export function beside<T extends Timed>(price: T, others: readonly OpenInterval[]): T | null {
  const [taken, left]: [boolean[], Time[]] = [[], []]
  for (const { trial, ...time } of timesOf(price)) {
    const whole = { from: time.from ?? -Infinity, to: time.to ?? Infinity }
    const inside = others.flatMap((one) => intersect(one, whole) ?? [])
    taken.push(inside.length > 0)
    left.push(...outside(whole, inside).map((part) => ({ ...opened(part), trial })))
  }
  if (!taken.includes(true)) return price
  return left.length === 0 ? null : { ...price, times: left }
}
