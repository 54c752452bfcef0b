/** When nobody looked at a scope: more than three intervals between complete listings, or since the last one. */
import type { Instant, Look } from '../truth.ts'
import { type Known, stored } from './known.ts'
import type { Gap } from './usage.ts'

/** Complete listings of a scope that had come, and the silences between them. */
interface Watch {
  looks: Look[]
  gaps: Gap[]
}
const remembered = new WeakMap<Known, Map<string, Watch>>()

function watchOf(realm: string, host: string, known: Known): Watch {
  const scopes = remembered.get(known) ?? new Map<string, Watch>()
  remembered.set(known, scopes)
  const key = JSON.stringify([realm, host])
  const watch = scopes.get(key) ?? watched(realm, host, known)
  scopes.set(key, watch)
  return watch
}

function watched(realm: string, host: string, known: Known): Watch {
  const looks = (known.world.looks.get(realm) ?? []).filter(
    (look) => look.host === host && look.complete && stored(look, known),
  )
  const gaps: Gap[] = []
  for (const [index, b] of looks.entries()) {
    const a = looks[index - 1]
    if (a && b.seen_at - a.seen_at > 3 * Math.max(a.interval_ms, b.interval_ms))
      gaps.push({ from: a.seen_at, to: b.seen_at })
  }
  return { looks, gaps }
}

/** Silences of a scope as they stand for a period that ends at `to`. */
export function silences(realm: string, host: string, to: Instant, known: Known): Gap[] {
  const { looks, gaps } = watchOf(realm, host, known)
  const last = looks.at(-1)
  return last && to - last.seen_at > 3 * last.interval_ms ? [...gaps, { from: last.seen_at, to }] : gaps
}

/** The first complete listing of a scope at or after an instant; Infinity where none came. */
export const lookedAt = (realm: string, host: string, from: Instant, known: Known): Instant =>
  watchOf(realm, host, known).looks.find((look) => look.seen_at >= from)?.seen_at ?? Infinity
