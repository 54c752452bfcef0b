/** Words of repricing: sets of decisions about prices, how many prices are changed at once, and what they would have changed. */
import { z } from 'zod'
import { Kind } from '#connectors/contract.ts'
import { Account } from '../accounts/contract.ts'
import { ChargeModel, MeterOfPrice, NewPrice, Price } from '../catalog/contract.ts'
import { Amount, CurrencyCode, Id, InstantText, PageQuery } from '../http/contract.ts'
import { WhyNotRepriced } from '../rating/contract.ts'

/** So many prices may be decided about at once. */
export const PRICES_MAX = 20_000
const SIGNED = /^-?\d{1,18}(\.\d{1,12})?$/
const Signed = z.string().regex(SIGNED, 'must be a decimal with at most 12 places after the point, such as -2.5')

export const Selection = z.object({
  price_book_ids: z.array(Id).min(1).max(1_000).optional().meta({
    description: 'in one currency; default: the standard book of the first company',
  }),
  kinds: z.array(Kind).max(100).optional(),
  meters: z.array(MeterOfPrice).max(100).optional(),
  models: z.array(ChargeModel).max(20).optional(),
  text: z
    .string()
    .max(100)
    .optional()
    .meta({ description: 'part of `kind.meter`, of the unit or of the name of the book' }),
})
export const Change = z.object({
  percent: Signed.optional().meta({ example: '7.5', description: 'first: this many per cent more; below 0: less' }),
  amount: Signed.optional().meta({
    example: '-0.01',
    description: 'then: this much more, in the currency of the book',
  }),
  round_to: z
    .string()
    .regex(/^\d{1,9}(\.\d{1,12})?$/, 'must be a step above 0, such as 0.05')
    .optional()
    .meta({ example: '0.05', description: 'last: to a multiple of this step; default: to 12 decimals' }),
  rounding: z.enum(['nearest', 'up', 'down']).default('nearest'),
})
export type Change = z.infer<typeof Change>
/** All amounts of the prices change, those within their terms too; what is 0 stays 0. */
export const Recalculation = Selection.extend(Change.shape).meta({ id: 'Recalculation' })
export type Recalculation = z.infer<typeof Recalculation>

const EffectiveAt = InstantText.optional().meta({
  description: 'from when on the prices hold; default: the start of the next month in the zone of the company',
})

export const SORTS = ['name', 'price', 'delta', 'accounts', 'revenue'] as const
export const PreviewQuery = Recalculation.extend({
  effective_at: EffectiveAt,
  sort: z.enum(SORTS).default('name').meta({ description: '`revenue`: by how much the month changes' }),
  order: z.enum(['asc', 'desc']).default('asc'),
  ...PageQuery.shape,
})
export type PreviewQuery = z.infer<typeof PreviewQuery>

export const PriceContent = Price.pick({
  model: true,
  per: true,
  unit: true,
  amount: true,
  terms: true,
  gap_policy: true,
}).meta({
  id: 'PriceContent',
})
const Percent = z.string().meta({ example: '7.5', description: 'in per cent' })
/** A price before and after; a price with several amounts may change by several percentages. */
const Decided = z.object({
  price_book: z.object({ id: Id, name: z.string() }),
  kind: Kind,
  meter: MeterOfPrice,
  before: PriceContent.nullable().meta({ description: 'what holds then without the decision; null: nothing' }),
  after: PriceContent,
  delta: z.object({ least: Percent, most: Percent }).nullable().meta({
    description: 'null where the two can not be compared: another model, or nothing before',
  }),
})
export const PreviewedPrice = Decided.extend({
  until: InstantText.nullable().meta({ description: 'when a version that was decided earlier follows' }),
  accounts: z.int().meta({ description: 'customers who used it in that month' }),
  revenue_before: Amount,
  revenue_after: Amount,
}).meta({ id: 'PreviewedPrice' })
export type PreviewedPrice = z.infer<typeof PreviewedPrice>

/** Lines that stay as they were billed, because they don't say what they would be. */
export const Mark = z.object({ why: WhyNotRepriced, lines: z.int(), net: Amount })
export type Mark = z.infer<typeof Mark>

export const Preview = z
  .object({
    effective_at: InstantText,
    currency: CurrencyCode,
    digest: z.string().meta({ description: 'over all decisions: applying by it is refused once they would be others' }),
    prices: z.int().meta({ description: 'that change' }),
    unchanged: z.int().meta({ description: 'that were selected and stay as they are' }),
    month: z.string().meta({ example: '2026-10', description: 'the last calendar month: its real usage is rated' }),
    accounts: z.int().meta({ description: 'customers who used any of them in that month' }),
    revenue_before: Amount.meta({
      description: 'net, of these prices in that month: as invoiced, or as rated now where it is not invoiced yet',
    }),
    revenue_after: Amount,
    not_computed: z.array(Mark),
    not_rated: z.int().meta({
      description: 'customers without an invoice for that month who were too many to be rated here: not in the sums',
    }),
    items: z.array(PreviewedPrice),
    next_cursor: z.string().nullable(),
    total: z.int(),
  })
  .meta({ id: 'RecalculationPreview' })
export type Preview = z.infer<typeof Preview>

