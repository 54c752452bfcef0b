/** Tables of promotions: coupons, who redeemed them, and which invoice used how much of them. */
import { bigint, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { account } from '../accounts/schema.ts'
import { instant } from '../db/columns.ts'
import type { Coupon } from './contract.ts'

export const coupon = pgTable(
  'coupon',
  {
    id: uuid().primaryKey(),
    code: text().notNull(),
    name: text().notNull(),
    type: text().$type<Coupon['type']>().notNull(),
    /** of a percentage */
    rate: text(),
    /** of a fixed amount, in minor units of its currency */
    amount_minor: bigint({ mode: 'bigint' }),
    currency: text(),
    duration: text().$type<Coupon['duration']>().notNull(),
    periods: integer(),
    scope: jsonb().$type<Coupon['scope']>().notNull(),
    state: text().$type<Coupon['state']>().notNull(),
    valid_from: instant(),
    valid_to: instant(),
    max_redemptions: integer(),
    max_per_account: integer().notNull(),
    /** raised by each redemption, under the row's lock: the database refuses more than there may be */
    redemption_count: integer().notNull().default(0),
    created_at: instant().notNull(),
  },
  (t) => [uniqueIndex().on(t.code)],
)

export const redemption = pgTable(
  'redemption',
  {
    id: uuid().primaryKey(),
    coupon_id: uuid()
      .notNull()
      .references(() => coupon.id),
    account_id: uuid()
      .notNull()
      .references(() => account.id),
    redeemed_at: instant().notNull(),
    actor: text().notNull(),
  },
  (t) => [index().on(t.account_id), index().on(t.coupon_id)],
)

/** What an invoice took of a redemption, written with it and never changed: what is left is the sum of these. */
export const redemptionUse = pgTable(
  'redemption_use',
  {
    redemption_id: uuid()
      .notNull()
      .references(() => redemption.id),
    invoice_id: uuid().notNull(),
    account_id: uuid()
      .notNull()
      .references(() => account.id),
    used_minor: bigint({ mode: 'bigint' }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.redemption_id, t.invoice_id] }), index().on(t.account_id)],
)

/** Codes that were entered and don't exist, so that nobody tries them all. */
export const couponGuess = pgTable(
  'coupon_guess',
  {
    id: uuid().primaryKey(),
    account_id: uuid()
      .notNull()
      .references(() => account.id),
    at: instant().notNull(),
  },
  (t) => [index().on(t.account_id, t.at)],
)
