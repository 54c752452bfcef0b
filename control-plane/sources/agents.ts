/** Verbs of agents: enrolment, revocation, and what is known of each from its reports. */
import { Manifest } from '#connectors/contract.ts'
import { defaultAccount, getAccount, hashOf } from '../accounts/index.ts'
import { permit } from '../base/actor.ts'
import { newId, newSecret } from '../base/id.ts'
import { Problem } from '../base/problem.ts'
import { HOUR_MS, type Instant, iso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { append, closeNotice, openNotice } from '../events/index.ts'
import type { Agent, EnrolAgent, NewEnrolment, OfferedConnector } from './contract.ts'
import { Refused } from './identity.ts'
import { isSilent, tokenRefusal } from './rules.ts'
import { sealAsNamed } from './sealing.ts'
import {
  type AgentRow,
  bumpConfig,
  insertAgent,
  insertEnrolment,
  insertSource,
  lockAgent,
  markSilent,
  nameEnrolled,
  selectActiveAgents,
  selectAgent,
  selectAgents,
  selectDoings,
  selectEnrolment,
  selectWatched,
  updateAgent,
  useEnrolment,
} from './store.ts'

const HOST_INTERVAL_MS = 10_000

export async function listAgents(ctx: Context): Promise<Agent[]> {
  permit(ctx, 'agents.read')
  return await selectAgents(ctx.tx)
}

/** What enrolled agents can host; of several versions the description of the newest heard agent counts. */
export async function listConnectors(ctx: Context): Promise<OfferedConnector[]> {
  permit(ctx, 'agents.read')
  const offered = new Map<string, OfferedConnector>()
  const agents = await selectActiveAgents(ctx.tx)
  for (const agent of agents.toSorted((a, b) => (b.last_heard_at ?? 0) - (a.last_heard_at ?? 0)))
    for (const manifest of agent.manifests) {
      const known = offered.get(manifest.name) ?? { ...manifest, agents: [] }
      known.agents.push({ id: agent.id, name: agent.name })
      offered.set(manifest.name, known)
    }
  return [...offered.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** How each agent that was not revoked does, for those who change it. `failing_since`: since when the newest failure of its sources. */
export async function agentsDoing(ctx: Context, ids?: readonly string[]): ReturnType<typeof selectDoings> {
  permit(ctx, 'agents.read')
  return ids?.length === 0 ? [] : await selectDoings(ctx.tx, ids)
}

/** Which programs it can run, by its own word. */
export async function platformTold(ctx: Context, id: string, platform: string): Promise<void> {
  permit(ctx, 'agents.write')
  await updateAgent(ctx.tx, id, { platform })
}

/** The token is shown once; who redeems it becomes an agent. */
export async function createEnrolment(
  ctx: Context,
  input: NewEnrolment,
): Promise<{ token: string; expires_at: Instant }> {
  permit(ctx, 'agents.write')
  const { account_id = null, uses, labels } = input
  if (account_id !== null) await getAccount(ctx, account_id)
  const [id, token, now] = [newId(), newSecret('atalaya_enrol'), ctx.now()]
  const expires_at = now + input.expires_in_hours * HOUR_MS
  await insertEnrolment(ctx.tx, {
    id,
    hash: hashOf(token),
    account_id,
    created_at: now,
    expires_at,
    uses,
    labels,
  })
  await append(ctx, {
    type: 'enrolment.created',
    subject: { kind: 'enrolment', id },
    account_id,
    after: { expires_at: iso(expires_at), uses, labels },
  })
  return { token, expires_at }
}

/** Makes an agent of whoever shows a fresh token: the token is the permission. Returns the agent's id. */
export async function enrol(ctx: Context, input: EnrolAgent): Promise<string> {
  const used = await useEnrolment(ctx.tx, hashOf(input.token), ctx.now())
  if (!used) throw await tokenRefused(ctx, input)
  const id = newId()
  const as: Context = {
    ...ctx,
    actor: { kind: 'agent', id, name: input.name, account_id: null, permissions: new Set(['accounts.read']) },
  }
  const isNew = await insertAgent(ctx.tx, newAgent(id, input, used.labels, ctx.now()))
  if (!isNew)
    throw new Problem('conflict', 'An agent with this key is enrolled already. Run it, or let it make a new key.', [
      { pointer: '/public_key', detail: 'belongs to another agent' },
    ])
  await nameEnrolled(ctx.tx, used.id, id)
  const account_id = used.account_id ?? (await defaultAccount(as)).id
  if (input.machine_id !== '') await insertHostSource(ctx, id, input.machine_id, account_id)
  const { name, machine_id, version } = input
  await append(as, {
    type: 'agent.enrolled',
    subject: { kind: 'agent', id },
    account_id,
    after: { name, machine_id, version, enrolment: used.id, labels: used.labels },
  })
  return id
}

/** To the caller they are all one: who guesses learns nothing. The audit says which it was. */
async function tokenRefused(ctx: Context, { token, name }: EnrolAgent): Promise<Refused> {
  const found = await selectEnrolment(ctx.tx, hashOf(token))
  return new Refused(
    'This enrolment token is not known, was used, or has expired. Make a new one under Agents, or by POST /api/v1/enrolments.',
    {
      // it may have been used up between the two looks
      reason: tokenRefusal(found, ctx.now()) ?? 'used_token',
      about: found && { kind: 'enrolment', id: found.id },
      detail: `"${name.slice(0, 100)}" showed an enrolment token that makes no agent.`,
    },
  )
}

const newAgent = (
  id: string,
  { name, machine_id, public_key, version }: EnrolAgent,
  labels: AgentRow['labels'],
  now: Instant,
): AgentRow => ({
  id,
  name,
  hostname: name,
  machine_id,
  public_key,
  version,
  platform: null,
  manifests: [],
  config_version: 1,
  created_at: now,
  last_heard_at: null,
  clock_offset_ms: null,
  spool_bytes: null,
  silent_since: null,
  revoked_at: null,
  alarm: null,
  labels,
})

/** An agent reports its own machine from the start; nobody has to ask for it. */
const insertHostSource = (ctx: Context, agent_id: string, realm: string, account_id: string): Promise<void> =>
  insertSource(ctx.tx, {
    id: newId(),
    agent_id,
    connector: 'host',
    realm,
    interval_ms: HOST_INTERVAL_MS,
    settings: {},
    account_id,
    created_at: ctx.now(),
  })

/** From now on its reports are refused; what it reported stays. */
export async function revokeAgent(ctx: Context, id: string): Promise<void> {
  permit(ctx, 'agents.write')
  const found = await lockAgent(ctx.tx, id)
  if (!found) throw new Problem('not_found', `There is no agent ${id}.`)
  if (found.revoked_at !== null) return
  await updateAgent(ctx.tx, id, { revoked_at: ctx.now(), silent_since: null })
  await bumpConfig(ctx.tx, id)
  for (const code of ['agent.silent', 'agent.alarm']) await closeNotice(ctx, code, id)
  await append(ctx, { type: 'agent.revoked', subject: { kind: 'agent', id }, before: { name: found.name } })
}

export type ReportingAgent = Pick<AgentRow, 'id' | 'name' | 'public_key' | 'revoked_at' | 'config_version'>

/** Whose signature a report must carry; null for an id that was never enrolled. */
export async function agentForReport(ctx: Context, agent_id: string): Promise<ReportingAgent | null> {
  permit(ctx, 'agents.read')
  const found = await selectAgent(ctx.tx, agent_id)
  if (!found) return null
  const { id, name, public_key, revoked_at, config_version } = found
  return { id, name, public_key, revoked_at, config_version }
}

export interface HeardFrom {
  agent_id: string
  hostname?: string
  version?: string
  /** as sent: what is no manifest is left out */
  manifests?: unknown[]
  clock_offset_ms?: number
  spool_bytes?: number
}

/** Each report says that its agent lives, and what is new of it. */
export async function heard(ctx: Context, { agent_id, manifests, ...said }: HeardFrom): Promise<void> {
  permit(ctx, 'agents.write')
  const understood = manifests?.flatMap((manifest) => {
    const { success, data } = Manifest.safeParse(manifest)
    return success ? [data] : []
  })
  if (understood) await sealAsNamed(ctx, agent_id, understood)
  const before = await lockAgent(ctx.tx, agent_id)
  if (!before) return
  const change = { ...said, ...(understood ? { manifests: understood } : {}) }
  await updateAgent(ctx.tx, agent_id, { ...change, last_heard_at: ctx.now(), silent_since: null })
  if (before.silent_since === null) return
  await closeNotice(ctx, 'agent.silent', agent_id)
  await append(ctx, {
    type: 'agent.back',
    subject: { kind: 'agent', id: agent_id },
    after: { name: before.name, silent_since: iso(before.silent_since) },
  })
}

/** Something that a person must look at, such as a cloned agent; it stays until the agent is revoked. */
export async function alarm(ctx: Context, agent_id: string, text: string): Promise<void> {
  permit(ctx, 'agents.write')
  const found = await lockAgent(ctx.tx, agent_id)
  if (!found || found.alarm === text) return
  await updateAgent(ctx.tx, agent_id, { alarm: text })
  await openNotice(ctx, {
    code: 'agent.alarm',
    subject: { kind: 'agent', id: agent_id, name: found.name },
    params: { alarm: text },
  })
  await append(ctx, {
    type: 'agent.alarm',
    subject: { kind: 'agent', id: agent_id },
    before: found.alarm === null ? null : { alarm: found.alarm },
    after: { alarm: text },
  })
}

/**
 * Background: one event and one notice for each agent that fell silent. Nothing before `listening_since` counts:
 * it is the instant from which reports could reach us. Returns how many fell silent.
 */
export async function watchSilence(ctx: Context, listening_since: Instant): Promise<number> {
  permit(ctx, 'agents.write')
  let fallen = 0
  for (const { id, name, last_heard_at, interval_ms } of await selectWatched(ctx.tx)) {
    if (last_heard_at === null || !isSilent({ last_heard_at, interval_ms }, listening_since, ctx.now())) continue
    if (!(await markSilent(ctx.tx, id, last_heard_at))) continue
    fallen += 1
    const since = iso(last_heard_at)
    await openNotice(ctx, { code: 'agent.silent', subject: { kind: 'agent', id, name }, params: { since } })
    await append(ctx, { type: 'agent.silent', subject: { kind: 'agent', id }, after: { name, since } })
  }
  return fallen
}
