/** What is known of the cluster, by scope, and what happened to it as events: nothing here waits. */
import type { Collected, Listing, ObservationInput, Scope } from '#connectors/contract.ts'
import { ConnectorError, LIMITS } from '#connectors/wire.ts'
import { goneAt, stepsBetween, told } from './changes.ts'
import type { Sink } from './follower.ts'
import type { Row } from './map.ts'

/** What is placed together. */
interface Shelf {
  scope: Scope
  rows: Map<string, Row>
  /** the same array again while nothing changed: the agent reads an array through once */
  resources: ObservationInput[] | undefined
  /** the last listing that said it was whole */
  told_ms: number
}

interface Outside {
  emit: (facts: Collected[]) => void
  now: () => number
  /** what else is told of a pod that began at an instant */
  began: (row: Row, began_ms: number) => Collected[]
}

const keyOf = ({ kind, external_id }: Scope): string => `${kind}/${external_id}`

export class Inventory {
  readonly #shelves = new Map<string, Shelf>()
  readonly #emit: Outside['emit']
  readonly #now: Outside['now']
  readonly #began: Outside['began']
  /** a session before this one told listings until then */
  readonly #told_ms: number
  #waiting: Collected[] = []

  constructor(told_ms: number, { emit, now, began }: Outside) {
    this.#told_ms = told_ms
    this.#emit = emit
    this.#now = now
    this.#began = began
  }

  #shelf(scope: Scope): Shelf {
    const key = keyOf(scope)
    const found = this.#shelves.get(key) ?? { scope, rows: new Map(), resources: undefined, told_ms: this.#told_ms }
    this.#shelves.set(key, found)
    return found
  }

  /** A scope is there, whatever is in it. */
  expect(scope: Scope): void {
    this.#shelf(scope)
  }

  put(row: Row): void {
    const shelf = this.#shelf(row.scope)
    shelf.rows.set(row.uid, row)
    shelf.resources = undefined
  }
  remove(row: Row): void {
    const shelf = this.#shelf(row.scope)
    if (shelf.rows.delete(row.uid)) shelf.resources = undefined
  }

  /** Where a follower tells what it sees. */
  readonly sink: Sink = {
    seen: (row, before, since_ms) => {
      this.put(row)
      this.#tell(row, stepsBetween(before, row, since_ms))
    },
    gone: (row, before, heard_ms, since_ms) => {
      this.remove(row)
      const steps = stepsBetween(before, row, since_ms)
      const at_ms = goneAt(row, Math.max(heard_ms, ...steps.map((step) => step.at_ms)), this.#now())
      this.#tell(row, [...steps, { at_ms, change: 'deleted', content: null }])
    },
    missed: (row) => this.remove(row),
  }

  #tell(row: Row, changes: Parameters<typeof told>[1]): void {
    if (changes.length === 0) return
    if (this.#waiting.length === 0) queueMicrotask(() => this.flush())
    const facts = told(row, changes, this.#shelf(row.scope).told_ms, this.#now())
    const [began_ms] = facts.flatMap((fact) =>
      fact.type === 'event' && fact.change === 'started' ? fact.seen_at_ms : [],
    )
    this.#waiting.push(...facts, ...(began_ms === undefined ? [] : this.#began(row, began_ms)))
  }

  flush(): void {
    const facts = this.#waiting.splice(0)
    if (facts.length > 0) this.#emit(facts)
  }

  /** `isWhole`: all that can be in the scope was read; `isThere`: it has not gone itself. */
  listings(seen_at_ms: number, isWhole: (scope: Scope) => boolean): Listing[] {
    const all: Listing[] = []
    for (const [key, shelf] of this.#shelves) {
      const complete = isWhole(shelf.scope)
      all.push({ type: 'listing', seen_at_ms, scope: shelf.scope, complete, resources: resourcesOf(shelf) })
      if (!complete) continue
      shelf.told_ms = seen_at_ms
      // a namespace that is gone holds nothing any more: that was said now
      if (shelf.rows.size === 0) this.#shelves.delete(key)
    }
    return all
  }

  *rows(): Iterable<Row> {
    for (const { rows } of this.#shelves.values()) yield* rows.values()
  }

  scopes(): Scope[] {
    return [...this.#shelves.values()].map(({ scope }) => scope)
  }

  find(scope: Scope, kind: string, external_id: string): ObservationInput | undefined {
    return this.#index(scope).get(`${kind} ${external_id}`)
  }
  readonly #indexes = new WeakMap<ObservationInput[], Map<string, ObservationInput>>()
  #index(scope: Scope): Map<string, ObservationInput> {
    const shelf = this.#shelves.get(keyOf(scope))
    const resources = shelf ? resourcesOf(shelf) : []
    const known = this.#indexes.get(resources)
    if (known) return known
    const made = new Map(resources.map((one) => [`${one.kind} ${one.external_id}`, one]))
    this.#indexes.set(resources, made)
    return made
  }
}

/** Within a moment one that is gone and one of its name may both be known: each has its own incarnation. */
function resourcesOf(shelf: Shelf): ObservationInput[] {
  if (shelf.rows.size > LIMITS.rowsPerSnapshot)
    throw new ConnectorError(
      'limit',
      `the ${shelf.scope.kind} ${shelf.scope.external_id} holds ${shelf.rows.size} resources; ${LIMITS.rowsPerSnapshot} can be listed`,
      'Narrow what is read of it by a label selector, in several sources.',
    )
  return (shelf.resources ??= [...shelf.rows.values()].map(({ observation }) => observation))
}
