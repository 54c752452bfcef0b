/**
 * Background of mails: one at a time, so that whoever is killed when, each goes once. An attempt is written down before a server is
 * spoken to, once more before the last byte goes out, and at its end. Who died before the second has sent nothing, and it is tried
 * again; who died after it leaves what only the server knows: that is said, and never sent again by itself.
 */
import { system } from '../base/actor.ts'
import { append } from '../events/index.ts'
import { attempt, type Clock, type Context, type Database, isUnreachable, transact } from '../db/index.ts'
import { isGivenUp, oneLine, type Outcome, outcomeOf, type SmtpError, waitMs } from './rules.ts'
import { CONVERSATION_MS, type Letter, type Post } from './smtp.ts'
import * as store from './store.ts'

/** What a mail says; throws where it can't be written. */
export type Compose = (ctx: Context, subject_id: string, recipient: string) => Promise<Letter>
export interface Sending {
  db: Database
  now: Clock
  post: Post
  compose: Compose
  /** of a mail that could not be written: its cause is for the log */
  onLost: (error: unknown) => void
}

/** So many in one run. */
const BATCH = 200
/** What became of a mail is written down even where the database is away for this long. */
const REMEMBER_MS = 60_000
/** Whoever began an attempt longer ago than it can last is dead. */
export const LEASE_MS = CONVERSATION_MS + REMEMBER_MS + 60_000

const as = <T>({ db, now }: Sending, work: (ctx: Context) => Promise<T>): Promise<T> =>
  transact(db, system('send_mails'), now, work)

/** One run: all whose time has come. Returns how many were tried. Stops where no server is reached: the others would wait in vain. */
export async function sendMails(sending: Sending): Promise<number> {
  await as(sending, recover)
  for (let tried = 0; tried < BATCH; tried += 1) {
    const taken = await as(sending, (ctx) => take(ctx, sending))
    if (!taken) return tried
    if (!taken.letter) continue
    const outcome = await deliver(sending, taken.row, taken.letter)
    await remember(sending, taken.row, outcome)
    if (outcome.state === 'again' && outcome.isUnreachable) return tried + 1
  }
  return BATCH
}

/** What the dead left: handed over it is unknown, else it is tried again. */
async function recover(ctx: Context): Promise<void> {
  for (const row of await store.abandoned(ctx, ctx.now() - LEASE_MS)) {
    const outcome: Outcome =
      row.handed_at === null
        ? { state: 'again', reason: 'the program ended while it was sent' }
        : { state: 'unknown', reason: 'the program ended after it was handed over and before the server answered' }
    await finish(ctx, row, outcome)
  }
}

interface Taken {
  row: store.MailRow
  /** null: it can't be written */
  letter: Letter | null
}
async function take(ctx: Context, { compose, onLost }: Sending): Promise<Taken | null> {
  const due = await store.takeDue(ctx)
  if (!due) return null
  const begun = { state: 'sending' as const, attempts: due.attempts + 1, started_at: ctx.now(), handed_at: null }
  const row = { ...due, ...begun }
  await store.updateMail(ctx, row.id, begun)
  try {
    return { row, letter: await attempt(ctx, (inner) => compose(inner, row.subject_id, row.recipient)) }
  } catch (error) {
    if (isUnreachable(error)) throw error
    onLost(error)
    await finish(ctx, row, { state: 'failed', reason: 'the document could not be rendered; the log says why' })
    return { row, letter: null }
  }
}

type Tried = Outcome & { isUnreachable?: boolean }
async function deliver(sending: Sending, row: store.MailRow, letter: Letter): Promise<Tried> {
  let wasHanded = false
  const handing = async () => {
    if (!(await as(sending, (ctx) => store.markHanded(ctx, row)))) throw new Error('another has taken this mail over')
    wasHanded = true
  }
  try {
    return { state: 'sent', answer: oneLine(await sending.post.send(letter, row.message_id, handing)) }
  } catch (error) {
    const said = error as SmtpError
    return { ...outcomeOf(said, wasHanded), isUnreachable: !said.responseCode }
  }
}

/** The only one who knows keeps trying to say it. */
async function remember(sending: Sending, row: store.MailRow, outcome: Outcome): Promise<void> {
  for (const until = performance.now() + REMEMBER_MS; ;)
    try {
      return await as(sending, (ctx) => finish(ctx, row, outcome))
    } catch (error) {
      if (!isUnreachable(error) || performance.now() > until) throw error
      await Bun.sleep(500)
    }
}

async function finish(ctx: Context, row: store.MailRow, outcome: Outcome): Promise<void> {
  const told = changeOf(ctx, row, outcome)
  if (!(await store.finishAttempt(ctx, row, told)) || told.state === 'queued') return
  const { state, answer, reason } = told
  await append(ctx, {
    type: `mail.${state}`,
    subject: { kind: row.subject_kind, id: row.subject_id },
    account_id: row.account_id,
    after: {
      number: row.subject_name,
      recipient: row.recipient,
      copy: row.copy,
      ...(state === 'sent' ? { answer } : { reason }),
    },
  })
}

/** The columns that an outcome changes. When it was handed over stays with what nobody knows. */
function changeOf(ctx: Context, row: store.MailRow, outcome: Outcome) {
  const now = ctx.now()
  switch (outcome.state) {
    case 'sent':
      return { state: 'sent' as const, sent_at: now, next_at: null, answer: outcome.answer, reason: '' }
    case 'again':
      return isGivenUp(row.queued_at, now)
        ? { state: 'failed' as const, next_at: null, reason: `given up after ${row.attempts} tries: ${outcome.reason}` }
        : { state: 'queued' as const, next_at: now + waitMs(row.attempts), reason: outcome.reason }
    case 'failed':
      return { state: 'failed' as const, next_at: null, reason: outcome.reason }
    case 'unknown':
      return {
        state: 'unknown' as const,
        next_at: null,
        started_at: row.started_at,
        handed_at: row.handed_at ?? now,
        reason: outcome.reason,
      }
  }
}
