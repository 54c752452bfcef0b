/** The words in which agents and connectors speak to the control plane: wire protocol 1. */
import { z } from 'zod'
import { KINDS, LIMITS, SIZES, STATES } from './wire.ts'

export * from './command.ts'
export * from './release.ts'
export * from './wire.ts'

export const Kind = z.enum(KINDS)
export type Kind = z.infer<typeof Kind>

export const State = z.enum(STATES)
export type State = z.infer<typeof State>

/** Milliseconds since 1970-01-01T00:00:00Z, whole, years 1970 to 9999. */
export const InstantMs = z.int().min(0).max(253_402_300_799_999)
/** How often a source is read: at most a day. */
const IntervalMs = z.int().positive().max(86_400_000)
const text = (max: number) => z.string().min(1).max(max)

/** A whole number from 0 to 2⁶⁴ − 1: a JSON number while that is exact, else decimal digits. */
export const Whole = z.union([
  z.int().nonnegative(),
  z
    .string()
    .regex(/^(0|[1-9]\d{0,19})$/, { abort: true })
    .refine((digits) => BigInt(digits) < 2n ** 64n, 'is above 2⁶⁴ − 1'),
])

export type SizeName = (typeof SIZES)[number]
export const Size = z.partialRecord(z.enum(SIZES), Whole)
export type Size = z.infer<typeof Size>

/** Identity within the source's realm. Hypervisors reuse ids: another UUID or birth is another incarnation. */
export const ResourceRef = z.strictObject({
  kind: Kind,
  external_id: text(512),
  incarnation: z.string().max(128).default(''),
})
export type ResourceRef = z.infer<typeof ResourceRef>

/** Proofs by which two eyes recognise one machine, and by which people search. */
export const Evidence = z.strictObject({
  smbios_uuid: text(64).optional(),
  machine_id: text(64).optional(),
  serials: z.array(text(128)).max(256).optional(),
  macs: z.array(text(32)).max(256).optional(),
  ips: z.array(text(64)).max(256).optional(),
})

export const Parent = z.strictObject({ kind: Kind, external_id: text(512) })

/** What a resource is at an instant. Only what is stable belongs here: each change makes a version. */
export const Content = z.strictObject({
  name: text(512),
  state: State,
  size: Size.default({}),
  /** external id of the host (same realm) on which it is placed */
  host: text(512).nullable().default(null),
  /** what it is a part of, in the same realm: a disk's machine, a pod's namespace, a bucket's user, a module's chassis */
  parent: Parent.optional(),
  evidence: Evidence.default({}),
  /** Vendor-neutral description: model, operating system, disks, NICs. Nothing that counts or fluctuates. */
  attributes: z.record(z.string().max(128), z.json()).default({}),
})
export type Content = z.infer<typeof Content>
/** Parts of the content: what is left out stays as it was, so nothing here has a default. */
export const ContentChange = z
  .strictObject({
    ...Content.shape,
    size: Content.shape.size.unwrap(),
    host: Content.shape.host.unwrap(),
    evidence: Content.shape.evidence.unwrap(),
    attributes: Content.shape.attributes.unwrap(),
  })
  .partial()

export const Observation = ResourceRef.extend(Content.shape)
export type Observation = z.infer<typeof Observation>
export type ObservationInput = z.input<typeof Observation>

/** A part of a realm that one listing covers whole: what is missing from a complete listing isn't placed there. */
export const Scope = z.strictObject({ kind: Kind, external_id: text(512) })
export type Scope = z.infer<typeof Scope>

const fact = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z.strictObject({ type: z.literal(type), source: z.uuid(), seen_at_ms: InstantMs, ...shape })

const Digest = z.string().regex(/^[0-9a-f]{64}$/)
const listing = { scope: Scope, complete: z.boolean(), interval_ms: IntervalMs, digest: Digest }

