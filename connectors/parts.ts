/** Parts of machines as components: one way to tell a part from another, whoever saw it. Pure. */
import type { Content, Kind, ObservationInput } from './contract.ts'

type Value = NonNullable<ObservationInput['attributes']>[string]

/** A part before its identity is known. */
export interface Part {
  /** cpu, dimm, disk, nic, psu … */
  type: string
  slot: string
  name: string
  state: Content['state']
  /** what tells it from any other of its type: its serial, or the address burnt into it */
  serial: string | undefined
  attributes: Readonly<Record<string, Value | undefined>>
}
/** What parts hang on: a machine, or the chassis that several share. */
export interface Holder {
  kind: Extract<Kind, 'host' | 'component'>
  id: string
}

/**
 * A part is its serial within its type, so that it stays one when it moves to another machine. One without, or whose serial others
 * have as well (a factory's), is its slot in its holder.
 */
export function components(found: readonly Part[], holder: Holder): ObservationInput[] {
  const parts = onePerSlot(found)
  const key = ({ type, serial }: Part) => `${type}/${serial}`
  const counts = new Map<string, number>()
  for (const one of parts) counts.set(key(one), (counts.get(key(one)) ?? 0) + 1)
  const slots = new Map<string, number>()
  return parts.map((one) => {
    const { type, slot, name, state, serial, attributes } = one
    const place = `${holder.id.slice(0, 300)}/${type}/${slot}`
    const before = slots.get(place) ?? 0
    slots.set(place, before + 1)
    const isOwn = serial !== undefined && counts.get(key(one)) === 1
    return {
      kind: 'component',
      external_id: isOwn ? key(one) : before === 0 ? place : `${place}/${before + 1}`,
      name,
      state,
      ...(holder.kind === 'host' && { host: holder.id }),
      parent: { kind: holder.kind, external_id: holder.id },
      evidence: serial === undefined ? {} : { serials: [serial] },
      attributes: defined({ type, slot, serial, ...attributes }),
    }
  })
}

/** One drive is shown under its controller and under its chassis: the same serial in the same slot is one part. */
function onePerSlot(found: readonly Part[]): Part[] {
  const seen = new Set<string>()
  return found.filter(({ type, slot, serial }) => {
    const key = `${type}\n${slot}\n${serial}`
    const isNew = serial === undefined || !seen.has(key)
    seen.add(key)
    return isNew
  })
}

/** Without what is absent. */
export const defined = <T>(record: Readonly<Record<string, T | undefined>>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).filter((entry): entry is [string, T] => entry[1] !== undefined))
