/** Makes the observed timeline of dirty resources anew, and the projection that lists read. */
import { eq, inArray, sql } from 'drizzle-orm'
import { canonical, type Content } from '#connectors/contract.ts'
import { newId } from '../base/id.ts'
import type { Instant } from '../base/time.ts'
import { openCut } from '../db/cut.ts'
import { type Context, ms, rows } from '../db/index.ts'
import { bornAfter, type Sighting, type Version, versions } from './rules.ts'
import { observedVersion, resource } from './schema.ts'

export interface Settled {
  resource_id: string
  /** earliest instant at which the timeline changed; null where nothing changed */
  changed_since: Instant | null
  born_changed: boolean
}

/** Settles at most `limit` dirty resources, oldest mark first; several workers never take the same one. */
export async function settleResources(ctx: Context, limit: number): Promise<Settled[]> {
  const cut = await openCut(ctx.tx)
  const dirty = await rows<{ resource_id: string }>(
    ctx.tx,
    sql`delete from dirty_resource where resource_id in (
          select resource_id from dirty_resource order by marked_at limit ${limit} for update skip locked) returning resource_id`,
  )
  const ids = dirty.map((row) => row.resource_id).toSorted()
  const out: Settled[] = []
  for (const id of ids) out.push(await settleOne(ctx, id, cut))
  return out
}

async function settleOne(ctx: Context, resource_id: string, cut: number): Promise<Settled> {
  const [identity] = await ctx.tx.select().from(resource).where(eq(resource.id, resource_id)).for('update')
  const live = await liveVersions(ctx, resource_id)
  const made = versions(await sightingsOf(ctx, resource_id), identity!.external_id)
  const hosts = await hostIds(ctx, identity!.realm, made)
  const row = (v: Version) => ({ ...v, host_id: v.content.host === null ? null : (hosts.get(v.content.host) ?? null) })
  const wanted = made.map(row)
  const keys = new Set(wanted.map(versionKey))
  const kept = new Set(live.filter((v) => keys.has(versionKey(v))).map(versionKey))
  await supersede(
    ctx,
    live.filter((v) => !kept.has(versionKey(v))),
    cut,
  )
  const fresh = wanted.filter((v) => !kept.has(versionKey(v)))
  if (fresh.length > 0)
    await ctx.tx.insert(observedVersion).values(
      fresh.map(({ from, to, ...v }) => ({
        ...v,
        id: newId(),
        resource_id,
        valid_from: from,
        valid_to: to,
        cut_from: cut,
        stored_at: ctx.now(),
      })),
    )
  await project(ctx, resource_id, wanted)
  const changed = [...fresh, ...live.filter((v) => !kept.has(versionKey(v)))].map((v) => v.from)
  return {
    resource_id,
    changed_since: changed.length > 0 ? Math.min(...changed) : null,
    born_changed: bornAfter(live) !== bornAfter(wanted),
  }
}

type LiveVersion = Version & { id: string; cut_from: number; host_id: string | null }
async function liveVersions(ctx: Context, resource_id: string): Promise<LiveVersion[]> {
  const found = await ctx.tx
    .select()
    .from(observedVersion)
    .where(sql`${observedVersion.resource_id} = ${resource_id} and ${observedVersion.cut_to} is null`)
    .orderBy(observedVersion.valid_from)
  return found.map(({ valid_from, valid_to, ...v }) => ({ ...v, from: valid_from, to: valid_to }))
}

const versionKey = (v: Version & { host_id: string | null }): string =>
  canonical([v.from, v.to, v.from_exact, v.to_exact, v.not_before, v.scope_id, v.host_id, v.conflict, v.content])

/** A version that a closed cut may have seen is kept with its end; one that none saw goes. */
async function supersede(ctx: Context, old: LiveVersion[], cut: number): Promise<void> {
  const unseen = old.filter((v) => v.cut_from === cut).map((v) => v.id)
  const seen = old.filter((v) => v.cut_from !== cut).map((v) => v.id)
  if (unseen.length > 0) await ctx.tx.delete(observedVersion).where(inArray(observedVersion.id, unseen))
  if (seen.length > 0)
    await ctx.tx.update(observedVersion).set({ cut_to: cut }).where(inArray(observedVersion.id, seen))
}

async function sightingsOf(ctx: Context, resource_id: string): Promise<Sighting[]> {
  const found = await rows<{
    scope_id: string
    seen_at: string
    exact: boolean
    position: number
    content: Partial<Content> | null
    previous_at: string | null
  }>(
    ctx.tx,
    sql`select s.scope_id, ${ms(sql`s.seen_at`)} as seen_at, s.exact, s.position, s.content, ${ms(sql`p.seen_at`)} as previous_at
        from sighting s
        left join lateral (select seen_at from snapshot p where p.scope_id = s.scope_id and p.in_force and p.complete
          and p.seen_at < s.seen_at order by p.seen_at desc limit 1) p on true
        where s.resource_id = ${resource_id}`,
  )
  return found.map((row) => ({
    ...row,
    seen_at: Number(row.seen_at),
    previous_at: row.previous_at === null ? null : Number(row.previous_at),
  }))
}

async function hostIds(ctx: Context, realm: string, list: readonly Version[]): Promise<Map<string, string>> {
  const names = [...new Set(list.map((v) => v.content.host).filter((host) => host !== null))]
  if (names.length === 0) return new Map()
  const found = await ctx.tx
    .select({ id: resource.id, external_id: resource.external_id })
    .from(resource)
    .where(sql`${resource.realm} = ${realm} and ${resource.kind} = 'host' and ${inArray(resource.external_id, names)}`)
  return new Map(found.map((row) => [row.external_id, row.id]))
}

/** What lists show: the newest version, and the owner of now. */
async function project(
  ctx: Context,
  resource_id: string,
  timeline: readonly (Version & { host_id: string | null })[],
): Promise<void> {
  const newest = timeline.at(-1)
  if (!newest) return
  const { content } = newest
  const search = [content.name, ...Object.values(content.evidence).flat()].filter(Boolean).join('\n').toLowerCase()
  await ctx.tx
    .update(resource)
    .set({
      name: content.name,
      state: content.state,
      size: content.size,
      host_id: newest.host_id,
      scope_id: newest.scope_id,
      attributes: content.attributes,
      evidence: content.evidence,
      first_seen_at: timeline[0]!.from,
      ended_at: newest.to,
      conflict: newest.conflict,
      search: sql`${resource.external_id} || E'\n' || ${search}`,
      ...ownerNow(ctx.now()),
    })
    .where(eq(resource.id, resource_id))
}

/** The owner at an instant, as columns of the projection. */
const ownerNow = (at: Instant) => {
  const owner = (column: 'account_id' | 'project_id') =>
    sql`(select a.${sql.raw(column)} from assignment a where a.resource_id = ${resource.id} and a.cut_to is null
         and tstzrange(a.valid_from, a.valid_to) @> ${new Date(at).toISOString()}::timestamptz)`
  return { account_id: owner('account_id'), project_id: owner('project_id') }
}

/** Brings the projected owners up to date: transfers may lie in the future. */
export async function projectOwners(ctx: Context, resource_ids: readonly string[]): Promise<void> {
  if (resource_ids.length > 0)
    await ctx.tx
      .update(resource)
      .set(ownerNow(ctx.now()))
      .where(inArray(resource.id, [...resource_ids]))
}
