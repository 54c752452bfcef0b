/** Instants, half-open intervals and zoned calendars. An instant is whole milliseconds since 1970 in UTC. */
import { assert, sure } from './problem.ts'

export type Instant = number
/** `[from, to)`; null is open on that side. */
export interface Interval {
  from: Instant
  to: Instant
}
export interface OpenInterval {
  from: Instant | null
  to: Instant | null
}

export const HOUR_MS = 3_600_000

/** The common part of two intervals, or null where they don't meet. */
export function intersect(a: OpenInterval, b: Interval): Interval | null {
  const from = a.from === null ? b.from : Math.max(a.from, b.from)
  const to = a.to === null ? b.to : Math.min(a.to, b.to)
  return from < to ? { from, to } : null
}

export const lengthMs = ({ from, to }: Interval): bigint => BigInt(to) - BigInt(from)

/** The start of the UTC hour in which the instant lies. */
export const hourOf = (at: Instant): Instant => Math.floor(at / HOUR_MS) * HOUR_MS

/** Cuts an interval at each of the bounds that lie inside it. */
export function splitAt(whole: Interval, bounds: Iterable<Instant>): Interval[] {
  const inside = [...new Set(bounds)].filter((at) => at > whole.from && at < whole.to).toSorted((a, b) => a - b)
  const edges = [whole.from, ...inside, whole.to]
  return edges.slice(1).map((to, index) => ({ from: sure(edges[index]), to }))
}

/** The calendar month in an IANA zone in which the instant lies: 743 h long in a March with daylight saving. */
export function monthOf(at: Instant, zone: string): Interval {
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
  const first = local.with({ day: 1 }).startOfDay()
  return { from: first.epochMilliseconds, to: first.add({ months: 1 }).startOfDay().epochMilliseconds }
}

/**
 * The month from an anniversary of `start` to the next in which the instant lies: on its day and at its time of day in the zone. A day
 * that a month hasn't is its last one, and returns in the next that has it, because each is counted from the start.
 */
export function anniversaryOf(at: Instant, start: Instant, zone: string): Interval {
  const first = Temporal.Instant.fromEpochMilliseconds(start).toZonedDateTimeISO(zone)
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
  const begin = (n: number): Instant => (n === 0 ? start : first.add({ months: n }).epochMilliseconds)
  let n = (local.year - first.year) * 12 + local.month - first.month
  if (begin(n) > at) n -= 1
  return { from: begin(n), to: begin(n + 1) }
}
/** The billing period around an instant: from one anniversary to the next, or the calendar month where there is no start to count from. */
export const billingPeriodOf = (at: Instant, anchored_at: Instant | null, zone: string): Interval =>
  anchored_at === null ? monthOf(at, zone) : anniversaryOf(at, anchored_at, zone)

/** The calendar month `YYYY-MM` in a zone. */
export function monthNamed(month: string, zone: string): Interval {
  const [year, number] = month.split('-')
  // noon of the second day lies in the month wherever one is
  return monthOf(Date.parse(`${year}-${number}-02T12:00:00.000Z`), zone)
}

/** The calendar year of an instant in an IANA zone, for document numbers. */
export const yearOf = (at: Instant, zone: string): number =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).year

/** The local date `YYYY-MM-DD` of an instant. */
export const dateOf = (at: Instant, zone: string): string =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDate().toString()

/** The instant `days` local days later, at the same wall-clock time. */
export const addDays = (at: Instant, days: number, zone: string): Instant =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).add({ days }).epochMilliseconds

/** The start of the next local day: where a clock changes at midnight that is 1 o'clock, and the day after begins at 0 again. */
export const nextDay = (at: Instant, zone: string): Instant =>
  Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).startOfDay().add({ days: 1 }).startOfDay()
    .epochMilliseconds

/** An interval cut at the midnights of a zone. */
export function daysOf({ from, to }: Interval, zone: string): Interval[] {
  const days: Interval[] = []
  for (let at = from; at < to;) {
    const end = Math.min(to, nextDay(at, zone))
    days.push({ from: at, to: end })
    at = end
  }
  return days
}

/** The start of the local month that lies so many months before that of an instant. */
export const monthsBefore = (at: Instant, months: number, zone: string): Instant =>
  Temporal.Instant.fromEpochMilliseconds(monthOf(at, zone).from)
    .toZonedDateTimeISO(zone)
    .subtract({ months })
    .startOfDay().epochMilliseconds

export function isZone(name: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name)
    return /[a-z]/i.test(name)
  } catch {
    return false
  }
}

export const iso = (at: Instant): string => new Date(at).toISOString()

/** Reads an ISO 8601 instant with an offset; throws on anything else. */
export function fromIso(text: string): Instant {
  const at = Date.parse(text)
  assert(Number.isSafeInteger(at), `not an instant: ${text}`)
  return at
}
