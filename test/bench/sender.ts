/** An agent that only reports: it signs, numbers and sends what a bench gives it, over the real wire. */
import { deflateRawSync } from 'node:zlib'
import { connect, headers, type NatsConnection } from '@nats-io/transport-node'
import { connectionOptions } from '#agent/connection.ts'
import { renewed } from '#agent/credential.ts'
import { type Identity, type Sign, signer } from '#agent/identity.ts'
import {
  DICTIONARY,
  type Envelope,
  HEADERS,
  PROTOCOL,
  Reply,
  sha256,
  signedText,
  SUBJECTS,
} from '#connectors/contract.ts'
import { newId } from '#control-plane/base/id.ts'

const ANSWER_MS_MAX = 120_000
const MANIFEST = {
  name: 'simulated',
  version: '1',
  title: 'Simulated',
  description: 'Machines of a bench',
  realm: 'any name',
  kinds: ['vm'],
  metrics: [],
  supports: 'benches',
  permissions: 'none',
  default_interval_ms: 10_000,
  settings: { type: 'object' },
}

export interface Sealed {
  envelope: Envelope
  body: Uint8Array
  signature: string
}

export class Sender {
  readonly identity: Identity
  source = ''
  readonly #nats: NatsConnection
  readonly #sign: Sign
  readonly #spool = newId()
  #sequence = 0
  #previous = ''

  private constructor(identity: Identity, nats: NatsConnection) {
    this.identity = identity
    this.#nats = nats
    this.#sign = signer(identity.seed)
  }

  static async connect(identity: Identity): Promise<Sender> {
    const { credential } = await renewed({ ...identity, url: identity.url ?? '' })
    return new Sender(identity, await connect(connectionOptions(identity, () => credential?.jwt ?? null)))
  }

  get #subject(): string {
    return SUBJECTS.report(this.identity.agent_id)
  }

  /** Says what it has; answers the connector's name, by which it is given a source. */
  async hello(): Promise<string> {
    const { current: protocol, oldest: oldest_protocol } = PROTOCOL
    const spool = { spool: this.#spool, first_sequence: 1, spool_bytes: 0, sent_at_ms: Date.now() }
    const said = { protocol, oldest_protocol, version: '1', hostname: 'bench', ...spool, manifests: [MANIFEST] }
    await this.send(this.#sealed({ message: 'hello', spool: this.#spool, sequence: 0, previous: '' }, said))
    return MANIFEST.name
  }

  /** The next message of the spool, ready to be sent. */
  seal(facts: readonly unknown[]): Sealed {
    this.#sequence += 1
    const envelope: Envelope = {
      message: 'batch',
      spool: this.#spool,
      sequence: this.#sequence,
      previous: this.#previous,
    }
    const batch = { protocol: PROTOCOL.current, clock_offset_ms: 0, boot_id: 'boot', facts }
    const sealed = this.#sealed(envelope, batch)
    this.#previous = sha256(sealed.body)
    return sealed
  }

  #sealed(envelope: Envelope, content: unknown): Sealed {
    const body = deflateRawSync(JSON.stringify(content), { dictionary: DICTIONARY })
    return { envelope, body, signature: this.#sign(signedText(this.#subject, envelope, body)) }
  }

  /** Sends one message and waits for its acknowledgement; a refusal is an error. */
  async send({ envelope, body, signature }: Sealed): Promise<void> {
    const fields = headers()
    for (const field of ['message', 'spool', 'sequence', 'previous'] as const)
      fields.set(HEADERS[field], String(envelope[field]))
    fields.set(HEADERS.signature, signature)
    const answer = await this.#nats.request(this.#subject, body, { timeout: ANSWER_MS_MAX, headers: fields })
    const reply = Reply.parse(answer.json())
    if (!reply.ok) throw new Error(`The report was refused: ${reply.code}: ${reply.message}`)
  }

  close(): Promise<void> {
    return this.#nats.close()
  }
}
