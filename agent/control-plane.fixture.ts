/** A real nats-server and a control plane of one afternoon, for the tests of this folder. */
import { type ChildProcess, spawn } from 'node:child_process'
import { connect as dial, createServer, type Server } from 'node:net'
import { HEADERS, type Hello, type Reply, SUBJECTS, sha256, signedText } from '#connectors/contract.ts'
import { createUser, fromPublic } from '@nats-io/nkeys'
import { type Msg, type NatsConnection, connect } from '@nats-io/transport-node'
import { inflated } from './batch.ts'
import type { Identity } from './identity.ts'

const AGENT = 'agent-1'
const subject = SUBJECTS.report(AGENT)
const key = createUser()

/** The agent whose signatures this control plane expects. */
export const identity = (port: number): Identity => ({
  agent_id: AGENT,
  seed: new TextDecoder().decode(key.getSeed()),
  nats_url: `nats://127.0.0.1:${port}`,
})

function natsServer(): string {
  const found = Bun.which('nats-server') ?? [...new Bun.Glob('.tools/**/nats-server').scanSync({ dot: true })][0]
  if (!found) throw new Error('nats-server is neither on PATH nor in .tools: `npm test` fetches it')
  return found
}

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })

/** A nats-server that can be killed and started again on its port. */
export class Nats {
  readonly port: number
  #server: ChildProcess | null = null

  private constructor(port: number) {
    this.port = port
  }

  static async start(): Promise<Nats> {
    const nats = new Nats(await freePort())
    await nats.start()
    return nats
  }

  async start(): Promise<void> {
    this.#server = spawn(natsServer(), ['-a', '127.0.0.1', '-p', String(this.port)], { stdio: 'ignore' })
    await until(async () => {
      const reached = await Bun.connect({ hostname: '127.0.0.1', port: this.port, socket: { data() {} } }).catch(
        () => null,
      )
      reached?.end()
      return reached !== null
    }, 'nats-server answers')
  }

  kill(): Promise<void> {
    return new Promise((resolve) => {
      this.#server?.once('exit', () => resolve())
      this.#server?.kill('SIGKILL')
    })
  }
}

/** A way to a port whose connections can be stranded: they stay open, and nothing comes through them any more. */
export class Tunnel {
  readonly port: number
  readonly #server: Server
  #generation: number = 0

  private constructor(port: number, server: Server) {
    this.port = port
    this.#server = server
  }

  static async to(target: number): Promise<Tunnel> {
    const port = await freePort()
    const server = createServer()
    const tunnel = new Tunnel(port, server)
    server.on('connection', (near) => {
      const far = dial(target, '127.0.0.1')
      const generation = tunnel.#generation
      const passes = () => generation === tunnel.#generation
      near.on('data', (data) => passes() && far.write(data))
      far.on('data', (data) => passes() && near.write(data))
      for (const socket of [near, far]) socket.on('error', () => {}).on('close', () => near.destroy() && far.destroy())
    })
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    return tunnel
  }

  strand(): void {
    this.#generation++
  }

  close = () => this.#server.close()
}

export async function until(holds: () => boolean | Promise<boolean>, what: string, limit_ms = 15_000): Promise<void> {
  const end = performance.now() + limit_ms
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`still not so: ${what}`)
    await Bun.sleep(20)
  }
}

export interface Received {
  message: string
  spool: string
  sequence: number
  previous: string
  hash: string
  /** of the body as it came */
  bytes: number
  facts: unknown
}

/** A control plane of one afternoon: it keeps what it got by (spool, sequence) and says what the test wants it to. */
export class ControlPlane {
  received: Received[] = []
  hellos: Hello[] = []
  stored = new Map<string, string>()
  faults: string[] = []
  /** the reply to send, or null to say nothing */
  answer: (received: Received) => Reply | null = (received) => this.acknowledged(received)
  #nats: NatsConnection

  private constructor(nats: NatsConnection) {
    this.#nats = nats
  }

  static async start(port: number): Promise<ControlPlane> {
    const plane = new ControlPlane(
      await connect({ servers: `127.0.0.1:${port}`, reconnectTimeWait: 50, maxReconnectAttempts: -1 }),
    )
    plane.#nats.subscribe(subject, { callback: (_, message) => plane.#receive(message) })
    await plane.#nats.flush()
    return plane
  }

  #receive(message: Msg): void {
    const header = (name: string) => message.headers?.get(name) ?? ''
    const received = {
      message: header(HEADERS.message),
      spool: header(HEADERS.spool),
      sequence: Number(header(HEADERS.sequence)),
      previous: header(HEADERS.previous),
      hash: sha256(message.data),
      bytes: message.data.length,
      facts: JSON.parse(inflated(message.data)),
    }
    const envelope = { ...received, message: received.message as 'hello' | 'batch' }
    const signed = signedText(subject, envelope, message.data)
    const signature = Buffer.from(header(HEADERS.signature), 'base64')
    if (!fromPublic(key.getPublicKey()).verify(signed, signature)) this.faults.push('the signature does not hold')
    this.received.push(received)
    if (received.message === 'hello') this.hellos.push(received.facts as Hello)
    const reply = this.answer(received)
    if (reply) message.respond(JSON.stringify(reply))
  }

  store({ message, spool, sequence, hash }: Received): void {
    if (message !== 'batch') return
    const before = this.stored.get(`${spool} ${sequence}`)
    if (before !== undefined && before !== hash) this.faults.push(`${sequence} is two batches`)
    this.stored.set(`${spool} ${sequence}`, hash)
  }

  watermark(spool: string): number {
    let mark = 0
    while (this.stored.has(`${spool} ${mark + 1}`)) mark++
    return mark
  }

  acknowledged(received: Received): Reply {
    this.store(received)
    return { ok: true, watermark: this.watermark(received.spool), stored_at_ms: Date.now(), unknown_digests: [] }
  }

  close = () => this.#nats.close()
}
