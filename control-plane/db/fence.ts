/** The first of the two fences: what a tenant's query may reach. The second is row-level security beneath it. */
import { type AnyColumn, type SQL, sql } from 'drizzle-orm'
import type { Context } from './index.ts'

type Asking = Pick<Context, 'actor'>

/**
 * True of accounts that the caller reaches: his own and those below it. Nothing to add (undefined) for the installation's own people.
 * As an array it is evaluated once; as a join, PostgreSQL looks it up for each row that the policies beneath let through.
 */
export const withinReach = ({ actor }: Asking, account_id: AnyColumn | SQL): SQL | undefined =>
  actor.account_id === null
    ? undefined
    : sql`${account_id} = any(array(select * from reach(${actor.account_id}::uuid)))`

/** The same where a query is put together by hand. */
export const inReach = (ctx: Asking, account_id: SQL): SQL => withinReach(ctx, account_id) ?? sql`true`
