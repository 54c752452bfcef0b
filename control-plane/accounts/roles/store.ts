/** SQL of custom roles. */
import { and, asc, count, eq, gt, isNull, or, sql } from 'drizzle-orm'
import type { Instant } from '../../base/time.ts'
import type { Context, Tx } from '../../db/index.ts'
import { credential, customRole } from '../schema.ts'

export type CustomRoleRow = typeof customRole.$inferSelect

/** Those that hold and that the caller may know: a tenant knows those of accounts. By name. */
export const selectCustomRoles = ({ tx, actor }: Context, id?: string): Promise<CustomRoleRow[]> =>
  tx
    .select()
    .from(customRole)
    .where(
      and(
        isNull(customRole.ended_at),
        actor.account_id === null ? undefined : eq(customRole.of, 'account'),
        id === undefined ? undefined : eq(customRole.id, id),
      ),
    )
    .orderBy(asc(sql`lower(${customRole.name})`))

/** Held until the transaction ends: whoever is about to give it waits, and so does who would change it. */
export async function lockCustomRole(tx: Tx, id: string): Promise<CustomRoleRow | null> {
  const [row] = await tx
    .select()
    .from(customRole)
    .where(and(eq(customRole.id, id), isNull(customRole.ended_at)))
    .for('update')
  return row ?? null
}

const NAMES_LOCK = 7_241_013
/** Whether another role has this name; whoever names one waits for the other. */
export async function isTaken(tx: Tx, name: string, id: string): Promise<boolean> {
  await tx.execute(sql`select pg_advisory_xact_lock(${NAMES_LOCK})`)
  const found = await tx
    .select({ id: customRole.id })
    .from(customRole)
    .where(and(sql`lower(${customRole.name}) = lower(${name})`, isNull(customRole.ended_at)))
  return found.some((one) => one.id !== id)
}

export const insertCustomRole = async (tx: Tx, row: CustomRoleRow): Promise<void> => {
  await tx.insert(customRole).values(row)
}
export const updateCustomRole = async (tx: Tx, id: string, change: Partial<CustomRoleRow>): Promise<void> => {
  await tx.update(customRole).set(change).where(eq(customRole.id, id))
}

/** Keys that open with it. */
export async function countKeysOf(tx: Tx, id: string, now: Instant): Promise<number> {
  const holds = and(
    eq(credential.kind, 'api_key'),
    isNull(credential.revoked_at),
    or(isNull(credential.expires_at), gt(credential.expires_at, now)),
  )
  const [row] = await tx
    .select({ keys: count() })
    .from(credential)
    .where(and(eq(credential.custom_role_id, id), holds))
  return row?.keys ?? 0
}
