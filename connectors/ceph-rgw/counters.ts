/** Which counters there are, from listing to listing, and what is told of them: pure. */
import type { Collected } from '#connectors/contract.ts'
import { type Counter, type Growths, keyOf, type Memory, nothing, type Totals } from './counting.ts'
import { type Growth, wire } from './map.ts'

/** What a listing shows of one resource. */
export interface Listed {
  kind: Counter['kind']
  external_id: string
  incarnation: string
  /** of a bucket */
  name?: string
  owner?: string
  /** by radosgw's clock */
  born_ms?: number | undefined
}
export interface Sight {
  /** when the listing began, by the agent's clock */
  at_ms: number
  complete: boolean
  /** the agent's clock minus radosgw's */
  skew_ms: number
}

/** Owners of which a record may still be written: a bucket that changes hands more often than that within hours is sport. */
const OWNERS_MAX = 4

/** Takes note of what is there; answers the resources that were born since the last complete listing. */
export function sight(memory: Memory, listed: readonly Listed[], { at_ms, complete, skew_ms }: Sight): Set<string> {
  const born = new Set<string>()
  const there = new Set<string>()
  for (const one of listed) {
    const key = keyOf(one)
    there.add(key)
    const known = memory.counters.get(key)
    const counter = known ?? begun(memory, one, at_ms, skew_ms)
    if (!known && isBorn(memory, one, at_ms, skew_ms)) born.add(key)
    counter.gone_ms = null
    if (one.owner !== undefined) counter.owners = [...new Set([one.owner, ...counter.owners])].slice(0, OWNERS_MAX)
    memory.counters.set(key, counter)
  }
  if (!complete) return born
  for (const [key, counter] of memory.counters) if (!there.has(key)) counter.gone_ms ??= at_ms
  memory.listed_ms = at_ms
  return born
}

const isBorn = ({ listed_ms }: Memory, { born_ms }: Listed, at_ms: number, skew_ms: number): boolean =>
  listed_ms !== null && born_ms !== undefined && born_ms + skew_ms > listed_ms && born_ms + skew_ms <= at_ms

/** What wasn't there when all was listed counted nothing then, unless its birth is known to be later. */
function begun(memory: Memory, one: Listed, at_ms: number, skew_ms: number): Counter {
  const { kind, external_id, incarnation, name = '', owner, born_ms = null } = one
  const birth_ms = isBorn(memory, one, at_ms, skew_ms) && born_ms !== null ? born_ms + skew_ms : memory.listed_ms
  return {
    kind,
    external_id,
    incarnation,
    name,
    owners: owner === undefined ? [] : [owner],
    born_ms,
    epoch: `${memory.id}/${at_ms}`,
    origin_ms: birth_ms,
    read_ms: 0,
    gone_ms: null,
    totals: nothing(),
  }
}

type Readings = Extract<Collected, { type: 'readings' }>

/**
 * Adds the growths and tells the totals at the points, those of each counter strictly one after the other. A point at which nothing
 * grew before or after says nothing new, but the last one does: that somebody looked. What is gone is told once more, at its end.
 */
export function told(
  memory: Memory,
  growths: readonly Growths[],
  points: readonly number[],
  skew_ms: number,
): Readings[] {
  const facts: Readings[] = []
  for (const [key, counter] of memory.counters) {
    const grew = growths.map((growth) => growth.get(counter) ?? [])
    for (const [index, point] of points.entries()) {
      for (const growth of grew[index] ?? []) add(counter.totals, growth)
      // one that was never told grew before the first of them
      const isFirst = counter.read_ms === 0
      const isBound = isFirst || index === points.length - 1 || grew[index]?.length || grew[index + 1]?.length
      const at_ms = point + skew_ms
      if (isBound && isWithin(counter, at_ms)) facts.push(reading(counter, at_ms))
    }
    const end_ms = counter.gone_ms
    if (end_ms === null || end_ms > (points.at(-1) ?? 0) + skew_ms) continue
    facts.push(reading(counter, end_ms))
    memory.counters.delete(key)
  }
  return facts
}

const isWithin = ({ origin_ms, gone_ms }: Counter, at_ms: number): boolean =>
  (origin_ms === null || at_ms > origin_ms) && (gone_ms === null || at_ms < gone_ms)

function add(totals: Totals, { requests, sent, received }: Growth): void {
  const grow = (key: string, by: bigint) => (totals[key] = (totals[key] ?? 0n) + by)
  for (const [name, ops] of Object.entries(requests)) grow(`requests_count/${name}`, ops)
  grow('network_receive_bytes', received)
  grow('network_transmit_bytes', sent)
}

function reading(counter: Counter, at_ms: number): Readings {
  const { kind, external_id, incarnation, epoch, origin_ms, totals } = counter
  // two readings of one instant would hide what came between; a clock that was set back tells later ones of an earlier time
  counter.read_ms = Math.max(at_ms, counter.read_ms + 1)
  return {
    type: 'readings',
    seen_at_ms: counter.read_ms,
    resource: { kind, external_id, incarnation },
    epoch: { id: epoch, ...(origin_ms !== null && { origin_ms }) },
    counters: Object.fromEntries(Object.entries(totals).map(([key, value]) => [key, wire(value)])),
  }
}
