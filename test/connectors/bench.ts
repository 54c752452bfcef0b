/** Runs a rig's connector as the agent does, through its sources and listings, and keeps all that was said, thrown and logged. */
import { randomUUID } from 'node:crypto'
import { type Outside, Source } from '#agent/source.ts'
import { Listings } from '#agent/listing.ts'
import { type Connector, ConnectorError, Fact, type Observation, type Readings } from '#connectors/contract.ts'
import type { Rig } from './rig.ts'

/** How long the agent gives a tick here, and how long after it one must have ended. */
const TICK_MS = { most: 60_000, grace: 3_000 } as const
const INTERVAL_MS = 10_000
/** clocks of a vendor and of its agent differ by less, here where they are one */
const AHEAD_MS = 1_000

export interface TickOptions {
  /** the agent tells the tick to stop after so long */
  limit_ms?: number
}

/** What came of one tick. */
export interface Tick {
  ok: boolean
  began_ms: number
  ended_ms: number
  facts: Fact[]
  /** what the session threw, before the agent took secrets out of it */
  thrown: unknown
  /** whole listings by scope, where `unchanged` stands for the one before */
  listings: Listed[]
}
export interface Listed {
  scope: string
  seen_at_ms: number
  complete: boolean
  /** it was told by its digest alone */
  unchanged: boolean
  /** parts in which it came */
  parts: number
  resources: Observation[]
}

export class Bench {
  readonly rig: Rig
  /** everything reported, in order */
  readonly facts: Fact[] = []
  readonly logged: string[] = []
  readonly thrown: unknown[] = []
  readonly added = new Set<string>()
  /** what was said that the wire doesn't take */
  readonly misfits: string[] = []
  /** what the connector kept, as the file holds it */
  memory: string | undefined
  #id: string = randomUUID()
  #source: Source | null = null
  #limit_ms: number = TICK_MS.most
  #last_thrown: unknown = null
  #told = new Map<string, Listed>()

  constructor(rig: Rig) {
    this.rig = rig
  }

