/** The physical life of a machine: what it is at an instant, and what its counters read then. Pure. */
import type { State } from '#connectors/contract.ts'
import type { Instant, Machine, Stretch } from './truth.ts'

/** A stretch of one counter process: a boot, a guest's process on one host. */
export interface Epoch {
  id: string
  from: Instant
  to: Instant | null
  /** what the counters read at `from`, by key; 0 where nothing is said */
  base: Record<string, bigint>
  /** the source can tell when it began */
  origin_known: boolean
  wrap_bits: 32 | 64 | null
  /** instants at which all counters fell to zero though the epoch went on, which nobody announces */
  falls: Instant[]
}
export interface Body extends Machine {
  epochs: Epoch[]
}

const covers = ({ from, to }: { from: Instant; to: Instant | null }, at: Instant): boolean =>
  from <= at && (to === null || at < to)

export const stretchAt = (machine: Machine, at: Instant): Stretch | undefined =>
  machine.life.find((stretch) => covers(stretch, at))

/** Whether counters can be read of it. */
export const isAlive = (state: State): boolean => state === 'running' || state === 'paused'

/** Base units of a counter in [from, to), whole ones. */
export function flowed(machine: Machine, key: string, from: Instant, to: Instant): bigint {
  let unit_ms = 0n
  for (const flow of machine.flows[key] ?? []) {
    const overlap = Math.min(flow.to ?? to, to) - Math.max(flow.from, from)
    if (overlap > 0) unit_ms += BigInt(overlap) * BigInt(flow.per_second)
  }
  return unit_ms / 1_000n
}

export interface Reading {
  epoch: Epoch
  counters: Record<string, bigint>
}

/** Raw counter values, after falls and wraps; null where nothing counts. */
export function readingAt(body: Body, at: Instant): Reading | null {
  const epoch = body.epochs.find((one) => covers(one, at))
  if (!epoch) return null
  const fall = epoch.falls.findLast((one) => one <= at)
  const counters: Reading['counters'] = {}
  for (const key of Object.keys(body.flows)) {
    const counted = flowed(body, key, fall ?? epoch.from, at) + (fall === undefined ? (epoch.base[key] ?? 0n) : 0n)
    counters[key] = epoch.wrap_bits === null ? counted : counted % 2n ** BigInt(epoch.wrap_bits)
  }
  return { epoch, counters }
}

/** Writes a life down step by step, in the order of time. */
export class Life {
  readonly body: Body

  constructor(body: Omit<Body, 'life' | 'epochs' | 'flows'>, first: Stretch) {
    this.body = { ...body, life: [first], epochs: [], flows: {} }
  }

  get last(): Stretch {
    const last = this.body.life.at(-1)
    if (!last) throw new Error(`${this.body.key} has no life.`)
    return last
  }

  change(at: Instant, over: Partial<Omit<Stretch, 'from' | 'to'>>): void {
    const before = this.last
    before.to = at
    this.body.life.push({ ...before, ...over, from: at, to: null })
  }

  end(at: Instant): void {
    this.last.to = at
    this.stopCounting(at)
  }

  stopCounting(at: Instant): void {
    const epoch = this.body.epochs.at(-1)
    if (epoch && epoch.to === null) epoch.to = at
  }

  /** A new process counts from zero. */
  count(at: Instant, over: Partial<Pick<Epoch, 'origin_known' | 'wrap_bits'>> = {}): void {
    this.stopCounting(at)
    const id = `${this.body.external_id}-${this.body.incarnation}-${this.body.epochs.length + 1}`
    this.body.epochs.push({ id, from: at, to: null, base: {}, origin_known: true, wrap_bits: null, falls: [], ...over })
  }
}
