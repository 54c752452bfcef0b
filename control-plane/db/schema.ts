/** Tables of the store itself: the cuts. */
import { integer, pgTable } from 'drizzle-orm/pg-core'
import { instant } from './columns.ts'

/** A closed cut is a line under the facts known so far; exactly one is open. */
export const cut = pgTable('cut', {
  number: integer().primaryKey(),
  opened_at: instant().notNull(),
  closed_at: instant(),
})
