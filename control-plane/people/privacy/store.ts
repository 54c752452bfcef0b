/** SQL of privacy: the keys of people, what is looked up by hash, and what an erasure takes away. */
import { and, asc, count, desc, eq, gt, inArray, isNotNull, isNull, ne, notLike, or, sql } from 'drizzle-orm'
import type { Instant } from '../../base/time.ts'
import { type Database, ms, rows, type Tx } from '../../db/index.ts'
import {
  invitation,
  membership,
  passkey,
  person,
  personKey,
  personSession,
  signInFailure,
  signInMethod,
  totp,
  verification,
} from '../schema.ts'

type Any = Tx | Database

export const selectKeys = (tx: Any, ids: readonly string[]) =>
  tx
    .select()
    .from(personKey)
    .where(inArray(personKey.person_id, [...ids]))
export const insertKey = async (tx: Tx, row: typeof personKey.$inferInsert): Promise<void> => {
  await tx.insert(personKey).values(row)
}
export const deleteKey = async (tx: Tx, person_id: string): Promise<void> => {
  await tx.delete(personKey).where(eq(personKey.person_id, person_id))
}

/** Keys that another than this key of the installation sealed, above an id. */
export const selectKeysNotBy = (tx: Tx, key_id: string, after: string | null, limit: number) =>
  tx
    .select()
    .from(personKey)
    .where(
      and(notLike(personKey.key, `enc:v1:${key_id}:%`), after === null ? undefined : gt(personKey.person_id, after)),
    )
    .orderBy(asc(personKey.person_id))
    .limit(limit)
export const updateKey = async (tx: Tx, person_id: string, key: string): Promise<void> => {
  await tx.update(personKey).set({ key }).where(eq(personKey.person_id, person_id))
}

export const selectInvitedNotBy = (tx: Tx, key_id: string, after: string | null, limit: number) =>
  tx
    .select({ id: invitation.id, email: invitation.email })
    .from(invitation)
    .where(and(notLike(invitation.email, `enc:v1:${key_id}:%`), after === null ? undefined : gt(invitation.id, after)))
    .orderBy(asc(invitation.id))
    .limit(limit)

export async function selectCalled(tx: Any, by: { name_hash: string; email_hash: string }): Promise<string[]> {
  const found = await tx
    .select({ id: person.id })
    .from(person)
    .where(or(eq(person.name_hash, by.name_hash), eq(person.email_hash, by.email_hash)))
  return found.map(({ id }) => id)
}

/** People of a version before their names were sealed. */
export const selectPlainPeople = (tx: Tx, limit: number) =>
  tx
    .select()
    .from(person)
    .where(and(isNull(person.erased_at), sql`not exists (select from person_key k where k.person_id = ${person.id})`))
    .orderBy(asc(person.id))
    .limit(limit)
    .for('update')
export const selectAllSessions = (tx: Tx, person_id: string) =>
  tx.select().from(personSession).where(eq(personSession.person_id, person_id))
export const updateSession = async (
  tx: Tx,
  id: string,
  change: Pick<typeof personSession.$inferInsert, 'ip_address' | 'user_agent'>,
): Promise<void> => {
  await tx.update(personSession).set(change).where(eq(personSession.id, id))
}
export const selectPlainInvitations = (tx: Tx, limit: number) =>
  tx
    .select()
    .from(invitation)
    .where(and(isNotNull(invitation.email), isNull(invitation.email_hash)))
    .orderBy(asc(invitation.id))
    .limit(limit)
    .for('update')

/** Locked: of two erasures at once the second finds nobody. */
export async function lockPerson(tx: Tx, id: string) {
  const [row] = await tx
    .select()
    .from(person)
    .where(and(eq(person.id, id), isNull(person.erased_at)))
    .for('update')
  return row ?? null
}

/** Memberships of one person, those that ended too. */
export const selectAllMemberships = (tx: Tx, person_id: string) =>
  tx
    .select({
      membership,
      account_name: sql<string | null>`(select a.name from account a where a.id = ${membership.account_id})`,
    })
    .from(membership)
    .where(eq(membership.person_id, person_id))
    .orderBy(asc(membership.created_at), asc(membership.id))

