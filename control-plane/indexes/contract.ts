/** Words of price indexes: what somebody publishes, by which prices may go, and its values. */
import { z } from 'zod'
import { Amount, CurrencyCode, Id, InstantText, page, PageQuery } from '../http/contract.ts'

/** Prices at an exchange fall below zero. */
export const SignedDecimal = z
  .string()
  .regex(/^-?\d{1,18}(\.\d{1,12})?$/, 'must be a decimal with at most 12 places after the point, such as 84.31 or -0.5')
  .meta({ example: '84.31' })

/** A published price that changes with time, such as an exchange's price of electricity for each hour. */
export const PriceIndex = z
  .object({
    id: Id,
    name: z.string().meta({ example: 'EPEX-ES', description: 'as it stands on invoices' }),
    currency: CurrencyCode,
    unit: z.string().meta({ example: 'MWh', description: 'of what its values are the price' }),
    zone: z.string().meta({ description: 'by whose days it is published' }),
    description: z.string(),
    created_at: InstantText,
    current: Amount.nullable().meta({ description: 'its value now; null: it has none' }),
    known_to: InstantText.nullable().meta({
      description: 'the end of its last value, or where that begins if it has no end',
    }),
  })
  .meta({ id: 'PriceIndex' })
export type PriceIndex = z.infer<typeof PriceIndex>
export const PriceIndexList = z.object({ items: z.array(PriceIndex) })
export const NewPriceIndex = z
  .object({
    name: z.string().trim().min(1).max(60),
    currency: CurrencyCode,
    unit: z.string().trim().min(1).max(40),
    zone: z.string().min(1).max(60).optional().meta({ description: 'default: that of the first company' }),
    description: z.string().trim().max(500).default(''),
  })
  .meta({ example: { name: 'EPEX-ES', currency: 'EUR', unit: 'MWh' } })
export type NewPriceIndex = z.infer<typeof NewPriceIndex>

export const IndexValue = z
  .object({
    id: Id,
    from: InstantText,
    to: InstantText.nullable().meta({ description: 'null: until the next value' }),
    amount: SignedDecimal,
    actor: z.string(),
    reason: z.string().meta({ description: 'of a correction' }),
    recorded_at: InstantText,
  })
  .meta({ id: 'IndexValue' })
export type IndexValue = z.infer<typeof IndexValue>
const MAX_VALUES = 10_000
export const NewIndexValues = z
  .object({
    values: z
      .array(
        z.object({
          from: InstantText,
          to: InstantText.nullish().meta({ description: 'default: where the next value begins' }),
          amount: SignedDecimal,
        }),
      )
      .min(1)
      .max(MAX_VALUES),
    correction: z.boolean().default(false).meta({ description: 'replaces values that were published, with a reason' }),
    reason: z.string().max(500).default(''),
  })
  .meta({
    example: { values: [{ from: '2026-11-10T08:00:00.000Z', to: '2026-11-10T09:00:00.000Z', amount: '84.31' }] },
  })
export type NewIndexValues = z.infer<typeof NewIndexValues>
export const PublishedValues = z
  .object({
    recorded: z.int().meta({ description: 'values that are new' }),
    unchanged: z.int().meta({ description: 'values that were published so already' }),
    replaced: z.int().meta({ description: 'values that a correction changed or ended' }),
  })
  .meta({ id: 'PublishedValues' })
export type PublishedValues = z.infer<typeof PublishedValues>
export const IndexValueQuery = PageQuery.extend({
  // a month of quarters of an hour
  limit: z.coerce.number().int().min(1).max(3_000).default(500),
  from: InstantText.optional().meta({ description: 'values that hold at it or later' }),
  to: InstantText.optional().meta({ description: 'values that begin before it' }),
  cut: z.coerce
    .number()
    .int()
    .min(1)
    .max(2_147_483_647)
    .optional()
    .meta({ description: 'as known to it; default: now' }),
})
export type IndexValueQuery = z.infer<typeof IndexValueQuery>
export const IndexValuePage = page(IndexValue)

/** A value of an index as rating reads it: holds on [from, to). */
export interface IndexedValue {
  from: number
  to: number
  amount: string
}
/** An index as rating reads it: its values of an interval in order. */
export interface KnownIndex {
  id: string
  name: string
  unit: string
  values: readonly IndexedValue[]
}
