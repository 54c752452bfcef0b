/** The SQL of readings: facts in, and out again with what lies around them. */
import { sql } from 'drizzle-orm'
import { sure } from '../../base/problem.ts'
import { type Interval, iso } from '../../base/time.ts'
import { arrayText, columnar, type Context, ms, rows } from '../../db/index.ts'
import { GAUGE_METERS, gaugeKeysOf, GAUGES, heldTo } from '../gauges.ts'
import type { MeterName } from '../contract.ts'
import type { reading } from '../schema.ts'

export type ReadingRow = Omit<typeof reading.$inferSelect, 'cut' | 'stored_at'>

const READING = {
  resource_id: 'uuid',
  seen_at: 'timestamptz',
  spool_id: 'uuid',
  sequence: 'int4',
  position: 'int4',
  source_id: 'uuid',
  interval_ms: 'int4',
  epoch: 'text',
  origin_at: 'timestamptz',
  wrap_bits: 'int4',
  counters: 'jsonb',
  counter_count: 'int4',
} as const
const toRow = (row: ReadingRow) => ({
  ...row,
  seen_at: iso(row.seen_at),
  origin_at: row.origin_at === null ? null : iso(row.origin_at),
  counters: JSON.stringify(row.counters),
})

export async function insertReadings(ctx: Context, list: readonly ReadingRow[], cut: number): Promise<void> {
  if (list.length > 0)
    await ctx.tx.execute(sql`
      insert into reading (${sql.raw(Object.keys(READING).join(', '))}, cut, stored_at)
      select i.*, ${cut}::int4, ${iso(ctx.now())}::timestamptz from ${columnar(list.map(toRow), READING)}
      on conflict do nothing`)
}

/** Time of one resource. */
export interface Window extends Interval {
  resource_id: string
}
/** Windows as the relation `w`; `n` is their place in the list. */
export const windowRows = (list: readonly Window[]) =>
  columnar(
    list.map(({ resource_id, from, to }, n) => ({ n, resource_id, from_at: iso(from), to_at: iso(to) })),
    { n: 'int4', resource_id: 'uuid', from_at: 'timestamptz', to_at: 'timestamptz' },
    'w',
  )

/** What a reading is read by, in the order of `Packed`. */
const packed = sql`json_build_array(${ms(sql`r.seen_at`)}, r.spool_id, r.sequence, r.position, r.source_id, r.interval_ms, r.epoch,
  ${ms(sql`r.origin_at`)}, r.wrap_bits, r.counters, r.counter_count)`
type Packed = [
  seen_at: number,
  spool_id: string,
  sequence: number,
  position: number,
  source_id: string,
  interval_ms: number,
  epoch: string,
  origin_at: number | null,
  wrap_bits: number | null,
  counters: ReadingRow['counters'],
  counter_count: number,
]

/** The readings `r` of a query's end; those of a resource come as one text, which costs half of what as many rows do. */
async function readings(ctx: Context, from: ReturnType<typeof sql>, before = sql``): Promise<ReadingRow[]> {
  const found = await rows<{ resource_id: string; list: Packed[] }>(
    ctx.tx,
    sql`${before} select r.resource_id, json_agg(${packed}) as list from ${from} group by r.resource_id`,
  )
  return found.flatMap(({ resource_id, list }) => list.map((one) => unpacked(resource_id, one)))
}

const unpacked = (resource_id: string, one: Packed): ReadingRow => {
  const [seen_at, spool_id, sequence, position, source_id, interval_ms, epoch, origin_at, wrap_bits, counters, count] =
    one
  const by = { spool_id, sequence, position, source_id }
  return { resource_id, seen_at, ...by, interval_ms, epoch, origin_at, wrap_bits, counters, counter_count: count }
}

/** The last reading before a window, and those of it. */
export interface End {
  last: ReadingRow
  fresh: ReadingRow[]
}

