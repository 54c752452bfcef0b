/** The SQL of plans. */
import { asc, eq, getTableColumns, inArray } from 'drizzle-orm'
import { sure } from '../../base/problem.ts'
import type { Tx } from '../../db/index.ts'
import { plan, priceBook } from '../schema.ts'

export type PlanRow = typeof plan.$inferSelect & { currency: string }
type Columns = typeof plan.$inferInsert

const known = (tx: Tx) =>
  tx
    .select({ ...getTableColumns(plan), currency: priceBook.currency })
    .from(plan)
    .innerJoin(priceBook, eq(priceBook.id, plan.price_book_id))

export const selectPlans = (tx: Tx): Promise<PlanRow[]> => known(tx).orderBy(asc(plan.created_at), asc(plan.id))

export const plansOf = async (tx: Tx, ids: readonly string[]): Promise<PlanRow[]> =>
  ids.length === 0 ? [] : known(tx).where(inArray(plan.id, [...ids]))

/** The plan, held: what is decided of it is decided one after the other. */
export async function lockPlan(tx: Tx, id: string): Promise<PlanRow | null> {
  const [row] = await known(tx).where(eq(plan.id, id)).for('update', { of: plan })
  return row ?? null
}

export const insertPlan = async (tx: Tx, row: Columns): Promise<void> => {
  await tx.insert(plan).values(row)
}

export async function updatePlan(tx: Tx, id: string, change: Partial<Columns>): Promise<PlanRow> {
  if (Object.keys(change).length > 0) await tx.update(plan).set(change).where(eq(plan.id, id))
  return sure((await plansOf(tx, [id]))[0])
}

export async function isBookOfPlan(tx: Tx, price_book_id: string): Promise<boolean> {
  const found = await tx.select({ id: plan.id }).from(plan).where(eq(plan.price_book_id, price_book_id))
  return found.length > 0
}
