/** Verbs of promotions: coupons, who redeemed them, and what they take off the next invoice. */
import { z } from 'zod'
import { InstantMs } from '#connectors/contract.ts'
import { getAccount } from '../accounts/index.ts'
import { refuse } from '../accounts/rules.ts'
import { permit } from '../base/actor.ts'
import { allRows, type CsvColumns, csvTable } from '../base/csv.ts'
import { newId } from '../base/id.ts'
import { Problem, sure } from '../base/problem.ts'
import { fromIso, HOUR_MS, iso } from '../base/time.ts'
import { contractOf } from '../contracts/index.ts'
import { getBook } from '../catalog/index.ts'
import { type Context, databaseError } from '../db/index.ts'
import { append } from '../events/index.ts'
import type { Page, PageQuery } from '../http/contract.ts'
import { decodeCursor, encodeCursor } from '../http/index.ts'
import type { AppliedCoupon, Coupon, CouponTerms, NewCoupon, Redemption } from './contract.ts'
import { amountText, couponErrors, leftOf, minorOf } from './rules.ts'
import * as store from './store.ts'

export async function createCoupon(ctx: Context, input: NewCoupon): Promise<Coupon> {
  permit(ctx, 'catalog.write')
  refuse(couponErrors(input))
  if (input.scope.type === 'price_book') await getBook(ctx, input.scope.price_book_id)
  const { value, valid_from, valid_to, ...rest } = input
  const row: store.CouponRow = {
    ...rest,
    id: newId(),
    type: value.type,
    rate: value.type === 'percent' ? value.rate : null,
    amount_minor: value.type === 'fixed' ? minorOf(value.amount, value.currency) : null,
    currency: value.type === 'fixed' ? value.currency : null,
    state: 'active',
    valid_from: valid_from === null ? null : fromIso(valid_from),
    valid_to: valid_to === null ? null : fromIso(valid_to),
    redemption_count: 0,
    created_at: ctx.now(),
  }
  try {
    await store.insertCoupon(ctx, row)
  } catch (error) {
    if (databaseError(error)?.constraint === 'coupon_code_index')
      throw new Problem('conflict', `The code ${row.code} is taken; choose another.`, [
        { pointer: '/code', detail: 'is taken' },
      ])
    throw error
  }
  const after = shown(row, 0n)
  await append(ctx, { type: 'coupon.created', subject: { kind: 'coupon', id: row.id }, after })
  return after
}

/** Paused: nobody redeems it any more; who has, keeps it. */
export async function changeCoupon(ctx: Context, id: string, { state }: Pick<Coupon, 'state'>): Promise<Coupon> {
  permit(ctx, 'catalog.write')
  const before = await store.findCoupon(ctx, { id })
  if (!before) throw new Problem('not_found', `There is no coupon ${id}.`)
  await store.updateState(ctx, id, state)
  await append(ctx, {
    type: 'coupon.changed',
    subject: { kind: 'coupon', id },
    before: { state: before.state },
    after: { state },
  })
  const given = await store.givenBy(ctx, [id])
  return shown({ ...before, state }, given.get(id) ?? 0n)
}

function shown(
  { amount_minor, created_at, valid_from, valid_to, ...row }: store.CouponRow,
  used_minor: bigint,
): Coupon {
  return {
    ...row,
    amount: amountText(amount_minor, row.currency),
    used: amountText(used_minor, row.currency),
    valid_from: valid_from === null ? null : iso(valid_from),
    valid_to: valid_to === null ? null : iso(valid_to),
    created_at: iso(created_at),
  }
}

