/** The words of wire protocol 1 without their schemas: what an agent keeps in memory from tick to tick. Schemas are in `contract.ts`. */
import { hash } from 'node:crypto'
import type { Observation, ResourceRef } from './contract.ts'

/** The control plane serves the current protocol and the one before it. */
export const PROTOCOL = { current: 1, oldest: 1 } as const

/** Every bound of the wire in one place. A bound that is hit is a named error, never a silent drop. */
export const LIMITS = {
  /** Compressed body of one message; NATS refuses more than 1 MiB. */
  bodyBytes: 768 * 1024,
  /** Body after inflation: a small message can't fill the server's memory. */
  inflatedBytes: 8 * 1024 * 1024,
  factsPerBatch: 20_000,
  rowsPerPart: 1_000,
  /** Resources in one scope: above it the scope must be divided. */
  rowsPerSnapshot: 50_000,
  seriesPerReading: 5_000,
  /** Unacknowledged bytes of one agent on the wire. */
  inFlightBytes: 4 * 1024 * 1024,
} as const

export const KINDS = [
  'site',
  'rack',
  'host',
  'component',
  'cluster',
  'vm',
  'container',
  'disk',
  'volume',
  'storage_pool',
  'nic',
  'network',
  'ip',
  'snapshot',
  'backup',
  'template',
  'kubernetes_cluster',
  'node',
  'namespace',
  'workload',
  'pod',
  'persistent_volume_claim',
  'load_balancer',
  'bucket',
  's3_user',
  'game_server',
] as const
/** `running` is executing; `paused` holds its memory without executing; `stopped` holds only its disks. */
export const STATES = ['running', 'paused', 'stopped', 'failed', 'unknown'] as const

/** How big a resource is: what allocation meters integrate. `cpu_millicores`: where processors are given in parts, thousandths of one. */
export const SIZES = ['vcpu_count', 'cpu_millicores', 'memory_bytes', 'disk_bytes', 'ip_count'] as const

export const SUBJECTS = {
  report: (agent: string) => `v1.report.${agent}`,
  config: (agent: string) => `v1.config.${agent}`,
  command: (agent: string) => `v1.command.${agent}`,
  event: (installation: string, type: string) => `v1.event.${installation}.${type}`,
  inbox: (agent: string) => `v1.inbox.${agent}`,
} as const

/** The envelope travels in headers, so that a body that can't be read is still acknowledged and kept. */
export const HEADERS = {
  message: 'Atalaya-Message',
  spool: 'Atalaya-Spool',
  sequence: 'Atalaya-Sequence',
  previous: 'Atalaya-Previous',
  signature: 'Atalaya-Signature',
} as const
export interface Envelope {
  message: 'hello' | 'batch'
  /** random, made with the spool file: a wiped disk is a new spool */
  spool: string
  /** contiguous from 1 */
  sequence: number
  /** hash of the batch before it, '' for the first */
  previous: string
}

/** What the agent's Ed25519 key signs: the subject is in it, so no report passes as another agent's. */
export const signedText = (subject: string, e: Envelope, body: Uint8Array): Uint8Array =>
  new TextEncoder().encode([subject, e.message, e.spool, e.sequence, e.previous, sha256(body)].join('\n'))

/** What the key signs to get a new credential: the first line keeps it from being a report. */
export const renewalText = (agent: string, challenge: string): Uint8Array =>
  new TextEncoder().encode(['atalaya-renewal', agent, challenge].join('\n'))

/** Lower-case hexadecimal SHA-256. */
export const sha256 = (data: Uint8Array | string): string => hash('sha256', data, 'hex')

/** JSON with sorted keys and no undefined: equal values have equal text (RFC 8785 but for exotic numbers). */
export function canonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  let text = ''
  if (Array.isArray(value)) {
    for (const item of value) text += `,${canonical(item ?? null)}`
    return `[${text.slice(1)}]`
  }
  const fields = value as Readonly<Record<string, unknown>>
  for (const key of Object.keys(fields).toSorted()) {
    const item = fields[key]
    if (item !== undefined) text += `,${JSON.stringify(key)}:${canonical(item)}`
  }
  return `{${text.slice(1)}}`
}

