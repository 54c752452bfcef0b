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
  /** of one account, or of one of those who run the installation: nobody takes the places of all others */
  clientsOfOne: 40,
  /** not yet read by one client; beyond it he is cut and comes back fresh. A burst of one dispatch is a quarter of it. */
  unreadBytes: 512 * 1024,
  idsPerMessage: 1_000,
  sample_ms: 1_000,
  keepAlive_ms: 15_000,
  /** how soon a stream ends whose bearer is no longer who opened it, and what he owns by now is told */
  look_ms: 3_000,
} as const

const clientsGauge = new Gauge({ name: 'atalaya_live_clients', help: 'Open streams of live updates' })
const cut = new Counter({
  name: 'atalaya_live_clients_cut_total',
  help: 'Streams closed because their reader was slow',
})

/** What a tenant may hear of. */
export interface View {
  /** none of one who is narrowed to projects: of an account he hears only what is of his resources */
  account_ids: ReadonlySet<string>
  resource_ids: ReadonlySet<string>
}

export interface Client {
  /** whose stream it is, as `clientsOfOne` counts them */
  of: string
  /** null: everything */
  view: View | null
  /** Asks anew what it may hear of. */
  look(): Promise<View | null>
  /** False when the client has too much unread. */
  send(text: string): boolean
  close(): void
  still_valid(): Promise<boolean>
}

export interface Live {
  /** Returns how to leave; null when there are too many clients, or too many of his. */
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
  /** `hears`: of those who may not hear everything, who hears this */
  const broadcast = (text: string, hears: (view: View) => boolean = () => true) => {
    for (const client of clients) {
      if ((client.view && !hears(client.view)) || client.send(text)) continue
      cut.inc()
      drop(client)
    }
  }
  const flush = () => {
    const ids = [...samples]
    samples = new Set()
    const at = iso(now())
    for (const client of clients)
      if (client.view)
        tell(
          client,
          ids.filter((id) => client.view?.resource_ids.has(id)),
          at,
        )
    for (const text of sampleTexts(ids, at)) broadcast(text, () => false)
  }
  const tell = (client: Client, ids: readonly string[], at: string) => {
    if (sampleTexts(ids, at).every((text) => client.send(text))) return
    cut.inc()
    drop(client)
  }
  /** Whether its bearer still is who opened it, and what he owns by now. */
  const lookAgain = async (client: Client) => {
    if (!(await client.still_valid())) return drop(client)
    client.view = await client.look()
  }
  const looking = new WeakSet<Client>()
  const look = () => {
    for (const client of clients) {
      if (looking.has(client)) continue
      looking.add(client)
      void lookAgain(client)
        .catch(() => {})
        .finally(() => looking.delete(client))
    }
  }

  bus.subscribe(CHANGE_SUBJECT, (message) => {
    const change = bodyOf(message)
    broadcast(sse('change', JSON.stringify(change)), hearsOf(change))
  })
  bus.subscribe(SAMPLE_SUBJECT, (message) => {
    const { resource_ids } = (bodyOf(message) ?? {}) as { resource_ids?: unknown }
    if (clients.size > 0 && Array.isArray(resource_ids)) for (const id of resource_ids) samples.add(String(id))
  })
  // what was published while the bus was away is lost: clients connect anew and read everything again
  bus.onConnect(() => [...clients].forEach(drop))
  const timers = [
    setInterval(flush, LIVE_LIMITS.sample_ms),
    setInterval(() => broadcast(KEEP_ALIVE), LIVE_LIMITS.keepAlive_ms),
    setInterval(look, LIVE_LIMITS.look_ms),
  ]

  return {
    join(client) {
      const own = [...clients].filter(({ of }) => of === client.of).length
      if (clients.size >= LIVE_LIMITS.clients || own >= LIVE_LIMITS.clientsOfOne) return null
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

interface Change {
  account_id: string | null
  subject: { kind: string; id: string }
}
const hearsOf = (change: unknown) => (view: View) => {
  const { account_id, subject } = (change ?? {}) as Partial<Change>
  if (view.account_ids.size > 0) return view.account_ids.has(String(account_id))
  return subject?.kind === 'resource' && view.resource_ids.has(subject.id)
}

function sampleTexts(ids: readonly string[], at: string): string[] {
  const texts: string[] = []
  for (let from = 0; from < ids.length; from += LIVE_LIMITS.idsPerMessage) {
    const resource_ids = ids.slice(from, from + LIVE_LIMITS.idsPerMessage)
    texts.push(sse('sample', JSON.stringify({ resource_ids, at })))
  }
  return texts
}

function bodyOf(message: Message): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(message.body))
  } catch {
    return null
  }
}
