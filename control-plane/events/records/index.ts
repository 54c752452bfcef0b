/** Verbs of the record: what the audit reads of events, exactly as they are stored. */
import { permit } from '../../base/actor.ts'
import type { Context } from '../../db/index.ts'
import type { EventRecord, Tail } from '../contract.ts'
import { selectGuards, selectOutside, selectRecords, selectTail } from './store.ts'

/** Numbered events in order, above a number and up to another (null: to the end), at most `limit`. */
export async function recordsIn(
  ctx: Context,
  { above, up_to }: { above: string; up_to: string | null },
  limit: number,
): Promise<EventRecord[]> {
  permit(ctx, 'audit.read')
  return await selectRecords(ctx.tx, above, up_to, limit)
}

/** Events with numbers that were never given to any. */
export async function recordsOutside(ctx: Context, limit: number): Promise<{ id: string; number: string }[]> {
  permit(ctx, 'audit.read')
  return await selectOutside(ctx.tx, limit)
}

/** What came after a number or has none yet. */
export async function tailAfter(ctx: Context, above: string): Promise<Tail> {
  permit(ctx, 'audit.read')
  return await selectTail(ctx.tx, above)
}

/** The triggers that keep events as they are. */
export async function guardsOfEvents(ctx: Context): Promise<{ name: string; enabled: boolean }[]> {
  permit(ctx, 'audit.read')
  return await selectGuards(ctx.tx)
}