const Cursor = z.object({ at: InstantMs, id: z.uuid() })
/** The newest first. */
export async function listCoupons(ctx: Context, query: z.infer<typeof PageQuery>): Promise<Page<Coupon>> {
  permit(ctx, 'catalog.read')
  const found = await store.selectCoupons(ctx, query.limit, decodeCursor(query.cursor, Cursor))
  const here = found.slice(0, query.limit)
  const last = found.length > query.limit ? here.at(-1) : undefined
  const given = await store.givenBy(
    ctx,
    here.map(({ id }) => id),
  )
  return {
    items: here.map((row) => shown(row, given.get(row.id) ?? 0n)),
    next_cursor: last ? encodeCursor({ at: last.created_at, id: last.id }) : null,
    total: await store.countCoupons(ctx),
  }
}

/** Wrong codes that an account may try in an hour. */
export const GUESSES = 10

/**
 * Before a code is redeemed, in a transaction of its own, so that a wrong one is counted though it is refused: how often an account may
 * guess is limited. Those who made the codes guess nothing.
 */
export async function countGuess(ctx: Context, account_id: string, code: string): Promise<void> {
  permit(ctx, 'accounts.write')
  if (ctx.actor.account_id === null) return
  const { id } = await getAccount(ctx, account_id)
  await store.holdGuesses(ctx, id)
  const since = ctx.now() - HOUR_MS
  if ((await store.countGuesses(ctx, id, since)) >= GUESSES)
    throw new Problem(
      'rate_limited',
      `${GUESSES} wrong codes were entered within an hour. Wait an hour, or ask your provider for the code.`,
    )
  if (!(await store.findCoupon(ctx, { code: spelled(code) })))
    await store.keepGuess(ctx, { id: newId(), account_id: id, at: ctx.now() }, since)
}
const spelled = (code: string): string => code.trim().toUpperCase()

/** Redeems a code for an account. Throws `not_found` where there is none to be redeemed now, `conflict` where it was redeemed too often. */
export async function redeem(ctx: Context, account_id: string, { code }: { code: string }): Promise<Redemption> {
  permit(ctx, 'accounts.write')
  const account = await getAccount(ctx, account_id)
  const coupon = await store.findCoupon(ctx, { code: spelled(code) })
  const unknown = () =>
    new Problem('not_found', `There is no code ${spelled(code).slice(0, 40)} that can be redeemed now.`)
  if (!coupon) throw unknown()
  const contract = await contractOf(ctx, account_id)
  if (coupon.currency !== null && contract?.currency !== coupon.currency)
    throw new Problem(
      'conflict',
      `${coupon.code} is in ${coupon.currency}; ${account.name} is billed in ${contract?.currency ?? 'no currency yet'}.`,
    )
  const now = ctx.now()
  if (!(await store.takeOne(ctx, coupon.id, now))) {
    const isOver =
      coupon.max_redemptions !== null &&
      sure(await store.findCoupon(ctx, { id: coupon.id })).redemption_count >= coupon.max_redemptions
    throw isOver ? new Problem('conflict', `${coupon.code} was redeemed as often as it may be.`) : unknown()
  }
  // under the lock that was taken with it
  if ((await store.countOf(ctx, coupon.id, account_id)) >= coupon.max_per_account)
    throw new Problem('conflict', `${account.name} has redeemed ${coupon.code} already.`)
  const row: store.RedemptionRow = {
    id: newId(),
    coupon_id: coupon.id,
    account_id,
    redeemed_at: now,
    actor: ctx.actor.name,
  }
  await store.insertRedemption(ctx, row)
  const after = presented({ redemption: row, coupon, account_name: account.name, uses: 0, used_minor: 0n })
  await append(ctx, { type: 'coupon.redeemed', subject: { kind: 'coupon', id: coupon.id }, account_id, after })
  return after
}

function presented({ redemption, coupon, account_name, ...used }: store.Redeemed): Redemption {
  const left = leftOf(coupon, used)
  const { code, name, type, rate, currency, duration, scope } = coupon
  return {
    id: redemption.id,
    account_id: redemption.account_id,
    account_name,
    code,
    name,
    type,
    rate,
    amount: amountText(coupon.amount_minor, currency),
    currency,
    duration,
    scope,
    redeemed_at: iso(redemption.redeemed_at),
    periods_left: left.periods,
    amount_left: amountText(left.minor, currency),
    is_used_up: left.isUsedUp,
  }
}

