/** The SQL of eyes: proofs in, covers out, and what people said. */
import { and, eq, inArray, isNull, or, sql } from 'drizzle-orm'
import type { Content, State } from '#connectors/contract.ts'
import { newId } from '../../base/id.ts'
import type { Instant, Interval } from '../../base/time.ts'
import { knownAt } from '../../db/cut.ts'
import { among, type Context, ms, rows } from '../../db/index.ts'
import { dirtyCover, observedVersion, proof, resource, sameAs, sameAsDecision } from '../schema.ts'
import { canBeSeenTwice, type Cover, type Decided, type Eye, keysOf, proofsOf } from './rules.ts'

const LOCK = 7_241_005
/** Sets of eyes are found by one at a time: two who settle one eye each would not see what the other writes. */
export const lockEyes = (ctx: Context) => ctx.tx.execute(sql`select pg_advisory_xact_lock(${LOCK})`)

const idList = (ids: Iterable<string>) =>
  sql`array[${sql.join(
    [...ids].map((id) => sql`${id}::uuid`),
    sql`, `,
  )}]::uuid[]`

/** Keys that machines among these resources show in any live version. */
export async function shownKeys(ctx: Context, ids: readonly string[]): Promise<Map<string, Set<string>>> {
  const found = await ctx.tx
    .selectDistinct({
      id: observedVersion.resource_id,
      kind: resource.kind,
      evidence: sql<Content['evidence']>`${observedVersion.content}->'evidence'`,
    })
    .from(observedVersion)
    .innerJoin(resource, eq(resource.id, observedVersion.resource_id))
    .where(and(inArray(observedVersion.resource_id, [...ids]), isNull(observedVersion.cut_to)))
  const out = new Map<string, Set<string>>()
  for (const { id, kind, evidence } of found) {
    if (!canBeSeenTwice(kind)) continue
    const keys = out.get(id) ?? new Set()
    for (const key of keysOf(proofsOf(evidence))) keys.add(key)
    out.set(id, keys)
  }
  return out
}

