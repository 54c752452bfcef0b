/** Verbs of sources: what an agent is told to read, and how each source is doing. */
import type { AgentConfig, Manifest, SourceConfig } from '#connectors/contract.ts'
import { getAccount } from '../accounts/index.ts'
import { permit } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import { assert, Problem } from '../base/problem.ts'
import type { Instant } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { append, closeNotice } from '../events/index.ts'
import { UnreadableSecret } from '../secrets/index.ts'
import type { NewSource, Source, SourceChange } from './contract.ts'
import { cutOfPause, notePause } from './pauses.ts'
import { afterHealth, type HealthFact, UNREADABLE } from './rules.ts'
import { openSettings, sealSettings, secretValues, settingsIfReadable, tellFailing, tellRecovered } from './sealing.ts'
import { checkSettings, HIDDEN, keepSecrets, maskSecrets, type Settings } from './settings.ts'
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
    ...(await sealSettings(ctx, id, settings, manifest.secrets)),
    account_id,
    created_at: ctx.now(),
  })
  await bumpConfig(ctx.tx, agent.id)
  const after = await getSource(ctx, id)
  await append(ctx, {
    type: 'source.created',
    subject: { kind: 'source', id },
    account_id,
    after: { ...withoutReadings(after), secrets_changed: secretsIn(input.settings, manifest.secrets) },
  })
  return after
}

/** Names of the secrets that were entered, not left as they are. */
const secretsIn = (sent: Settings, secrets: readonly string[]): string[] =>
  secrets.filter((name) => sent[name] !== undefined && sent[name] !== '' && sent[name] !== HIDDEN)

/** By id or by name; two agents may share a name, then only the id says which. */
export async function agentNamed(ctx: Context, wanted: string): Promise<AgentRow> {
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

export function manifestOf(agent: AgentRow, connector: string): Manifest {
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
  const cut = change.paused === undefined ? null : await cutOfPause(ctx)
  const row = await lockLiving(ctx, id)
  const before = await getSource(ctx, id)
  if (change.account_id) await getAccount(ctx, change.account_id)
  const { paused, settings, ...plain } = change
  // what is stored from here on is sealed by a key that is here
  const isMended = settings !== undefined && row.error?.code === UNREADABLE
  const stored = settings === undefined ? { sealed: row.sealed } : await checkedAgain(ctx, row, settings)
  await updateSource(ctx.tx, id, {
    ...plain,
    created_at: row.created_at,
    ...(paused === undefined ? {} : { paused_at: paused ? (row.paused_at ?? ctx.now()) : null }),
    // a source that rests has no failure: if it fails again afterwards, that is told again
    ...(paused || isMended ? { error: null } : {}),
    ...stored,
  })
  if (cut !== null && paused !== undefined && paused !== (row.paused_at !== null)) await notePause(ctx, id, paused, cut)
  await bumpConfig(ctx.tx, row.agent_id)
  if (paused || isMended) await closeNotice(ctx, 'source.failing', id)
  const after = await getSource(ctx, id)
  const [was, is] = [withoutReadings(before), withoutReadings(after)]
  await append(ctx, {
    type: 'source.changed',
    subject: { kind: 'source', id },
    account_id: after.account_id,
    before: was,
    after: {
      ...is,
      secrets_changed: secretsIn(settings ?? {}, stored.sealed),
      ...(isMended ? { mended: UNREADABLE } : {}),
    },
  })
  return after
}

async function checkedAgain(ctx: Context, row: SourceRow, settings: Settings) {
  const agent = await selectAgent(ctx.tx, row.agent_id)
  assert(agent, 'a source has an agent')
  const manifest = manifestOf(agent, row.connector)
  const secrets = [...manifest.secrets, ...row.sealed]
  const keepsSome = secrets.some((name) => settings[name] === HIDDEN)
  const kept = keepSecrets(settings, keepsSome ? storedSettings(row) : {}, { secrets, schema: manifest.settings })
  return await sealSettings(ctx, row.id, checkSettings(manifest, kept), secrets)
}

export function storedSettings(row: SourceRow): Settings {
  try {
    return openSettings(row)
  } catch (error) {
    if (!(error instanceof UnreadableSecret)) throw error
    throw new Problem('bad_settings', `${error.message} Enter it again.`, [
      { pointer: `/settings/${error.field}`, detail: 'can’t be kept: enter it again' },
    ])
  }
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
  return { version: agent.config_version, sources: active.flatMap(configured) }
}

/** Secrets come out here, and in `prepareCheck` where they are tried. A source whose secrets can't be opened is left out: `judgeSecrets` says so to people. */
function configured(row: SourceRow): SourceConfig[] {
  const settings = settingsIfReadable(row) as SourceConfig['settings'] | null
  const { id, connector, realm, interval_ms } = row
  return settings === null ? [] : [{ id, connector, realm, interval_ms, settings }]
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
  const after = afterHealth({ last_ok_at, duration_ms, vendor_version, error }, withoutSecrets(row, fact))
  await updateSource(ctx.tx, source_id, after)
  if ((error === null) === (after.error === null) || row.deleted_at !== null) return
  if (after.error !== null) await tellFailing(ctx, row, after.error)
  else await tellRecovered(ctx, row)
}

/** A vendor may repeat what was sent to him, and an older agent pass it on. */
function withoutSecrets(row: SourceRow, fact: HealthFact): HealthFact {
  if (fact.error === undefined) return fact
  const values = secretValues(row)
  const [message, remedy] = [maskSecrets(fact.error.message, values), maskSecrets(fact.error.remedy, values)]
  return { ...fact, error: { ...fact.error, message, remedy } }
}

/** The newest fact of a source decides its lag. */
export async function sourceFacts(ctx: Context, source_id: string, newest_seen_at: Instant): Promise<void> {
  permit(ctx, 'agents.write')
  await raiseLastFact(ctx.tx, source_id, newest_seen_at)
}
