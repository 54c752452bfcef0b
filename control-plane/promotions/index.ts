/** Verbs of promotions: coupons, who redeemed them, and what they take off the next invoice. */
import type { Instant } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import type { CouponTerms } from './contract.ts'

/** The coupons that hold for a document of an account whose period ends at an instant. */
export function couponsOn(
  _ctx: Context,
  _on: { account_id: string; currency: string; to: Instant },
): Promise<CouponTerms[]> {
  return Promise.resolve([])
}
