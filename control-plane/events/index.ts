/** Verbs of events: what happened, appended in the transaction in which it happened; and notices for people. */
import { z } from 'zod'
import { type Actor, type Permission, permit } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import type { Context } from '../db/index.ts'
import type { Page, PageQuery } from '../http/contract.ts'
import { decodeCursor, encodeCursor } from '../http/index.ts'
import type { Event, EventFilter, EventQuery, Notice } from './contract.ts'
export { guardsOfEvents, recordsIn, recordsOutside, tailAfter } from './records/index.ts'
import { endNotice, fromRow, insertEvent, insertEvents, insertNotice, selectEvents, selectNotices } from './store.ts'

export interface NewEvent {
  /** `subject.what_happened`, in the past tense: `invoice.finalised` */
  type: string
  subject: { kind: string; id: string }
  /** default: the account that the actor acts for */
  account_id?: string | null
  before?: unknown
  after?: unknown
}

/** The last line of every verb that changes something: commits with it, or not at all. */
export async function append(
  ctx: Context,
  { type, subject, account_id = ctx.actor.account_id, before, after }: NewEvent,
): Promise<void> {
  await insertEvent(ctx.tx, {
    id: newId(),
    type,
    subject_kind: subject.kind,
    subject_id: subject.id,
    account_id,
    actor: whoOf(ctx.actor),
    before: before ?? null,
    after: after ?? null,
    request_id: ctx.request_id,
    occurred_at: ctx.now(),
  })
}

/** The same of many things at once, for the program's own work on many resources. */
export async function appendAll(
  ctx: Context,
  events: readonly (NewEvent & { account_id: string | null })[],
): Promise<void> {
  const shared = { actor: whoOf(ctx.actor), request_id: ctx.request_id, occurred_at: ctx.now() }
  await insertEvents(
    ctx.tx,
    events.map(({ type, subject, account_id, before, after }) => ({
      ...shared,
      id: newId(),
      type,
      subject_kind: subject.kind,
      subject_id: subject.id,
      account_id,
      before: before ?? null,
      after: after ?? null,
    })),
  )
}

/** Who did it, and as whom. */
function whoOf({ kind, id, name, account_id, role, behind }: Actor): Event['actor'] {
  if (behind === undefined || role === undefined || account_id === null) return { kind, id, name }
  return { kind: behind.kind, id, name, as: { account_id, role } }
}

export interface NewNotice {
  code: string
  subject: { kind: string; id: string; name: string }
  params?: Record<string, unknown>
}

/** True when it was not open yet: a lasting trouble is told once. */
export async function openNotice(ctx: Context, { code, subject, params = {} }: NewNotice): Promise<boolean> {
  const row = { code, subject_kind: subject.kind, subject_id: subject.id, subject_name: subject.name, params }
  const id = await insertNotice(ctx.tx, { id: newId(), ...row, opened_at: ctx.now(), closed_at: null })
  if (id === null) return false
  await append(ctx, { type: 'notice.opened', subject: { kind: 'notice', id }, after: { code, subject, params } })
  return true
}

/** True when it was open. */
export async function closeNotice(ctx: Context, code: string, subject_id: string): Promise<boolean> {
  const ended = await endNotice(ctx, code, subject_id)
  if (!ended) return false
  await append(ctx, { type: 'notice.closed', subject: { kind: 'notice', id: ended.id }, after: { code, subject_id } })
  return true
}

type Paged = z.infer<typeof PageQuery>
const Cursor = z.object({ at: z.int(), id: z.uuid() })

async function pageOf(ctx: Context, query: EventFilter & Paged): Promise<Page<Event>> {
  const found = await selectEvents(ctx, query, decodeCursor(query.cursor, Cursor))
  const items = found.slice(0, query.limit)
  const last = found.length > query.limit ? items.at(-1) : undefined
  return {
    items: items.map(fromRow),
    next_cursor: last ? encodeCursor({ at: last.occurred_at, id: last.id }) : null,
    total: null,
  }
}

/** What was before and after holds everything, invoices among it: only auditors see it. */
export async function listEvents(ctx: Context, query: EventQuery): Promise<Page<Event>> {
  permit(ctx, 'events.read')
  const page = await pageOf(ctx, query)
  if (ctx.actor.permissions.has('audit.read')) return page
  return { ...page, items: page.items.map((event) => ({ ...event, before: null, after: null })) }
}

/** For auditors: the same list by all that one may ask of it. */
export async function findEvents(ctx: Context, query: EventFilter & Paged): Promise<Page<Event>> {
  permit(ctx, 'audit.read')
  return await pageOf(ctx, query)
}

/**
 * What happened to one object, newest first, with before and after: for the slice that wrote it, which shows of it what whoever has
 * `needs` may know.
 */
export async function eventsOf(
  ctx: Context,
  needs: Permission,
  query: Required<Pick<EventFilter, 'subject_kind' | 'subject_id'>> & Pick<EventFilter, 'type_prefix'> & Paged,
): Promise<Page<Event>> {
  permit(ctx, needs)
  return await pageOf(ctx, query)
}

const NOTICES_LIMIT = 500

/** The newest 500, open ones or closed ones or both. */
export async function listNotices(ctx: Context, open?: boolean): Promise<Notice[]> {
  permit(ctx, 'notices.read')
  return await selectNotices(ctx.tx, open, NOTICES_LIMIT)
}
