/** Verbs that ask an agent over the bus: to try settings, and what a source last said. Nothing of the answers is stored. */
import {
  Abilities,
  type CheckCommand,
  CheckReply,
  COMMAND_LIMITS,
  type LookCommand,
  LookReply,
  SUBJECTS,
} from '#connectors/contract.ts'
import type { z } from 'zod'
import { permit } from '../base/actor.ts'
import { assert, Problem } from '../base/problem.ts'
import { iso } from '../base/time.ts'
import { type Bus, Unanswered } from '../bus/index.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import type { NewCheck, SourceCheck, SourcePayload } from './contract.ts'
import { agentNamed, manifestOf, storedSettings } from './hosted.ts'
import { settingToBlame } from './rules.ts'
import { secretValues } from './sealing.ts'
import { checkSettings, HIDDEN, hideSecrets, keepSecrets, maskSecrets } from './settings.ts'
import { type AgentRow, selectAgent, selectSourceRow, type SourceRow } from './store.ts'

const ABILITIES_MS = 5_000
/** Until the answer of one that ends in its time is here. */
const SPARE_MS = 8_000

/** The bus as far as agents are asked on it. */
export type Asking = Pick<Bus, 'request' | 'connected'>
type Asked = Pick<AgentRow, 'id' | 'name' | 'version'>
/** Values of secrets that no text of an answer may repeat. */
interface Guarded {
  agent: Asked
  values: readonly unknown[]
}
export interface PreparedCheck extends Guarded {
  command: CheckCommand
  secrets: readonly string[]
}
export interface PreparedLook extends Guarded {
  command: LookCommand
}

/** The settings are checked as if they were stored, and the attempt is in the audit: an agent goes where they send it. */
export async function prepareCheck(ctx: Context, input: NewCheck): Promise<PreparedCheck> {
  permit(ctx, 'agents.write')
  const stored = input.source_id === undefined ? null : await storedFor(ctx, input.source_id, input.connector)
  const agent = await agentNamed(ctx, stored?.agent_id ?? input.agent)
  const manifest = manifestOf(agent, input.connector)
  const secrets = [...manifest.secrets, ...(stored?.sealed ?? [])]
  const keepsSome = stored !== null && secrets.some((name) => input.settings[name] === HIDDEN)
  const kept = keepSecrets(input.settings, keepsSome ? storedSettings(stored) : {}, {
    secrets,
    schema: manifest.settings,
  })
  const settings = checkSettings(manifest, kept)
  const { connector, realm, interval_ms = manifest.default_interval_ms } = input
  const timeout_ms = COMMAND_LIMITS.checkMs
  await append(ctx, {
    type: 'source.tried',
    subject: stored ? { kind: 'source', id: stored.id } : { kind: 'agent', id: agent.id },
    account_id: stored?.account_id ?? null,
    after: { agent_id: agent.id, connector, realm, settings: hideSecrets(settings, secrets) },
  })
  const command: CheckCommand = { command: 'check', connector, realm, interval_ms, settings, timeout_ms }
  return { agent, command, secrets, values: secrets.map((name) => settings[name]) }
}

async function storedFor(ctx: Context, id: string, connector: string): Promise<SourceRow> {
  const row = await selectSourceRow(ctx.tx, id)
  if (!row) throw new Problem('not_found', `There is no source ${id}.`)
  if (row.connector !== connector)
    throw new Problem('invalid', 'Check the settings of a source by its own connector.', [
      { pointer: '/connector', detail: `is not that of the source: ${row.connector}` },
    ])
  return row
}

export async function prepareLook(ctx: Context, id: string): Promise<PreparedLook> {
  permit(ctx, 'agents.read')
  const row = await selectSourceRow(ctx.tx, id)
  if (!row) throw new Problem('not_found', `There is no source ${id}.`)
  const agent = await selectAgent(ctx.tx, row.agent_id)
  assert(agent, 'a source has an agent')
  return { agent, command: { command: 'look', source: id }, values: secretValues(row) }
}

interface Failed {
  code: string
  message: string
  remedy: string
}

