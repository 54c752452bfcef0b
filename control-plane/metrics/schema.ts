/** Tables of metrics: the newest values of each resource, and one day of samples for charts. */
import { bigint, index, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant } from '../db/columns.ts'
import type { Values } from './contract.ts'

export const metricLast = pgTable(
  'metric_last',
  {
    resource_id: uuid().notNull(),
    source_id: uuid().notNull(),
    /** metered and history-only readings of one tick come apart */
    part: text().$type<'metered' | 'history'>().notNull(),
    seen_at: instant().notNull(),
    values: jsonb().$type<Values>().notNull(),
  },
  (t) => [primaryKey({ columns: [t.resource_id, t.source_id, t.part] })],
)

export const metricSample = pgTable(
  'metric_sample',
  {
    resource_id: uuid().notNull(),
    seen_at: instant().notNull(),
    source_id: uuid().notNull(),
    part: text().$type<'metered' | 'history'>().notNull(),
    /** counters of another epoch are not compared */
    epoch: text().notNull(),
    interval_ms: bigint({ mode: 'number' }).notNull(),
    values: jsonb().$type<Values>().notNull(),
  },
  (t) => [primaryKey({ columns: [t.resource_id, t.seen_at, t.source_id, t.part, t.epoch] }), index().on(t.seen_at)],
)

/** How many readings went no further than here, by arrival hour. */
export const metricIntake = pgTable(
  'metric_intake',
  {
    source_id: uuid().notNull(),
    hour: instant().notNull(),
    metric_only: bigint({ mode: 'number' }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.source_id, t.hour] })],
)
