/** OpenStack's words → ours: projects, servers with the flavour that they have, volumes and floating IP addresses. Pure. */
import { z } from 'zod'
import type { ObservationInput } from '#connectors/contract.ts'
import { defined } from '#connectors/parts.ts'
import { badAnswer } from './failures.ts'
import type { Row } from './rows.ts'
import { stateOf } from './states.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30

/** What PostgreSQL can't keep is left out of it. */
const text = (max: number) =>
  z
    .string()
    .max(max)
    .transform((said) => said.toWellFormed().replaceAll('\0', ''))
const Id = text(255).pipe(z.string().min(1))
/** Up to 4 PiB, so that two of them in bytes are still exact on the wire. */
const Gib = z
  .int()
  .min(0)
  .max(2 ** 22 - 1)
/** Where a flavour has none of it, Nova says so with an empty text. */
const GibOrNone = z.union([Gib, z.literal('').transform(() => 0)])
const Mib = z
  .int()
  .min(0)
  .max(2 ** 32 - 1)
const Count = z
  .int()
  .min(0)
  .max(2 ** 31 - 1)
const Labels = z.record(text(255), text(4_096))
/** What is told where it can be read, and where it can't is left out: nobody is billed by it. */
const told = <T extends z.ZodType>(schema: T) => schema.nullish().catch(undefined)
/** Nova says `Z`, Cinder and `launched_at` say nothing: all of it is UTC. */
const Instant = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?$/)
  .transform((said) => new Date(/(Z|[+-]\d\d:?\d\d)$/.test(said) ? said : `${said}Z`))
  .refine((at) => Number.isFinite(at.getTime()), 'is no instant')
  .transform((at) => at.toISOString())

/** Its own size, told within each server since 2.47, or of the list of flavours before. */
const Embedded = z.object({
  original_name: text(255),
  vcpus: Count,
  ram: Mib,
  disk: Gib,
  ephemeral: GibOrNone.default(0),
})
const Flavour = z.object({
  id: Id,
  name: text(255),
  vcpus: Count,
  ram: Mib,
  disk: Gib,
  'OS-FLV-EXT-DATA:ephemeral': GibOrNone.default(0),
})
export interface Flavor {
  id: string | undefined
  name: string
  vcpus: number
  ram: number
  disk: number
  ephemeral: number
}

const Address = z.object({ addr: told(text(64)), 'OS-EXT-IPS-MAC:mac_addr': told(text(32)) })
const Server = z.object({
  id: Id,
  name: text(512).nullish(),
  status: text(64),
  tenant_id: Id,
  created: told(Instant),
  flavor: z.union([Embedded, z.object({ id: Id })]),
  /** empty text: it boots from a volume */
  image: z.union([z.object({ id: text(255) }), z.literal(''), z.null()]).optional(),
  addresses: told(z.record(text(255), z.array(Address).max(256))),
  metadata: Labels.nullish(),
  tags: z.array(text(255)).max(1_000).nullish(),
  'OS-EXT-SRV-ATTR:hypervisor_hostname': told(text(255)),
  'OS-EXT-SRV-ATTR:host': told(text(255)),
  'OS-EXT-STS:power_state': told(z.int()),
  'OS-EXT-AZ:availability_zone': told(text(255)),
  'os-extended-volumes:volumes_attached': told(z.array(z.object({ id: Id })).max(1_000)),
})
type Server = z.infer<typeof Server>
const Volume = z.object({
  id: Id,
  name: text(512).nullish(),
  size: Gib,
  status: text(64),
  created_at: told(Instant),
  volume_type: text(255).nullish(),
  availability_zone: told(text(255)),
  // text in one version, a boolean in another
  bootable: told(z.union([z.boolean(), text(8)])),
  encrypted: told(z.boolean()),
  metadata: Labels.nullish(),
  attachments: told(z.array(z.object({ server_id: text(255).nullish() })).max(1_000)),
  'os-vol-tenant-attr:tenant_id': Id.nullish(),
})
const FloatingIp = z.object({
  id: Id,
  floating_ip_address: text(64).pipe(z.string().min(1)),
  fixed_ip_address: text(64).nullish(),
  floating_network_id: told(text(255)),
  status: text(64).nullish(),
  project_id: text(255).nullish(),
  tenant_id: text(255).nullish(),
  created_at: told(Instant),
  port_details: told(z.object({ device_id: text(255).nullish(), device_owner: text(255).nullish() })),
  tags: z.array(text(255)).max(1_000).nullish(),
})
const Project = z.object({
  id: Id,
  name: text(255).pipe(z.string().min(1)),
  enabled: z.boolean().default(true),
  domain_id: text(255).nullish(),
  parent_id: text(255).nullish(),
  tags: z.array(text(255)).max(1_000).nullish(),
})

