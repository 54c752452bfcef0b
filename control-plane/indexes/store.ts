/** The SQL of price indexes and their values. A superseded value stays for the closed cuts that knew it; one that none knew is dropped. */
import { and, asc, eq, gt, gte, inArray, isNull, lt, ne, or, sql } from 'drizzle-orm'
import { parseDecimal, toDecimal } from '../base/exact.ts'
import { sure } from '../base/problem.ts'
import type { Instant, Interval } from '../base/time.ts'
import { knownAt, LIVE } from '../db/cut.ts'
import type { Context, Tx } from '../db/index.ts'
import { indexValue, priceIndex } from './schema.ts'

export type IndexRow = typeof priceIndex.$inferSelect
export type ValueRow = typeof indexValue.$inferSelect
const PLACES = 12
/** Without trailing zeros: equal amounts are equal texts. */
export const trimmed = (amount: string): string => toDecimal(sure(parseDecimal(amount, PLACES)), PLACES)
const fromRow = (row: ValueRow): ValueRow => ({ ...row, amount: trimmed(row.amount) })

export const insertIndex = async (tx: Tx, row: IndexRow): Promise<void> => {
  await tx.insert(priceIndex).values(row)
}
/** By name. */
export const selectIndexes = (tx: Tx, ids?: readonly string[]): Promise<IndexRow[]> =>
  tx
    .select()
    .from(priceIndex)
    .where(ids && inArray(priceIndex.id, [...ids]))
    .orderBy(asc(priceIndex.name))

/** The index, held: its values are published one after the other. */
export async function lockIndex(tx: Tx, id: string): Promise<IndexRow | null> {
  const [row] = await tx.select().from(priceIndex).where(eq(priceIndex.id, id)).for('no key update')
  return row ?? null
}

/** Live values that hold at an instant or later, in order. */
export async function liveFrom(tx: Tx, price_index_id: string, from: Instant): Promise<ValueRow[]> {
  const found = await tx
    .select()
    .from(indexValue)
    .where(
      and(
        eq(indexValue.price_index_id, price_index_id),
        isNull(indexValue.cut_to),
        or(isNull(indexValue.valid_to), gt(indexValue.valid_to, from)),
      ),
    )
    .orderBy(asc(indexValue.valid_from))
  return found.map(fromRow)
}

/** The live values of an instant and the last ones. */
export async function newest(tx: Tx, ids: readonly string[], now: Instant) {
  const of = and(inArray(indexValue.price_index_id, [...ids]), isNull(indexValue.cut_to))
  const known = await tx
    .select({
      id: indexValue.price_index_id,
      to: sql<string>`(extract(epoch from max(coalesce(${indexValue.valid_to}, ${indexValue.valid_from}))) * 1000)::int8`,
    })
    .from(indexValue)
    .where(of)
    .groupBy(indexValue.price_index_id)
  const current = await tx
    .select({ id: indexValue.price_index_id, amount: indexValue.amount })
    .from(indexValue)
    .where(
      and(
        of,
        sql`${indexValue.valid_from} <= ${new Date(now).toISOString()}::timestamptz`,
        or(isNull(indexValue.valid_to), gt(indexValue.valid_to, now)),
      ),
    )
  return {
    to: new Map(known.map((row) => [row.id, parseInt(row.to, 10)])),
    amount: new Map(current.map((row) => [row.id, trimmed(row.amount)])),
  }
}

/** Ends what is known of values with the open cut. */
export async function endValues(tx: Tx, list: readonly ValueRow[], open: number): Promise<void> {
  const ids = list.map(({ id }) => id)
  if (ids.length === 0) return
  await tx.delete(indexValue).where(and(inArray(indexValue.id, ids), eq(indexValue.cut_from, open)))
  await tx
    .update(indexValue)
    .set({ cut_to: open })
    .where(and(inArray(indexValue.id, ids), ne(indexValue.cut_from, open)))
}

/** A statement takes so many rows: each has ten parameters of at most 65,535. */
const ROWS = 5_000
export async function insertValues(tx: Tx, list: readonly ValueRow[]): Promise<void> {
  for (let at = 0; at < list.length; at += ROWS) await tx.insert(indexValue).values(list.slice(at, at + ROWS))
}

export interface ValuesAsked {
  price_index_id: string
  from: Instant | null
  to: Instant | null
  cut: number | null
  /** only those that begin after it */
  after: Instant | null
  limit: number
}
export async function selectValues(
  tx: Tx,
  { price_index_id, from, to, cut, after, limit }: ValuesAsked,
): Promise<ValueRow[]> {
  const found = await tx
    .select()
    .from(indexValue)
    .where(
      and(
        eq(indexValue.price_index_id, price_index_id),
        knownAt(indexValue.cut_from, indexValue.cut_to, cut ?? LIVE),
        from === null ? undefined : or(isNull(indexValue.valid_to), gt(indexValue.valid_to, from)),
        to === null ? undefined : lt(indexValue.valid_from, to),
        after === null ? undefined : gte(indexValue.valid_from, after + 1),
      ),
    )
    .orderBy(asc(indexValue.valid_from))
    .limit(limit)
  return found.map(fromRow)
}

/** Values of some indexes that a cut knew, in order. */
export async function valuesKnown(
  { tx }: Context,
  ids: readonly string[],
  { from, to }: Interval,
  cut: number,
): Promise<ValueRow[]> {
  const found = await tx
    .select()
    .from(indexValue)
    .where(
      and(
        inArray(indexValue.price_index_id, [...ids]),
        lt(indexValue.valid_from, to),
        or(isNull(indexValue.valid_to), gt(indexValue.valid_to, from)),
        knownAt(indexValue.cut_from, indexValue.cut_to, cut),
      ),
    )
    .orderBy(asc(indexValue.valid_from))
  return found.map(fromRow)
}
