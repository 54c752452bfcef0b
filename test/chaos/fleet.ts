/** The machines of a trial as a pure function of seed and instant: what the connector reports, and what the oracle sums up. */
import type { Collected, ObservationInput } from '#connectors/contract.ts'

export interface Fleet {
  seed: number
  /** external id of the host that lists the machines */
  host: string
}

export const MACHINES = 5
export const COUNTERS = ['network_transmit_bytes/eth0', 'disk_read_bytes/vda', 'cpu_time_ns'] as const
export type Counter = (typeof COUNTERS)[number]
/** Readings of one machine at one tick that nobody meters. */
export const GAUGES = 1

/** What a machine is in one of its slots; null: it doesn't exist then. */
export interface Condition {
  state: 'running' | 'paused' | 'stopped'
  vcpu_count: number
  memory_bytes: number
  disk_bytes: number
}
export interface Epoch {
  id: string
  origin_ms: number
}

const GIB = 2 ** 30
const SLOT_MS = { least: 4_000, spread: 5_000 }
const FLOW_PER_MS = 100_000

export const nameOf = (fleet: Fleet, machine: number): string => `${fleet.host}-vm${machine}`

/** A whole number below 2³² that depends on all that is given. */
function draw({ seed, host }: Fleet, ...what: number[]): number {
  let hash = 0x811c9dc5
  for (const value of [seed, ...Buffer.from(host), ...what]) {
    hash = Math.imul(hash ^ value, 0x01000193)
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
    hash ^= hash >>> 13
  }
  return hash >>> 0
}

const lengthOf = (fleet: Fleet, machine: number): number => SLOT_MS.least + (draw(fleet, 1, machine) % SLOT_MS.spread)
const startOf = (fleet: Fleet, machine: number, slot: number): number =>
  slot * lengthOf(fleet, machine) + (draw(fleet, 2, machine) % SLOT_MS.least)
const slotAt = (fleet: Fleet, machine: number, at_ms: number): number =>
  Math.floor((at_ms - startOf(fleet, machine, 0)) / lengthOf(fleet, machine))

function conditionIn(fleet: Fleet, machine: number, slot: number): Condition | null {
  const die = draw(fleet, 3, machine, slot) % 100
  if (die < 15) return null
  return {
    state: die < 30 ? 'stopped' : die < 36 ? 'paused' : 'running',
    vcpu_count: 1 + (draw(fleet, 4, machine, slot) % 8),
    memory_bytes: (1 + (draw(fleet, 5, machine, slot) % 16)) * GIB,
    disk_bytes: (10 + (draw(fleet, 6, machine, slot) % 90)) * GIB,
  }
}

export const conditionAt = (fleet: Fleet, machine: number, at_ms: number): Condition | null =>
  conditionIn(fleet, machine, slotAt(fleet, machine, at_ms))

/** It boots with every second slot, and whenever it comes into being. */
function bootSlot(fleet: Fleet, machine: number, at_ms: number): number {
  let slot = slotAt(fleet, machine, at_ms)
  while (slot % 2 !== 0 && conditionIn(fleet, machine, slot - 1) !== null) slot -= 1
  return slot
}

export function epochAt(fleet: Fleet, machine: number, at_ms: number): Epoch {
  const slot = bootSlot(fleet, machine, at_ms)
  return { id: `boot-${slot}`, origin_ms: startOf(fleet, machine, slot) }
}

/** Base units counted since the epoch's origin. */
export function counterAt(fleet: Fleet, machine: number, counter: Counter, at_ms: number): number {
  let counted = 0
  for (let slot = bootSlot(fleet, machine, at_ms); startOf(fleet, machine, slot) < at_ms; slot += 1) {
    const [from, to] = [startOf(fleet, machine, slot), startOf(fleet, machine, slot + 1)]
    counted += (draw(fleet, 7, machine, COUNTERS.indexOf(counter), slot) % FLOW_PER_MS) * (Math.min(to, at_ms) - from)
  }
  return counted
}

/** Instants strictly between the two at which the machine became another one, or none. */
export function changesBetween(fleet: Fleet, machine: number, after_ms: number, before_ms: number): number[] {
  const out: number[] = []
  for (let slot = slotAt(fleet, machine, after_ms) + 1; startOf(fleet, machine, slot) < before_ms; slot += 1)
    if (JSON.stringify(conditionIn(fleet, machine, slot)) !== JSON.stringify(conditionIn(fleet, machine, slot - 1)))
      out.push(startOf(fleet, machine, slot))
  return out
}

const contentOf = (name: string, { state, ...size }: Condition) => ({ name, state, size })

/** All that the connector says at `at_ms`; changes since `previous_ms`, its tick before, are told as events of their own instant. */
export function factsAt(fleet: Fleet, at_ms: number, previous_ms: number | null): Collected[] {
  const scope = { kind: 'host' as const, external_id: fleet.host }
  const machines = Array.from({ length: MACHINES }, (_, machine) => machine)
  const resources = machines.flatMap((machine): ObservationInput[] => {
    const [condition, external_id] = [conditionAt(fleet, machine, at_ms), nameOf(fleet, machine)]
    return condition ? [{ kind: 'vm', external_id, ...contentOf(external_id, condition) }] : []
  })
  const events = machines.flatMap((machine) =>
    previous_ms === null
      ? []
      : changesBetween(fleet, machine, previous_ms, at_ms).map((at) => event(fleet, machine, at)),
  )
  return [
    ...events,
    { type: 'listing', seen_at_ms: at_ms, scope, complete: true, resources },
    ...machines.flatMap((machine) => (conditionAt(fleet, machine, at_ms) ? [readings(fleet, machine, at_ms)] : [])),
  ]
}

function event(fleet: Fleet, machine: number, at_ms: number): Collected {
  const [condition, external_id] = [conditionAt(fleet, machine, at_ms), nameOf(fleet, machine)]
  return {
    type: 'event',
    seen_at_ms: at_ms,
    scope: { kind: 'host', external_id: fleet.host },
    resource: { kind: 'vm', external_id, incarnation: '' },
    change: condition ? 'changed' : 'removed',
    content: condition && contentOf(external_id, condition),
  }
}

const readings = (fleet: Fleet, machine: number, at_ms: number): Collected => ({
  type: 'readings',
  seen_at_ms: at_ms,
  resource: { kind: 'vm', external_id: nameOf(fleet, machine) },
  epoch: epochAt(fleet, machine, at_ms),
  counters: Object.fromEntries(COUNTERS.map((counter) => [counter, counterAt(fleet, machine, counter, at_ms)])),
  gauges: { memory_rss_bytes: draw(fleet, 8, machine, at_ms) },
})
