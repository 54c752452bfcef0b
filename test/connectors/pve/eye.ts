/** A session of the connector as an agent runs it against that cluster, and what a test looks for in what it says. */
import { type Collected, ConnectorError, Fact, type Listing, Observation, type Session } from '#connectors/contract.ts'
import type { ProxmoxRig } from '../proxmox.ts'

type EventFact = Extract<Collected, { type: 'event' }>
type ReadingsFact = Extract<Collected, { type: 'readings' }>
const SOURCE = '019aa000-0000-7000-8000-000000000001'

export class Eye {
  memory: unknown
  passed_ms = 0
  error: ConnectorError | undefined
  #session: Session | undefined
  readonly #rig: ProxmoxRig
  constructor(rig: ProxmoxRig) {
    this.#rig = rig
  }
  now = () => Date.now() + this.passed_ms

  /** One tick: all that it said; what it complained of is in `error`. */
  async tick(settings: Record<string, unknown> = this.#rig.settings()): Promise<Collected[]> {
    const emitted: Collected[] = []
    this.error = undefined
    this.#emit = (facts) => emitted.push(...facts)
    this.#session ??= await this.#rig.connector.open(settings, {
      realm: 'r',
      interval_ms: 30_000,
      now: this.now,
      emit: (facts) => this.#emit(facts),
      memory: { get: async () => this.memory, set: async (value) => void (this.memory = structuredClone(value)) },
      log: () => undefined,
    })
    try {
      emitted.push(...(await this.#session.collect(AbortSignal.timeout(20_000))))
    } catch (error) {
      if (!(error instanceof ConnectorError)) throw error
      this.error = error
    }
    for (const fact of emitted) valid(fact)
    return emitted
  }
  #emit: (facts: Collected[]) => void = () => undefined
  async restart(): Promise<void> {
    await this.#session?.close()
    this.#session = undefined
  }
}

function valid(fact: Collected): void {
  if (fact.type === 'listing') for (const resource of fact.resources) Observation.parse(resource)
  else Fact.parse({ source: SOURCE, ...(fact.type === 'readings' && { interval_ms: 30_000 }), ...fact })
}

export const listings = (facts: Collected[]) =>
  new Map(facts.flatMap((fact) => (fact.type === 'listing' ? [[fact.scope.external_id, fact] as const] : [])))
export const kinds = (listing: Listing | undefined) =>
  listing?.resources.map(({ kind, external_id }) => `${kind} ${external_id}`)
export const find = (facts: Collected[], external_id: string) =>
  [...listings(facts).values()].flatMap(({ scope, resources }) =>
    resources.filter((one) => one.external_id === external_id).map((one) => ({ ...one, scope: scope.external_id })),
  )
export const events = (facts: Collected[]) => facts.filter((fact): fact is EventFact => fact.type === 'event')
export const counters = (facts: Collected[], external_id: string) =>
  facts.filter((fact): fact is ReadingsFact => fact.type === 'readings' && fact.resource.external_id === external_id)
