/** Tables of metering: readings of counters and gauges as facts, and the usage of each hour that follows from them. */
import { boolean, index, integer, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant, quantity } from '../db/columns.ts'
import type { GapCause, MeterName } from './contract.ts'

/** Counters or gauges of one resource at one instant, keyed by (spool, sequence, position): a fact counts once. */
export const reading = pgTable(
  'reading',
  {
    resource_id: uuid().notNull(),
    seen_at: instant().notNull(),
    spool_id: uuid().notNull(),
    sequence: integer().notNull(),
    /** of the fact in its batch, from 0; −1 − that for its gauges */
    position: integer().notNull(),
    source_id: uuid().notNull(),
    interval_ms: integer().notNull(),
    epoch: text().notNull(),
    origin_at: instant(),
    wrap_bits: integer(),
    /** `metric/device` → decimal digits */
    counters: jsonb().$type<Record<string, string>>().notNull(),
    counter_count: integer().notNull(),
    cut: integer().notNull(),
    stored_at: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.resource_id, t.seen_at, t.spool_id, t.sequence, t.position] }),
    index().on(t.source_id, t.stored_at),
    index().on(t.resource_id, t.epoch, t.seen_at),
  ],
)

export interface StoredReading {
  at_ms: number
  value: string
  spool: string
  sequence: number
}
export interface StoredBound {
  device: string
  epoch: string
  first: StoredReading
  last: StoredReading
}
export interface StoredGap {
  from_ms: number
  to_ms: number
  cause: GapCause
  /** what the counter grew by in it, in digits; absent where that is unknown, or was before it was kept */
  quantity?: string
}

/** Usage of one resource, meter and UTC hour, bitemporal by cut; zero rows aren't stored. */
export const usageHour = pgTable(
  'usage_hour',
  {
    id: uuid().primaryKey(),
    resource_id: uuid().notNull(),
    meter: text().$type<MeterName>().notNull(),
    hour: instant().notNull(),
    quantity: quantity().notNull(),
    estimated: boolean().notNull(),
    gaps: jsonb().$type<StoredGap[]>().notNull(),
    bounds: jsonb().$type<StoredBound[]>().notNull(),
    reading_count: integer().notNull(),
    /** SHA-256 over the readings of the hour: one altered reading shows */
    digest: text().notNull(),
    cut_from: integer().notNull(),
    cut_to: integer(),
    stored_at: instant().notNull(),
  },
  (t) => [index().on(t.resource_id, t.hour), index().on(t.hour), index().on(t.stored_at)],
)

/** Resources whose usage must be made anew from an instant on. */
export const dirtyUsage = pgTable(
  'dirty_usage',
  {
    resource_id: uuid().primaryKey(),
    since: instant().notNull(),
    until: instant().notNull(),
    marked_at: instant().notNull(),
  },
  (t) => [index().on(t.marked_at)],
)
