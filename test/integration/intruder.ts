/** An agent that was enrolled over HTTP and then does what no agent may: real keys, real credentials, the real nats-server. */
import { createUser } from '@nats-io/nkeys'
import { connect, headers, type NatsConnection } from '@nats-io/transport-node'
import { Reply, SUBJECTS } from '#connectors/contract.ts'
import { connectionOptions } from '#agent/connection.ts'
import { type Credential, renewed } from '#agent/credential.ts'
import type { ControlPlane } from '../setup/stack.ts'
import { Agent, deflated, type Key, type Sealed } from './agent.ts'
import type { Prepared } from './prepared.ts'

export const post = (url: string, body: unknown) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

export async function tokenOf(plane: ControlPlane, wanted: object = {}): Promise<string> {
  const made = await plane.api('/enrolments', { method: 'POST', body: JSON.stringify(wanted) })
  return ((await made.json()) as { token: string }).token
}

export const enrolAs = (plane: ControlPlane, token: string, key: Key, name = 'intruder') =>
  post(`${plane.origin}/api/v1/agents/enrol`, { token, name, public_key: key.getPublicKey(), version: '1' })

/** The server looks at a JWT, not at what the client calls itself. */
export const seedOf = (key: Key): string => new TextDecoder().decode(key.getSeed())

export class Intruder {
  readonly id: string
  readonly key: Key
  readonly credential: Credential
  readonly agent: Agent
  readonly #nats_url: string
  readonly #origin: string
  readonly #open: NatsConnection[] = []

  private constructor(plane: ControlPlane, said: Enrolled, key: Key) {
    this.id = said.agent_id
    this.key = key
    this.credential = said.credential
    this.agent = new Agent({} as Prepared, said.agent_id, key)
    this.#nats_url = said.nats_url
    this.#origin = plane.origin
  }

  static async enrolled(plane: ControlPlane): Promise<Intruder> {
    const key = createUser()
    const answer = await enrolAs(plane, await tokenOf(plane), key)
    if (answer.status !== 201) throw new Error(`not enrolled: ${await answer.text()}`)
    return new Intruder(plane, (await answer.json()) as Enrolled, key)
  }

  /** Once: what ends this connection ends it for good. */
  async connect(jwt = this.credential.jwt, key = this.key): Promise<NatsConnection> {
    const identity = { agent_id: this.id, seed: seedOf(key), nats_url: this.#nats_url }
    const options = { ...connectionOptions(identity, () => jwt), reconnect: false, ignoreAuthErrorAbort: false }
    const nats = await connect(options)
    this.#open.push(nats)
    return nats
  }

  renew = () => renewed({ agent_id: this.id, seed: seedOf(this.key), url: this.#origin })

  async deliver(nats: NatsConnection, { message }: Sealed, more: Record<string, string> = {}): Promise<Reply> {
    const head = headers()
    for (const [name, value] of [...message.headers, ...Object.entries(more)]) head.set(name, value)
    const answer = await nats.request(message.subject, message.body, { headers: head, timeout: 20_000 })
    return Reply.parse(answer.json())
  }

  hello(nats: NatsConnection, spool = this.agent.spool): Promise<Reply> {
    const said = { protocol: 1, oldest_protocol: 1, version: '1', hostname: 'intruder', spool, first_sequence: 1 }
    const body = deflated({ ...said, spool_bytes: 0, sent_at_ms: Date.now(), manifests: [] })
    return this.deliver(nats, this.agent.sign({ message: 'hello', spool, sequence: 0, previous: '' }, body))
  }

  get subject(): string {
    return SUBJECTS.report(this.id)
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.map((nats) => nats.close()))
  }
}

interface Enrolled {
  agent_id: string
  nats_url: string
  credential: Credential
}
