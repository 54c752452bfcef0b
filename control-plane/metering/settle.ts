/** Brings stored usage up to date with the readings, for many resources in each statement. */
import { canonical } from '#connectors/contract.ts'
import { HOUR_MS, hourOf, type Instant, type Interval } from '../base/time.ts'
import { openCut } from '../db/cut.ts'
import type { Context } from '../db/index.ts'
import { bornOf } from '../inventory/index.ts'
import { continued } from './continue.ts'
import { heldTo, isOfGauges } from './gauges.ts'
import { hoursIn, type HourUsage, measure, usageOfHour } from './hours.ts'
import { readingsAround, readingsAtEnd, type ReadingRow, type Window } from './readings/store.ts'
import * as store from './store.ts'

/** Makes the usage of at most `limit` dirty resources anew; returns how many there were. */
export async function settleUsage(ctx: Context, limit: number): Promise<number> {
  const cut = await openCut(ctx.tx)
  const dirty = await store.claimDirty(ctx, limit)
  if (dirty.length === 0) return 0
  for (const part of inParts(dirty, ctx.now())) await settlePart(ctx, part, cut)
  return dirty.length
}

/** So much time of resources is held in memory at once: at a reading in ten seconds, 35,000 of them. */
const HELD_MS = 4 * 24 * HOUR_MS

function* inParts(dirty: readonly Window[], now: Instant): Iterable<Window[]> {
  let [part, held_ms] = [[] as Window[], 0]
  for (const window of dirty) {
    const own_ms = Math.max(0, Math.min(window.to, now) - window.from)
    if (part.length > 0 && held_ms + own_ms > HELD_MS) {
      yield part
      ;[part, held_ms] = [[], 0]
    }
    part.push(window)
    held_ms += own_ms
  }
  if (part.length > 0) yield part
}

/** The usual case: readings came at the end. Answers the resources where they didn't. */
async function continueHours(ctx: Context, dirty: readonly Window[], cut: number): Promise<readonly Window[]> {
  const ends = await readingsAtEnd(ctx, dirty)
  const windows = [...ends].map(([resource_id, { last, fresh }]) => ({
    resource_id,
    from: hourOf(last.seen_at),
    to: hourOf(fresh.at(-1)?.seen_at ?? last.seen_at) + HOUR_MS,
  }))
  const live = await liveByResource(ctx, windows)
  const done = new Set<string>()
  const changes: store.UsageChange[] = []
  for (const [resource_id, { last, fresh }] of ends) {
    const stored = live.get(resource_id) ?? []
    const hours = continued(last, fresh, stored)
    if (!hours) continue
    done.add(resource_id)
    changes.push(...hours.map((usage) => ({ resource_id, usage, stored: rowOf(stored, usage) })))
  }
  await store.writeUsage(ctx, changes, cut)
  return dirty.filter(({ resource_id }) => !done.has(resource_id))
}

/** From all readings of the hours that a change touches: from the reading before it to the one after it. */
async function remakeHours(ctx: Context, dirty: readonly Window[], cut: number): Promise<void> {
  await store.writeUsage(ctx, await remade(ctx, dirty, cut), cut)
}

/** The hours whose stored rows say something else than all readings do. */
async function remade(ctx: Context, dirty: readonly Window[], cut: number): Promise<store.UsageChange[]> {
  const born = await bornOf(
    ctx,
    dirty.map(({ resource_id }) => resource_id),
    cut,
  )
  const around = await readingsAround(ctx, dirty, null)
  const windows = dirty.map((window) => {
    const own = around.get(window.resource_id) ?? []
    return { ...window, ...touched(window, own, born.get(window.resource_id) ?? null) }
  })
  const readings = await readingsAround(ctx, windows, null)
  const live = await liveByResource(ctx, windows)
  return windows.flatMap((window) => {
    const { resource_id } = window
    const stored = live.get(resource_id) ?? []
    const measured = measure(readings.get(resource_id) ?? [], born.get(resource_id) ?? null)
    const fresh = [...hoursIn(window)].flatMap((hour) => usageOfHour(measured, hour))
    return [...fresh, ...emptied(stored, fresh)]
      .map((usage) => ({ resource_id, usage, stored: rowOf(stored, usage) }))
      .filter((change) => !change.stored || keyOf(change.stored) !== keyOf(change.usage))
  })
}

/** The stored readings of these windows go through metering again; what they say otherwise than the stored hours is mended and answered. */
export async function replayed(ctx: Context, windows: readonly Window[]): Promise<store.UsageChange[]> {
  const cut = await openCut(ctx.tx)
  // what waits to be metered is no difference: it is metered first
  for (const part of inParts(await store.holdUsage(ctx, windows), ctx.now())) await settlePart(ctx, part, cut)
  const changes = await remade(ctx, windows, cut)
  await store.writeUsage(ctx, changes, cut)
  await store.letGoOfUsage(ctx, windows)
  return changes
}

async function settlePart(ctx: Context, part: readonly Window[], cut: number): Promise<void> {
  const late = await continueHours(ctx, part, cut)
  if (late.length > 0) await remakeHours(ctx, late, cut)
}

async function liveByResource(ctx: Context, windows: readonly Window[]): Promise<Map<string, store.UsageRow[]>> {
  return Map.groupBy(await store.liveUsage(ctx, windows), (row) => row.resource_id)
}

const rowOf = (stored: readonly store.UsageRow[], { meter, hour }: HourUsage): store.UsageRow | null =>
  stored.find((row) => row.meter === meter && row.hour === hour) ?? null
const keyOf = ({ quantity, estimated, digest, gaps }: HourUsage): string =>
  canonical([quantity.toString(), estimated, digest, gaps])

/** Whole hours from the reading before a dirty stretch to the one after it; gauges beside it are of no matter where none lies in it. */
function touched(dirty: Interval, around: readonly ReadingRow[], born: Instant | null): Interval {
  const isInside = ({ seen_at }: ReadingRow) => seen_at >= dirty.from && seen_at < dirty.to
  const gauges = around.filter(isOfGauges)
  const held = gauges.filter(isInside).map((row) => heldTo({ at: row.seen_at, interval_ms: row.interval_ms }))
  const told = around.filter((row) => held.length > 0 || !isOfGauges(row))
  const instants = [...told.map((row) => row.seen_at), ...held, ...births(around, dirty.from, born)]
  return {
    from: hourOf(Math.min(dirty.from, ...instants)),
    to: hourOf(Math.max(dirty.to - 1, ...instants)) + HOUR_MS,
  }
}

/** Origins of epochs that begin in the dirty time of a resource whose birth was observed: usage reaches back to them. */
function births(around: readonly ReadingRow[], dirtyFrom: Instant, born: Instant | null): Instant[] {
  if (born === null) return []
  const known = new Set(around.filter((row) => row.seen_at < dirtyFrom).map((row) => row.epoch))
  return around.flatMap((row) =>
    known.has(row.epoch) || row.origin_at === null || row.origin_at < born ? [] : [row.origin_at],
  )
}

/** Hours that had usage and have none any more keep a row of zero: a row that vanishes is always damage. */
const emptied = (live: readonly store.UsageRow[], fresh: readonly HourUsage[]): HourUsage[] =>
  live
    .filter((old) => !fresh.some((row) => row.meter === old.meter && row.hour === old.hour))
    .map(({ meter, hour }) => ({
      meter,
      hour,
      quantity: 0n,
      estimated: false,
      gaps: [],
      bounds: [],
      reading_count: 0,
      digest: '',
    }))
