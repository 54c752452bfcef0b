/** Tables of events: the outbox, numbered after commit, and notices that wait for a person. */
import { bigint, index, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { instant } from '../db/columns.ts'

export const event = pgTable(
  'event',
  {
    id: uuid().primaryKey(),
    /** given by the one dispatcher, in order of commit; serial numbers would come in another order */
    number: bigint({ mode: 'number' }),
    type: text().notNull(),
    subject_kind: text().notNull(),
    subject_id: text().notNull(),
    account_id: uuid(),
    actor: jsonb()
      .$type<{ kind: string; id: string; name: string; as?: { account_id: string; role: string } | undefined }>()
      .notNull(),
    before: jsonb(),
    after: jsonb(),
    request_id: text().notNull(),
    occurred_at: instant().notNull(),
  },
  (t) => [
    uniqueIndex().on(t.number),
    index().on(t.subject_id),
    index().on(t.account_id, t.occurred_at),
    index().on(t.occurred_at),
  ],
)

export const notice = pgTable(
  'notice',
  {
    id: uuid().primaryKey(),
    code: text().notNull(),
    subject_kind: text().notNull(),
    subject_id: text().notNull(),
    subject_name: text().notNull(),
    params: jsonb().$type<Record<string, unknown>>().notNull(),
    opened_at: instant().notNull(),
    closed_at: instant(),
  },
  (t) => [index().on(t.closed_at)],
)
