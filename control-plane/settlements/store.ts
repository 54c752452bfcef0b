/** SQL of settlement. */
import { asc, eq, inArray, sql } from 'drizzle-orm'
import { type Context, rows } from '../db/index.ts'
import { settlement, writeOff, writeOffReversal } from './schema.ts'

export type SettlementRow = typeof settlement.$inferSelect
export type WriteOffRow = typeof writeOff.$inferSelect
export type ReversalRow = typeof writeOffReversal.$inferSelect

export const insertSettlement = (ctx: Context, row: SettlementRow) => ctx.tx.insert(settlement).values(row)
/** Held until the transaction ends: no two take the same open amount. */
export async function holdSettlement(ctx: Context, invoice_id: string): Promise<SettlementRow | undefined> {
  const [row] = await ctx.tx.select().from(settlement).where(eq(settlement.invoice_id, invoice_id)).for('update')
  return row
}
/** Adds to what was credited or written off; what is open follows. */
export const change = (
  ctx: Context,
  invoice_id: string,
  { credited = 0n, written_off = 0n }: { credited?: bigint; written_off?: bigint },
) =>
  ctx.tx
    .update(settlement)
    .set({
      credited_minor: sql`${settlement.credited_minor} + ${credited.toString()}::int8`,
      written_off_minor: sql`${settlement.written_off_minor} + ${written_off.toString()}::int8`,
      open_minor: sql`${settlement.open_minor} - ${(credited + written_off).toString()}::int8`,
    })
    .where(eq(settlement.invoice_id, invoice_id))

export const settlementsOf = (ctx: Context, ids: readonly string[]): Promise<SettlementRow[]> =>
  ids.length === 0
    ? Promise.resolve([])
    : ctx.tx
        .select()
        .from(settlement)
        .where(inArray(settlement.invoice_id, [...ids]))

export const insertWriteOff = (ctx: Context, row: WriteOffRow) => ctx.tx.insert(writeOff).values(row)
export const insertReversal = (ctx: Context, row: ReversalRow) => ctx.tx.insert(writeOffReversal).values(row)

export interface FoundWriteOff {
  made: WriteOffRow
  reversed: ReversalRow | null
}
const found = (ctx: Context) =>
  ctx.tx
    .select({ made: writeOff, reversed: writeOffReversal })
    .from(writeOff)
    .leftJoin(writeOffReversal, eq(writeOffReversal.write_off_id, writeOff.id))
export const writeOffsOf = (ctx: Context, invoice_id: string): Promise<FoundWriteOff[]> =>
  found(ctx).where(eq(writeOff.invoice_id, invoice_id)).orderBy(asc(writeOff.recorded_at), asc(writeOff.id))
export async function findWriteOff(ctx: Context, id: string): Promise<FoundWriteOff | undefined> {
  const [row] = await found(ctx).where(eq(writeOff.id, id))
  return row
}

/** Sums of all, for each currency. */
export const sums = (ctx: Context) =>
  rows<{ currency: string; total: string; credited: string; written_off: string; open: string }>(
    ctx.tx,
    sql`select currency, sum(total_minor)::text as total, sum(credited_minor)::text as credited, sum(written_off_minor)::text as written_off, sum(open_minor)::text as open
        from settlement group by 1 order by 1`,
  )

/** The projection beside what it is a projection of, row by row where they differ: for the verifier. */
export const differing = (ctx: Context) =>
  rows<{ number: string }>(
    ctx.tx,
    sql`select coalesce(s.number, i.number) as number from (select * from invoice where document_type <> 'credit_note') i
        full join settlement s on s.invoice_id = i.id
        left join lateral (select coalesce(sum(n.total_minor), 0) as sum from invoice n where n.corrects_id = i.id and n.document_type = 'credit_note') c on true
        left join lateral (select coalesce(sum(w.amount_minor), 0) as sum from write_off w left join write_off_reversal r on r.write_off_id = w.id
          where w.invoice_id = i.id and r.write_off_id is null) w on true
        where i.id is null or s.invoice_id is null or s.total_minor <> i.total_minor or s.credited_minor <> c.sum or s.written_off_minor <> w.sum
           or s.account_id <> i.account_id or s.currency <> i.currency or s.number <> i.number order by 1`,
  )
