/** SQL of sources: agents, enrolments, and what each agent reads. `resource` is inventory's, counted here only. */
import { and, asc, count, desc, eq, gt, inArray, isNotNull, isNull, lt, lte, min, type SQL, sql } from 'drizzle-orm'
import { iso } from '../base/time.ts'
import { among, rows, type Tx } from '../db/index.ts'
import type { Agent, Source } from './contract.ts'
import { agentState, isSkewed, secretsNamed, sourceState } from './rules.ts'
import { agent, enrolment, source, sourcePause } from './schema.ts'
import { hideSecrets } from './settings.ts'

export type AgentRow = typeof agent.$inferSelect
export type SourceRow = typeof source.$inferSelect

const isActive = and(isNull(source.deleted_at), isNull(source.paused_at))

const agentFromRow = (row: AgentRow, source_count: number): Agent => ({
  id: row.id,
  name: row.name,
  hostname: row.hostname,
  version: row.version,
  platform: row.platform,
  state: agentState(row),
  created_at: iso(row.created_at),
  last_heard_at: row.last_heard_at === null ? null : iso(row.last_heard_at),
  clock_offset_ms: row.clock_offset_ms,
  clock_skewed: isSkewed(row.clock_offset_ms),
  spool_bytes: row.spool_bytes,
  alarm: row.alarm,
  connectors: row.manifests.map(({ name }) => name),
  source_count,
  labels: row.labels,
})

export async function selectAgents(tx: Tx): Promise<Agent[]> {
  const found = await tx
    .select({ row: agent, sources: count(source.id) })
    .from(agent)
    .leftJoin(source, and(eq(source.agent_id, agent.id), isNull(source.deleted_at)))
    .groupBy(agent.id)
    .orderBy(asc(agent.name), asc(agent.created_at))
  return found.map(({ row, sources }) => agentFromRow(row, sources))
}

/** Agents that were not revoked, whole: who may report and what they can host. */
export const selectActiveAgents = (tx: Tx): Promise<AgentRow[]> =>
  tx.select().from(agent).where(isNull(agent.revoked_at)).orderBy(asc(agent.name), asc(agent.created_at))

export async function selectAgent(tx: Tx, id: string): Promise<AgentRow | null> {
  const [row] = await tx.select().from(agent).where(eq(agent.id, id))
  return row ?? null
}

/** Holds the agent's row until the transaction ends, so that its configuration changes one at a time. */
export async function lockAgent(tx: Tx, id: string): Promise<AgentRow | null> {
  const [row] = await tx.select().from(agent).where(eq(agent.id, id)).for('no key update')
  return row ?? null
}

/** False where the key is an agent's already. */
export async function insertAgent(tx: Tx, row: typeof agent.$inferInsert): Promise<boolean> {
  const made = await tx.insert(agent).values(row).onConflictDoNothing().returning({ id: agent.id })
  return made.length > 0
}

/** Ids of the agents that have these keys. */
export async function selectIdsOfKeys(tx: Tx, keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (keys.length === 0) return new Map()
  const found = await tx
    .select({ id: agent.id, public_key: agent.public_key })
    .from(agent)
    .where(inArray(agent.public_key, [...keys]))
  return new Map(found.map(({ id, public_key }) => [public_key, id]))
}

/** Newest first. */
export const selectRevoked = (tx: Tx, since: number, limit: number) =>
  tx
    .select({ public_key: agent.public_key, revoked_at: agent.revoked_at })
    .from(agent)
    .where(gt(agent.revoked_at, since))
    .orderBy(desc(agent.revoked_at))
    .limit(limit)

/** Agents that were not revoked, of these or all, with what tells how each does. */
export async function selectDoings(tx: Tx, ids?: readonly string[]) {
  const failing = sql<string | null>`max((${source.error} ->> 'since_ms')::bigint) filter (where ${isActive})`
  const found = await tx
    .select({
      id: agent.id,
      name: agent.name,
      version: agent.version,
      platform: agent.platform,
      labels: agent.labels,
      last_heard_at: agent.last_heard_at,
      silent_since: agent.silent_since,
      failing_since: failing,
      source_ids: sql<string[]>`coalesce(array_agg(${source.id}) filter (where ${source.id} is not null), '{}')`,
    })
    .from(agent)
    .leftJoin(source, eq(source.agent_id, agent.id))
    .where(and(isNull(agent.revoked_at), ids && inArray(agent.id, [...ids])))
    .groupBy(agent.id)
  return found.map(({ failing_since, last_heard_at, ...row }) => ({
    ...row,
    is_heard: last_heard_at !== null && row.silent_since === null,
    failing_since: failing_since === null ? null : Number(failing_since),
  }))
}

