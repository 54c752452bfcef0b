/** Words of charges: what is sold once, at a price of its own, and never edited afterwards. */
import { z } from 'zod'
import { Amount, CurrencyCode, Id, InstantText, PageQuery } from '../http/contract.ts'

/** What the font of documents draws: Latin, Greek and Cyrillic letters. */
const Printed = z
  .string()
  .trim()
  .max(200)
  .regex(
    /^[ -~\u00a0-\u0148\u014a-\u017f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03ce\u0400-\u045f–—‘’“”„…•€№→†‡™]*$/,
    'must be plain text in Latin, Greek or Cyrillic letters',
  )
const Text = Printed.min(1)
/** In both languages: what an account reads is in its own. */
export const Description = z.object({ en: Text, es: Text })

const decimal = (whole: number, places: number) =>
  z
    .string()
    .regex(
      new RegExp(`^(?=.*[1-9])\\d{1,${whole}}(\\.\\d{1,${places}})?$`),
      `must be a decimal above 0, with at most ${places} decimals`,
    )

/** `open`: it stands on the next invoice; `billed`; `cancelled`: what was billed of it is credited when the account is rated again. */
export const ChargeState = z.enum(['open', 'billed', 'cancelled'])
const Record = z.object({ actor: z.string(), reason: z.string(), recorded_at: InstantText })

export const Charge = z
  .object({
    id: Id,
    account_id: Id,
    description: Description,
    quantity: z.string().meta({ example: '2.5' }),
    unit: z.string().meta({ example: 'hours' }),
    unit_price: z.string().meta({ example: '80' }),
    currency: CurrencyCode,
    amount: Amount.meta({ description: 'quantity × unit price, rounded once' }),
    at: InstantText.meta({ description: 'when what is charged for was done' }),
    project_id: Id.nullable(),
    state: ChargeState,
    invoice: z.object({ id: Id, number: z.string() }).nullable().meta({ description: 'where it stands' }),
    recorded: Record,
    cancelled: Record.nullable(),
  })
  .meta({ id: 'Charge' })
export type Charge = z.infer<typeof Charge>

export const NewCharge = z.object({
  description: z
    .union([Text, Description])
    .transform((given) => (typeof given === 'string' ? { en: given, es: given } : given))
    .meta({ description: 'one text, or one in each language' }),
  quantity: decimal(12, 6).default('1'),
  unit: Printed.max(40).default(''),
  unit_price: decimal(15, 12),
  at: InstantText.optional().meta({ description: 'default: now; not ahead' }),
  project_id: Id.optional(),
  reason: z.string().trim().min(1).max(500),
})
export type NewCharge = z.infer<typeof NewCharge>
export const Cancellation = z.object({ reason: z.string().trim().min(1).max(500) })
export const ChargeQuery = PageQuery.extend({ state: ChargeState.optional() })
export type ChargeQuery = z.infer<typeof ChargeQuery>
