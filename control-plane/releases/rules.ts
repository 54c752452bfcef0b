/** Decisions of roll-outs: who is in which wave, who does well, and what happens next. Pure. */
import { sha256 } from '#connectors/contract.ts'
import type { RolloutState, UpdateState, Wave } from './contract.ts'

/** An agent that heard of it and doesn't come, or came and isn't done, holds up the others no longer than this. */
export const PATIENCE_MS = 600_000
/** A source that failed once, or a report that was late, is no fault of a version; what lasts so long is. */
export const LASTING_MS = 45_000
/** Whoever was told and hasn't come is told again: what is sent to an agent may be lost. */
export const NUDGE_MS = 15_000
/** So many may come in a second. */
const ARRIVALS_A_SECOND = 10

export interface Candidate {
  id: string
  labels: Readonly<Record<string, string>>
}

/** An order that nobody chooses, the same each time it is asked for. */
const place = (rollout_id: string, agent_id: string): string => sha256(`${rollout_id} ${agent_id}`)

/** Agent → wave, from 0; those that no wave reaches are in none. */
export function wavesOf(rollout_id: string, waves: readonly Wave[], agents: readonly Candidate[]): Map<string, number> {
  const placed = new Map(agents.map(({ id }) => [id, place(rollout_id, id)]))
  const inOrder = agents.toSorted((a, b) => ((placed.get(a.id) ?? '') < (placed.get(b.id) ?? '') ? -1 : 1))
  const found = new Map<string, number>()
  for (const [index, wave] of waves.entries())
    for (const { id, labels } of inOrder) {
      if (found.has(id)) continue
      if ('percent' in wave && found.size >= Math.ceil((agents.length * wave.percent) / 100)) break
      if ('agents' in wave && !wave.agents.includes(id)) continue
      if ('labels' in wave && !Object.entries(wave.labels).every(([key, value]) => labels[key] === value)) continue
      found.set(id, index)
    }
  return found
}

export interface Member {
  agent_id: string
  wave: number
  state: UpdateState
  is_failure: boolean
  changed_at: number
  switched_at: number | null
  updated_at: number | null
  nudged_at: number | null
  starts: number
  /** how the agent does; null for one that was revoked */
  agent: {
    is_heard: boolean
    version: string
    silent_since: number | null
    failing_since: number | null
    lost: boolean
  } | null
}
export interface Plan {
  state: RolloutState
  version: string
  /** the present one, from 0 */
  wave: number
  waves: number
  soak_ms: number
  max_failures: number
}

/**
 * Troubles of an updated agent that are of the new version's time, and since when: they began after the switch, and before the soak was
 * over. One whose sources fail falls silent, too: that they fail is the reason.
 */
function ailments({ agent, updated_at, switched_at }: Member, soak_ms: number): [string, number][] {
  if (agent === null || updated_at === null) return []
  const troubles: [string, number | null][] = [
    ['source_failing', agent.failing_since],
    ['silent', agent.silent_since],
  ]
  return troubles.flatMap(([reason, since]): [string, number][] =>
    since !== null && since >= (switched_at ?? updated_at) && since <= updated_at + soak_ms ? [[reason, since]] : [],
  )
}

/** Why an agent that was updated is to go back; null where it does well, or where that isn't sure yet. */
export function trouble(member: Member, { version, soak_ms }: Plan, now: number): string | null {
  const { agent, state, updated_at, starts } = member
  if (state !== 'updated' || updated_at === null || agent === null) return null
  const lasting = ailments(member, soak_ms).find(([, since]) => now - since >= LASTING_MS)
  if (lasting) return lasting[0]
  if (now - updated_at > soak_ms) return null
  if (agent.is_heard && agent.version !== version) return 'other_version'
  if (starts > 1) return 'restarted'
  return agent.lost ? 'losses' : null
}

/** Nothing more is to be expected of it for the present wave. */
function isSettled(member: Member, { soak_ms }: Plan, now: number): boolean {
  if (member.agent === null) return true
  switch (member.state) {
    case 'updated':
      return hasSoaked(member, soak_ms, now)
    case 'waiting':
      return !member.agent.is_heard
    case 'offered':
    case 'fetching':
    case 'switching':
      return now - member.changed_at > PATIENCE_MS
    default:
      return true
  }
}
/** Its time is over, and it is in no trouble that might yet last. */
const hasSoaked = (member: Member, soak_ms: number, now: number): boolean =>
  member.updated_at !== null && now - member.updated_at > soak_ms && ailments(member, soak_ms).length === 0

/** Those who could prove something. */
const counts = (member: Member): boolean => member.agent !== null && member.state !== 'not_for_it'