/** Makes the stored keys of these resources those that they show. */
export async function replaceKeys(
  ctx: Context,
  ids: readonly string[],
  shown: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<void> {
  const stored = await ctx.tx
    .select()
    .from(proof)
    .where(inArray(proof.resource_id, [...ids]))
  for (const { resource_id, key } of stored)
    if (!shown.get(resource_id)?.has(key))
      await ctx.tx.delete(proof).where(and(eq(proof.resource_id, resource_id), eq(proof.key, key)))
  const known = new Set(stored.map((row) => `${row.resource_id} ${row.key}`))
  const fresh = [...shown].flatMap(([resource_id, keys]) =>
    [...keys].filter((key) => !known.has(`${resource_id} ${key}`)).map((key) => ({ resource_id, key })),
  )
  if (fresh.length > 0) await ctx.tx.insert(proof).values(fresh).onConflictDoNothing()
}

/** Pairs with one of these resources in it: by a shared key, by a cover of now, by a person's word. */
export const linksOf = (ctx: Context, ids: Iterable<string>) => {
  const own = idList(ids)
  return rows<{ a: string; b: string }>(
    ctx.tx,
    sql`select p.resource_id as a, o.resource_id as b from proof p join proof o on o.key = p.key and o.resource_id <> p.resource_id
          where p.resource_id = any(${own})
        union select resource_id, billed_id from same_as where cut_to is null and (resource_id = any(${own}) or billed_id = any(${own}))
        union select a_id, b_id from same_as_decision where withdrawn_at is null and (a_id = any(${own}) or b_id = any(${own}))`,
  )
}

/** Machines with their live timelines, oldest version first. */
export async function eyesOf(ctx: Context, ids: readonly string[]): Promise<Eye[]> {
  const found = await ctx.tx
    .select({
      id: resource.id,
      realm: resource.realm,
      kind: resource.kind,
      external_id: resource.external_id,
      incarnation: resource.incarnation,
      from: observedVersion.valid_from,
      to: observedVersion.valid_to,
      state: sql<State>`${observedVersion.content}->>'state'`,
      evidence: sql<Content['evidence']>`${observedVersion.content}->'evidence'`,
    })
    .from(observedVersion)
    .innerJoin(resource, eq(resource.id, observedVersion.resource_id))
    .where(and(inArray(observedVersion.resource_id, [...ids]), isNull(observedVersion.cut_to)))
    .orderBy(observedVersion.valid_from)
  return [...Map.groupBy(found, (row) => row.id).values()].flatMap((own) => {
    const [first] = own
    if (!first) return []
    const { id, realm, kind, external_id, incarnation } = first
    const seen = own.map(({ from, to, state, evidence }) => ({
      from,
      to,
      running: state === 'running',
      proofs: proofsOf(evidence),
    }))
    return [{ id, realm, kind, identity: [realm, kind, external_id, incarnation].join('\n'), seen }]
  })
}

export const decisionsAmong = (ctx: Context, ids: readonly string[]): Promise<Decided[]> =>
  ctx.tx
    .select({ a: sameAsDecision.a_id, b: sameAsDecision.b_id, same: sameAsDecision.same })
    .from(sameAsDecision)
    .where(
      and(
        isNull(sameAsDecision.withdrawn_at),
        inArray(sameAsDecision.a_id, [...ids]),
        inArray(sameAsDecision.b_id, [...ids]),
      ),
    )

/** The first complete listing, at or after an instant, of the scope that last held the resource. */
export async function heardAfter(ctx: Context, resource_id: string, at: Instant): Promise<Instant | null> {
  const [row] = await rows<{ at: string | null }>(
    ctx.tx,
    sql`select min(${ms(sql`p.seen_at`)}) as at from snapshot p join resource r on r.scope_id = p.scope_id
        where r.id = ${resource_id} and p.in_force and p.complete and p.seen_at >= ${new Date(at).toISOString()}::timestamptz`,
  )
  return row?.at ? Number(row.at) : null
}

export type LiveCover = Cover & { id: string; cut_from: number }
export async function liveCovers(ctx: Context, ids: readonly string[]): Promise<LiveCover[]> {
  const found = await ctx.tx
    .select()
    .from(sameAs)
    .where(and(inArray(sameAs.resource_id, [...ids]), isNull(sameAs.cut_to)))
  return found.map(({ valid_from, valid_to, cut_to: _live, stored_at: _at, ...row }) => ({
    ...row,
    from: valid_from,
    to: valid_to,
  }))
}

/** A row that a closed cut may have seen is kept with its end; one that none saw goes. */
export async function replaceCovers(
  ctx: Context,
  gone: readonly LiveCover[],
  fresh: readonly Cover[],
  cut: number,
): Promise<void> {
  const unseen = gone.filter((row) => row.cut_from === cut).map((row) => row.id)
  const seen = gone.filter((row) => row.cut_from !== cut).map((row) => row.id)
  if (unseen.length > 0) await ctx.tx.delete(sameAs).where(inArray(sameAs.id, unseen))
  if (seen.length > 0) await ctx.tx.update(sameAs).set({ cut_to: cut }).where(inArray(sameAs.id, seen))
  const stored_at = ctx.now()
  const list = fresh.map(({ from, to, ...row }) => ({ ...row, valid_from: from, valid_to: to }))
  if (list.length > 0)
    await ctx.tx.insert(sameAs).values(list.map((row) => ({ ...row, id: newId(), cut_from: cut, stored_at })))
}

/** What lists show: who is billed now, or was when the resource ended. Answers those that changed. */
export const projectCovered = (ctx: Context, ids: readonly string[]) =>
  rows<{ id: string; covered_by: string | null; account_id: string | null }>(
    ctx.tx,
    sql`update resource set covered_by = now.billed_id from (
          select r.id, s.billed_id from resource r left join same_as s on s.resource_id = r.id and s.cut_to is null
            and s.valid_to is not distinct from r.ended_at where r.id = any(${idList(ids)})) now
        where now.id = resource.id and resource.covered_by is distinct from now.billed_id
        returning resource.id, resource.covered_by, resource.account_id`,
  )

/** Merges into the dirty set: the earliest instant wins. */
export async function markCovers(ctx: Context, since: ReadonlyMap<string, Instant>): Promise<void> {
  const marked_at = ctx.now()
  const list = [...since].map(([resource_id, from]) => ({ resource_id, since: from, marked_at }))
  if (list.length > 0)
    await ctx.tx
      .insert(dirtyCover)
      .values(list)
      .onConflictDoUpdate({
        target: dirtyCover.resource_id,
        set: { since: sql`least(${dirtyCover.since}, excluded.since)` },
      })
}

export async function claimCovers(ctx: Context, limit: number): Promise<{ resource_id: string; since: Instant }[]> {
  const claimed = await rows<{ resource_id: string; since: string }>(
    ctx.tx,
    sql`delete from dirty_cover where resource_id in (
          select resource_id from dirty_cover order by marked_at limit ${limit} for update skip locked)
        returning resource_id, ${ms(sql`since`)} as since`,
  )
  return claimed.map((row) => ({ ...row, since: Number(row.since) }))
}

/** Covers of resources that touch an interval, as known to a cut, oldest first. */
export async function coversIn(
  ctx: Context,
  ids: readonly string[],
  { from, to }: Interval,
  cut: number,
): Promise<{ resource_id: string; billed_id: string; from: Instant; to: Instant | null }[]> {
  if (ids.length === 0) return []
  const { resource_id, billed_id, valid_from, valid_to } = sameAs
  return ctx.tx
    .select({ resource_id, billed_id, from: valid_from, to: valid_to })
    .from(sameAs)
    .where(
      and(
        among(sameAs.resource_id, ids),
        sql`${sameAs.valid_from} < ${new Date(to).toISOString()}::timestamptz`,
        sql`(${sameAs.valid_to} is null or ${sameAs.valid_to} > ${new Date(from).toISOString()}::timestamptz)`,
        knownAt(sameAs.cut_from, sameAs.cut_to, cut),
      ),
    )
    .orderBy(sameAs.valid_from)
}

/** Live covers of one resource with who is billed instead, newest first. */
export const coverHistory = (ctx: Context, resource_id: string) =>
  ctx.tx
    .select({ cover: sameAs, billed: { id: resource.id, kind: resource.kind, name: resource.name } })
    .from(sameAs)
    .innerJoin(resource, eq(resource.id, sameAs.billed_id))
    .where(and(eq(sameAs.resource_id, resource_id), isNull(sameAs.cut_to)))
    .orderBy(sql`${sameAs.valid_from} desc`)
    .limit(200)

export interface SetMember {
  id: string
  kind: Eye['kind']
  name: string
  /** the billed one's id, for all of the set */
  billed_id: string
  evidence: Cover['evidence'] | null
  source_id: string
  connector: string
  agent_name: string
}
/** All eyes of the sets in which these resources are now (or were when they ended). */
export const setsOf = (ctx: Context, ids: readonly string[]): Promise<SetMember[]> =>
  ids.length === 0
    ? Promise.resolve([])
    : rows<SetMember>(
        ctx.tx,
        sql`with billed as (
              select distinct coalesce(covered_by, id) as id from resource where id = any(${idList(ids)})),
            member as (
              select r.id, coalesce(r.covered_by, r.id) as billed_id from resource r join billed b on r.id = b.id or r.covered_by = b.id)
            select r.id, r.kind, r.name, m.billed_id, s.evidence, o.id as source_id, o.connector, a.name as agent_name
            from member m join resource r on r.id = m.id join source o on o.id = r.source_id join agent a on a.id = o.agent_id
            left join same_as s on s.resource_id = r.id and s.billed_id = r.covered_by and s.cut_to is null and s.valid_to is not distinct from r.ended_at
            where exists (select 1 from resource c where c.covered_by = m.billed_id)
            order by s.evidence is not null, r.kind, r.name, r.id`,
      )

const pair = (a: string, b: string) => (a < b ? { a_id: a, b_id: b } : { a_id: b, b_id: a })

/** Ends what was said of the pair; answers how many statements there were. */
export async function withdraw(ctx: Context, a: string, b: string): Promise<(typeof sameAsDecision.$inferSelect)[]> {
  const { a_id, b_id } = pair(a, b)
  return ctx.tx
    .update(sameAsDecision)
    .set({ withdrawn_at: ctx.now() })
    .where(and(eq(sameAsDecision.a_id, a_id), eq(sameAsDecision.b_id, b_id), isNull(sameAsDecision.withdrawn_at)))
    .returning()
}

export async function decide(
  ctx: Context,
  a: string,
  b: string,
  said: { same: boolean; reason: string },
): Promise<typeof sameAsDecision.$inferSelect> {
  const row = { id: newId(), ...pair(a, b), ...said, actor: ctx.actor.name, recorded_at: ctx.now(), withdrawn_at: null }
  await ctx.tx.insert(sameAsDecision).values(row)
  return row
}

export const decisionsOf = (ctx: Context, id: string) =>
  ctx.tx
    .select()
    .from(sameAsDecision)
    .where(and(isNull(sameAsDecision.withdrawn_at), or(eq(sameAsDecision.a_id, id), eq(sameAsDecision.b_id, id))))
