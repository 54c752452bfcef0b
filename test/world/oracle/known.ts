/** What had been told by an instant: the truth's facts that were stored, and the decisions that were recorded. */
import type { Decision, Instant, Look, Machine, MachineKey, Stretch, Telling, Tick, Truth } from '../truth.ts'

/** The truth's facts, sorted once. */
export interface World {
  truth: Truth
  /** by realm, in the order in which they count: by `seen_at` */
  looks: ReadonlyMap<string, readonly Look[]>
  tellings: ReadonlyMap<MachineKey, readonly Telling[]>
  ticks: ReadonlyMap<MachineKey, readonly Tick[]>
  /** when each machine first showed up in a stored fact, and by whose word */
  found: ReadonlyMap<MachineKey, Found>
}
export interface Found {
  at: Instant
  source: string
}

/** What is known at an instant. */
export interface Known {
  world: World
  at: Instant
  decisions: readonly Decision[]
}

export const stored = (fact: { stored_at: Instant | null }, { at }: Known): boolean =>
  fact.stored_at !== null && fact.stored_at <= at

const bySight = (a: { seen_at: Instant }, b: { seen_at: Instant }): number => a.seen_at - b.seen_at

export function worldOf(truth: Truth): World {
  return {
    truth,
    looks: Map.groupBy(truth.looks.toSorted(bySight), (look) => look.realm),
    tellings: Map.groupBy(truth.tellings.toSorted(bySight), (telling) => telling.machine),
    ticks: Map.groupBy(truth.ticks.toSorted(bySight), (tick) => tick.machine),
    found: foundIn(truth),
  }
}

/** How the machine physically was; null where it didn't exist. */
export const stretchAt = ({ life }: Machine, at: Instant): Stretch | null =>
  life.find((stretch) => stretch.from <= at && (stretch.to === null || at < stretch.to)) ?? null

/** What a listing showed of a machine; null: that it isn't there; undefined: nothing. */
export function shownBy(look: Look, machine: Machine): Stretch | null | undefined {
  const stretch = stretchAt(machine, look.at)
  if (stretch?.host !== look.host) return look.complete ? null : undefined
  return look.omitted.includes(machine.key) ? undefined : stretch
}

/** Of facts stored at one instant the first in the truth's own order counts: listings, then events, then readings. */
function foundIn(truth: Truth): Map<MachineKey, Found> {
  const found = new Map<MachineKey, Found>()
  const see = (machine: MachineKey, { stored_at, source }: { stored_at: Instant | null; source: string }) => {
    const before = found.get(machine)
    if (stored_at !== null && (!before || stored_at < before.at)) found.set(machine, { at: stored_at, source })
  }
  const realms = Map.groupBy(truth.machines, (machine) => machine.realm)
  for (const look of truth.looks)
    for (const machine of realms.get(look.realm) ?? []) if (shownBy(look, machine)) see(machine.key, look)
  for (const fact of [...truth.tellings, ...truth.ticks]) see(fact.machine, fact)
  return found
}
