/** The bus over NATS: connects for ever, starts before the server does, and takes its subscriptions along. */
import { connect, type Msg, type NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import { readAddress } from './address.ts'
import type { Bus, Message } from './index.ts'
import { connectedGauge, connections, dropped, failed } from './metrics.ts'
import { jetStreamLog } from './stream.ts'

/** Requests that wait for their turn, per subject; what comes above it is sent again by its sender. */
const WAITING_LIMIT = 256
const RETRY_MS = 2_000

const fromNats = (m: Msg): Message => ({
  subject: m.subject,
  headers: new Map([...(m.headers ?? [])].map(([name, values]) => [name, values[0] ?? ''])),
  body: m.data,
})

/** Returns at once; what is served and subscribed begins when the server answers. */
export function connectBus(url: string, log: Logger): Bus {
  const link = new Link(url, log, MAIN)
  // a stream whose disk is full blocks the connection that writes to it: reports and their replies must not wait behind it
  const stream = new Link(url, log, `${MAIN}-stream`)
  return {
    serve: (subject, queue, handler, concurrency) =>
      link.whenReady((nc) => serve(nc, subject, queue, handler, concurrency, log)),
    subscribe: (subject, handler) =>
      link.whenReady((nc) => {
        nc.subscribe(subject, { callback: (error, m) => (error ? warn(log, subject, error) : handler(fromNats(m))) })
      }),
    publish: (subject, body) => {
      if (!link.connected) return false
      link.connection?.publish(subject, body)
      return true
    },
    request: async (subject, body, timeout_ms) =>
      (await link.current().request(subject, body, { timeout: timeout_ms })).data,
    onConnect: (handler) => link.onConnect(handler),
    connected: () => link.connected,
    log: jetStreamLog(() => stream.current(), log),
    close: async () => {
      await Promise.all([link.close(), stream.close()])
    },
  }
}

const warn = (log: Logger, subject: string, error: unknown) =>
  log.warn({ err: error, subject }, 'a subscription failed')

/**
 * Answers requests with bounded concurrency; when too many wait, the newest are dropped and counted. Those of one subject are
 * answered in turn: reports of one agent keep their order, and a long backlog of one takes no place of others.
 */
function serve(
  nc: NatsConnection,
  subject: string,
  queue: string,
  handler: (message: Message) => Promise<Uint8Array>,
  concurrency: number,
  log: Logger,
): void {
  const waiting: Msg[] = []
  const running = new Set<string>()
  const answer = async (m: Msg) => {
    try {
      m.respond(await handler(fromNats(m)))
    } catch (error) {
      failed.inc()
      log.error({ err: error, subject: m.subject }, 'a request from the bus failed and is left unanswered')
    }
  }
  const next = () => {
    const free = running.size < concurrency ? waiting.findIndex(({ subject: own }) => !running.has(own)) : -1
    const [m] = free < 0 ? [] : waiting.splice(free, 1)
    if (!m) return
    running.add(m.subject)
    void answer(m).finally(() => {
      running.delete(m.subject)
      next()
    })
  }
  const take = (error: Error | null, m: Msg) => {
    if (error) return warn(log, subject, error)
    if (waiting.length >= WAITING_LIMIT) return dropped.inc()
    waiting.push(m)
    next()
  }
  nc.subscribe(subject, { queue, callback: take })
}

const MAIN = 'atalaya'

/** One connection for the life of the process. */
class Link {
  connected = false
  connection: NatsConnection | null = null
  readonly #log: Logger
  readonly #name: string
  readonly #listeners: Array<() => void> = []
  readonly #waiting: Array<(nc: NatsConnection) => void> = []
  #closed = false

  constructor(url: string, log: Logger, name: string) {
    this.#log = log
    this.#name = name
    this.#measure(false)
    void this.#connect(url)
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

  async #connect(url: string): Promise<void> {
    const options = {
      ...readAddress(url),
      name: this.#name,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RETRY_MS / 2,
      reconnectJitter: 500,
      waitOnFirstConnect: true,
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