  /** The session of a new agent over the same memory; the old one's ends in order. */
  async restart(): Promise<void> {
    const away_since_ms = this.#source && Date.now()
    await this.close()
    this.#source = new Source(
      {
        id: this.#id,
        connector: this.rig.connector.manifest.name,
        realm: this.rig.realm,
        interval_ms: INTERVAL_MS,
        settings: this.rig.settings() as never,
      },
      this.#outside(),
    )
    // as the agent admits the time in which it didn't run
    if (away_since_ms !== null)
      this.#arrive(this.#source.gap({ cause: 'agent_down', from_ms: away_since_ms, seen_at_ms: Date.now() }))
  }

  async tick({ limit_ms = TICK_MS.most }: TickOptions = {}): Promise<Tick> {
    if (!this.#source) await this.restart()
    // two readings of one millisecond would be one instant
    await Bun.sleep(2)
    this.#limit_ms = limit_ms
    this.#last_thrown = null
    const [from, began_ms] = [this.facts.length, Date.now()]
    const ok = await within(
      limit_ms + TICK_MS.grace,
      this.#source!.tick(),
      `the tick still runs ${TICK_MS.grace} ms after the agent told it to stop`,
    )
    const facts = this.facts.slice(from)
    const told = { ok, began_ms, ended_ms: Date.now(), facts, thrown: this.#last_thrown }
    return { ...told, listings: this.#listings(facts) }
  }

  async close(): Promise<void> {
    const closing = this.#source?.close()
    this.#source = null
    if (closing) await within(TICK_MS.grace, closing, `the session still closes after ${TICK_MS.grace} ms`)
  }

  async end(): Promise<void> {
    await this.close()
    await this.rig.calm()
    // a rig may have taken some away by itself
    for (const id of this.added) await this.remove(id).catch(() => {})
  }

  async add(name: string): Promise<string> {
    const id = await this.rig.add(name)
    this.added.add(id)
    return id
  }
  /** one whose counters are told */
  async addCounting(name: string): Promise<string> {
    const id = await this.add(name)
    await this.rig.begin?.(id)
    return id
  }
  async addMany(count: number, stem = 'm'): Promise<string[]> {
    const ids: string[] = []
    for (let n = 1; n <= count; n++) ids.push(await this.add(`${stem}-${n}`))
    return ids
  }
  async remove(id: string): Promise<void> {
    this.added.delete(id)
    await this.rig.remove(id)
  }

  #outside(): Outside {
    return {
      load: async () => this.#watched(this.rig.connector),
      memory: () => ({
        get: async () => (this.memory === undefined ? undefined : (JSON.parse(this.memory) as unknown)),
        set: async (value) => void (this.memory = JSON.stringify(value)),
      }),
      log: (level, message, fields) => void this.logged.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`),
      listings: new Listings(),
      report: (facts) => facts.forEach((fact) => this.#arrive(fact)),
      now: Date.now,
    }
  }

  /** Through JSON, and held against the schemas. */
  #arrive(fact: unknown): void {
    const read = Fact.safeParse(JSON.parse(JSON.stringify(fact)))
    const ahead_ms = read.success ? read.data.seen_at_ms - Date.now() : 0
    if (ahead_ms > AHEAD_MS) this.misfits.push(`${ahead_ms} ms before it is so: ${JSON.stringify(fact).slice(0, 300)}`)
    if (read.success) return void this.facts.push(read.data)
    const [issue] = read.error.issues
    this.misfits.push(`at ${issue?.path.join('.')}: ${issue?.message}: ${JSON.stringify(fact).slice(0, 300)}`)
  }

  /** The connector as it is; but what it throws and logs is seen before the agent cleans it, and a tick's limit is ours. */
  #watched({ manifest, open }: Connector): Connector {
    return {
      manifest,
      open: async (settings, surroundings) => {
        const log = surroundings.log
        const watched = {
          ...surroundings,
          log: (...said: Parameters<typeof log>) => (this.logged.push(JSON.stringify(said)), log(...said)),
        }
        const session = await this.#seen(() => open(settings, watched))
        return {
          collect: (signal) => this.#seen(() => session.collect(AbortSignal.any([signal, this.#limit()]))),
          close: () => session.close(),
        }
      },
    }
  }

  async #seen<T>(step: () => Promise<T>): Promise<T> {
    try {
      return await step()
    } catch (error) {
      this.#last_thrown = error
      this.thrown.push(error)
      throw error
    }
  }

  /** As the agent's own, sooner. */
  #limit(): AbortSignal {
    const limit = new AbortController()
    const error = new ConnectorError('timeout', `no answer within ${this.#limit_ms} ms`, 'Find out why it is slow.')
    setTimeout(() => limit.abort(error), this.#limit_ms).unref()
    return limit.signal
  }

  #listings(facts: Fact[]): Listed[] {
    const parts = facts.filter((fact) => fact.type === 'snapshot')
    for (const all of Map.groupBy(parts, ({ snapshot }) => snapshot).values()) {
      const [first] = all
      if (!first) continue
      const { scope, seen_at_ms, complete } = first
      if (all.length !== first.parts) throw new Error(`${all.length} of ${first.parts} parts of a listing came`)
      const resources = all.flatMap((part) => part.resources)
      const told = { seen_at_ms, complete, unchanged: false, parts: all.length, resources }
      this.#told.set(keyOf(scope), { scope: keyOf(scope), ...told })
    }
    const scopes = new Map(
      facts.flatMap((fact) =>
        fact.type === 'snapshot' || fact.type === 'unchanged' ? [[keyOf(fact.scope), fact] as const] : [],
      ),
    )
    return [...scopes].flatMap(([scope, { type, seen_at_ms }]) => {
      const known = this.#told.get(scope)
      return known ? [{ ...known, seen_at_ms, unchanged: type === 'unchanged' }] : []
    })
  }
}

const keyOf = ({ kind, external_id }: { kind: string; external_id: string }) => `${kind} ${external_id}`

export async function within<T>(limit_ms: number, work: Promise<T>, otherwise: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(otherwise)), limit_ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** All rows of a tick under that id. */
export const rowsOf = ({ listings }: Pick<Tick, 'listings'>, kind: string, id: string): Observation[] =>
  listings.flatMap(({ resources }) => resources.filter((one) => one.kind === kind && one.external_id === id))

export const readingsOf = (facts: readonly Fact[], kind: string, id: string): Readings[] =>
  facts.filter(
    (fact) => fact.type === 'readings' && fact.resource.kind === kind && fact.resource.external_id === id,
  ) as Readings[]
