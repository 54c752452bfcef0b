/** Words of the catalogue: price books, and prices with their versions. */
import { z } from 'zod'
import { Kind, Size } from '#connectors/contract.ts'
import { Amount, CurrencyCode, Id, InstantText } from '../http/contract.ts'
import { SignedDecimal } from '../indexes/contract.ts'
import { GapPolicy, METER_NAMES, type MeterName } from '../metering/contract.ts'
import { TaxClass } from '../tax/contract.ts'

/**
 * `flat`: the amount whatever the size; `per_unit`: the amount for each unit. The others are applied to all that one resource used in
 * a billing period: `graduated` each unit at the price of its tier, `volume` all units at the price of the tier that is reached,
 * `package` and `stair_step` in packages that count whole; percentages are of what else is charged on the same bill; `allocation_pool` a fee for what may be held
 * at once, and more for what is held above it; `dynamic` each unit at what a published index says at the time of use.
 */
export const ChargeModel = z.enum([
  'flat',
  'per_unit',
  'graduated',
  'volume',
  'package',
  'stair_step',
  'percentage',
  'graduated_percentage',
  'allocation_pool',
  'dynamic',
])
export type ChargeModel = z.infer<typeof ChargeModel>
/** `hour` and `month` for allocation meters, `quantity` for consumption meters, `month` for percentile meters. */
export const Per = z.enum(['hour', 'month', 'quantity'])
export type Per = z.infer<typeof Per>
export const MeterOfPrice = z.enum(METER_NAMES)
/** What may be priced: kinds of resources, and services themselves. */
export const PricedKind = z.enum([...Kind.options, 'service'])
export type PricedKind = z.infer<typeof PricedKind>

const DECIMAL = /^\d{1,18}(\.\d{1,12})?$/
const Decimal = z
  .string()
  .regex(DECIMAL, 'must be a decimal of 0 or more with at most 12 places after the point, such as 0.0125')
  .meta({ example: '0.0125' })
const MAX_TIERS = 50
const Bound = Decimal.nullable().meta({ description: 'the last quantity of the tier; null in the last one alone' })
const Tiers = z
  .array(z.object({ up_to: Bound, unit_amount: Decimal, flat_amount: Decimal.default('0') }))
  .max(MAX_TIERS)
const RateTiers = z.array(z.object({ up_to: Bound, rate: Decimal, flat_amount: Decimal.default('0') })).max(MAX_TIERS)
const Package = z.object({ size: Decimal, amount: Decimal, free: Decimal.default('0') })
const Steps = z.object({
  mode: z.enum(['all_tiers', 'top_tier']),
  tiers: z
    .array(z.object({ block_size: Decimal, blocks: z.int().min(1).nullable(), amount: Decimal }))
    .max(MAX_TIERS)
    .meta({ description: 'blocks of a size, so many of them, each at an amount; the last tier has no end' }),
})
/** What is said of each event is for sums of payments that are metered; of other charges it says nothing but its rate. */
const Percentage = z.object({
  rate: Decimal.meta({ description: 'in per cent' }),
  fixed_per_event: Decimal.default('0'),
  free_events: z.int().min(0).default(0),
  free_amount: Decimal.default('0'),
  min_per_event: Decimal.nullable().default(null),
  max_per_event: Decimal.nullable().default(null),
})
const AllocationPool = z.object({
  size: Decimal.meta({ description: 'what all resources together may hold at any moment, in the unit of the price' }),
  amount: Decimal.meta({ description: 'the fee for the pool, for each period of the price' }),
  overage_amount: Decimal.meta({ description: 'for each unit above it, for as long as it is above' }),
})
const ByIndex = z.object({
  id: Id.meta({ description: 'a published index in the currency of the price book' }),
  factor: Decimal.default('1').meta({ description: '0.001 where the index is of MWh and the price of kWh' }),
  surcharge: SignedDecimal.default('0').meta({ description: 'on each unit' }),
  floor: SignedDecimal.optional().meta({ description: 'a unit costs no less' }),
  ceiling: SignedDecimal.optional().meta({ description: 'a unit costs no more' }),
})
export type ByIndex = z.infer<typeof ByIndex>
/** What a price says beyond its amount. Quantities are in its unit (× hours or months), amounts in its currency. */
export const Terms = z
  .strictObject({
    tiers: Tiers.optional().meta({ description: 'of `graduated` and `volume`' }),
    package: Package.optional(),
    steps: Steps.optional().meta({ description: 'of `stair_step`' }),
    percentage: Percentage.optional(),
    rate_tiers: RateTiers.optional().meta({ description: 'of `graduated_percentage`' }),
    allocation_pool: AllocationPool.optional(),
    of: z
      .strictObject({ kinds: z.array(PricedKind).min(1).max(PricedKind.options.length) })
      .optional()
      .meta({
        description:
          'of percentages: only of what these kinds are charged, `service` being the fees of plans; default: of all other charges of the bill',
      }),
    index: ByIndex.optional().meta({
      description:
        'of `dynamic`: a unit costs value × factor + surcharge, with the value of the time of use; where there is none, usage is unrated',
    }),
    pool: z.enum(['account', 'resources']).optional().meta({
      description:
        'all resources of the kind together, on one line. `account`: allowance, tiers, minimum and maximum hold once; `resources`: each brings its own share of them. Default: each resource for itself',
    }),
    included: Decimal.optional().meta({
      description:
        'costs nothing, for each resource and month; only its share of the time in which it was owned at this price',
    }),
    minimum: Decimal.optional().meta({
      description: 'at least so much for each resource and month, by the same share',
    }),
    maximum: Decimal.optional().meta({ description: 'at most so much, by the same share' }),
    proration: z.enum(['exact', 'day', 'none']).optional().meta({
      description:
        'of a monthly price: by the millisecond (default), by local dates, or the whole month for any part of it',
    }),
    day_count: z
      .enum(['actual', '30/360'])
      .optional()
      .meta({ description: 'how `day` counts; default: as in the calendar' }),
    timing: z.enum(['advance', 'arrears']).optional().meta({
      description:
        'of the fee of a plan: `advance` is charged by the invoice that reaches the beginning of a billing period, and settled when that has ended; default: `arrears`',
    }),
  })
  .meta({ id: 'PriceTerms' })
