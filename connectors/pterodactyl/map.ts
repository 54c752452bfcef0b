/** The panel's words → ours: locations, nodes and servers with their limits. Pure. */
import { z } from 'zod'
import { ConnectorError, type ObservationInput } from '#connectors/contract.ts'
import { defined } from '#connectors/parts.ts'
import { Id, notDocumented, type Row } from './page.ts'

const MIB = 2 ** 20
const MIB_MAX = 2 ** 32

/** The panel's columns are text in some set-ups of its database. */
const Numeric = z.union([
  z.number(),
  z
    .string()
    .regex(/^-?\d{1,15}(\.\d{1,6})?$/)
    .transform(Number),
])
const Amount = Numeric.pipe(z.number().min(-1).max(MIB_MAX)).nullable()
const Count = Numeric.pipe(z.int().min(-1).max(MIB_MAX)).nullish()
/** What PostgreSQL can't keep is left out of it. */
const text = (max: number) =>
  z
    .string()
    .max(max)
    .transform((said) => said.toWellFormed().replaceAll('\0', ''))
const Name = text(512).pipe(z.string().min(1))
const Flag = z.union([z.boolean(), z.literal([0, 1]).transform(Boolean)])
const Instant = z.iso.datetime({ offset: true }).transform((at) => new Date(at).toISOString())
/** `null_resource`: the key may not see it */
const included = <T extends z.ZodType>(attributes: T) => z.object({ attributes: attributes.nullable() })

const Ip = z.union([z.ipv4(), z.ipv6()])
const isIp = (said: string): boolean => Ip.safeParse(said).success

const Location = z.object({ id: Id, short: Name, long: text(512).nullish() })
const Node = z.object({
  id: Id,
  uuid: text(128).default(''),
  name: Name,
  fqdn: text(512),
  // Pelican has none
  location_id: Id.nullish(),
  memory: Amount,
  disk: Amount,
  memory_overallocate: Amount.optional(),
  disk_overallocate: Amount.optional(),
  public: Flag.optional(),
  maintenance_mode: Flag.optional(),
})
const Allocation = z.object({ id: Id, ip: text(128), alias: text(512).nullish(), port: z.int().min(0).max(65_535) })
const Server = z.object({
  id: Id,
  external_id: text(512).nullish(),
  uuid: text(128).pipe(z.string().min(1)),
  identifier: text(128).optional(),
  name: Name,
  status: text(64).nullish(),
  suspended: Flag.nullish(),
  limits: z.object({
    memory: Amount,
    swap: Amount.optional(),
    disk: Amount,
    io: Count,
    cpu: Amount,
    threads: text(512).nullish(),
    oom_disabled: Flag.nullish(),
  }),
  feature_limits: z.object({ databases: Count, allocations: Count, backups: Count }).nullish(),
  user: Id,
  node: Id,
  allocation: Id.nullish(),
  nest: Id.nullish(),
  egg: Id.nullish(),
  container: z.looseObject({ image: text(512).nullish(), installed: z.unknown() }).nullish(),
  created_at: Instant.nullish(),
  relationships: z.preprocess(
    // an empty one comes as a list
    (said) => (Array.isArray(said) && said.length === 0 ? {} : said),
    z
      .object({
        user: included(z.object({ external_id: text(512).nullish(), uuid: text(128).nullish() })),
        allocations: z.union([
          z.object({ data: z.array(z.object({ attributes: Allocation })).max(10_000) }),
          included(z.null()),
        ]),
      })
      .partial()
      .optional(),
  ),
})
type Server = z.infer<typeof Server>

function read<T extends z.ZodType>(schema: T, kind: string, { id, attributes }: Row): z.infer<T> {
  const parsed = schema.safeParse(attributes)
  if (!parsed.success) throw notDocumented(`${kind} ${id}`, parsed.error)
  return parsed.data
}

/** 0, and -1 in swap and over-allocation, is no limit. */
const limit = (value: number | null | undefined): number | undefined =>
  value === null || value === undefined || value <= 0 ? undefined : value
const bytes = (mib: number | null): number | undefined => {
  const some = limit(mib)
  return some === undefined ? undefined : Math.round(some * MIB)
}

export function site(row: Row): ObservationInput {
  const { id, short, long } = read(Location, 'the location', row)
  return {
    kind: 'site',
    external_id: `${id}`,
    name: short,
    state: 'running',
    attributes: defined({ description: long || undefined }),
  }
}

/** The panel doesn't tell whether a node's Wings answers. Its size is what servers may have of it, not what the machine has. */
export function host(row: Row): ObservationInput {
  const node = read(Node, 'the node', row)
  return {
    kind: 'host',
    external_id: `${node.id}`,
    incarnation: node.uuid,
    name: node.name,
    state: 'unknown',
    size: defined({ memory_bytes: bytes(node.memory), disk_bytes: bytes(node.disk) }),
    ...(node.location_id && { parent: { kind: 'site' as const, external_id: `${node.location_id}` } }),
    evidence: isIp(node.fqdn) ? { ips: [node.fqdn] } : {},
    attributes: defined({
      fqdn: node.fqdn || undefined,
      public: node.public,
      maintenance: node.maintenance_mode,
      memory_overallocate_percent: node.memory_overallocate ?? undefined,
      disk_overallocate_percent: node.disk_overallocate ?? undefined,
    }),
  }
}

