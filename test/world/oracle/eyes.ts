/** One machine seen by several eyes, from outside as a guest and from inside: the outermost bills, the others are covered. */
import type { Instant, Machine } from '../truth.ts'
import type { Known } from './known.ts'
import { lookedAt } from './silence.ts'
import { observed } from './versions.ts'

/** The eye that holds most of the machine stands first. */
const OUTERMOST_FIRST: readonly Machine['kind'][] = ['vm', 'host', 'node']

interface Time {
  from: Instant
  to: Instant
}

/**
 * When the machine's own lines don't exist, because another eye's say the same. Where the outer eye sees it no more, the inner
 * one stays covered until its own scope is looked at again: what it said before is as old as what the outer one said.
 */
export function coveredIn(machine: Machine, known: Known): Time[] {
  if (machine.smbios_uuid === null) return []
  const rank = ({ kind }: Machine) => OUTERMOST_FIRST.indexOf(kind)
  const outer = known.world.truth.machines.filter(
    (other) => other.smbios_uuid === machine.smbios_uuid && rank(other) < rank(machine),
  )
  const inner = existence(machine, known)
  return outer.flatMap((other) => {
    const seen = existence(other, known)
    return seen.flatMap((time, index) => inner.flatMap((own) => held(both(time, own), own, seen[index + 1])))
  })

  function held(shared: Time | null, own: Time, next: Time | undefined): Time[] {
    if (!shared || shared.to === own.to) return shared ? [shared] : []
    const scope = observed(machine, known).versions.findLast(({ from }) => from <= shared.to)?.host ?? ''
    const looked = lookedAt(machine.realm, scope, shared.to, known)
    return [{ from: shared.from, to: Math.min(looked, next?.from ?? Infinity, own.to) }]
  }
}

/** Observed existence, as long as it goes on without a hole. */
function existence(machine: Machine, known: Known): Time[] {
  const out: Time[] = []
  for (const { from, to } of observed(machine, known).versions) {
    const last = out.at(-1)
    if (last?.to === from) last.to = to ?? Infinity
    else out.push({ from, to: to ?? Infinity })
  }
  return out
}

function both(a: Time, b: Time): Time | null {
  const [from, to] = [Math.max(a.from, b.from), Math.min(a.to, b.to)]
  return from < to ? { from, to } : null
}
