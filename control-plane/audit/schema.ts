/** Tables of the audit: seals over events in the order of their numbers, and where their chain stands. */
import { bigint, integer, pgTable, text } from 'drizzle-orm/pg-core'
import { bytea, instant } from '../db/columns.ts'

const count = () => bigint({ mode: 'number' }).notNull()

export const auditSeal = pgTable('audit_seal', {
  number: bigint({ mode: 'number' }).primaryKey(),
  first_number: count(),
  last_number: count(),
  count: integer().notNull(),
  /** number and SHA-256 of each record, so that a verifier can name the one that was changed */
  entries: bytea().notNull(),
  previous_hash: text().notNull(),
  hash: text().notNull(),
  sealed_at: instant().notNull(),
})

/** One row that only moves on: seals that are missing at the end are missed here. */
export const auditHead = pgTable('audit_head', {
  id: integer().primaryKey(),
  number: count(),
  last_number: count(),
  hash: text().notNull(),
})
