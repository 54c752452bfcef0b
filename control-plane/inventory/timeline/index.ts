/** Makes the observed timeline of dirty resources anew: a function of their sightings. */
import { canonical } from '#connectors/contract.ts'
import type { Instant } from '../../base/time.ts'
import { openCut } from '../../db/cut.ts'
import type { Context } from '../../db/index.ts'
import { bornAfter, versions } from '../rules.ts'
import * as store from './store.ts'

export { projectOwners } from './store.ts'

export interface Settled {
  resource_id: string
  /** earliest instant at which the timeline changed; null where nothing changed */
  changed_since: Instant | null
  born_changed: boolean
}

/** Settles at most `limit` dirty resources. */
export async function settleResources(ctx: Context, limit: number): Promise<Settled[]> {
  const cut = await openCut(ctx.tx)
  const out: Settled[] = []
  for (const id of await store.claimDirty(ctx, limit)) out.push(await settleOne(ctx, id, cut))
  return out
}

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
  if (newest) await store.project(ctx, resource_id, wanted[0]!.from, newest)
  const changed = [...gone, ...fresh].map((v) => v.from)
  return {
    resource_id,
    changed_since: changed.length > 0 ? Math.min(...changed) : null,
    born_changed: bornAfter(live) !== bornAfter(wanted),
  }
}

async function place(ctx: Context, realm: string, list: ReturnType<typeof versions>): Promise<store.Placed[]> {
  const names = new Set(list.map((v) => v.content.host).filter((host) => host !== null))
  const hosts = await store.hostIds(ctx, realm, [...names])
  return list.map((v) => ({ ...v, host_id: v.content.host === null ? null : (hosts.get(v.content.host) ?? null) }))
}
