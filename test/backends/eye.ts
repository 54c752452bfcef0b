/** A session of the libvirt connector as an agent runs it, whose facts a test can look through. */
import type { Collected, Listing, Session } from '#connectors/contract.ts'
import { connector } from '#connectors/libvirt/index.ts'

export type EventFact = Extract<Collected, { type: 'event' }>
export type ReadingsFact = Extract<Collected, { type: 'readings' }>

/** A connector's session as the agent runs it; keeps all facts in the order in which they came. */
export class Eye {
  readonly facts: Collected[] = []
  memory: unknown
  #session: Session | undefined

  async open(uris: string[]): Promise<void> {
    this.#session = await connector.open(
      { uris },
      {
        realm: 'test',
        interval_ms: 10_000,
        now: () => Date.now(),
        emit: (facts) => void this.facts.push(...facts),
        memory: { get: () => Promise.resolve(this.memory), set: async (value) => void (this.memory = value) },
        log: () => undefined,
      },
    )
  }
  /** One tick: its listings by host. */
  async tick(): Promise<Listing[]> {
    const facts = await this.#session!.collect(new AbortController().signal)
    this.facts.push(...facts)
    return facts.filter((fact) => fact.type === 'listing')
  }
  async close(): Promise<void> {
    await this.#session?.close()
  }
  events(uuid: string, from = 0): EventFact[] {
    return this.facts
      .slice(from)
      .filter((fact) => fact.type === 'event' && fact.resource.external_id === uuid) as EventFact[]
  }
  readings(uuid: string): ReadingsFact[] {
    return this.facts.filter((fact) => fact.type === 'readings' && fact.resource.external_id === uuid) as ReadingsFact[]
  }
  /** The last reading that has this counter: its value, and its epoch. */
  counter(uuid: string, key: string): { value: bigint; epoch: string; origin_ms: number | undefined } {
    const fact = this.readings(uuid).findLast((item) => item.counters && key in item.counters)
    if (!fact?.epoch) throw new Error(`no reading of ${key}`)
    return { value: BigInt(String(fact.counters?.[key])), epoch: fact.epoch.id, origin_ms: fact.epoch.origin_ms }
  }

  /** The last value of a counter in an epoch. */
  last(uuid: string, key: string, epoch: string): bigint {
    const fact = this.readings(uuid).findLast(
      (item) => item.epoch?.id === epoch && item.counters && key in item.counters,
    )
    return BigInt(String(fact?.counters?.[key] ?? -1))
  }
}
