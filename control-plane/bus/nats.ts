/** The bus over NATS: connects for ever, starts before the server does, and takes its subscriptions along. */
import { type Msg, type NatsConnection, RequestError, TimeoutError } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import type { Bus, Message } from './index.ts'
import { Link, MAIN, type Way } from './link.ts'
import { dropped, failed } from './metrics.ts'
import { jetStreamLog } from './stream.ts'
import { inTurns } from './turns.ts'
import { Unanswered } from './unanswered.ts'

/** Requests that wait for their turn, of all who are served by one subscription; what is dropped is sent again by its sender. */
const WAITING_LIMIT = 256

const fromNats = (m: Msg): Message => ({
  subject: m.subject,
  reply: m.reply ?? '',
  headers: new Map([...(m.headers ?? [])].map(([name, values]) => [name, values[0] ?? ''])),
  body: m.data,
})

/** Returns at once; what is served and subscribed begins when the server answers. */
export function connectBus(way: Way, log: Logger): Bus {
  const link = new Link(way, log, MAIN)
  // a stream whose disk is full blocks the connection that writes to it: reports and their replies must not wait behind it
  const stream = new Link(way, log, `${MAIN}-stream`)
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
    request: (subject, body, timeout_ms) => request(link.current(), subject, body, timeout_ms),
    onConnect: (handler) => link.onConnect(handler),
    connected: () => link.connected,
    log: jetStreamLog(() => stream.current(), log),
    close: async () => {
      await Promise.all([link.close(), stream.close()])
    },
  }
}

async function request(nc: NatsConnection, subject: string, body: Uint8Array | string, timeout: number) {
  try {
    return (await nc.request(subject, body, { timeout })).data
  } catch (error) {
    if (error instanceof TimeoutError) throw new Unanswered('too_late', error)
    if (error instanceof RequestError && error.isNoResponders()) throw new Unanswered('nobody_listens', error)
    throw error
  }
}

const warn = (log: Logger, subject: string, error: unknown) =>
  log.warn({ err: error, subject }, 'a subscription failed')

/** Answers requests with bounded concurrency, each subject in turn; what is dropped is sent again by its sender. */
function serve(
  nc: NatsConnection,
  subject: string,
  queue: string,
  handler: (message: Message) => Promise<Uint8Array | null>,
  concurrency: number,
  log: Logger,
): void {
  const answer = async (m: Msg) => {
    try {
      const answered = await handler(fromNats(m))
      if (answered) m.respond(answered)
    } catch (error) {
      failed.inc()
      log.error({ err: error, subject: m.subject }, 'a request from the bus failed and is left unanswered')
    }
  }
  const take = inTurns<Msg>({ concurrency, waiting: WAITING_LIMIT }, answer, () => dropped.inc())
  nc.subscribe(subject, { queue, callback: (error, m) => (error ? warn(log, subject, error) : take(m)) })
}
