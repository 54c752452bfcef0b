/**
 * From radosgw's usage log to counters that never fall: pure. The log holds a record for each hour, user and bucket that grows while the
 * hour lasts, and vanishes when it is trimmed. What was seen of each record is remembered, and what it grew by since is added to totals.
 */
import { CLASSES } from './classes.ts'
import { type Growth, growthOf, type Triple, type UsageRecord } from './map.ts'

export const HOUR_MS = 3_600_000
export const hourOf = (at_ms: number): number => Math.floor(at_ms / HOUR_MS) * HOUR_MS
/** So many hours are read again after they ended: what radosgw wrote late is counted when it is seen. */
export const LATE_HOURS = 2

const KEYS = [...CLASSES.map((name) => `requests_count/${name}`), 'network_receive_bytes', 'network_transmit_bytes']
export type Totals = Record<string, bigint>
export const nothing = (): Totals => Object.fromEntries(KEYS.map((key) => [key, 0n]))

/** The running totals of one bucket, user, or of the zone for what is nobody's. Instants are of the agent's clock but for `born_ms`. */
export interface Counter {
  kind: 'bucket' | 's3_user' | 'cluster'
  external_id: string
  incarnation: string
  /** of a bucket, as the usage log calls it */
  name: string
  /** of a bucket: whose it is, and before that whose it was */
  owners: string[]
  /** by radosgw's clock; null where it doesn't tell */
  born_ms: number | null
  epoch: string
  /** when the totals were zero; null: what was before our first look is unknown */
  origin_ms: number | null
  /** of the last reading that was given out */
  read_ms: number
  /** the first complete listing without it */
  gone_ms: number | null
  totals: Totals
}

/** Categories of a record by `user`, `bucket`, and whether the user pays for another's bucket. */
export type Seen = Map<string, UsageRecord>
export interface Memory {
  /** another one where nothing was kept: its epochs are others */
  id: string
  /** by radosgw's clock: up to here all was counted; null before the first time */
  upto_ms: number | null
  /** the last complete listing, by the agent's clock */
  listed_ms: number | null
  /** what the log showed of each hour that may still change */
  hours: Map<number, Seen>
  counters: Map<string, Counter>
}

export const fresh = (id: string): Memory => ({
  id,
  upto_ms: null,
  listed_ms: null,
  hours: new Map(),
  counters: new Map(),
})

export const keyOf = ({
  kind,
  external_id,
  incarnation = '',
}: {
  kind: string
  external_id: string
  incarnation?: string | undefined
}): string => JSON.stringify([kind, external_id, incarnation])
const recordKey = ({ user, bucket, pays }: UsageRecord): string => JSON.stringify([user, bucket, pays])

/**
 * The instants at which totals are told, by radosgw's clock: each end of an hour since the last time, and `as_of`.
 * So the growth of an hour lies between readings at its ends, however late it is read.
 */
export function pointsTo(memory: Memory, as_of: number): number[] {
  const points: number[] = []
  if (memory.upto_ms !== null)
    for (let at = hourOf(memory.upto_ms) + HOUR_MS; at < as_of; at += HOUR_MS) points.push(at)
  return [...points, as_of]
}

/** The hours to read: all that began since the last time, the one that it fell into, and those that may still be written late. */
export function hoursTo(memory: Memory, as_of: number, hours_max: number): number[] {
  const last = hourOf(as_of)
  const first = hourOf(memory.upto_ms ?? as_of) - LATE_HOURS * HOUR_MS
  const hours: number[] = []
  for (let hour = Math.max(first, last - hours_max * HOUR_MS); hour <= last; hour += HOUR_MS) hours.push(hour)
  return hours
}

/** What a record grew by since it was last seen. One that is less in any of its counts was trimmed and began anew. */
function grown(before: UsageRecord | undefined, now: UsageRecord): ReadonlyMap<string, Triple> {
  if (!before) return now.categories
  const isLess = [...before.categories].some(([category, was]) => {
    const is = now.categories.get(category)
    return !is || was.some((count, index) => (is[index] ?? 0n) < count)
  })
  if (isLess) return now.categories
  return new Map(
    [...now.categories].map(([category, [ops, sent, received]]) => {
      const [ops_was, sent_was, received_was] = before.categories.get(category) ?? [0n, 0n, 0n]
      return [category, [ops - ops_was, sent - sent_was, received - received_was]]
    }),
  )
}

export type Growths = Map<Counter, Growth[]>

/** What each hour's records grew by, by the point at which it is told. The first look only takes note: it may have been counted before. */
export function count(
  memory: Memory,
  hours: ReadonlyMap<number, UsageRecord[]>,
  points: readonly number[],
  skew_ms: number,
): Growths[] {
  const isFirst = memory.upto_ms === null
  const index = indexOf(memory)
  const growths = points.map((): Growths => new Map())
  for (const [hour, records] of hours) {
    const before = memory.hours.get(hour)
    memory.hours.set(hour, new Map(records.map((record) => [recordKey(record), record])))
    if (isFirst) continue
    const end = hour + HOUR_MS
    const found = points.findIndex((point) => point >= end)
    // what came late can't be told of an hour that was told already: it goes to the first instant that is still open
    const into = growths[found < 0 ? points.length - 1 : found]
    for (const record of records) {
      const growth = growthOf(grown(before?.get(recordKey(record)), record))
      if (!Object.values(growth.requests).some((requests) => requests > 0n) && growth.sent + growth.received === 0n)
        continue
      const counter = whose(index, record, hour, skew_ms)
      if (counter) into?.set(counter, [...(into.get(counter) ?? []), growth])
    }
  }
  const oldest = hourOf(points.at(-1) ?? 0) - LATE_HOURS * HOUR_MS
  for (const hour of memory.hours.keys()) if (hour < oldest) memory.hours.delete(hour)
  return growths
}

interface Index {
  buckets: ReadonlyMap<string, Counter[]>
  users: ReadonlyMap<string, Counter>
  zone: Counter | undefined
}
function indexOf(memory: Memory): Index {
  const all = [...memory.counters.values()]
  const users = all.filter(({ kind }) => kind === 's3_user')
  // of two with one name the one that is there
  const inOrder = users.toSorted((a, b) => Number(a.gone_ms === null) - Number(b.gone_ms === null))
  return {
    buckets: Map.groupBy(
      all.filter(({ kind }) => kind === 'bucket'),
      ({ name }) => name,
    ),
    users: new Map(inOrder.map((user) => [user.external_id, user])),
    zone: all.find(({ kind }) => kind === 'cluster'),
  }
}

/**
 * The bucket of that name and owner that was alive in the hour, the youngest of several: a record can't be divided. What is of no bucket,
 * or of one that nobody listed, is its user's; what is of no listed user is the zone's.
 */
function whose(index: Index, record: UsageRecord, hour: number, skew_ms: number): Counter | undefined {
  const alive = (index.buckets.get(record.bucket) ?? []).filter(
    (bucket) => !record.pays && bucket.owners.includes(record.user) && livedIn(bucket, hour, skew_ms),
  )
  const [youngest] = alive.toSorted((a, b) => (b.born_ms ?? 0) - (a.born_ms ?? 0))
  return youngest ?? index.users.get(record.user) ?? index.zone
}

const livedIn = ({ born_ms, gone_ms }: Counter, hour: number, skew_ms: number): boolean =>
  (born_ms ?? 0) < hour + HOUR_MS && (gone_ms === null || gone_ms - skew_ms > hour)
