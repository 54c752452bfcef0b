/** The custom role of a bearer, read in the same query as he is: a change of it, or its end, holds at once. */
import { type AnyColumn, type SQL, sql } from 'drizzle-orm'
import type { CustomRole } from '../base/roles.ts'

/** One that has ended permits nothing. */
export const customRoleOf = (
  id: AnyColumn,
): SQL<CustomRole | null> => sql`(select jsonb_build_object('id', r.id, 'name', r.name,
  'permissions', case when r.ended_at is null then r.permissions else '[]'::jsonb end) from custom_role r where r.id = ${id})`
