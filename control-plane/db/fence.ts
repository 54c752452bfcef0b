/** The first of the two fences: what a tenant's query may reach. The second is row-level security beneath it. */
import { and, type AnyColumn, type SQL, sql } from 'drizzle-orm'
import { arrayText, type Context } from './index.ts'

type Asking = Pick<Context, 'actor'>

/**
 * True of accounts that the caller reaches: his own and those below it; of one who is narrowed to projects, his own alone. Nothing to
 * add (undefined) for the installation's own people. As an array it is evaluated once; as a join, PostgreSQL looks it up for each row
 * that the policies beneath let through.
 */
export function withinReach({ actor }: Asking, account_id: AnyColumn | SQL): SQL | undefined {
  if (actor.account_id === null) return undefined
  if (actor.project_ids) return sql`${account_id} = ${actor.account_id}::uuid`
  return sql`${account_id} = any(array(select * from reach(${actor.account_id}::uuid)))`
}

const uuids = (ids: readonly string[]): SQL => sql`${arrayText(ids)}::uuid[]`

/** True of projects to which the caller is narrowed; nothing to add where he isn't. */
export const withinProjects = ({ actor }: Asking, project_id: AnyColumn | SQL): SQL | undefined =>
  actor.project_ids && sql`${project_id} = any(${uuids(actor.project_ids)})`

/** True of what lies in an account and a project that the caller reaches. */
export const withinOwn = (
  ctx: Asking,
  { account_id, project_id }: { account_id: AnyColumn; project_id: AnyColumn },
): SQL | undefined => and(withinReach(ctx, account_id), withinProjects(ctx, project_id))

/** True of what happened to a resource while it lay in a project to which the caller is narrowed. */
export const withinTenure = (
  { actor }: Asking,
  { kind, id, at }: { kind: AnyColumn; id: AnyColumn; at: AnyColumn },
): SQL | undefined => actor.project_ids && sql`in_projects(${kind}, ${id}, ${at}, ${uuids(actor.project_ids)})`

/** What is of a whole account is nothing to one who is narrowed to projects. */
export const ofWholeAccounts = ({ actor }: Asking): SQL | undefined => (actor.project_ids ? sql`false` : undefined)