export const updateAgent = async (tx: Tx, id: string, change: Partial<typeof agent.$inferInsert>): Promise<void> => {
  await tx.update(agent).set(change).where(eq(agent.id, id))
}

export const bumpConfig = async (tx: Tx, id: string): Promise<void> => {
  await tx
    .update(agent)
    .set({ config_version: sql`${agent.config_version} + 1` })
    .where(eq(agent.id, id))
}

/** Agents heard at least once and not known as silent, each with the interval of its busiest source. */
export const selectWatched = (tx: Tx) =>
  tx
    .select({
      id: agent.id,
      name: agent.name,
      last_heard_at: agent.last_heard_at,
      interval_ms: min(source.interval_ms),
    })
    .from(agent)
    .innerJoin(source, and(eq(source.agent_id, agent.id), isActive))
    .where(and(isNull(agent.revoked_at), isNotNull(agent.last_heard_at), isNull(agent.silent_since)))
    .groupBy(agent.id)

/** Marks it; false where it was heard meanwhile or another process was first. */
export async function markSilent(tx: Tx, id: string, last_heard_at: number): Promise<boolean> {
  const still = and(eq(agent.id, id), isNull(agent.silent_since), eq(agent.last_heard_at, last_heard_at))
  const marked = await tx.update(agent).set({ silent_since: last_heard_at }).where(still).returning({ id: agent.id })
  return marked.length > 0
}

export const insertEnrolment = async (tx: Tx, row: typeof enrolment.$inferInsert): Promise<void> => {
  await tx.insert(enrolment).values(row)
}

type EnrolmentRow = typeof enrolment.$inferSelect

/** Null where the token is not known, has expired, or was used up: of two at once only as many succeed as it has uses. */
export async function useEnrolment(tx: Tx, hash: string, now: number): Promise<EnrolmentRow | null> {
  const fresh = and(eq(enrolment.hash, hash), lt(enrolment.used, enrolment.uses), gt(enrolment.expires_at, now))
  const [used] = await tx
    .update(enrolment)
    .set({ used: sql`${enrolment.used} + 1`, used_at: now })
    .where(fresh)
    .returning()
  return used ?? null
}

export async function selectEnrolment(tx: Tx, hash: string): Promise<EnrolmentRow | null> {
  const [row] = await tx.select().from(enrolment).where(eq(enrolment.hash, hash))
  return row ?? null
}

export const nameEnrolled = async (tx: Tx, id: string, agent_id: string): Promise<void> => {
  await tx.update(enrolment).set({ agent_id }).where(eq(enrolment.id, id))
}

export const selectSourceRows = (tx: Tx, agent_id: string): Promise<SourceRow[]> =>
  tx.select().from(source).where(eq(source.agent_id, agent_id)).orderBy(asc(source.created_at), asc(source.id))

/** Held in the order of their ids, as all do who hold several. */
export const lockSourcesOf = (tx: Tx, agent_id: string): Promise<SourceRow[]> =>
  tx.select().from(source).where(eq(source.agent_id, agent_id)).orderBy(asc(source.id)).for('no key update')

/** Sources in which a setting that a manifest names as secret lies in the clear; locked, with the names. */
export async function lockPlain(tx: Tx, limit: number): Promise<{ row: SourceRow; secrets: string[] }[]> {
  const named = sql`array(select distinct s.name from jsonb_array_elements(${agent.manifests}) m
    cross join jsonb_array_elements_text(coalesce(m -> 'secrets', '[]')) as s (name)
    where m ->> 'name' = ${source.connector} and ${source.settings} ? s.name and ${source.settings} ->> s.name is distinct from ''
      and s.name <> all (${source.sealed}))`
  return await tx
    .select({ row: source, secrets: sql<string[]>`${named}` })
    .from(source)
    .innerJoin(agent, eq(agent.id, source.agent_id))
    .where(and(sql`${source.settings} <> '{}'`, sql`cardinality(${named}) > 0`))
    .orderBy(asc(source.id))
    .limit(limit)
    .for('no key update', { of: source })
}

