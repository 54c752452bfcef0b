/** How long a session may be idle, read in the same query as it is: a change holds at once. */
import { type AnyColumn, type SQL, sql } from 'drizzle-orm'

/** Hours, by what its bearer belongs to; null: no limit, as there is no installation yet. */
export const idleHoursOf = (
  account_id: AnyColumn,
): SQL<
  number | null
> => sql`(select case when ${account_id} is null then i.staff_idle_hours else i.tenant_idle_hours end
  from installation i limit 1)`
