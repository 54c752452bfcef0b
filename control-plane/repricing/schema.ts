/** Tables of repricing: sets of decisions about prices, and reports of what they would have changed. */
import {
  type AnyPgColumn,
  bigint,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import type { Kind } from '#connectors/contract.ts'
import { account, legalEntity } from '../accounts/schema.ts'
import { priceBook } from '../catalog/schema.ts'
import { instant } from '../db/columns.ts'
import type { MeterName } from '../metering/contract.ts'
import type { Figure, Kept, KeptMark, PriceContentJson, RecalculationJson, Snapshot } from './contract.ts'

export const priceChange = pgTable(
  'price_change',
  {
    id: uuid().primaryKey(),
    name: text().notNull(),
    state: text().$type<'draft' | 'published' | 'discarded'>().notNull(),
    reason: text().notNull(),
    effective_at: instant().notNull(),
    currency: text().notNull(),
    /** by which wish its decisions were made; null: one by one */
    recalculation: jsonb().$type<RecalculationJson>(),
    /** brings back what held before this one */
    undoes_id: uuid().references((): AnyPgColumn => priceChange.id),
    created_at: instant().notNull(),
    created_by: text().notNull(),
    decided_at: instant(),
    decided_by: text(),
  },
  (t) => [index().on(t.state, t.created_at), uniqueIndex().on(t.undoes_id)],
)

/** A decision: what a price says before and after. Kept for ever, whatever becomes of the price. */
export const priceChangeEntry = pgTable(
  'price_change_entry',
  {
    id: uuid().primaryKey(),
    change_id: uuid()
      .notNull()
      .references(() => priceChange.id, { onDelete: 'cascade' }),
    price_book_id: uuid()
      .notNull()
      .references(() => priceBook.id),
    kind: text().$type<Kind>().notNull(),
    meter: text().$type<MeterName>().notNull(),
    before: jsonb().$type<PriceContentJson>(),
    after: jsonb().$type<PriceContentJson>().notNull(),
  },
  (t) => [uniqueIndex().on(t.change_id, t.price_book_id, t.kind, t.meter)],
)

export const whatIf = pgTable(
  'what_if',
  {
    id: uuid().primaryKey(),
    change_id: uuid()
      .notNull()
      .references(() => priceChange.id),
    legal_entity_id: uuid()
      .notNull()
      .references(() => legalEntity.id),
    currency: text().notNull(),
    months: jsonb().$type<string[]>().notNull(),
    within_from: instant().notNull(),
    within_to: instant().notNull(),
    /** the decisions as they were when it was asked: a draft may change meanwhile */
    prices: jsonb().$type<Snapshot[]>().notNull(),
    state: text().$type<'running' | 'done' | 'cancelled'>().notNull(),
    started_at: instant().notNull(),
    started_by: text().notNull(),
    done_at: instant(),
    result: jsonb().$type<Kept>(),
  },
  (t) => [index().on(t.state), index().on(t.change_id)],
)

export const whatIfAccount = pgTable(
  'what_if_account',
  {
    what_if_id: uuid()
      .notNull()
      .references(() => whatIf.id, { onDelete: 'cascade' }),
    account_id: uuid()
      .notNull()
      .references(() => account.id),
    account_name: text().notNull(),
    state: text().$type<'waiting' | 'done' | 'failed'>().notNull(),
    before_minor: bigint({ mode: 'bigint' }).notNull(),
    after_minor: bigint({ mode: 'bigint' }).notNull(),
    invoices: integer().notNull(),
    figures: jsonb().$type<Figure[]>().notNull(),
    marks: jsonb().$type<KeptMark[]>().notNull(),
    problem: text(),
  },
  (t) => [
    primaryKey({ columns: [t.what_if_id, t.account_id] }),
    index().on(t.what_if_id, t.state),
    index().on(t.account_id),
  ],
)