/** One of n parts of a listing; in force when all are in. */
export const SnapshotPart = fact('snapshot', {
  ...listing,
  snapshot: z.uuid(),
  part: z.int().min(0),
  parts: z
    .int()
    .min(1)
    .max(Math.ceil(LIMITS.rowsPerSnapshot / LIMITS.rowsPerPart)),
  resources: z.array(Observation).max(LIMITS.rowsPerPart),
})
/** A listing equal to an earlier one of its scope: digest and time only. */
export const SnapshotUnchanged = fact('unchanged', listing)

/** What a source says of one resource at an exact instant (a hypervisor's event), narrower than a listing. */
export const Event = fact('event', {
  scope: Scope,
  resource: ResourceRef,
  /** the vendor's word for it, for people: started, migrated, resized … */
  change: text(64),
  /** parts of the content that hold from this instant; null: from this instant it isn't in the scope any more */
  content: ContentChange.nullable(),
})

/**
 * Counters and gauges of one resource at one instant; keys are `metric` or `metric/device`.
 * A counter belongs to an epoch (one boot, one process): it never falls within it, except by a declared wrap.
 */
export const Readings = fact('readings', {
  resource: ResourceRef,
  interval_ms: IntervalMs,
  /** false: history only; these devices are counted elsewhere already (a bridge over a NIC) */
  metered: z.boolean().default(true),
  epoch: z
    .strictObject({
      id: text(128),
      /** when the counters were zero; absent where the source can't know */
      origin_ms: InstantMs.optional(),
      wrap_bits: z.union([z.literal(32), z.literal(64)]).optional(),
    })
    .optional(),
  counters: z.record(z.string().max(256), z.unknown()).default({}),
  gauges: z.record(z.string().max(256), z.unknown()).default({}),
})
export type Readings = z.infer<typeof Readings>

/** How one tick of a source went; an error is data. `source` failing stops no other. */
export const Health = fact('health', {
  ok: z.boolean(),
  duration_ms: z.int().nonnegative().max(86_400_000),
  version: z.string().max(128).optional(),
  error: z.strictObject({ code: text(64), message: text(2_000), remedy: text(2_000) }).optional(),
})

/** The agent admits that facts of [from, seen_at) were lost before they were sent; sequences [first, last] will never come. */
export const Gap = fact('gap', {
  from_ms: InstantMs,
  cause: z.enum(['spool_overflow', 'spool_damaged', 'agent_down', 'source_down']),
  first_sequence: z.int().positive().max(2_147_483_647).optional(),
  last_sequence: z.int().positive().max(2_147_483_647).optional(),
})

export const Fact = z.discriminatedUnion('type', [SnapshotPart, SnapshotUnchanged, Event, Readings, Health, Gap])
export type Fact = z.infer<typeof Fact>

/** The body of one message of the spool; facts are checked one by one, so that a bad one stops no other. */
export const Batch = z.strictObject({
  protocol: z.int(),
  /** added to each `seen_at_ms`: measured at acknowledgements, 0 while within the round trip */
  clock_offset_ms: z.int(),
  boot_id: z.string().max(64),
  facts: z.array(z.unknown()).max(LIMITS.factsPerBatch),
})
export type Batch = z.infer<typeof Batch>

/** At connect: who I am, what I can host, where my spool stands. */
export const Hello = z.strictObject({
  protocol: z.int(),
  oldest_protocol: z.int(),
  version: text(64),
  hostname: text(256),
  spool: z.uuid(),
  first_sequence: z.int().positive().max(2_147_483_647),
  spool_bytes: z.int().nonnegative(),
  sent_at_ms: InstantMs,
  manifests: z.array(z.unknown()).max(64),
})
export type Hello = z.infer<typeof Hello>

export const SourceConfig = z.strictObject({
  id: z.uuid(),
  connector: text(64),
  realm: text(256),
  interval_ms: IntervalMs.min(1_000),
  settings: z.record(z.string(), z.json()),
})
export type SourceConfig = z.infer<typeof SourceConfig>

/** The whole set of an agent's sources; a higher version replaces a lower one. */
export const AgentConfig = z.strictObject({ version: z.int().nonnegative(), sources: z.array(SourceConfig) })
export type AgentConfig = z.infer<typeof AgentConfig>

