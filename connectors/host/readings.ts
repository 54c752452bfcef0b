/** One sample of the machine → facts, each counter in the epoch that it belongs to; pure. */
import type { Collected } from '../contract.ts'
import {
  type Device,
  type Series,
  type Space,
  disks,
  load,
  memory,
  nics,
  pressure,
  space,
  stat,
  uptime,
} from './map.ts'

/**
 * Hardware devices by name, with the number that the kernel gave to this stay of theirs (`diskseq`, `ifindex`): a card that
 * was taken out and put back has another, and counts from zero again. '' where the kernel is too old to say.
 */
export type Stays = ReadonlyMap<string, string>

/** What one tick read, as text. */
export interface Sample {
  stat: string
  meminfo: string
  loadavg: string
  uptime: string
  diskstats: string
  net_dev: string
  /** by resource; a kernel without PSI has none */
  pressure: Record<string, string>
  processes: number
  spaces: [mount: string, read: Space][]
  physical_disks: Stays
  physical_nics: Stays
}

export interface Identity {
  machine_id: string
  boot_id: string
  origin_ms: number
}

/** The stay in which each device was seen first in this boot; kept over restarts of the agent. */
export interface FirstStays {
  boot_id: string
  stays: Record<string, string>
}

/** The same object when nothing was added. */
export function firstStays(known: FirstStays, boot_id: string, sample: Sample): FirstStays {
  const stays = known.boot_id === boot_id ? known.stays : {}
  const added = [...sample.physical_disks, ...sample.physical_nics].filter(([name]) => !Object.hasOwn(stays, name))
  if (added.length === 0 && stays === known.stays) return known
  return { boot_id, stays: { ...stays, ...Object.fromEntries(added) } }
}

const merged = (devices: Device[]): Series => Object.assign({}, ...devices.map((device) => device.counters))
const busy = (devices: Device[]): Series =>
  Object.fromEntries(
    devices.flatMap(({ name, busy_ms }) => (busy_ms === undefined ? [] : [[`disk_busy_ms/${name}`, busy_ms]])),
  )

/** A hypervisor has hundreds of these, mostly at rest: what isn't there is zero, because the epoch's origin is known. */
const withoutZeros = (series: Series): Series =>
  Object.fromEntries(Object.entries(series).filter(([, value]) => value !== 0))

/**
 * Idle and waiting time may step back by a tick or two when a processor goes to sleep (proc(5)): held at the highest
 * value so far, so that no counter falls within its epoch.
 */
export function held(previous: Readonly<Series>, counters: Series): Series {
  for (const mode of ['idle', 'iowait', 'steal']) {
    const key = `cpu_time_ns/${mode}`
    const before = previous[key]
    const now = counters[key]
    if (before !== undefined && now !== undefined && BigInt(now) < BigInt(before)) counters[key] = before
  }
  return counters
}

const gaugesOf = (sample: Sample, states: Series): Series => ({
  ...load(sample.loadavg),
  ...memory(sample.meminfo),
  ...Object.assign({}, ...sample.spaces.map(([mount, read]) => space(mount, read))),
  ...states,
  'processes_count/total': sample.processes,
  ...uptime(sample.uptime),
})

/**
 * The first fact holds the system and its hardware; then how long disks were busy, which the kernel counts in 32 bits;
 * then devices put back in this boot, each in an epoch of its own; then devices whose work is counted beneath them.
 */
export function readings(
  sample: Sample,
  { machine_id, boot_id, origin_ms }: Identity,
  seen_at_ms: number,
  first: FirstStays,
  previous: Readonly<Series> = {},
): Collected[] {
  const resource = { kind: 'host' as const, external_id: machine_id }
  const common = { type: 'readings' as const, seen_at_ms, resource }
  const epoch = { id: boot_id, origin_ms }
  const stays = new Map([...sample.physical_disks, ...sample.physical_nics])
  const devices = [...disks(sample.diskstats), ...nics(sample.net_dev)]
  const hardware = devices.filter(({ name }) => stays.has(name))
  const original = hardware.filter(({ name }) => (first.stays[name] ?? stays.get(name)) === stays.get(name))
  const others = devices.filter(({ name, moved }) => moved && !stays.has(name))
  const { counters, gauges } = stat(sample.stat)
  const pressures = Object.entries(sample.pressure).map(([name, text]) => pressure(name, text))
  const facts: Collected[] = [
    {
      ...common,
      epoch,
      counters: { ...held(previous, counters), ...merged(original), ...Object.assign({}, ...pressures) },
      gauges: gaugesOf(sample, gauges),
    },
  ]
  const busyTimes = busy(original)
  if (Object.keys(busyTimes).length > 0)
    facts.push({ ...common, epoch: { ...epoch, wrap_bits: 32 }, counters: busyTimes })
  for (const device of hardware)
    if (!original.includes(device))
      facts.push({
        ...common,
        epoch: { id: `${boot_id}/${device.name}/${stays.get(device.name)}` },
        counters: device.counters,
      })
  if (others.length > 0) facts.push({ ...common, metered: false, epoch, counters: withoutZeros(merged(others)) })
  return facts
}
