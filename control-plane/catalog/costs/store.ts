/** SQL of cost books. */
import { and, asc, eq, gt, isNull, lt, or, sql } from 'drizzle-orm'
import type { Interval } from '../../base/time.ts'
import { type Context, rows } from '../../db/index.ts'
import { costBook, priceBook } from '../schema.ts'

export type CostBookRow = typeof costBook.$inferSelect
export interface NamedRow extends CostBookRow {
  name: string
  currency: string
  legal_entity_id: string
}

const named = (row: { book: CostBookRow; name: string; currency: string; legal_entity_id: string }): NamedRow => {
  const { book, ...of } = row
  return { ...book, ...of }
}

/** Those that hold in a part of an interval, or all of them. */
export async function selectCostBooks(ctx: Context, within?: Interval): Promise<NamedRow[]> {
  const { name, currency, legal_entity_id } = priceBook
  const found = await ctx.tx
    .select({ book: costBook, name, currency, legal_entity_id })
    .from(costBook)
    .innerJoin(priceBook, eq(priceBook.id, costBook.price_book_id))
    .where(
      within &&
        and(lt(costBook.valid_from, within.to), or(isNull(costBook.valid_to), gt(costBook.valid_to, within.from))),
    )
    .orderBy(sql`${costBook.realm} nulls first`, asc(costBook.valid_from))
  return found.map(named)
}

export const insertCostBook = async (ctx: Context, row: CostBookRow): Promise<void> => {
  await ctx.tx.insert(costBook).values(row)
}
export const updateCostBook = async (ctx: Context, id: string, valid_to: number | null): Promise<void> => {
  await ctx.tx.update(costBook).set({ valid_to }).where(eq(costBook.id, id))
}
export async function knownRealms(ctx: Context): Promise<string[]> {
  const found = await rows<{ realm: string }>(ctx.tx, sql`select distinct realm from resource order by 1`)
  return found.map(({ realm }) => realm)
}
