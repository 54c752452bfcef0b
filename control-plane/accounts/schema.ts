/** Tables of accounts: who sells, who buys, and the credentials of people and programs. */
import {
  type AnyPgColumn,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import type { Permission } from '../base/actor.ts'
import type { Reach, Role } from '../base/roles.ts'
import { instant } from '../db/columns.ts'
import { type Address, type Branding, type Logo, NO_BRANDING } from './contract.ts'

export const installation = pgTable('installation', {
  id: uuid().primaryKey(),
  created_at: instant().notNull(),
  /** hours without use after which a session of those who run it ends */
  staff_idle_hours: integer().notNull().default(12),
  /** the same of those who belong to accounts */
  tenant_idle_hours: integer().notNull().default(168),
})

export const legalEntity = pgTable(
  'legal_entity',
  {
    id: uuid().primaryKey(),
    name: text().notNull(),
    address: jsonb().$type<Address>().notNull(),
    tax_id: text().notNull(),
    email: text().notNull(),
    currency: text().notNull(),
    zone: text().notNull(),
    language: text().$type<'en' | 'es'>().notNull(),
    tax_category: text().$type<'S' | 'Z' | 'E' | 'AE' | 'K' | 'G' | 'O'>().notNull(),
    tax_rate: text().notNull(),
    invoice_prefix: text().notNull(),
    payment_terms_days: integer().notNull(),
    branding: jsonb().$type<Branding>().notNull().default(NO_BRANDING),
    /** its bytes lie with the documents, by their hash */
    logo: jsonb().$type<Logo>(),
    /** a note of less than this waits, in minor units */
    note_threshold: integer().notNull().default(0),
    /** how far back invoices are rated again */
    re_rating_months: integer().notNull().default(24),
    /** what is issued goes by mail by itself */
    send_automatically: boolean().notNull().default(false),
    created_at: instant().notNull(),
    /**
     * The reseller whose company it is, for ever: he buys what it sells; null: the installation's own. No foreign key: accounts refer to
     * companies already, and no backup could load a circle. Accounts are never deleted.
     */
    reseller_account_id: uuid(),
  },
  (t) => [index().on(t.reseller_account_id)],
)

export const account = pgTable(
  'account',
  {
    id: uuid().primaryKey(),
    legal_entity_id: uuid()
      .notNull()
      .references(() => legalEntity.id),
    name: text().notNull(),
    address: jsonb().$type<Address>().notNull(),
    tax_id: text().notNull(),
    tax_status: text().$type<'consumer' | 'business'>().notNull().default('consumer'),
    email: text().notNull(),
    zone: text().notNull(),
    language: text().$type<'en' | 'es'>().notNull(),
    is_default: boolean().notNull(),
    created_at: instant().notNull(),
    /** the reseller who brought it; null: it buys of the installation's own */
    parent_id: uuid().references((): AnyPgColumn => account.id),
  },
  (t) => [index().on(t.legal_entity_id)],
)

/** Each account with every account below it, itself included: what a tenant reaches is one lookup. */
export const accountTree = pgTable(
  'account_tree',
  {
    ancestor_id: uuid()
      .notNull()
      .references(() => account.id),
    account_id: uuid()
      .notNull()
      .references(() => account.id),
    /** 0: the account itself */
    depth: integer().notNull(),
  },
  (t) => [primaryKey({ columns: [t.ancestor_id, t.account_id] }), index().on(t.account_id)],
)

export const project = pgTable(
  'project',
  {
    id: uuid().primaryKey(),
    account_id: uuid()
      .notNull()
      .references(() => account.id),
    /** of an account's open projects no two have one, in whatever case */
    name: text().notNull(),
    created_at: instant().notNull(),
    /** nothing is put into it any more */
    closed_at: instant(),
  },
  (t) => [index().on(t.account_id)],
)

/** Roles that were made here, from permissions by name. What is given by one follows it: nothing of it is copied. */
export const customRole = pgTable('custom_role', {
  id: uuid().primaryKey(),
  name: text().notNull(),
  of: text().$type<Reach>().notNull(),
  permissions: jsonb().$type<Permission[]>().notNull(),
  created_at: instant().notNull(),
  created_by: text().notNull(),
  ended_at: instant(),
})

/** Only hashes are stored. `setup_token` works once; `session` expires; `api_key` lasts until it expires or is revoked. */
export const credential = pgTable(
  'credential',
  {
    id: uuid().primaryKey(),
    kind: text().$type<'setup_token' | 'session' | 'api_key'>().notNull(),
    hash: text().notNull(),
    name: text().notNull(),
    created_at: instant().notNull(),
    expires_at: instant(),
    used_at: instant(),
    revoked_at: instant(),
    role: text().$type<Role>().notNull(),
    /** what it may do instead of what `role` may, which then only carries it */
    custom_role_id: uuid().references(() => customRole.id),
    /** what it may do of what its role may; null: all of it */
    scopes: jsonb().$type<Permission[]>(),
    /** the key that opened this session: with it, the session ends */
    opened_by: uuid(),
    /** who made it */
    created_by: text().notNull(),
    /** the account that its bearer acts for; null: the whole installation */
    account_id: uuid().references(() => account.id),
    /** the projects of the account to which it is narrowed; null: all of the account */
    project_ids: uuid().array(),
  },
  (t) => [uniqueIndex().on(t.hash), index().on(t.opened_by), index().on(t.account_id), index().on(t.custom_role_id)],
)

/** Staff who act as a customer: in which session, why, until when. */
export const impersonation = pgTable(
  'impersonation',
  {
    id: uuid().primaryKey(),
    /** the session: of a person, or one that a key opened */
    bearer_id: uuid().notNull(),
    actor_id: text().notNull(),
    actor_name: text().notNull(),
    account_id: uuid()
      .notNull()
      .references(() => account.id),
    role: text().$type<Role>().notNull(),
    reason: text().notNull(),
    began_at: instant().notNull(),
    ends_at: instant().notNull(),
    ended_at: instant(),
  },
  (t) => [index().on(t.bearer_id), index().on(t.account_id)],
)