/** The reply is the acknowledgement: it is sent after the commit. */
export const Reply = z.union([
  z.strictObject({
    ok: z.literal(true),
    /** every sequence up to and including it is durable */
    watermark: z.int().nonnegative(),
    stored_at_ms: InstantMs,
    /** digests that the control plane doesn't hold: list these scopes whole */
    unknown_digests: z.array(Digest).default([]),
    config: AgentConfig.optional(),
  }),
  z.strictObject({ ok: z.literal(false), code: text(64), message: text(2_000), retry: z.boolean() }),
])
export type Reply = z.infer<typeof Reply>

export type MetricType = 'counter' | 'gauge'
export interface Metric {
  type: MetricType
  unit:
    | 'bytes'
    | 'ns'
    | 'us'
    | 'ms'
    | 'seconds'
    | 'count'
    | 'operations'
    | 'packets'
    | 'ratio'
    | 'cores'
    | 'millicores'
    | 'joules'
    | 'watts'
    | 'celsius'
    | 'rpm'
    | 'volts'
    | 'amperes'
  /** what the part after `/` in a key names, if it has one */
  device?: string
  help: string
}

const counter = (unit: Metric['unit'], help: string, device?: string): Metric => ({
  type: 'counter',
  unit,
  help,
  device,
})
const gauge = (unit: Metric['unit'], help: string, device?: string): Metric => ({ type: 'gauge', unit, help, device })

/** Every metric that may be reported, unit last in the name (OpenTelemetry system.*, flattened). */
export const METRICS: Readonly<Record<string, Metric>> = {
  cpu_time_ns: counter('ns', 'Processor time spent, by mode on a host', 'mode'),
  pressure_some_us: counter('us', 'Time in which some tasks waited for the resource (PSI)', 'resource'),
  pressure_full_us: counter('us', 'Time in which all tasks waited for the resource (PSI)', 'resource'),
  disk_read_bytes: counter('bytes', 'Bytes read from the disk', 'disk'),
  disk_write_bytes: counter('bytes', 'Bytes written to the disk', 'disk'),
  disk_read_operations: counter('operations', 'Reads completed by the disk', 'disk'),
  disk_write_operations: counter('operations', 'Writes completed by the disk', 'disk'),
  disk_busy_ms: counter('ms', 'Time in which the disk had work', 'disk'),
  network_receive_bytes: counter('bytes', 'Bytes received by the interface', 'nic'),
  network_transmit_bytes: counter('bytes', 'Bytes sent by the interface', 'nic'),
  network_receive_packets: counter('packets', 'Packets received by the interface', 'nic'),
  network_transmit_packets: counter('packets', 'Packets sent by the interface', 'nic'),
  network_receive_errors: counter('packets', 'Packets received with an error', 'nic'),
  network_transmit_errors: counter('packets', 'Packets that could not be sent', 'nic'),
  network_receive_dropped: counter('packets', 'Received packets that were dropped', 'nic'),
  network_transmit_dropped: counter('packets', 'Packets dropped before they were sent', 'nic'),
  load_average: gauge('ratio', 'Tasks running or waiting for the processor or disk, averaged', 'window'),
  memory_total_bytes: gauge('bytes', 'Physical memory usable by the system'),
  memory_available_bytes: gauge('bytes', 'Memory available to new programs without swapping'),
  memory_free_bytes: gauge('bytes', 'Memory that nothing uses'),
  memory_buffers_bytes: gauge('bytes', 'Memory used for block device buffers'),
  memory_cached_bytes: gauge('bytes', 'Memory used by the page cache'),
  memory_rss_bytes: gauge('bytes', 'Resident memory of the process that runs the machine'),
  memory_balloon_bytes: gauge('bytes', 'Memory that the machine has after ballooning'),
  swap_total_bytes: gauge('bytes', 'Swap space'),
  swap_free_bytes: gauge('bytes', 'Swap space that nothing uses'),
  filesystem_size_bytes: gauge('bytes', 'Size of the file system', 'mount'),
  filesystem_available_bytes: gauge('bytes', 'Space available to ordinary users', 'mount'),
  filesystem_inodes_count: gauge('count', 'Inodes of the file system', 'mount'),
  filesystem_inodes_free_count: gauge('count', 'Inodes that nothing uses', 'mount'),
  processes_count: gauge('count', 'Processes, by state', 'state'),
  uptime_seconds: gauge('seconds', 'Time since the machine booted'),
  storage_capacity_bytes: gauge('bytes', 'Capacity of the storage'),
  storage_allocation_bytes: gauge('bytes', 'Space taken in the storage'),
  storage_available_bytes: gauge('bytes', 'Space left in the storage'),
  storage_used_bytes: gauge('bytes', 'Space that the contents take', 'class'),
  objects_count: gauge('count', 'Objects kept', 'class'),
  requests_count: counter('operations', 'Requests answered', 'class'),
  cpu_used_cores: gauge('cores', 'Processors in use'),
  memory_used_bytes: gauge('bytes', 'Memory in use that cannot be reclaimed'),
  cpu_allocated_millicores: gauge('millicores', 'The larger of the processors that a pod asks for and those it uses'),
  memory_allocated_bytes: gauge('bytes', 'The larger of the memory that a pod asks for and that it uses'),
  energy_joules: counter('joules', 'Energy drawn', 'supply'),
  power_watts: gauge('watts', 'Power drawn', 'supply'),
  temperature_celsius: gauge('celsius', 'Temperature', 'sensor'),
  fan_speed_rpm: gauge('rpm', 'Speed of the fan', 'fan'),
  voltage_volts: gauge('volts', 'Voltage', 'rail'),
  current_amperes: gauge('amperes', 'Current', 'rail'),
}

