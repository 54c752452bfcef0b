/** Meters: what of a resource can be charged, in which units, and how its quantity comes about. */
import { z } from 'zod'
import { Id, InstantText } from '../http/contract.ts'

/**
 * Allocation meters integrate observed versions over time; consumption meters sum increases of counters; gauge meters integrate readings
 * over time, each of which holds until the next one; percentile meters take one of the means of five minutes that two counters had in a
 * whole period.
 */
export interface Meter {
  kind: 'allocation' | 'consumption' | 'gauge' | 'percentile'
  /** allocation: which states count; a gauge counts whatever the state, or only while it runs */
  counts?: 'allocated' | 'running'
  /** allocation: the size that is integrated; absent: the resource itself, 1 */
  size?: 'vcpu_count' | 'cpu_millicores' | 'memory_bytes' | 'disk_bytes' | 'ip_count' | 'service_count'
  /** what was agreed is charged, not what was measured: only services have it */
  of?: 'service'
  /** consumption and gauge: the metric that is read; absent: the one that is called as the meter is */
  metric?: string
  /** consumption: devices of the counter that are no use of the resource (idle time of a processor) */
  excludes?: readonly string[]
  /** only these devices count, '' being the one without a name; a gauge always says which, so that no byte is held twice */
  devices?: readonly string[]
  /** percentile: the counters in and out, and how many per cent of the highest means are dropped */
  rate?: { in: 'network_receive_bytes'; out: 'network_transmit_bytes'; dropped_percent: number }
  /** units in which it may be priced → base units in one of them */
  units: Readonly<Record<string, bigint>>
}

const BYTES = {
  B: 1n,
  kB: 10n ** 3n,
  MB: 10n ** 6n,
  GB: 10n ** 9n,
  TB: 10n ** 12n,
  KiB: 2n ** 10n,
  MiB: 2n ** 20n,
  GiB: 2n ** 30n,
  TiB: 2n ** 40n,
} as const
const MILLICORES = { core: 1_000n, millicore: 1n } as const
const OPERATIONS = { operation: 1n, thousand_operations: 1_000n, million_operations: 1_000_000n } as const
/** A joule is a watt for a second. */
const ENERGY = { Wh: 3_600n, kWh: 3_600_000n, MWh: 3_600_000_000n } as const
const consumption = (units: Meter['units']): Meter => ({ kind: 'consumption', units })
/** What is read without a device: others are classes and parts of their own, which would need meters of their own. */
const gauge = (units: Meter['units']): Meter => ({ kind: 'gauge', devices: [''], units })
/** One class of the requests that a bucket, a user or a zone answered. */
const requests = (device: string): Meter => ({
  ...consumption(OPERATIONS),
  metric: 'requests_count',
  devices: [device],
})
/** In 75ths of a bit per second: a byte in five minutes is 8 bits ÷ 300 s, two of them, so that every mean is a whole number. */
const RATES = { 'bit/s': 75n, 'kbit/s': 75_000n, 'Mbit/s': 75_000_000n, 'Gbit/s': 75_000_000_000n } as const
const percentile = (dropped_percent: number): Meter => ({
  kind: 'percentile',
  rate: { in: 'network_receive_bytes', out: 'network_transmit_bytes', dropped_percent },
  units: RATES,
})

export const METERS = {
  instance: { kind: 'allocation', counts: 'allocated', units: { instance: 1n } },
  instance_running: { kind: 'allocation', counts: 'running', units: { instance: 1n } },
  vcpu: { kind: 'allocation', counts: 'running', size: 'vcpu_count', units: { vCPU: 1n } },
  cpu: { kind: 'allocation', counts: 'running', size: 'cpu_millicores', units: MILLICORES },
  memory: { kind: 'allocation', counts: 'running', size: 'memory_bytes', units: BYTES },
  disk: { kind: 'allocation', counts: 'allocated', size: 'disk_bytes', units: BYTES },
  ip: { kind: 'allocation', counts: 'allocated', size: 'ip_count', units: { IP: 1n } },
  network_receive_bytes: consumption(BYTES),
  network_transmit_bytes: consumption(BYTES),
  disk_read_bytes: consumption(BYTES),
  disk_write_bytes: consumption(BYTES),
  disk_read_operations: consumption(OPERATIONS),
  disk_write_operations: consumption(OPERATIONS),
  cpu_time_ns: {
    ...consumption({ CPU_second: 10n ** 9n, CPU_hour: 3600n * 10n ** 9n }),
    excludes: ['idle', 'iowait'],
  },
  energy_joules: consumption(ENERGY),
  storage_used_bytes: gauge(BYTES),
  cpu_allocated_millicores: { ...gauge(MILLICORES), counts: 'running' },
  memory_allocated_bytes: { ...gauge(BYTES), counts: 'running' },
  requests_list: requests('list'),
  requests_read: requests('read'),
  requests_write: requests('write'),
  requests_delete: requests('delete'),
  requests_other: requests('other'),
  network_p95: percentile(5),
  network_max: percentile(0),
  fee: { kind: 'allocation', counts: 'allocated', size: 'service_count', of: 'service', units: { service: 1n } },
  setup: { ...consumption({ service: 1n }), of: 'service' },
} as const satisfies Record<string, Meter>
export type MeterName = keyof typeof METERS
export const METER_NAMES = Object.keys(METERS) as [MeterName, ...MeterName[]]
export const meterOf = (name: MeterName): Meter => METERS[name]
/** Its quantities are base units × milliseconds: prices are for an hour or a month of a unit. */
export const isOverTime = ({ kind }: Meter): boolean => kind === 'allocation' || kind === 'gauge'
/** The meters whose hours of usage lie beneath what a meter counts. */
export function hourMetersOf(name: MeterName): MeterName[] {
  const { rate } = meterOf(name)
  return rate ? [rate.in, rate.out] : [name]
}

