/**
 * A percentile that somebody claims, held against the readings by other code than made it: slot by slot through the usage of an
 * interval, day by day, and counting how many slots lie below the claim instead of sorting them.
 */
import { sure } from '../base/problem.ts'
import { permit } from '../base/actor.ts'
import { HOUR_MS, hourOf, type Instant, type Interval, intersect } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { bornOf } from '../inventory/index.ts'
import { meterOf, SLOT_MS } from './contract.ts'
import { total } from './hours.ts'
import { coursesOf, measuredIn, type PeakWanted, windowsOf } from './peaks.ts'
import { type Course, coveredMs } from './rules.ts'
import { wholeSlots } from './slots.ts'

/** Bytes in one slot, of each direction; null: there is no such direction. */
export interface Claim {
  in: bigint | null
  out: bigint | null
}
/** How the slots of one direction lie to what was claimed of it. */
interface Counted {
  /** known wholly, whatever the other direction */
  whole: number
  below: number
  up_to: number
}
export interface Recount {
  slots: number
  missing: number
  spread: number
  in: Counted
  out: Counted
}

const DAY_MS = 24 * HOUR_MS
const DIRECTIONS = ['in', 'out'] as const

export async function recount(
  ctx: Context,
  { resource_id, meter, times, skips }: PeakWanted,
  claim: Claim,
  cut: number,
): Promise<Recount> {
  permit(ctx, 'usage.read')
  const none = () => ({ whole: 0, below: 0, up_to: 0 })
  const result: Recount = { slots: 0, missing: 0, spread: 0, in: none(), out: none() }
  const born = (await bornOf(ctx, [resource_id], cut)).get(resource_id) ?? null
  const rate = sure(meterOf(meter).rate)
  for (const window of windowsOf(wholeSlots(times), DAY_MS)) {
    const measured = await measuredIn(ctx, { resource_id, ...window }, born, cut)
    const [received, sent] = [near(coursesOf(measured, rate.in)), near(coursesOf(measured, rate.out))]
    for (let at = window.from; at < window.to; at += SLOT_MS) {
      const slot = { from: at, to: at + SLOT_MS }
      count(result, claim, { in: seen(received(at), slot), out: seen(sent(at), slot) }, skips)
    }
  }
  return result
}

/** What of each device's course touches the hour of an instant: the hour before is forgotten. */
function near(courses: readonly Course[]): (at: Instant) => Course[] {
  let [hour, found]: [Instant | null, Course[]] = [null, []]
  return (at) => {
    if (hour !== hourOf(at)) {
      hour = hourOf(at)
      const whole = { from: hour, to: hour + HOUR_MS }
      found = courses.map(({ spans, gaps }) => ({
        spans: spans.filter((span) => intersect(span, whole) !== null),
        gaps: gaps.filter((gap) => intersect(gap, whole) !== null),
      }))
    }
    return found
  }
}

interface Seen {
  bytes: bigint
  isWhole: boolean
  isSpread: boolean
  isSilent: boolean
}
function seen(courses: readonly Course[], slot: Interval): Seen {
  const { quantity, gaps } = total(courses, slot)
  const known = courses.flatMap(({ spans }) =>
    spans.flatMap((span) => {
      const part = intersect(span, slot)
      return part ? [{ ...part, length_ms: span.to - span.from, grows: span.increase > 0n, total: span.estimated }] : []
    }),
  )
  return {
    bytes: quantity,
    isWhole: coveredMs(known) === SLOT_MS && gaps.every((gap) => gap.quantity !== undefined),
    isSpread: known.some((one) => one.grows && one.length_ms > SLOT_MS),
    isSilent: known.some((one) => one.grows && one.total),
  }
}

function count(result: Recount, claim: Claim, slot: Record<'in' | 'out', Seen>, skips: boolean): void {
  for (const direction of DIRECTIONS) if (slot[direction].isWhole) result[direction].whole += 1
  const there = DIRECTIONS.filter((direction) => claim[direction] !== null)
  const counts = there.every((direction) => slot[direction].isWhole && !(skips && slot[direction].isSilent))
  if (!counts || there.length === 0) {
    result.missing += 1
    return
  }
  result.slots += 1
  if (there.some((direction) => slot[direction].isSpread)) result.spread += 1
  for (const direction of there) {
    const [bytes, claimed] = [slot[direction].bytes, sure(claim[direction])]
    if (bytes < claimed) result[direction].below += 1
    if (bytes <= claimed) result[direction].up_to += 1
  }
}
