/** The course of one serial over machines and stock, from what sources saw and what people said: pure. */
import { sure } from '../../base/problem.ts'
import type { Instant, Interval } from '../../base/time.ts'
import type { PartConflict, PartState } from '../contract.ts'

/** A source saw the part in a machine on [from, to); in the silences nobody looked. */
export interface Seen {
  /** tells one machine from another, whichever eye saw it */
  holder: string
  slot: string | null
  from: Instant
  /** null: it was never seen to be gone */
  to: Instant | null
  /** a silence that still goes on ends at Infinity */
  silences: readonly Interval[]
}
/** What a person said: it holds from `at` until a source sees the part later, or the next word. */
export interface Said {
  id: string
  state: 'in_stock' | 'retired'
  at: Instant
  recorded_at: Instant
}
export interface Step<S extends Seen, W extends Said> {
  from: Instant
  to: Instant | null
  state: PartState
  /** where it is installed */
  seen: S | null
  /** which word holds */
  said: W | null
  conflict: PartConflict
  /** of the last step: its source was not heard since */
  silent_since: Instant | null
}

interface Piece<S> {
  seen: S
  from: Instant
  to: number
  /** where the silence began in which this piece lies; null: the source looked */
  silent_since: Instant | null
}
/** Without interruption in one machine, as sources looked. */
interface Stay {
  holder: string
  from: Instant
  to: number
}

const endOf = ({ to }: { to: Instant | null }): number => to ?? Infinity
const text = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const bySeen = (a: Seen, b: Seen): number =>
  a.from - b.from || endOf(a) - endOf(b) || text(a.holder, b.holder) || text(a.slot ?? '', b.slot ?? '')
const bySaid = (a: Said, b: Said): number => a.at - b.at || a.recorded_at - b.recorded_at || text(a.id, b.id)

/** One sighting cut where its source fell silent and where it spoke again; the instant of its beginning was always looked at. */
function piecesOf<S extends Seen>(seen: S): Piece<S>[] {
  const out: Piece<S>[] = []
  let at: number = seen.from
  for (const gap of seen.silences.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    const [from, to] = [Math.max(gap.from, at), Math.min(gap.to, endOf(seen))]
    if (from >= to) continue
    if (from > at || at === seen.from) out.push({ seen, from: at, to: from, silent_since: null })
    out.push({ seen, from, to, silent_since: gap.from })
    at = to
  }
  if (at < endOf(seen)) out.push({ seen, from: at, to: endOf(seen), silent_since: null })
  return out
}

/** Pieces of each machine, joined where they meet. */
function staysOf<S extends Seen>(pieces: readonly Piece<S>[]): Stay[] {
  const out: Stay[] = []
  for (const of of Map.groupBy(pieces, ({ seen }) => seen.holder).values()) {
    let last: Stay | undefined
    for (const { seen, from, to } of of.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
      if (last && from <= last.to) last.to = Math.max(last.to, to)
      else out.push((last = { holder: seen.holder, from, to }))
    }
  }
  return out
}

type State<S extends Seen, W extends Said> = Omit<Step<S, W>, 'from' | 'to'>
const same = <S extends Seen, W extends Said>(a: State<S, W>, b: State<S, W>): boolean =>
  a.state === b.state &&
  a.conflict === b.conflict &&
  a.said?.id === b.said?.id &&
  a.seen?.holder === b.seen?.holder &&
  a.seen?.slot === b.seen?.slot

/**
 * Where the part was from the first word or sighting on: each instant in one step, whatever order the facts came in.
 * A source that sees the part wins over what was said before its first sight and while it looks. A silent source doesn't make the part
 * missing: it stays where it was, unless somebody says otherwise in the silence. What a source lost and nobody spoke of since is missing.
 */
export function courseOf<S extends Seen, W extends Said>(seen: readonly S[], said: readonly W[]): Step<S, W>[] {
  const pieces = seen
    .filter((one) => one.from < endOf(one))
    .toSorted(bySeen)
    .flatMap(piecesOf)
  // a stay after a silence is one of its own: the source saw the part anew
  const stays = staysOf(pieces.filter(({ silent_since }) => silent_since === null))
  const open = staysOf(pieces).filter(({ to }) => to === Infinity)
  const words = said.toSorted(bySaid)
  const bounds = [...pieces.flatMap(({ from, to }) => [from, to]), ...words.map(({ at }) => at)]
  const edges = [...new Set(bounds)].filter((at) => at < Infinity).toSorted((a, b) => a - b)
  const steps: Step<S, W>[] = []
  for (const at of edges) {
    const now = stateAt(at, { pieces, stays, open, words })
    const last = steps.at(-1)
    if (last && same(last, now)) {
      last.silent_since = now.silent_since
      last.seen = now.seen
      continue
    }
    if (last) last.to = at
    steps.push({ from: at, to: null, ...now })
  }
  return steps
}

interface Known<S, W> {
  pieces: readonly Piece<S>[]
  stays: readonly Stay[]
  /** that still go on, with their silences */
  open: readonly Stay[]
  words: readonly W[]
}

function stateAt<S extends Seen, W extends Said>(
  at: Instant,
  { pieces, stays, open, words }: Known<S, W>,
): State<S, W> {
  const word = words.findLast((one) => one.at <= at) ?? null
  const began = (holder?: string) =>
    Math.max(
      -Infinity,
      ...stays.filter((one) => one.from <= at && (holder ?? one.holder) === one.holder).map(({ from }) => from),
    )
  const here = pieces.filter(({ from, to }) => from <= at && at < to)
  const looked = here.filter(({ silent_since }) => silent_since === null)
  const best = newest(looked.length > 0 ? looked : here, began)
  const spoken = {
    state: word?.state ?? 'missing',
    seen: null,
    said: word,
    conflict: null,
    silent_since: null,
  } as const
  if (!best) return word && word.at >= began() ? spoken : { ...spoken, state: 'missing', said: null }
  // where several eyes saw it, they are silent once the last of them is
  const silent_since = looked.length > 0 ? null : Math.max(...here.map((one) => one.silent_since ?? -Infinity))
  if (silent_since !== null && word && word.at >= silent_since) return spoken
  const others = looked.some(({ seen }) => seen.holder !== best.seen.holder)
  const { holder } = best.seen
  const isOpen = open.some((one) => one.holder === holder && one.from <= at)
  return {
    state: 'installed',
    seen: best.seen,
    said: null,
    conflict: others ? 'two_machines' : contradiction(word, began(holder), isOpen),
    silent_since,
  }
}

/** Of several machines the one in which it was seen to arrive last. */
function newest<S extends Seen>(pieces: readonly Piece<S>[], began: (holder: string) => number): Piece<S> | undefined {
  const [first, ...rest] = pieces
  if (!first) return undefined
  return rest.reduce((best, one) => {
    const later = began(one.seen.holder) - began(best.seen.holder)
    // pieces stand in the order of their sightings: of equal ones the later
    return later > 0 || (later === 0 && text(one.seen.holder, best.seen.holder) >= 0) ? one : best
  }, sure(first))
}

/** Who puts a part into stock before its source looks again contradicts nothing once that has looked; what was retired and came back does. */
function contradiction(word: Said | null, began: number, isOpen: boolean): PartConflict {
  if (!word) return null
  if (word.at < began) return word.state === 'retired' ? 'said_retired' : null
  return isOpen ? `said_${word.state}` : null
}
