/** Words of rating: lines and the segments beneath them. These shapes are frozen on invoices: they only grow. */
import { z } from 'zod'
import { Language, TaxCategory } from '../accounts/contract.ts'
import { TaxClass } from '../tax/contract.ts'
import { ChargeModel, MeterOfPrice, NewPrice, Per, Plan, PricedKind, Terms } from '../catalog/contract.ts'
import { Subscription } from '../contracts/contract.ts'
import { Amount, CurrencyCode, Id, InstantText } from '../http/contract.ts'
import { SignedDecimal } from '../indexes/contract.ts'
import { GapCause, GapPolicy } from '../metering/contract.ts'

/** Rises with any rule of rating or billing. */
export const ENGINE_VERSION = 6

export const FractionText = z
  .string()
  .regex(/^-?\d+\/\d+$/)
  .meta({ example: '413/10', description: 'exact, in lowest terms' })
/** A customer of the buyer, who resells to him: who used what is charged. */
export const ForAccount = z.object({ id: Id, name: z.string() })
export type ForAccount = z.infer<typeof ForAccount>
/** Time in which nobody looked, why, and what was done about it. */
export const LineGap = z.object({
  from: InstantText,
  to: InstantText,
  cause: GapCause,
  policy: GapPolicy.meta({
    description:
      '`infer` billed on, `total` known in sum, `skip` not billed, `block` filled or accepted before it was issued',
  }),
})
export type LineGap = z.infer<typeof LineGap>
/** A line shows this many gaps and says how many more there are. */
export const SHOWN_GAPS = 20

/**
 * A stretch in which owner, size, state and price are constant. `quantity` is in base units
 * (× milliseconds for allocation and percentiles); amount = quantity × amount of the price ÷ divisor.
 */
export const Segment = z.object({
  from: InstantText,
  to: InstantText,
  quantity: z.string().regex(/^\d+$/),
  /** allocation: base units held; percentile: the rate that is charged, in 75ths of a bit/s */
  size: z.string().regex(/^\d+$/).nullable(),
  amount: FractionText,
  observed_version_id: Id.nullable(),
  assignment_id: Id,
  resource: z.object({ id: Id, name: z.string() }).optional().meta({ description: 'of a pooled price: whose it is' }),
  for_account: ForAccount.optional().meta({ description: 'of a pooled price: which customer of a reseller used it' }),
  /** SHA-256 over what the quantity was summed from: usage hours and readings, or the version */
  digest: z.string(),
  /** milliseconds in which nobody looked; allocation goes on, consumption is unknown or spread */
  unobserved_ms: z.int(),
  estimated: z.boolean(),
  /** nobody looked, and the price bills nothing of such time: the quantity is 0 whatever was held */
  skipped: z.literal(true).optional(),
  /** a trial, which costs nothing: the quantity is 0 whatever was held or used */
  trial: z.literal(true).optional(),
  index_value: SignedDecimal.optional().meta({ description: 'of a price by an index: what that says' }),
  unit_amount: FractionText.optional().meta({
    description: 'of a price by an index: what a unit costs by it; amount = quantity × unit_amount ÷ divisor',
  }),
})
/** How a line came about that isn't the sum of its segments: its terms applied to all that was used in the period. */
export const LineCharge = z.object({
  quantity: FractionText.meta({
    description:
      'in priced units (× hours or months), as the proration of the price counts them; of percentages the sum of which it is one',
  }),
  share: FractionText.meta({
    description:
      'time in which it was owned at this price ÷ the calendar month: allowance, minimum and maximum are this part',
  }),
  included: FractionText.meta({ description: 'what of the quantity was used up of the allowance and cost nothing' }),
  parts: z.array(
    z.object({
      tier: z.int(),
      quantity: FractionText,
      unit_amount: FractionText,
      flat_amount: FractionText,
      amount: FractionText.meta({ description: 'quantity × unit_amount + flat_amount' }),
    }),
  ),
  used: FractionText.meta({ description: 'the sum of the parts' }),
  top_up: FractionText.meta({ description: 'what the minimum adds' }),
  discount: FractionText.meta({ description: 'what the maximum takes off' }),
})
export type LineCharge = z.infer<typeof LineCharge>

