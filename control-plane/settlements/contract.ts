/** Words of settlement: what of a document is open, and what was given up. */
import { z } from 'zod'
import { Amount, CurrencyCode, Id, InstantText } from '../http/contract.ts'

/** `open`: something is owed; `uncollectible`: nothing is hoped for any more, all that was open is written off; `settled`: nothing is owed. */
export const SettlementState = z.enum(['open', 'uncollectible', 'settled'])
const Record = z.object({ actor: z.string(), reason: z.string(), recorded_at: InstantText })

export const Settlement = z
  .object({
    state: SettlementState,
    currency: CurrencyCode,
    total: Amount,
    credited: Amount.meta({ description: 'by credit notes' }),
    written_off: Amount,
    open: Amount.meta({ description: 'total − credited − written off; below 0 more was credited than was open' }),
  })
  .meta({ id: 'Settlement' })
export type Settlement = z.infer<typeof Settlement>

export const WriteOff = z
  .object({ id: Id, invoice_id: Id, amount: Amount, recorded: Record, reversed: Record.nullable() })
  .meta({ id: 'WriteOff' })
export type WriteOff = z.infer<typeof WriteOff>

export const NewWriteOff = z.object({
  amount: z
    .string()
    .regex(/^(?=.*[1-9])\d{1,15}(\.\d{1,4})?$/, 'must be an amount above 0')
    .optional()
    .meta({ description: 'at most what is open; default: all of it' }),
  reason: z.string().trim().min(1).max(500),
})
export type NewWriteOff = z.infer<typeof NewWriteOff>
export const NewReversal = z.object({ reason: z.string().trim().min(1).max(500) })

/** All documents together, for each currency. */
export const Receivables = z
  .object({
    items: z.array(
      z.object({ currency: CurrencyCode, total: Amount, credited: Amount, written_off: Amount, open: Amount }),
    ),
  })
  .meta({ id: 'Receivables' })
export type Receivables = z.infer<typeof Receivables>
