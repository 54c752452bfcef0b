/** What a cluster of virtual machines reports: listings and ticks of counters and gauges; pure, and the same for the same numbers. */
import { type Observation, type Readings, listingDigest, Observation as Listed } from '#connectors/contract.ts'
import type { z } from 'zod'

export const INTERVAL_MS = 10_000
const GIB = 2 ** 30

export interface Fleet {
  source: string
  /** tells the machines of this fleet from those of others */
  name: string
  machines: number
}

const machineName = ({ name }: Fleet, machine: number): string => `${name}-vm-${machine}`

/** Samples in one tick of one machine: the counters and gauges of `readings`. */
export const SAMPLES_PER_READING = 10

/** The counters and gauges that a hypervisor tells of one machine at one instant. */
export function readings(fleet: Fleet, machine: number, at: number, boot: number): z.input<typeof Readings> {
  const seconds = Math.floor((at - boot) / 1_000)
  // every machine has its own pace, and no two ticks are equal
  const grown = (pace: number) => seconds * pace * (1 + (machine % 97)) + ((seconds * 31 + machine * 17) % 1_009)
  return {
    type: 'readings',
    source: fleet.source,
    seen_at_ms: at,
    resource: { kind: 'vm', external_id: machineName(fleet, machine), incarnation: '' },
    interval_ms: INTERVAL_MS,
    epoch: { id: `boot-${boot}`, origin_ms: boot },
    counters: {
      cpu_time_ns: grown(4_000_000),
      'disk_read_bytes/vda': grown(40_960),
      'disk_write_bytes/vda': grown(81_920),
      'disk_write_operations/vda': grown(11),
      'network_receive_bytes/eth0': grown(15_000),
      'network_transmit_bytes/eth0': grown(22_000),
    },
    gauges: {
      memory_rss_bytes: 2 * GIB + ((seconds * 4_096 + machine * 65_536) % GIB),
      memory_balloon_bytes: 4 * GIB,
      memory_available_bytes: GIB + ((seconds * 8_192 + machine * 32_768) % GIB),
      uptime_seconds: seconds,
    },
  }
}

/** One report: every machine of the fleet at one instant. */
export const tick = (fleet: Fleet, at: number, boot: number): z.input<typeof Readings>[] =>
  Array.from({ length: fleet.machines }, (_, machine) => readings(fleet, machine, at, boot))

/** The complete listing of the fleet, all running, in parts of at most 1,000 machines; `at` its instant. */
export function listing(fleet: Fleet, at: number, snapshot: string): unknown[] {
  const resources: Observation[] = Array.from({ length: fleet.machines }, (_, machine) =>
    Listed.parse({
      kind: 'vm',
      external_id: machineName(fleet, machine),
      name: machineName(fleet, machine),
      state: 'running',
      size: { vcpu_count: 2 + (machine % 7), memory_bytes: (2 + (machine % 31)) * GIB, disk_bytes: 20 * GIB },
      attributes: { os: 'Debian 12' },
    }),
  )
  const parts = Math.ceil(resources.length / 1_000)
  const stated = {
    type: 'snapshot',
    source: fleet.source,
    seen_at_ms: at,
    scope: { kind: 'cluster', external_id: fleet.name },
    complete: true,
    interval_ms: INTERVAL_MS,
    digest: listingDigest(resources, true),
    snapshot,
    parts,
  }
  return Array.from({ length: parts }, (_, part) => ({
    ...stated,
    part,
    resources: resources.slice(part * 1_000, (part + 1) * 1_000),
  }))
}