/** What a line is for: a resource, a service itself, all of a kind together under the id of the service, or what was charged for once. */
export const LineKind = z.enum([...PricedKind.options, 'pool', 'one_off'])
/** Of a line for what was charged for once: when it was done, how it is called in each language, and which project bears it. */
const OneOff = z.object({
  at: InstantText,
  description: z.record(Language, z.string()),
  project_id: Id.nullable(),
})

/** The slot of five minutes that a percentile meter is charged for, among all of the line's time. */
export const LinePercentile = z.object({
  in: FractionText.nullable().meta({ description: 'bit/s; null: nothing was ever known of this direction' }),
  out: FractionText.nullable(),
  rank: z
    .int()
    .meta({ description: 'which of the observed slots counts, from the lowest: ⌈0.95 n⌉, or n for the peak' }),
  slots: z.int().meta({ description: 'n: whole slots of the UTC clock that were observed' }),
  missing: z.int().meta({ description: 'whole slots that were not: they count for nothing, and never as 0' }),
  spread: z
    .int()
    .meta({ description: 'of the n, those with the mean of readings that lie further apart than five minutes' }),
})
/** Of what a percentage is taken: other lines of the same document, in the time in which it holds. */
export const LineBase = z.object({
  amount: Amount.meta({ description: 'their sum; where that is below 0, nothing is charged of it' }),
  lines: z
    .array(z.object({ line_id: z.string(), amount: Amount }))
    .meta({ description: 'before discounts and before tax; those that bear nothing of it are left out' }),
})

/** What one redeemed coupon takes off a line. */
export const LineDiscount = z.object({ redemption_id: Id, code: z.string(), amount: Amount })
export type LineDiscount = z.infer<typeof LineDiscount>

const RatedLine = z
  .object({
    id: z.string(),
    service_id: Id,
    resource: z
      .object({ id: Id, kind: LineKind, name: z.string() })
      .meta({ description: 'of the kind `service`: a service itself, called by its plan' }),
    for_account: ForAccount.optional().meta({
      description: 'for which customer of a reseller; absent: for the buyer, or of a pooled price as its segments say',
    }),
    plan: Plan.pick({ id: true, name: true })
      .optional()
      .meta({ description: 'whose price it is; absent: that of the contract' }),
    component: z.string().meta({ example: 'vm.memory' }),
    meter: MeterOfPrice.optional().meta({ description: 'absent: it is metered on nothing' }),
    price: z.object({
      id: Id,
      model: ChargeModel,
      per: Per,
      unit: z.string(),
      amount: Amount,
      gap_policy: GapPolicy.optional().meta({
        description: 'absent: `infer` for what is held, `total` for what is consumed',
      }),
      price_book_id: Id.optional(),
      effective_at: InstantText,
      terms: Terms.optional().meta({ description: 'absent: it says no more than its amount' }),
      index: z
        .object({ name: z.string(), unit: z.string() })
        .optional()
        .meta({ description: 'of `dynamic`: by which published index; the segments say its values' }),
      ends_at: InstantText.optional().meta({ description: 'of prices with terms; absent: it went on' }),
      times: z
        .array(z.object({ from: InstantText, to: InstantText, trial: z.literal(true).optional() }))
        .optional()
        .meta({
          description:
            'the stretches of the period in which it holds for this resource, by the services that it fulfils; absent: all of its time',
        }),
    }),
    period: z.object({ from: InstantText, to: InstantText }),
    basis: z.object({ from: InstantText, to: InstantText }).optional().meta({
      description:
        'the billing period of its service, of which its monthly price is; absent: the calendar month of its period',
    }),
    timing: z.literal('advance').optional().meta({ description: 'charged before its period ends, and settled then' }),
    /** base units in one priced unit × milliseconds in one period of the price (1 for quantities) */
    divisor: z.string().regex(/^\d+$/),
    quantity: z.string(),
    /** quantity in priced units (× hours or months), rounded to 6 decimals for people */
    quantity_display: z.string(),
    exact: FractionText,
    charge: LineCharge.optional().meta({ description: 'absent: quantity × amount of the price ÷ divisor' }),
    percentage_of: LineBase.optional().meta({ description: 'of percentages: what they are a share of' }),
    percentile: LinePercentile.optional().meta({ description: 'of percentile meters' }),
    gross: Amount.optional().meta({ description: 'before discounts; absent: there are none' }),
    discounts: z.array(LineDiscount).optional(),
    gross_inclusive: Amount.optional().meta({
      description: 'of a price that includes the tax: after discounts, with the tax; what of it is no tax is the net',
    }),
    net: Amount.meta({ description: 'what is taxed: after discounts, before tax' }),
    currency: CurrencyCode,
    tax_category: TaxCategory,
    tax_rate: z.string(),
    tax_class: TaxClass.optional().meta({ description: 'absent: all that its seller sold had one tax' }),
    unobserved_ms: z.int(),
    estimated: z.boolean(),
    gaps: z.array(LineGap).max(SHOWN_GAPS).optional(),
    gaps_more: z.int().positive().optional(),
    segments: z.array(Segment),
    one_off: OneOff.optional(),
  })
  .meta({ id: 'RatedLine' })

