/** Words of limits: budgets and limits that an account sets itself, allowances of its prices, and how near it is to each. */
import { z } from 'zod'
import { MeterOfPrice, Per } from '../catalog/contract.ts'
import { Kind } from '#connectors/contract.ts'
import { Amount, CurrencyCode, Id, InstantText } from '../http/contract.ts'
import { DocumentRef, DocumentType, Totals } from '../billing/contract.ts'
import { LineKind } from '../rating/contract.ts'

/** `normal`, `approaching` from 80 % on, `over` from 100 % on; each is left only further down: see `rules.ts`. */
export const LimitState = z.enum(['normal', 'approaching', 'over'])
export type LimitState = z.infer<typeof LimitState>
export const StandingKind = z.enum(['budget', 'limit', 'allowance'])
export type StandingKind = z.infer<typeof StandingKind>

const Named = z.object({ id: Id, kind: Kind, name: z.string() })
export const Standing = z
  .object({
    kind: StandingKind,
    limit_id: Id.nullable().meta({ description: 'of what the account set itself; null: an allowance of a price' }),
    resource: Named.nullable().meta({ description: 'null: the whole account' }),
    meter: MeterOfPrice.nullable(),
    unit: z.string().meta({ description: 'of a budget the currency; of what is held × hours or months' }),
    month: z.string(),
    state: LimitState,
    used: z.string(),
    limit_amount: z.string(),
    since: InstantText.meta({ description: 'when it came into this state' }),
  })
  .meta({ id: 'LimitStanding' })
export type Standing = z.infer<typeof Standing>
export const Standings = z.object({
  items: z.array(Standing),
  rated_at: InstantText.nullable().meta({ description: 'when they were last looked at; null: not yet' }),
})

const Quantity = z
  .string()
  .regex(/^(?!0+(\.0+)?$)\d{1,15}(\.\d{1,6})?$/, 'must be a decimal above 0 with at most 6 places after the point')
  .meta({ example: '500' })
export const UsageLimit = z
  .object({
    id: Id,
    account_id: Id,
    resource: Named.nullable().meta({ description: 'null: a budget of the account, as are meter and unit' }),
    meter: MeterOfPrice.nullable(),
    unit: z.string().nullable(),
    amount: Quantity,
    changed_at: InstantText,
  })
  .meta({ id: 'UsageLimit' })
export type UsageLimit = z.infer<typeof UsageLimit>
export const NewUsageLimit = z
  .object({
    amount: Quantity.meta({
      description: 'a month: of a budget in major units of the currency, tax included; else in the unit',
    }),
    resource_id: Id.optional().meta({ description: 'default: a budget of the account' }),
    meter: MeterOfPrice.optional(),
    unit: z.string().max(40).optional().meta({ description: 'one of the meter; of what is held × hours' }),
  })
  .meta({ example: { amount: '250' } })
export type NewUsageLimit = z.infer<typeof NewUsageLimit>
export const UsageLimits = z.object({ items: z.array(UsageLimit) })

/** What of a price's allowance one resource has used. */
export const Overage = z.object({
  resource: z.object({ id: Id, kind: LineKind, name: z.string() }),
  component: z.string(),
  meter: MeterOfPrice,
  unit: z.string(),
  per: Per,
  included: z.string().meta({ description: 'for the time in which it was owned so far, as the bill counts it' }),
  included_month: z.string().meta({ description: "to the month's end, where it is kept until then" }),
  used: z.string(),
  over: z.string(),
  amount: Amount.meta({ description: 'what the overage costs, before tax' }),
  state: LimitState.nullable().meta({ description: 'null: not looked at yet' }),
})
export type Overage = z.infer<typeof Overage>

const Money = Totals.pick({ net: true, total: true })
/** A calendar month of an account: what was invoiced of it and what is not yet, day by day, to the cent. */
export const MonthBill = z
  .object({
    account_id: Id,
    month: z.string().meta({ example: '2026-11' }),
    zone: z.string(),
    currency: CurrencyCode.nullable().meta({ description: 'null where there was no contract' }),
    /** what was issued for periods of this month, with its notes; credits count negative */
    issued: z.array(DocumentRef.extend({ document_type: DocumentType, totals: Totals })),
    open: z
      .object({ period: z.object({ from: InstantText, to: InstantText }), totals: Totals })
      .nullable()
      .meta({ description: 'what is not invoiced yet: the draft, where it is of this month' }),
    totals: Totals.meta({ description: 'issued and open together' }),
    days: z.array(Money.extend({ date: z.string(), so_far: Money })).meta({
      description: 'each line divided over its days to the minor unit: they add up to the totals exactly',
    }),
    forecast: z
      .object({
        net: Amount,
        total: Amount,
        basis: z.enum(['last_days', 'so_far']),
        days: z.int().meta({ description: 'whole days that it looks at' }),
        per_day: Amount.meta({ description: 'what a day of the rest is taken to cost, tax included' }),
      })
      .nullable()
      .meta({ description: 'null: the month is over, or nothing is known yet' }),
    overage: z.array(Overage),
    overage_amount: Amount.nullable().meta({ description: 'of all of them' }),
    last_day: z.string().meta({ description: 'of the month' }),
  })
  .meta({ id: 'MonthBill' })
export type MonthBill = z.infer<typeof MonthBill>
export const MonthQuery = z.object({
  month: z
    .string()
    .regex(/^20\d\d-(0[1-9]|1[0-2])$/, 'must be a month such as 2026-11')
    .optional()
    .meta({ description: "a month in the account's zone; default: the present one" }),
})
