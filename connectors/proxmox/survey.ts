/** Reads what the cluster holds beside its guests: rights, pools, SDN, HA, replication, nodes and backups; seldom, for it seldom changes. */
import type { ObservationInput } from '#connectors/contract.ts'
import { ConnectorError } from '#connectors/wire.ts'
import { defined, flag, type Json, record, type Row, rows, sorted, text, whole } from './answers.ts'
import { type CallOptions, type Client, missingRight, statusOf } from './client.ts'
import type { Node } from './map.ts'
import { type NodeDetails, nodeDetails } from './nodes.ts'
import { inTurn, Part } from './parts.ts'
import { backups, bridges, sdn, type Storage } from './storage.ts'

const SLOW_MS = 300_000
const WIDTH = 4

interface NodeParts {
  details: Part<NodeDetails>
  bridges: Part<ObservationInput[]>
}

export class Survey {
  readonly version = new Part<string>()
  readonly pools = new Part<Json[]>()
  readonly sdn = new Part<ObservationInput[]>()
  readonly ha = new Part<ReadonlyMap<string, Json>>()
  readonly replication = new Part<ReadonlyMap<string, Json>>()
  readonly rights = new Part<Row>()
  readonly nodes = new Map<string, NodeParts>()
  readonly backups = new Map<string, Part<ObservationInput[]>>()
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  async read(now_ms: number, nodes: readonly Node[], until_ms: number, options: CallOptions): Promise<void> {
    const get = (path: string) => this.#client.get(path, {}, options)
    await this.version.refresh(
      now_ms,
      SLOW_MS,
      async () => text(record(await get('/version'), '/version')['version'], 64) ?? '',
    )
    await this.pools.refresh(now_ms, SLOW_MS, async () => rows(await get('/pools'), '/pools').flatMap(pool))
    await this.sdn.refresh(now_ms, SLOW_MS, async () => {
      const [zones, vnets] = [await optional(get, '/cluster/sdn/zones'), await optional(get, '/cluster/sdn/vnets')]
      return sdn(zones, vnets)
    })
    await this.ha.refresh(now_ms, SLOW_MS, async () => {
      const managed = await get('/cluster/ha/resources')
      return haOf(managed, await optional(get, '/cluster/ha/rules'))
    })
    await this.replication.refresh(now_ms, SLOW_MS, async () => replicationOf(await get('/cluster/replication')))
    const here = nodes.filter((node) => node.online)
    for (const name of this.nodes.keys()) if (!nodes.some((node) => node.name === name)) this.nodes.delete(name)
    await inTurn(here, WIDTH, until_ms, (node) => this.#node(node.name, now_ms, options))
  }

  async #node(name: string, now_ms: number, options: CallOptions): Promise<void> {
    const parts = this.nodes.get(name) ?? { details: new Part<NodeDetails>(), bridges: new Part<ObservationInput[]>() }
    this.nodes.set(name, parts)
    const path = `/nodes/${encodeURIComponent(name)}`
    await parts.details.refresh(now_ms, SLOW_MS, async () =>
      nodeDetails(record(await this.#client.get(`${path}/status`, {}, options), `${path}/status`)),
    )
    // a node that didn't answer isn't asked twice
    if (parts.details.error) parts.bridges.error = parts.details.error
    else
      await parts.bridges.refresh(now_ms, SLOW_MS, async () =>
        bridges(await this.#client.get(`${path}/network`, {}, options), name),
      )
  }

  async readRights(now_ms: number, options: CallOptions): Promise<void> {
    const path = '/access/permissions'
    await this.rights.refresh(now_ms, SLOW_MS, async () => record(await this.#client.get(path, {}, options), path))
  }

  /** Backups by storage; each is read through one node that reaches it. */
  async readBackups(
    now_ms: number,
    all: ReadonlyMap<string, Storage>,
    until_ms: number,
    options: CallOptions,
  ): Promise<void> {
    for (const id of this.backups.keys()) if (!all.has(id)) this.backups.delete(id)
    const holding = [...all.values()].filter((store) => store.holdsBackups)
    await inTurn(holding, WIDTH, until_ms, async (store) => {
      const part = this.backups.get(store.id) ?? new Part<ObservationInput[]>()
      this.backups.set(store.id, part)
      const [node] = store.available
      if (node === undefined) {
        part.error = new ConnectorError(
          'unreachable',
          `no node reaches the storage ${store.id}`,
          'See the storage’s state in Proxmox VE.',
        )
        return
      }
      const path = `/nodes/${encodeURIComponent(node)}/storage/${encodeURIComponent(store.name)}/content`
      await part.refresh(now_ms, SLOW_MS, async () =>
        backups(await this.#client.get(path, { content: 'backup' }, options), store),
      )
    })
  }
}

/** SDN came with version 7 as a package of its own, HA's rules with 9: where they aren't installed there are none. */
async function optional(get: (path: string) => Promise<unknown>, path: string): Promise<unknown> {
  try {
    return await get(path)
  } catch (error) {
    if (statusOf(error) === 501 || statusOf(error) === 404) return []
    throw error
  }
}

const pool = (row: Row): Json[] => {
  const name = text(row['poolid'], 128)
  return name === undefined ? [] : [defined({ name, comment: text(row['comment'], 512) })]
}

/**
 * What HA shall do for a guest: its present state comes and goes, and isn't told. Up to version 8 a guest is in a group, since then
 * rules name their guests.
 */
export function haOf(managed: unknown, rules: unknown): ReadonlyMap<string, Json> {
  const named = rows(rules, '/cluster/ha/rules').flatMap((row) => {
    const [rule, of] = [text(row['rule'], 128), (text(row['resources'], 65_536) ?? '').split(',')]
    return rule === undefined || flag(row['disable']) ? [] : of.map((sid) => ({ rule, sid: sid.trim() }))
  })
  return new Map(
    rows(managed, '/cluster/ha/resources').flatMap((row) => {
      const sid = text(row['sid']) ?? ''
      const vmid = /^(?:vm|ct):(\d{1,9})$/.exec(sid)?.[1]
      const own = sorted(named.flatMap((one) => (one.sid === sid ? [one.rule] : [])))
      const wanted = defined({
        requested: text(row['state'], 64),
        group: text(row['group'], 128),
        rules: own.length > 0 ? own : undefined,
      })
      return vmid === undefined ? [] : [[vmid, wanted] as const]
    }),
  )
}

function replicationOf(data: unknown): ReadonlyMap<string, Json> {
  const jobs = rows(data, '/cluster/replication').flatMap((row) => {
    const guest = whole(row['guest'])?.toString() ?? /^(\d{1,9})-/.exec(text(row['id']) ?? '')?.[1]
    const job = defined({
      id: text(row['id'], 64),
      target: text(row['target'], 128),
      schedule: text(row['schedule'], 128),
      disabled: flag(row['disable']) || undefined,
    })
    return guest === undefined ? [] : [{ guest, job }]
  })
  return new Map([...Map.groupBy(jobs, ({ guest }) => guest)].map(([guest, own]) => [guest, own.map(({ job }) => job)]))
}

/** What a token needs to see all. What it may not see Proxmox VE leaves out of its lists without a word. */
const NEEDED = [
  { paths: ['/vms'], privilege: 'VM.Audit', of: 'guests' },
  { paths: ['/nodes'], privilege: 'Sys.Audit', of: 'nodes' },
  { paths: ['/storage'], privilege: 'Datastore.Audit', of: 'storages' },
  { paths: ['/pool', '/pools'], privilege: 'Pool.Audit', of: 'pools' },
  { paths: ['/sdn'], privilege: 'SDN.Audit', of: 'networks' },
] as const
export type Needed = (typeof NEEDED)[number]['of']

/** Whether a privilege that the token has on a path propagates; undefined where it has none. */
const propagation = (rights: Row, path: string, privilege: string): unknown => {
  const own = rights[path]
  return typeof own === 'object' && own !== null ? (own as Row)[privilege] : undefined
}
/** On all below the path: one that doesn't propagate is of the path alone. */
const has = (rights: Row, path: string, privilege: string): boolean => flag(propagation(rights, path, privilege))

/** What the token may not see, and the error that says so. `pools`: guests of these alone are wanted. */
export function missing(rights: Row, pools: readonly string[]): { of: Needed; error: ConnectorError }[] {
  return NEEDED.flatMap(({ paths, privilege, of }) => {
    if (paths.some((path) => has(rights, path, privilege))) return []
    // a pool's privileges are those of its guests, whether they propagate or not
    const isOfPool = (name: string) => propagation(rights, `/pool/${name}`, privilege) !== undefined
    if (of === 'guests' && pools.length > 0 && pools.every(isOfPool)) return []
    const said = `Permission check failed (${paths[0]}, ${privilege})`
    return [
      { of, error: new ConnectorError('refused', `the token may not read all ${of}: ${said}`, missingRight(said)) },
    ]
  })
}

/** Backups are shown only to those who could make them. */
export const maySeeBackups = (rights: Row): boolean =>
  has(rights, '/storage', 'Datastore.Allocate') ||
  (has(rights, '/storage', 'Datastore.AllocateSpace') && has(rights, '/vms', 'VM.Backup'))
