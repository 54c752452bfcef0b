/** libvirt's words → ours: domains, hosts, pools, volumes and networks as observations. Pure. */
import { type Content, type ObservationInput, type Size, type State, sha256 } from '#connectors/contract.ts'
import { entries, field, type Stats } from './domstats.ts'
import {
  attribute,
  badAnswer,
  bytes,
  child,
  children,
  fromKib,
  type Node,
  text,
  within,
  wholeNumber,
  wire,
} from './xml.ts'

export interface Disk {
  target: string
  device: string
  bus: string | undefined
  source: string | undefined
  format: string | undefined
  read_only: boolean
  alias: string | undefined
}
export interface Nic {
  mac: string
  type: string
  model: string | undefined
  source: string | undefined
  /** the host's side while it runs: vnet0 */
  device: string | undefined
  alias: string | undefined
}
export interface Domain {
  uuid: string
  name: string
  /** the running process's number; undefined while there is none */
  domain_id: string | undefined
  type: string
  os_type: string | undefined
  architecture: string | undefined
  machine: string | undefined
  title: string | undefined
  vcpu_current: bigint
  vcpu_maximum: bigint
  memory_current_bytes: bigint
  memory_maximum_bytes: bigint
  disks: Disk[]
  nics: Nic[]
}
/** What `Content` is once its defaults are in. */
export type Whole = Required<Omit<Content, 'parent'>>

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export function uuidOf(node: Node, what: string): string {
  const uuid = text(node, 'uuid')
  if (uuid === undefined || !UUID.test(uuid)) throw badAnswer(`a ${what} without UUID`)
  return uuid.toLowerCase()
}

export function parseDomain(node: Node): Domain {
  const name = text(node, 'name')
  if (name === undefined) throw badAnswer('a domain without name')
  const os = child(child(node, 'os'), 'type')
  const vcpu = child(node, 'vcpu')
  const vcpu_maximum = wholeNumber(text(vcpu)) ?? 1n
  const memory_maximum_bytes = bytes(child(node, 'memory')) ?? 0n
  const devices = child(node, 'devices')
  return {
    uuid: uuidOf(node, 'domain'),
    name,
    domain_id: attribute(node, 'id'),
    type: attribute(node, 'type') ?? 'unknown',
    os_type: text(os),
    architecture: attribute(os, 'arch'),
    machine: attribute(os, 'machine'),
    title: text(node, 'title'),
    vcpu_current: wholeNumber(attribute(vcpu, 'current')) ?? vcpu_maximum,
    vcpu_maximum,
    memory_current_bytes: bytes(child(node, 'currentMemory')) ?? memory_maximum_bytes,
    memory_maximum_bytes,
    disks: children(devices, 'disk').flatMap(disk),
    nics: children(devices, 'interface').flatMap(nic),
  }
}

/** Longer names would not fit into the key of a reading; QEMU takes none. */
const TARGET_CHARS_MAX = 128
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i
const SOURCES = ['file', 'dev', 'volume', 'name', 'dir', 'path'] as const

function disk(node: Node): Disk[] {
  const target = attribute(child(node, 'target'), 'dev')
  if (target === undefined) return []
  if (target.length > TARGET_CHARS_MAX) throw badAnswer(`a disk whose target has ${target.length} characters`)
  const source = child(node, 'source')
  return [
    {
      target,
      device: attribute(node, 'device') ?? 'disk',
      bus: attribute(child(node, 'target'), 'bus'),
      source: SOURCES.map((key) => attribute(source, key)).find((value) => value !== undefined),
      format: attribute(child(node, 'driver'), 'type'),
      read_only: child(node, 'readonly') !== undefined,
      alias: attribute(child(node, 'alias'), 'name'),
    },
  ]
}

function nic(node: Node): Nic[] {
  const mac = attribute(child(node, 'mac'), 'address')
  if (mac === undefined || !MAC.test(mac)) return []
  const source = child(node, 'source')
  return [
    {
      mac: mac.toLowerCase(),
      type: attribute(node, 'type') ?? 'unknown',
      model: attribute(child(node, 'model'), 'type'),
      // a network's bridge shows only while the machine runs, so the network's name comes first
      source: ['network', 'bridge', 'dev'].map((key) => attribute(source, key)).find((value) => value !== undefined),
      device: attribute(child(node, 'target'), 'dev'),
      alias: attribute(child(node, 'alias'), 'name'),
    },
  ]
}

/** A disk that somebody pays for: not a CD, a floppy or a read-only seed. */
const isOwnDisk = (disk: Disk) => (disk.device === 'disk' || disk.device === 'lun') && !disk.read_only

/** Capacities by target, where libvirt can tell: it can't while an image is missing. */
export function capacities(stats: Stats): Map<string, bigint> {
  const found = new Map<string, bigint>()
  for (const block of entries(stats, 'block')) {
    const capacity = block.fields('capacity')
    if (capacity !== undefined) found.set(block.name, capacity)
  }
  return found
}

/**
 * A domain as it is now. Memory is what `virsh dominfo` calls used memory: what the guest holds after ballooning.
 * `known` gives capacities that were seen before, for images that can't be read at the moment.
 */