export const PriceChangeState = z.enum(['draft', 'published', 'discarded'])
export const NewPriceChange = z.object({
  name: z.string().trim().min(1).max(100),
  reason: z.string().trim().max(500).default(''),
  effective_at: EffectiveAt,
  recalculation: Recalculation.optional().meta({ description: 'makes its decisions; default: it begins empty' }),
  digest: z.string().max(64).optional().meta({ description: 'of the preview: refused where it would not be the same' }),
  publish: z.boolean().default(false).meta({ description: 'at once; it needs a reason' }),
})
export type NewPriceChange = z.infer<typeof NewPriceChange>
export const PriceChangeEdit = z.object({
  name: z.string().trim().min(1).max(100).optional(),
  reason: z.string().trim().max(500).optional(),
  effective_at: InstantText.optional(),
})
export type PriceChangeEdit = z.infer<typeof PriceChangeEdit>

const Named = z.object({ id: Id, name: z.string() })
/** A named set of decisions about prices: not in force while it is a draft, all of it in force once it was published. */
export const PriceChange = z
  .object({
    id: Id,
    name: z.string(),
    state: PriceChangeState,
    reason: z.string(),
    effective_at: InstantText,
    currency: CurrencyCode,
    prices: z.int(),
    recalculation: Recalculation.nullable(),
    undoes: Named.nullable(),
    undone_by: Named.nullable(),
    created_at: InstantText,
    created_by: z.string(),
    decided_at: InstantText.nullable().meta({ description: 'when it was published or discarded' }),
    decided_by: z.string().nullable(),
  })
  .meta({ id: 'PriceChange' })
export type PriceChange = z.infer<typeof PriceChange>
export const PriceChangeQuery = PageQuery.extend({ state: PriceChangeState.optional() })

export const DecidedPrice = Decided.extend({
  id: Id,
  now: z.enum(['as_before', 'as_decided', 'other', 'none']).meta({
    description: 'what the catalogue says of it at that instant now: `other` than both, once somebody decided since',
  }),
}).meta({ id: 'DecidedPrice' })
export type DecidedPrice = z.infer<typeof DecidedPrice>

/** A decision about one price within a draft. */
export const NewDecision = NewPrice.omit({ effective_at: true, correction: true, reason: true }).meta({
  example: { kind: 'vm', meter: 'vcpu', model: 'per_unit', per: 'hour', unit: 'vCPU', amount: '0.0125' },
})
export type NewDecision = z.infer<typeof NewDecision>
export const Undo = z.object({
  reason: z.string().trim().min(1).max(500),
  effective_at: InstantText.optional().meta({
    description:
      'from when on what held before holds again; default: now, or when the prices begin where that is still ahead',
  }),
})
export type Undo = z.infer<typeof Undo>

export const WhatIfState = z.enum(['running', 'done', 'cancelled'])
export const NewWhatIf = z.object({
  price_change_id: Id,
  months: z.int().min(1).max(12).default(3).meta({ description: 'so many calendar months that are over' }),
  legal_entity_id: Id.optional().meta({ description: 'whose invoices; default: of the books of the draft' }),
})
export type NewWhatIf = z.infer<typeof NewWhatIf>

const Pair = { before: Amount, after: Amount }
export const WhatIfResult = z.object({
  ...Pair,
  invoices: z.int(),
  pay_more: z.int(),
  pay_less: z.int(),
  pay_the_same: z.int(),
  failed: z.int(),
  by_month: z.array(z.object({ month: z.string(), ...Pair })),
  by_component: z.array(z.object({ component: z.string(), ...Pair })),
  not_computed: z.array(Mark).meta({ description: 'these lines stand in both sums as they were billed' }),
  unseen: z.array(z.object({ component: z.string(), why: z.enum(['not_sold', 'standing']) })).meta({
    description:
      'decisions whose effect no invoice holds: `not_sold`: the price is new; `standing`: it charges what was not used',
  }),
})
export type WhatIfResult = z.infer<typeof WhatIfResult>
/** What a draft would have changed on what was issued. A report: nothing of billing is written. */
export const WhatIf = z
  .object({
    id: Id,
    price_change: Named,
    legal_entity: Named,
    currency: CurrencyCode,
    months: z.array(z.string()),
    prices: z.int(),
    state: WhatIfState,
    accounts: z.object({ done: z.int(), all: z.int() }),
    started_at: InstantText,
    started_by: z.string(),
    done_at: InstantText.nullable(),
    result: WhatIfResult.nullable(),
  })
  .meta({ id: 'WhatIf' })
export type WhatIf = z.infer<typeof WhatIf>
export const WhatIfAccount = z
  .object({
    account: Account.pick({ id: true, name: true }),
    ...Pair,
    delta: Amount,
    percent: Percent.nullable().meta({ description: 'null where nothing was billed' }),
    invoices: z.int(),
    not_computed: z.array(Mark),
    problem: z.string().nullable().meta({ description: 'why it is in no sum' }),
  })
  .meta({ id: 'WhatIfAccount' })
export type WhatIfAccount = z.infer<typeof WhatIfAccount>
export const WhatIfAccountQuery = PageQuery.extend({
  sort: z.enum(['name', 'delta', 'before']).default('delta'),
  order: z.enum(['asc', 'desc']).default('desc'),
})
export type WhatIfAccountQuery = z.infer<typeof WhatIfAccountQuery>

/** How rows keep these words: minor units as text. */
export type PriceContentJson = z.infer<typeof PriceContent>
export type RecalculationJson = Recalculation
export type Kept = WhatIfResult
export interface Snapshot {
  price_book_id: string
  component: string
  before: PriceContentJson | null
  after: PriceContentJson
}
export interface Figure {
  month: string
  component: string
  before: string
  after: string
}
export interface KeptMark {
  why: WhyNotRepriced
  lines: number
  net: string
}