/** What an agent tells of a connector at hello; forms are built from `settings`. */
export const Manifest = z.strictObject({
  name: text(64).regex(/^[a-z][a-z0-9-]*$/),
  version: text(64),
  title: text(128),
  description: text(1_000),
  /** how `realm` is chosen, for the person who fills the form */
  realm: text(1_000),
  kinds: z.array(Kind),
  metrics: z.array(text(64)),
  supports: text(256),
  permissions: text(1_000),
  default_interval_ms: IntervalMs,
  /** JSON Schema 2020-12 of an object */
  settings: z.record(z.string(), z.json()),
  /** settings that are never shown again */
  secrets: z.array(text(64)).default([]),
  /** verbs on resources, by kind; collecting connectors have none yet */
  commands: z.array(z.strictObject({ name: text(64), kinds: z.array(Kind) })).default([]),
})
export type Manifest = z.infer<typeof Manifest>

type WithoutSource<T> = T extends unknown ? Omit<T, 'source'> : never
/** A whole listing; the agent cuts it into parts, or into `unchanged` when its digest is that of the last one. */
export interface Listing {
  type: 'listing'
  seen_at_ms: number
  scope: Scope
  complete: boolean
  resources: ObservationInput[]
}
export type Collected =
  | Listing
  | WithoutSource<z.input<typeof Event>>
  | Omit<z.input<typeof Readings>, 'source' | 'interval_ms'>
  | WithoutSource<z.input<typeof Gap>>

/** What the agent gives to a session. */
export interface Surroundings {
  realm: string
  interval_ms: number
  /** facts that can't wait for the next tick: a vendor's events */
  emit(facts: Collected[]): void
  /** small memory that survives a restart, written atomically */
  memory: { get(): Promise<unknown>; set(value: unknown): Promise<void> }
  now(): number
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: Record<string, unknown>): void
}
export interface Session {
  /** one tick; throws ConnectorError. Called never twice at once. */
  collect(signal: AbortSignal): Promise<Collected[]>
  close(): Promise<void>
}
export interface Connector {
  manifest: Manifest
  /** Checks the settings (throws ConnectorError `bad_settings`); reaches out only in `collect`. */
  open(settings: Record<string, unknown>, surroundings: Surroundings): Promise<Session>
}
