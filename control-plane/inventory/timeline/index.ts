/** Makes the observed timeline of dirty resources anew: a function of their sightings. */
import { sure } from '../../base/problem.ts'
import { canonical } from '#connectors/contract.ts'
import { type Instant, iso } from '../../base/time.ts'
import { openCut } from '../../db/cut.ts'
import type { Context } from '../../db/index.ts'
import { append } from '../../events/index.ts'
import { derive, markParts } from '../assignment-rules/index.ts'
import { lockEyes, relate } from '../eyes/index.ts'
import { bornAfter, versions } from '../rules.ts'
import * as store from './store.ts'

export { projectOwners } from './store.ts'

export interface Settled {
  resource_id: string
  /** earliest instant at which the timeline, or what is known of its birth, changed; null where nothing changed */
  changed_since: Instant | null
  born_changed: boolean
  first_changed: boolean
}

/** Settles at most `limit` dirty resources, and the sets of eyes that they are in. */
export async function settleResources(ctx: Context, limit: number): Promise<Settled[]> {
  const cut = await openCut(ctx.tx)
  await lockEyes(ctx)
  const out: Settled[] = []
  const claimed = await store.claimDirty(ctx, limit)
  for (const id of claimed) out.push(await settleOne(ctx, id, cut))
  await relate(ctx, claimed, cut)
  await markParts(ctx, moved(out))
  await derive(ctx, claimed, cut)
  return out
}

/** Another instant from which on they answer to their id: what is a part of them may be another's. */
const moved = (settled: readonly Settled[]): string[] =>
  settled.filter(({ first_changed }) => first_changed).map(({ resource_id }) => resource_id)

const keyOf = (v: store.Placed): string =>
  canonical([v.from, v.to, v.from_exact, v.to_exact, v.not_before, v.scope_id, v.host_id, v.conflict, v.content])

async function settleOne(ctx: Context, resource_id: string, cut: number): Promise<Settled> {
  const { realm, external_id } = await store.lockIdentity(ctx, resource_id)
  const live = await store.liveVersions(ctx, resource_id)
  const wanted = await place(ctx, realm, versions(await store.sightingsOf(ctx, resource_id), external_id))
  const [liveKeys, wantedKeys] = [new Set(live.map(keyOf)), new Set(wanted.map(keyOf))]
  const gone = live.filter((v) => !wantedKeys.has(keyOf(v)))
  const fresh = wanted.filter((v) => !liveKeys.has(keyOf(v)))
  await store.supersede(ctx, gone, cut)
  await store.insertVersions(ctx, resource_id, fresh, cut)
  const newest = wanted.at(-1)
  if (newest) {
    const account_id = await store.project(ctx, resource_id, sure(wanted[0]).from, newest)
    await announce(ctx, resource_id, account_id, live.at(-1), newest)
  }
  const changed = [...gone, ...fresh].map((v) => v.from)
  const [was, is] = [bornAfter(live), bornAfter(wanted)]
  const births = was === is ? [] : [was, is].filter((at) => at !== null)
  return {
    resource_id,
    changed_since: changed.length > 0 ? Math.min(...changed, ...births) : null,
    born_changed: was !== is,
    first_changed: live[0]?.from !== wanted[0]?.from,
  }
}

const brief = ({ from, to, content: { name, state, size, host } }: store.Placed) => ({
  name,
  state,
  size,
  host,
  from: iso(from),
  to: to === null ? null : iso(to),
})

/** One event where the newest version is another one: what came late about the past is no news. */
async function announce(
  ctx: Context,
  id: string,
  account_id: string | null,
  before: store.Live | undefined,
  after: store.Placed,
): Promise<void> {
  if (before && keyOf(before) === keyOf(after)) return
  const ended = after.to !== null && (!before || before.to === null)
  await append(ctx, {
    type: ended ? 'resource.ended' : before ? 'resource.changed' : 'resource.discovered',
    subject: { kind: 'resource', id },
    account_id,
    before: before ? brief(before) : null,
    after: brief(after),
  })
}

async function place(ctx: Context, realm: string, list: ReturnType<typeof versions>): Promise<store.Placed[]> {
  const names = new Set(list.map((v) => v.content.host).filter((host) => host !== null))
  const hosts = await store.hostIds(ctx, realm, [...names])
  return list.map((v) => ({ ...v, host_id: v.content.host === null ? null : (hosts.get(v.content.host) ?? null) }))
}