/** Sources with sealed settings, a page of them by their ids. */
export const selectSealed = (tx: Tx, after: string | null, limit: number): Promise<SourceRow[]> =>
  tx
    .select()
    .from(source)
    .where(and(sql`cardinality(${source.sealed}) > 0`, after === null ? undefined : gt(source.id, after)))
    .orderBy(asc(source.id))
    .limit(limit)

export const countSealed = (tx: Tx): Promise<number> => tx.$count(source, sql`cardinality(${source.sealed}) > 0`)

export async function lockSource(tx: Tx, id: string): Promise<SourceRow | null> {
  const [row] = await tx.select().from(source).where(eq(source.id, id)).for('update')
  return row ?? null
}

export async function selectSourceRow(tx: Tx, id: string): Promise<SourceRow | null> {
  const [row] = await tx
    .select()
    .from(source)
    .where(and(eq(source.id, id), isNull(source.deleted_at)))
  return row ?? null
}

export const insertSource = async (tx: Tx, row: typeof source.$inferInsert): Promise<void> => {
  await tx.insert(source).values(row)
}

export const updateSource = async (tx: Tx, id: string, change: Partial<typeof source.$inferInsert>): Promise<void> => {
  await tx.update(source).set(change).where(eq(source.id, id))
}

export const raiseLastFact = async (tx: Tx, id: string, seen_at: number): Promise<void> => {
  const newest = sql`greatest(${source.last_fact_at}, ${new Date(seen_at).toISOString()}::timestamptz)`
  await tx.update(source).set({ last_fact_at: newest }).where(eq(source.id, id))
}

const resourceCount = sql<number>`(select count(*)::int from resource where resource.source_id = source.id and resource.ended_at is null)`

export const insertPause = async (tx: Tx, row: typeof sourcePause.$inferInsert): Promise<void> => {
  await tx.insert(sourcePause).values(row)
}

/** Of each of these sources, oldest first, as known to a cut; those before the end of an interval, however long ago. */
export const selectPauses = (tx: Tx, source_ids: readonly string[], to: number, cut: number) =>
  tx
    .select({ source_id: sourcePause.source_id, at: sourcePause.at, begins: sourcePause.begins })
    .from(sourcePause)
    .where(and(among(sourcePause.source_id, source_ids), lt(sourcePause.at, to), lte(sourcePause.cut, cut)))
    .orderBy(asc(sourcePause.source_id), asc(sourcePause.at), asc(sourcePause.id))

/** Resources of a source that are there now, by their kind. */
export const selectKinds = async (tx: Tx, id: string): Promise<{ kind: string; count: number }[]> =>
  await rows<{ kind: string; count: number }>(
    tx,
    sql`select kind, count(*)::int as count from resource where source_id = ${id} and ended_at is null group by kind order by kind`,
  )

/** Sources that were not deleted, as people see them. */
async function readSources(tx: Tx, now: number, filter?: SQL): Promise<Source[]> {
  const found = await tx
    .select({ row: source, host: agent, resources: resourceCount })
    .from(source)
    .innerJoin(agent, eq(agent.id, source.agent_id))
    .where(and(isNull(source.deleted_at), filter))
    .orderBy(asc(agent.name), asc(source.connector), asc(source.created_at))
  return found.map(({ row, host, resources }) => sourceFromRow(row, host, resources, now))
}
export const selectSources = (tx: Tx, now: number) => readSources(tx, now)
export const selectSource = async (tx: Tx, id: string, now: number): Promise<Source | null> =>
  (await readSources(tx, now, eq(source.id, id)))[0] ?? null

function sourceFromRow(row: SourceRow, host: AgentRow, resource_count: number, now: number): Source {
  const secrets = [...secretsNamed(host.manifests, row.connector), ...row.sealed]
  return {
    id: row.id,
    agent_id: row.agent_id,
    agent_name: host.name,
    connector: row.connector,
    realm: row.realm,
    interval_ms: row.interval_ms,
    settings: hideSecrets(row.settings, secrets) as Source['settings'],
    account_id: row.account_id,
    state: sourceState(row, agentState(host), now),
    last_ok_at: row.last_ok_at === null ? null : iso(row.last_ok_at),
    lag_ms: row.last_fact_at === null ? null : Math.max(0, now - row.last_fact_at),
    duration_ms: row.duration_ms,
    vendor_version: row.vendor_version,
    error: row.error && {
      code: row.error.code,
      message: row.error.message,
      remedy: row.error.remedy,
      since: iso(row.error.since_ms),
    },
    resource_count,
    created_at: iso(row.created_at),
  }
}
