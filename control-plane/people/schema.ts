/** Tables of people: who they are, by what they sign in, where they belong, and who was invited. */
import {
  bigint,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { account, customRole } from '../accounts/schema.ts'
import type { Role } from '../base/roles.ts'
import { instant } from '../db/columns.ts'

/** What better-auth writes: it speaks in `Date`s. */
const moment = () => timestamp({ withTimezone: true, precision: 3, mode: 'date' })
const owner = () =>
  uuid()
    .notNull()
    .references(() => person.id, { onDelete: 'cascade' })

export const person = pgTable(
  'person',
  {
    id: uuid().primaryKey(),
    /** as all that names him sealed under his own key; null once he was erased */
    name: text(),
    /** in lower case, before it was sealed */
    email: text(),
    /** what he is found by: see `privacy/look-up.ts` */
    email_hash: text(),
    name_hash: text(),
    /** a mail that went to it was answered */
    email_verified: boolean().notNull(),
    image: text(),
    totp_enabled: boolean(),
    created_at: moment().notNull(),
    updated_at: moment().notNull(),
    erased_at: instant(),
  },
  (t) => [uniqueIndex().on(t.email_hash), index().on(t.name_hash)],
)

/** The key under which all lies that names a person, sealed under the installation's. Without it that is lost, which is what an erasure is. */
export const personKey = pgTable('person_key', {
  /** no foreign key: the key is there before the person, and gone before him */
  person_id: uuid().primaryKey(),
  key: text().notNull(),
})

/** Where a person belongs, and as what: several at once, of which a session has one. */
export const membership = pgTable(
  'membership',
  {
    id: uuid().primaryKey(),
    person_id: uuid()
      .notNull()
      .references(() => person.id),
    /** null: the whole installation */
    account_id: uuid().references(() => account.id),
    role: text().$type<Role>().notNull(),
    /** in whose place `role` stands */
    custom_role_id: uuid().references(() => customRole.id),
    /** the projects of the account to which it is narrowed; null: all of the account */
    project_ids: uuid().array(),
    created_at: instant().notNull(),
    created_by: text().notNull(),
    ended_at: instant(),
  },
  (t) => [index().on(t.person_id), index().on(t.account_id), index().on(t.custom_role_id)],
)

/** Only hashes of tokens are stored. */
export const personSession = pgTable(
  'person_session',
  {
    id: uuid().primaryKey(),
    token: text().notNull(),
    person_id: owner(),
    /** what its bearer acts as */
    membership_id: uuid()
      .notNull()
      .references(() => membership.id),
    /** sealed under the person's key, as is what follows */
    ip_address: text(),
    user_agent: text(),
    expires_at: moment().notNull(),
    created_at: moment().notNull(),
    /** when it was used last, to within ten minutes */
    updated_at: moment().notNull(),
  },
  (t) => [uniqueIndex().on(t.token), index().on(t.person_id), index().on(t.membership_id)],
)

/** One way to sign in: a password (`credential`), or what a provider knows the person by. No token of a provider is kept. */
export const signInMethod = pgTable(
  'sign_in_method',
  {
    id: uuid().primaryKey(),
    person_id: owner(),
    provider_id: text().notNull(),
    subject: text().notNull(),
    password: text(),
    access_token: text(),
    refresh_token: text(),
    id_token: text(),
    access_token_expires_at: moment(),
    refresh_token_expires_at: moment(),
    scope: text(),
    created_at: moment().notNull(),
    updated_at: moment().notNull(),
  },
  (t) => [index().on(t.person_id), uniqueIndex().on(t.provider_id, t.subject)],
)

/** What waits for an answer: a challenge, a reset, a way through a provider. Names are hashed. */
export const verification = pgTable(
  'verification',
  {
    id: uuid().primaryKey(),
    identifier: text().notNull(),
    value: text().notNull(),
    expires_at: moment().notNull(),
    created_at: moment().notNull(),
    updated_at: moment().notNull(),
  },
  (t) => [index().on(t.identifier)],
)

/** Secrets of authenticator apps and recovery codes, encrypted under the sign-in secret. */
export const totp = pgTable(
  'totp',
  {
    id: uuid().primaryKey(),
    person_id: owner(),
    secret: text().notNull(),
    recovery_codes: text().notNull(),
    verified: boolean(),
    failed_count: integer(),
    locked_until: moment(),
  },
  (t) => [uniqueIndex().on(t.person_id)],
)

export const passkey = pgTable(
  'passkey',
  {
    id: uuid().primaryKey(),
    person_id: owner(),
    name: text(),
    public_key: text().notNull(),
    credential_id: text().notNull(),
    counter: bigint({ mode: 'number' }).notNull(),
    device_type: text().notNull(),
    backed_up: boolean().notNull(),
    transports: text(),
    aaguid: text(),
    created_at: moment(),
  },
  (t) => [index().on(t.person_id), uniqueIndex().on(t.credential_id)],
)

/** OpenID Connect providers; each speaks for the e-mail addresses of one domain. */
export const ssoProvider = pgTable(
  'sso_provider',
  {
    id: uuid().primaryKey(),
    name: text().notNull(),
    issuer: text().notNull(),
    domain: text().notNull(),
    client_id: text().notNull(),
    /** sealed: see `secrets` */
    client_secret: jsonb().$type<unknown>().notNull(),
    created_at: instant().notNull(),
    created_by: text().notNull(),
  },
  (t) => [uniqueIndex().on(t.issuer, t.client_id)],
)

/** Signs cookies and encrypts what `totp` holds: one row, made at first use, sealed. */
export const signInSecret = pgTable('sign_in_secret', {
  name: text().primaryKey(),
  value: jsonb().$type<unknown>().notNull(),
})

export const invitation = pgTable(
  'invitation',
  {
    id: uuid().primaryKey(),
    hash: text().notNull(),
    /** sealed under the installation's key; null once it was accepted or withdrawn, as is its hash */
    email: text(),
    email_hash: text(),
    account_id: uuid().references(() => account.id),
    role: text().$type<Role>().notNull(),
    /** in whose place `role` stands */
    custom_role_id: uuid().references(() => customRole.id),
    /** to which the membership will be narrowed */
    project_ids: uuid().array(),
    language: text().$type<'en' | 'es'>().notNull(),
    /** the link went to the address itself, so whoever has it reads that address */
    by_mail: boolean().notNull(),
    created_at: instant().notNull(),
    created_by: text().notNull(),
    expires_at: instant().notNull(),
    accepted_at: instant(),
    revoked_at: instant(),
  },
  (t) => [uniqueIndex().on(t.hash), index().on(t.account_id), index().on(t.email_hash), index().on(t.custom_role_id)],
)

/** Wrong passwords in a row, by the keyed hash of the address that was tried, whether or not anybody has it. */
export const signInFailure = pgTable(
  'sign_in_failure',
  {
    email_hash: text().notNull(),
    failures: integer().notNull(),
    last_at: instant().notNull(),
    locked_until: instant(),
  },
  (t) => [primaryKey({ columns: [t.email_hash] }), index().on(t.last_at)],
)
