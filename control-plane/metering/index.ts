/** Verbs of metering: readings in, usage of each hour out, and usage of any interval for rating. */
import { fromIso, HOUR_MS, hourOf, type Instant, type Interval, iso, type OpenInterval, splitAt } from '../base/time.ts'
import { permit } from '../base/actor.ts'
import { sure } from '../base/problem.ts'
import { LIVE } from '../db/cut.ts'
import type { Context } from '../db/index.ts'
import { together } from '../db/together.ts'
import { bornOf, isWithin, requireSeen, within } from '../inventory/index.ts'
import type { MeterName, UsageHour, UsageQuery } from './contract.ts'
import {
  gapOf,
  hoursIn,
  type HourUsage,
  isNothing,
  isProvenBy,
  measure,
  type Metered,
  type Usage,
  usageOfHour,
  usageWithin,
} from './hours.ts'
import { ENGINE, type Engine, type Gap, isSpreadOver } from './rules.ts'
import type { StoredBound, StoredReading } from './schema.ts'
import { insertReadings, type ReadingRow, readingsAround, type Window } from './readings/store.ts'
import { markUsageDirty, usageIn, type UsageRow } from './store.ts'

export { asGauges } from './gauges.ts'
export { heldAgain, unheldEnds } from './held.ts'
export type { HourUsage } from './hours.ts'
export { peaksOf } from './peaks.ts'
export { recount } from './recount.ts'
export { replay } from './replay.ts'
export { settleUsage } from './settle.ts'
export { meteredBySource, pendingUsage, reportedUpTo, type UsageRow } from './store.ts'

/** Stores counters and gauges of one batch; the usage of their hours is made anew later. */
export async function storeReadings(ctx: Context, list: ReadingRow[], cut: number): Promise<void> {
  permit(ctx, 'usage.read')
  await insertReadings(ctx, list, cut)
  const spans = new Map<string, Interval>()
  for (const { resource_id, seen_at } of list) {
    const span = spans.get(resource_id)
    spans.set(resource_id, {
      from: Math.min(span?.from ?? seen_at, seen_at),
      to: Math.max(span?.to ?? seen_at, seen_at),
    })
  }
  await markUsageDirty(ctx, spans)
}

/** A birth that moved changes what the first epoch counts. */
export const usageChangedFrom = (ctx: Context, resource_id: string, since: Instant): Promise<void> =>
  markUsageDirty(ctx, new Map([[resource_id, { from: since, to: ctx.now() }]]))

/** A part of a consumption, or of what a gauge held: a whole stored hour, or the edge of one computed from its readings. */
export interface UsageLeaf extends Interval {
  quantity: bigint
  digest: string
  reading_count: number
  bounds: StoredBound[]
  /** a bound of the whole interval that was asked for lies here, within a spread of which only the total is known */
  estimated: boolean
  gaps: Gap[]
  /** the stored hour; null for an edge */
  usage_id: string | null
}

/** What is asked of one resource; its intervals must not overlap. */
export interface UsageWanted {
  resource_id: string
  intervals: readonly Interval[]
}
export type UsageByInterval = Map<Interval, Map<MeterName, UsageLeaf[]>>

/** `engine`: as that one would have said. `bounds`: the readings at the ends of each stored hour are wanted, too. */
interface UsageOptions {
  engine?: Engine
  bounds?: boolean
}

/**
 * Usage of consumption and gauge meters in each of the intervals, as known to a cut and in the order asked: stored rows for whole hours,
 * readings for the hours that a bound cuts.
 */
export async function usageOf(
  ctx: Context,
  wanted: readonly UsageWanted[],
  cut: number,
  { engine = ENGINE, bounds = false }: UsageOptions = {},
): Promise<UsageByInterval[]> {
  permit(ctx, 'usage.read')
  return await usageTogether(ctx, { cut, engine, bounds }, wanted)
}

const usageTogether = together(async (ctx, options: UsageShared, lists: readonly (readonly UsageWanted[])[]) => {
  const found = await usageOfAll(ctx, lists.flat(), options)
  let at = 0
  return lists.map((own) => found.slice(at, (at += own.length)))
})

