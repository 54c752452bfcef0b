/** SQL of events: the outbox, its numbering in order of commit, and notices. */
import { and, asc, desc, eq, gt, gte, inArray, isNotNull, isNull, lt, max, or, type SQL, sql } from 'drizzle-orm'
import { iso } from '../base/time.ts'
import { withinReach, withinTenure } from '../db/fence.ts'
import { type Context, type Database, rows, type Tx } from '../db/index.ts'
import type { Event, EventFilter, Notice } from './contract.ts'
import { event, notice } from './schema.ts'

type EventRow = typeof event.$inferSelect
type NoticeRow = typeof notice.$inferSelect

export const fromRow = (row: EventRow): Event => ({
  id: row.id,
  number: row.number,
  type: row.type,
  subject: { kind: row.subject_kind, id: row.subject_id },
  account_id: row.account_id,
  actor: row.actor,
  before: (row.before ?? null) as Event['before'],
  after: (row.after ?? null) as Event['after'],
  request_id: row.request_id,
  occurred_at: iso(row.occurred_at),
})

const noticeFromRow = (row: NoticeRow): Notice => ({
  id: row.id,
  code: row.code,
  subject: { kind: row.subject_kind, id: row.subject_id, name: row.subject_name },
  params: row.params as Notice['params'],
  opened_at: iso(row.opened_at),
  closed_at: row.closed_at === null ? null : iso(row.closed_at),
})

export const insertEvent = async (tx: Tx, row: typeof event.$inferInsert): Promise<void> => {
  await tx.insert(event).values(row)
}

const ROWS_AT_ONCE = 500
export async function insertEvents(tx: Tx, list: (typeof event.$inferInsert)[]): Promise<void> {
  for (let at = 0; at < list.length; at += ROWS_AT_ONCE)
    await tx.insert(event).values(list.slice(at, at + ROWS_AT_ONCE))
}

const NUMBERING_LOCK = 7_241_002
const PUBLISHING_LOCK = 7_241_003

/** False where another process holds it; held until the transaction ends. */
async function takeLock(tx: Tx, lock: number): Promise<boolean> {
  const [row] = await rows<{ taken: boolean }>(tx, sql`select pg_try_advisory_xact_lock(${lock}) as taken`)
  return row?.taken === true
}
export const lockNumbering = (tx: Tx) => takeLock(tx, NUMBERING_LOCK)
export const lockPublishing = (tx: Tx) => takeLock(tx, PUBLISHING_LOCK)

export async function hasUnnumbered(db: Database): Promise<boolean> {
  const [row] = await rows<{ waits: boolean }>(db, sql`select exists (select from event where number is null) as waits`)
  return row?.waits === true
}

export async function lastNumber(db: Database | Tx): Promise<number> {
  const [row] = await db.select({ number: max(event.number) }).from(event)
  return row?.number ?? 0
}

/** Numbers what is committed and has no number yet, oldest first; only under the numbering lock. */
export async function numberEvents(tx: Tx, limit: number): Promise<EventRow[]> {
  const first = (await lastNumber(tx)) + 1
  const fresh = await tx
    .select()
    .from(event)
    .where(isNull(event.number))
    .orderBy(asc(event.occurred_at), asc(event.id))
    .limit(limit)
  if (fresh.length === 0) return []
  const ids = sql.join(
    fresh.map((row, index) => sql`(${row.id}::uuid, ${first + index}::bigint)`),
    sql`, `,
  )
  await tx.execute(
    sql`update event set number = given.number from (values ${ids}) as given (id, number) where event.id = given.id`,
  )
  return fresh.map((row, index) => ({ ...row, number: first + index }))
}

export const eventsAfter = (tx: Tx, number: number, limit: number): Promise<EventRow[]> =>
  tx
    .select()
    .from(event)
    .where(and(isNotNull(event.number), gt(event.number, number)))
    .orderBy(asc(event.number))
    .limit(limit)

export interface EventCursor {
  at: number
  id: string
}

const when = <T>(value: T | undefined, filter: (value: T) => SQL | undefined): SQL | undefined =>
  value === undefined ? undefined : filter(value)

/** Newest first, one more than the limit. */
export async function selectEvents(
  ctx: Context,
  filter: EventFilter & { limit: number },
  after: EventCursor | null,
): Promise<EventRow[]> {
  const filters: (SQL | undefined)[] = [
    withinReach(ctx, event.account_id),
    withinTenure(ctx, { kind: event.subject_kind, id: event.subject_id, at: event.occurred_at }),
    when(filter.actor, (actor) => {
      const asked = [actor, ...(filter.actor_ids ?? [])]
      return or(inArray(sql`${event.actor}->>'id'`, asked), eq(sql`${event.actor}->>'name'`, actor))
    }),
    when(filter.about, (id) => or(eq(sql`${event.actor}->>'id'`, id), eq(event.subject_id, id))),
    when(filter.subject_kind, (kind) => eq(event.subject_kind, kind)),
    when(filter.subject_id, (id) => eq(event.subject_id, id)),
    when(filter.type, (type) => eq(event.type, type)),
    when(filter.type_prefix, (prefix) => sql`starts_with(${event.type}, ${prefix})`),
    when(filter.account_id, (id) => eq(event.account_id, id)),
    when(filter.from, (at) => gte(event.occurred_at, at)),
    when(filter.to, (at) => lt(event.occurred_at, at)),
    when(after ?? undefined, ({ at, id }) =>
      or(lt(event.occurred_at, at), and(eq(event.occurred_at, at), lt(event.id, id))),
    ),
  ]
  return await ctx.tx
    .select()
    .from(event)
    .where(and(...filters))
    .orderBy(desc(event.occurred_at), desc(event.id))
    .limit(filter.limit + 1)
}

/** Null where the same notice is open already. */
export async function insertNotice(tx: Tx, row: typeof notice.$inferInsert): Promise<string | null> {
  const [made] = await tx.insert(notice).values(row).onConflictDoNothing().returning({ id: notice.id })
  return made?.id ?? null
}

export async function endNotice(ctx: Context, code: string, subject_id: string): Promise<NoticeRow | null> {
  const [ended] = await ctx.tx
    .update(notice)
    .set({ closed_at: ctx.now() })
    .where(and(eq(notice.code, code), eq(notice.subject_id, subject_id), isNull(notice.closed_at)))
    .returning()
  return ended ?? null
}

export async function selectNotices(tx: Tx, open: boolean | undefined, limit: number): Promise<Notice[]> {
  const filter = open === undefined ? undefined : open ? isNull(notice.closed_at) : isNotNull(notice.closed_at)
  const found = await tx
    .select()
    .from(notice)
    .where(filter)
    .orderBy(desc(notice.opened_at), desc(notice.id))
    .limit(limit)
  return found.map(noticeFromRow)
}
