/** Services of an account with what they cost, for their page. */
import { getAccount } from '../accounts/index.ts'
import { permit } from '../base/actor.ts'
import { type Fraction, fraction } from '../base/exact.ts'
import { majorText, toMinor } from '../base/money.ts'
import { HOUR_MS, type Interval, lengthMs, monthOf } from '../base/time.ts'
import { isPercentage } from '../catalog/rules.ts'
import { listServices, unattachedOf } from '../contracts/index.ts'
import type { Context } from '../db/index.ts'
import { charged, WHOLE } from './charge.ts'
import type { SubscriptionList } from './contract.ts'
import { type Fee, feesAt } from './services.ts'

/** Services with the fee of a whole month; of what they cost nothing is said to who may not see the bill. */
export async function pricedServices(ctx: Context, account_id: string): Promise<SubscriptionList> {
  permit(ctx, 'accounts.read')
  const { zone } = await getAccount(ctx, account_id)
  const items = await listServices(ctx, account_id)
  const kinds = new Set(items.filter((one) => one.state !== 'cancelled').flatMap((one) => one.plan.included_kinds))
  const showsAmounts = ctx.actor.permissions.has('billing.read') && items.length > 0
  const fees = showsAmounts
    ? await ctx.program((program) => feesAt(program, account_id, ctx.now()))
    : new Map<string, Fee>()
  return {
    items: items.map((one) => {
      const fee = fees.get(one.id)
      if (!fee) return { ...one, fee: null }
      const { model, terms } = fee.price
      return isPercentage({ model }) && terms
        ? { ...one, fee: null, fee_percentage: { model, terms } }
        : { ...one, fee: monthly(fee, zone, one.currency) }
    }),
    unattached: await unattachedOf(ctx, account_id, [...kinds]),
  }
}

const monthly = (fee: Fee, zone: string, currency: string): string =>
  majorText(toMinor(feeIn(fee, monthOf(fee.at, zone)), currency), currency)

/** What a fee comes to in a whole month of such a length; not of a percentage. */
export function feeIn({ price, quantity }: Fee, month: Interval): Fraction {
  const size = price.model === 'flat' ? 1n : BigInt(quantity)
  const hours = fraction(size * lengthMs(month), BigInt(HOUR_MS))
  return charged(price, price.per === 'hour' ? hours : fraction(size), WHOLE).amount
}
