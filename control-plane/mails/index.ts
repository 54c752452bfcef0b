/** Verbs of mails: what is to go by mail, what became of it, and what a person says of what nobody can know. */
import { z } from 'zod'
import { InstantMs } from '#connectors/contract.ts'
import { permit } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import { Problem, sure } from '../base/problem.ts'
import { iso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import { decodeCursor, encodeCursor } from '../http/index.ts'
import { Id, type Page } from '../http/contract.ts'
import type { Mail, MailQuery } from './contract.ts'
import { messageId, recipientsIn } from './rules.ts'
import * as store from './store.ts'

export { LEASE_MS, sendMails, type Sending } from './send.ts'
export { createPost, type Letter } from './smtp.ts'
export { unmailed } from './store.ts'

export interface Mailing {
  subject: Mail['subject']
  account_id: string
  /** as it stands in the account: may hold several addresses, or none */
  to: string
  /** of who writes: ids are unique without it, too */
  domain: string
}

const blank = (ctx: Context, { subject, account_id, domain }: Mailing, recipient: string, copy: number) => ({
  id: newId(),
  subject_kind: subject.kind,
  subject_id: subject.id,
  subject_name: subject.name,
  account_id,
  recipient,
  copy,
  message_id: messageId(subject.id, recipient, copy, domain),
  state: 'queued' as const,
  attempts: 0,
  next_at: ctx.now(),
  started_at: null,
  handed_at: null,
  queued_at: ctx.now(),
  queued_by: ctx.actor.name,
  sent_at: null,
  answer: '',
  reason: '',
  settled_at: null,
})

/**
 * Writes down, in the transaction that issues a document, that it is to go by mail: once to each address, however often this is done.
 * An address that is none, and an account that has none, stand in the queue of what failed: nothing is left out silently.
 */
export async function queueMails(ctx: Context, mailing: Mailing): Promise<void> {
  const { addresses, wrong } = recipientsIn(mailing.to)
  for (const recipient of addresses) await store.insertMail(ctx, blank(ctx, mailing, recipient, 0))
  const refused = addresses.length + wrong.length === 0 ? [''] : wrong
  for (const recipient of refused)
    await store.insertMail(ctx, {
      ...blank(ctx, mailing, recipient, 0),
      state: 'failed',
      next_at: null,
      reason: recipient === '' ? NO_ADDRESS : 'this is not an e-mail address',
    })
}
const NO_ADDRESS = 'the account has no billing address for mail'

/**
 * Sends a document by hand, for the first time or again: to each address one mail more. Refused while one to the same address is under
 * way. Whatever had failed, or nobody knew of, is seen to by this.
 */
export async function sendByHand(ctx: Context, mailing: Mailing): Promise<Mail[]> {
  permit(ctx, 'billing.write')
  const { addresses, wrong } = recipientsIn(mailing.to)
  if (wrong.length > 0 || addresses.length === 0)
    throw new Problem(
      'conflict',
      addresses.length + wrong.length === 0
        ? 'The account has no billing address for mail. Enter one at the account, or name one here.'
        : `${wrong.join(', ')} is not an e-mail address. Correct it at the account, or name another here.`,
    )
  const before = await store.mailsOf(ctx, mailing.subject.id)
  const busy = before.find(
    (one) => addresses.includes(one.recipient) && (one.state === 'queued' || one.state === 'sending'),
  )
  if (busy)
    throw new Problem('conflict', `${mailing.subject.name} is on its way to ${busy.recipient} already: wait for that.`)
  await store.settleMails(ctx, mailing.subject.id)
  const made: store.MailRow[] = []
  for (const recipient of addresses) {
    const copies = before.filter((one) => one.recipient === recipient).map(({ copy }) => copy)
    const row = blank(ctx, mailing, recipient, Math.max(-1, ...copies) + 1)
    if (await store.insertMail(ctx, row)) made.push(row)
  }
  await tell(ctx, 'queued', sure(made[0]), { recipients: made.map(({ recipient }) => recipient) })
  return await present(ctx, made)
}

/** A person asked the recipient: what nobody could know did arrive. */
export async function confirmArrival(ctx: Context, id: string): Promise<Mail> {
  permit(ctx, 'billing.write')
  const row = await store.findMail(ctx, id)
  if (!row) throw new Problem('not_found', `There is no mail ${id}.`)
  if (row.state !== 'unknown')
    throw new Problem('conflict', `This mail is ${row.state}: only of an unknown one a person can say that it arrived.`)
  const change = { state: 'sent' as const, sent_at: row.handed_at ?? ctx.now(), settled_at: ctx.now() }
  await store.updateMail(ctx, id, change)
  await tell(ctx, 'confirmed', row, { recipient: row.recipient })
  return sure((await present(ctx, [{ ...row, ...change }]))[0])
}

async function tell(ctx: Context, what: string, row: store.MailRow, after: object): Promise<void> {
  await append(ctx, {
    type: `mail.${what}`,
    subject: { kind: row.subject_kind, id: row.subject_id },
    account_id: row.account_id,
    after: { number: row.subject_name, ...after },
  })
}

async function present(ctx: Context, list: readonly store.MailRow[]): Promise<Mail[]> {
  const names = await store.accountNames(
    ctx,
    list.map((row) => row.account_id),
  )
  const orNull = (at: number | null) => (at === null ? null : iso(at))
  return list.map((row) => ({
    id: row.id,
    subject: { kind: row.subject_kind, id: row.subject_id, name: row.subject_name },
    account: { id: row.account_id, name: names.get(row.account_id) ?? '' },
    recipient: row.recipient,
    copy: row.copy,
    state: row.state,
    is_open: (row.state === 'failed' || row.state === 'unknown') && row.settled_at === null,
    attempts: row.attempts,
    next_at: row.state === 'queued' ? orNull(row.next_at) : null,
    queued_at: iso(row.queued_at),
    queued_by: row.queued_by,
    sent_at: orNull(row.sent_at),
    answer: row.answer,
    reason: row.reason,
    message_id: row.message_id,
  }))
}

const Cursor = z.object({ at: InstantMs, id: Id })
/** Newest first. */
export async function listMails(ctx: Context, query: MailQuery): Promise<Page<Mail>> {
  permit(ctx, 'billing.write')
  const open = query.open === undefined ? undefined : query.open === 'true'
  const { found, total } = await store.selectMails(ctx, { ...query, open }, decodeCursor(query.cursor, Cursor))
  const shown = found.slice(0, query.limit)
  const last = found.length > query.limit ? shown.at(-1) : undefined
  return {
    items: await present(ctx, shown),
    next_cursor: last ? encodeCursor({ at: last.queued_at, id: last.id }) : null,
    total,
  }
}
