/** Words of queues: what waits for a person, with its money and its remedy. */
import { z } from 'zod'
import { Account } from '../accounts/contract.ts'
import { MeterOfPrice } from '../catalog/contract.ts'
import { Kind } from '#connectors/contract.ts'
import { Amount, CurrencyCode, Id, InstantText, PageQuery } from '../http/contract.ts'

const AccountName = Account.pick({ id: true, name: true })
/** Never a bill: at the prices of the company's standard book. */
export const Estimate = z
  .object({ amount: Amount, currency: CurrencyCode })
  .nullable()
  .meta({ description: 'at the standard prices; null: there is no such price, or none for a part alone' })

/** Owned usage without a price, of all machines of a kind together. Remedy: set its price. */
export const UnratedUsage = z
  .object({
    account: AccountName,
    kind: Kind,
    meter: MeterOfPrice,
    resources: z.int(),
    hours: z.string().meta({ description: 'of all of them together, in the time that is not invoiced yet' }),
    since: InstantText,
    estimate: Estimate,
    index: z
      .string()
      .optional()
      .meta({ description: 'by which it is priced; it had no value then. Remedy: publish its values' }),
  })
  .meta({ id: 'UnratedUsage' })
export type UnratedUsage = z.infer<typeof UnratedUsage>

/** A machine that nobody owns. Remedy: say whose it is. */
export const UnownedResource = z
  .object({
    resource: z.object({ id: Id, kind: Kind, name: z.string() }),
    since: InstantText.nullable(),
    estimate: Estimate.meta({ description: 'of a whole month, of what it holds; what it consumes comes on top' }),
  })
  .meta({ id: 'UnownedResource' })
export type UnownedResource = z.infer<typeof UnownedResource>

/** An account of a month that is closed: parked, or held back by gaps. Remedy: see to the cause, then retry or review again. */
export const StuckAccount = z
  .object({
    close: z.object({ id: Id, month: z.string(), legal_entity: z.string() }),
    account: AccountName,
    problem: z.object({ code: z.string(), detail: z.string() }).nullable(),
    net: Amount.nullable(),
    currency: CurrencyCode,
  })
  .meta({ id: 'StuckAccount' })
export type StuckAccount = z.infer<typeof StuckAccount>

export const QueueCounts = z
  .object({
    unrated: z.int().meta({ description: 'components of accounts' }),
    unowned: z.int(),
    parked: z.int(),
    blocked: z.int(),
    mails: z.int(),
  })
  .meta({ id: 'QueueCounts' })
export type QueueCounts = z.infer<typeof QueueCounts>

export const QueueQuery = PageQuery.extend({
  sort: z.enum(['money', 'since']).default('money').meta({ description: 'the most money first, or the oldest' }),
})
export type QueueQuery = z.infer<typeof QueueQuery>
