/** An agent without a process: enrolled, signing and numbering like the real one, it hands its reports straight to the intake. */
import { createUser } from '@nats-io/nkeys'
import { deflateRawSync } from 'node:zlib'
import {
  canonical,
  DICTIONARY,
  type Envelope,
  type Event,
  HEADERS,
  listingDigest,
  Observation,
  type ObservationInput,
  PROTOCOL,
  type Readings,
  Reply,
  type Scope,
  sha256,
  signedText,
  type SnapshotPart,
  type SnapshotUnchanged,
  SUBJECTS,
} from '#connectors/contract.ts'
import type { z } from 'zod'
import { type Sign, signer } from '#agent/identity.ts'
import { newId } from '#control-plane/base/id.ts'
import { type Message, receive } from '#control-plane/ingest/index.ts'
import { createEnrolment, createSource, enrol } from '#control-plane/sources/index.ts'
import type { Prepared } from './prepared.ts'

export const INTERVAL_MS = 10_000

const MANIFEST = {
  name: 'simulated',
  version: '1',
  title: 'Simulated',
  description: 'Hosts and machines of a test',
  realm: 'any name',
  kinds: ['host', 'vm'],
  metrics: [],
  supports: 'tests',
  permissions: 'none',
  default_interval_ms: INTERVAL_MS,
  settings: { type: 'object' },
}

export type Key = ReturnType<typeof createUser>
const signers = new WeakMap<Key, Sign>()
/** A signature in base64, as the agent makes it: the key's own code takes fifty times as long. */
export function signature(key: Key, text: Uint8Array): string {
  const sign = signers.get(key) ?? signer(new TextDecoder().decode(key.getSeed()))
  signers.set(key, sign)
  return sign(text)
}
export interface Sealed {
  envelope: Envelope
  message: Message
}

export const deflated = (value: unknown): Uint8Array =>
  deflateRawSync(typeof value === 'string' ? value : JSON.stringify(value), { dictionary: DICTIONARY })

export class Agent {
  readonly #world: Prepared
  readonly key: Key
  readonly id: string
  source = ''
  spool = newId()
  sequence = 0
  previous = ''

  constructor(world: Prepared, id: string, key: Key) {
    this.#world = world
    this.id = id
    this.key = key
  }

  /** A message under any envelope and key: what a wrong sender would send. */
  sign(envelope: Envelope, body: Uint8Array, key = this.key, subject = SUBJECTS.report(this.id)): Sealed {
    const headers = new Map<string, string>([[HEADERS.signature, signature(key, signedText(subject, envelope, body))]])
    for (const field of ['message', 'spool', 'sequence', 'previous'] as const)
      headers.set(HEADERS[field], String(envelope[field]))
    return { envelope, message: { subject, headers, body } }
  }

  /** The next message of the spool with any body. */
  sealBody(body: Uint8Array): Sealed {
    this.sequence += 1
    const { spool, sequence, previous } = this
    this.previous = sha256(body)
    return this.sign({ message: 'batch', spool, sequence, previous }, body)
  }

  /** The next message of the spool with these facts. */
  seal(facts: readonly unknown[], clock_offset_ms = 0): Sealed {
    return this.sealBody(deflated({ protocol: PROTOCOL.current, clock_offset_ms, boot_id: 'boot', facts }))
  }

  async deliver({ message }: Sealed): Promise<Reply> {
    const { db, clock } = this.#world
    const answer = await receive({ db, now: () => clock.now, sampled: () => {} }, message)
    return Reply.parse(JSON.parse(new TextDecoder().decode(answer)))
  }

  send(facts: readonly unknown[]): Promise<Reply> {
    return this.deliver(this.seal(facts))
  }

  hello(first_sequence = 1): Promise<Reply> {
    const body = deflated({
      protocol: PROTOCOL.current,
      oldest_protocol: PROTOCOL.oldest,
      version: '1',
      hostname: 'simulated',
      spool: this.spool,
      first_sequence,
      spool_bytes: 0,
      sent_at_ms: this.#world.clock.now,
      manifests: [MANIFEST],
    })
    return this.deliver(this.sign({ message: 'hello', spool: this.spool, sequence: 0, previous: '' }, body))
  }

