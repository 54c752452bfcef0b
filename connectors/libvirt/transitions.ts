/**
 * libvirt's events → facts of what a host holds. No I/O, no clock.
 * A live migration comes out as present at the destination from its Resumed event and absent at the source from its
 * Stopped event; the pauses in between aren't changes of state, and a guest still coming in isn't there yet.
 */
import { canonical, type Collected, type State } from '#connectors/contract.ts'
import { aliases } from './counters.ts'
import { condition } from './domstats.ts'
import type { LibvirtEvent } from './events.ts'
import { clip, knownCapacities, vmContent, type Whole } from './map.ts'
import { held, type Known, type Placement, type Read, resolve } from './placement.ts'
import { fromKib, wholeNumber, wire } from './xml.ts'

/** What was read right after the events: all names of the host, and the domains that the events named. */
export interface Reread {
  names: ReadonlyMap<string, string>
  reads: ReadonlyMap<string, Read>
}
export interface Outcome {
  facts: Collected[]
  /** every domain of which an event spoke */
  touched: Set<string>
  /** domain → the instant at which its present process started */
  started: Map<string, number>
  /** domain → device → the instant at which it was added */
  added: Map<string, Map<string, number>>
}

interface Step {
  place: Placement
  uuid: string
  known: Known
  event: LibvirtEvent
  /** undefined: it was gone when we looked */
  read: Read | undefined
  /** the events of this batch that come after this one and name the same domain */
  later: LibvirtEvent[]
  outcome: Outcome
}

/** Takes a batch of events, oldest first, and what was read after the last of them. */
export function apply(place: Placement, events: LibvirtEvent[], reread: Reread): Outcome {
  const outcome: Outcome = { facts: [], touched: new Set(), started: new Map(), added: new Map() }
  for (const [index, event] of events.entries()) {
    const uuid = resolve(place, event.domain) ?? reread.names.get(event.domain)
    if (uuid === undefined) continue
    const known = place.domains.get(uuid) ?? { name: event.domain, versions: [], incoming: false, aliases: new Map() }
    place.domains.set(uuid, known)
    outcome.touched.add(uuid)
    const later = events.slice(index + 1).filter((other) => other.domain === event.domain)
    take({ place, uuid, known, event, read: reread.reads.get(uuid), later, outcome })
  }
  return outcome
}

function take(step: Step): void {
  const { event, known, read } = step
  if (read) known.aliases = new Map([...known.aliases, ...aliases(read.domain)])
  switch (event.type) {
    case 'lifecycle':
      return LIFECYCLE[event.what]?.(step)
    case 'balloon':
      return balloon(step)
    case 'added':
      return deviceAdded(step)
    default:
      return changed(step, event.type === 'removed' ? 'device removed' : 'changed')
  }
}

const LIFECYCLE: Readonly<Record<string, (step: Step) => void>> = {
  Defined: defined,
  Undefined: undefinedAgain,
  Started: started,
  Suspended: suspended,
  Resumed: resumed,
  Stopped: stopped,
  PMSuspended: (step) => hold(step, 'paused', 'suspended'),
  Crashed: (step) => hold(step, 'failed', 'crashed'),
}

function defined(step: Step): void {
  const { known, event, read, later } = step
  if (read) known.name = event.domain
  // the definition that arrives with a guest; and one that is gone again already
  if (known.incoming || !read) return
  const before = held(known)?.state
  const now = condition(read.stats)
  const starts = later.some((other) => other.what === 'Started')
  const state = before ?? (starts ? 'stopped' : now)
  if (state === 'migrating' || state === 'starting') return
  hold(step, state, event.detail === 'Renamed' ? 'renamed' : 'defined')
}

function undefinedAgain(step: Step): void {
  if (step.event.detail === 'Renamed') return
  const state = held(step.known)?.state
  // a running domain outlives its definition
  if (step.read && state) hold(step, state, 'undefined')
  else leave(step, 'undefined')
}

