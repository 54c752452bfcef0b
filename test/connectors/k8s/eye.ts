/** Looks at a cluster through the connector with a clock of its own, and makes of what was said the timeline that would be billed. */
import type { Collected, Content, ObservationInput, Session } from '#connectors/contract.ts'
import { connector } from '#connectors/kubernetes/index.ts'
import { type Sighting, versions } from '#control-plane/inventory/rules.ts'

type Fact<T extends Collected['type']> = Extract<Collected, { type: T }>

export class Eye {
  readonly facts: Collected[] = []
  readonly logged: string[] = []
  /** as the agent's file holds it */
  memory: string | undefined
  /** ahead of the machine's clock */
  offset_ms = 0
  readonly #settings: () => Record<string, unknown>
  readonly #realm: string
  readonly #interval_ms: number
  #session: Session | undefined

  constructor(settings: () => Record<string, unknown>, realm: string, interval_ms = 30_000) {
    this.#settings = settings
    this.#realm = realm
    this.#interval_ms = interval_ms
  }
  now = (): number => Date.now() + this.offset_ms

  /** What one tick said, the events since the last one too; throws what it threw. */
  async tick(limit_ms = 10_000): Promise<Collected[]> {
    this.#session ??= await connector.open(this.#settings(), {
      realm: this.#realm,
      interval_ms: this.#interval_ms,
      emit: (facts) => void this.facts.push(...facts),
      memory: {
        get: async () => (this.memory === undefined ? undefined : (JSON.parse(this.memory) as unknown)),
        set: async (value) => void (this.memory = JSON.stringify(value)),
      },
      now: this.now,
      log: (level, message, fields) => void this.logged.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`),
    })
    const from = this.#read
    try {
      this.facts.push(...(await this.#session.collect(AbortSignal.timeout(limit_ms))))
    } finally {
      this.#read = this.facts.length
    }
    return this.facts.slice(from)
  }
  #read = 0

  /** As the agent ends, and begins anew over the same memory. */
  async close(): Promise<void> {
    await this.#session?.close()
    this.#session = undefined
  }
}

export const listings = (facts: readonly Collected[]): Fact<'listing'>[] =>
  facts.filter((fact) => fact.type === 'listing')
export const readings = (facts: readonly Collected[]): Fact<'readings'>[] =>
  facts.filter((fact) => fact.type === 'readings')
export const ids = (facts: readonly Collected[], kind: string): string[] =>
  listings(facts)
    .flatMap(({ resources }) => resources)
    .flatMap((one) => (one.kind === kind ? [one.external_id] : []))
    .toSorted()

const contentOf = ({
  kind: _kind,
  external_id: _id,
  incarnation: _incarnation,
  ...content
}: ObservationInput): Content => ({
  size: {},
  host: null,
  evidence: {},
  attributes: {},
  ...(content as Partial<Content>),
  name: content.name,
  state: content.state,
})

/** The control plane's own rule over all that was said of one resource; of an id that was used again, by its incarnation. */
export function timeline(facts: readonly Collected[], kind: string, id: string, incarnation?: string) {
  const isIt = (one: { kind: string; external_id: string; incarnation?: string | undefined }) =>
    one.kind === kind && one.external_id === id && (incarnation === undefined || one.incarnation === incarnation)
  const scopeOf = ({ scope: { kind: of, external_id } }: Fact<'event' | 'listing'>) => `${of}/${external_id}`
  const all = facts.filter((fact) => fact.type === 'event' || fact.type === 'listing')
  const tells = (fact: Fact<'event' | 'listing'>) =>
    fact.type === 'event' ? isIt(fact.resource) : fact.resources.some(isIt)
  const holders = new Set(all.filter(tells).map(scopeOf))
  const sightings = all.flatMap((fact, position): Sighting[] => {
    const scope = scopeOf(fact)
    const common = { scope_id: scope, scope, seen_at: fact.seen_at_ms, position, previous_at: null }
    if (fact.type === 'event')
      return isIt(fact.resource) ? [{ ...common, exact: true, content: fact.content as Sighting['content'] }] : []
    const row = fact.resources.find(isIt)
    if (!row && !(fact.complete && holders.has(scope))) return []
    return [{ ...common, exact: false, content: row ? contentOf(row) : null }]
  })
  return versions(sightings, id).map(({ from, to, content }) => ({
    from,
    to,
    state: content.state,
    size: content.size,
  }))
}

/** Milliseconds in which it ran, by that timeline, until `now_ms` where it still does. */
export const ranFor = (facts: readonly Collected[], id: string, now_ms = 0): number =>
  timeline(facts, 'pod', id)
    .filter(({ state }) => state === 'running')
    .reduce((sum, { from, to }) => sum + (to ?? now_ms) - from, 0)
