/** Unobserved time as a bill tells it: instant by instant what explains it best, joined into stretches. */
import type { GapCause, GapPolicy } from '#control-plane/metering/contract.ts'
import type { OutcomeGap } from '../outcome.ts'
import type { Instant, Loss, Machine } from '../truth.ts'
import { type Known, shownBy, stored } from './known.ts'
import type { Price } from './decided.ts'
import { METERS } from './meters.ts'

export interface Unobserved {
  from: Instant
  to: Instant
  cause: 'silent' | 'reset'
}

/** A loss that was admitted explains a silence, and what was read and lost comes before what nobody read. */
const RANK: readonly GapCause[] = ['spool_overflow', 'spool_damaged', 'agent_down', 'source_down', 'reset', 'silent']
const isAdmitted = (cause: GapCause): boolean => cause !== 'reset' && cause !== 'silent'

export const policyOf = (price: Price): GapPolicy =>
  price.gap_policy ?? (METERS[price.meter as keyof typeof METERS].kind === 'allocation' ? 'infer' : 'total')

/** Losses that sources admitted which had ever listed the machine or told of it. */
export function lossesOf(machine: Machine, known: Known): Loss[] {
  const { world } = known
  const tellings = (world.tellings.get(machine.key) ?? []).filter((told) => stored(told, known))
  const looks = (world.looks.get(machine.realm) ?? []).filter((look) => stored(look, known) && shownBy(look, machine))
  const seeing = new Set([...tellings, ...looks].map(({ source }) => source))
  return world.truth.losses.filter((loss) => stored(loss, known) && seeing.has(loss.source))
}

/** The unobserved time of a line, cut wherever anything begins or ends. */
export function told(unobserved: readonly Unobserved[], losses: readonly Loss[], policy: GapPolicy): OutcomeGap[] {
  const edges = [...unobserved, ...losses].flatMap(({ from, to }) => [from, to]).toSorted((a, b) => a - b)
  const pieces: OutcomeGap[] = []
  for (const [index, to] of edges.entries()) {
    const from = edges[index - 1] ?? to
    const own = unobserved.filter((gap) => gap.from <= from && to <= gap.to)
    if (from === to || own.length === 0) continue
    const explaining = losses.filter((loss) => loss.from <= from && to <= loss.to)
    const causes = new Set<GapCause>([...explaining, ...own].map(({ cause }) => cause))
    const isUnknown = own.some((gap) => gap.cause === 'reset')
    pieces.push({
      from,
      to,
      cause: RANK.find((cause) => causes.has(cause)) ?? 'silent',
      // there is no total of a counter that began anew
      policy: policy === 'total' && isUnknown ? 'skip' : policy,
    })
  }
  const apart = joined(pieces)
  return joined(apart.map((gap, index) => explainedBeside(gap, [apart[index - 1], apart[index + 1]])))
}

/** The edge of a loss: facts lie an interval apart, so the silence is longer than what was lost. */
function explainedBeside(gap: OutcomeGap, neighbours: readonly (OutcomeGap | undefined)[]): OutcomeGap {
  if (isAdmitted(gap.cause)) return gap
  const beside = neighbours.find(
    (other) =>
      other !== undefined &&
      isAdmitted(other.cause) &&
      (other.to === gap.from || other.from === gap.to) &&
      other.to - other.from > gap.to - gap.from,
  )
  return beside ? { ...gap, cause: beside.cause } : gap
}

function joined(gaps: readonly OutcomeGap[]): OutcomeGap[] {
  const out: OutcomeGap[] = []
  for (const gap of gaps) {
    const last = out.at(-1)
    if (last?.to === gap.from && last.cause === gap.cause && last.policy === gap.policy) last.to = gap.to
    else out.push({ ...gap })
  }
  return out
}

/** A gap under `block` of which some part was never accepted. */
export function isHeldBack(
  machine: Machine,
  meter: string,
  account: string,
  gaps: readonly OutcomeGap[],
  known: Known,
) {
  const accepted = known.decisions
    .flatMap((one) => (one.type === 'accept' && one.account === account ? one.gaps : []))
    .filter((gap) => gap.machine === machine.key && gap.meter === meter)
  return gaps.some((gap) => gap.policy === 'block' && !isWithin(gap, accepted))
}

/** Every millisecond of the gap lies in one of these. */
function isWithin(gap: { from: Instant; to: Instant }, list: readonly { from: Instant; to: Instant }[]): boolean {
  let at = gap.from
  for (const one of list.toSorted((a, b) => a.from - b.from)) if (one.from <= at && one.to > at) at = one.to
  return at >= gap.to
}
