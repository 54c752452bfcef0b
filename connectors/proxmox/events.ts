/** Tasks and moves → events of guests, each in the scope of the node that it is about. Pure. */
import type { Collected } from '#connectors/contract.ts'
import type { Observed } from './look.ts'
import type { Memory } from './memory.ts'
import { changesOf, ends, isAboutGuest, makes, outcome, type Task } from './tasks.ts'

export type EventFact = Extract<Collected, { type: 'event' }>

export interface Scene {
  memory: Memory
  /** what the list that was read after the tasks holds */
  after: ReadonlyMap<string, Observed>
  ours(theirs_ms: number): number
  cluster: EventFact['resource']
  scope: EventFact['scope']
}

export function taskEvents(tasks: readonly Task[], scene: Scene): EventFact[] {
  /** when each number was freed last: what ended before was about its old bearer */
  const freed = new Map(tasks.filter(ends).map((task) => [task.id, task.end_ms ?? 0]))
  return tasks.flatMap((task) => {
    if (task.end_ms === undefined) return []
    if (isAboutGuest(task)) return guestEvents(task, (task.end_ms ?? 0) <= (freed.get(task.id) ?? -1), scene)
    if (task.type !== 'vzdump') return []
    const change = task.failed === false ? 'vzdump' : 'vzdump failed'
    return [event(scene.scope, scene.cluster, scene.ours(task.end_ms), change, {})]
  })
}

function guestEvents(task: Task, old: boolean, { memory, after, ours }: Scene): EventFact[] {
  const before = memory.guests[task.id]
  const now = after.get(task.id)
  if (old || !now) {
    if (!before) return []
    const resource = { kind: before.kind, external_id: task.id, incarnation: before.incarnation }
    return changesOf(task, { from: before.node, now: undefined }).map((one) => told(one, resource, ours))
  }
  const { guest, incarnation, observation } = now
  const resource = { kind: guest.kind, external_id: task.id, incarnation }
  if (before?.incarnation === incarnation)
    return changesOf(task, { from: before.node, now: guest.node }).map((one) => told(one, resource, ours))
  // it is new: its first event says all that it is
  const state = makes(task) ? 'stopped' : outcome(task)
  if (state === undefined) return []
  const { kind: _kind, external_id: _id, incarnation: _incarnation, ...content } = observation
  const born = { node: guest.node, at_ms: task.end_ms ?? 0, change: task.type, content: { ...content, state } }
  return [told(born, resource, ours)]
}

type Told = Omit<ReturnType<typeof changesOf>[number], 'content'> & { content: EventFact['content'] }
const told = ({ node, at_ms, change, content }: Told, resource: EventFact['resource'], ours: Scene['ours']) =>
  event({ kind: 'host', external_id: node }, resource, ours(at_ms), change, content)

/** Guests that went away from a node that can't be listed: the cluster's own list says where they are now. */
export function departures(
  memory: Memory,
  after: Scene['after'],
  silent: ReadonlySet<string>,
  at_ms: number,
): EventFact[] {
  return [...after].flatMap(([vmid, { guest, incarnation }]) => {
    const before = memory.guests[vmid]
    if (!before || before.node === guest.node || before.incarnation !== incarnation || !silent.has(before.node))
      return []
    const resource = { kind: before.kind, external_id: vmid, incarnation }
    return [event({ kind: 'host', external_id: before.node }, resource, at_ms, 'moved', null)]
  })
}

const event = (
  scope: EventFact['scope'],
  resource: EventFact['resource'],
  seen_at_ms: number,
  change: string,
  content: EventFact['content'],
): EventFact => ({ type: 'event', seen_at_ms, scope, resource, change: change.slice(0, 64), content })