function read<T extends z.ZodType>(schema: T, service: string, kind: string, row: Row): z.infer<T> {
  const parsed = schema.safeParse(row)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw badAnswer(
    service,
    `the ${kind} ${row.id.slice(0, 64)} is not as documented at ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
  )
}

/** Names of projects by their id; what belongs to one that isn't among them is told without its name. */
export type Names = ReadonlyMap<string, string>

const ownedBy = (project: string | null | undefined, names: Names) =>
  project
    ? {
        parent: { kind: 'namespace' as const, external_id: project },
        owner: { project_id: project, project_name: names.get(project) },
      }
    : { owner: {} }

export function namespace(row: Row): ObservationInput {
  const { id, name, enabled, domain_id, parent_id, tags } = read(Project, 'Keystone', 'project', row)
  return {
    kind: 'namespace',
    external_id: id,
    name,
    state: enabled ? 'running' : 'stopped',
    attributes: defined({
      project_id: id,
      project_name: name,
      domain_id: domain_id || undefined,
      // the domain stands here for a project at the top
      parent_id: parent_id && parent_id !== domain_id ? parent_id : undefined,
      tags: some(tags),
    }),
  }
}

export function flavor(row: Row): Flavor {
  const { id, name, vcpus, ram, disk, ...more } = read(Flavour, 'Nova', 'flavour', row)
  return { id, name, vcpus, ram, disk, ephemeral: more['OS-FLV-EXT-DATA:ephemeral'] }
}

/** A cell of Nova that is down tells of its servers nothing but that they are there. */
export const isSilent = (row: Row): boolean => row['status'] === 'UNKNOWN' && row['flavor'] === undefined
/** While a volume moves, an administrator is shown the copy, too: the volume keeps its id, and the copy gets it or goes. */
export const isCopy = (row: Row): boolean =>
  [row['migration_status'], row['os-vol-mig-status-attr:migstat']].some(
    (one) => typeof one === 'string' && one.startsWith('target:'),
  )
export const isGone = (row: Row): boolean => row['status'] === 'DELETED'

/** Flavours are asked for only where servers name theirs by its id alone. */
export const flavorIdOf = (row: Row): string | undefined => {
  const flavour = row['flavor'] as { id?: unknown; original_name?: unknown } | null | undefined
  return flavour?.original_name === undefined && typeof flavour?.id === 'string' ? flavour.id : undefined
}

export function vm(row: Row, names: Names, flavors: ReadonlyMap<string, Flavor>): ObservationInput {
  const server = read(Server, 'Nova', 'server', row)
  const { parent, owner } = ownedBy(server.tenant_id, names)
  const size = flavorOf(server, flavors)
  const { state, status } = stateOf(server.status, server['OS-EXT-STS:power_state'])
  const isOffloaded = server.status === 'SHELVED_OFFLOADED'
  const host = server['OS-EXT-SRV-ATTR:hypervisor_hostname'] || server['OS-EXT-SRV-ATTR:host'] || null
  return {
    kind: 'vm',
    external_id: server.id,
    name: server.name || server.id,
    state,
    size: defined({
      vcpu_count: size?.vcpus,
      memory_bytes: size && size.ram * MIB,
      disk_bytes: size && localDisk(server, size),
    }),
    host: isOffloaded ? null : host,
    ...(parent && { parent }),
    evidence: evidenceOf(server),
    attributes: defined({
      ...owner,
      flavor: size?.name,
      flavor_id: size?.id,
      status,
      created_at: server.created ?? undefined,
      image_id: (server.image || undefined)?.id,
      availability_zone: server['OS-EXT-AZ:availability_zone'] || undefined,
      metadata: labels(server.metadata),
      tags: some(server.tags),
      volumes: some(server['os-extended-volumes:volumes_attached']?.map(({ id }) => id)),
    }),
  }
}

function flavorOf({ id, flavor: own }: Server, flavors: ReadonlyMap<string, Flavor>): Flavor | undefined {
  if ('original_name' in own) {
    const { original_name: name, ...size } = own
    return { id: undefined, name, ...size }
  }
  const found = flavors.get(own.id)
  // without its size a server would be billed as nothing
  if (!found) throw badAnswer('Nova', `the flavour ${own.id} of the server ${id} is not in the list of flavours`)
  return found
}

/**
 * The disks that come with the flavour, in bytes. A server that boots from a volume has no root disk of its own, and one that is
 * offloaded has none at all; a flavour of 0 has one as large as its image, which isn't told.
 */
function localDisk({ image, status }: Server, { disk, ephemeral }: Flavor): number | undefined {
  if (status === 'SHELVED_OFFLOADED') return 0
  if (image !== '' && image !== null && disk === 0) return undefined
  return ((image === '' || image === null ? 0 : disk) + ephemeral) * GIB
}

function evidenceOf({ id, addresses }: Server): NonNullable<ObservationInput['evidence']> {
  const all = Object.values(addresses ?? {}).flat()
  const macs = unique(all.map((one) => one['OS-EXT-IPS-MAC:mac_addr']?.toLowerCase() ?? ''))
  const ips = unique(all.map(({ addr }) => addr ?? '')).filter((addr) => isIp(addr))
  return defined({
    // KVM shows a guest Nova's id as that of its board
    smbios_uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) ? id : undefined,
    macs: macs.length > 0 ? macs.slice(0, 256) : undefined,
    ips: ips.length > 0 ? ips.slice(0, 256) : undefined,
  })
}

export function volume(row: Row, names: Names): ObservationInput {
  const one = read(Volume, 'Cinder', 'volume', row)
  const { parent, owner } = ownedBy(one['os-vol-tenant-attr:tenant_id'], names)
  return {
    kind: 'volume',
    external_id: one.id,
    name: one.name || one.id,
    state: one.status.startsWith('error') ? 'failed' : 'running',
    size: { disk_bytes: one.size * GIB },
    ...(parent && { parent }),
    attributes: defined({
      ...owner,
      volume_type: one.volume_type || undefined,
      created_at: one.created_at ?? undefined,
      availability_zone: one.availability_zone || undefined,
      bootable: one.bootable === undefined || one.bootable === null ? undefined : `${one.bootable}` === 'true',
      encrypted: one.encrypted ?? undefined,
      metadata: labels(one.metadata),
      attached_to: some(one.attachments?.map(({ server_id }) => server_id ?? '')),
    }),
  }
}

export function floatingIp(row: Row, names: Names): ObservationInput {
  const one = read(FloatingIp, 'Neutron', 'floating IP', row)
  const { parent, owner } = ownedBy(one.project_id || one.tenant_id, names)
  const address = one.floating_ip_address
  const isServers = one.port_details?.device_owner?.startsWith('compute:') ?? false
  return {
    kind: 'ip',
    external_id: one.id,
    name: address,
    // it belongs to its project whether it is used or not
    state: one.status === 'ERROR' ? 'failed' : one.fixed_ip_address ? 'running' : 'stopped',
    size: { ip_count: 1 },
    ...(parent && { parent }),
    evidence: isIp(address) ? { ips: [address] } : {},
    attributes: defined({
      ...owner,
      address,
      fixed_address: one.fixed_ip_address || undefined,
      network_id: one.floating_network_id || undefined,
      created_at: one.created_at ?? undefined,
      server_id: (isServers && one.port_details?.device_id) || undefined,
      tags: some(one.tags),
    }),
  }
}

const labels = (all: Record<string, string> | null | undefined) =>
  all && Object.keys(all).length > 0 ? all : undefined
const Ip = z.union([z.ipv4(), z.ipv6()])
const isIp = (said: string): boolean => Ip.safeParse(said).success
const unique = (values: readonly string[]): string[] => [...new Set(values)].filter(Boolean).toSorted()
/** In one order, for the services don't keep one; undefined where there are none. */
const some = (values: readonly string[] | null | undefined): string[] | undefined => {
  const all = unique(values ?? [])
  return all.length > 0 ? all : undefined
}
