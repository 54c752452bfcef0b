/** Tables of releases: what was signed, roll-outs of it, and how each agent stands in each. */
import { sql } from 'drizzle-orm'
import {
  bigint,
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
import { instant } from '../db/columns.ts'
import { agent } from '../sources/schema.ts'
import type { RolloutState, Signed, UpdateState, Wave } from './contract.ts'

export const agentRelease = pgTable(
  'agent_release',
  {
    id: uuid().primaryKey(),
    version: text().notNull(),
    platform: text().notNull(),
    sha256: text().notNull(),
    /** as it was signed */
    signed: jsonb().$type<Signed>().notNull(),
    created_at: instant().notNull(),
    stored_at: instant(),
    withdrawn_at: instant(),
  },
  (t) => [
    uniqueIndex()
      .on(t.platform, t.version)
      .where(sql`${t.withdrawn_at} is null`),
    index().on(t.sha256),
  ],
)

export const agentRollout = pgTable(
  'agent_rollout',
  {
    id: uuid().primaryKey(),
    release_id: uuid()
      .notNull()
      .references(() => agentRelease.id),
    platform: text().notNull(),
    state: text().$type<RolloutState>().notNull(),
    waves: jsonb().$type<Wave[]>().notNull(),
    /** the present one, from 0 */
    wave: integer().notNull(),
    soak_ms: bigint({ mode: 'number' }).notNull(),
    max_failures: integer().notNull(),
    created_at: instant().notNull(),
    created_by: text().notNull(),
    changed_at: instant().notNull(),
    changed_by: text().notNull(),
    reason: text(),
  },
  (t) => [
    // two at once would send the agents of a platform two ways
    uniqueIndex('agent_rollout_open')
      .on(t.platform)
      .where(sql`${t.state} in ('running', 'paused')`),
    index().on(t.created_at),
  ],
)

export const agentUpdate = pgTable(
  'agent_update',
  {
    rollout_id: uuid()
      .notNull()
      .references(() => agentRollout.id),
    agent_id: uuid()
      .notNull()
      .references(() => agent.id),
    wave: integer().notNull(),
    state: text().$type<UpdateState>().notNull(),
    is_failure: boolean().notNull().default(false),
    reason: text(),
    detail: text(),
    changed_at: instant().notNull(),
    switched_at: instant(),
    updated_at: instant(),
    nudged_at: instant(),
    starts: integer().notNull().default(0),
  },
  (t) => [primaryKey({ columns: [t.rollout_id, t.agent_id] }), index().on(t.agent_id)],
)
