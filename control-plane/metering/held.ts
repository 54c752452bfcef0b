/** What gauges held in some time, by other code than makes usage of them; and from when on nothing is known of them any more. */
import { permit } from '../base/actor.ts'
import { HOUR_MS, type Instant, type Interval } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { type MeterName } from './contract.ts'
import { gaugeKeysOf, isOfGauges } from './gauges.ts'
import { windowsOf } from './peaks.ts'
import { lastHeldTo, type ReadingRow, readingsAround, type Window } from './readings/store.ts'

/** A stretch of one resource and gauge meter. */
export interface HeldStretch extends Window {
  meter: MeterName
}

/** The end of each stretch that no reading holds and none follows, as known to a cut; null where there is none, or never was a reading. */
export async function unheldEnds(
  ctx: Context,
  stretches: readonly HeldStretch[],
  cut: number,
): Promise<(Interval | null)[]> {
  permit(ctx, 'usage.read')
  const asked = stretches.map(({ resource_id, meter, to }) => ({ resource_id, meter, at: to }))
  const held = await lastHeldTo(ctx, asked, cut)
  return stretches.map(({ from, to }, index) => {
    const until = held[index] ?? null
    return until === null || until >= to ? null : { from: Math.max(from, until), to }
  })
}

const DAY_MS = 24 * HOUR_MS

/** Base units × milliseconds in a stretch: at each bound of a piece it is asked anew which reading is in force. */
export async function heldAgain(
  ctx: Context,
  { meter, resource_id, from, to }: HeldStretch,
  cut: number,
): Promise<bigint> {
  permit(ctx, 'usage.read')
  let sum = 0n
  for (const day of windowsOf([{ from, to }], DAY_MS)) {
    const rows = (await readingsAround(ctx, [{ resource_id, ...day }], cut)).get(resource_id) ?? []
    for (const key of gaugeKeysOf(meter))
      sum += heldIn(
        day,
        rows.filter((row) => isOfGauges(row) && key in row.counters).map((row) => readingOf(row, key)),
      )
  }
  return sum
}

interface Reading {
  at: Instant
  value: bigint
  ends: Instant
}
const readingOf = ({ seen_at, interval_ms, counters }: ReadingRow, key: string): Reading => ({
  at: seen_at,
  value: BigInt(counters[key] ?? '0'),
  ends: seen_at + 3 * interval_ms,
})

function heldIn(day: Interval, readings: readonly Reading[]): bigint {
  const bounds = [day.from, day.to, ...readings.flatMap(({ at, ends }) => [at, ends])]
  const inside = [...new Set(bounds)].filter((at) => at >= day.from && at <= day.to).toSorted((a, b) => b - a)
  // from the last piece to the first, with the readings that begin after it taken off
  const left = readings.toSorted(
    (a, b) => a.at - b.at || (a.value > b.value ? 1 : a.value < b.value ? -1 : a.ends - b.ends),
  )
  let sum = 0n
  for (const [index, from] of inside.entries()) {
    const to = inside[index - 1]
    if (to === undefined) continue
    while ((left.at(-1)?.at ?? from) > from) left.pop()
    const inForce = left.at(-1)
    if (inForce && inForce.ends > from) sum += inForce.value * BigInt(to - from)
  }
  return sum
}
