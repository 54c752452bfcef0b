/** What one host holds, instant by instant, and how a listing fits into that. No I/O, no clock. */
import { aliases } from './counters.ts'
import { condition, type Stats } from './domstats.ts'
import { type Domain, knownCapacities, vmContent, type Whole } from './map.ts'

export interface Read {
  domain: Domain
  stats: Stats
}
interface Version {
  from_ms: number
  content: Whole | null
}
export interface Known {
  name: string
  /** oldest first; the last one holds now */
  versions: Version[]
  /** its process here waits for the guest to arrive from another host */
  incoming: boolean
  aliases: Map<string, string>
}
export interface Placement {
  host: string
  listed: boolean
  domains: Map<string, Known>
}
export const placement = (host: string): Placement => ({ host, listed: false, domains: new Map() })

/** What holds now; null: it isn't here. */
export const held = (known: Known): Whole | null => known.versions.at(-1)?.content ?? null

/** A name means the domain that bears it now; one that has gone has left its name. */
export function resolve(place: Placement, name: string): string | undefined {
  for (const [uuid, known] of place.domains) {
    if (known.name === name && (known.incoming || held(known) !== null)) return uuid
  }
  return undefined
}

export interface Listed {
  contents: Map<string, Whole>
  /** false: something was in the middle of a move, and we don't know from where; the next listing will */
  certain: boolean
}

/**
 * Takes a listing that began at `at_ms`. Domains of which an event spoke since then are listed as they were at that
 * instant, so that a listing never contradicts an event.
 */
export function list(
  place: Placement,
  at_ms: number,
  rows: ReadonlyMap<string, Read>,
  touched: ReadonlySet<string>,
): Listed {
  const listed: Listed = { contents: new Map(), certain: true }
  for (const uuid of new Set([...place.domains.keys(), ...rows.keys()])) {
    const known = place.domains.get(uuid)
    const content = touched.has(uuid) ? contentAt(place, known, at_ms) : contentOf(place, known, rows.get(uuid))
    if (content === undefined) listed.certain = false
    else if (content !== null) listed.contents.set(uuid, content)
    remember(place, uuid, at_ms, content ?? null, rows.get(uuid), touched.has(uuid))
  }
  if (listed.certain) place.listed = true
  return listed
}

/** Undefined: it can't be known, for nothing was listed before. */
function contentAt(place: Placement, known: Known | undefined, at_ms: number): Whole | null | undefined {
  const version = known?.versions.findLast((item) => item.from_ms <= at_ms)
  if (version) return version.content
  return place.listed ? null : undefined
}

function contentOf(place: Placement, known: Known | undefined, read: Read | undefined): Whole | null | undefined {
  if (!read) return null
  const before = known ? held(known) : null
  const now = condition(read.stats)
  if (now !== 'migrating' && now !== 'starting') {
    return vmContent(read.domain, read.stats, now, place.host, knownCapacities(before))
  }
  // unknown until now, so it's coming in; unless we are looking for the first time
  if (!known) return place.listed ? null : undefined
  if (known.incoming || now === 'starting' || !before) return before
  // the pause for a migration: the guest is still ours
  return vmContent(read.domain, read.stats, before.state, place.host, knownCapacities(before))
}

function remember(
  place: Placement,
  uuid: string,
  at_ms: number,
  content: Whole | null,
  read: Read | undefined,
  touched: boolean,
): void {
  const known = place.domains.get(uuid)
  const newer = touched && known ? known.versions.filter((version) => version.from_ms > at_ms) : []
  const incoming =
    (known?.incoming ?? false) && (touched || (read !== undefined && condition(read.stats) === 'migrating'))
  const versions = [...(content === null && newer.length === 0 ? [] : [{ from_ms: at_ms, content }]), ...newer]
  if (versions.length === 0 && !incoming) return void place.domains.delete(uuid)
  const name = touched && known ? known.name : (read?.domain.name ?? known?.name ?? uuid)
  const names = read ? aliases(read.domain) : (known?.aliases ?? new Map<string, string>())
  place.domains.set(uuid, { name, versions, incoming, aliases: names })
}
