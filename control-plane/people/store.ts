/** SQL of people: memberships, sessions, invitations, wrong passwords, providers. */
import { and, type AnyColumn, asc, count, desc, eq, gt, isNull, lt, max, ne, type SQL, sql } from 'drizzle-orm'
import type { Instant } from '../base/time.ts'
import type { CustomRole } from '../base/roles.ts'
import { customRoleOf } from '../db/custom-role.ts'
import { withinReach } from '../db/fence.ts'
import { idleHoursOf } from '../db/idle.ts'
import { projectsOf } from '../db/narrowing.ts'
import { type Context, type Database, rows, type Tx } from '../db/index.ts'
import {
  invitation,
  membership,
  passkey,
  person,
  personSession,
  signInFailure,
  signInMethod,
  signInSecret,
  ssoProvider,
  totp,
  verification,
} from './schema.ts'

/** What better-auth may write, by the names that it is told. */
export const AUTH_TABLES = {
  person,
  person_session: personSession,
  sign_in_method: signInMethod,
  verification,
  totp,
  passkey,
}
export type PersonRow = typeof person.$inferSelect
export type MembershipRow = typeof membership.$inferSelect
export type InvitationRow = typeof invitation.$inferSelect
export type ProviderRow = typeof ssoProvider.$inferSelect

const accountName = (id: AnyColumn) => sql<string | null>`(select a.name from account a where a.id = ${id})`
/** The account that it is for, the role that was made here, the projects to which it is narrowed. */
const about = (of: { account_id: AnyColumn; custom_role_id: AnyColumn; project_ids: AnyColumn }) => ({
  account_name: accountName(of.account_id),
  custom_role: customRoleOf(of.custom_role_id),
  projects: projectsOf(of.project_ids),
})

export interface LiveSession {
  session_id: string
  used_at: Date
  person: PersonRow
  membership: MembershipRow
  custom_role: CustomRole | null
  idle_hours: number | null
}

/** The session of a hashed token with what its bearer acts as; null once either has ended. */
export async function selectLiveSession(tx: Tx | Database, token: string, now: Instant): Promise<LiveSession | null> {
  const [row] = await tx
    .select({
      session_id: personSession.id,
      used_at: personSession.updated_at,
      person,
      membership,
      custom_role: customRoleOf(membership.custom_role_id),
      idle_hours: idleHoursOf(membership.account_id),
    })
    .from(personSession)
    .innerJoin(person, eq(person.id, personSession.person_id))
    .innerJoin(membership, and(eq(membership.id, personSession.membership_id), isNull(membership.ended_at)))
    .where(and(eq(personSession.token, token), gt(personSession.expires_at, new Date(now))))
  return row ?? null
}

export const noteSessionUse = async (tx: Tx | Database, id: string, now: Instant): Promise<void> => {
  await tx
    .update(personSession)
    .set({ updated_at: new Date(now) })
    .where(eq(personSession.id, id))
}

export const selectSessions = (tx: Tx, person_id: string, now: Instant) =>
  tx
    .select()
    .from(personSession)
    .where(and(eq(personSession.person_id, person_id), gt(personSession.expires_at, new Date(now))))
    .orderBy(desc(personSession.updated_at), desc(personSession.id))

const idsOf = async (query: Promise<{ id: string }[]>): Promise<string[]> => (await query).map(({ id }) => id)
const endSessions = (tx: Tx, where: SQL | undefined): Promise<string[]> =>
  idsOf(tx.delete(personSession).where(where).returning({ id: personSession.id }))
export const endSession = (tx: Tx, person_id: string, id: string) =>
  endSessions(tx, and(eq(personSession.person_id, person_id), eq(personSession.id, id)))
export const endOtherSessions = (tx: Tx, person_id: string, kept: string) =>
  endSessions(tx, and(eq(personSession.person_id, person_id), ne(personSession.id, kept)))
export const endSessionsAs = (tx: Tx, membership_id: string) =>
  endSessions(tx, eq(personSession.membership_id, membership_id))

export const setActive = async (tx: Tx, session_id: string, membership_id: string): Promise<void> => {
  await tx.update(personSession).set({ membership_id }).where(eq(personSession.id, session_id))
}

