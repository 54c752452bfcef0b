/** SQL of charges. Rows are only added: the database refuses all else. */
import { and, desc, eq, gt, inArray, isNotNull, isNull, lt, lte, or, type SQL } from 'drizzle-orm'
import type { Instant } from '../base/time.ts'
import { withinReach } from '../db/fence.ts'
import type { Context } from '../db/index.ts'
import { together } from '../db/together.ts'
import type { Charge } from './contract.ts'
import { plain } from './rules.ts'
import { charge, chargeBilled, chargeCancellation } from './schema.ts'

export type ChargeRow = typeof charge.$inferSelect
export type CancellationRow = typeof chargeCancellation.$inferSelect
export interface Found {
  charge: ChargeRow
  cancelled: CancellationRow | null
  billed: typeof chargeBilled.$inferSelect | null
}

const found = (ctx: Context, where: SQL | undefined) =>
  ctx.tx
    .select({ charge, cancelled: chargeCancellation, billed: chargeBilled })
    .from(charge)
    .leftJoin(chargeCancellation, eq(chargeCancellation.charge_id, charge.id))
    .leftJoin(chargeBilled, eq(chargeBilled.charge_id, charge.id))
    .where(and(withinReach(ctx, charge.account_id), where))
    .$dynamic()

const fromRow = ({ charge: row, ...rest }: Found): Found => ({
  charge: { ...row, quantity: plain(row.quantity), unit_price: plain(row.unit_price) },
  ...rest,
})

export const insertCharge = (ctx: Context, row: ChargeRow) => ctx.tx.insert(charge).values(row)
export const insertCancellation = (ctx: Context, row: CancellationRow) => ctx.tx.insert(chargeCancellation).values(row)
export const insertBilled = (ctx: Context, list: (typeof chargeBilled.$inferInsert)[]) =>
  ctx.tx.insert(chargeBilled).values(list)

export async function chargesById(ctx: Context, ids: readonly string[]): Promise<Found[]> {
  if (ids.length === 0) return []
  return (await found(ctx, inArray(charge.id, [...ids]))).map(fromRow)
}

const known = (cut: number) => lte(charge.cut, cut)
const uncancelled = (cut: number) => or(isNull(chargeCancellation.charge_id), gt(chargeCancellation.cut, cut))

/** What a contract's next bill may hold, as a cut knows it, the oldest first. */
export const openCharges = (ctx: Context, contract_id: string, cut: number): Promise<ChargeRow[]> =>
  openOfEach(ctx, cut, contract_id)
const openOfEach = together(async (ctx, cut: number, contract_ids: readonly string[]) => {
  const open = await found(
    ctx,
    and(inArray(charge.contract_id, [...contract_ids]), isNull(chargeBilled.charge_id), known(cut), uncancelled(cut)),
  ).orderBy(charge.at, charge.id)
  const of = Map.groupBy(
    open.map((row) => fromRow(row).charge),
    (row) => row.contract_id,
  )
  return contract_ids.map((id) => of.get(id) ?? [])
})

/** What stands on a document and is still due, as a cut knows it. */
export const chargesOn = async (ctx: Context, invoice_id: string, cut: number): Promise<ChargeRow[]> =>
  (
    await found(ctx, and(eq(chargeBilled.invoice_id, invoice_id), known(cut), uncancelled(cut))).orderBy(
      charge.at,
      charge.id,
    )
  ).map((row) => fromRow(row).charge)

const STATES: Record<Charge['state'], () => SQL | undefined> = {
  open: () => and(isNull(chargeBilled.charge_id), isNull(chargeCancellation.charge_id)),
  billed: () => and(isNotNull(chargeBilled.charge_id), isNull(chargeCancellation.charge_id)),
  cancelled: () => isNotNull(chargeCancellation.charge_id),
}
/** Newest first, one more than the limit. */
export async function selectCharges(
  ctx: Context,
  account_id: string,
  { state, limit }: { state?: Charge['state'] | undefined; limit: number },
  after: { at: Instant; id: string } | null,
): Promise<Found[]> {
  const { recorded_at, id } = charge
  const later = after ? or(lt(recorded_at, after.at), and(eq(recorded_at, after.at), lt(id, after.id))) : undefined
  const where = and(eq(charge.account_id, account_id), state && STATES[state](), later)
  return (
    await found(ctx, where)
      .orderBy(desc(recorded_at), desc(id))
      .limit(limit + 1)
  ).map(fromRow)
}

/** Which charge stands where, for the verifier. */
export const allBilled = (ctx: Context) =>
  ctx.tx.select({ charge_id: chargeBilled.charge_id, invoice_id: chargeBilled.invoice_id }).from(chargeBilled)
