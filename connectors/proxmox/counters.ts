/**
 * What guests and nodes use: counters with their epochs, and gauges. Pure.
 * Proxmox VE sums the counters of a guest over its devices, since the guest's process began; it tells how long that is by
 * `uptime`. A new start, a reboot by Proxmox VE, a migration and a rollback with memory make a new process; a reboot from
 * within a VM does not.
 */
import { z } from 'zod'
import type { Collected } from '#connectors/contract.ts'
import { number, type Row, whole, wire } from './answers.ts'
import type { Guest, Node } from './map.ts'

const COUNTERS = [
  // from the guest's side: what it received and what it sent
  ['network_receive_bytes', 'netin'],
  ['network_transmit_bytes', 'netout'],
  ['disk_read_bytes', 'diskread'],
  ['disk_write_bytes', 'diskwrite'],
] as const
export const METRICS: string[] = [
  ...COUNTERS.map(([metric]) => metric),
  'cpu_used_cores',
  'memory_used_bytes',
  'memory_total_bytes',
  'uptime_seconds',
  'storage_capacity_bytes',
  'storage_allocation_bytes',
  'storage_available_bytes',
]

/** One process of a guest, as it was last seen. */
export const Epoch = z.strictObject({
  id: z.string().max(128),
  origin_ms: z.int().nonnegative().optional(),
  node: z.string(),
  /** the process's age and the node's, in seconds, and when they were read */
  uptime_s: z.number(),
  node_uptime_s: z.number().optional(),
  seen_ms: z.number(),
  /** digits, by metric */
  last: z.record(z.string(), z.string()),
})
export type Epoch = z.infer<typeof Epoch>

export interface Sight {
  seen_ms: number
  node: string
  uptime_s: number
  node_uptime_s: number | undefined
  counters: Readonly<Record<string, bigint>>
}

/** Rows are told anew every 10 s, and by a busy node later: two ages of one process may differ by this much. */
const LAG_S = 60

export function sightOf(guest: Guest, node: Node | undefined, seen_ms: number): Sight | undefined {
  const { row } = guest
  const uptime_s = number(row['uptime'])
  // in its first second a process is 0 old; what is stopped says 0 as well
  if (uptime_s === undefined || uptime_s < 0 || (uptime_s === 0 && guest.state === 'stopped')) return undefined
  const counters: Record<string, bigint> = {}
  for (const [metric, key] of COUNTERS) {
    const value = whole(row[key])
    if (value !== undefined) counters[metric] = value
  }
  return { seen_ms, node: guest.node, uptime_s, node_uptime_s: number(node?.row['uptime']), counters }
}

/** Nothing was told since: pvestatd of that node hangs, or was only just asked. */
const isRepeated = (epoch: Epoch, { uptime_s, counters }: Sight): boolean =>
  epoch.uptime_s === uptime_s && Object.entries(counters).every(([key, value]) => epoch.last[key] === `${value}`)

const fell = (epoch: Epoch, { counters }: Sight): boolean =>
  Object.entries(counters).some(([key, value]) => value < BigInt(epoch.last[key] ?? '0'))

/**
 * Whether this is another process than before: `sure`, or only `likely`, or not. Sure is what the guest's own numbers
 * say; clocks that disagree make it likely, and then nobody says when its counters were zero.
 */
function another(epoch: Epoch, sight: Sight): 'sure' | 'likely' | 'no' {
  if (sight.uptime_s < epoch.uptime_s) return 'sure'
  // an age is told once, with its counters: told again with smaller ones, it is another's
  if (sight.uptime_s === epoch.uptime_s && fell(epoch, sight)) return 'sure'
  const aged_s = sight.uptime_s - epoch.uptime_s
  const passed_s = (sight.seen_ms - epoch.seen_ms) / 1_000
  const nodePassed_s =
    sight.node === epoch.node && sight.node_uptime_s !== undefined && epoch.node_uptime_s !== undefined
      ? sight.node_uptime_s - epoch.node_uptime_s
      : undefined
  // by the node's own clock, which nobody sets
  if (nodePassed_s !== undefined && nodePassed_s >= 0) return Math.abs(nodePassed_s - aged_s) > LAG_S ? 'sure' : 'no'
  return passed_s - aged_s > LAG_S ? 'likely' : 'no'
}

