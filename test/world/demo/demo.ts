/** Sets the invented company up, tells its history, invoices the months that are over, and goes on with what happens now. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Collected } from '#connectors/contract.ts'
import { dateOf, monthOf } from '#control-plane/base/time.ts'
import { DemoAgent } from './agent.ts'
import type { Api } from './api.ts'
import { CLUSTERS, COMPANY, CUSTOMERS, DEARER_MEMORY, type Machine, machines, PRICES } from './customers.ts'
import { events, tick } from './sayings.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const LIVE_MS = 60_000
/** Charts show a day: so long the history is told in small steps. */
const FINE = { last_ms: 26 * HOUR_MS, step_ms: 300_000 } as const
/** Invented machines go on changing for so long after the history. */
const AHEAD_MS = 60 * DAY_MS
/** Steps that are told in one report. */
const STEPS = 12
const PENDING_MAX = 4
const SETTLED_MS_MAX = 600_000

/** What must be the same at the next start. */
interface Kept {
  began_ms: number
  span_ms: number
  told_to_ms: number
  /** decisions and invoices that were made: a demo that was stopped in between goes on with the next */
  done: string[]
}
interface Place {
  agent: DemoAgent
  source: string
  machines: Machine[]
  cluster: (typeof CLUSTERS)[number]
}
interface Listed {
  items: { id: string; name: string; external_id?: string; realm?: string }[]
  next_cursor: string | null
}

const monthsAgo = (now: number, zone: string, months: number): { from: number; to: number } =>
  months === 0 ? monthOf(now, zone) : monthsAgo(monthOf(now, zone).from - 1, zone, months - 1)

export class Demo {
  readonly #api: Api
  readonly #file: string
  readonly #kept: Kept
  readonly #places: Place[]
  #stopped = false

  private constructor(api: Api, file: string, kept: Kept, places: Place[]) {
    this.#api = api
    this.#file = file
    this.#kept = kept
    this.#places = places
  }

