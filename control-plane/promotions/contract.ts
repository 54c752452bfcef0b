/** Words of promotions: coupons with their limits, who redeemed them, and what documents freeze of them. */
import { z } from 'zod'
import { Amount, CurrencyCode, Id, InstantText, PageQuery } from '../http/contract.ts'

/** Letters, digits and dashes: what people can read to each other. Kept in capitals. */
export const Code = z
  .string()
  .trim()
  .toUpperCase()
  .regex(/^[A-Z0-9][A-Z0-9-]{2,39}$/, 'must be 3 to 40 letters, digits or dashes')
  .meta({ example: 'WELCOME-10' })
const Scope = z.discriminatedUnion('type', [
  z.object({ type: z.literal('account') }),
  z.object({
    type: z.literal('components'),
    components: z
      .array(z.string().regex(/^[a-z_]+(\.[a-z_]+)?$/, 'must be a kind such as vm, or a component such as vm.memory'))
      .min(1)
      .max(50),
  }),
  z.object({ type: z.literal('price_book'), price_book_id: Id }),
])
const PercentText = z
  .string()
  .regex(/^(100(\.0{1,4})?|\d{1,2}(\.\d{1,4})?)$/, 'must be per cent above 0 and at most 100')
  .refine((text) => /[1-9]/.test(text), 'must be above 0')

/** What a document needs to know of a coupon to be made again: frozen on it. */
export const CouponTerms = z.object({
  redemption_id: Id,
  code: z.string(),
  redeemed_at: InstantText,
  type: z.enum(['percent', 'fixed']),
  rate: z.string().optional().meta({ description: 'of a percentage, in per cent' }),
  left: Amount.optional().meta({ description: 'of a fixed amount: what of it was not used up before' }),
  scope: Scope,
})
export type CouponTerms = z.infer<typeof CouponTerms>
export const AppliedCoupon = CouponTerms.extend({ used: Amount }).meta({ id: 'AppliedCoupon' })
export type AppliedCoupon = z.infer<typeof AppliedCoupon>

const Limits = {
  name: z.string().trim().min(1).max(200),
  valid_from: InstantText.nullable().meta({ description: 'from when it may be redeemed; null: at once' }),
  valid_to: InstantText.nullable().meta({ description: 'until when, exclusive; null: for ever' }),
  max_redemptions: z.int().min(1).max(1_000_000).nullable().meta({ description: 'by all accounts together' }),
  max_per_account: z.int().min(1).max(1_000),
}
export const Duration = z.enum(['once', 'periods', 'forever']).meta({
  description: 'for how many invoices: one, so many, or all. A fixed amount lasts until it is used up, at most so long',
})
export const Coupon = z
  .object({
    id: Id,
    code: z.string(),
    ...Limits,
    type: z.enum(['percent', 'fixed']),
    rate: z.string().nullable(),
    amount: Amount.nullable(),
    currency: CurrencyCode.nullable(),
    duration: Duration,
    periods: z.int().nullable(),
    scope: Scope,
    state: z.enum(['active', 'paused']),
    redemption_count: z.int(),
    used: Amount.nullable().meta({ description: 'what invoices gave by it, of a fixed amount; null: percentages' }),
    created_at: InstantText,
  })
  .meta({ id: 'Coupon' })
export type Coupon = z.infer<typeof Coupon>
const Fixed = z.object({
  type: z.literal('fixed'),
  amount: z.string().regex(/^\d{1,12}(\.\d{1,4})?$/),
  currency: CurrencyCode,
})
const Percent = z.object({ type: z.literal('percent'), rate: PercentText })
export const NewCoupon = z.object({
  code: Code,
  name: Limits.name,
  value: z.discriminatedUnion('type', [Percent, Fixed]),
  duration: Duration,
  periods: z.int().min(1).max(120).nullable().default(null).meta({ description: 'with the duration `periods` alone' }),
  scope: Scope.default({ type: 'account' }),
  valid_from: Limits.valid_from.default(null),
  valid_to: Limits.valid_to.default(null),
  max_redemptions: Limits.max_redemptions.default(null),
  max_per_account: Limits.max_per_account.default(1),
})
export type NewCoupon = z.infer<typeof NewCoupon>
export const CouponChange = z.object({ state: z.enum(['active', 'paused']) })
export const CouponQuery = PageQuery

export const Redemption = z
  .object({
    id: Id,
    account_id: Id,
    account_name: z.string(),
    code: z.string(),
    name: z.string(),
    type: z.enum(['percent', 'fixed']),
    rate: z.string().nullable(),
    amount: Amount.nullable(),
    currency: CurrencyCode.nullable(),
    duration: Duration,
    scope: Scope,
    redeemed_at: InstantText,
    periods_left: z.int().nullable().meta({ description: 'invoices that it still holds for; null: all' }),
    amount_left: Amount.nullable().meta({ description: 'of a fixed amount' }),
    is_used_up: z.boolean(),
  })
  .meta({ id: 'Redemption' })
export type Redemption = z.infer<typeof Redemption>
export const NewRedemption = z.object({ code: z.string().trim().min(1).max(60) })
