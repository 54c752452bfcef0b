/** Proxmox VE's words → ours: guests with their disks and snapshots, nodes, the cluster itself. Pure. */
import type { Content, ObservationInput, State } from '#connectors/contract.ts'
import type { ConnectorError } from '#connectors/wire.ts'
import {
  badAnswer,
  defined,
  flag,
  instantMs,
  type Json,
  objects,
  type Row,
  sorted,
  text,
  whole,
  wire,
} from './answers.ts'
import { type Config, cpuLimit, type Disk, diskBytes } from './config.ts'

export interface Guest {
  vmid: string
  type: 'qemu' | 'lxc'
  kind: 'vm' | 'container' | 'template'
  node: string
  /** undefined: nobody can tell at the moment */
  state: State | undefined
  name: string
  pool: string | undefined
  tags: string[]
  row: Row
}
export interface Node {
  name: string
  online: boolean
  row: Row
}
/** `/cluster/resources`, read as what it lists. */
export interface Resources {
  guests: Map<string, Guest>
  nodes: Map<string, Node>
  storages: Row[]
  /** of rows that can't be read: what they were nobody knows, and nothing has ended for them */
  odd: ConnectorError[]
}

export function parseResources(data: unknown): Resources {
  const found: Resources = { guests: new Map(), nodes: new Map(), storages: [], odd: [] }
  for (const row of objects(data, '/cluster/resources', (odd) => void found.odd.push(odd))) {
    if (row['type'] === 'qemu' || row['type'] === 'lxc') addGuest(found, row, row['type'])
    else if (row['type'] === 'node') {
      const name = text(row['node'] ?? text(row['id'])?.replace(/^node\//, ''), 128)
      if (name === undefined) found.odd.push(badAnswer('a node without name'))
      else found.nodes.set(name, { name, online: row['status'] === 'online', row })
    } else if (row['type'] === 'storage') addStorage(found, row)
  }
  return found
}

function addStorage(found: Resources, row: Row): void {
  if (text(row['storage'], 128) === undefined || text(row['node'], 128) === undefined)
    found.odd.push(badAnswer('a storage without name or node'))
  else found.storages.push(row)
}

function addGuest(found: Resources, row: Row, type: Guest['type']): void {
  const vmid = whole(row['vmid'])?.toString() ?? /^(?:qemu|lxc)\/(\d{1,9})$/.exec(text(row['id']) ?? '')?.[1]
  const node = text(row['node'], 128)
  if (vmid === undefined || node === undefined) {
    found.odd.push(badAnswer('a guest without number or node'))
    return
  }
  const kind = flag(row['template']) ? 'template' : type === 'qemu' ? 'vm' : 'container'
  found.guests.set(vmid, {
    vmid,
    type,
    kind,
    node,
    state: stateOf(row['status']),
    name: text(row['name']) ?? `${type === 'qemu' ? 'VM' : 'CT'} ${vmid}`,
    pool: text(row['pool']),
    tags: tagsOf(row['tags']),
    row,
  })
}

/** QEMU's run states (what pvestatd tells) and those of containers. */
const STATES: Readonly<Record<string, State>> = {
  running: 'running',
  'finish-migrate': 'running',
  'save-vm': 'running',
  colo: 'running',
  paused: 'paused',
  suspended: 'paused',
  frozen: 'paused',
  prelaunch: 'paused',
  inmigrate: 'paused',
  postmigrate: 'paused',
  'restore-vm': 'paused',
  shutdown: 'paused',
  stopped: 'stopped',
  'io-error': 'failed',
  'internal-error': 'failed',
  'guest-panicked': 'failed',
  watchdog: 'failed',
}
const stateOf = (status: unknown): State | undefined =>
  typeof status === 'string' && Object.hasOwn(STATES, status) ? STATES[status] : undefined

/** Tags part by semicolon; older configurations hold commas and blanks. */
export const tagsOf = (value: unknown): string[] =>
  sorted((text(value, 4_096) ?? '').split(/[;,\s]+/).filter((tag) => tag !== '' && tag.length <= 128)).slice(0, 256)

/** What tells this guest from another one that had its number: when it was made, else its UUID, else what the caller saw. */
export const incarnationOf = (config: Config, witnessed: string): string =>
  config.created_s !== undefined ? `ctime:${config.created_s}` : (config.uuid ?? witnessed)

/** What is known of a guest beside its row. */
export interface Known {
  config: Config
  incarnation: string
  /** what the guest agent, or the container, says */
  ips: string[]
  snapshots: Row[]
  ha: Json | undefined
  replication: Json | undefined
}

export function guestObservation(guest: Guest, state: State, known: Known): ObservationInput {
  const { vmid, kind, node, name, row } = guest
  const { config, incarnation } = known
  const memory = whole(row['maxmem'])
  // a limit of one and a half processors is no count of them
  const vcpu = whole(row['maxcpu'])
  const disk = diskBytes(config)
  const size: NonNullable<ObservationInput['size']> = {}
  if (vcpu !== undefined) size.vcpu_count = wire(vcpu)
  if (memory !== undefined) size.memory_bytes = wire(memory)
  if (disk !== undefined) size.disk_bytes = wire(disk)
  const ips = sorted([...config.ips, ...known.ips])
  // only what is assigned here is sold: what a guest gives itself is evidence
  if (config.ips.length > 0) size.ip_count = sorted(config.ips).length
  return {
    kind,
    external_id: vmid,
    incarnation,
    name,
    state,
    size,
    host: node,
    evidence: {
      ...(config.uuid !== undefined && { smbios_uuid: config.uuid }),
      macs: sorted(config.nics.map(({ mac }) => mac)).slice(0, 256),
      ips: ips.slice(0, 256),
    },
    attributes: guestAttributes(guest, known),
  }
}

const PLAIN = ['ostype', 'machine', 'bios', 'arch', 'scsihw'] as const

function guestAttributes({ type, pool, tags }: Guest, known: Known): Content['attributes'] {
  const { row, disks, nics, created_s } = known.config
  const plain = Object.fromEntries(PLAIN.map((key) => [key, text(row[key], 128)]))
  const [cpu] = (text(row['cpu'], 256) ?? '').replace(/^cputype=/, '').split(',')
  return defined({
    type,
    ...plain,
    cpu: cpu || undefined,
    cpu_limit: cpuLimit(known.config),
    created_ms: instantMs(created_s),
    on_boot: row['onboot'] === undefined ? undefined : flag(row['onboot']),
    unprivileged: row['unprivileged'] === undefined ? undefined : flag(row['unprivileged']),
    pool,
    // a tag has no value of its own: it stands for itself
    labels: tags.length > 0 ? Object.fromEntries(tags.map((tag) => [tag, tag])) : undefined,
    disks: disks.map((one) =>
      defined({
        slot: one.slot,
        volume: one.volume,
        storage: one.storage,
        capacity_bytes: one.bytes === undefined ? undefined : wire(one.bytes),
      }),
    ),
    nics: nics.map(({ slot, mac, model, bridge, vlan, name }) => defined({ slot, mac, model, bridge, vlan, name })),
    ha: known.ha,
    replication: known.replication,
  })
}

/** The guest's disks and snapshots: parts of it, wherever it runs. */
export function partsOf(guest: Guest, known: Known): ObservationInput[] {
  const { vmid, kind, node } = guest
  const parent = { kind, external_id: vmid }
  const { incarnation } = known
  const disks = known.config.disks.map((disk): ObservationInput => {
    const { slot, volume, bytes } = disk
    return {
      kind: 'disk',
      external_id: `${vmid}/${slot}`,
      incarnation,
      name: volume.slice(0, 512).toWellFormed(),
      state: 'running',
      size: bytes === undefined ? {} : { disk_bytes: wire(bytes) },
      host: node,
      parent,
      evidence:
        disk.options['serial'] === undefined ? {} : { serials: [disk.options['serial'].slice(0, 128).toWellFormed()] },
      attributes: diskAttributes(disk),
    }
  })
  const snapshots = known.snapshots.flatMap((row) => snapshot(row, vmid, node, parent, incarnation))
  return [...disks, ...snapshots]
}

const diskAttributes = ({ slot, volume, storage, unused, options }: Disk): Content['attributes'] =>
  defined({ slot, volume, storage, unused: unused || undefined, format: options['format'], cache: options['cache'] })

function snapshot(
  row: Row,
  vmid: string,
  node: string,
  parent: NonNullable<ObservationInput['parent']>,
  incarnation: string,
): ObservationInput[] {
  const name = text(row['name'], 128)
  const at_ms = instantMs(row['snaptime'])
  // `current` is where the guest is now, not a snapshot
  if (name === undefined || name === 'current') return []
  return [
    {
      kind: 'snapshot',
      external_id: `${vmid}@${name}`,
      incarnation: at_ms === undefined ? incarnation : `${at_ms / 1_000}`,
      name,
      state: 'running',
      host: node,
      parent,
      attributes: defined({
        created_ms: at_ms,
        with_memory: flag(row['vmstate']) || undefined,
        after: text(row['parent'], 128),
      }),
    },
  ]
}
