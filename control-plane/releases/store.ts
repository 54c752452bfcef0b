/** SQL of releases, roll-outs and how each agent stands in them. */
import { and, asc, count, desc, eq, inArray, isNull, ne, sql } from 'drizzle-orm'
import { iso } from '../base/time.ts'
import type { Tx } from '../db/index.ts'
import type { AgentRelease, AgentUpdate, UpdateState } from './contract.ts'
import { agentRelease, agentRollout, agentUpdate } from './schema.ts'

export type ReleaseRow = typeof agentRelease.$inferSelect
export type RolloutRow = typeof agentRollout.$inferSelect
export type UpdateRow = typeof agentUpdate.$inferSelect

const isoOrNull = (at: number | null): string | null => (at === null ? null : iso(at))

export const releaseFromRow = (row: ReleaseRow): AgentRelease => ({
  id: row.id,
  ...row.signed.release,
  next_key: row.signed.release.next_key ?? null,
  key: row.signed.key,
  created_at: iso(row.created_at),
  stored_at: isoOrNull(row.stored_at),
  withdrawn_at: isoOrNull(row.withdrawn_at),
})

const RELEASES_SHOWN = 200
export const selectReleases = (tx: Tx): Promise<ReleaseRow[]> =>
  tx.select().from(agentRelease).orderBy(desc(agentRelease.created_at)).limit(RELEASES_SHOWN)

export async function lockRelease(tx: Tx, id: string): Promise<ReleaseRow | null> {
  const [row] = await tx.select().from(agentRelease).where(eq(agentRelease.id, id)).for('no key update')
  return row ?? null
}

/** What may be given out under this hash. */
export async function selectOffered(tx: Tx, sha256: string): Promise<ReleaseRow | null> {
  const offered = and(
    eq(agentRelease.sha256, sha256),
    isNull(agentRelease.withdrawn_at),
    sql`${agentRelease.stored_at} is not null`,
  )
  const [row] = await tx.select().from(agentRelease).where(offered).limit(1)
  return row ?? null
}

/** False where this version is here already for this platform. */
export async function insertRelease(tx: Tx, row: typeof agentRelease.$inferInsert): Promise<boolean> {
  const made = await tx.insert(agentRelease).values(row).onConflictDoNothing().returning({ id: agentRelease.id })
  return made.length > 0
}

export const updateRelease = async (tx: Tx, id: string, change: Partial<ReleaseRow>): Promise<void> => {
  await tx.update(agentRelease).set(change).where(eq(agentRelease.id, id))
}

const ROLLOUTS_SHOWN = 100
/** Newest first, each with what it brings. */
export const selectRollouts = (tx: Tx, id?: string) =>
  tx
    .select({ rollout: agentRollout, version: agentRelease.version })
    .from(agentRollout)
    .innerJoin(agentRelease, eq(agentRelease.id, agentRollout.release_id))
    .where(id === undefined ? undefined : eq(agentRollout.id, id))
    .orderBy(desc(agentRollout.created_at))
    .limit(ROLLOUTS_SHOWN)

export async function lockRollout(tx: Tx, id: string): Promise<(RolloutRow & { version: string }) | null> {
  const [row] = await tx
    .select({ rollout: agentRollout, version: agentRelease.version })
    .from(agentRollout)
    .innerJoin(agentRelease, eq(agentRelease.id, agentRollout.release_id))
    .where(eq(agentRollout.id, id))
    .for('update', { of: agentRollout })
  return row ? { ...row.rollout, version: row.version } : null
}

/** Those in which something may still have to be done: open ones, and others of which an agent isn't where it belongs. */
export async function selectUnfinished(tx: Tx): Promise<string[]> {
  const moving: UpdateState[] = ['waiting', 'offered', 'fetching', 'switching', 'going_back']
  const found = await tx
    .select({ id: agentRollout.id })
    .from(agentRollout)
    .where(
      sql`${agentRollout.state} in ('running', 'paused', 'halted') or exists (select from ${agentUpdate}
        where ${agentUpdate.rollout_id} = ${agentRollout.id} and ${inArray(agentUpdate.state, moving)})`,
    )
    .orderBy(asc(agentRollout.created_at))
  return found.map(({ id }) => id)
}

/** False where another one is open for this platform. */
export async function insertRollout(tx: Tx, row: typeof agentRollout.$inferInsert): Promise<boolean> {
  const made = await tx.insert(agentRollout).values(row).onConflictDoNothing().returning({ id: agentRollout.id })
  return made.length > 0
}

export const updateRollout = async (tx: Tx, id: string, change: Partial<RolloutRow>): Promise<void> => {
  await tx.update(agentRollout).set(change).where(eq(agentRollout.id, id))
}

export const countOpenOf = (tx: Tx, release_id: string): Promise<number> =>
  tx.$count(
    agentRollout,
    and(eq(agentRollout.release_id, release_id), inArray(agentRollout.state, ['running', 'paused'])),
  )

