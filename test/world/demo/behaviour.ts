/** What the demo's machines do at an instant: counters that only grow, gauges that breathe with the day; pure. */
import type { Collected } from '#connectors/contract.ts'
import type { Machine, Phase } from './customers.ts'
import { shareOf } from './customers.ts'

const DAY_MS = 86_400_000

/** Between 0 and 1 − `depth` … 1: a load that follows the day, a little later on each machine. */
function swing(name: string, at_ms: number): number {
  const phase = 2 * Math.PI * (at_ms / DAY_MS + 0.2 * shareOf(name))
  const ripple = 0.12 * Math.sin(phase * 11 + 6 * shareOf(`${name} ripple`))
  return Math.min(0.98, Math.max(0.03, 0.42 - 0.3 * Math.cos(phase) + ripple))
}

/** The integral of 1 − 0.6 cos over time since `from`, in seconds: what a counter adds up to; it never falls. */
function flowed_s(name: string, from_ms: number, at_ms: number): number {
  const turns = (at: number) => 2 * Math.PI * (at / DAY_MS + 0.2 * shareOf(name))
  const day_s = DAY_MS / 1_000
  const waves = (Math.sin(turns(at_ms)) - Math.sin(turns(from_ms))) * ((0.6 * day_s) / (2 * Math.PI))
  return Math.max(0, (at_ms - from_ms) / 1_000 - waves)
}

export const phaseAt = (machine: Machine, at: number): Phase | null =>
  machine.phases.find((phase) => phase.from <= at && (phase.to === null || at < phase.to)) ?? null

/** When the counters of a running phase were zero: at the last start or move; a resize leaves them alone. */
export function originOf(machine: Machine, phase: Phase): number {
  let origin = phase.from
  for (let index = machine.phases.indexOf(phase); index > 0; index -= 1) {
    const [before, own] = [machine.phases[index - 1], machine.phases[index]]
    if (!before || !own || before.state !== 'running' || before.host !== own.host) break
    origin = before.from
  }
  return origin
}

/** `began`: the instant at which the history's time is 0. Null while the machine doesn't run. */
export function readingsOf(machine: Machine, at: number, began: number): Collected | null {
  const phase = phaseAt(machine, at)
  if (phase?.state !== 'running') return null
  const origin = originOf(machine, phase)
  const { name, sends, external_id } = machine
  const ran_s = flowed_s(name, origin, at)
  const whole = (per_second: number) => Math.floor(ran_s * per_second)
  const load = swing(name, at)
  const disk = 60_000 + 900_000 * shareOf(`${name} disk`)
  return {
    type: 'readings',
    seen_at_ms: began + at,
    resource: { kind: 'vm', external_id },
    epoch: { id: `${phase.host}/${origin}`, origin_ms: began + origin },
    counters: {
      cpu_time_ns: String(BigInt(Math.floor(ran_s * 1_000 * phase.vcpu * 0.42)) * 1_000_000n),
      'network_transmit_bytes/eth0': whole(sends),
      'network_receive_bytes/eth0': whole(sends * 0.3),
      'disk_read_bytes/vda': whole(disk),
      'disk_write_bytes/vda': whole(disk * 0.6),
      'disk_read_operations/vda': whole(disk / 16_384),
      'disk_write_operations/vda': whole((disk * 0.6) / 8_192),
    },
    gauges: {
      memory_total_bytes: phase.memory_bytes,
      memory_available_bytes: Math.floor(phase.memory_bytes * (0.75 - 0.5 * load)),
    },
  }
}

/** A host's own history; what its guests use is metered on them. */
export function hostReadingsOf(host: string, at: number, began: number): Collected {
  const load = swing(host, at)
  const memory = 768 * 2 ** 30
  const ran_s = flowed_s(host, 0, at)
  return {
    type: 'readings',
    seen_at_ms: began + at,
    resource: { kind: 'host', external_id: host },
    metered: false,
    epoch: { id: host, origin_ms: began },
    counters: {
      'network_transmit_bytes/bond0': Math.floor(ran_s * 9e6),
      'network_receive_bytes/bond0': Math.floor(ran_s * 4e6),
    },
    gauges: {
      'load_average/1m': Math.round(load * 9_600) / 100,
      memory_total_bytes: memory,
      memory_available_bytes: Math.floor(memory * (0.7 - 0.5 * load)),
      uptime_seconds: Math.floor(at / 1_000),
    },
  }
}
