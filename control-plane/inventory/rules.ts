/** How sightings become the observed timeline: a pure function of the set of facts, whatever order they came in. */
import { canonical, type Content, type Kind, type ResourceRef } from '#connectors/contract.ts'
import type { Actor } from '../base/actor.ts'
import type { Instant } from '../base/time.ts'

/** A resource within its realm, as a key. */
export const refKey = (ref: ResourceRef): string => `${ref.kind}\n${ref.external_id}\n${ref.incarnation}`

/** What resources cost is shown to who may see prices, or bills. */
export const seesCosts = ({ permissions: may }: Pick<Actor, 'permissions'>): boolean =>
  may.has('catalog.read') || may.has('billing.read')

/** On what others are placed. */
export const HOSTS: readonly Kind[] = ['host', 'node']

/** From `seen_at` on, the scope showed this content, or (null) showed that the resource isn't there. */
export interface Sighting {
  scope_id: string
  /** the scope's name in its realm: breaks ties alike in every order of arrival, which ids would not */
  scope: string
  seen_at: Instant
  /** an event's own instant rather than the first listing that showed it */
  exact: boolean
  position: number
  content: Partial<Content> | null
  /** the last complete listing of the scope before this one; null where there was none */
  previous_at: Instant | null
}

export interface Version {
  from: Instant
  to: Instant | null
  from_exact: boolean
  to_exact: boolean
  /** the change happened after this instant; null where nobody looked before */
  not_before: Instant | null
  scope_id: string
  content: Content
  /** two scopes held it running at once for longer than a migration takes */
  conflict: boolean
}

/** Two placements overlap for moments during a live migration: that is no conflict. */
const MIGRATION_MS = 60_000

interface Held {
  scope_id: string
  scope: string
  content: Content
  since: Instant
}

const order = (a: Sighting, b: Sighting): number =>
  a.seen_at - b.seen_at || Number(a.exact) - Number(b.exact) || a.position - b.position || (a.scope < b.scope ? -1 : 1)

const unknown = (name: string): Content => ({
  name,
  state: 'unknown',
  size: {},
  host: null,
  evidence: {},
  attributes: {},
})

/** Of several placements the running one wins; of several running ones the one seen to change last. */
function placement(all: ReadonlyMap<string, Held>): { held: Held; conflict: boolean } | null {
  const held = [...all.values()].reduce<Held | null>(
    (best, other) => (best && !beats(other, best) ? best : other),
    null,
  )
  const running = [...all.values()].filter(({ content }) => content.state === 'running').length
  return held && { held, conflict: running > 1 }
}

function beats(a: Held, b: Held): boolean {
  const [aRuns, bRuns] = [a.content.state === 'running', b.content.state === 'running']
  if (aRuns !== bRuns) return aRuns
  return a.since !== b.since ? a.since > b.since : a.scope < b.scope
}

const same = (a: Version, b: Pick<Version, 'scope_id' | 'content' | 'conflict'>): boolean =>
  a.scope_id === b.scope_id && a.conflict === b.conflict && canonical(a.content) === canonical(b.content)

/**
 * The observed timeline of one resource, oldest first, without overlaps.
 * A version begins at an event's instant, else at the first sighting; it ends at the event, else at the first complete absence.
 * A resource that one scope lost and another shows next lives on: nobody saw it gone from everywhere.
 */
export function versions(sightings: readonly Sighting[], name: string): Version[] {
  const held = new Map<string, Held>()
  const out: Version[] = []
  let last: Content = unknown(name)
  for (const sighting of sightings.toSorted(order)) {
    if (sighting.content === null) held.delete(sighting.scope_id)
    else held.set(sighting.scope_id, heldBy(sighting, held.get(sighting.scope_id), last))
    step(out, sighting, placement(held))
    last = out.at(-1)?.content ?? last
  }
  return calm(out)
}

/** An event is a change at its instant whatever it says; a listing that repeats what was known changes nothing. */
function heldBy({ scope_id, scope, content, seen_at, exact }: Sighting, before: Held | undefined, last: Content): Held {
  const now = { ...(before?.content ?? last), ...content }
  const repeated = !exact && before && canonical(before.content) === canonical(now)
  return { scope_id, scope, content: now, since: repeated ? before.since : seen_at }
}

/** Appends to the timeline what one sighting changed. */
function step(out: Version[], sighting: Sighting, now: ReturnType<typeof placement>): void {
  const current = out.at(-1)
  const open = current && current.to === null ? current : null
  if (!now) {
    if (open) close(out, open, sighting)
    return
  }
  const { scope_id, content } = now.held
  const next = { scope_id, content, conflict: now.conflict }
  if (open && same(open, next)) return
  if (open) close(out, open, sighting)
  else if (current && livesOn(current, sighting)) {
    current.to = sighting.seen_at
    current.to_exact = sighting.exact
  }
  out.push({
    from: sighting.seen_at,
    to: null,
    from_exact: sighting.exact,
    to_exact: false,
    not_before: sighting.exact ? sighting.seen_at : sighting.previous_at,
    ...next,
  })
}

function close(out: Version[], open: Version, at: Sighting): void {
  if (open.from === at.seen_at) {
    out.pop()
    return
  }
  open.to = at.seen_at
  open.to_exact = at.exact
}

/** Another scope shows it, and had not been listed since the first one lost it. */
const livesOn = (ended: Version, next: Sighting): boolean =>
  !ended.to_exact &&
  ended.scope_id !== next.scope_id &&
  (next.previous_at === null || next.previous_at < (ended.to ?? Infinity))

/** Forgets conflicts that last no longer than a migration, and joins what is then equal. */
function calm(timeline: Version[]): Version[] {
  const out: Version[] = []
  for (const version of timeline) {
    if (version.conflict && version.to !== null && version.to - version.from < MIGRATION_MS) version.conflict = false
    const previous = out.at(-1)
    if (previous && previous.to === version.from && same(previous, version)) {
      previous.to = version.to
      previous.to_exact = version.to_exact
    } else out.push(version)
  }
  return out
}

/** The instant after which the resource surely came into being; null where it may have existed long before. */
export const bornAfter = (
  timeline: readonly { from: Instant; from_exact: boolean; not_before: Instant | null }[],
): Instant | null => {
  const first = timeline[0]
  if (!first) return null
  return first.from_exact ? first.from : first.not_before
}

/** Which resources a listing must restate: those that differ from the listing before, and those that events touched in between. */
export function changes<T>(
  previous: ReadonlyMap<string, T> | null,
  current: ReadonlyMap<string, T>,
  touched: Iterable<string>,
  complete: boolean,
): Map<string, T | null> {
  const out = new Map<string, T | null>()
  for (const [key, content] of current)
    if (!previous?.has(key) || canonical(previous.get(key)) !== canonical(content)) out.set(key, content)
  if (complete) {
    for (const key of previous?.keys() ?? []) if (!current.has(key)) out.set(key, null)
    for (const key of touched) out.set(key, current.get(key) ?? null)
  }
  return out
}
