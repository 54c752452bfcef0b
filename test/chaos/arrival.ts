/** Which of the ticks that were testified arrived, which may be missing, and whether anything is still on its way. */
import type postgres from 'postgres'
import type { AgentSite, Site } from './site.ts'
import { type Said, testimony } from './witness.ts'

/** A tick is in the spool long before that, whatever the machine is busy with. */
const UNSPOOLED_MS = 1_000

/** An agent's end by kill -9: when, and which ticks were in its spool then. */
export interface Death {
  agent: AgentSite
  at_ms: number
  spooled: ReadonlySet<number>
}

/** The last tick before a kill may be lost with the process, if it was a moment old and not yet in the spool. */
export function isExcused(agent: AgentSite, at_ms: number, all: readonly Said[], deaths: readonly Death[]): boolean {
  const next = all.find((said) => said.at_ms > at_ms)
  return deaths.some(
    (death) =>
      death.agent === agent &&
      death.at_ms >= at_ms &&
      death.at_ms - at_ms < UNSPOOLED_MS &&
      (!next || next.at_ms > death.at_ms) &&
      !death.spooled.has(at_ms),
  )
}

export const milliseconds = (sql: postgres.Sql | postgres.TransactionSql, column: string) =>
  sql.unsafe(`(extract(epoch from ${column}) * 1000)::int8::text`)

/** Instants of the listings that the control plane holds. */
export async function arrived(sql: postgres.Sql, { fleet }: AgentSite): Promise<Set<number>> {
  const rows = await sql<{ at: string }[]>`
    select ${milliseconds(sql, 's.seen_at')} as at from snapshot s join scope c on c.id = s.scope_id
    where c.realm = ${fleet.host} and s.in_force`
  return new Set(rows.map(({ at }) => Number(at)))
}

/** Ticks up to an instant that are neither here nor excused. */
async function missing(site: Site, agent: AgentSite, until: number, deaths: readonly Death[]): Promise<Said[]> {
  const [all, here] = [testimony(agent.witness), await arrived(site.sql, agent)]
  return all.filter(({ at_ms }) => at_ms <= until && !here.has(at_ms) && !isExcused(agent, at_ms, all, deaths))
}

/** Everything up to an instant is durable, acknowledged, and turned into timelines and usage. */
export async function isSettled(site: Site, until: number, deaths: readonly Death[]): Promise<boolean> {
  const [state] = await site.sql<{ dirty: string; holes: string }[]>`
    select (select count(*) from dirty_resource) + (select count(*) from dirty_usage) as dirty,
      (select count(*) from spool s where s.watermark <> coalesce((select max(sequence) from batch where spool_id = s.id), 0)) as holes`
  if (Number(state?.dirty) + Number(state?.holes) > 0) return false
  for (const agent of site.agents) if ((await missing(site, agent, until, deaths)).length > 0) return false
  return true
}

/** Up to when everything of every agent is known, whatever may still come. */
export async function knownTo(site: Site): Promise<number | null> {
  const [row] = await site.sql<{ at: string | null; scopes: string }[]>`
    select min(at)::text as at, count(*) as scopes from (
      select (extract(epoch from max(s.seen_at)) * 1000)::int8 as at from snapshot s group by s.scope_id) newest
    where not exists (select 1 from spool s
      where s.watermark <> coalesce((select max(sequence) from batch where spool_id = s.id), 0))`
  return row?.at && Number(row.scopes) === site.agents.length ? Number(row.at) : null
}

/** What isn't known after so long, in words. */
export async function onItsWay(site: Site, deaths: readonly Death[]): Promise<string[]> {
  const [state] = await site.sql<{ resources: string; usage: string; spools: string }[]>`
    select (select count(*) from dirty_resource) as resources, (select count(*) from dirty_usage) as usage,
      (select string_agg(s.watermark || ' of ' || coalesce((select max(sequence) from batch where spool_id = s.id), 0), ', ')
        from spool s) as spools`
  const agents = site.agents.map(async (agent) => {
    const [all, lost] = [testimony(agent.witness), await missing(site, agent, Date.now(), deaths)]
    const at = (said: Said | undefined) => (said ? new Date(said.at_ms).toISOString() : 'never')
    return `${agent.fleet.host} looked last at ${at(all.at(-1))}; ${lost.length} looks are missing, the first at ${at(lost[0])}`
  })
  return [
    `not settled: ${state?.resources} timelines and ${state?.usage} hours are due; spools are known to ${state?.spools}`,
    ...(await Promise.all(agents)),
  ]
}
