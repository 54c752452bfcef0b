/** Words of closing: a month of one company that is reviewed and then invoiced account by account. */
import { z } from 'zod'
import { Account } from '../accounts/contract.ts'
import { Totals } from '../billing/contract.ts'
import { Amount, CurrencyCode, Id, InstantText, PageQuery } from '../http/contract.ts'

/**
 * `preparing`: drafts are made; `review`: people look at them; `finalising`: invoices are issued; `closed`: every account is issued,
 * held, parked or had nothing; `cancelled`: given up before the first invoice.
 */
export const CloseState = z.enum(['preparing', 'review', 'finalising', 'closed', 'cancelled'])
export type CloseState = z.infer<typeof CloseState>

/**
 * `waiting`: its draft isn't made yet; `ready`: reviewed, to be issued; `held`: somebody keeps it out of the batch; `nothing`: there is
 * nothing to invoice; `issued`; `parked`: it could not be issued, which stopped nobody else.
 */
export const AccountState = z.enum(['waiting', 'ready', 'held', 'nothing', 'issued', 'parked'])
export type AccountState = z.infer<typeof AccountState>

/** What a person should look at before a draft is issued. The first three would park the account. */
export const Flag = z.enum([
  'unrated',
  'blocked_gaps',
  'month_not_over',
  'unobserved',
  'far_more',
  'far_less',
  'first_bill',
  'earlier_month',
])
export type Flag = z.infer<typeof Flag>

export const Month = z
  .string()
  .regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'must be a month, such as 2026-10')
  .meta({ example: '2026-10' })

export const NewClose = z.object({
  month: Month,
  legal_entity_id: Id.optional().meta({ description: 'whose accounts; default: the first company' }),
  grace_hours: z
    .int()
    .min(0)
    .max(744)
    .default(24)
    .meta({ description: 'how long after the end of the month late facts are waited for before anything is issued' }),
})
export type NewClose = z.infer<typeof NewClose>

const Counts = z.object({
  waiting: z.int(),
  ready: z.int(),
  held: z.int(),
  nothing: z.int(),
  issued: z.int(),
  parked: z.int(),
})
export type Counts = z.infer<typeof Counts>

const InCurrency = z.object({
  currency: CurrencyCode,
  count: z.int().meta({ description: 'accounts whose draft or invoices are in it' }),
  ready_net: Amount,
  issued_net: Amount,
})

export const Close = z
  .object({
    id: Id,
    legal_entity: z.object({ id: Id, name: z.string() }),
    month: Month,
    state: CloseState,
    cut: z.int().nullable().meta({ description: 'the line under the facts that its drafts are made of' }),
    reviewed_at: InstantText.nullable(),
    grace_ends_at: InstantText,
    currency: CurrencyCode.meta({ description: 'of the company' }),
    counts: Counts,
    flagged: z.int().meta({ description: 'accounts that are to be issued and have a flag' }),
    ready_net: Amount.meta({ description: 'of the accounts in the currency of the company' }),
    issued_net: Amount.meta({ description: 'of the accounts in the currency of the company' }),
    others: z
      .array(InCurrency)
      .optional()
      .meta({ description: 'the same of accounts in other currencies; absent where there are none' }),
    opened_at: InstantText,
    opened_by: z.string(),
    closed_at: InstantText.nullable(),
  })
  .meta({ id: 'PeriodClose' })
export type Close = z.infer<typeof Close>

export const ClosingAccount = z
  .object({
    account: Account.pick({ id: true, name: true }),
    state: AccountState,
    flags: z.array(Flag),
    period: z.object({ from: InstantText, to: InstantText }).nullable(),
    currency: CurrencyCode.meta({ description: 'of its draft; of the company where it has none' }),
    totals: Totals.nullable(),
    usual_net: Amount.nullable().meta({
      description: 'what its past bills make of a period this long; null: it has none',
    }),
    line_count: z.int(),
    reason: z.string().meta({ description: 'why it is held' }),
    problem: z.object({ code: z.string(), detail: z.string() }).nullable().meta({ description: 'why it is parked' }),
    invoices: z.array(z.object({ id: Id, number: z.string() })),
  })
  .meta({ id: 'ClosingAccount' })
export type ClosingAccount = z.infer<typeof ClosingAccount>

export const AccountQuery = PageQuery.extend({
  state: AccountState.optional(),
  flagged: z.enum(['true', 'false']).optional().meta({ description: 'only those with a flag, or without' }),
})
export type AccountQuery = z.infer<typeof AccountQuery>

export const Hold = z.object({
  held: z.boolean(),
  reason: z.string().trim().max(500).default('').meta({ description: 'asked for where it is held' }),
})
export type Hold = z.infer<typeof Hold>

export const Finalise = z.object({
  early: z.boolean().default(false).meta({ description: 'before the time for late facts is over' }),
})

export const MailedClose = z.object({ queued: z.int().meta({ description: 'documents that go by mail now' }) })
export type MailedClose = z.infer<typeof MailedClose>
