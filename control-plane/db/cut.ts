/** Cuts: closed lines under the facts known so far. Writers of facts share a lock; closing takes it alone. */
import { eq, sql } from 'drizzle-orm'
import { assert } from '../base/problem.ts'
import type { Instant } from '../base/time.ts'
import { type Context, rows, type Tx } from './index.ts'
import { cut } from './schema.ts'

const LOCK = 7_241_001

/** The number of the open cut, held open until the transaction ends. Every row that a rating reads carries it. */
export async function openCut(tx: Tx): Promise<number> {
  await tx.execute(sql`select pg_advisory_xact_lock_shared(${LOCK})`)
  const [open] = await rows<{ number: number }>(tx, sql`select number from cut where closed_at is null`)
  assert(open, 'one cut is open')
  return open.number
}

export interface ClosedCut {
  number: number
  closed_at: Instant
}

/**
 * Closes the open cut: all that is committed is in it, nothing in flight slips under.
 * `ready` says, under the lock, whether what derives from the facts has been settled; if not, nothing is closed.
 */
export async function closeCut(ctx: Context, ready: () => Promise<boolean>): Promise<ClosedCut | null> {
  await ctx.tx.execute(sql`select pg_advisory_xact_lock(${LOCK})`)
  if (!(await ready())) return null
  const now = ctx.now()
  const [closed] = await ctx.tx
    .update(cut)
    .set({ closed_at: now })
    .where(sql`${cut.closed_at} is null`)
    .returning()
  assert(closed, 'one cut is open')
  await ctx.tx.insert(cut).values({ number: closed.number + 1, opened_at: now })
  return { number: closed.number, closed_at: now }
}

/** A cut that was closed; null where none of this number was. */
export async function closedCut(tx: Tx, number: number): Promise<ClosedCut | null> {
  const [row] = await tx.select().from(cut).where(eq(cut.number, number))
  return row?.closed_at ? { number, closed_at: row.closed_at } : null
}

/** Rows known to a cut: recorded up to it, not superseded up to it. */
export const knownAt = (from: unknown, to: unknown, number: number) =>
  sql`${from} <= ${number} and (${to} is null or ${to} > ${number})`

/** Above every cut: what is live now. */
export const LIVE = 2_147_483_647
