/** Tables of closing: a month of a company, and what becomes of each of its accounts. */
import { bigint, foreignKey, index, integer, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { account, legalEntity } from '../accounts/schema.ts'
import { bytea, instant } from '../db/columns.ts'
import type { AccountState, CloseState, Flag } from './contract.ts'

export const periodClose = pgTable(
  'period_close',
  {
    id: uuid().primaryKey(),
    legal_entity_id: uuid()
      .notNull()
      .references(() => legalEntity.id),
    month: text().notNull(),
    state: text().$type<CloseState>().notNull(),
    currency: text().notNull(),
    cut: integer(),
    cut_closed_at: instant(),
    grace_ends_at: instant().notNull(),
    opened_at: instant().notNull(),
    opened_by: text().notNull(),
    closed_at: instant(),
  },
  (t) => [index().on(t.state)],
)

export const periodCloseAccount = pgTable(
  'period_close_account',
  {
    close_id: uuid()
      .notNull()
      .references(() => periodClose.id, { onDelete: 'cascade' }),
    account_id: uuid()
      .notNull()
      .references(() => account.id),
    /** when the account was asked for: accounts are listed by it */
    account_name: text().notNull(),
    state: text().$type<AccountState>().notNull(),
    flags: jsonb().$type<Flag[]>().notNull(),
    period_from: instant(),
    period_to: instant(),
    /** of the draft, whatever the company's is; null: nothing was drafted */
    currency: text(),
    net_minor: bigint({ mode: 'bigint' }),
    tax_minor: bigint({ mode: 'bigint' }),
    total_minor: bigint({ mode: 'bigint' }),
    usual_minor: bigint({ mode: 'bigint' }),
    line_count: integer().notNull(),
    reason: text().notNull(),
    problem: jsonb().$type<{ code: string; detail: string }>(),
    invoices: jsonb().$type<{ id: string; number: string; net: string }[]>().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.close_id, t.account_id] }),
    index().on(t.close_id, t.state),
    index().on(t.account_id),
  ],
)

/** What was rated for the draft of an account that was reviewed, until it is issued or reviewed again. */
export const periodCloseRated = pgTable(
  'period_close_rated',
  {
    close_id: uuid().notNull(),
    account_id: uuid().notNull(),
    /** JSON, compressed: a function of the cut, so that it can be made again at any time */
    content: bytea().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.close_id, t.account_id] }),
    foreignKey({
      name: 'period_close_rated_account_fk',
      columns: [t.close_id, t.account_id],
      foreignColumns: [periodCloseAccount.close_id, periodCloseAccount.account_id],
    }).onDelete('cascade'),
  ],
)