export async function selectPerson(tx: Tx, id: string): Promise<PersonRow | null> {
  const [row] = await tx.select().from(person).where(eq(person.id, id))
  return row ?? null
}
export async function selectPersonByHash(tx: Tx, email_hash: string): Promise<PersonRow | null> {
  const [row] = await tx.select().from(person).where(eq(person.email_hash, email_hash))
  return row ?? null
}
/** Of one who was erased nothing is written any more. */
export const updatePerson = async (tx: Tx, id: string, change: Partial<PersonRow>): Promise<void> => {
  await tx
    .update(person)
    .set({ ...change, updated_at: new Date() })
    .where(and(eq(person.id, id), isNull(person.erased_at)))
}
export const selectPasskeys = (tx: Tx, person_id: string) =>
  tx.select().from(passkey).where(eq(passkey.person_id, person_id)).orderBy(asc(passkey.created_at))
export const deletePasskeys = (tx: Tx, person_id: string) =>
  idsOf(tx.delete(passkey).where(eq(passkey.person_id, person_id)).returning({ id: passkey.id }))

/** Live memberships of one person, the oldest first. */
export async function selectMemberships(tx: Tx, person_id: string) {
  const found = await tx
    .select({ membership, ...about(membership) })
    .from(membership)
    .where(and(eq(membership.person_id, person_id), isNull(membership.ended_at)))
    .orderBy(asc(membership.created_at), asc(membership.id))
  return found.map(({ membership: one, ...named }) => ({ ...one, ...named }))
}

/** Everybody who belongs where the caller reaches. */
export async function selectMembers(ctx: Context) {
  const seen = ctx.tx
    .select({ person_id: personSession.person_id, at: max(personSession.updated_at).as('seen_at') })
    .from(personSession)
    .groupBy(personSession.person_id)
    .as('seen')
  return await ctx.tx
    .select({ membership, person, ...about(membership), seen_at: seen.at })
    .from(membership)
    .innerJoin(person, eq(person.id, membership.person_id))
    .leftJoin(seen, eq(seen.person_id, membership.person_id))
    .where(and(isNull(membership.ended_at), withinReach(ctx, membership.account_id)))
    .orderBy(asc(membership.id))
}
export type MemberRow = Awaited<ReturnType<typeof selectMembers>>[number]

export const insertMembership = async (tx: Tx, row: MembershipRow): Promise<void> => {
  await tx.insert(membership).values(row)
}
export const updateMembership = async (tx: Tx, id: string, change: Partial<MembershipRow>): Promise<void> => {
  await tx.update(membership).set(change).where(eq(membership.id, id))
}

const OWNERS_LOCK = 7_241_012
/** Owners of the installation; whoever adds or removes one waits for the other. */
export async function lockOwners(tx: Tx): Promise<string[]> {
  await tx.execute(sql`select pg_advisory_xact_lock(${OWNERS_LOCK})`)
  return await idsOf(
    tx
      .select({ id: membership.id })
      .from(membership)
      .where(and(eq(membership.role, 'owner'), isNull(membership.ended_at))),
  )
}
export async function hasOwner(tx: Tx): Promise<boolean> {
  const found = await tx
    .select({ id: membership.id })
    .from(membership)
    .where(and(eq(membership.role, 'owner'), isNull(membership.ended_at)))
    .limit(1)
  return found.length > 0
}

const isPending = and(isNull(invitation.accepted_at), isNull(invitation.revoked_at))
/** Invitations that nobody accepted or revoked, where the caller reaches. */
export const selectInvitations = (ctx: Context, id?: string) =>
  ctx.tx
    .select({ invitation, ...about(invitation) })
    .from(invitation)
    .where(
      and(isPending, id === undefined ? undefined : eq(invitation.id, id), withinReach(ctx, invitation.account_id)),
    )
    .orderBy(desc(invitation.created_at), desc(invitation.id))
export type ListedInvitation = Awaited<ReturnType<typeof selectInvitations>>[number]

