/** Words of margins: what was earned with what was used, beside what that cost us; and what of the nodes of clusters was idle. */
import { z } from 'zod'
import { LineKind } from '../rating/contract.ts'
import { Amount, CurrencyCode, Id, InstantText } from '../http/contract.ts'
import { Plan } from '../catalog/contract.ts'

export const MarginsBy = z.enum(['customer', 'product', 'realm', 'resource'])
const Month = z.string().regex(/^20\d\d-(0[1-9]|1[0-2])$/, 'must be a month such as 2026-11')
export const MarginQuery = z.object({
  month: Month.optional().meta({ description: "in each account's zone; default: the present one" }),
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

export const IdleBy = z.enum(['node', 'namespace'])
export const IdleQuery = z.object({
  month: Month.optional().meta({
    description: 'in the zone of the first company; default: the present one, up to its last whole hour',
  }),
  by: IdleBy.default('node'),
  realm: z.string().max(200).optional().meta({ description: 'only of this cluster' }),
})
export type IdleQuery = z.infer<typeof IdleQuery>

/** At which prices a node is costed. */
export const IdleBasis = z
  .enum(['cost_book', 'list', 'mixed'])
  .meta({ description: 'at cost books, at the standard prices where no cost is known, or some of the time each' })
export type IdleBasis = z.infer<typeof IdleBasis>

const Percent = z.string().nullable().meta({ description: 'null: of nothing' })
const Sums = z.object({
  currency: CurrencyCode,
  cost: Amount.meta({ description: 'allocated and idle, to the cent' }),
  allocated: Amount.meta({ description: 'by the larger of what pods asked for and what they used' }),
  idle: Amount,
  idle_percent: Percent,
})
export const IdleNode = Sums.extend({
  resource: z.object({ id: Id, name: z.string() }),
  realm: z.string(),
  basis: IdleBasis,
  is_partial: z.boolean().meta({ description: 'of some of its time, or of a part of it, no price is known' }),
  pods: z.int().meta({ description: 'that ran on it' }),
  cpu_percent: Percent.meta({ description: 'of its processors that was allocated' }),
  memory_percent: Percent.meta({ description: 'of its memory that was allocated' }),
})
export type IdleNode = z.infer<typeof IdleNode>
export const IdleNamespace = z.object({
  realm: z.string(),
  namespace: z.string().nullable().meta({ description: 'null: what was idle on the nodes of the cluster' }),
  currency: CurrencyCode,
  cost: Amount,
  percent: Percent.meta({ description: 'of what the nodes of the cluster cost' }),
  pods: z.int(),
})
export type IdleNamespace = z.infer<typeof IdleNamespace>
export const IdleCosts = z
  .object({
    month: z.string(),
    from: InstantText,
    to: InstantText,
    nodes: z.array(IdleNode).meta({ description: 'by node: what was most idle first' }),
    namespaces: z.array(IdleNamespace).meta({ description: 'by namespace: the dearest first, what was idle last' }),
    totals: z.array(Sums).meta({ description: 'one for each currency' }),
    unknown: z
      .array(z.object({ id: Id, name: z.string(), realm: z.string() }))
      .meta({ description: 'nodes of which no price is known at all' }),
  })
  .meta({ id: 'IdleCosts' })
export type IdleCosts = z.infer<typeof IdleCosts>