export async function checked(bus: Asking, { agent, command, secrets, values }: PreparedCheck): Promise<SourceCheck> {
  const limit_ms = command.timeout_ms + SPARE_MS
  const asked = await ask(bus, agent, command, CheckReply, limit_ms)
  if ('failed' in asked) {
    const nothing = { duration_ms: 0, resources: [], scopes: [], measured: 0, warnings: [] }
    return { ok: false, connector_version: null, error: { ...asked.failed, pointer: null }, ...nothing }
  }
  const { version, error, ...seen } = masked(asked.reply, values)
  const blamed = error && settingToBlame(error, Object.keys(command.settings), secrets)
  const told = error && { ...error, pointer: blamed === null ? null : `/settings/${blamed}` }
  return { ok: error === null, connector_version: version, error: told, ...seen }
}

export async function payloadOf(bus: Asking, { agent, command, values }: PreparedLook): Promise<SourcePayload> {
  const asked = await ask(bus, agent, command, LookReply, ABILITIES_MS)
  if ('failed' in asked)
    return { seen_at: null, facts: {}, payload: [], left_out: 0, backlog: null, error: asked.failed }
  const { seen_at_ms, payload, ...rest } = asked.reply
  const facts = masked(parsed(payload), values) as SourcePayload['payload']
  const seen_at = seen_at_ms === null ? null : iso(seen_at_ms)
  return { ...rest, seen_at, payload: facts, backlog: asked.pending, error: null }
}

function parsed(text: string): unknown[] {
  try {
    const list: unknown = JSON.parse(text)
    return Array.isArray(list) ? list : []
  } catch {
    return []
  }
}

/** Whatever an agent leaves in, no text that it sends repeats a secret. */
function masked<T>(value: T, values: readonly unknown[]): T {
  if (typeof value === 'string') return maskSecrets(value, values) as T
  if (Array.isArray(value)) return value.map((one) => masked(one, values)) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, masked(one, values)])) as T
}

/** An agent that is older than a command says nothing to it: whether it knows commands at all is asked first. */
async function ask<S extends z.ZodType>(
  bus: Asking,
  agent: Asked,
  command: CheckCommand | LookCommand,
  schema: S,
  timeout_ms: number,
): Promise<{ reply: z.output<S>; pending: z.output<typeof Abilities>['pending'] } | { failed: Failed }> {
  const request = async <A extends z.ZodType>(body: object, shape: A, limit_ms: number) =>
    shape.safeParse(jsonIn(await bus.request(SUBJECTS.command(agent.id), JSON.stringify(body), limit_ms)))
  try {
    const can = await request({ command: 'abilities' }, Abilities, ABILITIES_MS).catch((error: unknown) => {
      if (error instanceof Unanswered && error.why === 'too_late') return null
      throw error
    })
    if (!can?.success || !can.data.commands.includes(command.command)) return { failed: tooOld(agent) }
    const reply = await request(command, schema, timeout_ms)
    return reply.success ? { reply: reply.data, pending: can.data.pending } : { failed: tooOld(agent) }
  } catch (error) {
    if (error instanceof Unanswered) return { failed: error.why === 'too_late' ? slow(agent) : away(agent) }
    if (!bus.connected())
      throw new Problem('unavailable', 'NATS is not connected, so no agent can be asked. Try again in a moment.')
    throw error
  }
}

function jsonIn(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch {
    return null
  }
}

const away = ({ name }: Asked): Failed => ({
  code: 'agent_away',
  message: `The agent ${name} is not connected, so it can't be asked.`,
  remedy: 'See that it runs and reaches NATS; then try again.',
})
const tooOld = ({ name, version }: Asked): Failed => ({
  code: 'agent_too_old',
  message: `The agent ${name} (version ${version || 'unknown'}) doesn't know this question.`,
  remedy: 'Bring it up to date; until then, save the settings and see how the source does.',
})
const slow = ({ name }: Asked): Failed => ({
  code: 'agent_slow',
  message: `The agent ${name} gave no answer in time.`,
  remedy: 'See whether its machine is overloaded; then try again.',
})
