/** Background: looks how every unfinished roll-out stands, and does the next step of each. May be killed at any moment. */
import { LIVE } from '../db/cut.ts'
import { permit } from '../base/actor.ts'
import type { Context } from '../db/index.ts'
import { append, openNotice } from '../events/index.ts'
import { lostIn } from '../ingest/index.ts'
import { agentsDoing } from '../sources/index.ts'
import { agentVersions, failedUpdates } from './metrics.ts'
import { halt } from './rollouts.ts'
import { type Member, nextStep, type Plan, type Step, toNudge } from './rules.ts'
import {
  changeUpdates,
  countFailures,
  lockRollout,
  type RolloutRow,
  selectUnfinished,
  selectUpdates,
  type UpdateRow,
  updateRollout,
} from './store.ts'

export async function unfinishedRollouts(ctx: Context): Promise<string[]> {
  permit(ctx, 'agents.read')
  return await selectUnfinished(ctx.tx)
}

/** One step of one roll-out. Returns the agents that are to be told, after the commit, that there is something to ask for. */
export async function advance(ctx: Context, id: string): Promise<string[]> {
  permit(ctx, 'agents.write')
  const found = await lockRollout(ctx.tx, id)
  if (!found) return []
  const plan: Plan = { ...found, waves: found.waves.length }
  const rows = await selectUpdates(ctx.tx, id)
  const doings = await doingsOf(ctx, rows, plan)
  const step = nextStep(plan, asMembers(rows, doings), ctx.now())
  for (const [agent_id, reason] of step.ailing) await ail(ctx, found, agent_id, reason)
  await changeUpdates(ctx.tx, id, step.offered, { state: 'offered', changed_at: ctx.now(), nudged_at: null })
  await move(ctx, found, step)
  const now_so = asMembers(await selectUpdates(ctx.tx, id), doings)
  const nudged = toNudge({ state: step.state ?? found.state }, now_so, ctx.now())
  await changeUpdates(ctx.tx, id, nudged, { nudged_at: ctx.now() })
  return nudged
}

type Doings = ReadonlyMap<string, NonNullable<Member['agent']>>

const asMembers = (rows: readonly UpdateRow[], doings: Doings): Member[] =>
  rows.map((row) => ({ ...row, agent: doings.get(row.agent_id) ?? null }))

/** How the agents do; those that were updated lately are looked at for losses, too. */
async function doingsOf(ctx: Context, rows: readonly UpdateRow[], { soak_ms }: Plan): Promise<Doings> {
  const ids = rows.map(({ agent_id }) => agent_id)
  const doings = new Map((await agentsDoing(ctx, ids)).map((one) => [one.id, { ...one, lost: false }]))
  for (const { agent_id, state, switched_at, updated_at } of rows) {
    const doing = doings.get(agent_id)
    if (state !== 'updated' || switched_at === null || updated_at === null || !doing) continue
    if (ctx.now() - updated_at > soak_ms) continue
    const lost = await lostIn(ctx, doing.source_ids, { from: switched_at, to: ctx.now() }, LIVE)
    // being away for the switch itself is no loss
    doing.lost = lost.some(({ cause }) => cause === 'spool_overflow' || cause === 'spool_damaged')
  }
  return doings
}

const TROUBLES: Readonly<Record<string, string>> = {
  silent: 'It fell silent after the update.',
  other_version: 'It runs another version than it was brought to.',
  restarted: 'It was started more than once after the update.',
  source_failing: 'A source of it fails since the update.',
  losses: 'It lost readings since the update.',
}

async function ail(ctx: Context, { id, version }: RolloutRow & { version: string }, agent_id: string, reason: string) {
  const detail = TROUBLES[reason] ?? null
  const now = ctx.now()
  const change = { state: 'going_back', is_failure: true, reason, detail, changed_at: now, nudged_at: null } as const
  await changeUpdates(ctx.tx, id, [agent_id], change)
  await append(ctx, {
    type: 'agent.update_failed',
    subject: { kind: 'agent', id: agent_id },
    after: { version, rollout: id, reason, detail },
  })
}

async function move(ctx: Context, found: RolloutRow & { version: string }, { state, wave }: Step): Promise<void> {
  const { id, version } = found
  const subject = { kind: 'rollout', id }
  const by = { changed_at: ctx.now(), changed_by: ctx.actor.name }
  if (wave !== undefined) {
    await updateRollout(ctx.tx, id, { wave, ...by })
    await append(ctx, { type: 'rollout.advanced', subject, after: { wave: wave + 1 } })
  }
  if (state === 'halted') {
    const members = await selectUpdates(ctx.tx, id)
    const failures = members.filter(({ is_failure }) => is_failure).length
    const reason = `${failures} failed; ${found.max_failures} may.`
    await halt(ctx, found, reason)
    await openNotice(ctx, { code: 'rollout.halted', subject: { ...subject, name: version }, params: { failures } })
    await append(ctx, { type: 'rollout.halted', subject, after: { reason } })
  } else if (state !== undefined) {
    // one that went back keeps by whom it was halted, and why
    await updateRollout(ctx.tx, id, { state, ...(state === 'rolled_back' ? {} : by) })
    await append(ctx, { type: `rollout.${state}`, subject, after: { version } })
  }
}

/** What Prometheus is told. */
export async function countUpdates(ctx: Context): Promise<void> {
  permit(ctx, 'agents.read')
  agentVersions.reset()
  for (const { version } of await agentsDoing(ctx)) agentVersions.inc({ version })
  failedUpdates.set(await countFailures(ctx.tx))
}