const refText = (ref: ResourceRef) => `${ref.kind}\n${ref.external_id}\n${ref.incarnation}`

/** The digest of a listing: equal for equal sets of observations, whatever their order. */
export const listingDigest = (resources: Observation[], complete: boolean): string =>
  sha256(canonical([complete, resources.toSorted((a, b) => (refText(a) < refText(b) ? -1 : 1))]))

/** Preset dictionary of the compressed body (raw deflate): part of protocol 1, never edited. */
export const DICTIONARY = new TextEncoder().encode(
  [
    '"external_id":"","incarnation":"","kind":"host"},"kind":"vm"},"interval_ms":10000,"metered":false,',
    '"epoch":{"id":"","origin_ms":17,"wrap_bits":64},{"protocol":1,"clock_offset_ms":0,"boot_id":"","facts":[',
    '{"type":"health","source":"","ok":true,"duration_ms":,"version":"","error":{"code":"","message":"","remedy":""}',
    '{"type":"unchanged","source":"","scope":{"kind":"host","external_id":"","complete":true,"digest":"',
    '"state":"running","size":{"vcpu_count":,"memory_bytes":,"disk_bytes":},"evidence":{"macs":[],"ips":[]},"attributes":{',
    '"gauges":{"load_average/15m":,"load_average/1m":0.,"load_average/5m":0.,"memory_available_bytes":,"memory_buffers_bytes":,',
    '"memory_cached_bytes":,"memory_free_bytes":,"memory_total_bytes":,"swap_free_bytes":,"swap_total_bytes":,"memory_rss_bytes":,',
    '"memory_balloon_bytes":,"filesystem_available_bytes/":,"filesystem_size_bytes/":,"filesystem_inodes_count/":,',
    '"filesystem_inodes_free_count/":,"processes_count/blocked":0,"processes_count/running":,"processes_count/total":,',
    '"uptime_seconds":,"storage_capacity_bytes":,"storage_allocation_bytes":,"storage_available_bytes":',
    '"counters":{"cpu_time_ns/idle":,"cpu_time_ns/iowait":,"cpu_time_ns/irq":0,"cpu_time_ns/nice":,"cpu_time_ns/softirq":,',
    '"cpu_time_ns/steal":,"cpu_time_ns/system":,"cpu_time_ns/user":,"pressure_some_us/cpu":,"pressure_some_us/io":,',
    '"pressure_full_us/io":,"pressure_some_us/memory":,"pressure_full_us/memory":,"disk_busy_ms/vda":,"disk_busy_ms/sda":,',
    '"disk_read_bytes/sda":,"disk_read_bytes/vda":,"disk_read_operations/sda":,"disk_read_operations/vda":,',
    '"disk_write_bytes/sda":,"disk_write_bytes/vda":,"disk_write_operations/sda":,"disk_write_operations/vda":,',
    '"network_receive_bytes/eth0":,"network_receive_dropped/eth0":0,"network_receive_errors/eth0":0,"network_receive_packets/eth0":,',
    '"network_transmit_bytes/eth0":,"network_transmit_dropped/eth0":0,"network_transmit_errors/eth0":0,"network_transmit_packets/eth0":',
    '{"type":"readings","source":"","seen_at_ms":17,"resource":{',
  ].join(''),
)

/** A failure that a person can act on; anything else thrown is reported as `unexpected`. */
export class ConnectorError extends Error {
  readonly code: 'unreachable' | 'refused' | 'timeout' | 'bad_answer' | 'missing_tool' | 'bad_settings' | 'limit'
  readonly remedy: string
  constructor(code: ConnectorError['code'], message: string, remedy: string) {
    super(message)
    this.name = 'ConnectorError'
    this.code = code
    this.remedy = remedy
  }
}
