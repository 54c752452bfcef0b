/**
 * What running pods are allocated: the larger of what each asks for and what it uses, as gauges that hold from reading to reading.
 * https://opencost.io/docs/specification: a workload's cost is by max(request, usage)
 */
import type { Collected } from '#connectors/contract.ts'
import type { Row } from './map.ts'
import type { Amounts } from './requests.ts'
import { wire } from './values.ts'

type Held = Required<Amounts>
/** What one pod used until an instant. */
export interface Measured extends Held {
  at_ms: number
}
/**
 * What is known of usage at a tick: of each pod by its id, or that the cluster doesn't measure, so that requests are all there is;
 * or that it measures and gave no answer, so that nobody knows.
 */
export type Measurement = ReadonlyMap<string, Measured> | 'absent' | 'silent'

/** A measurement that is older says nothing of now. */
const FRESH_MS = 300_000
/** A reading holds for so many intervals: the intake's own rule. */
const HELD_INTERVALS = 3
/** A life of which is heard later is told by its request, as far as so many readings reach. */
const LATE_READINGS_MAX = 40

interface Told extends Held {
  at_ms: number
  /** the measurement in it */
  measured_ms: number | undefined
}

const asked = ({ observation: { size = {} } }: Row): Held => ({
  cpu_millicores: BigInt(size.cpu_millicores ?? 0),
  memory_bytes: BigInt(size.memory_bytes ?? 0),
})
const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b)
const most = (a: Held, b: Held): Held => ({
  cpu_millicores: larger(a.cpu_millicores, b.cpu_millicores),
  memory_bytes: larger(a.memory_bytes, b.memory_bytes),
})
const isSame = (a: Held, b: Held): boolean => a.cpu_millicores === b.cpu_millicores && a.memory_bytes === b.memory_bytes

const reading = ({ observation }: Row, seen_at_ms: number, held: Held): Collected => ({
  type: 'readings',
  seen_at_ms,
  resource: { kind: 'pod', external_id: observation.external_id, incarnation: observation.incarnation },
  gauges: { cpu_allocated_millicores: wire(held.cpu_millicores), memory_allocated_bytes: wire(held.memory_bytes) },
})

export class Allocation {
  readonly #interval_ms: number
  #told = new Map<string, Told>()

  constructor(interval_ms: number) {
    this.#interval_ms = interval_ms
  }

  /** A pod began, which is heard of only now: from then on it is held by its request until it ended, or is measured. */
  began(row: Row, began_ms: number, now_ms: number): Collected[] {
    const until_ms = Math.max(began_ms + 1, Math.min(row.ended_ms ?? now_ms, now_ms))
    const step_ms = HELD_INTERVALS * this.#interval_ms
    const held = asked(row)
    const facts: Collected[] = []
    for (let at_ms = began_ms; at_ms < until_ms && facts.length < LATE_READINGS_MAX; at_ms += step_ms) {
      facts.push(reading(row, at_ms, held))
      this.#told.set(row.uid, { ...held, at_ms, measured_ms: undefined })
    }
    return facts
  }

  /** Readings of a tick; `isSure`: whether what is known of the pod is so now. */
  tick(
    rows: Iterable<Row>,
    measurement: Measurement,
    { at_ms, isSure }: { at_ms: number; isSure: (row: Row) => boolean },
  ): Collected[] {
    const kept = new Map<string, Told>()
    const facts: Collected[] = []
    for (const row of rows) {
      if (row.observation.kind !== 'pod' || row.observation.state !== 'running') continue
      const last = this.#told.get(row.uid)
      const next = isSure(row) ? this.#next(row, measurement, at_ms, last) : []
      facts.push(...next.map((one) => reading(row, one.at_ms, one)))
      const told = next.at(-1) ?? last
      if (told) kept.set(row.uid, told)
    }
    this.#told = kept
    return facts
  }

  /** What is told now: nothing where what was told holds on, or where nobody knows; then it holds to its end, and a gap follows. */
  #next(row: Row, measurement: Measurement, at_ms: number, last: Told | undefined): Told[] {
    const request = asked(row)
    const measured = measuredOf(row, measurement, at_ms)
    const isUnknown = measurement === 'silent' || (measurement !== 'absent' && last?.measured_ms !== undefined)
    if (!measured && last && isUnknown) return []
    const held = { ...(measured ? most(request, measured) : request), measured_ms: measured?.at_ms }
    if (!last) return [{ ...held, at_ms }]
    if (isSame(held, last) && this.#holds(last.at_ms, at_ms)) {
      last.measured_ms = held.measured_ms
      return []
    }
    const now = { ...held, at_ms: Math.max(at_ms, last.at_ms + 1) }
    // it is so since it was measured, but where something else was told meanwhile
    if (!measured || measured.at_ms === last.measured_ms || measured.at_ms <= last.at_ms) return [now]
    const since = { ...held, at_ms: measured.at_ms }
    return this.#holds(since.at_ms, at_ms) ? [since] : [since, now]
  }

  /** Whether what was told then still holds at the tick after this one, be that late by half an interval. */
  #holds(told_ms: number, at_ms: number): boolean {
    return at_ms - told_ms <= (HELD_INTERVALS / 2) * this.#interval_ms
  }
}

/** What was measured of this very pod, and lately: another one of its name may have been before. */
function measuredOf(row: Row, measurement: Measurement, at_ms: number): Measured | undefined {
  if (typeof measurement === 'string') return undefined
  const found = measurement.get(row.observation.external_id)
  if (!found || found.at_ms < (row.created_ms ?? 0) || at_ms - found.at_ms > FRESH_MS) return undefined
  return { ...found, at_ms: Math.min(found.at_ms, at_ms) }
}
