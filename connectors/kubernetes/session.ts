/** One source: watches run between ticks and tell what happens; a tick makes sure of them, and lists what is there. */
import { type Collected, ConnectorError, type Scope, type Session, type Surroundings } from '#connectors/contract.ts'
import { asOne } from '#connectors/failures.ts'
import type { Access } from './access.ts'
import { Allocation } from './allocation.ts'
import { Absent, Client, type Collection } from './client.ts'
import { Follower } from './follower.ts'
import { Inventory } from './inventory.ts'
import { keyOf, type Wanted, wanted } from './kinds.ts'
import { namespaceRow } from './map.ts'
import { type Memory, remembered } from './memory.ts'
import { Meter } from './meter.ts'
import type { Settings } from './settings.ts'
import { type Fields, fields, identifier, text } from './values.ts'

/** Requests under way at once. */
const AT_ONCE = 6
const NAMESPACES: Collection = { resource: 'namespaces', group: '', version: 'v1' }
const UID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export class KubernetesSession implements Session {
  readonly #around: Surroundings
  readonly #settings: Settings
  readonly #client: Client
  readonly #followers: Follower[]
  readonly #inventory: Inventory
  readonly #meter: Meter
  readonly #allocation: Allocation
  readonly #memory: Memory
  readonly #said = new Set<string>()
  #version: string | undefined
  #saving: Promise<void> = Promise.resolve()

  constructor(access: Access, settings: Settings, memory: unknown, around: Surroundings) {
    this.#around = around
    this.#settings = settings
    this.#client = new Client(access)
    this.#memory = remembered(memory)
    const { told_ms, versions, namespaces } = this.#memory
    const now = () => around.now()
    this.#allocation = new Allocation(around.interval_ms)
    this.#inventory = new Inventory(told_ms ?? 0, {
      emit: (facts) => around.emit(facts),
      now,
      began: (row, began_ms) => this.#allocation.began(row, began_ms, now()),
    })
    for (const external_id of namespaces) this.#inventory.expect({ kind: 'namespace', external_id })
    // Kubernetes tells whole seconds: what began in that of the last listing may not have been in it
    const since_ms = told_ms === undefined ? Infinity : Math.floor(told_ms / 1_000) * 1_000
    this.#followers = wanted(settings).map(
      ({ of, map }: Wanted) =>
        new Follower(this.#client, of, (object) => map(object, around.realm), this.#inventory.sink, {
          start: { resource_version: versions[keyOf(of)], since_ms },
          now,
        }),
    )
    this.#meter = new Meter(this.#client, settings.namespaces, (message, because) => this.#sayOnce(message, because))
  }

  /** What could be read goes out before what could not is told. */
  async collect(signal: AbortSignal): Promise<Collected[]> {
    await this.#checkCluster(signal)
    const at_ms = this.#around.now()
    const failed = new Map<Collection, ConnectorError>()
    await together(this.#followers, async (follower) => this.#check(follower, failed, signal))
    if (this.#settings.namespaces)
      await together(this.#settings.namespaces, (name) => this.#readNamespace(name, signal))
    else this.#putCluster()
    const { facts: usage, measurement } = await this.#meter.read(
      this.#inventory,
      this.#around.realm,
      this.#around.now(),
      signal,
    )
    // from here on nothing waits: what is remembered is what was told
    this.#inventory.flush()
    const isWhole = (scope: Scope) => ![...failed.keys()].some((of) => concerns(of, scope))
    const listings = this.#inventory.listings(at_ms, isWhole)
    const held = this.#allocation.tick(this.#inventory.rows(), measurement, {
      at_ms,
      isSure: ({ scope }) => isWhole(scope),
    })
    this.#remember(at_ms, failed.size === 0)
    // in the order of kinds, not in that of answers
    const [first, ...others] = this.#followers.flatMap(({ of }) => failed.get(of) ?? [])
    const facts = [...listings.filter(({ complete }) => complete), ...usage, ...held]
    if (!first) return facts
    this.#around.emit(facts)
    throw asOne(first, others)
  }

  async #check(follower: Follower, failed: Map<Collection, ConnectorError>, signal: AbortSignal): Promise<void> {
    try {
      await follower.check(signal)
      if (follower.isAbsent)
        this.#sayOnce(`this cluster has no ${follower.of.resource} of ${follower.of.group}/${follower.of.version}`)
    } catch (error) {
      // a credential that isn't valid speaks for nothing; what is no failure of the vendor is a fault of ours
      if (!(error instanceof ConnectorError) || signal.aborted || isUnauthorized(error)) throw error
      failed.set(follower.of, error)
    }
  }

  /** A UID as realm is that of the cluster; and an address that leads to another cluster than before is not believed. */
  async #checkCluster(signal: AbortSignal): Promise<void> {
    this.#version ??= await this.#optional('/version', signal).then((body) => body && text(body['gitVersion'], 128))
    const body = await this.#optional('/api/v1/namespaces/kube-system', signal)
    if (!body) return
    const uid = identifier(fields(body['metadata'], 'metadata')['uid'], 'metadata.uid', 128)
    const { realm } = this.#around
    const expected = UID.test(realm) ? realm.toLowerCase() : (this.#memory.cluster_uid ?? uid)
    if (uid !== expected)
      throw new ConnectorError(
        'bad_settings',
        `this is the cluster ${uid}, and the source is for ${expected}`,
        'Correct the address, or make another source for this cluster, with its UID as realm.',
      )
    this.#memory.cluster_uid = uid
  }

  /** What a narrow credential needn't see. */
  async #optional(path: string, signal: AbortSignal): Promise<Fields | undefined> {
    try {
      return await this.#client.get(path, { verb: 'get', of: NAMESPACES }, signal)
    } catch (error) {
      if (!(error instanceof Absent) && !(error instanceof ConnectorError && isForbidden(error))) throw error
      this.#sayOnce(`${path} may not be read: that this is the right cluster is not checked`, error.message)
      return undefined
    }
  }

  async #readNamespace(name: string, signal: AbortSignal): Promise<void> {
    const body = await this.#optional(`/api/v1/namespaces/${encodeURIComponent(name)}`, signal)
    if (body) this.#inventory.put(namespaceRow(body, this.#around.realm))
  }

  #putCluster(): void {
    const { realm } = this.#around
    const scope: Scope = { kind: 'kubernetes_cluster', external_id: realm }
    const attributes = { ...(this.#version !== undefined && { version: this.#version }) }
    const known = this.#inventory.find(scope, 'kubernetes_cluster', realm)
    if (known && JSON.stringify(known.attributes) === JSON.stringify(attributes)) return
    const observation = { ...scope, incarnation: '', name: realm, state: 'running' as const, attributes }
    this.#inventory.put({ uid: realm, scope, observation })
  }

  #remember(told_ms: number, isWhole: boolean): void {
    const namespaces = this.#inventory.scopes().filter(({ kind }) => kind === 'namespace')
    this.#memory.namespaces = namespaces.map(({ external_id }) => external_id)
    // what was not listed may lack what happened since: it is told again from where it was
    if (isWhole) {
      this.#memory.told_ms = told_ms
      this.#memory.versions = Object.fromEntries(
        this.#followers.flatMap(({ of, version }) => (version === undefined ? [] : [[keyOf(of), version]])),
      )
    }
    const value = structuredClone(this.#memory)
    this.#saving = this.#saving
      .then(() => this.#around.memory.set(value))
      .catch((error: unknown) =>
        this.#around.log('warn', 'kubernetes: what was told could not be kept', { because: String(error) }),
      )
  }

  #sayOnce(message: string, because = ''): void {
    if (this.#said.has(message)) return
    this.#said.add(message)
    this.#around.log('warn', `kubernetes: ${message}`, { because })
  }

  async close(): Promise<void> {
    await Promise.all(this.#followers.map((follower) => follower.close()))
    this.#inventory.flush()
    await this.#saving
  }
}

const isUnauthorized = ({ code, message }: ConnectorError): boolean => code === 'refused' && !message.includes('(403)')
const isForbidden = ({ code, message }: ConnectorError): boolean => code === 'refused' && message.includes('(403)')

/** Whether something of that collection could be in the scope. */
function concerns({ resource, namespace }: Collection, { kind, external_id }: Scope): boolean {
  const ofCluster = resource === 'nodes' || resource === 'persistentvolumes'
  if (kind === 'kubernetes_cluster') return ofCluster
  return !ofCluster && (namespace === undefined || namespace === external_id)
}

async function together<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = [...all]
  const worker = async () => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await work(one)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}
