/** Words of tax: classes of what is sold, how a company is taxed, reasons of what isn't, and checked VAT ids. */
import { z } from 'zod'
import { TaxCategory, TaxRate } from '../accounts/contract.ts'
import { Id, InstantText } from '../http/contract.ts'

/** What the law calls the thing that is sold, whoever buys it where. */
export const TaxClass = z.enum(['standard', 'reduced', 'zero', 'exempt', 'outside'])
export type TaxClass = z.infer<typeof TaxClass>

/** Why no tax is charged, as it stands on the document: EN 16931's BT-121 and BT-120. */
export const TaxReason = z
  .object({
    code: z
      .string()
      .regex(/^VATEX-[A-Z0-9-]{2,40}$/, 'must be a code of the list VATEX such as VATEX-EU-132-1I')
      .nullable(),
    text: z.object({ en: z.string().trim().min(1).max(200), es: z.string().trim().min(1).max(200) }),
  })
  .meta({ id: 'TaxReason' })
export type TaxReason = z.infer<typeof TaxReason>

/** A line's tax. `tax_class` only where the place of supply decided. */
export const LineTax = z.object({
  tax_category: TaxCategory,
  tax_rate: z.string(),
  tax_class: TaxClass.optional(),
})
export type LineTax = z.infer<typeof LineTax>

/** Country codes of ISO 3166-1, Greece as GR. */
const Country = z.string().regex(/^[A-Z]{2}$/, 'must be an ISO 3166-1 alpha-2 code such as ES')
/** A rate of a country from a day on, until the next one begins; the first one holds before, too. */
export const DatedRate = z.object({
  country: Country,
  tax_class: z.enum(['standard', 'reduced']),
  rate: TaxRate,
  from: z.iso.date().meta({ example: '2026-01-01' }),
})
export type DatedRate = z.infer<typeof DatedRate>

/** `fixed`: all that the company sells has its one category and rate. `by_place`: the place of supply decides. */
export const TaxSetting = z
  .object({
    mode: z.enum(['fixed', 'by_place']),
    one_stop_shop: z.boolean().meta({
      description:
        'consumers elsewhere in the EU pay the tax of their country (Art. 369b); false: below the threshold of Art. 59c, they pay the own one',
    }),
    exempt_reason: TaxReason.nullable().meta({
      description: 'why what is exempt is exempt; null: said without an article',
    }),
    rates: z.array(DatedRate).max(500),
  })
  .meta({ id: 'TaxSetting' })
export type TaxSetting = z.infer<typeof TaxSetting>
export const FIXED: TaxSetting = { mode: 'fixed', one_stop_shop: false, exempt_reason: null, rates: [] }

/** What was asked of whom about a VAT id, and what was answered. */
export const VatCheck = z
  .object({
    vat_id: z.string().meta({ example: 'DE136695976' }),
    result: z.enum(['valid', 'invalid', 'unavailable']),
    by: z.enum(['vies', 'hand']),
    at: InstantText,
    request_id: z.string().nullable().meta({ description: 'the consultation number: proof of the check' }),
    name: z.string().nullable().meta({ description: 'of the business, where its state tells it' }),
    detail: z.string(),
    actor: z.string(),
  })
  .meta({ id: 'VatCheck' })
export type VatCheck = z.infer<typeof VatCheck>
export const VatStatus = z
  .object({
    account_id: Id,
    vat_id: z.string().nullable().meta({ description: 'as it is checked; null: the customer has none of the EU' }),
    format: z.enum(['right', 'wrong', 'none']),
    counts_as_valid: z.boolean().meta({ description: 'the last answer about this very id was that it is valid' }),
    answer: VatCheck.nullable().meta({ description: 'the last one that said yes or no' }),
    last: VatCheck.nullable().meta({ description: 'the last try, answered or not' }),
    online: z.boolean().meta({ description: 'whether this installation can ask VIES' }),
  })
  .meta({ id: 'VatStatus' })
export type VatStatus = z.infer<typeof VatStatus>
/** A check that somebody made elsewhere; left out: the program asks VIES. */
export const NewVatCheck = z.object({
  by_hand: z
    .object({
      result: z.enum(['valid', 'invalid']),
      request_id: z.string().trim().max(60).default(''),
      detail: z.string().trim().min(5).max(500).meta({ description: 'where it was checked, and why by hand' }),
    })
    .optional(),
})
export type NewVatCheck = z.infer<typeof NewVatCheck>
