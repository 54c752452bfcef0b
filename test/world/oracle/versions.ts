/**
 * The observable timeline of a machine: at every instant at which anything was said of it, what each scope is known to hold
 * and hence where the machine is.
 */
import type { OutcomeVersion } from '../outcome.ts'
import type { Instant, Look, Machine, Stretch, Telling } from '../truth.ts'
import { type Known, shownBy, stored } from './known.ts'

type Content = Pick<Stretch, 'state' | 'size'>
/** What a scope is known to hold. */
interface Placement {
  host: string
  content: Content
  /** when it was seen to change last: an event is a change, a listing that repeats what was known is none */
  since: Instant
}
/** What one fact says of the machine in one scope; null: it isn't there. */
interface Statement {
  host: string
  content: Content | null
}

/** The observed timeline with what follows from it for counters. */
export interface Observed {
  versions: OutcomeVersion[]
  /** the machine surely didn't exist before; null where it may have, unseen */
  born_after: Instant | null
}

/** Complete listings of each scope of the machine's realm, by scope: instants in order. */
type CompleteLooks = ReadonlyMap<string, readonly Instant[]>

const remembered = new WeakMap<Known, Map<Machine, Observed>>()

export function observed(machine: Machine, known: Known): Observed {
  const own = remembered.get(known) ?? new Map<Machine, Observed>()
  remembered.set(known, own)
  const timeline = own.get(machine) ?? observe(machine, known)
  own.set(machine, timeline)
  return timeline
}

function observe(machine: Machine, known: Known): Observed {
  const looks = (known.world.looks.get(machine.realm) ?? []).filter((look) => stored(look, known))
  const tellings = (known.world.tellings.get(machine.key) ?? []).filter((telling) => stored(telling, known))
  const complete = completeLooks(looks)
  const scopes = new Map<string, Placement>()
  const versions: OutcomeVersion[] = []
  for (const { at, listed, told } of instants(looks, tellings)) {
    const shown = listed.map((look) => learn(scopes, at, statementOf(look, machine), false))
    const news = [...shown, ...told.map((telling) => learn(scopes, at, telling, true))]
    if (news.includes(true)) advance(versions, at, placed(scopes), told.length > 0, complete)
  }
  return { versions, born_after: bornAfter(versions[0], complete) }
}

const completeLooks = (looks: readonly Look[]): CompleteLooks =>
  new Map(
    [...Map.groupBy(looks, (look) => look.host)].map(([host, list]) => [
      host,
      list.filter((look) => look.complete).map((look) => look.seen_at),
    ]),
  )

/** Everything said, together where it holds from one instant: a listing, and then the narrower word of an event. */
function* instants(looks: readonly Look[], tellings: readonly Telling[]) {
  let [l, t] = [0, 0]
  while (l < looks.length || t < tellings.length) {
    const at = Math.min(looks[l]?.seen_at ?? Infinity, tellings[t]?.seen_at ?? Infinity)
    const [fromLook, fromTelling] = [l, t]
    while (looks[l]?.seen_at === at) l += 1
    while (tellings[t]?.seen_at === at) t += 1
    yield { at, listed: looks.slice(fromLook, l), told: tellings.slice(fromTelling, t) }
  }
}

function statementOf(look: Look, machine: Machine): Statement | null {
  const content = shownBy(look, machine)
  return content === undefined ? null : { host: look.host, content }
}

/** True where this is news of the scope: an event always is, a listing where it differs from what was known. */
function learn(scopes: Map<string, Placement>, at: Instant, statement: Statement | null, event: boolean): boolean {
  if (!statement) return false
  const { host, content } = statement
  const before = scopes.get(host)
  if (content === null) return scopes.delete(host)
  if (!event && before && alike(before.content, content)) return false
  scopes.set(host, { host, content, since: at })
  return true
}

const sizeText = (size: Content['size']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(size)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, BigInt(value).toString()]),
  )
const alike = (a: Content, b: Content): boolean =>
  a === b || (a.state === b.state && JSON.stringify(sizeText(a.size)) === JSON.stringify(sizeText(b.size)))

/** One placement at a time: the running one; of several, the one that was seen to change last. */
const placed = (scopes: ReadonlyMap<string, Placement>): Placement | null =>
  [...scopes.values()].toSorted(
    (a, b) =>
      Number(b.content.state === 'running') - Number(a.content.state === 'running') ||
      b.since - a.since ||
      (a.host < b.host ? -1 : 1),
  )[0] ?? null

/** Brings the timeline to what holds from `at` on; `exact`: an event of the machine says so. */
function advance(
  versions: OutcomeVersion[],
  at: Instant,
  now: Placement | null,
  exact: boolean,
  complete: CompleteLooks,
): void {
  const last = versions.at(-1)
  const open = last?.to === null ? last : null
  if (open && now && open.host === now.host && alike(contentOf(open), now.content)) return
  if (open) end(open, at, exact)
  if (!now) return
  if (last && !open && livesOn(last, now, at, complete)) end(last, at, exact)
  versions.push({
    from: at,
    to: null,
    from_exact: exact,
    to_exact: false,
    host: now.host,
    state: now.content.state,
    size: sizeText(now.content.size),
  })
}

function end(version: OutcomeVersion, at: Instant, exact: boolean): void {
  version.to = at
  version.to_exact = exact
}

const contentOf = ({ state, size }: OutcomeVersion): Content =>
  ({ state, size: Object.fromEntries(Object.entries(size).map(([name, text]) => [name, Number(text)])) }) as Content

/**
 * One scope lost it without a word, and another shows it which had not been looked at since: it was seen gone from one place,
 * never from both.
 */
const livesOn = (ended: OutcomeVersion, now: Placement, at: Instant, complete: CompleteLooks): boolean =>
  !ended.to_exact &&
  ended.host !== now.host &&
  !(complete.get(now.host) ?? []).some((look) => look >= (ended.to ?? at) && look < at)

/** An exact beginning, or the last complete listing of its scope that didn't show it yet. */
function bornAfter(first: OutcomeVersion | undefined, complete: CompleteLooks): Instant | null {
  if (!first) return null
  return first.from_exact ? first.from : ((complete.get(first.host) ?? []).findLast((at) => at < first.from) ?? null)
}