/** For windows at the end of what is known of a resource: their readings and the one before, where one stands alone before. */
export async function readingsAtEnd(ctx: Context, windows: readonly Window[]): Promise<Map<string, End>> {
  const found = await readings(
    ctx,
    sql`ended w cross join lateral (
          (select * from reading where resource_id = w.resource_id and seen_at >= w.from_at)
          union all (select * from reading where resource_id = w.resource_id and seen_at < w.from_at
            order by seen_at desc limit 2)) as r`,
    sql`with ended as materialized (select w.* from ${windowRows(windows)} where not exists (
          select from reading later where later.resource_id = w.resource_id and later.seen_at >= w.to_at))`,
  )
  const byResource = Map.groupBy(found, (row) => row.resource_id)
  const out = new Map<string, End>()
  for (const { resource_id, from } of windows) {
    const own = (byResource.get(resource_id) ?? []).toSorted((a, b) => a.seen_at - b.seen_at)
    const before = own.filter((row) => row.seen_at < from)
    const [last, other] = before.toReversed()
    if (last && last.seen_at !== other?.seen_at) out.set(resource_id, { last, fresh: own.slice(before.length) })
  }
  return out
}

/** A device may be missing from some readings of its resource: it is looked for this far beside an interval. */
const LOOK_MS = 7 * 86_400_000
const knownTo = (cut: number | null) => (cut === null ? sql`true` : sql`r.cut <= ${cut}`)

/**
 * Readings of each resource in its window with those next to it on both sides: of any epoch, of each epoch met so far, and of
 * each device met so far. `cut`: only those known to it; null: all.
 */
export async function readingsAround(
  ctx: Context,
  windows: readonly Window[],
  cut: number | null,
): Promise<Map<string, ReadingRow[]>> {
  const out = new Map(windows.map((window) => [window.resource_id, new Around(window)]))
  const keep = (list: readonly ReadingRow[]) => {
    for (const row of list) sure(out.get(row.resource_id)).add(row)
    return list.length
  }
  keep(
    await readings(
      ctx,
      sql`${windowRows(windows)} join reading r on r.resource_id = w.resource_id
          and r.seen_at >= w.from_at and r.seen_at < w.to_at where ${knownTo(cut)}`,
    ),
  )
  // counters and gauges for themselves: one may go on while the other is silent
  for (const sort of ['counters', 'gauges'] as const)
    for (const side of SIDES) keep(await nearest(ctx, sort, WANTED_OF[sort](windows), side, cut))
  const around = [...out.values()]
  for (const side of SIDES)
    keep(
      await nearest(
        ctx,
        'epoch',
        around.flatMap((one) => one.otherEpochs(side)),
        side,
        cut,
      ),
    )
  for (const side of SIDES)
    for (let missing = around.flatMap((one) => one.missingKeys(side)); missing.length > 0;) {
      if (keep(await nearest(ctx, 'keys', missing, side, cut)) === 0) break
      missing = around.flatMap((one) => one.missingKeys(side))
    }
  return new Map(around.map((one) => [one.window.resource_id, one.list()]))
}

type Side = 'before' | 'after'
const SIDES: readonly Side[] = ['before', 'after']
/** What is looked for beside a window: a reading of counters, of an epoch, of gauges, or with any of the keys. */
interface Wanted {
  window: Window
  epoch?: string
  keys?: string[]
}
type Sort = 'counters' | 'epoch' | 'gauges' | 'keys'
const SORTS: Record<Sort, string> = {
  // where there never were any, none are looked for among all the gauges
  counters: `r.position >= 0 and (exists (select from reading c where c.resource_id = w.resource_id and c.epoch < '${GAUGES}')
    or exists (select from reading c where c.resource_id = w.resource_id and c.epoch > '${GAUGES}')
    or exists (select from reading c where c.resource_id = w.resource_id and c.epoch = '${GAUGES}' and c.position >= 0))`,
  epoch: 'r.epoch = w.epoch',
  gauges: `r.epoch = '${GAUGES}' and r.position < 0 and r.counters ?| w.keys::text[]`,
  keys: 'r.counters ?| w.keys::text[] and r.seen_at between w.first and w.last',
}
const WANTED_OF = {
  counters: (windows: readonly Window[]): Wanted[] => windows.map((window) => ({ window })),
  gauges: (windows: readonly Window[]): Wanted[] =>
    GAUGE_METERS.flatMap(gaugeKeysOf).flatMap((key) => windows.map((window) => ({ window, keys: [key] }))),
}
const WANTED = {
  resource_id: 'uuid',
  at: 'timestamptz',
  first: 'timestamptz',
  last: 'timestamptz',
  epoch: 'text',
  keys: 'text',
} as const

