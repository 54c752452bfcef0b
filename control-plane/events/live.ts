/** Live updates for open pages: what the bus tells of changes and readings, fanned out to bounded clients. */
import type { Bus, Message } from '../bus/index.ts'
import { Gauge, Counter } from 'prom-client'
import { iso } from '../base/time.ts'
import type { Clock } from '../db/index.ts'

export const CHANGE_SUBJECT = 'v1.live.change'
/** Body: `{"resource_ids": [...]}`, after new readings were stored. */
export const SAMPLE_SUBJECT = 'v1.live.sample'

export const LIVE_LIMITS = {
  clients: 200,
  /** not yet read by one client; beyond it he is cut and comes back fresh. A burst of one dispatch is a quarter of it. */
  unreadBytes: 512 * 1024,
  idsPerMessage: 1_000,
  sample_ms: 1_000,
  keepAlive_ms: 15_000,
} as const

const clientsGauge = new Gauge({ name: 'atalaya_live_clients', help: 'Open streams of live updates' })
const cut = new Counter({
  name: 'atalaya_live_clients_cut_total',
  help: 'Streams closed because their reader was slow',
})

export interface Client {
  /** False when the client has too much unread. */
  send(text: string): boolean
  close(): void
  still_valid(): Promise<boolean>
}

export interface Live {
  /** Returns how to leave; null when there are too many clients. */
  join(client: Client): (() => void) | null
  close(): void
}

/** Text of one server-sent event. */
export const sse = (event: string, data: string): string => `event: ${event}\ndata: ${data}\n\n`
const KEEP_ALIVE = ': still here\n\n'

export function createLive(bus: Bus, now: Clock): Live {
  const clients = new Set<Client>()
  let samples = new Set<string>()

  const leave = (client: Client) => {
    clients.delete(client)
    clientsGauge.set(clients.size)
  }
  const drop = (client: Client) => {
    leave(client)
    client.close()
  }
  const broadcast = (text: string) => {
    for (const client of clients) {
      if (client.send(text)) continue
      cut.inc()
      drop(client)
    }
  }
  const flush = () => {
    const ids = [...samples]
    samples = new Set()
    for (let from = 0; from < ids.length; from += LIVE_LIMITS.idsPerMessage) {
      const resource_ids = ids.slice(from, from + LIVE_LIMITS.idsPerMessage)
      broadcast(sse('sample', JSON.stringify({ resource_ids, at: iso(now()) })))
    }
  }
  const keepAlive = () => {
    broadcast(KEEP_ALIVE)
    for (const client of clients)
      void client.still_valid().then(
        (valid) => valid || drop(client),
        () => {},
      )
  }

  bus.subscribe(CHANGE_SUBJECT, (message) => broadcast(sse('change', JSON.stringify(bodyOf(message)))))
  bus.subscribe(SAMPLE_SUBJECT, (message) => {
    const { resource_ids } = (bodyOf(message) ?? {}) as { resource_ids?: unknown }
    if (clients.size > 0 && Array.isArray(resource_ids)) for (const id of resource_ids) samples.add(String(id))
  })
  // what was published while the bus was away is lost: clients connect anew and read everything again
  bus.onConnect(() => [...clients].forEach(drop))
  const timers = [setInterval(flush, LIVE_LIMITS.sample_ms), setInterval(keepAlive, LIVE_LIMITS.keepAlive_ms)]

  return {
    join(client) {
      if (clients.size >= LIVE_LIMITS.clients) return null
      client.send(sse('hello', JSON.stringify({ at: iso(now()) })))
      clients.add(client)
      clientsGauge.set(clients.size)
      return () => leave(client)
    },
    close() {
      timers.forEach(clearInterval)
      ;[...clients].forEach(drop)
    },
  }
}

function bodyOf(message: Message): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(message.body))
  } catch {
    return null
  }
}
