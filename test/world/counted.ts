/** Counts what the truth of a run holds of each fault, beside what was counted while it ran. */
import type { Fault } from './faults.ts'
import { type Body } from './life.ts'
import { factsOf } from './story.ts'
import type { Look, Tick, Truth } from './truth.ts'
import type { Stage } from './world.ts'

export function counted({ plan, bodies, faults }: Stage, truth: Truth): void {
  faults.add('fact', factsOf(bodies, plan))
  for (const body of bodies) lived(body, (fault) => faults.add(fault))
  faults.add('id_reused', bodies.filter((one) => bodies.some((two) => isReborn(one, two))).length)
  faults.add('two_eyes', bodies.filter((one) => one.kind === 'host' && isSeenTwice(one, bodies)).length)
  faults.add('three_eyes', bodies.filter((one) => one.kind === 'node' && isSeenTwice(one, bodies)).length)
  for (const ticks of Map.groupBy(stored(truth.ticks), (tick) => tick.machine).values())
    for (const fault of steps(ticks)) faults.add(fault)
  for (const looks of Map.groupBy(stored(truth.looks), (look) => look.host).values()) faults.add('late', late(looks))
  faults.add('late_after_invoice', afterInvoice(truth))
}

const isReborn = (one: Body, two: Body): boolean =>
  one.realm === two.realm && one.external_id === two.external_id && one.incarnation < two.incarnation
const isSeenTwice = (one: Body, all: readonly Body[]): boolean =>
  one.smbios_uuid !== null && all.some((two) => two.kind === 'vm' && two.smbios_uuid === one.smbios_uuid)

function lived(body: Body, add: (fault: Fault) => void): void {
  for (const [index, stretch] of body.life.entries()) {
    const before = body.life[index - 1]
    if (!before) continue
    if (before.size !== stretch.size) add('resized')
    if (stretch.state !== before.state && stretch.state !== 'running') add('stopped')
    if (before.host !== stretch.host && stretch.state === 'running') add('migrated')
  }
  if (body.life.at(-1)?.to) add('ended')
}

type Stored<T> = T & { stored_at: number }
const stored = <T extends { stored_at: number | null; seen_at: number }>(list: readonly T[]): Stored<T>[] =>
  list.filter((one): one is Stored<T> => one.stored_at !== null).toSorted((a, b) => a.seen_at - b.seen_at)

/** What happened to the counters between readings that arrived. */
function* steps(ticks: readonly Tick[]): Iterable<Fault> {
  for (const [index, tick] of ticks.entries()) {
    const before = ticks[index - 1]
    if (!before) continue
    if (before.epoch !== tick.epoch) yield 'reset'
    else if (Object.entries(tick.counters).some(([key, value]) => value < (before.counters[key] ?? 0n)))
      yield tick.wrap_bits === null ? 'fell' : tick.wrap_bits === 32 ? 'wrapped_32' : 'wrapped_64'
  }
}

const late = (looks: readonly Stored<Look>[]): number =>
  looks.filter((look, index) => looks.slice(index + 1, index + 9).some((next) => next.stored_at < look.stored_at))
    .length

const afterInvoice = ({ ticks, decisions }: Truth): number =>
  decisions
    .filter((decision) => decision.type === 'finalise')
    .reduce(
      (sum, { at, as_of }) =>
        sum + ticks.filter((tick) => tick.seen_at < as_of && tick.stored_at !== null && tick.stored_at > at).length,
      0,
    )
