/** Decisions of sources: when an agent is silent, how a source is doing, what a health fact changes. Pure. */
import type { z } from 'zod'
import type { AgentState, SourceState } from './contract.ts'

/** An agent that says nothing for this many intervals of its busiest source is silent … */
export const SILENT_INTERVALS = 3
/** … but never sooner: a short interval must not make an alarm of one slow moment. */
export const SILENT_AT_LEAST_MS = 15_000
export const SKEW_LIMIT_MS = 5_000

const patienceMs = (interval_ms: number): number => Math.max(SILENT_INTERVALS * interval_ms, SILENT_AT_LEAST_MS)

export interface Heard {
  last_heard_at: number | null
  /** of its busiest source that isn't paused; null where it has nothing to report */
  interval_ms: number | null
}

/** `listening_since`: before it nobody could hear, so that our own outage is nobody's silence. */
export function isSilent({ last_heard_at, interval_ms }: Heard, listening_since: number, now: number): boolean {
  if (last_heard_at === null || interval_ms === null) return false
  return now - Math.max(last_heard_at, listening_since) > patienceMs(interval_ms)
}

export function agentState(agent: {
  revoked_at: number | null
  last_heard_at: number | null
  silent_since: number | null
}): z.infer<typeof AgentState> {
  if (agent.revoked_at !== null) return 'revoked'
  if (agent.last_heard_at === null) return 'never_seen'
  return agent.silent_since === null ? 'connected' : 'silent'
}

/** Settings that a connector's manifest names as secret; none where the agent doesn't host it any more. */
export const secretsNamed = (
  manifests: ReadonlyArray<{ name: string; secrets: readonly string[] }>,
  connector: string,
): readonly string[] => manifests.find(({ name }) => name === connector)?.secrets ?? []

export const isSkewed = (clock_offset_ms: number | null): boolean =>
  clock_offset_ms !== null && Math.abs(clock_offset_ms) > SKEW_LIMIT_MS

/** A failure, and since when it has been the same one. */
export interface Failure {
  code: string
  message: string
  remedy: string
  since_ms: number
}

export interface SourceFacts {
  paused_at: number | null
  error: Failure | null
  last_fact_at: number | null
  interval_ms: number
}

/** A silent agent explains everything below it; an error explains why facts are missing. */
export function sourceState(
  source: SourceFacts,
  agent: z.infer<typeof AgentState>,
  now: number,
): z.infer<typeof SourceState> {
  if (source.paused_at !== null) return 'paused'
  if (agent === 'silent' || agent === 'revoked') return 'silent'
  if (source.error !== null) return 'failing'
  if (source.last_fact_at === null) return 'waiting'
  return now - source.last_fact_at > patienceMs(source.interval_ms) ? 'silent' : 'ok'
}

export interface HealthFact {
  ok: boolean
  duration_ms: number
  version?: string | undefined
  error?: { code: string; message: string; remedy: string } | undefined
  seen_at: number
}
export interface HealthState {
  last_ok_at: number | null
  duration_ms: number | null
  vendor_version: string | null
  error: Failure | null
}

/** The failure of a source whose secrets can't be opened here: it ends when they can, whatever the agent says. */
export const UNREADABLE = 'secrets_unreadable'

/** Facts come late and in any order: an older one than what is known changes nothing. */
export function afterHealth(state: HealthState, fact: HealthFact): HealthState {
  const known = Math.max(state.last_ok_at ?? 0, state.error?.since_ms ?? 0)
  if (fact.seen_at < known) return state
  const vendor_version = fact.version ?? state.vendor_version
  // an agent that keeps an older configuration may well go on with it
  if (state.error?.code === UNREADABLE)
    return { ...state, vendor_version, last_ok_at: fact.ok ? fact.seen_at : state.last_ok_at }
  if (fact.ok) return { last_ok_at: fact.seen_at, duration_ms: fact.duration_ms, vendor_version, error: null }
  const said = fact.error ?? {
    code: 'unexpected',
    message: 'The source failed without saying why.',
    remedy: "Look into the agent's log.",
  }
  const since_ms = state.error?.code === said.code ? state.error.since_ms : fact.seen_at
  return { ...state, vendor_version, duration_ms: fact.duration_ms, error: { ...said, since_ms } }
}

const ADDRESS = /^(urls?|uri|address(es)?|endpoint|host|server)$/
/** Which setting a failed check is most likely about; null where nothing tells. It only places the message. */
export function settingToBlame(
  { code, message }: { code: string; message: string },
  names: readonly string[],
  secrets: readonly string[],
): string | null {
  const named = names.find((name) => name === /^[\w-]+/.exec(message)?.[0])
  if (code === 'bad_settings') return named ?? null
  if (code === 'refused' && /certificate/i.test(message))
    return names.find((name) => name === (/pinned/.test(message) ? 'fingerprints' : 'ca')) ?? null
  if (code === 'refused') return names.find((name) => secrets.includes(name)) ?? null
  if (code === 'unreachable' || code === 'timeout') return names.find((name) => ADDRESS.test(name)) ?? null
  return null
}

/** What a record of the audit is about. */
export interface Subject {
  kind: 'agent' | 'enrolment'
  id: string
}
/** One kind of refusal, and how often it happened. */
export interface Seen {
  subject: Subject
  reason: string
  detail: string
  times: number
}
/** A refusal of which there is a record, and how often it came again since. */
export interface Told extends Seen {
  at: number
}

/** A refusal that goes on is told again after this time. */
export const REFUSALS_WINDOW_MS = 3_600_000
/** Different refusals that are kept apart in one window; all beyond are one of their reason. */
export const REFUSALS_APART = 500

/** Which refusals get a record now, so that no flood fills the audit: the first of each, and at the end of its window how many followed. */
export function settleTold(
  before: ReadonlyMap<string, Told>,
  seen: readonly Seen[],
  now: number,
): { told: ReadonlyMap<string, Told>; records: Seen[] } {
  const told = new Map<string, Told>()
  const records: Seen[] = []
  for (const [key, one] of before)
    if (now - one.at < REFUSALS_WINDOW_MS) told.set(key, one)
    else if (one.times > 0) records.push(one)
  for (const one of seen) {
    const own = `${one.reason} ${one.subject.kind} ${one.subject.id}`
    const key = told.has(own) || told.size < REFUSALS_APART ? own : one.reason
    const known = told.get(key)
    if (known) told.set(key, { ...known, times: known.times + one.times })
    else {
      const subject = key === own ? one.subject : { ...one.subject, id: 'others' }
      told.set(key, { ...one, subject, at: now, times: 0 })
      records.push({ ...one, subject })
    }
  }
  return { told, records }
}

/** Why a token makes no agent; null where it does. */
export function tokenRefusal(
  enrolment: { used: number; uses: number; expires_at: number } | null,
  now: number,
): 'unknown_token' | 'expired_token' | 'used_token' | null {
  if (!enrolment) return 'unknown_token'
  if (enrolment.expires_at <= now) return 'expired_token'
  return enrolment.used >= enrolment.uses ? 'used_token' : null
}
