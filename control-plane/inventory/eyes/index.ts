/** Finds the eyes on one machine whenever timelines settle, and takes a person's word where evidence says too little or too much. */
import { permit } from '../../base/actor.ts'
import { canonical } from '#connectors/contract.ts'
import { Problem } from '../../base/problem.ts'
import { type Instant, iso } from '../../base/time.ts'
import { openCut } from '../../db/cut.ts'
import type { Context } from '../../db/index.ts'
import { append } from '../../events/index.ts'
import { markDirty } from '../facts/store.ts'
import type { NewSameAs, SameAsDecision } from '../contract.ts'
import { canBeSeenTwice, type Cover, heldOver, matched, silences } from './rules.ts'
import * as store from './store.ts'
import type { z } from 'zod'

export { claimCovers, coverHistory, coversIn, lockEyes, setsOf, type SetMember } from './store.ts'

/** Makes the covers of every set that one of these resources is in, or was in, anew. */
export async function relate(ctx: Context, settled: readonly string[], cut: number): Promise<void> {
  if (settled.length === 0) return
  const shown = await store.shownKeys(ctx, settled)
  await store.replaceKeys(ctx, settled, shown)
  for (const group of await groupsOf(ctx, settled)) await relateGroup(ctx, group, cut)
}

/** Resources that evidence, a cover or a person links, directly or through others; those without a link are left out. */
async function groupsOf(ctx: Context, ids: readonly string[]): Promise<string[][]> {
  const group = new Map<string, string[]>()
  let frontier = new Set(ids)
  const met = new Set(ids)
  while (frontier.size > 0) {
    const links = await store.linksOf(ctx, frontier)
    for (const { a, b } of links) join(group, a, b)
    frontier = new Set(links.flatMap(({ a, b }) => [a, b])).difference(met)
    for (const id of frontier) met.add(id)
  }
  return [...new Set(group.values())]
}

function join(group: Map<string, string[]>, a: string, b: string): void {
  const [left, right] = [group.get(a) ?? [a], group.get(b) ?? [b]]
  if (left === right) return
  const whole = [...left, ...right]
  for (const id of whole) group.set(id, whole)
}

const keyOf = ({ resource_id, billed_id, evidence, from, to, held_from }: Cover): string =>
  canonical([resource_id, billed_id, evidence, from, to, held_from])

async function relateGroup(ctx: Context, ids: readonly string[], cut: number): Promise<void> {
  const eyes = await store.eyesOf(ctx, ids)
  const covers = matched(eyes, await store.decisionsAmong(ctx, ids))
  const heard = new Map<string, Instant>()
  for (const { resource_id, at } of silences(covers, eyes)) {
    const again = await store.heardAfter(ctx, resource_id, at)
    if (again !== null) heard.set(`${resource_id}/${at}`, again)
  }
  const wanted = heldOver(covers, eyes, heard).filter(({ from, to }) => to === null || from < to)
  const live = await store.liveCovers(ctx, ids)
  const [liveKeys, wantedKeys] = [new Set(live.map(keyOf)), new Set(wanted.map(keyOf))]
  const gone = live.filter((cover) => !wantedKeys.has(keyOf(cover)))
  const fresh = wanted.filter((cover) => !liveKeys.has(keyOf(cover)))
  await store.replaceCovers(ctx, gone, fresh, cut)
  const since = new Map<string, Instant>()
  for (const { resource_id, from } of [...gone, ...fresh])
    since.set(resource_id, Math.min(since.get(resource_id) ?? from, from))
  await store.markCovers(ctx, since)
  await announce(ctx, ids)
}

async function announce(ctx: Context, ids: readonly string[]): Promise<void> {
  for (const { id, covered_by, account_id } of await store.projectCovered(ctx, ids))
    await append(ctx, {
      type: covered_by === null ? 'resource.uncovered' : 'resource.covered',
      subject: { kind: 'resource', id },
      account_id,
      after: { covered_by },
    })
}

const present = ({ a_id, b_id, same, actor, reason, recorded_at }: Awaited<ReturnType<typeof store.decide>>) => ({
  a_id,
  b_id,
  same,
  actor,
  reason,
  recorded_at: iso(recorded_at),
})

/** What people said of a resource and another. */
export const decisionsOf = async (ctx: Context, id: string): Promise<z.infer<typeof SameAsDecision>[]> =>
  (await store.decisionsOf(ctx, id)).map(present)

type Machine = { id: string; kind: Parameters<typeof canBeSeenTwice>[0]; realm: string; name: string }

/** Records that two resources are one machine, or are two whatever they show; drafts follow, what was issued stays. */
export async function decideSameAs(
  ctx: Context,
  one: Machine,
  other: Machine,
  { same, reason }: NewSameAs,
): Promise<z.infer<typeof SameAsDecision>> {
  permit(ctx, 'inventory.assign')
  const wrong = (detail: string) => new Problem('invalid', detail, [{ pointer: '/resource_id', detail }])
  if (![one, other].every(({ kind }) => canBeSeenTwice(kind)))
    throw wrong('Only machines can be seen by two eyes: a vm, container, host or node.')
  if (one.realm === other.realm)
    throw wrong(`Both are of the realm ${one.realm}, which never names one machine twice: choose one of another realm.`)
  await openCut(ctx.tx)
  const before = (await store.withdraw(ctx, one.id, other.id)).map(present)[0]
  const made = present(await store.decide(ctx, one.id, other.id, { same, reason }))
  await markDirty(ctx, [one.id, other.id], ctx.now())
  await append(ctx, {
    type: 'resource.same_as_decided',
    subject: { kind: 'resource', id: one.id },
    before: before ?? null,
    after: made,
  })
  return made
}

/** Takes back what was said of two resources: their evidence decides again. */
export async function withdrawSameAs(ctx: Context, one: string, other: string): Promise<void> {
  permit(ctx, 'inventory.assign')
  await openCut(ctx.tx)
  const [before] = (await store.withdraw(ctx, one, other)).map(present)
  if (!before) throw new Problem('not_found', 'Nobody said anything about these two resources.')
  await markDirty(ctx, [one, other], ctx.now())
  await append(ctx, { type: 'resource.same_as_withdrawn', subject: { kind: 'resource', id: one }, before, after: null })
}
