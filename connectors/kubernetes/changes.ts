/** What happened to an object between two sights of it, each at the instant that Kubernetes names. Pure. */
import type { Collected, Content } from '#connectors/contract.ts'
import type { Row } from './map.ts'

export interface Change {
  at_ms: number
  change: string
  content: (Partial<Content> & Pick<Content, 'name'>) | null
}

const contentOf = ({ observation }: Row, over: Partial<Content>): Change['content'] => {
  const { kind: _kind, external_id: _id, incarnation: _incarnation, ...content } = observation
  return { ...content, ...over } as Change['content']
}

/** The steps of a life that are known to the millisecond that Kubernetes tells: a pod is made, begins and ends. */
function steps(row: Row): Change[] {
  const { created_ms, began_ms, ended_ms, ended_as, observation } = row
  const found: Change[] = []
  const isPod = observation.kind === 'pod'
  if (created_ms !== undefined)
    found.push({
      at_ms: created_ms,
      change: 'created',
      content: contentOf(row, isPod ? { state: 'stopped', host: null } : {}),
    })
  if (began_ms !== undefined)
    found.push({
      at_ms: Math.max(began_ms, created_ms ?? 0),
      change: 'started',
      content: contentOf(row, { state: 'running' }),
    })
  if (ended_ms !== undefined && ended_as !== undefined)
    found.push({
      at_ms: ended_ms,
      change: ended_as === 'failed' ? 'failed' : 'ended',
      content: contentOf(row, { state: ended_as }),
    })
  return found
}

/** Steps that were not known before; of an object that nobody had seen, those since then. */
export function stepsBetween(before: Row | undefined, after: Row, since_ms: number): Change[] {
  const told = new Set(before && steps(before).map(({ change }) => change))
  return steps(after).filter(({ change, at_ms }) => (before ? !told.has(change) : at_ms >= since_ms))
}

/**
 * It is gone. Kubernetes names no instant for that: between `heard_ms`, when it was surely there, and now. Where the watch was cut
 * meanwhile, the end that was asked for is the best that is known.
 */
export const goneAt = ({ deleted_ms }: Row, heard_ms: number, now_ms: number): number =>
  Math.min(now_ms, Math.max(deleted_ms ?? now_ms, heard_ms))

/**
 * As facts, each at its instant. A complete listing at `floor_ms` said something else where a watch was late: it stays right for
 * its own moment, and what is so now is said once more right after it.
 */
export function told(row: Row, changes: readonly Change[], floor_ms: number, now_ms: number): Collected[] {
  const { kind, external_id, incarnation } = row.observation
  let after_ms = 0
  const facts = changes.map(({ at_ms, change, content }) => {
    after_ms = Math.max(Math.min(at_ms, now_ms), after_ms)
    const resource = { kind, external_id, incarnation }
    return { type: 'event' as const, seen_at_ms: after_ms, scope: row.scope, resource, change, content }
  })
  const last = facts.at(-1)
  return last && last.seen_at_ms <= floor_ms ? [...facts, { ...last, seen_at_ms: floor_ms + 1 }] : facts
}
