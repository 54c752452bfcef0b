/** Which counts of energy belong together, and which of them is the machine's: the rest would count the same joules twice. Pure. */
import { z } from 'zod'
import type { Collected } from '#connectors/contract.ts'
import type { Energy } from './readings.ts'
import { wire } from './values.ts'

/** A stretch in which a count never fell. */
export const Epoch = z.strictObject({
  id: z.string().max(128),
  origin_ms: z.int().nonnegative().optional(),
  last: z.string().regex(/^\d{1,20}$/),
  of: z.string().max(1_200),
  reset_ms: z.int().optional(),
  read_ms: z.int().nonnegative(),
})
export type Epoch = z.infer<typeof Epoch>

/** The epoch after a reading. A BMC has no number for it: a count that fell, or says that it was reset, began anew. */
export function advance(before: Epoch | undefined, energy: Energy, now_ms: number, behind_ms: number): Epoch {
  const { joules, of, reset_ms } = energy
  const now = { last: String(joules), of, read_ms: now_ms, ...(reset_ms !== undefined && { reset_ms }) }
  const goesOn =
    before &&
    before.of === of &&
    joules >= BigInt(before.last) &&
    (reset_ms === undefined || reset_ms === before.reset_ms)
  if (goesOn) return { ...before, ...now }
  const zero_ms = reset_ms === undefined ? undefined : reset_ms + behind_ms
  // zero is known only where it came between two of our readings
  const isKnown = before && before.of === of && zero_ms !== undefined && zero_ms > before.read_ms && zero_ms <= now_ms
  return { id: `energy/${now_ms}`, ...now, ...(isKnown && { origin_ms: zero_ms }) }
}

/** What of a holder's energy is billed: the whole of a chassis, or the sum of its supplies. Chosen once. */
export const Chosen = z.strictObject({ chassis: z.string().max(1_200), whole: z.boolean() })
export type Chosen = z.infer<typeof Chosen>

export interface OfChassis {
  chassis: string
  energies: readonly Energy[]
}
/** The first chassis is the machine's own; undefined while nothing counts. */
export function choose(all: readonly OfChassis[]): Chosen | undefined {
  const found = all.find(({ energies }) => energies.length > 0)
  return found && { chassis: found.chassis, whole: found.energies.some(({ supply }) => supply === '') }
}
export const isChosen = (chosen: Chosen | undefined, chassis: string, { supply }: Energy): boolean =>
  chosen !== undefined && chosen.chassis === chassis && chosen.whole === (supply === '')

type Readings = Extract<Collected, { type: 'readings' }>
export const energyReadings = (
  resource: Readings['resource'],
  device: string,
  epoch: Epoch,
  metered: boolean,
): Readings => ({
  type: 'readings',
  seen_at_ms: epoch.read_ms,
  resource,
  metered,
  epoch: { id: epoch.id, ...(epoch.origin_ms !== undefined && { origin_ms: epoch.origin_ms }) },
  counters: { [device === '' ? 'energy_joules' : `energy_joules/${device}`]: wire(BigInt(epoch.last)) },
})
