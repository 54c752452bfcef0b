/** Tables of tax: how each company is taxed, dated rates, and what was answered about VAT ids. */
import { boolean, date, index, jsonb, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { account, legalEntity } from '../accounts/schema.ts'
import { instant } from '../db/columns.ts'
import type { DatedRate, TaxReason, TaxSetting, VatCheck } from './contract.ts'

/** A company without a row is taxed by its one category and rate. */
export const taxSetting = pgTable('tax_setting', {
  legal_entity_id: uuid()
    .primaryKey()
    .references(() => legalEntity.id),
  mode: text().$type<TaxSetting['mode']>().notNull(),
  one_stop_shop: boolean().notNull(),
  exempt_reason: jsonb().$type<TaxReason>(),
})

export const taxRate = pgTable(
  'tax_rate',
  {
    legal_entity_id: uuid()
      .notNull()
      .references(() => legalEntity.id),
    country: text().notNull(),
    tax_class: text().$type<DatedRate['tax_class']>().notNull(),
    from: date('from_date').notNull(),
    rate: text().notNull(),
  },
  (t) => [primaryKey({ columns: [t.legal_entity_id, t.country, t.tax_class, t.from] })],
)

/** Every try, answered or not: the last answer about an id holds until there is another. */
export const vatCheck = pgTable(
  'vat_check',
  {
    id: uuid().primaryKey(),
    account_id: uuid()
      .notNull()
      .references(() => account.id),
    vat_id: text().notNull(),
    result: text().$type<VatCheck['result']>().notNull(),
    by: text().$type<VatCheck['by']>().notNull(),
    at: instant().notNull(),
    request_id: text(),
    name: text(),
    detail: text().notNull(),
    actor: text().notNull(),
  },
  (t) => [index().on(t.account_id, t.at)],
)
