/** Verbs of sources: what an agent is told to read, and how each source is doing. */
import type { AgentConfig, Manifest, SourceConfig } from '#connectors/contract.ts'
import { getAccount } from '../accounts/index.ts'
import { permit } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import { assert, Problem } from '../base/problem.ts'
import { type Instant, iso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { append, closeNotice, openNotice } from '../events/index.ts'
import type { NewSource, Source, SourceChange } from './contract.ts'
import { afterHealth, type HealthFact } from './rules.ts'
import { checkSettings, keepSecrets } from './settings.ts'
import {
  type AgentRow,
  bumpConfig,
  insertSource,
  lockAgent,
  lockSource,
  raiseLastFact,
  selectActiveAgents,
  selectAgent,
  selectSource,
  selectSourceRows,
  selectSources,
  type SourceRow,
  updateSource,
} from './store.ts'

export async function listSources(ctx: Context): Promise<Source[]> {
  permit(ctx, 'agents.read')
  return await selectSources(ctx.tx, ctx.now())
}

export async function getSource(ctx: Context, id: string): Promise<Source> {
  permit(ctx, 'agents.read')
  const found = await selectSource(ctx.tx, id, ctx.now())
  if (!found) throw new Problem('not_found', `There is no source ${id}.`)
  return found
}

export async function createSource(ctx: Context, input: NewSource): Promise<Source> {
  permit(ctx, 'agents.write')
  const agent = await agentNamed(ctx, input.agent)
  const manifest = manifestOf(agent, input.connector)
  const settings = checkSettings(manifest, input.settings)
  const account_id = input.account_id ?? null
  if (account_id !== null) await getAccount(ctx, account_id)
  const id = newId()
  const { connector, realm, interval_ms = manifest.default_interval_ms } = input
  await insertSource(ctx.tx, {
    id,
    agent_id: agent.id,
    connector,
    realm,
    interval_ms,
    settings,
    account_id,
    created_at: ctx.now(),
  })
  await bumpConfig(ctx.tx, agent.id)
  const after = await getSource(ctx, id)
  await append(ctx, {
    type: 'source.created',
    subject: { kind: 'source', id },
    account_id,
    after: withoutReadings(after),
  })
  return after
}

/** By id or by name; two agents may share a name, then only the id says which. */
async function agentNamed(ctx: Context, wanted: string): Promise<AgentRow> {
  const agents = await selectActiveAgents(ctx.tx)
  const found = agents.filter(({ id, name }) => id === wanted || name === wanted)
  const detail =
    found.length > 1
      ? 'is the name of several agents: give the id'
      : 'is neither the id nor the name of an enrolled agent'
  if (found.length !== 1 || !found[0])
    throw new Problem('invalid', `The agent "${wanted}" can't host the source.`, [{ pointer: '/agent', detail }])
  return found[0]
}

function manifestOf(agent: AgentRow, connector: string): Manifest {
  const manifest = agent.manifests.find(({ name }) => name === connector)
  if (manifest) return manifest
  const offered = agent.manifests.map(({ name }) => name).join(', ') || 'nothing, for it never connected'
  throw new Problem('invalid', `The agent ${agent.name} does not host the connector "${connector}".`, [
    { pointer: '/connector', detail: `is not among what this agent offers: ${offered}` },
  ])
}

/** The source's row before its agent's, as a report locks them, so that the two never wait for each other. */
async function lockLiving(ctx: Context, id: string): Promise<SourceRow> {
  const row = await lockSource(ctx.tx, id)
  if (!row || row.deleted_at !== null) throw new Problem('not_found', `There is no source ${id}.`)
  return row
}

export async function changeSource(ctx: Context, id: string, change: SourceChange): Promise<Source> {
  permit(ctx, 'agents.write')
  const row = await lockLiving(ctx, id)
  const before = await getSource(ctx, id)
  if (change.account_id) await getAccount(ctx, change.account_id)
  const { paused, settings, ...plain } = change
  await updateSource(ctx.tx, id, {
    ...plain,
    created_at: row.created_at,
    ...(paused === undefined ? {} : { paused_at: paused ? (row.paused_at ?? ctx.now()) : null }),
    // a source that rests has no failure: if it fails again afterwards, that is told again
    ...(paused ? { error: null } : {}),
    ...(settings === undefined ? {} : { settings: await checkedAgain(ctx, row, settings) }),
  })
  await bumpConfig(ctx.tx, row.agent_id)
  if (paused) await closeNotice(ctx, 'source.failing', id)
  const after = await getSource(ctx, id)
  const [was, is] = [withoutReadings(before), withoutReadings(after)]
  await append(ctx, {
    type: 'source.changed',
    subject: { kind: 'source', id },
    account_id: after.account_id,
    before: was,
    after: is,
  })
  return after
}

async function checkedAgain(ctx: Context, row: SourceRow, settings: Record<string, unknown>) {
  const agent = await selectAgent(ctx.tx, row.agent_id)
  assert(agent, 'a source has an agent')
  const manifest = manifestOf(agent, row.connector)
  return checkSettings(manifest, keepSecrets(settings, row.settings, manifest.secrets))
}

/** What it found stays, and ends when another source says so. */
export async function deleteSource(ctx: Context, id: string): Promise<void> {
  permit(ctx, 'agents.write')
  const row = await lockLiving(ctx, id)
  const before = await getSource(ctx, id)
  await updateSource(ctx.tx, id, { deleted_at: ctx.now() })
  await bumpConfig(ctx.tx, row.agent_id)
  await closeNotice(ctx, 'source.failing', id)
  await append(ctx, {
    type: 'source.deleted',
    subject: { kind: 'source', id },
    account_id: row.account_id,
    before: withoutReadings(before),
  })
}

/** What people decided, without what fluctuates. */
const withoutReadings = ({ id, agent_id, connector, realm, interval_ms, settings, account_id, state }: Source) => ({
  id,
  agent_id,
  connector,
  realm,
  interval_ms,
  settings,
  account_id,
  paused: state === 'paused',
})

/** The whole set that the agent is to read; empty for one that was revoked. */
export async function configOf(ctx: Context, agent_id: string): Promise<AgentConfig> {
  permit(ctx, 'agents.read')
  const agent = await lockAgent(ctx.tx, agent_id)
  assert(agent, 'only enrolled agents are configured')
  const found = agent.revoked_at === null ? await selectSourceRows(ctx.tx, agent_id) : []
  const active = found.filter((row) => row.deleted_at === null && row.paused_at === null)
  return {
    version: agent.config_version,
    sources: active.map(({ id, connector, realm, interval_ms, settings }) => ({
      id,
      connector,
      realm,
      interval_ms,
      settings: settings as SourceConfig['settings'],
    })),
  }
}

/** Also the deleted ones: facts that were seen before count when they come late. */
export async function sourcesOf(
  ctx: Context,
  agent_id: string,
): Promise<Pick<SourceRow, 'id' | 'connector' | 'realm' | 'interval_ms' | 'account_id'>[]> {
  permit(ctx, 'agents.read')
  const found = await selectSourceRows(ctx.tx, agent_id)
  return found.map(({ id, connector, realm, interval_ms, account_id }) => ({
    id,
    connector,
    realm,
    interval_ms,
    account_id,
  }))
}

/** How one tick of a source went. Failing and recovering are one event each, with a notice between them. */
export async function sourceHealth(ctx: Context, source_id: string, fact: HealthFact): Promise<void> {
  permit(ctx, 'agents.write')
  const row = await lockSource(ctx.tx, source_id)
  if (!row) return
  const { last_ok_at, duration_ms, vendor_version, error } = row
  const after = afterHealth({ last_ok_at, duration_ms, vendor_version, error }, fact)
  await updateSource(ctx.tx, source_id, after)
  if ((error === null) === (after.error === null) || row.deleted_at !== null) return
  if (after.error !== null) await tellFailing(ctx, row, after.error)
  else await tellRecovered(ctx, row)
}

async function tellFailing(
  ctx: Context,
  row: SourceRow,
  { code, message, remedy, since_ms }: NonNullable<SourceRow['error']>,
) {
  const name = `${row.connector} ${row.realm}`
  const said = { code, message, remedy, since: iso(since_ms) }
  await openNotice(ctx, { code: 'source.failing', subject: { kind: 'source', id: row.id, name }, params: said })
  await append(ctx, {
    type: 'source.failing',
    subject: { kind: 'source', id: row.id },
    account_id: row.account_id,
    after: said,
  })
}

async function tellRecovered(ctx: Context, row: SourceRow) {
  await closeNotice(ctx, 'source.failing', row.id)
  await append(ctx, { type: 'source.recovered', subject: { kind: 'source', id: row.id }, account_id: row.account_id })
}

/** The newest fact of a source decides its lag. */
export async function sourceFacts(ctx: Context, source_id: string, newest_seen_at: Instant): Promise<void> {
  permit(ctx, 'agents.write')
  await raiseLastFact(ctx.tx, source_id, newest_seen_at)
}
