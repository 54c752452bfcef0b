/** What is known as it is now, and what may hide from those who look: scopes, eyes on machines, and what they are attached to. Pure. */
import { SILENT_AT_LEAST_MS, SILENT_INTERVALS } from '../sources/rules.ts'
import type { AttachmentFact, EndedEyeFact, Facts, MachineFact, ScopeFact, SourceFact } from './facts.ts'

/** A scope that nobody listed for so long is no place where a machine may have gone. */
export const ABANDONED_MS = 30 * 86_400_000

/** Whether a scope is known as it is now: listed whole within three intervals, by a source that is heard and doing well. */
export function isCurrent(facts: Pick<Facts, 'sources' | 'now'>, scope: ScopeFact | undefined): boolean {
  if (!scope || scope.listed_at === null || scope.interval_ms === null || scope.source_id === null) return false
  if (facts.sources.get(scope.source_id)?.state !== 'ok') return false
  return facts.now - scope.listed_at <= Math.max(SILENT_INTERVALS * scope.interval_ms, SILENT_AT_LEAST_MS)
}

export interface Known {
  facts: Facts
  /** by the billed eye: all eyes on a machine */
  eyes: ReadonlyMap<string, readonly MachineFact[]>
  attached: ReadonlyMap<string, readonly AttachmentFact[]>
  ofService: ReadonlyMap<string, readonly AttachmentFact[]>
  current: ReadonlySet<string>
  /** realms in which a scope isn't known as it is now: what ended there may live on where nobody looks */
  dim: ReadonlyMap<string, ScopeFact>
  goneEyes: ReadonlyMap<string, EndedEyeFact>
}

export function known(facts: Facts): Known {
  const current = new Set<string>()
  const dim = new Map<string, ScopeFact>()
  for (const scope of facts.scopes.values()) {
    if (isCurrent(facts, scope)) current.add(scope.id)
    else if (mayHold(facts, scope)) dim.set(scope.realm, scope)
  }
  for (const source of facts.sources.values())
    if (mayHide(facts, source) && !dim.has(source.realm)) dim.set(source.realm, unheard(source))
  const live = [...facts.machines.values()].filter(({ ended_at }) => ended_at === null)
  const attachments = facts.attachments.filter(({ service_id }) => facts.services.has(service_id))
  const between = { facts, current, dim }
  return {
    ...between,
    eyes: Map.groupBy(live, ({ id, covered_by }) => covered_by ?? id),
    attached: Map.groupBy(attachments, ({ resource_id }) => resource_id),
    ofService: Map.groupBy(attachments, ({ service_id }) => service_id),
    goneEyes: new Map(
      facts.ended_eyes.filter((eye) => sawItEnd(between, eye)).map((eye) => [eye.resource_id, eye] as const),
    ),
  }
}

/** What is listed, were it only in part, may hold what ended elsewhere. */
const mayHold = ({ sources, now }: Facts, { heard_at, source_id }: ScopeFact): boolean =>
  heard_at !== null &&
  now - heard_at <= ABANDONED_MS &&
  (source_id === null || sources.get(source_id)?.state !== 'deleted')

/** A source that never listed anything whole sees nobody knows what; of all others the scopes tell. */
const mayHide = ({ now }: Facts, { state, lists, heard_at }: SourceFact): boolean =>
  state !== 'ok' && state !== 'deleted' && !lists && now - heard_at <= ABANDONED_MS
/** A place of which nothing is known but its source. */
export const unheard = ({ id, realm, heard_at }: SourceFact): ScopeFact => ({
  id: '',
  realm,
  source_id: id,
  listed_at: null,
  heard_at,
  interval_ms: null,
})

/** An eye that looks saw the end, and the one that is billed was not heard since. */
function sawItEnd({ facts, current, dim }: Pick<Known, 'facts' | 'current' | 'dim'>, eye: EndedEyeFact): boolean {
  const scope = facts.scopes.get(facts.machines.get(eye.resource_id)?.scope_id ?? '')
  if (!scope || current.has(scope.id) || (scope.listed_at ?? 0) >= eye.ended_at) return false
  return eye.scope_id !== null && current.has(eye.scope_id) && !dim.has(eye.realm)
}
