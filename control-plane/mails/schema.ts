/** Tables of mails: what is to be sent, and what became of it. */
import { index, integer, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { account } from '../accounts/schema.ts'
import { instant } from '../db/columns.ts'
import type { Mail, MailState } from './contract.ts'

export const mail = pgTable(
  'mail',
  {
    id: uuid().primaryKey(),
    subject_kind: text().$type<Mail['subject']['kind']>().notNull(),
    subject_id: uuid().notNull(),
    subject_name: text().notNull(),
    account_id: uuid()
      .notNull()
      .references(() => account.id),
    /** empty: the account has no address */
    recipient: text().notNull(),
    /** 0, and one more each time that a person sends it again */
    copy: integer().notNull(),
    message_id: text().notNull(),
    state: text().$type<MailState>().notNull(),
    attempts: integer().notNull(),
    next_at: instant(),
    /** of the attempt that is under way: whoever takes longer than the lease is taken for dead */
    started_at: instant(),
    /** the last byte was about to go out: from here on only the server's answer says whether it was taken */
    handed_at: instant(),
    queued_at: instant().notNull(),
    queued_by: text().notNull(),
    sent_at: instant(),
    answer: text().notNull(),
    reason: text().notNull(),
    /** somebody saw to what had failed */
    settled_at: instant(),
  },
  (t) => [
    uniqueIndex().on(t.subject_id, t.recipient, t.copy),
    uniqueIndex().on(t.message_id),
    index().on(t.state, t.next_at),
    index().on(t.account_id),
    index().on(t.queued_at),
  ],
)