export type Terms = z.infer<typeof Terms>

/** A name, or a pointer (RFC 6901) into what it holds. */
const ATTRIBUTE = /^([^/].*|(\/([^~/]|~[01])+){1,8})$/
/** Of which resources a price in a cost book is: as a provider's list has one for each flavour or volume type. */
export const AppliesTo = z
  .strictObject({
    attribute: z.string().min(1).max(128).regex(ATTRIBUTE, 'must be a name, or a path such as /metadata/tier').meta({
      description: 'what the source tells of a resource: a name, or a path into what it holds, such as /metadata/tier',
      example: 'flavor',
    }),
    equals: z.string().min(1).max(255).meta({ example: 'm1.small' }),
  })
  .meta({ id: 'PriceAppliesTo' })
export type AppliesTo = z.infer<typeof AppliesTo>

export const Price = z
  .object({
    id: Id,
    price_book_id: Id,
    kind: PricedKind,
    meter: MeterOfPrice,
    applies_to: AppliesTo.optional().meta({
      description: 'in a cost book: only of resources that say so while they do; absent: of all others',
    }),
    model: ChargeModel,
    per: Per,
    unit: z.string().meta({ example: 'GiB', description: 'one of the units of the meter' }),
    amount: Amount.meta({ description: '0 where the model has amounts of its own' }),
    terms: Terms.nullable(),
    index: z
      .object({ name: z.string(), unit: z.string() })
      .optional()
      .meta({ description: 'of `dynamic`, in lists: how its index is called' }),
    currency: CurrencyCode,
    gap_policy: GapPolicy,
    tax_class: TaxClass,
    tax_inclusive: z.boolean().meta({ description: 'its amounts include the tax' }),
    effective_at: InstantText,
    ends_at: InstantText.nullable(),
    state: z.enum(['past', 'current', 'scheduled']),
    recorded_at: InstantText,
    actor: z.string(),
    reason: z.string(),
  })
  .meta({ id: 'Price' })
export type Price = z.infer<typeof Price>

export const NewPrice = z
  .object({
    kind: PricedKind,
    meter: MeterOfPrice,
    applies_to: AppliesTo.optional().meta({
      description:
        'only in a cost book: of resources that say so, in the time in which they do; the price without it is of the rest',
    }),
    model: ChargeModel,
    per: Per,
    unit: z.string().min(1).max(40),
    amount: Decimal.optional().meta({
      description: 'of `flat` and `per_unit`; the other models have amounts of their own',
    }),
    terms: Terms.optional(),
    gap_policy: GapPolicy.optional().meta({
      description:
        'what is done with time in which nobody looked; default: `infer` for what is held, `total` for what is consumed',
    }),
    tax_class: TaxClass.default('standard').meta({
      description: 'what is taxed how, where the company is taxed by place of supply',
    }),
    tax_inclusive: z.boolean().default(false).meta({ description: 'its amounts include the tax' }),
    effective_at: InstantText.optional().meta({
      description:
        'default: now, for the first price of a component the start of this month; to change a past price needs `correction`',
    }),
    correction: z.boolean().default(false).meta({ description: 'records a changed past, with a reason' }),
    reason: z.string().max(500).default(''),
    price_book_id: Id.optional().meta({ description: 'default: the standard book of the first company' }),
  })
  .meta({ example: { kind: 'vm', meter: 'vcpu', model: 'per_unit', per: 'hour', unit: 'vCPU', amount: '0.0125' } })