/** Five minutes of the UTC clock: the means of a percentile are of these. */
export const SLOT_MS = 300_000
/** What a percentile meter says of a period; bytes are those of the one slot that counts. */
export interface Peak {
  /** null: no slot of this direction was ever observed, so it doesn't count */
  in: bigint | null
  out: bigint | null
  /** which of the observed slots counts, from the lowest, 1 being the first; 0 where none was observed */
  rank: number
  /** observed whole, in each direction that counts */
  slots: number
  /** not observed, or not wholly: they count for nothing, and never as 0 */
  missing: number
  /** of those that count: the readings around lie further apart than a slot, so that several have one mean */
  spread: number
  /** some of these lie in a silence of which only the total is known */
  estimated: boolean
  /** slots in a row of which nothing at all is known */
  unseen: { from: number; to: number }[]
}

export const GapCause = z.enum([
  'silent',
  'reset',
  'spool_overflow',
  'spool_damaged',
  'agent_down',
  'source_down',
  'source_paused',
])
export type GapCause = z.infer<typeof GapCause>

/**
 * What is done with time in which nobody looked: `infer` goes on with what was last seen, `total` takes what the counter says
 * at the end of it, `skip` bills nothing of it, `block` holds the invoice until it is filled or a person accepts it.
 */
export const GapPolicy = z.enum(['infer', 'total', 'skip', 'block'])
export type GapPolicy = z.infer<typeof GapPolicy>

/** A reading with the key under which it arrived: what a person can ask the agent's spool about. */
export const ReadingRef = z.object({ at: InstantText, value: z.string(), spool: Id, sequence: z.int() })

/** Usage of one resource and meter in one UTC hour, with the readings that bound each counter epoch. */
export const UsageHour = z
  .object({
    meter: z.string(),
    hour: InstantText,
    quantity: z.string().meta({ description: 'whole base units; of a gauge × milliseconds' }),
    reading_count: z.int(),
    estimated: z.boolean(),
    gaps: z.array(z.object({ from: InstantText, to: InstantText, cause: GapCause })),
    bounds: z.array(z.object({ device: z.string(), epoch: z.string(), first: ReadingRef, last: ReadingRef })),
  })
  .meta({ id: 'UsageHour' })
export type UsageHour = z.infer<typeof UsageHour>

/** At most 31 days at once; default: the last 24 hours. */
export const UsageQuery = z.object({
  from: InstantText.optional(),
  to: InstantText.optional(),
  meter: z.enum(METER_NAMES).optional(),
})
export type UsageQuery = z.infer<typeof UsageQuery>

/** A part of a replay: facts of whole hours, of at most 31 days. */
export const NewReplay = z.object({
  from: InstantText,
  to: InstantText,
  cursor: Id.optional().meta({ description: 'goes on after this one: `next_cursor` of the part before' }),
})
export type NewReplay = z.infer<typeof NewReplay>
/** One hour that said something else than its readings; `before` null: there was no row. */
const ReplayedHour = z.object({
  resource: z.object({ id: Id, name: z.string() }),
  meter: z.string(),
  hour: InstantText,
  before: z.string().nullable().meta({ description: 'whole base units' }),
  after: z.string(),
})
export const Replay = z
  .object({
    from: InstantText,
    to: InstantText,
    resources: z.int().meta({ description: 'of this part' }),
    total: z.int().meta({ description: 'of all parts' }),
    changed: z.int().meta({ description: 'hours of this part that were mended' }),
    hours: z.array(ReplayedHour).meta({ description: 'the first 100 of them' }),
    next_cursor: Id.nullable(),
  })
  .meta({ id: 'Replay' })
export type Replay = z.infer<typeof Replay>
