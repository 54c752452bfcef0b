/** The `host` connector: the machine that the agent runs on, from /proc and /sys. */
import { randomUUID } from 'node:crypto'
import type { Collected, Connector, Session, Surroundings } from '../contract.ts'
import { Misshapen, type Shape, list, optional, otherwise, readAs, record, strict, text } from '../shape.ts'
import { ConnectorError } from '../wire.ts'
import { runInventory } from './child.ts'
import { HostClient, bootId, machineId } from './client.ts'
import { hostResource } from './listing.ts'
import { type Series, stat } from './map.ts'
import { type FirstStays, type Identity, type Sample, firstStays, readings } from './readings.ts'

const DAY_MS = 86_400_000
/** after an inventory that failed */
const RETRY_MS = 600_000

interface Settings {
  exclude_mounts: string[]
}
const PATTERNS_MAX = 64
const PATTERN_CHARS_MAX = 256
const settingsShape: Shape<Settings> = strict({
  exclude_mounts: otherwise(list(text(1, PATTERN_CHARS_MAX), PATTERNS_MAX), () => []),
})

const manifest: Connector['manifest'] = {
  name: 'host',
  version: '1.0.0',
  title: 'This server',
  description:
    'The machine that the agent runs on: processors, load, memory, file systems, disks, network cards and pressure, and what it is made of.',
  realm: 'The machine-id of the server (/etc/machine-id): each server is a realm of its own.',
  kinds: ['host'],
  metrics: [
    'cpu_time_ns',
    'pressure_some_us',
    'pressure_full_us',
    'disk_read_bytes',
    'disk_write_bytes',
    'disk_read_operations',
    'disk_write_operations',
    'disk_busy_ms',
    'network_receive_bytes',
    'network_transmit_bytes',
    'network_receive_packets',
    'network_transmit_packets',
    'network_receive_errors',
    'network_transmit_errors',
    'network_receive_dropped',
    'network_transmit_dropped',
    'load_average',
    'memory_total_bytes',
    'memory_available_bytes',
    'memory_free_bytes',
    'memory_buffers_bytes',
    'memory_cached_bytes',
    'swap_total_bytes',
    'swap_free_bytes',
    'filesystem_size_bytes',
    'filesystem_available_bytes',
    'filesystem_inodes_count',
    'filesystem_inodes_free_count',
    'processes_count',
    'uptime_seconds',
  ],
  supports: 'Linux 4.15 and later, 64-bit; pressure from 4.20',
  permissions: 'None. Serial numbers and memory modules are seen only by root.',
  default_interval_ms: 10_000,
  settings: {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: {
      exclude_mounts: {
        description: 'Mount points that are left out, as patterns: /var/lib/docker/**',
        type: 'array',
        items: { type: 'string', minLength: 1, maxLength: PATTERN_CHARS_MAX },
        maxItems: PATTERNS_MAX,
        default: [],
      },
    },
    additionalProperties: false,
  },
  secrets: [],
  commands: [],
}

function parseSettings(settings: Record<string, unknown>): Settings {
  try {
    return settingsShape(settings)
  } catch (error) {
    if (!(error instanceof Misshapen)) throw error
    throw new ConnectorError(
      'bad_settings',
      `the settings of host are not valid: ${error.message}`,
      'Correct the settings of the source.',
    )
  }
}

/** What a restart of the agent must not forget. */
interface Kept {
  /** of a machine that has none of its own */
  machine_id?: string | undefined
  first: FirstStays
}
const anyText = text(0, Infinity)
const keptShape: Shape<Kept> = strict({
  machine_id: optional(text(32, 32, /^[0-9a-f]{32}$/)),
  first: strict({ boot_id: anyText, stays: record(anyText) }),
})

class HostSession implements Session {
  #client = new HostClient()
  #surroundings: Surroundings
  #excluded: (mount: string) => boolean
  #own_machine_id = machineId()
  #kept: Kept | null = null
  #identity: Identity | null = null
  #counters: Series = {}
  #resources: ReturnType<typeof hostResource>[] = []
  #inventory_due_ms = 0

  constructor(settings: Settings, surroundings: Surroundings) {
    const patterns = settings.exclude_mounts.map((pattern) => new Bun.Glob(pattern))
    this.#excluded = (mount) => patterns.some((pattern) => pattern.match(mount))
    this.#surroundings = surroundings
  }

  async collect(signal: AbortSignal): Promise<Collected[]> {
    const { now } = this.#surroundings
    const kept = (this.#kept ??= await this.#recall())
    const machine_id = this.#own_machine_id ?? (await this.#madeMachineId(kept))
    if (now() >= this.#inventory_due_ms) await this.#takeInventory(machine_id, signal)
    const sample = this.#client.sample(this.#excluded)
    // `btime` moves when the clock is set: the epoch keeps the origin that it was given first.
    this.#identity ??= { machine_id, boot_id: bootId(), origin_ms: stat(sample.stat).booted_s * 1000 }
    const seen_at_ms = now()
    const first = await this.#first(kept, this.#identity.boot_id, sample)
    const facts = readings(sample, this.#identity, seen_at_ms, first, this.#counters)
    this.#remember(facts)
    return [...this.#listing(machine_id, seen_at_ms), ...facts]
  }

  async #recall(): Promise<Kept> {
    return readAs(keptShape, await this.#surroundings.memory.get()) ?? { first: { boot_id: '', stays: {} } }
  }

  /** Machines without a machine-id get one, kept for as long as the agent's state is. */
  async #madeMachineId(kept: Kept): Promise<string> {
    if (kept.machine_id) return kept.machine_id
    kept.machine_id = randomUUID().replaceAll('-', '')
    await this.#surroundings.memory.set(kept)
    return kept.machine_id
  }

  async #first(kept: Kept, boot_id: string, sample: Sample): Promise<Kept['first']> {
    const first = firstStays(kept.first, boot_id, sample)
    if (first !== kept.first) await this.#surroundings.memory.set({ ...kept, first })
    kept.first = first
    return first
  }

  #remember([first]: Collected[]): void {
    if (first?.type === 'readings') this.#counters = (first.counters ?? {}) as Series
  }

  #listing(machine_id: string, seen_at_ms: number): Collected[] {
    if (this.#resources.length === 0) return []
    const scope = { kind: 'host' as const, external_id: machine_id }
    return [{ type: 'listing', seen_at_ms, scope, complete: true, resources: this.#resources }]
  }

  /** The last good inventory stays in force while a new one can't be had. */
  async #takeInventory(machine_id: string, signal: AbortSignal): Promise<void> {
    const { log, now } = this.#surroundings
    try {
      this.#resources = [hostResource(await runInventory(signal), machine_id)]
      this.#inventory_due_ms = now() + DAY_MS
    } catch (error) {
      signal.throwIfAborted()
      this.#inventory_due_ms = now() + RETRY_MS
      log('warn', 'the inventory of this machine failed; it is tried again in ten minutes', { error: String(error) })
    }
  }

  async close(): Promise<void> {
    this.#client.close()
  }
}

export const connector: Connector = {
  manifest,
  async open(settings, surroundings) {
    const parsed = parseSettings(settings)
    if (process.platform !== 'linux')
      throw new ConnectorError(
        'missing_tool',
        `the host connector reads /proc of Linux, and this is ${process.platform}`,
        'Run the agent of this source on a Linux server.',
      )
    return new HostSession(parsed, surroundings)
  },
}