type UsageShared = Required<UsageOptions> & { cut: number }
async function usageOfAll(
  ctx: Context,
  wanted: readonly UsageWanted[],
  { cut, engine, bounds }: UsageShared,
): Promise<UsageByInterval[]> {
  const edges = new Edges(ctx, cut, engine)
  await edges.read(wanted.flatMap(edgesOf))
  const hours = await storedHours(ctx, wanted, cut, bounds)
  const out: UsageByInterval[] = []
  for (const [index, { resource_id, intervals }] of wanted.entries()) {
    const usage: UsageByInterval = new Map()
    for (const interval of intervals)
      usage.set(interval, await leavesIn(resource_id, interval, hours[index]?.get(interval) ?? [], edges))
    out.push(usage)
  }
  return out
}

/** The rows of the whole hours of each interval, in the order of what is wanted. */
async function storedHours(ctx: Context, wanted: readonly UsageWanted[], cut: number, bounds: boolean) {
  const asked = wanted.flatMap(({ resource_id, intervals }, at) =>
    intervals
      .map((interval) => ({ at, interval, window: { resource_id, ...wholeHours(interval) } }))
      .filter(({ window }) => window.from < window.to),
  )
  const windows = asked.map(({ window }) => window)
  const found = await usageIn(ctx, windows, cut, bounds ? 'with bounds' : 'without bounds')
  const out = wanted.map(() => new Map<Interval, UsageRow[]>())
  for (const [index, { at, interval }] of asked.entries()) sure(out[at]).set(interval, sure(found[index]))
  return out
}

const wholeHours = ({ from, to }: Interval): Interval => ({ from: Math.ceil(from / HOUR_MS) * HOUR_MS, to: hourOf(to) })

/** The parts of an interval that are no whole hours, each within one. */
function partsOf(interval: Interval): Interval[] {
  const whole = wholeHours(interval)
  if (whole.from >= whole.to) return splitAt(interval, [whole.from])
  return splitAt(interval, [whole.from, whole.to]).filter(({ from, to }) => from < whole.from || to > whole.to)
}
const edgesOf = ({ resource_id, intervals }: UsageWanted): Edge[] =>
  intervals.flatMap(partsOf).map(({ from }) => ({ resource_id, hour: hourOf(from) }))

async function leavesIn(
  resource_id: string,
  interval: Interval,
  stored: readonly UsageRow[],
  edges: Edges,
): Promise<Map<MeterName, UsageLeaf[]>> {
  const leaves = new Map<MeterName, UsageLeaf[]>()
  const push = (meter: MeterName, leaf: UsageLeaf) => {
    const list = leaves.get(meter)
    if (list) list.push(leaf)
    else leaves.set(meter, [leaf])
  }
  for (const row of stored) push(row.meter, leafOf(row))
  for (const part of partsOf(interval))
    for (const [meter, leaf] of edgeLeaves(
      await edges.of({ resource_id, hour: hourOf(part.from) }),
      part,
      edges.engine,
    ))
      push(meter, leaf)
  for (const [meter, list] of leaves)
    for (const leaf of list)
      if (leaf.estimated)
        leaf.estimated = isCut(meter, leaf, interval, await edges.of({ resource_id, hour: hourOf(leaf.from) }))
  return leaves
}

interface Edge {
  resource_id: string
  hour: Instant
}

/** What the readings say of hours that a bound cuts: each read once, and of many resources together. */
class Edges {
  readonly #ctx: Context
  readonly cut: number
  readonly engine: Engine
  readonly #measured = new Map<string, Metered[]>()

  constructor(ctx: Context, cut: number, engine: Engine) {
    this.#ctx = ctx
    this.cut = cut
    this.engine = engine
  }

