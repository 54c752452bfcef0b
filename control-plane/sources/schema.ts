/** Tables of sources: agents, their one-time enrolments, and what each agent was told to read. */
import { sql } from 'drizzle-orm'
import { bigint, boolean, index, integer, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import type { Manifest } from '#connectors/contract.ts'
import { account } from '../accounts/schema.ts'
import { instant } from '../db/columns.ts'

export const agent = pgTable(
  'agent',
  {
    id: uuid().primaryKey(),
    name: text().notNull(),
    hostname: text().notNull(),
    machine_id: text().notNull(),
    /** Ed25519 public key as an nkey: every report is signed with it */
    public_key: text().notNull(),
    version: text().notNull(),
    /** system and processor, such as linux-x64; null until it asked for an update */
    platform: text(),
    manifests: jsonb().$type<Manifest[]>().notNull(),
    config_version: integer().notNull(),
    created_at: instant().notNull(),
    last_heard_at: instant(),
    clock_offset_ms: bigint({ mode: 'number' }),
    spool_bytes: bigint({ mode: 'number' }),
    /** set while the agent is silent, so that silence is one event and one notice */
    silent_since: instant(),
    revoked_at: instant(),
    alarm: text(),
    /** from its enrolment, for people */
    labels: jsonb().$type<Record<string, string>>().notNull().default({}),
  },
  (t) => [
    uniqueIndex().on(t.public_key),
    // whom the nats-server must refuse is asked every few seconds
    index()
      .on(t.revoked_at)
      .where(sql`${t.revoked_at} is not null`),
  ],
)

export const enrolment = pgTable(
  'enrolment',
  {
    id: uuid().primaryKey(),
    hash: text().notNull(),
    account_id: uuid().references(() => account.id),
    created_at: instant().notNull(),
    expires_at: instant().notNull(),
    /** how many agents it makes at most */
    uses: integer().notNull().default(1),
    used: integer().notNull().default(0),
    labels: jsonb().$type<Record<string, string>>().notNull().default({}),
    /** last */
    used_at: instant(),
    agent_id: uuid().references(() => agent.id),
  },
  (t) => [uniqueIndex().on(t.hash)],
)

export interface StoredError {
  code: string
  message: string
  remedy: string
  since_ms: number
}

export const source = pgTable(
  'source',
  {
    id: uuid().primaryKey(),
    agent_id: uuid()
      .notNull()
      .references(() => agent.id),
    connector: text().notNull(),
    realm: text().notNull(),
    interval_ms: integer().notNull(),
    settings: jsonb().$type<Record<string, unknown>>().notNull(),
    /** names of the settings that lie in envelopes: what a value looks like says nothing, for people may enter anything */
    sealed: text().array().notNull().default([]),
    account_id: uuid().references(() => account.id),
    created_at: instant().notNull(),
    paused_at: instant(),
    deleted_at: instant(),
    last_fact_at: instant(),
    last_ok_at: instant(),
    duration_ms: integer(),
    vendor_version: text(),
    error: jsonb().$type<StoredError>(),
  },
  (t) => [index().on(t.agent_id)],
)

/** When people let a source rest and when they let it go on: rows are added and never change, so that a rating at a cut knows what was known then. */
export const sourcePause = pgTable(
  'source_pause',
  {
    id: uuid().primaryKey(),
    source_id: uuid()
      .notNull()
      .references(() => source.id),
    at: instant().notNull(),
    /** false: from here on it is read again */
    begins: boolean().notNull(),
    cut: integer().notNull(),
  },
  (t) => [index().on(t.source_id, t.at)],
)