const STARTED: Readonly<Record<string, string>> = {
  Restored: 'restored',
  Snapshot: 'reverted',
  'Event wakeup': 'woken',
}

function started(step: Step): void {
  const { event, known, outcome, uuid } = step
  if (event.detail !== 'Event wakeup') outcome.started.set(uuid, event.at_ms)
  if (event.detail === 'Migrated') known.incoming = true
  else hold(step, 'running', STARTED[event.detail] ?? 'started')
}

/** The pause in which a migration hands over. */
const isHandover = (detail: string) => detail === 'Migrated' || detail === 'Post-copy'

function suspended(step: Step): void {
  const { known, event } = step
  // a guest that was paused before it migrated arrives paused
  if (known.incoming) return arrive(step, 'paused')
  if (!isHandover(event.detail)) hold(step, 'paused', 'suspended')
}

function resumed(step: Step): void {
  const { known } = step
  if (known.incoming) return arrive(step, 'running')
  // libvirt unpauses a new process a few ms before it says Started, which is the instant that counts
  const state = held(known)?.state
  if (state === 'paused' || state === 'unknown') hold(step, 'running', 'resumed')
}

function arrive(step: Step, state: State): void {
  step.known.incoming = false
  hold(step, state, 'migrated')
}

const STOPPED: Readonly<Record<string, string>> = {
  Shutdown: 'shut down',
  Destroyed: 'destroyed',
  Crashed: 'crashed',
  Migrated: 'migrated away',
  Saved: 'saved',
  Failed: 'failed',
  Snapshot: 'reverted',
}

function stopped(step: Step): void {
  const { known, event, read, later } = step
  if (known.incoming) {
    // a migration that came to nothing: what was here before is still here
    known.incoming = false
    return
  }
  const change = STOPPED[event.detail] ?? 'stopped'
  const undefinedLater = later.some((other) => other.what === 'Undefined')
  if (!read && !undefinedLater) return leave(step, change)
  hold(step, event.detail === 'Crashed' || event.detail === 'Failed' ? 'failed' : 'stopped', change)
}

function balloon(step: Step): void {
  const { known, event } = step
  const content = held(known)
  if (!content || known.incoming) return
  const memory = fromKib(wholeNumber(event.detail))
  if (memory === undefined) return
  put(step, { ...content, size: { ...content.size, memory_bytes: wire(memory) } }, 'memory changed')
}

function deviceAdded(step: Step): void {
  const { known, event, outcome, uuid } = step
  const device = known.aliases.get(event.detail)
  if (device !== undefined) {
    const added = outcome.added.get(uuid) ?? new Map<string, number>()
    outcome.added.set(uuid, added.set(device, event.at_ms))
  }
  changed(step, 'device added')
}

function changed(step: Step, change: string): void {
  const content = held(step.known)
  if (content && step.read && !step.known.incoming) hold(step, content.state, change)
}

/** From the event's instant on the domain has this state; everything else is as we just read it. */
function hold(step: Step, state: State, change: string): void {
  const { known, read, place, event } = step
  const before = held(known)
  if (read) put(step, vmContent(read.domain, read.stats, state, place.host, knownCapacities(before)), change)
  else if (before) put(step, { ...before, state }, change)
  else put(step, { name: clip(event.domain), state, size: {}, host: place.host, evidence: {}, attributes: {} }, change)
}

const leave = (step: Step, change: string): void => put(step, null, change)

function put({ place, known, uuid, event, outcome }: Step, content: Whole | null, change: string): void {
  if (canonical(held(known)) === canonical(content)) return
  known.versions.push({ from_ms: event.at_ms, content })
  outcome.facts.push({
    type: 'event',
    seen_at_ms: event.at_ms,
    scope: { kind: 'host', external_id: place.host },
    resource: { kind: 'vm', external_id: uuid },
    change,
    content,
  })
}
