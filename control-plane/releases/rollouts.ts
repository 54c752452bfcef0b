/** Verbs of roll-outs, for people: start, hold, go on, go back, and how each stands. */
import { permit } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import { Problem } from '../base/problem.ts'
import { iso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { append, closeNotice } from '../events/index.ts'
import { agentsDoing } from '../sources/index.ts'
import type { AgentRollout, AgentUpdate, NewRollout, RolloutState } from './contract.ts'
import { onHalt, wavesOf } from './rules.ts'
import {
  changeUpdates,
  insertRollout,
  insertUpdates,
  lockRelease,
  lockRollout,
  type RolloutRow,
  selectProgress,
  selectRollouts,
  selectStandings,
  selectUpdates,
  supersede,
  updateRollout,
} from './store.ts'

type Found = Awaited<ReturnType<typeof selectRollouts>>[number]
type Progress = Awaited<ReturnType<typeof selectProgress>>

function shown({ rollout, version }: Found, all: Progress): AgentRollout {
  const own = all.filter(({ rollout_id }) => rollout_id === rollout.id)
  const sum = (rows: Progress) => rows.reduce((total, { agents }) => total + agents, 0)
  const waves = rollout.waves.map((wave, index) => {
    const here = own.filter((row) => row.wave === index && row.state !== 'not_for_it')
    return {
      wave,
      agents: sum(here),
      updated: sum(here.filter(({ state }) => state === 'updated')),
      failed: sum(here.filter(({ is_failure }) => is_failure)),
      waiting: sum(here.filter(({ state }) => state === 'waiting' || state === 'offered')),
    }
  })
  return {
    id: rollout.id,
    release_id: rollout.release_id,
    version,
    platform: rollout.platform,
    state: rollout.state,
    wave: rollout.wave + 1,
    waves,
    soak_seconds: Math.round(rollout.soak_ms / 1_000),
    max_failures: rollout.max_failures,
    failures: sum(own.filter(({ is_failure }) => is_failure)),
    created_at: iso(rollout.created_at),
    created_by: rollout.created_by,
    changed_at: iso(rollout.changed_at),
    changed_by: rollout.changed_by,
    reason: rollout.reason,
  }
}

export async function listRollouts(ctx: Context): Promise<AgentRollout[]> {
  permit(ctx, 'agents.read')
  const found = await selectRollouts(ctx.tx)
  const progress = await selectProgress(
    ctx.tx,
    found.map(({ rollout }) => rollout.id),
  )
  return found.map((one) => shown(one, progress))
}

export async function getRollout(ctx: Context, id: string): Promise<AgentRollout & { agents: AgentUpdate[] }> {
  permit(ctx, 'agents.read')
  const [found] = await selectRollouts(ctx.tx, id)
  if (!found) throw new Problem('not_found', `There is no roll-out ${id}.`)
  const agents = await selectStandings(ctx.tx, id)
  return { ...shown(found, await selectProgress(ctx.tx, [id])), agents: agents.toSorted((a, b) => a.wave - b.wave) }
}

/** Of each agent that a roll-out ever had, how it stands in the newest. */
export async function listUpdates(ctx: Context): Promise<AgentUpdate[]> {
  permit(ctx, 'agents.read')
  return await selectStandings(ctx.tx)
}

export async function startRollout(ctx: Context, input: NewRollout): Promise<AgentRollout> {
  permit(ctx, 'agents.write')
  const release = await lockRelease(ctx.tx, input.release_id)
  if (!release || release.withdrawn_at !== null || release.stored_at === null)
    throw new Problem('invalid', 'This release can’t be rolled out.', [
      { pointer: '/release_id', detail: 'is no release whose file is here' },
    ])
  const { platform } = release
  const doing = await agentsDoing(ctx)
  const [id, now] = [newId(), ctx.now()]
  const waves = wavesOf(
    id,
    input.waves,
    doing.filter((one) => one.platform === null || one.platform === platform),
  )
  if (waves.size === 0)
    throw new Problem('invalid', 'These waves reach no agent.', [{ pointer: '/waves', detail: 'have no agent' }])
  const isOnly = await insertRollout(ctx.tx, {
    id,
    release_id: release.id,
    platform,
    state: 'running',
    waves: input.waves,
    wave: 0,
    soak_ms: input.soak_seconds * 1_000,
    max_failures: input.max_failures,
    created_at: now,
    created_by: ctx.actor.name,
    changed_at: now,
    changed_by: ctx.actor.name,
  })
  if (!isOnly)
    throw new Problem('conflict', `A roll-out for ${platform} is under way. Wait for its end, or roll it back.`)
  await supersede(ctx.tx, id, [...waves.keys()], now)
  const rows = [...waves].map(([agent_id, wave]) => ({ rollout_id: id, agent_id, wave, changed_at: now }))
  await insertUpdates(
    ctx.tx,
    rows.map((row) => ({ ...row, state: 'waiting' as const })),
  )
  const { version } = release
  await append(ctx, {
    type: 'rollout.started',
    subject: { kind: 'rollout', id },
    after: { version, platform, ...input, agents: waves.size },
  })
  const { agents: _, ...made } = await getRollout(ctx, id)
  return made
}

async function lockIn(ctx: Context, id: string, states: readonly RolloutState[]) {
  const found = await lockRollout(ctx.tx, id)
  if (!found) throw new Problem('not_found', `There is no roll-out ${id}.`)
  if (!states.includes(found.state))
    throw new Problem(
      'conflict',
      `This roll-out is ${found.state}; only one that is ${states.join(' or ')} can do that.`,
    )
  return found
}

async function become(ctx: Context, found: RolloutRow, state: RolloutState, reason: string | null): Promise<void> {
  await updateRollout(ctx.tx, found.id, { state, reason, changed_at: ctx.now(), changed_by: ctx.actor.name })
}

/** No agent begins until it goes on; one that has its order finishes. */
export async function pauseRollout(ctx: Context, id: string, reason: string): Promise<void> {
  permit(ctx, 'agents.write')
  const found = await lockIn(ctx, id, ['running'])
  await become(ctx, found, 'paused', reason)
  await append(ctx, { type: 'rollout.paused', subject: { kind: 'rollout', id }, after: { reason } })
}

export async function resumeRollout(ctx: Context, id: string): Promise<void> {
  permit(ctx, 'agents.write')
  const found = await lockIn(ctx, id, ['paused'])
  await become(ctx, found, 'running', null)
  await append(ctx, { type: 'rollout.resumed', subject: { kind: 'rollout', id }, before: { reason: found.reason } })
}

/** All agents that it brought the version to return to the one before, from their own disks. */
export async function rollBack(ctx: Context, id: string, reason: string): Promise<void> {
  permit(ctx, 'agents.write')
  const found = await lockIn(ctx, id, ['running', 'paused', 'completed'])
  await halt(ctx, found, reason)
  await append(ctx, { type: 'rollout.halted', subject: { kind: 'rollout', id }, after: { reason } })
}

/** Without an event of its own, for verbs that append one. */
export async function halt(ctx: Context, found: RolloutRow, reason: string): Promise<void> {
  await become(ctx, found, 'halted', reason)
  const members = await selectUpdates(ctx.tx, found.id)
  for (const target of ['waiting', 'going_back'] as const) {
    const ids = members.filter(({ state }) => onHalt(state) === target).map(({ agent_id }) => agent_id)
    await changeUpdates(ctx.tx, found.id, ids, { state: target, changed_at: ctx.now(), nudged_at: null })
  }
  await closeNotice(ctx, 'rollout.halted', found.id)
}
