/** Tables of contracts: who sells to whom at which price book, and the services under it. */
import { index, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { account, legalEntity } from '../accounts/schema.ts'
import { priceBook } from '../catalog/schema.ts'
import { instant } from '../db/columns.ts'

export const contract = pgTable(
  'contract',
  {
    id: uuid().primaryKey(),
    legal_entity_id: uuid()
      .notNull()
      .references(() => legalEntity.id),
    account_id: uuid()
      .notNull()
      .references(() => account.id),
    price_book_id: uuid()
      .notNull()
      .references(() => priceBook.id),
    side: text().$type<'sale' | 'cost'>().notNull(),
    currency: text().notNull(),
    valid_from: instant().notNull(),
    valid_to: instant(),
  },
  (t) => [index().on(t.account_id)],
)

export const service = pgTable(
  'service',
  {
    id: uuid().primaryKey(),
    contract_id: uuid()
      .notNull()
      .references(() => contract.id),
    account_id: uuid()
      .notNull()
      .references(() => account.id),
    kind: text().$type<'pay_as_you_go'>().notNull(),
    name: text().notNull(),
    valid_from: instant().notNull(),
    valid_to: instant(),
  },
  (t) => [index().on(t.contract_id)],
)
