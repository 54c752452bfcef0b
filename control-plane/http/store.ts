/** SQL of answers that are kept for a repetition. */
import { eq, lt, sql } from 'drizzle-orm'
import { type Context, rows } from '../db/index.ts'
import { idempotencyKey } from './schema.ts'

export type KeptAnswer = typeof idempotencyKey.$inferSelect

/**
 * False where somebody else holds it just now; else it is held until the transaction ends, however it ends. Of two numbers, which
 * PostgreSQL keeps apart from the locks of one number.
 */
export async function tryHold({ tx }: Context, id: Buffer): Promise<boolean> {
  const [row] = await rows<{ held: boolean }>(
    tx,
    sql`select pg_try_advisory_xact_lock(${id.readInt32BE(0)}::int, ${id.readInt32BE(4)}::int) as held`,
  )
  return row?.held === true
}

export async function selectAnswer({ tx }: Context, id: Buffer): Promise<KeptAnswer | null> {
  const [row] = await tx.select().from(idempotencyKey).where(eq(idempotencyKey.id, id))
  return row ?? null
}

export const insertAnswer = async ({ tx }: Context, row: KeptAnswer): Promise<void> => {
  await tx.insert(idempotencyKey).values(row)
}

export const deleteAnswers = async ({ tx }: Context, before: number): Promise<void> => {
  await tx.delete(idempotencyKey).where(lt(idempotencyKey.created_at, before))
}
