/** Words of the contracts slice: who sells to whom at which price book, and what was subscribed. */
import { z } from 'zod'
import { NewAccount } from '../accounts/contract.ts'
import { CurrencyCode, Id, InstantText } from '../http/contract.ts'

export const OpenAccount = NewAccount.extend({
  contract_from: InstantText.optional().meta({
    description: 'from when on it is billed, at most 10 years ago; default: the start of its present month',
  }),
})
export type OpenAccount = z.infer<typeof OpenAccount>

export const Service = z.object({
  id: Id,
  kind: z.literal('pay_as_you_go'),
  name: z.string(),
  from: InstantText,
  to: InstantText.nullable(),
})
export const Contract = z
  .object({
    id: Id,
    legal_entity_id: Id,
    account_id: Id,
    price_book_id: Id,
    side: z.enum(['sale', 'cost']),
    currency: CurrencyCode,
    from: InstantText,
    to: InstantText.nullable(),
    services: z.array(Service),
  })
  .meta({ id: 'Contract' })
export type Contract = z.infer<typeof Contract>
export const ContractList = z.object({ items: z.array(Contract) })

/** The terms under which an account buys at an instant, on [from, to), as rating and billing read them. */
export interface ContractInForce {
  id: string
  legal_entity_id: string
  account_id: string
  price_book_id: string
  currency: string
  from: number
  to: number | null
  service_id: string
}
