/** Tables of contracts: who sells to whom at which price book, and the services under it. */
import { type AnyPgColumn, index, integer, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { account, legalEntity } from '../accounts/schema.ts'
import type { NegotiatedFor } from '../catalog/contract.ts'
import { plan, priceBook } from '../catalog/schema.ts'
import { instant } from '../db/columns.ts'
import { resource } from '../inventory/schema.ts'
import type { Promised } from './contract.ts'

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
    kind: text().$type<'pay_as_you_go' | 'subscription'>().notNull(),
    name: text().notNull(),
    valid_from: instant().notNull(),
    valid_to: instant(),
    /** of an add-on: the service that it was added to */
    parent_id: uuid().references((): AnyPgColumn => service.id),
  },
  (t) => [index().on(t.contract_id), index().on(t.account_id)],
)

const decided = {
  id: uuid().primaryKey(),
  account_id: uuid()
    .notNull()
    .references(() => account.id),
  valid_from: instant().notNull(),
  valid_to: instant(),
  actor: text().notNull(),
  reason: text().notNull(),
  recorded_at: instant().notNull(),
  cut_from: integer().notNull(),
  cut_to: integer(),
}

const ofService = {
  ...decided,
  service_id: uuid()
    .notNull()
    .references(() => service.id),
}

/** What was subscribed when. Bitemporal: holds on [valid_from, valid_to), known to cuts [cut_from, cut_to). */
export const serviceVersion = pgTable(
  'service_version',
  {
    ...ofService,
    plan_id: uuid()
      .notNull()
      .references(() => plan.id),
    quantity: integer().notNull(),
    /** the prices of this instant hold as long as the version does; null: those of their time */
    prices_as_of: instant(),
    /** until then it costs nothing */
    trial_until: instant(),
    /** from where its billing periods are counted; null: they are calendar months. The same in all versions of a service */
    anchored_at: instant(),
  },
  (t) => [index().on(t.account_id), index().on(t.service_id)],
)

/** By which resources a service is fulfilled, bitemporal likewise. */
export const serviceResource = pgTable(
  'service_resource',
  {
    ...ofService,
    resource_id: uuid()
      .notNull()
      .references(() => resource.id),
    /** what was agreed of this machine alone, before what its plan promises */
    promised: jsonb().$type<Promised>(),
  },
  (t) => [index().on(t.account_id), index().on(t.service_id), index().on(t.resource_id)],
)

/** When a service is suspended, bitemporal likewise; no row is ever deleted. Nothing that is billed follows from it. */
export const serviceSuspension = pgTable(
  'service_suspension',
  {
    ...ofService,
    /** who set its end or took it back, when, and why; null: nobody has */
    end_actor: text(),
    end_reason: text(),
    end_recorded_at: instant(),
  },
  (t) => [index().on(t.account_id), index().on(t.service_id)],
)

/** Which negotiated books a contract has beside its own, bitemporal likewise. */
export const contractBook = pgTable(
  'contract_book',
  {
    ...decided,
    contract_id: uuid()
      .notNull()
      .references(() => contract.id),
    price_book_id: uuid()
      .notNull()
      .references(() => priceBook.id),
    /** as the book has it: no two of a kind hold at once */
    negotiated_for: text().$type<NegotiatedFor>().notNull(),
  },
  (t) => [index().on(t.contract_id), index().on(t.price_book_id), index().on(t.account_id)],
)
