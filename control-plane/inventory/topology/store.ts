/** The SQL of the topology: realms, what lies directly under each node, and the way up from one. */
import { and, eq, isNotNull, isNull, type SQL, sql } from 'drizzle-orm'
import type { Kind, State } from '#connectors/contract.ts'
import { withinOwn } from '../../db/fence.ts'
import { arrayText, columnar, type Context, rows } from '../../db/index.ts'
import { resource } from '../schema.ts'

interface RealmRow {
  realm: string
  connectors: string[]
  total: number
  running: number
  stopped: number
}
const RUNNING = sql`count(*) filter (where r.state = 'running')::int`
const STOPPED = sql`count(*) filter (where r.state in ('stopped', 'paused'))::int`

/** Realms in which something is, by name. */
export const realms = ({ tx }: Context, limit: number): Promise<RealmRow[]> =>
  rows<RealmRow>(
    tx,
    sql`select r.realm, array_agg(distinct s.connector order by s.connector) as connectors, count(*)::int as total,
          ${RUNNING} as running, ${STOPPED} as stopped
        from resource r join source s on s.id = r.source_id
        where r.ended_at is null and r.first_seen_at is not null group by r.realm order by r.realm limit ${limit}`,
  )

/** Kinds that others are placed on or belong to as a whole: a part of one of these stands under its host, where it has one. */
const WHOLES: readonly Kind[] = ['site', 'rack', 'cluster', 'kubernetes_cluster']
const isWhole = (kind: SQL): SQL => sql`${kind} = any(${arrayText(WHOLES)}::text[])`

export interface NodeRow {
  id: string
  realm: string
  kind: Kind
  external_id: string
  name: string
  state: State
}
const columns = sql`r.id, r.realm, r.kind, r.external_id, r.name, r.state`
const ALIVE = sql`r.ended_at is null and r.first_seen_at is not null`
/** What it is a part of now. */
const parentOf = (id: SQL): SQL => sql`
  left join lateral (select v.content->'parent' as parent from observed_version v
    where v.resource_id = ${id} and v.cut_to is null and v.valid_to is null limit 1) p on true`
/** A whole to which it belongs is no nearer than its host. */
const NEAREST_IS_HOST = sql`r.host_id is not null and r.host_id <> r.id
  and (p.parent is null or ${isWhole(sql`p.parent->>'kind'`)})`

type Place = { kind: string; name: string; id: string }
export interface Asked {
  after: Place | null
  limit: number
}
const page = ({ after, limit }: Asked): SQL => sql`
  ${after ? sql`and (r.kind, r.name, r.id) > (${after.kind}, ${after.name}, ${after.id}::uuid)` : sql``}
  order by r.kind, r.name, r.id limit ${limit}`

/** Directly under a realm: what is neither on a host nor a part of anything that is there. */
export const topOf = ({ tx }: Context, realm: string, asked: Asked): Promise<NodeRow[]> =>
  rows<NodeRow>(
    tx,
    sql`select ${columns} from resource r ${parentOf(sql`r.id`)}
        where r.realm = ${realm} and ${ALIVE} and (r.host_id is null or r.host_id = r.id)
          and not exists (select from resource q where q.realm = r.realm and q.kind = p.parent->>'kind'
            and q.external_id = p.parent->>'external_id' and q.ended_at is null and q.id <> r.id) ${page(asked)}`,
  )

/** Directly under a resource: what is placed on it, and what is a part of it. */
export const under = ({ tx }: Context, one: NodeRow, asked: Asked): Promise<NodeRow[]> =>
  rows<NodeRow>(
    tx,
    sql`select ${columns} from (
          select h.id from resource h where h.host_id = ${one.id}::uuid and h.ended_at is null
          union
          select v.resource_id from observed_version v where v.cut_to is null and v.valid_to is null and v.content ? 'parent'
            and v.content->'parent'->>'external_id' = ${one.external_id} and v.content->'parent'->>'kind' = ${one.kind}
        ) c join resource r on r.id = c.id ${parentOf(sql`r.id`)}
        where ${ALIVE} and r.realm = ${one.realm} and r.id <> ${one.id}::uuid
          and case when ${NEAREST_IS_HOST} then r.host_id = ${one.id}::uuid
            else p.parent->>'kind' = ${one.kind} and p.parent->>'external_id' = ${one.external_id} end ${page(asked)}`,
  )

interface Count {
  id: string
  total: number
  running: number
  stopped: number
}
/** What is placed on each of these or a part of it, at once: parts of a guest that name its host count under the guest alone. */
export async function countsOf({ tx }: Context, nodes: readonly NodeRow[]): Promise<Map<string, Count>> {
  if (nodes.length === 0) return new Map()
  const list = nodes.map(({ id, realm, kind, external_id }) => ({ id, realm, kind, external_id }))
  const found = await rows<Count>(
    tx,
    sql`select n.id, count(*)::int as total, ${RUNNING} as running, ${STOPPED} as stopped
        from ${columnar(list, { id: 'uuid', realm: 'text', kind: 'text', external_id: 'text' }, 'n')}
        join lateral (
          select h.id from resource h where h.host_id = n.id and h.ended_at is null
          union
          select v.resource_id from observed_version v where v.cut_to is null and v.valid_to is null and v.content ? 'parent'
            and v.content->'parent'->>'external_id' = n.external_id and v.content->'parent'->>'kind' = n.kind
        ) c on true join resource r on r.id = c.id ${parentOf(sql`r.id`)}
        where ${ALIVE} and r.realm = n.realm and r.id <> n.id
          and case when ${NEAREST_IS_HOST} then r.host_id = n.id
            else p.parent->>'kind' = n.kind and p.parent->>'external_id' = n.external_id end
        group by n.id`,
  )
  return new Map(found.map((row) => [row.id, row]))
}

export async function find(ctx: Context, id: string): Promise<NodeRow | undefined> {
  const { realm, kind, external_id, name, state } = resource
  const [row] = await ctx.tx
    .select({ id: resource.id, realm, kind, external_id, name, state })
    .from(resource)
    .where(
      and(eq(resource.id, id), withinOwn(ctx, resource), isNotNull(resource.first_seen_at), isNull(resource.ended_at)),
    )
  return row
}

/** What it stands directly under; null: its realm. */
export async function above({ tx }: Context, id: string): Promise<string | null> {
  const [row] = await rows<{ above: string | null }>(
    tx,
    sql`select case when ${NEAREST_IS_HOST} then r.host_id else (select q.id from resource q where q.realm = r.realm
            and q.kind = p.parent->>'kind' and q.external_id = p.parent->>'external_id' and q.ended_at is null and q.id <> r.id
            order by q.first_seen_at desc limit 1) end as above
        from resource r ${parentOf(sql`r.id`)} where r.id = ${id}::uuid`,
  )
  return row?.above ?? null
}
