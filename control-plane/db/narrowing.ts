/** The projects to which a bearer is narrowed, read in the same query as he is. */
import { type AnyColumn, type SQL, sql } from 'drizzle-orm'

export interface NamedProject {
  id: string
  name: string
}

/** By name; null: he isn't narrowed. */
export const projectsOf = (
  ids: AnyColumn,
): SQL<
  NamedProject[] | null
> => sql`case when ${ids} is not null then (select coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name)
  order by lower(p.name), p.id), '[]') from project p where p.id = any(${ids})) end`