/** Why a period costs otherwise than was charged for it in advance. */
export const SettlementCause = z.enum(['cancelled', 'plan', 'quantity', 'trial', 'price'])
export type SettlementCause = z.infer<typeof SettlementCause>
/** A billing period that was charged in advance, after its end: the line is one piece of the difference. */
export const LineSettlement = z.object({
  due: Amount.meta({ description: 'what its lines come to, before discounts' }),
  advanced: Amount.meta({ description: 'what was charged in advance, before discounts' }),
  kept: Amount.meta({ description: 'what was charged in advance, after discounts: so much of it is given back' }),
  documents: z.array(z.object({ invoice_id: Id, number: z.string() })).meta({ description: 'that charged it' }),
  causes: z.array(SettlementCause),
  lines: z.array(RatedLine).meta({ description: 'what it costs' }),
})
export type LineSettlement = z.infer<typeof LineSettlement>

export const Line = RatedLine.extend({
  settlement: LineSettlement.optional().meta({
    description: 'of a billing period that was charged in advance: one piece of what is due less what was charged',
  }),
}).meta({ id: 'Line' })
export type Line = z.infer<typeof Line>
export type Segment = z.infer<typeof Segment>
/** Owned usage without a price: it blocks finalising. */
export const Unrated = z
  .object({
    resource: z.object({ id: Id, kind: PricedKind, name: z.string() }),
    for_account: ForAccount.optional(),
    meter: MeterOfPrice,
    hours: z.int(),
    from: InstantText,
    to: InstantText,
    index: z.string().optional().meta({ description: 'of a price by this index, which has no value then' }),
  })
  .meta({ id: 'Unrated' })

/** A gap under a price that blocks: the invoice waits until it is filled or accepted. */
export const BlockedGap = z
  .object({
    resource: z.object({ id: Id, kind: PricedKind, name: z.string() }),
    for_account: ForAccount.optional(),
    meter: MeterOfPrice,
    from: InstantText,
    to: InstantText,
    cause: GapCause,
  })
  .meta({ id: 'BlockedGap' })
