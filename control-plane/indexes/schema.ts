/** Tables of price indexes and the versions of their values. */
import { index, integer, numeric, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { instant } from '../db/columns.ts'

/** What somebody publishes, by which prices may go. */
export const priceIndex = pgTable(
  'price_index',
  {
    id: uuid().primaryKey(),
    name: text().notNull(),
    currency: text().notNull(),
    unit: text().notNull(),
    /** by whose days it is published */
    zone: text().notNull(),
    description: text().notNull(),
    created_at: instant().notNull(),
  },
  (t) => [uniqueIndex().on(t.name)],
)

/** Bitemporal: holds on [valid_from, valid_to), known to cuts [cut_from, cut_to). */
export const indexValue = pgTable(
  'index_value',
  {
    id: uuid().primaryKey(),
    price_index_id: uuid()
      .notNull()
      .references(() => priceIndex.id),
    amount: numeric({ precision: 30, scale: 12 }).notNull(),
    valid_from: instant().notNull(),
    /** null: until the next value */
    valid_to: instant(),
    actor: text().notNull(),
    /** of a correction */
    reason: text().notNull(),
    recorded_at: instant().notNull(),
    cut_from: integer().notNull(),
    cut_to: integer(),
  },
  (t) => [index().on(t.price_index_id, t.valid_from)],
)
