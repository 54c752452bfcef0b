/** Tables of limits: what each next bill stands at, the limits that accounts set themselves, and how near to them they are. */
import { bigint, index, pgTable, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core'
import { account } from '../accounts/schema.ts'
import { instant } from '../db/columns.ts'
import { resource } from '../inventory/schema.ts'
import type { MeterName } from '../metering/contract.ts'
import type { LimitState, StandingKind } from './contract.ts'

/** The draft of an account as it was last rated: a background task goes round, so that Prometheus needn't rate everybody at each scrape. */
export const billStanding = pgTable(
  'bill_standing',
  {
    account_id: uuid()
      .primaryKey()
      .references(() => account.id),
    /** null: there is nothing to invoice, as are all below */
    currency: text(),
    period_from: instant(),
    period_to: instant(),
    net_minor: bigint({ mode: 'bigint' }),
    tax_minor: bigint({ mode: 'bigint' }),
    total_minor: bigint({ mode: 'bigint' }),
    rated_at: instant().notNull(),
  },
  (t) => [index().on(t.rated_at)],
)

/** What an account set itself: a budget a month, or so much of a meter of one resource a month. Changed in place: events keep the past. */
export const usageLimit = pgTable(
  'usage_limit',
  {
    id: uuid().primaryKey(),
    account_id: uuid()
      .notNull()
      .references(() => account.id),
    /** null: a budget, as are meter and unit */
    resource_id: uuid().references(() => resource.id),
    meter: text().$type<MeterName>(),
    unit: text(),
    /** decimal text: of a budget in major units of the account's currency */
    amount: text().notNull(),
    changed_at: instant().notNull(),
  },
  // one budget, and one limit of each meter of a resource
  (t) => [unique().on(t.account_id, t.resource_id, t.meter).nullsNotDistinct()],
)

/** How a budget, a limit or an allowance stands in the present month. The state before decides about the next: it has hysteresis. */
export const limitStanding = pgTable(
  'limit_standing',
  {
    account_id: uuid()
      .notNull()
      .references(() => account.id),
    /** `budget`, the limit's id, or resource and meter of an allowance */
    key: text().notNull(),
    kind: text().$type<StandingKind>().notNull(),
    limit_id: uuid().references(() => usageLimit.id, { onDelete: 'cascade' }),
    resource_id: uuid(),
    meter: text().$type<MeterName>(),
    unit: text().notNull(),
    month: text().notNull(),
    state: text().$type<LimitState>().notNull(),
    used: text().notNull(),
    limit_amount: text().notNull(),
    since: instant().notNull(),
    /** of a budget: the state of which its account is still to be told by mail; null: it knows */
    to_tell: text().$type<LimitState>(),
  },
  (t) => [primaryKey({ columns: [t.account_id, t.key] }), index().on(t.resource_id), index().on(t.to_tell)],
)
