/** Words of margins: what was earned with what was used, beside what that cost us. */
import { z } from 'zod'
import { LineKind } from '../rating/contract.ts'
import { Amount, CurrencyCode, Id } from '../http/contract.ts'
import { Plan } from '../catalog/contract.ts'

export const MarginsBy = z.enum(['customer', 'product', 'realm', 'resource'])
export const MarginQuery = z.object({
  month: z
    .string()
    .regex(/^20\d\d-(0[1-9]|1[0-2])$/, 'must be a month such as 2026-11')
    .optional()
    .meta({ description: "in each account's zone; default: the present one" }),
  by: MarginsBy.default('customer'),
  account_id: Id.optional().meta({ description: 'only of this customer' }),
  product: z.string().max(100).optional().meta({ description: 'only of this kind of resource, or plan by its id' }),
  realm: z.string().max(200).optional().meta({ description: 'only of this realm; `none`: what is in none' }),
})
export type MarginQuery = z.infer<typeof MarginQuery>

/** What machines are sold as: by a plan, or by themselves. */
export const Product = z.object({ kind: LineKind, plan: Plan.pick({ id: true, name: true }).nullable() })
export type Product = z.infer<typeof Product>

const Figures = z.object({
  currency: CurrencyCode,
  revenue: Amount.meta({
    description: 'net of what was issued, notes with their sign, and of the draft of what is open',
  }),
  cost: Amount.nullable().meta({ description: 'of what has a known cost; null: no cost is known of any of it' }),
  margin: Amount.nullable().meta({ description: 'of what has a known cost' }),
  margin_percent: z.string().nullable().meta({ description: 'of the revenue with a known cost; null: there is none' }),
  unknown: z.object({
    count: z.int().meta({ description: 'things of which no cost is known' }),
    revenue: Amount.meta({ description: 'what they earned: neither they nor this are in the margin' }),
  }),
  is_open: z.boolean().meta({ description: 'a part of the revenue is not issued yet' }),
})
export const MarginRow = Figures.extend({
  account: z.object({ id: Id, name: z.string() }).nullable().meta({ description: 'by customer, and of a resource' }),
  product: Product.nullable().meta({ description: 'by product, and of a resource' }),
  realm: z.string().nullable().meta({ description: 'by realm, and of a resource; null: in none, such as a fee' }),
  resource: z
    .object({ id: Id, kind: LineKind, name: z.string() })
    .nullable()
    .meta({ description: 'by resource: a machine, a service by its fees, or what was charged once' }),
})
export type MarginRow = z.infer<typeof MarginRow>
export const Margins = z
  .object({
    month: z.string(),
    by: MarginsBy,
    items: z.array(MarginRow).meta({ description: 'what earned most first' }),
    totals: z.array(Figures).meta({ description: 'one for each currency' }),
  })
  .meta({ id: 'Margins' })
export type Margins = z.infer<typeof Margins>
