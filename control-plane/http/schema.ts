/** The table of answers that are kept for a repetition. */
import { index, pgTable, uuid } from 'drizzle-orm/pg-core'
import { bytea, instant } from '../db/columns.ts'

/** A row is written in the transaction of the effect that it answers for: there is never the one without the other. */
export const idempotencyKey = pgTable(
  'idempotency_key',
  {
    /** hash of who asked and of the key that he sent */
    id: bytea().primaryKey(),
    /** the account that he acted for; null: the whole installation */
    account_id: uuid(),
    /** of what was asked; by a secret of the key, so that nobody can guess it by trying */
    request_mac: bytea().notNull(),
    /** sealed under the key, which is not stored: it may hold what is shown once */
    answer: bytea().notNull(),
    created_at: instant().notNull(),
  },
  (t) => [index().on(t.account_id), index().on(t.created_at)],
)