/** A wave of which nobody was reached proves nothing: it waits. One of which all failed has answered; whether that may be, others decide. */
export function isPassed(plan: Plan, members: readonly Member[], now: number): boolean {
  const own = members.filter(({ wave }) => wave === plan.wave)
  if (!own.every((member) => isSettled(member, plan, now))) return false
  const counted = own.filter(counts)
  if (counted.every(({ is_failure }) => is_failure)) return true
  return counted.some((one) => one.state === 'updated' && hasSoaked(one, plan.soak_ms, now))
}

export interface Step {
  /** agents that don't do well, with the reason: they go back */
  ailing: Map<string, string>
  /** agents to which the version is offered now */
  offered: string[]
  /** what the roll-out becomes, if it changes */
  state?: RolloutState
  wave?: number
}

/** What is to be done now. Called again and again: each step follows from how all stands. */
export function nextStep(plan: Plan, members: readonly Member[], now: number): Step {
  const isOpen = plan.state === 'running' || plan.state === 'paused'
  const ailing = new Map(
    (isOpen ? members : []).flatMap((member) => {
      const reason = trouble(member, plan, now)
      return reason === null ? [] : [[member.agent_id, reason] as const]
    }),
  )
  const failures = members.filter(({ is_failure }) => is_failure).length + ailing.size
  if (isOpen && failures > plan.max_failures) return { ailing, offered: [], state: 'halted' }
  if (plan.state === 'halted') {
    // one that is between two starts is not heard, and is not away
    const isAway = ({ agent, changed_at }: Member) =>
      agent === null || (!agent.is_heard && now - changed_at > PATIENCE_MS)
    const isBack = members.every((member) => member.state !== 'going_back' || isAway(member))
    return { ailing, offered: [], ...(isBack ? { state: 'rolled_back' as const } : {}) }
  }
  // whoever was away follows, also when all others are done
  const offered =
    plan.state === 'running' || plan.state === 'completed'
      ? members
          .filter(({ state, wave, agent }) => state === 'waiting' && wave <= plan.wave && agent?.is_heard)
          .map(({ agent_id }) => agent_id)
      : []
  if (plan.state !== 'running' || ailing.size > 0 || offered.length > 0 || !isPassed(plan, members, now))
    return { ailing, offered }
  return plan.wave + 1 < plan.waves
    ? { ailing, offered, wave: plan.wave + 1 }
    : { ailing, offered, state: 'completed' as const }
}

/** Of those that go back: one that never left needs nothing more. */
export const onHalt = (state: UpdateState): UpdateState | null => {
  if (state === 'offered') return 'waiting'
  return state === 'fetching' || state === 'switching' || state === 'updated' ? 'going_back' : null
}

const MOVING: ReadonlySet<UpdateState> = new Set(['offered', 'fetching', 'switching', 'going_back'])

/** Who is to be told now that there is something to ask for. */
export const toNudge = (plan: Pick<Plan, 'state'>, members: readonly Member[], now: number): string[] =>
  members
    .filter(
      ({ state, agent, nudged_at }) =>
        MOVING.has(state) &&
        (plan.state !== 'paused' || state === 'going_back') &&
        agent?.is_heard &&
        (nudged_at === null || now - nudged_at >= NUDGE_MS),
    )
    .map(({ agent_id }) => agent_id)

/** Over how long so many spread their coming. */
export const spreadMs = (agents: number): number => Math.ceil((agents * 1_000) / ARRIVALS_A_SECOND)

export interface Told {
  state: 'switching' | 'proven' | 'refused' | 'failed' | 'went_back'
  version: string
  reason?: string | undefined
  detail?: string | undefined
  starts?: number | undefined
}
type Standing = Pick<Member, 'state' | 'switched_at' | 'updated_at' | 'starts'>
export type Change = Partial<Standing & Pick<Member, 'is_failure'> & { reason: string | null; detail: string | null }>

/** What an agent's word makes of its standing; null where it changes nothing. */
export function afterTelling(member: Standing, told: Told, version: string, now: number): Change | null {
  const words = { reason: told.reason ?? null, detail: told.detail ?? null }
  const isMoving = MOVING.has(member.state) || member.state === 'waiting'
  switch (told.state) {
    case 'switching':
      return isMoving && member.state !== 'going_back' ? { state: 'switching', switched_at: now } : null
    case 'proven': {
      if (told.version !== version) return null
      const starts = Math.max(member.starts, told.starts ?? 1)
      if (member.state === 'updated') return starts > member.starts ? { starts } : null
      return isMoving && member.state !== 'going_back' ? { state: 'updated', updated_at: now, starts } : null
    }
    case 'refused':
      return isMoving && member.state !== 'going_back' ? { state: 'refused', is_failure: true, ...words } : null
    case 'failed':
      return isMoving || member.state === 'updated' ? { state: 'failed', is_failure: true, ...words } : null
    case 'went_back':
      // one that was installed by hand has nothing to go back to, and says so
      return member.state === 'going_back' && (told.version !== version || told.reason !== undefined)
        ? { state: 'went_back', ...(told.reason === undefined ? {} : words) }
        : null
  }
}
