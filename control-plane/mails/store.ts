/** SQL of mails. */
import { and, asc, desc, eq, inArray, isNull, lt, lte, or, type SQL, sql } from 'drizzle-orm'
import type { Instant } from '../base/time.ts'
import { withinReach } from '../db/fence.ts'
import { type Context, rows } from '../db/index.ts'
import type { MailState } from './contract.ts'
import { mail } from './schema.ts'

export type MailRow = typeof mail.$inferSelect

/** False where this very mail is there already: it is never there twice. */
export async function insertMail(ctx: Context, row: MailRow): Promise<boolean> {
  const made = await ctx.tx.insert(mail).values(row).onConflictDoNothing().returning({ id: mail.id })
  return made.length > 0
}

/** All mails with a document, the oldest first; held until the transaction ends, so that two who send it again take turns. */
export const mailsOf = (ctx: Context, subject_id: string): Promise<MailRow[]> =>
  ctx.tx
    .select()
    .from(mail)
    .where(and(eq(mail.subject_id, subject_id), withinReach(ctx, mail.account_id)))
    .orderBy(asc(mail.queued_at), asc(mail.copy), asc(mail.recipient))
    .for('update')

export async function findMail(ctx: Context, id: string): Promise<MailRow | undefined> {
  const [row] = await ctx.tx.select().from(mail).where(eq(mail.id, id)).for('update')
  return row
}
export const updateMail = async (ctx: Context, id: string, change: Partial<MailRow>): Promise<void> => {
  await ctx.tx.update(mail).set(change).where(eq(mail.id, id))
}
/** Whoever sends it again has seen to what had failed. */
export const settleMails = async (ctx: Context, subject_id: string): Promise<void> => {
  await ctx.tx
    .update(mail)
    .set({ settled_at: ctx.now() })
    .where(and(eq(mail.subject_id, subject_id), waitsForPerson()))
}
const waitsForPerson = () => and(inArray(mail.state, ['failed', 'unknown']), isNull(mail.settled_at))

/** The next mail whose time has come; several workers never take the same. */
export async function takeDue(ctx: Context): Promise<MailRow | null> {
  const [row] = await ctx.tx
    .select()
    .from(mail)
    .where(and(eq(mail.state, 'queued'), lte(mail.next_at, ctx.now())))
    .orderBy(asc(mail.next_at), asc(mail.id))
    .limit(1)
    .for('update', { skipLocked: true })
  return row ?? null
}

const attemptOf = ({ id, attempts }: Pick<MailRow, 'id' | 'attempts'>, states: MailState[]) =>
  and(eq(mail.id, id), eq(mail.attempts, attempts), inArray(mail.state, states))

/** False where the attempt is not this one's any more. */
export async function markHanded(ctx: Context, row: MailRow): Promise<boolean> {
  const marked = await ctx.tx
    .update(mail)
    .set({ handed_at: ctx.now() })
    .where(attemptOf(row, ['sending']))
    .returning({ id: mail.id })
  return marked.length > 0
}
/** What became of an attempt; known late it is known all the same. False where somebody else has dealt with it. */
export async function finishAttempt(ctx: Context, row: MailRow, change: Partial<MailRow>): Promise<boolean> {
  const done = await ctx.tx
    .update(mail)
    .set({ started_at: null, handed_at: null, ...change })
    .where(and(attemptOf(row, ['sending', 'unknown']), isNull(mail.settled_at)))
    .returning({ id: mail.id })
  return done.length > 0
}

/** Attempts that began before an instant and were never finished. */
export const abandoned = (ctx: Context, before: Instant): Promise<MailRow[]> =>
  ctx.tx
    .select()
    .from(mail)
    .where(and(eq(mail.state, 'sending'), lt(mail.started_at, before)))
    .for('update', { skipLocked: true })

export interface MailFilter {
  state?: MailState | undefined
  open?: boolean | undefined
  account_id?: string | undefined
  subject_id?: string | undefined
}
const filtered = (ctx: Context, { state, open, account_id, subject_id }: MailFilter): SQL | undefined =>
  and(
    withinReach(ctx, mail.account_id),
    state && eq(mail.state, state),
    open === undefined ? undefined : open ? waitsForPerson() : sql`not (${waitsForPerson()})`,
    account_id ? eq(mail.account_id, account_id) : undefined,
    subject_id ? eq(mail.subject_id, subject_id) : undefined,
  )

/** Newest first. */
export async function selectMails(
  ctx: Context,
  filter: MailFilter & { limit: number },
  after: { at: Instant; id: string } | null,
): Promise<{ found: MailRow[]; total: number }> {
  const where = filtered(ctx, filter)
  const later = after && or(lt(mail.queued_at, after.at), and(eq(mail.queued_at, after.at), lt(mail.id, after.id)))
  const found = await ctx.tx
    .select()
    .from(mail)
    .where(and(where, later ?? undefined))
    .orderBy(desc(mail.queued_at), desc(mail.id))
    .limit(filter.limit + 1)
  return { found, total: await ctx.tx.$count(mail, where) }
}

/** Of some documents those that no mail was ever made for. */
export async function unmailed(ctx: Context, subject_ids: readonly string[]): Promise<Set<string>> {
  if (subject_ids.length === 0) return new Set()
  const known = await ctx.tx
    .selectDistinct({ id: mail.subject_id })
    .from(mail)
    .where(inArray(mail.subject_id, [...subject_ids]))
  return new Set(subject_ids).difference(new Set(known.map(({ id }) => id)))
}

/** Names as they are now. */
export async function accountNames(ctx: Context, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const found = await rows<{ id: string; name: string }>(
    ctx.tx,
    sql`select id, name from account where id in (${sql.join(
      [...new Set(ids)].map((id) => sql`${id}::uuid`),
      sql`, `,
    )})`,
  )
  return new Map(found.map(({ id, name }) => [id, name]))
}
