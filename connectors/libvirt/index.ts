/** The connector for libvirt: hypervisors, machines, storage and networks of one or several hosts, through `virsh`. */
import { z } from 'zod'
import {
  type Collected,
  type Connector,
  ConnectorError,
  type Manifest,
  type Session,
  type Surroundings,
} from '#connectors/contract.ts'
import { METRICS } from './counters.ts'
import { Epoch } from './epochs.ts'
import { Host, type Remembered } from './host.ts'
import { checkUri } from './uri.ts'

const Settings = z.strictObject({
  uris: z
    .array(z.string().min(1).max(1_000))
    .min(1)
    .max(64)
    .meta({
      title: 'Connection URIs',
      description:
        'One per host, e.g. qemu:///system on the host itself, qemu+ssh://user@host/system or qemu+tls://host/system.',
      examples: [['qemu:///system']],
    }),
})

const manifest: Manifest = {
  name: 'libvirt',
  version: '0.1.0',
  title: 'libvirt',
  description:
    'Hypervisors, virtual machines, storage pools, volumes and networks, with exact instants from libvirt’s events.',
  realm: 'One name per libvirt cluster: machines that migrate between its hosts keep their identity in it.',
  kinds: ['host', 'vm', 'storage_pool', 'volume', 'network'],
  metrics: METRICS,
  supports: 'libvirt 7.2 and later with QEMU; virsh (libvirt-clients) on the machine of the agent',
  permissions:
    'A read-only connection is enough: the agent calls virsh -r. For qemu:///system its user needs no rights beyond the read-only socket.',
  default_interval_ms: 10_000,
  settings: z.record(z.string(), z.json()).parse(z.toJSONSchema(Settings, { io: 'input' })),
  secrets: [],
  commands: [],
}

const Memory = z.strictObject({
  hosts: z.record(z.string(), z.strictObject({ seen_ms: z.int().nonnegative(), epochs: z.record(z.string(), Epoch) })),
})
type Memory = z.infer<typeof Memory>

export const connector: Connector = {
  manifest,
  async open(settings, surroundings) {
    const parsed = Settings.safeParse(settings)
    if (!parsed.success) {
      throw new ConnectorError('bad_settings', z.prettifyError(parsed.error), 'Give at least one connection URI.')
    }
    const uris = [...new Set(parsed.data.uris.map((uri) => checkUri(uri)))]
    const memory = Memory.safeParse(await surroundings.memory.get())
    return new LibvirtSession(uris, memory.success ? memory.data : { hosts: {} }, surroundings)
  },
}

/** How often the instant at which a host was last seen is kept, when nothing else changed. */
const KEEP_MS = 600_000

class LibvirtSession implements Session {
  readonly #hosts: Host[]
  readonly #surroundings: Surroundings
  readonly #memory: Memory
  #saving = Promise.resolve()
  #dirty = false
  #kept_ms = 0

  constructor(uris: string[], memory: Memory, surroundings: Surroundings) {
    this.#surroundings = surroundings
    this.#memory = memory
    const { now, log, emit } = surroundings
    const run = {
      now: () => now.call(surroundings),
      log: log.bind(surroundings),
      emit: (facts: Collected[]) => (emit.call(surroundings, facts), this.#keep()),
      deadline_ms: Math.min(Math.max(surroundings.interval_ms, 5_000), 30_000),
      changed: () => void (this.#dirty = true),
    }
    this.#hosts = uris.map((uri) => new Host(uri, run))
  }

  /** A host that fails stops no other: the facts of the good ones go out before the failure is told. */
  async collect(signal: AbortSignal): Promise<Collected[]> {
    const results = await Promise.allSettled(this.#hosts.map((host) => this.#collectOne(host, signal)))
    const facts = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []))
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
    this.#dirty ||= this.#surroundings.now() - this.#kept_ms > KEEP_MS
    this.#keep()
    if (failures.length === 0) return facts
    if (facts.length > 0) this.#surroundings.emit(facts)
    throw together(failures, this.#hosts.length)
  }

  async #collectOne(host: Host, signal: AbortSignal): Promise<Collected[]> {
    const facts = await host.collect(signal, (uuid): Remembered | undefined => this.#memory.hosts[uuid])
    const twin = this.#hosts.find((other) => other.uuid === host.uuid)
    if (twin && twin !== host) {
      throw new ConnectorError(
        'bad_settings',
        `${host.uri} and ${twin.uri} say that they are the same host ${host.uuid}`,
        'Remove one of the two, or give each host its own host_uuid in libvirtd.conf.',
      )
    }
    return facts
  }

  /** Writes the epochs one after the other, when they changed. */
  #keep(): void {
    if (!this.#dirty) return
    this.#dirty = false
    this.#kept_ms = this.#surroundings.now()
    for (const host of this.#hosts) if (host.uuid !== undefined) this.#memory.hosts[host.uuid] = host.remembered()
    const value = structuredClone(this.#memory)
    this.#saving = this.#saving
      .then(() => this.#surroundings.memory.set(value))
      .catch((error: unknown) => {
        this.#surroundings.log('warn', 'libvirt: the epochs could not be kept', { because: String(error) })
      })
  }

  async close(): Promise<void> {
    for (const host of this.#hosts) host.close()
    this.#keep()
    await this.#saving
  }
}

/** One failure that names every host; a fault of ours goes up as it is. */
function together(failures: unknown[], hosts: number): unknown {
  const known = failures.filter((failure) => failure instanceof ConnectorError)
  const [first] = known
  if (!first || known.length < failures.length) return failures.find((failure) => !(failure instanceof ConnectorError))
  if (hosts === 1) return first
  const messages = known.map((failure) => failure.message).join('; ')
  return new ConnectorError(first.code, `${failures.length} of ${hosts} hosts failed: ${messages}`, first.remedy)
}
