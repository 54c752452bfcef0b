/** What the oracle knows of each meter: its own words, so that a wrong unit in the product shows. */
import type { Meter as Described, MeterName } from '#control-plane/metering/contract.ts'

export type Meter = Pick<Described, 'kind' | 'counts' | 'size' | 'excludes' | 'units'>

const BYTES = {
  B: 1n,
  kB: 1_000n,
  MB: 1_000_000n,
  GB: 1_000_000_000n,
  TB: 1_000_000_000_000n,
  KiB: 1_024n,
  MiB: 1_048_576n,
  GiB: 1_073_741_824n,
  TiB: 1_099_511_627_776n,
}
const OPERATIONS = { operation: 1n, thousand_operations: 1_000n, million_operations: 1_000_000n }
const bytes: Meter = { kind: 'consumption', units: BYTES }
const operations: Meter = { kind: 'consumption', units: OPERATIONS }

/** The world sells no percentiles, has no buckets, no pods and no services: what was agreed is no matter of machines. */
type Sold = Exclude<
  MeterName,
  | 'network_p95'
  | 'network_max'
  | 'fee'
  | 'setup'
  | 'storage_used_bytes'
  | 'cpu_allocated_millicores'
  | 'memory_allocated_bytes'
  | `requests_${string}`
>
export const METERS: Record<Sold, Meter> = {
  instance: { kind: 'allocation', counts: 'allocated', units: { instance: 1n } },
  instance_running: { kind: 'allocation', counts: 'running', units: { instance: 1n } },
  vcpu: { kind: 'allocation', counts: 'running', size: 'vcpu_count', units: { vCPU: 1n } },
  cpu: { kind: 'allocation', counts: 'running', size: 'cpu_millicores', units: { core: 1_000n, millicore: 1n } },
  memory: { kind: 'allocation', counts: 'running', size: 'memory_bytes', units: BYTES },
  disk: { kind: 'allocation', counts: 'allocated', size: 'disk_bytes', units: BYTES },
  ip: { kind: 'allocation', counts: 'allocated', size: 'ip_count', units: { IP: 1n } },
  network_receive_bytes: bytes,
  network_transmit_bytes: bytes,
  disk_read_bytes: bytes,
  disk_write_bytes: bytes,
  disk_read_operations: operations,
  disk_write_operations: operations,
  cpu_time_ns: {
    kind: 'consumption',
    units: { CPU_second: 1_000_000_000n, CPU_hour: 3_600_000_000_000n },
    excludes: ['idle', 'iowait'],
  },
  energy_joules: { kind: 'consumption', units: { Wh: 3_600n, kWh: 3_600_000n, MWh: 3_600_000_000n } },
}
