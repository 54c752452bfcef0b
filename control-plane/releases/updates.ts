/** Verbs of agents about their updates: each tells how it stands and is answered by what it is to do. Its signature is its permission. */
import { fileText, tellingText } from '#connectors/contract.ts'
import { permit } from '../base/actor.ts'
import { Problem } from '../base/problem.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import { type Admission, agentForReport, platformTold, recognise } from '../sources/index.ts'
import type { AskFile, TellUpdate, UpdateOrder } from './contract.ts'
import { afterTelling, type Told } from './rules.ts'
import { changeUpdates, lockRollout, lockUpdate, selectNewestOf, selectOffered } from './store.ts'

type Proof = Pick<Admission, 'isFresh'>

/** From here on whoever asks is that agent. */
async function asAgent(ctx: Context, id: string): Promise<Context> {
  const found = await agentForReport({ ...ctx, actor: { ...ctx.actor, permissions: new Set(['agents.read']) } }, id)
  const permissions = new Set(['agents.read', 'agents.write'] as const)
  return { ...ctx, actor: { kind: 'agent', id, name: found?.name ?? id, account_id: null, permissions } }
}

export async function tellUpdate(ctx: Context, admission: Proof, input: TellUpdate): Promise<UpdateOrder> {
  const { agent_id, challenge, telling } = input
  await recognise(ctx, admission, input, tellingText(agent_id, challenge, telling), 'update')
  const as = await asAgent(ctx, agent_id)
  await platformTold(as, agent_id, telling.platform)
  const { state, rollout } = telling
  if (state !== 'ready' && rollout !== undefined) await take(as, rollout, agent_id, { ...telling, state })
  return { order: await orderOf(as, agent_id, telling) }
}

const EVENTS: Readonly<Record<Told['state'], string>> = {
  switching: 'agent.update_begun',
  proven: 'agent.updated',
  refused: 'agent.update_refused',
  failed: 'agent.update_failed',
  went_back: 'agent.went_back',
}

/** The roll-out before the agent, as the engine locks them. */
async function take(ctx: Context, rollout_id: string, agent_id: string, told: Told): Promise<void> {
  permit(ctx, 'agents.write')
  const rollout = await lockRollout(ctx.tx, rollout_id)
  const row = rollout && (await lockUpdate(ctx.tx, rollout_id, agent_id))
  const change = row && afterTelling(row, told, rollout.version, ctx.now())
  if (!change) return
  const isMove = change.state !== undefined
  await changeUpdates(ctx.tx, rollout_id, [agent_id], { ...change, ...(isMove ? { changed_at: ctx.now() } : {}) })
  const { reason = null, detail = null } = told
  if (isMove)
    await append(ctx, {
      type: EVENTS[told.state],
      subject: { kind: 'agent', id: agent_id },
      after: { version: rollout.version, running: told.version, rollout: rollout_id, reason, detail },
    })
}

type Telling = TellUpdate['telling']

async function orderOf(ctx: Context, agent_id: string, telling: Telling): Promise<UpdateOrder['order']> {
  permit(ctx, 'agents.write')
  const newest = await selectNewestOf(ctx.tx, agent_id)
  // what it tells now isn't the moment to begin anything
  if (!newest || telling.state !== 'ready') return null
  const { update, rollout, release } = newest
  const change = (to: Parameters<typeof changeUpdates>[3]) =>
    changeUpdates(ctx.tx, rollout.id, [agent_id], { ...to, changed_at: ctx.now() })
  if (update.state === 'going_back') return { kind: 'go_back', rollout: rollout.id, version: release.version }
  if (!['offered', 'fetching', 'switching'].includes(update.state)) return null
  if (release.withdrawn_at !== null || !['running', 'completed'].includes(rollout.state)) return null
  if (release.platform !== telling.platform) {
    await change({ state: 'not_for_it', reason: 'other_platform' })
    return null
  }
  if (release.version === telling.version) {
    await change({ state: 'updated', updated_at: ctx.now(), starts: 1 })
    return null
  }
  if (update.state === 'offered') await change({ state: 'fetching' })
  return { kind: 'install', rollout: rollout.id, signed: release.signed }
}

/** That the file may be given out: to an agent of ours, and while the release stands. */
export async function askFile(ctx: Context, admission: Proof, input: AskFile): Promise<void> {
  const { agent_id, challenge, sha256 } = input
  await recognise(ctx, admission, input, fileText(agent_id, challenge, sha256), 'update')
  if (!(await selectOffered(ctx.tx, sha256))) throw new Problem('not_found', 'This file is not offered any more.')
}