export type BlockedGap = z.infer<typeof BlockedGap>
const AcceptedGap = z.object({
  resource_id: Id,
  meter: MeterOfPrice,
  from: InstantText,
  to: InstantText.nullable().meta({ description: 'null: as long as this gap lasts, on the next invoice' }),
})
/** Says that the bill may go out with these gaps as they are. */
export const NewGapAcceptance = z.object({
  gaps: z.array(AcceptedGap).min(1).max(1_000),
  reason: z.string().trim().min(1).max(500),
})
export type NewGapAcceptance = z.infer<typeof NewGapAcceptance>

/** Usage of one local day: quantities in priced units × hours or months, amounts before rounding to the currency's minor unit. */
export const DayUsage = z.object({
  date: z.string().meta({ example: '2026-11-10' }),
  amount: Amount.nullable().meta({ description: 'null for who may not see the bill' }),
  items: z.array(
    z.object({
      component: z.string().meta({ example: 'vm.memory' }),
      unit: z.string(),
      per: Per,
      quantity: z.string(),
      amount: Amount.nullable(),
    }),
  ),
})
export type DayUsage = z.infer<typeof DayUsage>
export const AccountUsage = z
  .object({
    account_id: Id,
    zone: z.string(),
    month: z.string(),
    currency: CurrencyCode.nullable().meta({ description: 'null where there was no contract' }),
    days: z.array(DayUsage),
  })
  .meta({ id: 'AccountUsage' })
export type AccountUsage = z.infer<typeof AccountUsage>
export const AccountUsageQuery = z.object({
  month: z
    .string()
    .regex(/^20\d\d-(0[1-9]|1[0-2])$/, 'must be a month such as 2026-11')
    .optional()
    .meta({ description: "a month in the account's zone; default: the present one" }),
  project_id: z
    .union([Id, z.literal('none')])
    .optional()
    .meta({ description: 'only what was used in it; `none`: in no project' }),
})

/**
 * Why lines don't say what they would be under another price. `gaps`: it treats gaps otherwise, and there are some; `share`: for how
 * long the thing was owned isn't on them; `proration`: what it was before the period isn't; `discounts`: they were discounted;
 * `meter`: it isn't measured in quantities and time; `advance`: it settles what an earlier bill charged in advance; `index`: what a unit costs isn't one amount.
 */
export const WhyNotRepriced = z.enum([
  'gaps',
  'share',
  'proration',
  'discounts',
  'with_tax',
  'pool',
  'meter',
  'advance',
  'index',
])
export type WhyNotRepriced = z.infer<typeof WhyNotRepriced>

/** A price as it was thought up, and a quantity: what that would cost. */
export const NewQuote = z.object({
  price: NewPrice,
  quantity: z
    .string()
    .regex(/^\d{1,18}(\.\d{1,12})?$/, 'must be a decimal of 0 or more')
    .meta({ description: 'in the unit of the price (× hours or months), of one resource in a whole month' }),
})
export const Quote = z
  .object({
    amount: Amount.meta({ description: 'rounded as a line would be' }),
    exact: FractionText,
    currency: CurrencyCode,
    charge: LineCharge,
  })
  .meta({ id: 'Quote' })

/** A service with what it costs. */
export const PricedSubscription = Subscription.extend({
  fee: Amount.nullable().meta({
    description:
      'of a whole month, as agreed now, after any trial; null: no fee, not for this reader, or a percentage of other charges',
  }),
  fee_percentage: z
    .object({ model: ChargeModel, terms: Terms })
    .optional()
    .meta({ description: 'of what else is charged on the bill, where the fee is a percentage of it' }),
}).meta({ id: 'PricedSubscription' })
export const SubscriptionList = z
  .object({
    items: z.array(PricedSubscription).meta({ description: 'oldest first' }),
    unattached: z
      .array(z.object({ id: Id, kind: PricedKind, name: z.string() }))
      .meta({ description: 'resources of kinds that its plans include, in no service now; at most 100' }),
  })
  .meta({ id: 'SubscriptionList' })
export type SubscriptionList = z.infer<typeof SubscriptionList>
