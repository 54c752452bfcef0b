/** Local months, found with nothing but the local date that Intl gives for an instant. */
import type { Instant } from '../truth.ts'

const DAY_MS = 86_400_000

const formats = new Map<string, Intl.DateTimeFormat>()
function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known) return known
  const made = new Intl.DateTimeFormat('en-US-u-ca-iso8601', { timeZone: zone, year: 'numeric', month: 'numeric' })
  formats.set(zone, made)
  return made
}

/** Months since year 0 at an instant, by the calendar on the wall. */
function monthNumber(at: Instant, zone: string): number {
  const parts = formatOf(zone).formatToParts(at)
  const part = (type: 'year' | 'month') => Number(parts.find((one) => one.type === type)?.value)
  return part('year') * 12 + part('month') - 1
}

/** The first instant of the month: halving a stretch of which the end lies in it (or later) and the beginning doesn't. */
function beginning(month: number, zone: string): Instant {
  const utc = Date.UTC(Math.floor(month / 12), month % 12, 1)
  let [before, inside] = [utc - 2 * DAY_MS, utc + 2 * DAY_MS]
  while (inside - before > 1) {
    const middle = Math.floor((before + inside) / 2)
    if (monthNumber(middle, zone) >= month) inside = middle
    else before = middle
  }
  return inside
}

/** The local calendar month in which the instant lies: a March with daylight saving has 743 hours. */
export function monthAround(at: Instant, zone: string): { from: Instant; to: Instant } {
  const month = monthNumber(at, zone)
  return { from: beginning(month, zone), to: beginning(month + 1, zone) }
}