/** Whether somebody else has this role there. */
export async function isShared(
  tx: Tx,
  { person_id, role, account_id }: Pick<typeof membership.$inferSelect, 'person_id' | 'role' | 'account_id'>,
): Promise<boolean> {
  const place = account_id === null ? isNull(membership.account_id) : eq(membership.account_id, account_id)
  const found = await tx
    .select({ id: membership.id })
    .from(membership)
    .where(and(eq(membership.role, role), place, ne(membership.person_id, person_id), isNull(membership.ended_at)))
    .limit(1)
  return found.length > 0
}

export const selectMethods = (tx: Tx, person_id: string) =>
  tx
    .select({ provider_id: signInMethod.provider_id, created_at: signInMethod.created_at })
    .from(signInMethod)
    .where(eq(signInMethod.person_id, person_id))
    .orderBy(asc(signInMethod.created_at))

/** Open invitations to an address. */
export const selectInvitationsTo = (tx: Tx, email_hash: string | null) =>
  tx
    .select({
      invitation,
      account_name: sql<string | null>`(select a.name from account a where a.id = ${invitation.account_id})`,
    })
    .from(invitation)
    .where(email_hash === null ? sql`false` : eq(invitation.email_hash, email_hash))
    .orderBy(desc(invitation.created_at))

interface MadeKey {
  id: string
  name: string
  created_at: Instant
  revoked_at: Instant | null
}
/** API keys that he made, revoked ones too. */
export async function selectKeysMadeBy(tx: Tx, person_id: string): Promise<MadeKey[]> {
  const found = await rows<{ id: string; name: string; created_at: string; revoked_at: string | null }>(
    tx,
    sql`select id, name, ${ms(sql`created_at`)} as created_at, ${ms(sql`revoked_at`)} as revoked_at from credential
        where kind = 'api_key' and starts_with(created_by, ${`person:${person_id}:`}) order by credential.created_at, id`,
  )
  return found.map(({ created_at, revoked_at, ...key }) => ({
    ...key,
    created_at: Number(created_at),
    revoked_at: revoked_at === null ? null : Number(revoked_at),
  }))
}

export interface Recorded {
  records: number
  old_records: number
}
/** Events of what he did; and of those, and of other rows, how many hold his name or e-mail as they were written before names were sealed. */
export async function countRecords(
  tx: Tx,
  { id, name, email }: { id: string; name: string; email: string },
): Promise<Recorded> {
  const text = sql`concat(before::text, after::text)`
  const [row] = await rows<{ records: string; old_events: string; others: string }>(
    tx,
    sql`select count(*) filter (where actor->>'id' = ${id}) as records,
          count(*) filter (where actor->>'id' = ${id} and not starts_with(actor->>'name', 'person:')
            or strpos(${text}, to_jsonb(${name}::text)::text) > 0 or strpos(${text}, ${email}) > 0) as old_events,
          (select count(*) from (
            select created_by as by from membership union all select created_by from invitation
            union all select created_by from credential union all select created_by from custom_role
            union all select created_by from sso_provider union all select actor_name from impersonation
            union all select actor from price_version union all select actor from gap_acceptance
            union all select actor from assignment union all select actor from same_as_decision) as other where by = ${name}) as others
        from event`,
  )
  return {
    records: Number(row?.records ?? 0),
    old_records: Number(row?.old_events ?? 0) + Number(row?.others ?? 0),
  }
}

export async function countPasskeys(tx: Tx, person_id: string): Promise<number> {
  const [row] = await tx.select({ n: count() }).from(passkey).where(eq(passkey.person_id, person_id))
  return row?.n ?? 0
}

/** Everything by which he comes in, where he belongs, and what he is called by. The row stays for those who point to it. */
export async function eraseAll(tx: Tx, id: string, email_hash: string | null, now: Instant): Promise<void> {
  await tx
    .update(membership)
    .set({ ended_at: now })
    .where(and(eq(membership.person_id, id), isNull(membership.ended_at)))
  for (const table of [personSession, signInMethod, totp, passkey])
    await tx.delete(table).where(eq(table.person_id, id))
  await tx.delete(verification).where(sql`strpos(${verification.value}, ${id}) > 0`)
  if (email_hash !== null) {
    await tx.delete(invitation).where(eq(invitation.email_hash, email_hash))
    await tx.delete(signInFailure).where(eq(signInFailure.email_hash, email_hash))
  }
  const nothing = { name: null, email: null, email_hash: null, name_hash: null, image: null }
  await tx
    .update(person)
    .set({ ...nothing, email_verified: false, totp_enabled: false, erased_at: now, updated_at: new Date(now) })
    .where(eq(person.id, id))
}