  /** A source of this agent; the first one made is the one that its facts name. */
  async addSource(realm: string, account_id: string | null): Promise<string> {
    const wanted = { agent: this.id, connector: MANIFEST.name, realm, settings: {}, account_id }
    const { id } = await this.#world.run((ctx) => createSource(ctx, wanted))
    this.source ||= id
    return id
  }

  /** One part of a whole listing of a host. */
  listing(at: number, host: string, resources: ObservationInput[], complete = true): z.infer<typeof SnapshotPart> {
    const list = resources.map((resource) => Observation.parse(resource))
    return {
      type: 'snapshot',
      source: this.source,
      seen_at_ms: at,
      scope: scopeOf(host),
      complete,
      interval_ms: INTERVAL_MS,
      digest: listingDigest(list, complete),
      snapshot: newId(),
      part: 0,
      parts: 1,
      resources: list,
    }
  }

  /** The same listing seen again. */
  unchanged(at: number, listing: z.infer<typeof SnapshotPart>): z.infer<typeof SnapshotUnchanged> {
    const { source, scope, complete, interval_ms, digest } = listing
    return { type: 'unchanged', source, seen_at_ms: at, scope, complete, interval_ms, digest }
  }

  event(at: number, host: string, vm: string, content: z.input<typeof Event>['content']): z.input<typeof Event> {
    const resource = { kind: 'vm' as const, external_id: vm, incarnation: '' }
    return {
      type: 'event',
      source: this.source,
      seen_at_ms: at,
      scope: scopeOf(host),
      resource,
      change: 'changed',
      content,
    }
  }

  readings(
    at: number,
    vm: string,
    counters: Record<string, unknown>,
    over: Partial<z.input<typeof Readings>> = {},
  ): z.input<typeof Readings> {
    return {
      type: 'readings',
      source: this.source,
      seen_at_ms: at,
      resource: { kind: 'vm', external_id: vm },
      interval_ms: INTERVAL_MS,
      epoch: { id: 'boot-1' },
      counters,
      ...over,
    }
  }
}

const scopeOf = (host: string): Scope => ({ kind: 'host', external_id: host })

/** Cuts a listing into parts under one id. */
export function cutIntoParts(listing: z.infer<typeof SnapshotPart>, parts: number): z.infer<typeof SnapshotPart>[] {
  const rows = Math.ceil(listing.resources.length / parts)
  return Array.from({ length: parts }, (_, part) => ({
    ...listing,
    part,
    parts,
    resources: listing.resources.slice(part * rows, (part + 1) * rows),
  }))
}

export const GIB = 2 ** 30
export const host = (external_id: string): ObservationInput => ({
  kind: 'host',
  external_id,
  name: external_id,
  state: 'running',
})
export const vm = (external_id: string, over: Partial<ObservationInput> = {}): ObservationInput => ({
  kind: 'vm',
  external_id,
  name: external_id,
  state: 'running',
  size: { vcpu_count: 2, memory_bytes: 4 * GIB, disk_bytes: 20 * GIB },
  ...over,
})

/** An agent with one source, enrolled and greeted the way a real one is. */
export async function enrolledAgent(
  world: Prepared,
  realm: string,
  account_id: string | null = world.account_id,
): Promise<Agent> {
  const key = createUser()
  const { token } = await world.run((ctx) => createEnrolment(ctx, { expires_in_hours: 1, uses: 1, labels: {} }))
  const who = { token, name: realm, public_key: key.getPublicKey(), machine_id: '', version: '1' }
  const agent = new Agent(world, await world.run((ctx) => enrol(ctx, who)), key)
  const greeted = await agent.hello()
  if (!greeted.ok) throw new Error(`hello was refused: ${canonical(greeted)}`)
  await agent.addSource(realm, account_id)
  return agent
}