  /** One hour of each resource at a time: readings around two hours of one would join over what lies between them. */
  async read(edges: readonly Edge[]): Promise<void> {
    const due = new Map(edges.map((edge) => [keyOf(edge), edge]))
    for (const key of this.#measured.keys()) due.delete(key)
    if (due.size === 0) return
    const born = await bornOf(this.#ctx, [...new Set([...due.values()].map((edge) => edge.resource_id))], this.cut)
    while (due.size > 0) {
      const round = [...new Map([...due.values()].map((edge) => [edge.resource_id, edge])).values()].slice(0, EDGES)
      const windows = round.map(({ resource_id, hour }) => ({ resource_id, from: hour, to: hour + HOUR_MS }))
      const readings = await readingsAround(this.#ctx, windows, this.cut)
      for (const edge of round) {
        const { resource_id } = edge
        const measured = measure(readings.get(resource_id) ?? [], born.get(resource_id) ?? null, this.engine)
        this.#measured.set(keyOf(edge), measured)
        due.delete(keyOf(edge))
      }
    }
  }

  async of(edge: Edge): Promise<readonly Metered[]> {
    if (!this.#measured.has(keyOf(edge))) await this.read([edge])
    return this.#measured.get(keyOf(edge)) ?? []
  }
}
/** Hours of as many resources are read at once. */
const EDGES = 200
const keyOf = ({ resource_id, hour }: Edge): string => `${resource_id}/${hour}`

/** A spread that lies whole within the interval is known exactly, whatever hours it crosses. */
const isCut = (meter: MeterName, { from, to }: Interval, interval: Interval, measured: readonly Metered[]): boolean =>
  [interval.from, interval.to]
    .filter((bound) => bound === from || bound === to)
    .some((bound) => measured.some((one) => one.meter === meter && one.courses.some((c) => isSpreadOver(c, bound))))

const leafOf = (row: UsageRow): UsageLeaf => leaf({ from: row.hour, to: row.hour + HOUR_MS }, row, row.id)

const leaf = (interval: Interval, usage: Usage, usage_id: string | null): UsageLeaf => ({
  ...interval,
  quantity: usage.quantity,
  digest: usage.digest,
  reading_count: usage.reading_count,
  bounds: usage.bounds,
  estimated: usage.estimated,
  gaps: usage.gaps.map(gapOf),
  usage_id,
})

function* edgeLeaves(measured: readonly Metered[], part: Interval, engine: Engine): Iterable<[MeterName, UsageLeaf]> {
  for (const metered of measured) {
    const usage = usageWithin(metered, part, engine)
    if (!isNothing(usage)) yield [metered.meter, leaf(part, usage, null)]
  }
}

/** What a verifier compares with the stored rows. */
export interface Remeasured {
  hours: HourUsage[]
  /** whether the readings give a stored row's digest, whichever engine wrote it */
  proves(row: UsageRow): boolean
}
/** Hours of usage as stored and as their readings give them, for each of the windows, as known to a cut. Windows hold whole hours. */
export async function remeasure(
  ctx: Context,
  windows: readonly Window[],
  cut: number,
): Promise<{ stored: UsageRow[]; fromReadings: Remeasured }[]> {
  permit(ctx, 'usage.read')
  const stored = await usageIn(ctx, windows, cut, 'without bounds')
  const born = await bornOf(ctx, [...new Set(windows.map((window) => window.resource_id))], cut)
  const measured = new Map<Window, Remeasured>()
  for (const round of roundsOf(windows)) {
    const readings = await readingsAround(ctx, round, cut)
    for (const window of round) {
      const { resource_id } = window
      const list = measure(readings.get(resource_id) ?? [], born.get(resource_id) ?? null)
      measured.set(window, remeasured(list, window))
    }
  }
  return windows.map((window, index) => ({ stored: sure(stored[index]), fromReadings: sure(measured.get(window)) }))
}

/** Readings of so many hours are held at once: a month of one resource. */
const ROUND_MS = 31 * 24 * HOUR_MS

/** Each resource once in a round: readings around two windows of one would join over what lies between them. */
function* roundsOf(windows: readonly Window[]): Iterable<Window[]> {
  let [round, ms] = [new Map<string, Window>(), 0]
  for (const window of windows) {
    const own_ms = window.to - window.from
    if (round.has(window.resource_id) || (round.size > 0 && ms + own_ms > ROUND_MS)) {
      yield [...round.values()]
      ;[round, ms] = [new Map(), 0]
    }
    round.set(window.resource_id, window)
    ms += own_ms
  }
  if (round.size > 0) yield [...round.values()]
}

const remeasured = (measured: readonly Metered[], interval: Interval): Remeasured => ({
  hours: [...hoursIn(interval)].flatMap((hour) => usageOfHour(measured, hour)),
  proves: ({ meter, hour, digest }) =>
    isProvenBy(
      digest,
      measured.find((one) => one.meter === meter),
      hour,
    ),
})

const MAX_QUERY_MS = 31 * 24 * HOUR_MS
/** Usage of a resource by hour in the caller's time with it, for pages and exports. */
export async function usageByHour(ctx: Context, resource_id: string, query: UsageQuery): Promise<UsageHour[]> {
  permit(ctx, 'usage.read')
  const { tenure } = await requireSeen(ctx, resource_id)
  const to = query.to ? fromIso(query.to) : ctx.now()
  const from = hourOf(Math.max(query.from ? fromIso(query.from) : to - 24 * HOUR_MS, to - MAX_QUERY_MS))
  const found = await ctx.program(async (program) => {
    const [rows = []] = await usageIn(program, [{ resource_id, from, to }], LIVE, 'with bounds')
    const own = rows.filter(({ hour }) => isWithin(tenure, { from: hour, to: hour + HOUR_MS })).map(presentHour)
    return [...own, ...(await usageAtBounds(program, resource_id, tenure, { from, to }))]
  })
  return found
    .filter((row) => !query.meter || row.meter === query.meter)
    .map((row) => ({ ...row, bounds: row.bounds.filter((bound) => isOwn(tenure, bound)) }))
    .toSorted((a, b) => (a.hour < b.hour ? -1 : a.hour > b.hour ? 1 : a.meter < b.meter ? -1 : 1))
}

/** A reading from somebody else's time proves a part, but is not shown. */
export const isOwn = (tenure: readonly OpenInterval[], { first, last }: UsageHour['bounds'][number]): boolean =>
  [first, last].every(({ at }) => isWithin(tenure, { from: fromIso(at), to: fromIso(at) }))

/** Hours in which the resource changed hands: the caller's part of each. */
async function usageAtBounds(
  ctx: Context,
  resource_id: string,
  tenure: readonly OpenInterval[],
  asked: Interval,
): Promise<UsageHour[]> {
  const bounds = tenure.flatMap(({ from, to }) => [from ?? [], to ?? []].flat())
  const hours = [...new Set(bounds.filter((at) => at % HOUR_MS !== 0).map(hourOf))]
  const parts = hours
    .filter((hour) => hour >= asked.from && hour < asked.to)
    .flatMap((hour) => within(tenure, { from: hour, to: hour + HOUR_MS }))
  if (parts.length === 0) return []
  const [used] = await usageOf(ctx, [{ resource_id, intervals: parts }], LIVE, { bounds: true })
  return parts.flatMap((part) =>
    [...(used?.get(part) ?? [])].flatMap(([meter, leaves]) => leaves.map((leaf) => presentPart(meter, leaf))),
  )
}

const presentPart = (meter: MeterName, leaf: UsageLeaf): UsageHour => ({
  meter,
  hour: iso(hourOf(leaf.from)),
  quantity: leaf.quantity.toString(),
  reading_count: leaf.reading_count,
  estimated: leaf.estimated,
  gaps: leaf.gaps.map(({ from, to, cause }) => ({ from: iso(from), to: iso(to), cause })),
  bounds: leaf.bounds.map(presentBound),
})

const presentReading = ({ at_ms, value, spool, sequence }: StoredReading) => ({
  at: iso(at_ms),
  value,
  spool,
  sequence,
})
const presentBound = (bound: StoredBound) => ({
  ...bound,
  first: presentReading(bound.first),
  last: presentReading(bound.last),
})
const presentHour = ({ meter, hour, quantity, reading_count, estimated, gaps, bounds: list }: UsageRow): UsageHour => ({
  meter,
  hour: iso(hour),
  quantity: quantity.toString(),
  reading_count,
  estimated,
  gaps: gaps.map(({ from_ms, to_ms, cause }) => ({ from: iso(from_ms), to: iso(to_ms), cause })),
  bounds: list.map(presentBound),
})