/** By whoever holds the link; locked, so that of two at once only one accepts. */
export async function lockInvitation(tx: Tx, hash: string): Promise<ListedInvitation | null> {
  const [row] = await tx
    .select({ invitation, ...about(invitation) })
    .from(invitation)
    .where(eq(invitation.hash, hash))
    .for('update')
  return row ?? null
}
export async function lockInvitationFor(tx: Tx, email_hash: string, now: Instant): Promise<InvitationRow | null> {
  const [row] = await tx
    .select()
    .from(invitation)
    .where(and(eq(invitation.email_hash, email_hash), isPending, gt(invitation.expires_at, now)))
    .orderBy(desc(invitation.created_at))
    .limit(1)
    .for('update')
  return row ?? null
}
/** Who has a role that was made here, or would have it by an invitation that is still listed. */
export async function countBearers({ tx }: Context, custom_role_id: string) {
  const [belong] = await tx
    .select({ people: count() })
    .from(membership)
    .where(and(eq(membership.custom_role_id, custom_role_id), isNull(membership.ended_at)))
  const [asked] = await tx
    .select({ invitations: count() })
    .from(invitation)
    .where(and(eq(invitation.custom_role_id, custom_role_id), isPending))
  return { people: belong?.people ?? 0, invitations: asked?.invitations ?? 0 }
}
export const insertInvitation = async (tx: Tx, row: InvitationRow): Promise<void> => {
  await tx.insert(invitation).values(row)
}
export const updateInvitation = async (tx: Tx, id: string, change: Partial<InvitationRow>): Promise<void> => {
  await tx.update(invitation).set(change).where(eq(invitation.id, id))
}

/** Never waits: false where the same address is tried at this very moment. Held until the transaction ends. */
export async function takeTurn(tx: Tx, email_hash: string): Promise<boolean> {
  const key = BigInt.asIntN(64, BigInt(`0x${email_hash.slice(0, 16)}`)).toString()
  const [row] = await rows<{ taken: boolean }>(tx, sql`select pg_try_advisory_xact_lock(${key}::int8) as taken`)
  return row?.taken === true
}
export async function selectFailure(tx: Tx, email_hash: string) {
  const [row] = await tx.select().from(signInFailure).where(eq(signInFailure.email_hash, email_hash))
  return row ?? null
}
export const keepFailure = async (tx: Tx, row: typeof signInFailure.$inferInsert): Promise<void> => {
  await tx.insert(signInFailure).values(row).onConflictDoUpdate({ target: signInFailure.email_hash, set: row })
}
export const forgetFailures = async (tx: Tx, email_hash: string): Promise<void> => {
  await tx.delete(signInFailure).where(eq(signInFailure.email_hash, email_hash))
}
/** Wrong passwords and challenges of long ago. */
export async function forgetOld(tx: Tx, before: Instant, now: Instant): Promise<void> {
  await tx.delete(signInFailure).where(lt(signInFailure.last_at, before))
  await tx.delete(verification).where(lt(verification.expires_at, new Date(now)))
  await tx.delete(personSession).where(lt(personSession.expires_at, new Date(now)))
}

export const selectProviders = (tx: Tx) =>
  tx.select().from(ssoProvider).orderBy(asc(ssoProvider.name), asc(ssoProvider.id))
export async function selectProvider(tx: Tx, id: string): Promise<ProviderRow | null> {
  const [row] = await tx.select().from(ssoProvider).where(eq(ssoProvider.id, id))
  return row ?? null
}
export const insertProvider = async (tx: Tx, row: ProviderRow): Promise<void> => {
  await tx.insert(ssoProvider).values(row)
}
/** With it goes what it knew people by. */
export async function deleteProvider(tx: Tx, id: string): Promise<void> {
  await tx.delete(signInMethod).where(eq(signInMethod.provider_id, id))
  await tx.delete(ssoProvider).where(eq(ssoProvider.id, id))
}
export const updateProviderSecret = async (tx: Tx, id: string, client_secret: unknown): Promise<void> => {
  await tx.update(ssoProvider).set({ client_secret }).where(eq(ssoProvider.id, id))
}

/** The secret that is kept; the given one where there is none yet. */
export async function keepSecret(tx: Tx, name: string, value: unknown): Promise<unknown> {
  await tx.insert(signInSecret).values({ name, value }).onConflictDoNothing()
  return await selectSecret(tx, name)
}
export async function selectSecret(tx: Tx, name: string): Promise<unknown> {
  const [row] = await tx.select().from(signInSecret).where(eq(signInSecret.name, name)).for('update')
  return row?.value ?? null
}
/** The same without waiting for who changes it. */
export async function readSecret(tx: Tx | Database, name: string): Promise<unknown> {
  const [row] = await tx.select().from(signInSecret).where(eq(signInSecret.name, name))
  return row?.value ?? null
}
export const updateSecret = async (tx: Tx, name: string, value: unknown): Promise<void> => {
  await tx.update(signInSecret).set({ value }).where(eq(signInSecret.name, name))
}
