/** An agent with a connector that has secrets: it speaks the real wire, keeps every configuration that it is sent, and reports on. */
import { connect, headers, type NatsConnection } from '@nats-io/transport-node'
import { createUser } from '@nats-io/nkeys'
import { connectionOptions } from '#agent/connection.ts'
import { identityShape } from '#agent/identity.ts'
import { AgentConfig, PROTOCOL, Reply, SUBJECTS } from '#connectors/contract.ts'
import type { Prepared } from '../setup/prepare.ts'
import type { ControlPlane } from '../setup/stack.ts'
import { Agent, deflated, type Sealed } from './agent.ts'

const ANSWER_MS_MAX = 10_000

export const manifest = (secrets: readonly string[]) => ({
  name: 'secretive',
  version: '1',
  title: 'Secretive',
  description: 'A vendor with two secrets',
  realm: 'any name',
  kinds: ['vm'],
  metrics: [],
  supports: 'tests',
  permissions: 'none',
  default_interval_ms: 10_000,
  settings: {
    type: 'object',
    properties: {
      uri: { type: 'string' },
      note: { type: 'string' },
      password: { type: 'string', minLength: 3 },
      token: { type: 'string' },
    },
    required: ['uri'],
    additionalProperties: false,
  },
  secrets,
})

export class Secretive {
  readonly id: string
  readonly configs: AgentConfig[] = []
  readonly replies: Reply[] = []
  readonly #nats: NatsConnection
  readonly #agent: Agent

  private constructor(id: string, nats: NatsConnection, agent: Agent) {
    this.id = id
    this.#nats = nats
    this.#agent = agent
    nats.subscribe(SUBJECTS.config(id), {
      callback: (_error, message) => this.#took(AgentConfig.parse(message.json())),
    })
  }

  static async enrolled(plane: ControlPlane): Promise<Secretive> {
    const key = createUser()
    const made = await plane.api('/enrolments', { method: 'POST', body: '{}' })
    const { token } = (await made.json()) as { token: string }
    const body = JSON.stringify({ token, name: 'secretive', public_key: key.getPublicKey(), version: '1' })
    const enrolled = await fetch(`${plane.origin}/api/v1/agents/enrol`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    const { credential, ...said } = (await enrolled.json()) as {
      agent_id: string
      nats_url: string
      credential: { jwt: string }
    }
    const identity = identityShape({ ...said, seed: new TextDecoder().decode(key.getSeed()) })
    const nats = await connect(connectionOptions(identity, () => credential.jwt))
    return new Secretive(said.agent_id, nats, new Agent({} as Prepared, said.agent_id, key))
  }

  #took(config: AgentConfig): void {
    this.configs.push(config)
  }

  async hello(secrets: readonly string[] = ['password', 'token']): Promise<AgentConfig> {
    const body = deflated({
      protocol: PROTOCOL.current,
      oldest_protocol: PROTOCOL.oldest,
      version: '1',
      hostname: 'secretive',
      spool: this.#agent.spool,
      first_sequence: 1,
      spool_bytes: 0,
      sent_at_ms: Date.now(),
      manifests: [manifest(secrets)],
    })
    const { spool } = this.#agent
    const reply = await this.#deliver(this.#agent.sign({ message: 'hello', spool, sequence: 0, previous: '' }, body))
    if (!reply.ok || !reply.config) throw new Error(`the hello was refused: ${JSON.stringify(reply)}`)
    this.#took(reply.config)
    return reply.config
  }

  /** How one tick of the source went. */
  health(source: string, error?: { code: string; message: string; remedy: string }): Promise<Reply> {
    const fact = { type: 'health', source, seen_at_ms: Date.now(), ok: error === undefined, duration_ms: 1, error }
    return this.#deliver(this.#agent.seal([fact]))
  }

  async #deliver({ message }: Sealed): Promise<Reply> {
    const head = headers()
    for (const [name, value] of message.headers) head.set(name, value)
    const answer = await this.#nats.request(message.subject, message.body, { headers: head, timeout: ANSWER_MS_MAX })
    const reply = Reply.parse(answer.json())
    this.replies.push(reply)
    return reply
  }

  /** The settings of a source in the newest configuration; null where it isn't in it. */
  settings(source: string): Record<string, unknown> | null {
    return this.configs.at(-1)?.sources.find(({ id }) => id === source)?.settings ?? null
  }

  close = (): Promise<void> => this.#nats.close()
}
