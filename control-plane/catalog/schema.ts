/** Tables of the catalogue: price books and the versions of their prices. */
import { sql } from 'drizzle-orm'
import { boolean, index, integer, jsonb, numeric, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import type { Kind } from '#connectors/contract.ts'
import { legalEntity } from '../accounts/schema.ts'
import { instant } from '../db/columns.ts'
import type { GapPolicy, MeterName } from '../metering/contract.ts'
import type { TaxClass } from '../tax/contract.ts'
import type {
  AppliesTo,
  ChargeModel,
  NegotiatedFor,
  Per,
  Plan,
  PlanName,
  PricedKind,
  PromisedMachine,
  Terms,
} from './contract.ts'

export const priceBook = pgTable(
  'price_book',
  {
    id: uuid().primaryKey(),
    legal_entity_id: uuid()
      .notNull()
      .references(() => legalEntity.id),
    name: text().notNull(),
    currency: text().notNull(),
    /** the standard book of its company in its currency */
    is_default: boolean().notNull(),
    /** for whom its prices were negotiated; null: a standard book, one of a plan or of costs */
    negotiated_for: text().$type<NegotiatedFor>(),
    created_at: instant().notNull(),
    /** `cost`: what is paid, not what is charged */
    side: text().$type<'sale' | 'cost'>().notNull().default('sale'),
  },
  (t) => [
    uniqueIndex('price_book_one_default')
      .on(t.legal_entity_id, t.currency)
      .where(sql`${t.is_default}`),
  ],
)

/** At which prices machines cost us, and since when. Of one realm at a time there is one. */
export const costBook = pgTable(
  'cost_book',
  {
    id: uuid().primaryKey(),
    price_book_id: uuid()
      .notNull()
      .references(() => priceBook.id),
    /** null: of all realms that have none of their own */
    realm: text(),
    valid_from: instant().notNull(),
    valid_to: instant(),
    actor: text().notNull(),
    created_at: instant().notNull(),
  },
  (t) => [uniqueIndex().on(t.price_book_id)],
)

/** Bitemporal: effective [effective_at, ends_at), known to cuts [cut_from, cut_to). */
export const priceVersion = pgTable(
  'price_version',
  {
    id: uuid().primaryKey(),
    price_book_id: uuid()
      .notNull()
      .references(() => priceBook.id),
    kind: text().$type<PricedKind>().notNull(),
    meter: text().$type<MeterName>().notNull(),
    model: text().$type<ChargeModel>().notNull(),
    per: text().$type<Per>().notNull(),
    unit: text().notNull(),
    amount: numeric({ precision: 30, scale: 12 }).notNull(),
    /** what it says beyond its amount; null: nothing */
    terms: jsonb().$type<Terms>(),
    /** in a cost book: of resources that say so; null: of all others */
    applies_to: jsonb().$type<AppliesTo>(),
    gap_policy: text().$type<GapPolicy>().notNull().default('infer'),
    tax_class: text().$type<TaxClass>().notNull().default('standard'),
    /** its amounts include the tax */
    tax_inclusive: boolean().notNull().default(false),
    effective_at: instant().notNull(),
    ends_at: instant(),
    actor: text().notNull(),
    reason: text().notNull(),
    recorded_at: instant().notNull(),
    cut_from: integer().notNull(),
    cut_to: integer(),
  },
  (t) => [index().on(t.price_book_id, t.kind, t.meter)],
)

/** What is sold as one thing. What a rating reads of it doesn't change once it is published; its prices have versions of their own. */
export const plan = pgTable(
  'plan',
  {
    id: uuid().primaryKey(),
    legal_entity_id: uuid()
      .notNull()
      .references(() => legalEntity.id),
    price_book_id: uuid()
      .notNull()
      .references(() => priceBook.id),
    name: jsonb().$type<PlanName>().notNull(),
    description: jsonb().$type<Plan['description']>().notNull(),
    product_kind: text().$type<Plan['product_kind']>().notNull(),
    trial_days: integer().notNull(),
    anchor: text().$type<Plan['anchor']>().notNull(),
    included_kinds: jsonb().$type<Kind[]>().notNull(),
    /** what a machine of it is to be; null: nothing is promised */
    promised: jsonb().$type<PromisedMachine>(),
    created_at: instant().notNull(),
    published_at: instant(),
    retired_at: instant(),
  },
  (t) => [uniqueIndex().on(t.price_book_id)],
)