export function gameServer(row: Row): ObservationInput {
  const server = read(Server, 'the server', row)
  const { limits } = server
  return {
    kind: 'game_server',
    external_id: `${server.id}`,
    incarnation: server.uuid,
    name: server.name,
    state: stateOf(server),
    size: defined({
      vcpu_count: threadsOf(limits.cpu, limits.threads),
      memory_bytes: bytes(limits.memory),
      disk_bytes: bytes(limits.disk),
    }),
    host: `${server.node}`,
    attributes: defined({
      uuid: server.uuid,
      identifier: server.identifier,
      external_id: server.external_id || undefined,
      status: lasting(server.status),
      created_at: server.created_at ?? undefined,
      cpu_percent: limit(limits.cpu),
      threads: limits.threads || undefined,
      swap_bytes: swapOf(limits.swap),
      block_io_weight: limits.io ?? undefined,
      oom_disabled: limits.oom_disabled ?? undefined,
      databases_max: server.feature_limits?.databases ?? undefined,
      allocations_max: server.feature_limits?.allocations ?? undefined,
      backups_max: server.feature_limits?.backups ?? undefined,
      nest: server.nest ?? undefined,
      egg: server.egg ?? undefined,
      image: server.container?.image || undefined,
      ...ownerOf(server),
      ...addressesOf(server),
    }),
  }
}

/** Here 0 is none, and -1 no limit. */
const swapOf = (mib: number | null | undefined): number | 'unlimited' | undefined =>
  mib === null || mib === undefined ? undefined : mib < 0 ? 'unlimited' : Math.round(mib * MIB)

/** Pelican tells what Wings says of the container, where the panel itself has nothing to say. */
const CONTAINER: Readonly<Record<string, ObservationInput['state']>> = {
  running: 'running',
  starting: 'running',
  stopping: 'running',
  restarting: 'running',
  paused: 'paused',
  offline: 'stopped',
  exited: 'stopped',
  created: 'stopped',
  dead: 'failed',
  removing: 'unknown',
  missing: 'unknown',
}
/** What comes and goes is the state alone. */
const lasting = (status: string | null | undefined): string | undefined =>
  !status || status === 'none' || Object.hasOwn(CONTAINER, status) ? undefined : status

/** The panel knows whether it lets a server run, not whether it does: that is `running`. */
function stateOf({ status, suspended, container }: Server): ObservationInput['state'] {
  if (suspended === true || status === 'suspended') return 'stopped'
  // panels before `status` say here alone that it is being installed
  if (status === undefined && [0, false].includes(container?.installed as never)) return 'stopped'
  if (!status || status === 'none') return 'running'
  if (Object.hasOwn(CONTAINER, status)) return CONTAINER[status] ?? 'unknown'
  if (status === 'installing' || status === 'restoring_backup') return 'stopped'
  return status === 'install_failed' || status === 'reinstall_failed' ? 'failed' : 'unknown'
}

/**
 * On how many threads of the processor it may be at once: percent of one thread rounded up, and no more than it is pinned to.
 * Without either it is bounded by nothing, and nothing is said.
 */
export function threadsOf(percent: number | null, pinned: string | null | undefined): number | undefined {
  const by_percent = limit(percent)
  const bounds = [by_percent === undefined ? undefined : Math.ceil(by_percent / 100), pinnedCount(pinned ?? '')]
  const known = bounds.filter((bound) => bound !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

const THREADS_MAX = 4_096
/** How many are in `0,2-4`; undefined where that is none or not readable. */
function pinnedCount(threads: string): number | undefined {
  const found = new Set<number>()
  for (const part of threads.split(',').map((one) => one.trim())) {
    const [, from, to = from] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part) ?? []
    if (from === undefined) return undefined
    for (let thread = Number(from); thread <= Number(to) && found.size < THREADS_MAX; thread += 1) found.add(thread)
  }
  return found.size === 0 ? undefined : found.size
}

/** Numbers by which a customer is known elsewhere; his name and address stay in the panel. */
function ownerOf({ id, user, relationships }: Server) {
  const owner = relationships?.user?.attributes
  // without them a rule by this label would take the server away from its owner
  if (owner === null)
    throw new ConnectorError(
      'refused',
      `the key may not read users: whose the server ${id} is can’t be told`,
      'Make a key that may read Users too (Admin → Application API).',
    )
  return {
    user_id: `${user}`,
    user_external_id: owner?.external_id || undefined,
    user_uuid: owner?.uuid || undefined,
  }
}

function addressesOf({ allocation, relationships }: Server) {
  const found = relationships?.allocations
  if (!found || !('data' in found) || found.data.length === 0) return {}
  const all = found.data.map(({ attributes }) => attributes).toSorted((a, b) => a.id - b.id)
  const written = ({ ip, port }: z.infer<typeof Allocation>) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)
  const first = all.find(({ id }) => id === allocation)
  return { address: first && written(first), addresses: all.map(written) }
}