export type NewPrice = z.infer<typeof NewPrice>
export const PriceQuery = z.object({
  history: z.enum(['true', 'false']).default('false').meta({ description: 'also versions that have ended' }),
  price_book_id: Id.optional().meta({ description: 'default: the standard book of the company' }),
  legal_entity_id: Id.optional().meta({ description: 'default: the first company' }),
})
export const PriceList = z.object({ items: z.array(Price), currency: CurrencyCode, price_book_id: Id })
export type PriceList = z.infer<typeof PriceList>

/** Whose prices a negotiated book holds; those of a customer go before those of a group to which he belongs. */
export const NegotiatedFor = z.enum(['customer', 'group'])
export type NegotiatedFor = z.infer<typeof NegotiatedFor>
export const PriceBook = z
  .object({
    id: Id,
    legal_entity_id: Id,
    name: z.string(),
    currency: CurrencyCode,
    is_default: z.boolean().meta({ description: 'the standard book of its company in its currency' }),
    negotiated_for: NegotiatedFor.nullable().meta({
      description: 'holds only where it is assigned; null: a standard book, or one of a plan',
    }),
    created_at: InstantText,
    side: z.enum(['sale', 'cost']).meta({ description: '`cost`: what is paid, not what is charged' }),
  })
  .meta({ id: 'PriceBook' })
export type PriceBook = z.infer<typeof PriceBook>
export const PriceBookList = z.object({ items: z.array(PriceBook) })
const BOOK_NAME_MAX = 100
export const NewPriceBook = z.object({
  name: z.string().trim().min(1).max(BOOK_NAME_MAX),
  negotiated_for: NegotiatedFor.nullable().meta({
    description:
      'whoever it is assigned to has its prices, and those of the next book where it has none; null: a standard book',
  }),
  currency: CurrencyCode.optional().meta({ description: 'default: that of the company' }),
  legal_entity_id: Id.optional().meta({ description: 'default: the first company' }),
})
export type NewPriceBook = z.infer<typeof NewPriceBook>

/** At which prices the machines of a realm cost us: a price book, and the time in which it holds. */
export const CostBook = z
  .object({
    id: Id,
    price_book_id: Id,
    name: z.string(),
    currency: CurrencyCode,
    realm: z.string().nullable().meta({ description: 'null: every realm that has no cost book of its own' }),
    from: InstantText,
    to: InstantText.nullable(),
  })
  .meta({ id: 'CostBook' })
export type CostBook = z.infer<typeof CostBook>
export const CostBookList = z.object({
  items: z.array(CostBook),
  realms: z.array(z.string()).meta({ description: 'in which there are machines' }),
})
export const NewCostBook = z.object({
  name: z.string().trim().min(1).max(100),
  realm: z.string().min(1).max(200).nullable().default(null),
  currency: CurrencyCode.optional().meta({ description: 'default: that of the first company' }),
  from: InstantText.optional().meta({ description: 'default: the start of this month' }),
})
export type NewCostBook = z.infer<typeof NewCostBook>
export const CostBookChange = z.object({ to: InstantText.nullable().meta({ description: 'when it ends to hold' }) })
export type CostBookChange = z.infer<typeof CostBookChange>

export const PRICE_LIST_ROWS = 1_000
/** A provider's price list, with the decision when its prices hold. */
export const NewPriceList = NewPrice.pick({ effective_at: true, correction: true, reason: true }).extend({
  csv: z.string().min(1).max(512_000).meta({
    description: 'columns kind, meter, attribute, value, per, unit, amount, currency, named in the first line',
  }),
})
export type NewPriceList = z.infer<typeof NewPriceList>
const ListedPrice = NewPrice.pick({ kind: true, meter: true, applies_to: true, per: true, unit: true, amount: true })
const PriceListRow = z.object({
  line: z.int(),
  state: z.enum(['added', 'changed', 'unchanged', 'refused']),
  price: ListedPrice.nullable(),
  before: Amount.nullable().meta({ description: 'the amount that holds now, where it is changed' }),
  detail: z.string().nullable().meta({ description: 'why it is refused' }),
})
export const PriceListReport = z
  .object({ rows: z.array(PriceListRow), kept: z.int().meta({ description: 'prices that the list lacks: they stay' }) })
  .meta({ id: 'PriceListReport' })
