/** Gaps as a bill tells them: which loss explains each, what its price does about it, merged into stretches. Pure. */
import { type Instant, type Interval, intersect, splitAt } from '../base/time.ts'
import type { GapCause, GapPolicy } from '../metering/contract.ts'

/** A stretch without facts. `known`: what it held or grew by is known nevertheless. */
export interface Unobserved extends Interval {
  cause: GapCause
  known: boolean
}
/** A loss that an agent admitted, or a rest that people decided. */
export interface Loss extends Interval {
  cause: GapCause
}
export interface ToldGap extends Interval {
  cause: GapCause
  policy: GapPolicy
}

/** Where several explain one stretch, the first here is told: facts that were read and lost, before facts that nobody read. */
const PRECEDENCE: readonly GapCause[] = [
  'spool_overflow',
  'spool_damaged',
  'source_paused',
  'agent_down',
  'source_down',
  'reset',
  'silent',
]
const isLoss = (cause: GapCause): boolean => cause !== 'reset' && cause !== 'silent'

/** What is done with a stretch: the total of a counter that began anew is unknown, so nothing can be billed of it. */
const done = (policy: GapPolicy, known: boolean): GapPolicy => (policy === 'total' && !known ? 'skip' : policy)

/** The gaps of a line, oldest first, without overlap. */
export function told(gaps: readonly Unobserved[], losses: readonly Loss[], policy: GapPolicy): ToldGap[] {
  const pieces = stretches(gaps).flatMap((whole) => {
    const [own, explaining] = [touching(gaps, whole), touching(losses, whole)]
    return splitAt(
      whole,
      [...own, ...explaining].flatMap(({ from, to }) => [from, to]),
    ).map((piece) => ({
      ...piece,
      cause: first([...touching(explaining, piece), ...touching(own, piece)].map(({ cause }) => cause)),
      policy: done(
        policy,
        touching(own, piece).every((gap) => gap.known),
      ),
    }))
  })
  return merged(absorbed(merged(pieces)))
}

/** Unions of gaps that touch each other. */
function stretches(gaps: readonly Interval[]): Interval[] {
  const out: Interval[] = []
  for (const { from, to } of gaps.toSorted((a, b) => a.from - b.from)) {
    const last = out.at(-1)
    if (last && from <= last.to) last.to = Math.max(last.to, to)
    else out.push({ from, to })
  }
  return out
}

const touching = <T extends Interval>(list: readonly T[], part: Interval): T[] =>
  list.filter((one) => intersect(one, part) !== null)
const first = (causes: readonly GapCause[]): GapCause => PRECEDENCE.find((cause) => causes.includes(cause)) ?? 'silent'

function merged(gaps: readonly ToldGap[]): ToldGap[] {
  const out: ToldGap[] = []
  for (const gap of gaps) {
    const last = out.at(-1)
    if (last && last.to === gap.from && last.cause === gap.cause && last.policy === gap.policy) last.to = gap.to
    else out.push({ ...gap })
  }
  return out
}

/** Facts lie an interval apart, so a loss is shorter than the gap it leaves: its edges are of the same cause. */
function absorbed(gaps: readonly ToldGap[]): ToldGap[] {
  const length = ({ from, to }: Interval): Instant => to - from
  return gaps.map((gap, index) => {
    if (isLoss(gap.cause)) return gap
    const beside = [gaps[index - 1], gaps[index + 1]].filter(
      (other) => other !== undefined && isLoss(other.cause) && (other.to === gap.from || other.from === gap.to),
    )
    const explains = beside.find((other) => other !== undefined && length(other) > length(gap))
    return explains ? { ...gap, cause: explains.cause } : gap
  })
}

/** A gap that a person accepted; `to` null: as long as it lasts. */
export interface Accepted {
  from: Instant
  to: Instant | null
}

/** What of gaps that block nobody accepted yet. */
export function unaccepted(gaps: readonly ToldGap[], accepted: readonly Accepted[]): ToldGap[] {
  const blocking = gaps.filter((gap) => gap.policy === 'block')
  const wholes = stretches(blocking)
  const known = accepted.flatMap(({ from, to }) => {
    const end = to ?? wholes.find((whole) => whole.from <= from && from < whole.to)?.to
    return end === undefined ? [] : [{ from, to: end }]
  })
  const bounds = known.flatMap(({ from, to }) => [from, to])
  return blocking.flatMap((gap) =>
    splitAt(gap, bounds)
      .filter((piece) => touching(known, piece).length === 0)
      .map((piece) => ({ ...gap, ...piece })),
  )
}
