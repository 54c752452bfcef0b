/** Tables of rating: what became of each hour of usage, and which gaps people accepted. */
import { index, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant } from '../db/columns.ts'
import type { MeterName } from '../metering/contract.ts'

export type UsageStatus = 'rated' | 'unrated' | 'unowned' | 'covered'

export const usageStatus = pgTable(
  'usage_status',
  {
    resource_id: uuid().notNull(),
    meter: text().notNull(),
    hour: instant().notNull(),
    /** the version of the usage row that was judged; another one is pending */
    usage_id: uuid().notNull(),
    status: text().$type<UsageStatus>().notNull(),
    account_id: uuid(),
    judged_at: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.resource_id, t.meter, t.hour] }),
    index().on(t.hour),
    index().on(t.judged_at),
    index().on(t.status, t.judged_at),
  ],
)

/** Gaps of prices that block: a person said that the bill may go out with them. */
export const gapAcceptance = pgTable(
  'gap_acceptance',
  {
    id: uuid().primaryKey(),
    account_id: uuid().notNull(),
    resource_id: uuid().notNull(),
    meter: text().$type<MeterName>().notNull(),
    from_at: instant().notNull(),
    /** null: as long as it lasts */
    to_at: instant(),
    actor: text().notNull(),
    reason: text().notNull(),
    recorded_at: instant().notNull(),
    cut: integer().notNull(),
  },
  (t) => [index().on(t.account_id, t.resource_id)],
)