export type PriceListReport = z.infer<typeof PriceListReport>

/** A version of a price as rating reads it: holds on [effective_at, ends_at), amount without trailing zeros. */
export interface PriceRow {
  id: string
  kind: PricedKind
  meter: MeterName
  model: ChargeModel
  per: Per
  unit: string
  amount: string
  terms: Terms | null
  /** absent: of all resources that no other price of the component applies to */
  applies_to?: AppliesTo
  gap_policy: GapPolicy
  tax_class: TaxClass
  tax_inclusive: boolean
  price_book_id: string
  effective_at: number
  ends_at: number | null
  currency: string
}

export const MeterDescription = z
  .object({
    name: MeterOfPrice,
    kind: z.enum(['allocation', 'consumption', 'gauge', 'percentile']),
    of: z.enum(['resource', 'service']).meta({ description: 'what has it: resources, or services of a plan' }),
    counts: z.enum(['allocated', 'running']).nullable(),
    units: z.array(z.string()),
    models: z.array(ChargeModel).meta({ description: 'how its prices may charge' }),
    gap_policies: z.array(GapPolicy).meta({ description: 'what its prices may say of gaps; the first is the default' }),
  })
  .meta({ id: 'Meter' })
export type MeterDescription = z.infer<typeof MeterDescription>
export const MeterList = z.object({ items: z.array(MeterDescription) })

/** What a plan sells: for lists and reports, no rule follows from it. */
export const PRODUCT_KINDS = [
  'vm',
  'bare_metal',
  'virtual_data_centre',
  'shared_hosting',
  's3',
  'colocation',
  'licence',
  'support',
  'other',
] as const
export const ProductKind = z.enum(PRODUCT_KINDS)
const PlanName = z.object({ en: z.string().trim().min(1).max(100), es: z.string().trim().min(1).max(100) })
const PlanText = z.object({ en: z.string().trim().max(2_000), es: z.string().trim().max(2_000) })
export type PlanName = z.infer<typeof PlanName>
const TRIAL_DAYS_MAX = 366

/** What a machine that fulfils a service of the plan is to be: reconciliation holds what is seen against it. No bill follows from it. */
export const PromisedMachine = z.object({
  kind: Kind,
  size: Size.default({}).meta({ description: 'what is left out is not promised' }),
  realm: z.string().min(1).max(256).optional().meta({ description: 'where it is to lie; left out: anywhere' }),
})
export type PromisedMachine = z.infer<typeof PromisedMachine>

/** A product with a price book of its own: its components are the prices in it. */
export const Plan = z
  .object({
    id: Id,
    legal_entity_id: Id,
    name: PlanName,
    description: PlanText,
    product_kind: ProductKind,
    state: z.enum(['draft', 'published', 'retired']),
    price_book_id: Id,
    currency: CurrencyCode,
    trial_days: z.int(),
    anchor: z.enum(['calendar', 'anniversary']).meta({
      description:
        'by which months its fees are charged, unless a subscription says otherwise: those of the calendar, or from the day and time at which each service begins',
    }),
    included_kinds: z.array(Kind).meta({
      description:
        'resources of these kinds are paid by the fee: of what fulfils a service, only what the plan prices costs more; of other kinds, what it does not price is charged as without it',
    }),
    promised: PromisedMachine.nullable(),
    created_at: InstantText,
    published_at: InstantText.nullable(),
    retired_at: InstantText.nullable(),
  })
  .meta({ id: 'Plan' })
export type Plan = z.infer<typeof Plan>
export const PlanList = z.object({ items: z.array(Plan) })
export const NewPlan = z.object({
  name: PlanName,
  description: PlanText.default({ en: '', es: '' }),
  product_kind: ProductKind,
  trial_days: z.int().min(0).max(TRIAL_DAYS_MAX).default(0),
  anchor: Plan.shape.anchor.default('calendar'),
  included_kinds: z.array(Kind).max(Kind.options.length).default([]),
  promised: PromisedMachine.nullable().default(null),
  legal_entity_id: Id.optional().meta({ description: 'default: the first company' }),
})
export type NewPlan = z.infer<typeof NewPlan>
export const PlanChange = z.object({
  name: PlanName.optional(),
  description: PlanText.optional(),
  product_kind: ProductKind.optional(),
  trial_days: z.int().min(0).max(TRIAL_DAYS_MAX).optional().meta({ description: 'only of a draft' }),
  included_kinds: z.array(Kind).max(Kind.options.length).optional().meta({ description: 'only of a draft' }),
  promised: PromisedMachine.nullable().optional().meta({ description: 'only of a draft' }),
})
export type PlanChange = z.infer<typeof PlanChange>
