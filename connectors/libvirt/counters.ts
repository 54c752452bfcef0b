/** What a domain has used so far, device by device, and how much memory it holds: domstats → our metrics. Pure. */
import { entries, field, type Stats } from './domstats.ts'
import type { Domain } from './map.ts'
import { fromKib } from './xml.ts'

/** Counters by device: `cpu`, `disk/vda`, `nic/52:54:00:…`. */
export type Counters = ReadonlyMap<string, Readonly<Record<string, bigint>>>
export const CPU = 'cpu'
export const diskDevice = (target: string): string => `disk/${target}`
export const nicDevice = (mac: string): string => `nic/${mac}`

const DISK = [
  ['disk_read_bytes', 'rd.bytes'],
  ['disk_read_operations', 'rd.reqs'],
  ['disk_write_bytes', 'wr.bytes'],
  ['disk_write_operations', 'wr.reqs'],
] as const
/** From the guest's side: what it received and what it sent. */
const NETWORK = [
  ['network_receive_bytes', 'rx.bytes'],
  ['network_receive_packets', 'rx.pkts'],
  ['network_receive_errors', 'rx.errs'],
  ['network_receive_dropped', 'rx.drop'],
  ['network_transmit_bytes', 'tx.bytes'],
  ['network_transmit_packets', 'tx.pkts'],
  ['network_transmit_errors', 'tx.errs'],
  ['network_transmit_dropped', 'tx.drop'],
] as const
export const METRICS: string[] = [
  'cpu_time_ns',
  ...DISK.map(([metric]) => metric),
  ...NETWORK.map(([metric]) => metric),
  'memory_balloon_bytes',
  'memory_rss_bytes',
  'storage_capacity_bytes',
  'storage_allocation_bytes',
  'storage_available_bytes',
]

/** CDs and floppies aren't counted. */
const countingDisks = (domain: Domain): string[] =>
  domain.disks.filter((disk) => disk.device === 'disk' || disk.device === 'lun').map((disk) => disk.target)

/** All that a domain can count, whether it has begun to or not. */
export const devices = (domain: Domain): string[] => [
  ...new Set([CPU, ...countingDisks(domain).map(diskDevice), ...domain.nics.map((nic) => nicDevice(nic.mac))]),
]

/** Disks are matched by target and NICs by MAC: the indexes of domstats and the host's `vnetN` change. */
export function counters(domain: Domain, stats: Stats): Counters {
  const found = new Map<string, Record<string, bigint>>()
  const time = field(stats, 'cpu.time')
  if (time !== undefined) found.set(CPU, { cpu_time_ns: time })
  const disks = new Set(countingDisks(domain))
  for (const block of entries(stats, 'block')) {
    if (disks.has(block.name)) add(found, diskDevice(block.name), block.name, DISK, block.fields)
  }
  const macs = new Map(domain.nics.map((nic) => [nic.device, nic.mac]))
  for (const net of entries(stats, 'net')) {
    const mac = macs.get(net.name)
    if (mac !== undefined) add(found, nicDevice(mac), mac, NETWORK, net.fields)
  }
  return found
}

type Fields = (key: string) => bigint | undefined
function add(
  found: Map<string, Record<string, bigint>>,
  device: string,
  name: string,
  metrics: readonly (readonly [string, string])[],
  fields: Fields,
): void {
  // two NICs with one MAC are one device to us: their counters add up
  const sums = found.get(device) ?? {}
  for (const [metric, key] of metrics) {
    const value = fields(key)
    const both = `${metric}/${name}`
    if (value !== undefined) sums[both] = (sums[both] ?? 0n) + value
  }
  if (Object.keys(sums).length > 0) found.set(device, sums)
}

export function gauges(stats: Stats): Record<string, number> {
  const found: Record<string, number> = {}
  for (const [metric, key] of [
    ['memory_balloon_bytes', 'balloon.current'],
    ['memory_rss_bytes', 'balloon.rss'],
  ] as const) {
    const held = fromKib(field(stats, key))
    if (held !== undefined) found[metric] = Number(held)
  }
  return found
}

/** The device that an alias of the running domain names, e.g. `virtio-disk1`. */
export function aliases(domain: Domain): Map<string, string> {
  const found = new Map<string, string>()
  for (const disk of domain.disks) if (disk.alias !== undefined) found.set(disk.alias, diskDevice(disk.target))
  for (const nic of domain.nics) if (nic.alias !== undefined) found.set(nic.alias, nicDevice(nic.mac))
  return found
}