/** What an account has redeemed. */
export async function listRedemptions(ctx: Context, account_id: string): Promise<Redemption[]> {
  permit(ctx, 'billing.read')
  await getAccount(ctx, account_id)
  return ctx.program(async (program) => (await store.redeemedBy(program, account_id)).map(presented))
}
/** Who has redeemed a coupon. */
export async function redemptionsOf(ctx: Context, coupon_id: string): Promise<Redemption[]> {
  permit(ctx, 'catalog.read')
  if (!(await store.findCoupon(ctx, { id: coupon_id })))
    throw new Problem('not_found', `There is no coupon ${coupon_id}.`)
  return (await store.redeemedOf(ctx, coupon_id)).map(presented)
}

const COLUMNS: CsvColumns<Coupon> = {
  code: (it) => it.code,
  name: (it) => it.name,
  type: (it) => it.type,
  rate: (it) => it.rate,
  amount: (it) => it.amount,
  currency: (it) => it.currency,
  duration: (it) => it.duration,
  periods: (it) => it.periods,
  state: (it) => it.state,
  valid_from: (it) => it.valid_from,
  valid_to: (it) => it.valid_to,
  max_redemptions: (it) => it.max_redemptions,
  max_per_account: (it) => it.max_per_account,
  redemption_count: (it) => it.redemption_count,
  used: (it) => it.used,
}
/** All coupons as CSV. */
export const couponsCsv = async (ctx: Context): Promise<string> =>
  csvTable(COLUMNS, await allRows((page) => listCoupons(ctx, page)))

/** The coupons that hold for what is invoiced to an account from now on: redeemed, in its currency, and not used up. */
export async function couponsOn(
  ctx: Context,
  { account_id, currency }: { account_id: string; currency: string },
): Promise<CouponTerms[]> {
  permit(ctx, 'billing.read')
  const found = await store.redeemedBy(ctx, account_id)
  return found.flatMap(({ redemption, coupon, ...used }) => {
    const left = leftOf(coupon, used)
    const isOther = coupon.currency !== null && coupon.currency !== currency
    if (left.isUsedUp || isOther) return []
    const { code, type, rate, scope } = coupon
    const value = type === 'percent' ? { rate: sure(rate) } : { left: sure(amountText(left.minor, currency)) }
    return [{ redemption_id: redemption.id, code, redeemed_at: iso(redemption.redeemed_at), type, ...value, scope }]
  })
}

/** Keeps what an invoice took, in the transaction that issues it: of two that take of one redemption the second sees what the first left. */
export async function useCoupons(
  ctx: Context,
  { invoice_id, account_id, currency }: { invoice_id: string; account_id: string; currency: string },
  coupons: readonly AppliedCoupon[],
): Promise<void> {
  permit(ctx, 'billing.write')
  if (coupons.length === 0) return
  const ids = coupons.map((one) => one.redemption_id)
  await store.holdRedemptions(ctx, ids)
  const held = new Map((await store.redeemedBy(ctx, account_id)).map((one) => [one.redemption.id, one]))
  const uses = coupons.map(({ redemption_id, code, used }) => {
    const one = held.get(redemption_id)
    const used_minor = sure(minorOf(used, currency))
    const left = one && leftOf(one.coupon, one)
    if (!left || left.isUsedUp || (left.minor !== null && used_minor > left.minor))
      throw new Problem(
        'stale_review',
        `${code} was used up by another invoice meanwhile: look at the draft again and issue that.`,
      )
    return { redemption_id, invoice_id, account_id, used_minor }
  })
  await store.insertUses(ctx, uses)
}
export const usesOfCoupons = (ctx: Context) => store.usesOf(ctx)