/**
 * The epoch after a sight of a running guest. `looked_ms`: when the cluster was looked at last, 0 for never. When its
 * counters were zero is told only of a process that surely began under our eyes: one that is met for the first time may
 * have been counted before, under an epoch that was forgotten.
 */
export function advance(epoch: Epoch | undefined, sight: Sight, looked_ms: number): Epoch {
  const { seen_ms, node, uptime_s, node_uptime_s, counters } = sight
  const last = Object.fromEntries(Object.entries(counters).map(([key, value]) => [key, `${value}`]))
  const now = { node, uptime_s, ...(node_uptime_s !== undefined && { node_uptime_s }), seen_ms, last }
  const change = epoch === undefined ? undefined : another(epoch, sight)
  if (epoch !== undefined && change === 'no') {
    // within one process a sum falls only when a device is unplugged; what it counted is unknown
    if (fell(epoch, sight)) return { id: `${startedS(sight)}/${Math.round(seen_ms / 1_000)}`, ...now }
    return { ...epoch, ...now }
  }
  const origin_ms = Math.max(0, Math.round(seen_ms - uptime_s * 1_000))
  const isNew = looked_ms > 0 && origin_ms >= looked_ms - LAG_S * 1_000
  const known = change === 'sure' || (epoch === undefined && isNew)
  return { id: `${startedS(sight)}`, ...(known && { origin_ms }), ...now }
}

const startedS = ({ seen_ms, uptime_s }: Sight): number => Math.round(seen_ms / 1_000 - uptime_s)

type Readings = Extract<Collected, { type: 'readings' }>

/** A running guest's numbers; nothing where they are those of last time. */
export function guestReadings(
  guest: Guest,
  incarnation: string,
  sight: Sight,
  before: Epoch | undefined,
  epoch: Epoch,
): Readings[] {
  if (before && before.id === epoch.id && isRepeated(before, sight)) return []
  const { row } = guest
  const cores = number(row['maxcpu'])
  const cpu = number(row['cpu'])
  const gauges: Record<string, number> = { uptime_seconds: sight.uptime_s }
  const used = product(cpu, cores)
  if (used !== undefined) gauges['cpu_used_cores'] = used
  const memory = number(row['mem'])
  if (memory !== undefined && memory >= 0) gauges['memory_used_bytes'] = memory
  return [
    {
      type: 'readings',
      // a reading can't be older than the zero that it counts from
      seen_at_ms: Math.max(sight.seen_ms, epoch.origin_ms ?? 0),
      resource: { kind: guest.kind, external_id: guest.vmid, incarnation },
      epoch: epoch.origin_ms === undefined ? { id: epoch.id } : { id: epoch.id, origin_ms: epoch.origin_ms },
      counters: Object.fromEntries(Object.entries(sight.counters).map(([key, value]) => [key, wire(value)])),
      gauges,
    },
  ]
}

const GAUGES: readonly (readonly [string, (row: Row) => number | undefined])[] = [
  ['cpu_used_cores', (row) => product(number(row['cpu']), number(row['maxcpu']))],
  ['memory_used_bytes', (row) => number(row['mem'])],
  ['memory_total_bytes', (row) => number(row['maxmem'])],
  ['uptime_seconds', (row) => number(row['uptime'])],
]
/** Of two shares that can be; undefined of what can't. */
export function product(a: number | undefined, b: number | undefined): number | undefined {
  const both = a === undefined || b === undefined ? undefined : a * b
  return both !== undefined && both >= 0 && Number.isFinite(both) ? both : undefined
}

export function nodeReadings(node: Node, seen_at_ms: number): Readings[] {
  const found = GAUGES.flatMap(([key, of]) => {
    const value = of(node.row)
    return value !== undefined && value >= 0 ? [[key, value] as const] : []
  })
  if (!node.online || found.length === 0) return []
  const resource = { kind: 'host' as const, external_id: node.name }
  return [{ type: 'readings', seen_at_ms, resource, gauges: Object.fromEntries(found) }]
}
