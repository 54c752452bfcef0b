/** The audit as pages: events by all that an auditor asks, and which of them are sealed. */
import { permit } from '../base/actor.ts'
import { fromIso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { findEvents } from '../events/index.ts'
import type { Page } from '../http/contract.ts'
import type { AuditQuery, AuditRecord } from './contract.ts'
import { START } from './rules.ts'
import { readHead } from './store.ts'

/** People who are called as the filter says: see `EventFilter`. */
export interface CalledSo {
  actor_ids?: readonly string[]
}

/** Newest first, with what is too new to be sealed. */
export async function listAudit(ctx: Context, query: AuditQuery & CalledSo): Promise<Page<AuditRecord>> {
  permit(ctx, 'audit.read')
  const { type, from, to, ...rest } = query
  const { last_number } = (await readHead(ctx.tx)) ?? START
  const page = await findEvents(ctx, {
    ...rest,
    type_prefix: type,
    from: from === undefined ? undefined : fromIso(from),
    to: to === undefined ? undefined : fromIso(to),
  })
  const items = page.items.map((event) => ({
    ...event,
    sealed: event.number !== null && event.number <= last_number,
  }))
  return { ...page, items }
}
