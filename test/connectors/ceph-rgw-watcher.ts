/** A session of the connector for Ceph as an agent runs it, whose facts a test can look through, and meter as the control plane does. */
import { connector } from '#connectors/ceph-rgw/index.ts'
import type { Collected, Listing, Session } from '#connectors/contract.ts'
import { asGauges } from '#control-plane/metering/gauges.ts'
import { measure, total, usageOfHour } from '#control-plane/metering/hours.ts'

export type ReadingsFact = Extract<Collected, { type: 'readings' }>

export class Watcher {
  readonly facts: Collected[] = []
  memory: unknown
  #session: Session | undefined
  readonly #now: () => number
  readonly #settings: () => Record<string, unknown>

  constructor(now: () => number, settings: () => Record<string, unknown>) {
    this.#now = now
    this.#settings = settings
  }

  async tick(signal = new AbortController().signal): Promise<void> {
    this.#session ??= await connector.open(this.#settings(), {
      realm: 'z',
      interval_ms: 300_000,
      now: this.#now,
      emit: (facts) => void this.facts.push(...facts),
      // as a file keeps it
      memory: {
        get: async () => this.memory,
        set: async (value) => void (this.memory = JSON.parse(JSON.stringify(value))),
      },
      log: () => undefined,
    })
    this.facts.push(...(await this.#session.collect(signal)))
  }
  restart(memory: 'with memory' | 'without memory' = 'with memory'): void {
    this.#session = undefined
    if (memory === 'without memory') this.memory = undefined
  }

  listing(): Listing {
    const last = this.facts.findLast((fact) => fact.type === 'listing')
    if (!last) throw new Error('nothing was listed')
    return last
  }
  /** Readings of counters, in order of time. */
  readings(external_id: string, incarnation?: string): ReadingsFact[] {
    const all = this.facts.filter((fact) => fact.type === 'readings')
    const own = all.filter(
      ({ resource, counters }) =>
        counters &&
        resource.external_id === external_id &&
        (incarnation === undefined || resource.incarnation === incarnation),
    )
    return own.toSorted((a, b) => a.seen_at_ms - b.seen_at_ms)
  }
  gauges(external_id: string): ReadingsFact['gauges'] {
    const readings = this.facts.filter((fact) => fact.type === 'readings')
    return readings.findLast(({ resource, gauges }) => gauges && resource.external_id === external_id)?.gauges
  }
  counter(
    external_id: string,
    key: string,
    incarnation?: string,
  ): { value: bigint; epoch: string; origin_ms: number | undefined } {
    const last = this.readings(external_id, incarnation).at(-1)
    if (!last?.epoch) throw new Error(`no reading of ${external_id}`)
    return { value: BigInt(String(last.counters?.[key])), epoch: last.epoch.id, origin_ms: last.epoch.origin_ms }
  }
  value = (external_id: string, key: string): bigint => this.counter(external_id, key).value

  /** Counters that fell within an epoch, or have two values at one instant. */
  fell(): string[] {
    const out: string[] = []
    const seen = new Map<string, ReadingsFact>()
    for (const fact of this.facts
      .filter((one) => one.type === 'readings')
      .toSorted((a, b) => a.seen_at_ms - b.seen_at_ms)) {
      const key = JSON.stringify([fact.resource, fact.epoch?.id])
      const before = fact.counters && seen.get(key)
      if (before?.seen_at_ms === fact.seen_at_ms) out.push(`${key} twice at ${fact.seen_at_ms}`)
      for (const [name, value] of Object.entries(before?.counters ?? {}))
        if (BigInt(String(fact.counters?.[name])) < BigInt(String(value))) out.push(`${key} ${name}`)
      if (fact.counters) seen.set(key, fact)
    }
    return out
  }
}

const rowOf = (fact: ReadingsFact, sequence: number, counters: Record<string, string>) => ({
  resource_id: 'r',
  seen_at: fact.seen_at_ms,
  interval_ms: 300_000,
  epoch: fact.epoch?.id ?? '',
  origin_at: fact.epoch?.origin_ms ?? null,
  wrap_bits: null,
  spool_id: 's',
  source_id: 'o',
  sequence,
  position: 0,
  counters,
  counter_count: 1,
})

/** Byte-milliseconds of a bucket by the control plane's own rules, from its first reading to `to`, or to the listing that lacks it. */
export function heldIn(eye: Watcher, external_id: string, incarnation: string, to: number): bigint {
  const is = (resource: { external_id: string; incarnation?: string | undefined }) =>
    resource.external_id === external_id && resource.incarnation === incarnation
  const told = eye.facts.filter((fact) => fact.type === 'readings').filter((fact) => fact.gauges && is(fact.resource))
  const last_ms = Math.max(...told.map(({ seen_at_ms }) => seen_at_ms))
  const listings = eye.facts.filter((fact) => fact.type === 'listing')
  const gone = listings.find(({ seen_at_ms, resources }) => seen_at_ms > last_ms && !resources.some(is))
  const rows = told.map((fact, sequence) =>
    asGauges(rowOf(fact, sequence, { storage_used_bytes: String(fact.gauges?.storage_used_bytes) })),
  )
  const life = { from: 0, to: gone?.seen_at_ms ?? to }
  return measure(rows, null).reduce((sum, { courses }) => sum + total(courses, life).quantity, 0n)
}

/** Usage of whole hours by the control plane's own rules; one that began under observation counts from its origin. */
export function usedIn(
  eye: Watcher,
  external_id: string,
  key: string,
  from: number,
  to: number,
  incarnation?: string,
): bigint {
  const rows = eye
    .readings(external_id, incarnation)
    .map((fact, sequence) => rowOf(fact, sequence, { [key]: String(fact.counters?.[key]) }))
  const born_after = Math.min(...rows.map(({ origin_at, seen_at }) => origin_at ?? seen_at))
  const measured = measure(rows, born_after)
  let sum = 0n
  for (let hour = from; hour < to; hour += 3_600_000)
    for (const usage of usageOfHour(measured, hour)) sum += usage.quantity
  return sum
}
