/** Follows the cluster's tasks: which ended since the last look, what they say, and what a list that lags behind them can't say yet. */
import type { State } from '#connectors/contract.ts'
import { ConnectorError } from '#connectors/wire.ts'
import { type CallOptions, type Client, statusOf } from './client.ts'
import type { Guest } from './map.ts'
import type { Memory } from './memory.ts'
import { changesBackups, ends, isAboutGuest, outcome, parseTasks, type Task } from './tasks.ts'

const LIMITS = {
  /** a node tells its latest tasks; that many and more may be only a part of them */
  told: 20,
  page: 500,
  pages: 20,
  /** a task may have run this long when it ends */
  longest_ms: 43_200_000,
} as const
/** pvestatd tells states every 10 s: until then a list may show what was before a task. */
const LAG_MS = 20_000
/** Ends are in whole seconds, and nodes' clocks differ by some. */
const OVERLAP_MS = 120_000

export interface Happened {
  /** by `upid`, when each ended: to be remembered once they are told */
  ends: Readonly<Record<string, number>>
  /** of tasks that were not told before, oldest end first */
  tasks: Task[]
  backups: boolean
  /** why the tasks could not be read: only exact instants are lost, and the lists tell the rest */
  error: ConnectorError | undefined
}

export class Happenings {
  readonly #client: Client
  /** what tasks did to states that the list doesn't show yet */
  readonly #outcomes = new Map<string, { state: State; at_ms: number }>()

  constructor(client: Client) {
    this.#client = client
  }

  /** Tasks that ended since the cluster was last read, by the clock of its nodes; none at the very first look, for nobody knows what was told. */
  async read(
    memory: Memory,
    now_ms: number,
    online: (node: string) => boolean,
    options: CallOptions,
  ): Promise<Happened> {
    const since_ms = memory.seen_ms - OVERLAP_MS - this.#client.behind_ms
    const { recent, error } = await this.#recent(options)
    const all = [...recent]
    if (memory.seen_ms > 0)
      for (const [node, own] of Map.groupBy(recent, (task) => task.node))
        if (online(node) && own.length >= LIMITS.told && own.every((task) => (task.end_ms ?? Infinity) > since_ms))
          all.push(...(await this.#archive(node, since_ms, options)))
    const ended = [...new Map(all.map((task) => [task.upid, task])).values()].filter(
      (task) => task.end_ms !== undefined && task.end_ms > since_ms && memory.told[task.upid] === undefined,
    )
    const ends = Object.fromEntries(ended.map((task) => [task.upid, task.end_ms ?? now_ms]))
    if (memory.seen_ms === 0) return { ends, tasks: [], backups: false, error }
    // lists are newest first, and ends are in whole seconds
    const tasks = ended.toReversed().toSorted((a, b) => (a.end_ms ?? 0) - (b.end_ms ?? 0))
    return { ends, tasks, backups: tasks.some(changesBackups), error }
  }

  /** Where all of the cluster refuses or hangs, so does this; else only the tasks are unknown. */
  async #recent(options: CallOptions): Promise<{ recent: Task[]; error?: ConnectorError }> {
    try {
      return { recent: parseTasks(await this.#client.get('/cluster/tasks', {}, options)) }
    } catch (error) {
      if (!(error instanceof ConnectorError) || (error.code !== 'bad_answer' && statusOf(error) !== 403)) throw error
      return { recent: [], error }
    }
  }

  /** A node's finished tasks, newest first, back to before `since_ms`: many may have ended at once. */
  async #archive(node: string, since_ms: number, options: CallOptions): Promise<Task[]> {
    const found: Task[] = []
    const since = Math.max(0, Math.floor((since_ms - LIMITS.longest_ms) / 1_000))
    for (let page = 0; page < LIMITS.pages; page += 1) {
      const query = { source: 'archive', since, start: page * LIMITS.page, limit: LIMITS.page }
      const part = await this.#page(node, query, options)
      found.push(...part)
      if (part.length < LIMITS.page || part.every((task) => (task.end_ms ?? Infinity) <= since_ms)) break
    }
    return found
  }

  /** A node that doesn't answer tells no tasks: only exact instants are lost, and the lists tell the rest. */
  async #page(node: string, query: Record<string, string | number>, options: CallOptions): Promise<Task[]> {
    try {
      return parseTasks(await this.#client.get(`/nodes/${encodeURIComponent(node)}/tasks`, query, options))
    } catch (error) {
      if (!(error instanceof ConnectorError) || options.signal.aborted) throw error
      return []
    }
  }

  /** Remembers what the tasks did, so that a list that lags behind doesn't undo it. */
  settle(tasks: readonly Task[], ours: (theirs_ms: number) => number): void {
    for (const task of tasks) {
      const state = outcome(task)
      if (state !== undefined && isAboutGuest(task) && task.end_ms !== undefined)
        this.#outcomes.set(task.id, { state, at_ms: ours(task.end_ms) })
      else if (ends(task)) this.#outcomes.delete(task.id)
    }
  }

  /** A guest's state at `seen_ms`: what a task made of it a moment ago, else what the list says. */
  stateOf(guest: Guest, seen_ms: number): State | undefined {
    const settled = this.#outcomes.get(guest.vmid)
    if (!settled || guest.kind === 'template') return guest.state
    if (guest.state === settled.state || seen_ms - settled.at_ms >= LAG_MS) {
      if (seen_ms - settled.at_ms >= LAG_MS) this.#outcomes.delete(guest.vmid)
      return guest.state
    }
    // an end after this look is for the next one
    return settled.at_ms <= seen_ms ? settled.state : guest.state
  }
}
