/** The SQL of negotiated books: which contract has which when. A superseded row stays for the closed cuts that knew it. */
import { and, asc, eq, gt, inArray, isNull, lt, or, sql } from 'drizzle-orm'
import type { Interval } from '../../base/time.ts'
import { knownAt, LIVE } from '../../db/cut.ts'
import { arrayText, type Context, rows, type Tx } from '../../db/index.ts'
import { together } from '../../db/together.ts'
import { contractBook } from '../schema.ts'

export type BookRow = typeof contractBook.$inferSelect

const known = (cut: number) => knownAt(contractBook.cut_from, contractBook.cut_to, cut)
const overlapping = ({ from, to }: Interval) =>
  and(lt(contractBook.valid_from, to), or(isNull(contractBook.valid_to), gt(contractBook.valid_to, from)))

/** The books of one contract that hold in a part of an interval, as known to a cut. */
export const booksWithin = (ctx: Context, contract_id: string, { from, to }: Interval, cut: number) =>
  booksOfEach(ctx, { from, to, cut }, contract_id)
const booksOfEach = together(
  async ({ tx }, { cut, ...within }: Interval & { cut: number }, contract_ids: readonly string[]) => {
    const found = await tx
      .select()
      .from(contractBook)
      .where(and(inArray(contractBook.contract_id, [...contract_ids]), overlapping(within), known(cut)))
      .orderBy(asc(contractBook.valid_from), asc(contractBook.id))
    const byContract = Map.groupBy(found, (row) => row.contract_id)
    return contract_ids.map((id) => byContract.get(id) ?? [])
  },
)

/** All that is assigned to an account, or of a book, as decided by now; oldest first. */
export const liveBooks = (tx: Tx, which: { account_id: string } | { price_book_id: string }): Promise<BookRow[]> =>
  tx
    .select()
    .from(contractBook)
    .where(
      and(
        'account_id' in which
          ? eq(contractBook.account_id, which.account_id)
          : eq(contractBook.price_book_id, which.price_book_id),
        known(LIVE),
      ),
    )
    .orderBy(asc(contractBook.valid_from), asc(contractBook.id))

/** One that holds by now, held until the transaction ends. */
export async function lockBook(tx: Tx, id: string): Promise<BookRow | null> {
  const [row] = await tx
    .select()
    .from(contractBook)
    .where(and(eq(contractBook.id, id), isNull(contractBook.cut_to)))
    .for('update')
  return row ?? null
}

export async function insertBooks(tx: Tx, list: readonly BookRow[]): Promise<void> {
  if (list.length > 0) await tx.insert(contractBook).values([...list])
}

/** Ends the knowledge of a row with the open cut; what no closed cut knew is dropped. */
export async function supersede(tx: Tx, { id, cut_from }: BookRow, open: number): Promise<void> {
  const row = eq(contractBook.id, id)
  if (cut_from === open) await tx.delete(contractBook).where(row)
  else await tx.update(contractBook).set({ cut_to: open }).where(row)
}

export const accountNames = (ctx: Context, ids: readonly string[]) =>
  rows<{ id: string; name: string }>(
    ctx.tx,
    sql`select id, name from account where id = any(${arrayText([...new Set(ids)])}::uuid[])`,
  )
