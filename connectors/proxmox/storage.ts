/** Storages, backups and networks of a cluster → our words. Pure. */
import type { Content, ObservationInput } from '#connectors/contract.ts'
import { sha256 } from '#connectors/wire.ts'
import { badAnswer, defined, flag, instantMs, number, type Row, rows, text, whole, wire } from './answers.ts'

export interface Storage {
  /** its name where all nodes share it, else node and name */
  id: string
  name: string
  shared: boolean
  node: string
  /** nodes that can reach it now */
  available: string[]
  holdsBackups: boolean
  observation: ObservationInput
  gauges: Record<string, number>
}

/** The rows of `/cluster/resources`, one per storage and node: what is shared is one storage. */
export function storages(list: readonly Row[]): Map<string, Storage> {
  const found = new Map<string, Storage>()
  const inOrder = list.toSorted((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1))
  for (const row of inOrder) {
    const one = storage(row)
    const before = found.get(one.id)
    if (!before) found.set(one.id, one)
    // the first node that reaches it speaks for all, so that nothing flaps between them
    else if (before.available.length === 0) found.set(one.id, one)
    else before.available.push(...one.available)
  }
  return found
}

function storage(row: Row): Storage {
  const [name, node] = [text(row['storage'], 128), text(row['node'], 128)]
  if (name === undefined || node === undefined) throw badAnswer('a storage without name or node')
  const shared = flag(row['shared'])
  const id = shared ? name : `${node}/${name}`
  const available = row['status'] === 'available' || row['status'] === undefined
  const content = (text(row['content'], 1_024) ?? '').split(',').filter(Boolean).toSorted()
  return {
    id,
    name,
    shared,
    node,
    available: available ? [node] : [],
    holdsBackups: content.includes('backup'),
    observation: {
      kind: 'storage_pool',
      external_id: id,
      name,
      state: available ? 'running' : 'unknown',
      host: shared ? null : node,
      attributes: defined({ type: text(row['plugintype'], 64), shared, content }),
    },
    gauges: available ? space(row) : {},
  }
}

function space(row: Row): Record<string, number> {
  const [capacity, used] = [number(row['maxdisk']), number(row['disk'])]
  const gauges: Record<string, number> = {}
  if (capacity !== undefined && capacity > 0) gauges['storage_capacity_bytes'] = capacity
  if (used !== undefined && used >= 0) gauges['storage_allocation_bytes'] = used
  if (capacity !== undefined && used !== undefined && capacity >= used && used >= 0 && capacity > 0)
    gauges['storage_available_bytes'] = capacity - used
  return gauges
}

/** Backups in a storage, of guests that live and of guests long gone. */
export function backups(data: unknown, store: Storage): ObservationInput[] {
  return rows(data, 'the content of a storage').flatMap((row) => {
    const volume = text(row['volid'], 1_024)
    if (volume === undefined || (row['content'] !== undefined && row['content'] !== 'backup')) return []
    const bytes = whole(row['size'])
    const at_ms = instantMs(row['ctime'])
    const id = store.shared ? volume : `${store.node}/${volume}`
    return [
      {
        kind: 'backup' as const,
        external_id: id.length <= 500 ? id : sha256(id),
        incarnation: at_ms === undefined ? '' : `${at_ms / 1_000}`,
        name: (volume.slice(volume.indexOf(':') + 1) || volume).slice(0, 512).toWellFormed(),
        state: 'running' as const,
        size: bytes === undefined ? {} : { disk_bytes: wire(bytes) },
        host: store.shared ? null : store.node,
        parent: { kind: 'storage_pool' as const, external_id: store.id },
        attributes: defined({
          guest: whole(row['vmid'])?.toString() ?? /vzdump-(?:qemu|lxc)-(\d{1,9})-/.exec(volume)?.[1],
          guest_type: text(row['subtype'], 16) ?? /vzdump-(qemu|lxc)-/.exec(volume)?.[1],
          format: text(row['format'], 64),
          created_ms: at_ms,
          protected: flag(row['protected']) || undefined,
          encrypted: row['encrypted'] === undefined ? undefined : true,
        }),
      },
    ]
  })
}

/** SDN's zones and virtual networks. */
export function sdn(zones: unknown, vnets: unknown): ObservationInput[] {
  const zone = rows(zones, '/cluster/sdn/zones').flatMap((row) => named(row, 'zone', ['type', 'ipam', 'bridge', 'mtu']))
  const vnet = rows(vnets, '/cluster/sdn/vnets').flatMap((row) => {
    const zone_name = text(row['zone'], 128)
    return named(row, 'vnet', ['type', 'zone', 'tag', 'alias'], {
      vlan_aware: flag(row['vlanaware']) || undefined,
    }).map((one) =>
      zone_name === undefined
        ? one
        : { ...one, parent: { kind: 'network' as const, external_id: `zone/${zone_name}` } },
    )
  })
  return [...zone, ...vnet]
}

function named(
  row: Row,
  what: 'zone' | 'vnet',
  keys: readonly string[],
  more: Parameters<typeof defined>[0] = {},
): ObservationInput[] {
  const name = text(row[what], 128)
  if (name === undefined) return []
  const attributes: Content['attributes'] = defined({
    sdn: what,
    ...Object.fromEntries(keys.map((key) => [key, text(row[key], 256)])),
    ...more,
  })
  return [{ kind: 'network', external_id: `${what}/${name}`, name, state: 'running', attributes }]
}

/** Bridges of one node, to which its guests are plugged. */
export function bridges(data: unknown, node: string): ObservationInput[] {
  return rows(data, `/nodes/${node}/network`).flatMap((row) => {
    const name = text(row['iface'], 128)
    if (name === undefined || (row['type'] !== 'bridge' && row['type'] !== 'OVSBridge')) return []
    const ports = text(row['bridge_ports'] ?? row['ovs_ports'], 1_024)
    return [
      {
        kind: 'network' as const,
        external_id: `${node}/${name}`,
        name,
        state: flag(row['active']) ? ('running' as const) : ('stopped' as const),
        host: node,
        attributes: defined({
          type: text(row['type'], 64),
          ports: ports?.split(/\s+/).filter(Boolean),
          cidr: text(row['cidr'], 64),
          vlan_aware: flag(row['bridge_vlan_aware']) || undefined,
        }),
      },
    ]
  })
}
