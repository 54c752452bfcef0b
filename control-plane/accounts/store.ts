/** SQL of accounts: entities, accounts with their projects, credentials, and the installation itself. */
import { and, asc, count, desc, eq, gt, inArray, isNull, or, type SQL, sql } from 'drizzle-orm'
import { iso } from '../base/time.ts'
import type { CustomRole } from '../base/roles.ts'
import { customRoleOf } from '../db/custom-role.ts'
import { withinProjects, withinReach } from '../db/fence.ts'
import { idleHoursOf } from '../db/idle.ts'
import { type NamedProject, projectsOf } from '../db/narrowing.ts'
import type { Context, Database, Tx } from '../db/index.ts'
import { together } from '../db/together.ts'
import type { Account, AccountChange, LegalEntity, LegalEntityChange, Logo, Project } from './contract.ts'
import { account, credential, impersonation, installation, legalEntity, project } from './schema.ts'

type AccountRow = typeof account.$inferSelect
export type CredentialRow = typeof credential.$inferSelect
export type CredentialKind = CredentialRow['kind']

function entityFromRow(row: typeof legalEntity.$inferSelect): LegalEntity {
  const { created_at: _created_at, ...entity } = row
  return entity
}

/** A tenant knows those who sell to him, and his own companies. */
const sellersOf = (ctx: Context) => {
  const reached = withinReach(ctx, account.id)
  if (!reached) return undefined
  const sellers = ctx.tx.select({ id: account.legal_entity_id }).from(account).where(reached)
  return or(inArray(legalEntity.id, sellers), withinReach(ctx, legalEntity.reseller_account_id))
}

export async function selectEntities(ctx: Context): Promise<LegalEntity[]> {
  const order = [asc(legalEntity.created_at), asc(legalEntity.id)]
  const found = await ctx.tx
    .select()
    .from(legalEntity)
    .where(sellersOf(ctx))
    .orderBy(...order)
  return found.map(entityFromRow)
}

const entitiesById = together(async (ctx, _all: null, ids: readonly string[]) => {
  const found = await selectEntities(ctx)
  return ids.map((id) => found.find((entity) => entity.id === id) ?? null)
})
export const selectEntity = (ctx: Context, id: string): Promise<LegalEntity | null> => entitiesById(ctx, null, id)

export const insertEntity = async (tx: Tx, row: typeof legalEntity.$inferInsert): Promise<void> => {
  await tx.insert(legalEntity).values(row)
}

export async function updateEntity(
  tx: Tx,
  id: string,
  change: LegalEntityChange | { logo: Logo | null },
): Promise<void> {
  if (Object.keys(change).length > 0) await tx.update(legalEntity).set(change).where(eq(legalEntity.id, id))
}

export const projectFromRow = ({ id, name, closed_at }: typeof project.$inferSelect): Project => ({
  id,
  name,
  closed_at: closed_at === null ? null : iso(closed_at),
})

/** Accounts with their projects, in the order given. */
async function withProjects({ tx, ...asking }: Pick<Context, 'tx' | 'actor'>, found: AccountRow[]): Promise<Account[]> {
  if (found.length === 0) return []
  const ids = found.map(({ id }) => id)
  const projects = await tx
    .select()
    .from(project)
    .where(and(inArray(project.account_id, ids), withinProjects(asking, project.id)))
    .orderBy(asc(project.created_at), asc(project.id))
  const owned = Map.groupBy(projects, ({ account_id }) => account_id)
  return found.map((row) => {
    const { is_default: _is_default, created_at, ...shown } = row
    const own = owned.get(row.id) ?? []
    return { ...shown, created_at: iso(created_at), projects: own.map(projectFromRow) }
  })
}

export interface AccountCursor {
  at: number
  id: string
}

