/** Words of the catalogue: price books, and prices with their versions. */
import { z } from 'zod'
import { Kind } from '#connectors/contract.ts'
import { Amount, CurrencyCode, Id, InstantText } from '../http/contract.ts'
import { GapPolicy, METER_NAMES, type MeterName } from '../metering/contract.ts'

/** `flat`: the amount whatever the size; `per_unit`: the amount for each unit. */
export const ChargeModel = z.enum(['flat', 'per_unit'])
export type ChargeModel = z.infer<typeof ChargeModel>
/** `hour` and `month` for allocation meters, `quantity` for consumption meters. */
export const Per = z.enum(['hour', 'month', 'quantity'])
export type Per = z.infer<typeof Per>
export const MeterOfPrice = z.enum(METER_NAMES)

export const Price = z
  .object({
    id: Id,
    price_book_id: Id,
    kind: Kind,
    meter: MeterOfPrice,
    model: ChargeModel,
    per: Per,
    unit: z.string().meta({ example: 'GiB', description: 'one of the units of the meter' }),
    amount: Amount,
    currency: CurrencyCode,
    gap_policy: GapPolicy,
    effective_at: InstantText,
    ends_at: InstantText.nullable(),
    state: z.enum(['past', 'current', 'scheduled']),
    recorded_at: InstantText,
    actor: z.string(),
    reason: z.string(),
  })
  .meta({ id: 'Price' })
export type Price = z.infer<typeof Price>

export const NewPrice = z.object({
  kind: Kind,
  meter: MeterOfPrice,
  model: ChargeModel,
  per: Per,
  unit: z.string().min(1).max(40),
  amount: z
    .string()
    .regex(
      /^\d{1,18}(\.\d{1,12})?$/,
      'must be a decimal of 0 or more with at most 12 places after the point, such as 0.0125',
    )
    .meta({ example: '0.0125' }),
  gap_policy: GapPolicy.optional().meta({
    description:
      'what is done with time in which nobody looked; default: `infer` for what is held, `total` for what is consumed',
  }),
  effective_at: InstantText.optional().meta({
    description:
      'default: now, for the first price of a component the start of this month; to change a past price needs `correction`',
  }),
  correction: z.boolean().default(false).meta({ description: 'records a changed past, with a reason' }),
  reason: z.string().max(500).default(''),
  price_book_id: Id.optional().meta({ description: 'default: the standard book of the first company' }),
})
export type NewPrice = z.infer<typeof NewPrice>
export const PriceQuery = z.object({
  history: z.enum(['true', 'false']).default('false').meta({ description: 'also versions that have ended' }),
  price_book_id: Id.optional().meta({ description: 'default: the standard book of the company' }),
  legal_entity_id: Id.optional().meta({ description: 'default: the first company' }),
})
export const PriceList = z.object({ items: z.array(Price), currency: CurrencyCode, price_book_id: Id })
export type PriceList = z.infer<typeof PriceList>

/** A version of a price as rating reads it: holds on [effective_at, ends_at), amount without trailing zeros. */
export interface PriceRow {
  id: string
  kind: Kind
  meter: MeterName
  model: ChargeModel
  per: Per
  unit: string
  amount: string
  gap_policy: GapPolicy
  effective_at: number
  ends_at: number | null
  currency: string
}

export const MeterDescription = z
  .object({
    name: MeterOfPrice,
    kind: z.enum(['allocation', 'consumption']),
    counts: z.enum(['allocated', 'running']).nullable(),
    units: z.array(z.string()),
    gap_policies: z.array(GapPolicy).meta({ description: 'what its prices may say of gaps; the first is the default' }),
  })
  .meta({ id: 'Meter' })
export type MeterDescription = z.infer<typeof MeterDescription>
export const MeterList = z.object({ items: z.array(MeterDescription) })
