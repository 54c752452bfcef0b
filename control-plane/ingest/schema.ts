/** Tables of the intake: spools with their watermarks, batch keys, quarantine, and counts by arrival hour. */
import { bigint, boolean, index, integer, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant } from '../db/columns.ts'

export const spool = pgTable('spool', {
  id: uuid().primaryKey(),
  agent_id: uuid().notNull(),
  /** every sequence up to and including it is stored, or admitted lost */
  watermark: integer().notNull(),
  created_at: instant().notNull(),
  /** two machines write one spool */
  cloned_at: instant(),
})

/** The key of a batch and all its effects commit together. */
export const batch = pgTable(
  'batch',
  {
    spool_id: uuid().notNull(),
    sequence: integer().notNull(),
    hash: text().notNull(),
    previous: text().notNull(),
    chained: boolean().notNull(),
    bytes: integer().notNull(),
    stored_at: instant().notNull(),
  },
  (t) => [primaryKey({ columns: [t.spool_id, t.sequence] })],
)

/** What could not be taken, whole or in part, with its reason. Nothing is dropped in silence. */
export const quarantine = pgTable(
  'quarantine',
  {
    id: uuid().primaryKey(),
    agent_id: uuid(),
    source_id: uuid(),
    spool_id: uuid(),
    sequence: bigint({ mode: 'number' }),
    reason: text().notNull(),
    detail: text().notNull(),
    readings: integer().notNull(),
    raw: text().notNull(),
    stored_at: instant().notNull(),
  },
  (t) => [index().on(t.stored_at), index().on(t.source_id, t.stored_at)],
)

export const intakeHour = pgTable(
  'intake_hour',
  {
    source_id: uuid().notNull(),
    hour: instant().notNull(),
    received: bigint({ mode: 'number' }).notNull(),
    duplicate: bigint({ mode: 'number' }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.source_id, t.hour] })],
)

/** Losses that an agent admitted. */
export const lostRange = pgTable(
  'lost_range',
  {
    id: uuid().primaryKey(),
    source_id: uuid().notNull(),
    spool_id: uuid().notNull(),
    from_at: instant().notNull(),
    to_at: instant().notNull(),
    cause: text().notNull(),
    sequences: jsonb().$type<{ first: number; last: number }>(),
    cut: integer().notNull().default(0),
    stored_at: instant().notNull(),
  },
  (t) => [index().on(t.source_id, t.from_at)],
)