/** One more than `limit`, so that the caller sees whether there is a next page. */
export async function selectAccounts(
  ctx: Context,
  limit: number,
  after: AccountCursor | null,
): Promise<{ found: Account[]; last: AccountCursor | null; total: number }> {
  const beyond: SQL | undefined = after
    ? or(gt(account.created_at, after.at), and(eq(account.created_at, after.at), gt(account.id, after.id)))
    : undefined
  const { tx } = ctx
  const order = [asc(account.created_at), asc(account.id)]
  const reached = withinReach(ctx, account.id)
  const found = await tx
    .select()
    .from(account)
    .where(and(reached, beyond))
    .orderBy(...order)
    .limit(limit + 1)
  const [counted] = await tx.select({ total: count() }).from(account).where(reached)
  const last = found.length > limit ? found[limit - 1] : undefined
  return {
    found: await withProjects(ctx, found.slice(0, limit)),
    last: last ? { at: last.created_at, id: last.id } : null,
    total: counted?.total ?? 0,
  }
}

const one = async (ctx: Context, where: SQL | undefined): Promise<Account | null> => {
  const [found] = await withProjects(ctx, await ctx.tx.select().from(account).where(where).limit(1))
  return found ?? null
}
const accountsById = together(async (ctx, _all: null, ids: readonly string[]) => {
  const where = and(inArray(account.id, [...new Set(ids)]), withinReach(ctx, account.id))
  const found = await withProjects(ctx, await ctx.tx.select().from(account).where(where))
  const known = new Map(found.map((row) => [row.id, row]))
  return ids.map((id) => known.get(id) ?? null)
})
export const selectAccount = (ctx: Context, id: string): Promise<Account | null> => accountsById(ctx, null, id)
export async function selectAccountIds(ctx: Context): Promise<string[]> {
  const found = await ctx.tx.select({ id: account.id }).from(account).where(withinReach(ctx, account.id))
  return found.map(({ id }) => id)
}
export const selectDefaultAccount = (ctx: Context) => one(ctx, eq(account.is_default, true))

export async function insertAccount(
  tx: Tx,
  row: typeof account.$inferInsert,
  firstProject: Omit<typeof project.$inferInsert, 'account_id'>,
): Promise<void> {
  await tx.insert(account).values(row)
  const { id, parent_id = null } = row
  await tx.execute(sql`insert into account_tree (ancestor_id, account_id, depth)
    select ${id}::uuid, ${id}::uuid, 0
    union all select ancestor_id, ${id}::uuid, depth + 1 from account_tree where account_id = ${parent_id}::uuid`)
  await tx.insert(project).values({ ...firstProject, account_id: row.id })
}

export async function updateAccount(tx: Tx, id: string, change: AccountChange): Promise<void> {
  if (Object.keys(change).length > 0) await tx.update(account).set(change).where(eq(account.id, id))
}

const SET_UP_LOCK = 7_241_004

/** Held until the transaction ends: two set-ups at once make one installation. */
export const lockSetUp = async (tx: Tx): Promise<void> => {
  await tx.execute(sql`select pg_advisory_xact_lock(${SET_UP_LOCK})`)
}

export async function selectInstallation(tx: Tx): Promise<string | null> {
  const [row] = await tx.select({ id: installation.id }).from(installation).limit(1)
  return row?.id ?? null
}

export type Idle = Pick<typeof installation.$inferSelect, 'staff_idle_hours' | 'tenant_idle_hours'>
export async function selectIdle(tx: Tx): Promise<Idle | null> {
  const { staff_idle_hours, tenant_idle_hours } = installation
  const [row] = await tx.select({ staff_idle_hours, tenant_idle_hours }).from(installation).limit(1)
  return row ?? null
}
export const updateIdle = async (tx: Tx, change: Partial<Idle>): Promise<void> => {
  if (Object.keys(change).length > 0) await tx.update(installation).set(change)
}

export const insertInstallation = async (tx: Tx, row: typeof installation.$inferInsert): Promise<void> => {
  await tx.insert(installation).values(row)
}

export const insertCredential = async (tx: Tx, row: typeof credential.$inferInsert): Promise<void> => {
  await tx.insert(credential).values(row)
}

/** Neither revoked itself nor opened by a key that is: also where the two happened at once. */
const live = (hash: string) =>
  and(
    eq(credential.hash, hash),
    isNull(credential.revoked_at),
    sql`not exists (select from credential opener where opener.id = credential.opened_by and opener.revoked_at is not null)`,
  )