export function vmContent(domain: Domain, stats: Stats, state: State, host: string, known: Map<string, bigint>): Whole {
  const now = capacities(stats)
  const capacity = (target: string) => now.get(target) ?? known.get(target)
  const size: Size = {
    vcpu_count: wire(field(stats, 'vcpu.current') ?? domain.vcpu_current),
    memory_bytes: wire(fromKib(field(stats, 'balloon.current')) ?? domain.memory_current_bytes),
  }
  const own = domain.disks.filter(isOwnDisk).map((disk) => capacity(disk.target))
  // a sum that lacks a disk would be a wrong size
  const sum = own.every((value) => value !== undefined) ? within(own.reduce((a, b) => a + b, 0n)) : undefined
  if (sum !== undefined) size.disk_bytes = wire(sum)
  return {
    name: clip(domain.name),
    state,
    size,
    host,
    evidence: { smbios_uuid: domain.uuid, macs: unique(domain.nics.map((nic) => nic.mac)).slice(0, 256) },
    attributes: vmAttributes(domain, capacity),
  }
}

function vmAttributes(domain: Domain, capacity: (target: string) => bigint | undefined): Content['attributes'] {
  const disks = domain.disks.map((disk) => {
    const size = capacity(disk.target)
    const { target, device, bus, source, format, read_only } = disk
    return defined({ target, device, bus, source, format, read_only, capacity_bytes: size && wire(size) })
  })
  const nics = domain.nics.map(({ mac, type, model, source }) => defined({ mac, type, model, source }))
  return defined({
    hypervisor: domain.type,
    os_type: domain.os_type,
    architecture: domain.architecture,
    machine: domain.machine,
    title: domain.title,
    vcpu_maximum_count: wire(domain.vcpu_maximum),
    memory_maximum_bytes: wire(domain.memory_maximum_bytes),
    disks,
    nics,
  })
}

/** Capacities that were seen earlier, by target. */
export function knownCapacities(content: Whole | null): Map<string, bigint> {
  const found = new Map<string, bigint>()
  const disks = content?.attributes['disks']
  for (const disk of Array.isArray(disks) ? disks : []) {
    if (typeof disk !== 'object' || disk === null || Array.isArray(disk)) continue
    const { target, capacity_bytes } = disk
    const isWhole = typeof capacity_bytes === 'number' || typeof capacity_bytes === 'string'
    if (typeof target === 'string' && isWhole) found.set(target, BigInt(capacity_bytes))
  }
  return found
}

type Json = Content['attributes'][string]
/** Without the keys that have no value: `undefined` isn't JSON. */
export function defined(values: Record<string, Json | bigint | undefined>): Record<string, Json> {
  const entries = Object.entries(values).map(([key, value]) => [key, typeof value === 'bigint' ? wire(value) : value])
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}
const unique = (values: string[]): string[] => [...new Set(values)]
/** A cut may leave half a character, which can't be stored. */
export const clip = (name: string, max = 512): string => name.slice(0, max).toWellFormed()

export interface Pool {
  uuid: string
  gauges: Record<string, number>
  observation: ObservationInput
}

export function parsePool(node: Node, active: boolean, host: string): Pool {
  const uuid = uuidOf(node, 'storage pool')
  const gauges: Pool['gauges'] = {}
  for (const name of ['capacity', 'allocation', 'available']) {
    const value = bytes(child(node, name), 'bytes')
    if (value !== undefined && active) gauges[`storage_${name}_bytes`] = Number(value)
  }
  const attributes = defined({ type: attribute(node, 'type'), path: text(child(node, 'target'), 'path') })
  const name = clip(text(node, 'name') ?? uuid)
  return { uuid, gauges, observation: { ...placed('storage_pool', uuid, name, active, host), attributes } }
}

export interface Volume {
  observation: ObservationInput
  gauges: Record<string, number>
}

export function parseVolume(node: Node, pool: string, host: string): Volume {
  const target = child(node, 'target')
  const path = text(target, 'path') ?? text(node, 'key') ?? text(node, 'name')
  const capacity = bytes(child(node, 'capacity'), 'bytes')
  if (path === undefined || capacity === undefined) throw badAnswer('a volume without path or capacity')
  const allocation = bytes(child(node, 'allocation'), 'bytes')
  return {
    gauges: allocation === undefined ? {} : { storage_allocation_bytes: Number(allocation) },
    observation: {
      ...placed('volume', volumeId(pool, path), clip(text(node, 'name') ?? path), true, host),
      size: { disk_bytes: wire(capacity) },
      attributes: defined({
        pool,
        path,
        type: attribute(node, 'type'),
        format: attribute(child(target, 'format'), 'type'),
      }),
    },
  }
}

/** Pool and path; a path too long for an id is named by its hash. */
const volumeId = (pool: string, path: string) => `${pool}:${path.length <= 400 ? path : sha256(path)}`

export function parseNetwork(node: Node, active: boolean, host: string): ObservationInput {
  const uuid = uuidOf(node, 'network')
  const attributes = defined({
    forward: attribute(child(node, 'forward'), 'mode') ?? (child(node, 'forward') ? 'nat' : 'isolated'),
    bridge: attribute(child(node, 'bridge'), 'name'),
    domain: attribute(child(node, 'domain'), 'name'),
    addresses: children(node, 'ip').flatMap((ip) => attribute(ip, 'address') ?? []),
  })
  return { ...placed('network', uuid, clip(text(node, 'name') ?? uuid), active, host), attributes }
}

function placed(kind: ObservationInput['kind'], external_id: string, name: string, active: boolean, host: string) {
  return { kind, external_id, name, state: active ? 'running' : 'stopped', host } satisfies ObservationInput
}