  static async start(api: Api, data: string): Promise<Demo> {
    const file = join(data, 'demo.json')
    const kept = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Kept) : await found(api)
    writeFileSync(file, JSON.stringify(kept))
    const all = machines(kept.span_ms)
    const places: Place[] = []
    for (const cluster of CLUSTERS) {
      const state = join(data, 'demo-agents', cluster.realm)
      mkdirSync(state, { recursive: true, mode: 0o700 })
      const agent = await DemoAgent.start(`agent-${cluster.realm}`, state, api)
      const source = await sourceOf(api, agent, cluster.realm)
      places.push({ agent, source, cluster, machines: all.filter(({ realm }) => realm === cluster.realm) })
    }
    return new Demo(api, file, kept, places)
  }

  /** What a cluster says of [from, to): what changed in it, and how it is at its end. */
  #said(place: Place, from: number, to: number): Collected[] {
    const { began_ms } = this.#kept
    if (this.#isAway(place, to))
      return [{ type: 'gap', from_ms: began_ms + from, seen_at_ms: began_ms + to, cause: 'agent_down' }]
    return [...events(place.machines, from, to, began_ms), ...tick(place.cluster, place.machines, to - 1, began_ms)]
  }

  /** Frankfurt's agent was away for some hours in the month before this one: its machines' bills say so. */
  #isAway({ cluster }: Place, at: number): boolean {
    const { from } = monthsAgo(Date.now(), 'Europe/Madrid', 1)
    const away = from - this.#kept.began_ms + 9 * DAY_MS + 2 * HOUR_MS
    return cluster.realm === CLUSTERS[1]?.realm && at > away && at <= away + 5 * HOUR_MS
  }

  /** Everything since the beginning, then who owns what, then the bills of the months that are over. */
  async tellHistory(progress: (line: string) => void): Promise<void> {
    const end = Date.now() - this.#kept.began_ms
    for (let from = this.#kept.told_to_ms; from < end && !this.#stopped;) {
      const step_ms = from < end - FINE.last_ms ? HOUR_MS : FINE.step_ms
      const to = Math.min(from + STEPS * step_ms, end)
      for (const place of this.#places) {
        const said: Collected[] = []
        for (let at = from; at < to; at += step_ms) said.push(...this.#said(place, at, Math.min(at + step_ms, to)))
        place.agent.tell({ id: place.source, interval_ms: step_ms }, said)
      }
      progress(`history: ${Math.floor((100 * from) / end)} %`)
      from = to
      while (this.#places.some(({ agent }) => agent.pending > PENDING_MAX) && !this.#stopped) await sleep(50)
    }
    this.#keep({ told_to_ms: end })
    while (this.#places.some(({ agent }) => agent.pending > 0)) await sleep(100)
    await this.#settled()
    await this.#decide()
    progress('history: told; invoicing')
    await this.#invoice()
  }

  #keep(change: Partial<Kept>): void {
    Object.assign(this.#kept, change)
    writeFileSync(this.#file, JSON.stringify(this.#kept))
  }

  async #once(name: string, work: () => Promise<unknown>): Promise<void> {
    if (this.#kept.done.includes(name)) return
    await work()
    this.#keep({ done: [...this.#kept.done, name] })
  }

  async #settled(): Promise<void> {
    const until = Date.now() + SETTLED_MS_MAX
    while (Date.now() < until) {
      const { oldest_pending_ms } = await this.#api.get<{ oldest_pending_ms: number | null }>('/accounting?hours=1')
      if (oldest_pending_ms === null) return
      await sleep(500)
    }
    throw new Error('The usage of the history was not settled in time.')
  }

  /** Each machine to its customer, from its beginning on; one changes hands in the month before this one. */
  async #decide(): Promise<void> {
    const ids = await this.#ids()
    const accounts = await accountsOf(this.#api)
    const assign = (machine: Machine, customer: string, effective_at: number, reason: string) =>
      this.#api.send('POST', `/resources/${ids.get(machine.external_id)}/assignments`, {
        account_id: accounts.get(customer),
        effective_at: new Date(effective_at).toISOString(),
        reason,
      })
    const all = this.#places.flatMap((place) => place.machines).filter(({ external_id }) => ids.has(external_id))
    for (const machine of all)
      if (machine.customer !== null) {
        const { name, customer } = machine
        await this.#once(`order ${name}`, () =>
          assign(machine, customer, this.#kept.began_ms, 'Ordered by this customer'),
        )
      }
    const sold = all.find(({ name }) => name === 'nordlicht-game-8')
    const { from } = monthsAgo(Date.now(), 'Europe/Berlin', 1)
    const sale = from + 16 * DAY_MS + 9 * HOUR_MS
    if (sold) await this.#once('sale', () => assign(sold, 'harbour', sale, 'Sold with the game to Harbour & Finch'))
  }

  async #ids(): Promise<Map<string, string>> {
    const out = new Map<string, string>()
    let cursor: string | null = null
    do {
      const page: Listed = await this.#api.get(
        `/resources?kind=vm&ended=all&limit=500${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
      )
      for (const { id, external_id } of page.items) if (external_id) out.set(external_id, id)
      cursor = page.next_cursor
    } while (cursor)
    return out
  }

  async #invoice(): Promise<void> {
    const accounts = await accountsOf(this.#api)
    for (const back of [2, 1])
      for (const { key, zone = 'UTC' } of CUSTOMERS) {
        const { to } = monthsAgo(Date.now(), zone, back)
        const wanted = { account_id: accounts.get(key), to: new Date(to).toISOString() }
        await this.#once(`invoice ${key} ${wanted.to}`, () => this.#api.send('POST', '/invoices', wanted))
      }
  }

  /** From now on a tick a minute; what changed during a pause is told, what was counted in it is spread. */
  async goOn(): Promise<void> {
    while (!this.#stopped) {
      const to = Date.now() - this.#kept.began_ms
      const from = this.#kept.told_to_ms
      for (const place of this.#places)
        place.agent.tell({ id: place.source, interval_ms: LIVE_MS }, this.#said(place, from, to))
      this.#keep({ told_to_ms: to })
      await sleep(LIVE_MS)
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const { agent } of this.#places) await agent.stop()
  }
}

/** The company, its customers and its prices; the history begins with the month two before this one. */
async function found(api: Api): Promise<Kept> {
  const now = Date.now()
  const [entity] = (await api.get<Listed>('/legal-entities')).items
  await api.send('PATCH', `/legal-entities/${entity?.id}`, { ...COMPANY, zone: 'Europe/Madrid' })
  const [own] = (await api.get<Listed>('/accounts')).items
  await api.send('PATCH', `/accounts/${own?.id}`, { name: 'Faro Cloud (own use)' })
  const known = await accountsOf(api)
  for (const { key, machines: _machines, ...customer } of CUSTOMERS)
    if (!known.has(key)) {
      const contract_from = new Date(monthsAgo(now, customer.zone ?? 'UTC', 2).from).toISOString()
      await api.send('POST', '/accounts', { ...customer, contract_from })
    }
  const began_ms = Math.min(...CUSTOMERS.map(({ zone = 'UTC' }) => monthsAgo(now, zone, 2).from))
  const { from: lastMonth } = monthsAgo(now, 'Europe/Madrid', 1)
  for (const price of PRICES)
    await api.send('POST', '/prices', { ...price, effective_at: new Date(began_ms).toISOString() })
  const dearer = new Date(lastMonth + 14 * DAY_MS).toISOString()
  await api.send('POST', '/prices', { ...DEARER_MEMORY, effective_at: dearer })
  console.log(`the company is founded; its history begins on ${dateOf(began_ms, 'Europe/Madrid')}`)
  return { began_ms, span_ms: now - began_ms + AHEAD_MS, told_to_ms: 0, done: [] }
}

/** Ids of the customers' accounts by their keys. */
async function accountsOf(api: Api): Promise<Map<string, string>> {
  const { items } = await api.get<Listed>('/accounts?limit=500')
  return new Map(
    CUSTOMERS.flatMap(({ key, name }) => {
      const account = items.find((one) => one.name === name)
      return account ? [[key, account.id] as const] : []
    }),
  )
}

/** The source of a cluster: nobody owns what it finds until somebody says so. */
async function sourceOf(api: Api, agent: DemoAgent, realm: string): Promise<string> {
  const known = (await api.get<Listed>('/sources')).items.find((source) => source.realm === realm)
  if (known) return known.id
  const wanted = { agent: agent.id, connector: 'demo', realm, interval_ms: LIVE_MS, account_id: null }
  // the connector is known once the agent's hello arrived
  for (let tries = 0; ; tries += 1)
    try {
      return (await api.send<{ id: string }>('POST', '/sources', wanted)).id
    } catch (error) {
      if (tries > 100) throw error
      await sleep(100)
    }
}
