/** Tables of settlement: what of each document is open, and what was written off of it. */
import { bigint, index, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { account } from '../accounts/schema.ts'
import { instant } from '../db/columns.ts'

/** A projection beside what is owed, an invoice or a debit note: open = total − credited − written off. */
export const settlement = pgTable(
  'settlement',
  {
    invoice_id: uuid().primaryKey(),
    account_id: uuid()
      .notNull()
      .references(() => account.id),
    number: text().notNull(),
    currency: text().notNull(),
    total_minor: bigint({ mode: 'bigint' }).notNull(),
    /** by credit notes */
    credited_minor: bigint({ mode: 'bigint' }).notNull(),
    written_off_minor: bigint({ mode: 'bigint' }).notNull(),
    open_minor: bigint({ mode: 'bigint' }).notNull(),
  },
  (t) => [index().on(t.account_id)],
)

/** Only added to: it is undone by a reversal. */
export const writeOff = pgTable(
  'write_off',
  {
    id: uuid().primaryKey(),
    invoice_id: uuid()
      .notNull()
      .references(() => settlement.invoice_id),
    account_id: uuid().notNull(),
    amount_minor: bigint({ mode: 'bigint' }).notNull(),
    reason: text().notNull(),
    actor: text().notNull(),
    recorded_at: instant().notNull(),
  },
  (t) => [index().on(t.invoice_id), index().on(t.account_id)],
)

export const writeOffReversal = pgTable(
  'write_off_reversal',
  {
    write_off_id: uuid()
      .primaryKey()
      .references(() => writeOff.id),
    account_id: uuid().notNull(),
    reason: text().notNull(),
    actor: text().notNull(),
    recorded_at: instant().notNull(),
  },
  (t) => [index().on(t.account_id)],
)
