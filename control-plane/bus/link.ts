/** One connection to NATS for the life of the process: made again for ever, whatever happens to the server. */
import { type Authenticator, connect, type NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import { readAddress } from './address.ts'
import { connectedGauge, connections } from './metrics.ts'

const RETRY_MS = 2_000
/** A server that is killed amid a handshake may leave it open for ever: it is tried again soon. */
const HANDSHAKE_MS = 5_000

/** Where NATS is, and how we show who we are if not by the address itself. */
export interface Way {
  url: string
  /** PEM file of whoever signs the server's certificate, where that isn't a public authority */
  ca?: string | undefined
  login?: ((name: string) => Promise<Authenticator>) | undefined
}

/** Reports come on it, and the metrics are about it. */
export const MAIN = 'atalaya'

/** One connection for the life of the process. */
export class Link {
  connected = false
  connection: NatsConnection | null = null
  readonly #log: Logger
  readonly #name: string
  readonly #listeners: Array<() => void> = []
  readonly #waiting: Array<(nc: NatsConnection) => void> = []
  #closed = false

  constructor(way: Way, log: Logger, name: string) {
    this.#log = log
    this.#name = name
    this.#measure(false)
    void this.#connect(way)
  }

  current(): NatsConnection {
    if (!this.connection || !this.connected) throw new Error('NATS is not connected')
    return this.connection
  }

  whenReady(work: (nc: NatsConnection) => void): void {
    if (this.connection) work(this.connection)
    else this.#waiting.push(work)
  }

  onConnect(handler: () => void): void {
    this.#listeners.push(handler)
    if (this.connected) handler()
  }

  async #connect({ url, ca, login }: Way): Promise<void> {
    const { tls, ...address } = readAddress(url)
    const options = {
      ...address,
      ...(tls && { tls: ca === undefined ? {} : { caFile: ca } }),
      ...(login && { authenticator: await login(this.#name) }),
      name: this.#name,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RETRY_MS / 2,
      reconnectJitter: 500,
      waitOnFirstConnect: true,
      timeout: HANDSHAKE_MS,
      ignoreAuthErrorAbort: true,
      pingInterval: 10_000,
      maxPingOut: 2,
    }
    while (!this.#closed) {
      try {
        const nc = await connect(options)
        if (this.#closed) return await nc.close()
        this.connection = nc
        void this.#watch(nc)
        for (const work of this.#waiting.splice(0)) work(nc)
        return this.#up(nc.getServer())
      } catch (error) {
        this.#log.warn({ err: error }, 'NATS refuses the connection; trying again')
        await Bun.sleep(RETRY_MS)
      }
    }
  }

  #up(server: string): void {
    this.connected = true
    this.#measure(true)
    this.#log.info({ server, connection: this.#name }, 'NATS is connected')
    for (const handler of this.#listeners) handler()
  }

  #down(): void {
    if (this.connected) this.#log.warn({ connection: this.#name }, 'NATS is disconnected; reconnecting')
    this.connected = false
    this.#measure(false)
  }

  /** The metrics are about the connection on which reports come. */
  #measure(connected: boolean): void {
    if (this.#name !== MAIN) return
    connectedGauge.set(connected ? 1 : 0)
    if (connected) connections.inc()
  }

  async #watch(nc: NatsConnection): Promise<void> {
    for await (const status of nc.status()) {
      if (status.type === 'disconnect' || status.type === 'staleConnection' || status.type === 'close') this.#down()
      if (status.type === 'reconnect') this.#up(status.server)
      if (status.type === 'error') this.#log.warn({ err: status.error }, 'NATS reports an error')
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    // a drain waits for the server's answer: without a server there is nothing to wait for
    // and one that goes away meanwhile makes the drain fail
    if (this.connected) await this.connection?.drain().catch(() => this.connection?.close())
    else await this.connection?.close()
    this.#down()
  }
}
