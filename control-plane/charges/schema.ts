/** Tables of charges: what is sold once, its cancellations, and on which document each stands. Rows are only added. */
import { index, integer, jsonb, numeric, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { account, project } from '../accounts/schema.ts'
import { contract } from '../contracts/schema.ts'
import { instant } from '../db/columns.ts'
import type { Charge } from './contract.ts'

export const charge = pgTable(
  'charge',
  {
    id: uuid().primaryKey(),
    account_id: uuid()
      .notNull()
      .references(() => account.id),
    /** the one that was in force when it was recorded: it says the currency */
    contract_id: uuid()
      .notNull()
      .references(() => contract.id),
    description: jsonb().$type<Charge['description']>().notNull(),
    quantity: numeric({ precision: 24, scale: 6 }).notNull(),
    unit: text().notNull(),
    unit_price: numeric({ precision: 30, scale: 12 }).notNull(),
    currency: text().notNull(),
    /** when what is charged for was done */
    at: instant().notNull(),
    project_id: uuid().references(() => project.id),
    actor: text().notNull(),
    reason: text().notNull(),
    recorded_at: instant().notNull(),
    cut: integer().notNull(),
  },
  (t) => [index().on(t.account_id, t.recorded_at), index().on(t.contract_id)],
)

export const chargeCancellation = pgTable(
  'charge_cancellation',
  {
    charge_id: uuid()
      .primaryKey()
      .references(() => charge.id),
    account_id: uuid().notNull(),
    actor: text().notNull(),
    reason: text().notNull(),
    recorded_at: instant().notNull(),
    cut: integer().notNull(),
  },
  (t) => [index().on(t.account_id)],
)

/** The one document that a charge stands on: the key says that there is no second. */
export const chargeBilled = pgTable(
  'charge_billed',
  {
    charge_id: uuid()
      .primaryKey()
      .references(() => charge.id),
    account_id: uuid().notNull(),
    invoice_id: uuid().notNull(),
    number: text().notNull(),
    billed_at: instant().notNull(),
  },
  (t) => [index().on(t.invoice_id), index().on(t.account_id)],
)