/** With what its bearer may do now, where that is a custom role's. */
export interface HeldCredential extends CredentialRow {
  custom_role: CustomRole | null
}

export interface FoundCredential extends HeldCredential {
  idle_hours: number | null
}

export async function selectCredential(tx: Tx | Database, hash: string): Promise<FoundCredential | null> {
  const [row] = await tx
    .select({
      held: credential,
      custom_role: customRoleOf(credential.custom_role_id),
      idle_hours: idleHoursOf(credential.account_id),
    })
    .from(credential)
    .where(live(hash))
  return row ? { ...row.held, custom_role: row.custom_role, idle_hours: row.idle_hours } : null
}

export interface KeyRow extends HeldCredential {
  account_name: string | null
  projects: NamedProject[] | null
}

/** Keys that were not revoked and that the caller reaches, the newest first. */
export async function selectKeys(ctx: Context): Promise<KeyRow[]> {
  const found = await ctx.tx
    .select({
      key: credential,
      custom_role: customRoleOf(credential.custom_role_id),
      account_name: account.name,
      projects: projectsOf(credential.project_ids),
    })
    .from(credential)
    .leftJoin(account, eq(account.id, credential.account_id))
    .where(and(eq(credential.kind, 'api_key'), isNull(credential.revoked_at), withinReach(ctx, credential.account_id)))
    .orderBy(desc(credential.created_at), desc(credential.id))
  return found.map(({ key, ...about }) => ({ ...key, ...about }))
}

/** The sessions that it opened end with it: see `live`. */
export async function revokeKey(tx: Tx, id: string, now: number): Promise<void> {
  const held = and(eq(credential.id, id), eq(credential.kind, 'api_key'), isNull(credential.revoked_at))
  await tx.update(credential).set({ revoked_at: now }).where(held)
}

export const noteUse = async (tx: Tx | Database, id: string, now: number): Promise<void> => {
  await tx.update(credential).set({ used_at: now }).where(eq(credential.id, id))
}

/** Null where it was used before: of two at once only one succeeds. */
export async function useCredential(tx: Tx, hash: string, now: number): Promise<CredentialRow | null> {
  const [row] = await tx
    .update(credential)
    .set({ used_at: now })
    .where(and(live(hash), isNull(credential.used_at)))
    .returning()
  return row ?? null
}

export async function revokeCredential(tx: Tx, hash: string, now: number): Promise<CredentialRow | null> {
  const [row] = await tx.update(credential).set({ revoked_at: now }).where(live(hash)).returning()
  return row ?? null
}

/** Of one-time tokens that nobody used: a newer one replaces them. */
export async function revokeUnused(tx: Tx, kind: CredentialKind, now: number): Promise<void> {
  const unused = and(eq(credential.kind, kind), isNull(credential.used_at), isNull(credential.revoked_at))
  await tx.update(credential).set({ revoked_at: now }).where(unused)
}

/** The tokens of set-up, and the sessions that no key opened. */
export async function revokeSetUp(tx: Tx, now: number): Promise<void> {
  const opened = and(eq(credential.kind, 'session'), isNull(credential.opened_by))
  const isSetUp = or(eq(credential.kind, 'setup_token'), opened)
  await tx
    .update(credential)
    .set({ revoked_at: now })
    .where(and(isSetUp, isNull(credential.revoked_at)))
}

export type ImpersonationRow = typeof impersonation.$inferSelect

export async function liveImpersonation(
  tx: Tx | Database,
  bearer_id: string,
  now: number,
): Promise<ImpersonationRow | null> {
  const [row] = await tx
    .select()
    .from(impersonation)
    .where(and(eq(impersonation.bearer_id, bearer_id), isNull(impersonation.ended_at), gt(impersonation.ends_at, now)))
    .limit(1)
  return row ?? null
}
export const insertImpersonation = async (tx: Tx, row: ImpersonationRow): Promise<void> => {
  await tx.insert(impersonation).values(row)
}
export const endImpersonationOf = async (tx: Tx, bearer_id: string, now: number): Promise<void> => {
  const held = and(eq(impersonation.bearer_id, bearer_id), isNull(impersonation.ended_at))
  await tx.update(impersonation).set({ ended_at: now }).where(held)
}
