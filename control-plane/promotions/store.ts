/** The SQL of promotions. */
import { and, asc, count, desc, eq, gt, inArray, isNull, lt, lte, or, type SQL, sql } from 'drizzle-orm'
import type { Instant } from '../base/time.ts'
import { type Context, rows } from '../db/index.ts'
import { together } from '../db/together.ts'
import { coupon, couponGuess, redemption, redemptionUse } from './schema.ts'

export type CouponRow = typeof coupon.$inferSelect
export type RedemptionRow = typeof redemption.$inferSelect

export const insertCoupon = async (ctx: Context, row: CouponRow): Promise<void> => {
  await ctx.tx.insert(coupon).values(row)
}
export async function findCoupon(ctx: Context, by: { id: string } | { code: string }): Promise<CouponRow | null> {
  const [row] = await ctx.tx
    .select()
    .from(coupon)
    .where('id' in by ? eq(coupon.id, by.id) : eq(coupon.code, by.code))
  return row ?? null
}
export const updateState = async (ctx: Context, id: string, state: CouponRow['state']): Promise<void> => {
  await ctx.tx.update(coupon).set({ state }).where(eq(coupon.id, id))
}

export const selectCoupons = (
  ctx: Context,
  limit: number,
  after: { at: Instant; id: string } | null,
): Promise<CouponRow[]> =>
  ctx.tx
    .select()
    .from(coupon)
    .where(
      after
        ? or(lt(coupon.created_at, after.at), and(eq(coupon.created_at, after.at), lt(coupon.id, after.id)))
        : undefined,
    )
    .orderBy(desc(coupon.created_at), desc(coupon.id))
    .limit(limit + 1)
export const countCoupons = (ctx: Context): Promise<number> => ctx.tx.$count(coupon)

/** Minor units that invoices gave by each coupon. */
export async function givenBy(ctx: Context, ids: readonly string[]): Promise<Map<string, bigint>> {
  if (ids.length === 0) return new Map()
  const found = await ctx.tx
    .select({ id: redemption.coupon_id, used: sql<string>`sum(${redemptionUse.used_minor})` })
    .from(redemptionUse)
    .innerJoin(redemption, eq(redemption.id, redemptionUse.redemption_id))
    .where(inArray(redemption.coupon_id, [...ids]))
    .groupBy(redemption.coupon_id)
  return new Map(found.map(({ id, used }) => [id, BigInt(used)]))
}

/**
 * Takes one of the redemptions that are left, if one is: of many at once each waits for the row, and sees what the one before it left.
 * False where there is none, or the coupon may not be redeemed now.
 */
export async function takeOne(ctx: Context, id: string, now: Instant): Promise<boolean> {
  const taken = await ctx.tx
    .update(coupon)
    .set({ redemption_count: sql`${coupon.redemption_count} + 1` })
    .where(
      and(
        eq(coupon.id, id),
        eq(coupon.state, 'active'),
        or(isNull(coupon.valid_from), lte(coupon.valid_from, now)),
        or(isNull(coupon.valid_to), gt(coupon.valid_to, now)),
        or(isNull(coupon.max_redemptions), lt(coupon.redemption_count, coupon.max_redemptions)),
      ),
    )
    .returning({ id: coupon.id })
  return taken.length === 1
}
export const countOf = (ctx: Context, coupon_id: string, account_id: string): Promise<number> =>
  ctx.tx.$count(redemption, and(eq(redemption.coupon_id, coupon_id), eq(redemption.account_id, account_id)))
export const insertRedemption = async (ctx: Context, row: RedemptionRow): Promise<void> => {
  await ctx.tx.insert(redemption).values(row)
}

export interface Redeemed {
  redemption: RedemptionRow
  coupon: CouponRow
  account_name: string
  /** invoices that took of it, and how much */
  uses: number
  used_minor: bigint
}
const nameOf = sql<string>`(select a.name from account a where a.id = ${redemption.account_id})`
const REDEEMED_MAX = 10_000
/** Of a coupon, the oldest first. */
export const redeemedOf = (ctx: Context, coupon_id: string): Promise<Redeemed[]> =>
  selectRedeemed(ctx, eq(redemption.coupon_id, coupon_id))
/** By an account, the oldest first. */
export const redeemedBy = (ctx: Context, account_id: string): Promise<Redeemed[]> =>
  redeemedByEach(ctx, null, account_id)
const redeemedByEach = together(async (ctx, _all: null, account_ids: readonly string[]) => {
  const found = await selectRedeemed(ctx, inArray(redemption.account_id, [...account_ids]), account_ids.length)
  const by = Map.groupBy(found, (one) => one.redemption.account_id)
  return account_ids.map((id) => by.get(id) ?? [])
})
async function selectRedeemed(ctx: Context, where: SQL, times = 1): Promise<Redeemed[]> {
  const uses = ctx.tx
    .select({
      redemption_id: redemptionUse.redemption_id,
      uses: count().as('uses'),
      used: sql<string>`sum(${redemptionUse.used_minor})`.as('used'),
    })
    .from(redemptionUse)
    .groupBy(redemptionUse.redemption_id)
    .as('uses')
  const found = await ctx.tx
    .select({ redemption, coupon, account_name: nameOf, uses: uses.uses, used: uses.used })
    .from(redemption)
    .innerJoin(coupon, eq(coupon.id, redemption.coupon_id))
    .leftJoin(uses, eq(uses.redemption_id, redemption.id))
    .where(where)
    .orderBy(asc(redemption.redeemed_at), asc(redemption.id))
    .limit(times * REDEEMED_MAX)
  return found.map(({ uses: times, used, ...row }) => ({ ...row, uses: times ?? 0, used_minor: BigInt(used ?? '0') }))
}

/** Holds redemptions until the transaction ends, in one order everywhere. */
export const holdRedemptions = (ctx: Context, ids: readonly string[]) =>
  ctx.tx
    .select({ id: redemption.id })
    .from(redemption)
    .where(inArray(redemption.id, [...ids]))
    .orderBy(asc(redemption.id))
    .for('update')
export const insertUses = async (ctx: Context, list: (typeof redemptionUse.$inferInsert)[]): Promise<void> => {
  await ctx.tx.insert(redemptionUse).values(list)
}
/** What invoices took, as they froze it and as it is kept beside them. */
export const usesOf = (ctx: Context) =>
  rows<{ redemption_id: string; invoice_id: string; used: string }>(
    ctx.tx,
    sql`select redemption_id, invoice_id, used_minor::text as used from redemption_use`,
  )

/** Guesses of one account are counted one after the other. */
export const holdGuesses = async (ctx: Context, account_id: string): Promise<void> => {
  await ctx.tx.execute(sql`select pg_advisory_xact_lock(7241033, hashtext(${account_id}))`)
}
export const countGuesses = (ctx: Context, account_id: string, since: Instant): Promise<number> =>
  ctx.tx.$count(couponGuess, and(eq(couponGuess.account_id, account_id), gt(couponGuess.at, since)))
export async function keepGuess(ctx: Context, row: typeof couponGuess.$inferInsert, forgotten: Instant): Promise<void> {
  await ctx.tx.delete(couponGuess).where(and(eq(couponGuess.account_id, row.account_id), lt(couponGuess.at, forgotten)))
  await ctx.tx.insert(couponGuess).values(row)
}