export async function insertUpdates(tx: Tx, rows: readonly (typeof agentUpdate.$inferInsert)[]): Promise<void> {
  for (let from = 0; from < rows.length; from += 1_000)
    await tx.insert(agentUpdate).values(rows.slice(from, from + 1_000))
}

/** What an older roll-out still wanted of these agents, the new one wants otherwise. */
export async function supersede(tx: Tx, rollout_id: string, agent_ids: readonly string[], now: number): Promise<void> {
  if (agent_ids.length === 0) return
  const open: UpdateState[] = ['waiting', 'offered', 'fetching', 'switching', 'going_back']
  await tx
    .update(agentUpdate)
    .set({ state: 'superseded', changed_at: now })
    .where(
      and(
        ne(agentUpdate.rollout_id, rollout_id),
        inArray(agentUpdate.agent_id, [...agent_ids]),
        inArray(agentUpdate.state, open),
      ),
    )
}

export const selectUpdates = (tx: Tx, rollout_id: string): Promise<UpdateRow[]> =>
  tx.select().from(agentUpdate).where(eq(agentUpdate.rollout_id, rollout_id)).orderBy(asc(agentUpdate.wave))

export async function lockUpdate(tx: Tx, rollout_id: string, agent_id: string): Promise<UpdateRow | null> {
  const [row] = await tx
    .select()
    .from(agentUpdate)
    .where(and(eq(agentUpdate.rollout_id, rollout_id), eq(agentUpdate.agent_id, agent_id)))
    .for('no key update')
  return row ?? null
}

/** The newest roll-out that has this agent, which is the one that holds. */
export async function selectNewestOf(tx: Tx, agent_id: string) {
  const [row] = await tx
    .select({ update: agentUpdate, rollout: agentRollout, release: agentRelease })
    .from(agentUpdate)
    .innerJoin(agentRollout, eq(agentRollout.id, agentUpdate.rollout_id))
    .innerJoin(agentRelease, eq(agentRelease.id, agentRollout.release_id))
    .where(eq(agentUpdate.agent_id, agent_id))
    .orderBy(desc(agentRollout.created_at))
    .limit(1)
    .for('no key update', { of: agentUpdate })
  return row ?? null
}

export async function changeUpdates(
  tx: Tx,
  rollout_id: string,
  agent_ids: readonly string[],
  change: Partial<UpdateRow>,
): Promise<void> {
  if (agent_ids.length === 0) return
  await tx
    .update(agentUpdate)
    .set(change)
    .where(and(eq(agentUpdate.rollout_id, rollout_id), inArray(agentUpdate.agent_id, [...agent_ids])))
}

const updateShape = sql<{
  agent_name: string
  running: string
}>`(select jsonb_build_object('agent_name', agent.name, 'running', agent.version)
  from agent where agent.id = ${agentUpdate.agent_id})`

/** Of one roll-out, or of each agent the newest. */
export async function selectStandings(tx: Tx, rollout_id?: string): Promise<AgentUpdate[]> {
  const found = await tx
    .selectDistinctOn(
      rollout_id === undefined ? [agentUpdate.agent_id] : [agentUpdate.rollout_id, agentUpdate.agent_id],
      {
        update: agentUpdate,
        version: agentRelease.version,
        of: updateShape,
      },
    )
    .from(agentUpdate)
    .innerJoin(agentRollout, eq(agentRollout.id, agentUpdate.rollout_id))
    .innerJoin(agentRelease, eq(agentRelease.id, agentRollout.release_id))
    .where(rollout_id === undefined ? undefined : eq(agentUpdate.rollout_id, rollout_id))
    .orderBy(
      ...(rollout_id === undefined ? [] : [agentUpdate.rollout_id]),
      agentUpdate.agent_id,
      desc(agentRollout.created_at),
    )
  return found.map(({ update, version, of }) => ({
    agent_id: update.agent_id,
    agent_name: of.agent_name,
    rollout_id: update.rollout_id,
    version,
    running: of.running,
    wave: update.wave + 1,
    state: update.state,
    is_failure: update.is_failure,
    reason: update.reason,
    detail: update.detail,
    since: iso(update.changed_at),
  }))
}

/** Agents of each wave and state, for progress. */
export const selectProgress = (tx: Tx, rollout_ids: readonly string[]) =>
  rollout_ids.length === 0
    ? Promise.resolve([])
    : tx
        .select({
          rollout_id: agentUpdate.rollout_id,
          wave: agentUpdate.wave,
          state: agentUpdate.state,
          is_failure: agentUpdate.is_failure,
          agents: count(),
        })
        .from(agentUpdate)
        .where(inArray(agentUpdate.rollout_id, [...rollout_ids]))
        .groupBy(agentUpdate.rollout_id, agentUpdate.wave, agentUpdate.state, agentUpdate.is_failure)

export const countFailures = (tx: Tx): Promise<number> => tx.$count(agentUpdate, eq(agentUpdate.is_failure, true))
