/** Table of rating: what became of each hour of usage. */
import { index, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { instant } from '../db/columns.ts'

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