/** The readings found around one window. */
class Around {
  readonly window: Window
  readonly #rows = new Map<string, ReadingRow>()

  constructor(window: Window) {
    this.window = window
  }

  add(row: ReadingRow): void {
    this.#rows.set([row.seen_at, row.spool_id, row.sequence, row.position].join(), row)
  }

  list(): ReadingRow[] {
    return [...this.#rows.values()]
  }

  #on(side: Side): ReadingRow[] {
    const { from, to } = this.window
    return this.list().filter((row) => (side === 'before' ? row.seen_at < from : row.seen_at >= to))
  }

  /** Epochs that were met, but not on this side; where nothing at all lies on it there is nothing to find. */
  otherEpochs(side: Side): Wanted[] {
    const beside = new Set(this.#on(side).map((row) => row.epoch))
    if (beside.size === 0) return []
    const met = new Set(this.list().map((row) => row.epoch))
    return [...met.difference(beside)].map((epoch) => ({ window: this.window, epoch }))
  }

  /** Keys of counters that were met, but not on this side. */
  missingKeys(side: Side): Wanted[] {
    const beside = keysOf(this.#on(side))
    if (beside.size === 0) return []
    const keys = [...keysOf(this.list()).difference(beside)]
    return keys.length > 0 ? [{ window: this.window, keys }] : []
  }
}

const keysOf = (list: readonly ReadingRow[]): Set<string> => new Set(list.flatMap((row) => Object.keys(row.counters)))

/** All readings of the instant next to each window that are of the wanted sort. */
async function nearest(
  ctx: Context,
  sort: Sort,
  wanted: readonly Wanted[],
  side: Side,
  cut: number | null,
): Promise<ReadingRow[]> {
  if (wanted.length === 0) return []
  const given = wanted.map(({ window: { resource_id, from, to }, epoch, keys }) => {
    const look = { first: iso(Math.max(0, from - LOOK_MS)), last: iso(to + LOOK_MS) }
    const at = iso(side === 'before' ? from : to)
    return { resource_id, at, ...look, epoch: epoch ?? null, keys: keys ? arrayText(keys) : null }
  })
  const [beside, order] = side === 'before' ? [sql`<`, sql`desc`] : [sql`>=`, sql`asc`]
  const which = sql`r.resource_id = w.resource_id and ${sql.raw(SORTS[sort])} and ${knownTo(cut)}`
  return readings(
    ctx,
    sql`next w join reading r on r.seen_at = w.next_at and ${which}`,
    sql`with next as materialized (
          select w.*, (select r.seen_at from reading r where ${which} and r.seen_at ${beside} w.at
            order by r.seen_at ${order} limit 1) as next_at
          from ${columnar(given, WANTED, 'w')})`,
  )
}

/** Until when the last gauge of a meter before an instant holds, as known to a cut, by resource: none where there never was one. */
export async function lastHeldTo(
  ctx: Context,
  wanted: readonly { resource_id: string; meter: MeterName; at: number }[],
  cut: number,
): Promise<(number | null)[]> {
  const windows = wanted.map(({ resource_id, at, meter }) => ({
    window: { resource_id, from: at, to: at },
    keys: gaugeKeysOf(meter),
  }))
  const found = Map.groupBy(await nearest(ctx, 'gauges', windows, 'before', cut), (row) => row.resource_id)
  return wanted.map(({ resource_id, meter, at }) => {
    const [keys, own] = [gaugeKeysOf(meter), found.get(resource_id) ?? []]
    const before = own.filter((row) => row.seen_at < at && keys.some((key) => key in row.counters))
    const last = Math.max(...before.map((row) => row.seen_at))
    const ends = before
      .filter((row) => row.seen_at === last)
      .map((row) => heldTo({ at: last, interval_ms: row.interval_ms }))
    return ends.length === 0 ? null : Math.max(...ends)
  })
}
