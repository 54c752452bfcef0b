/** Follows one collection: lists it in pages, watches it from there, and goes on after every break without losing a change. */
import { ConnectorError } from '#connectors/wire.ts'
import { Absent, type Client, type Collection, Gone, type Happening, LIMITS } from './client.ts'
import type { Row } from './map.ts'
import type { Fields } from './values.ts'

export interface Sink {
  /** it is so now; `since_ms`: what was before has been told, or can't be known */
  seen(row: Row, before: Row | undefined, since_ms: number): void
  /** it is gone; `heard_ms`: when it was surely there */
  gone(row: Row, before: Row | undefined, heard_ms: number, since_ms: number): void
  /** a listing lacks it: when it went is not known */
  missed(row: Row): void
}
export interface Start {
  /** the version up to which all has been told, by a session before this one */
  resource_version?: string | undefined
  /** until when that one looked; Infinity where nobody did */
  since_ms: number
}

const BACKOFF = { first_ms: 50, most_ms: 30_000, held_ms: 5_000 } as const
/** What can't be read so often in a row from one version on is listed anew. */
const STUCK_AFTER = 3
/** What happened while a watch was cut comes at once when it is open again. */
const CATCHING_UP_MS = 2_000
/** What was so at the API server when it was asked is here after so long, if the watch is well. */
const SETTLE = { quiet_ms: 30, step_ms: 20, most_ms: 3_000 } as const

/** Ticks in a row whose count was another than ours: after the first everything is listed anew, after the second the count isn't believed. */
const MISCOUNTED = { listed_anew: 2, disbelieved: 3 } as const

type Mapped = (object: Fields) => Row | null

export class Follower {
  readonly of: Collection
  readonly #client: Client
  readonly #map: Mapped
  readonly #sink: Sink
  readonly #now: () => number
  readonly #closing = new AbortController()
  #rows = new Map<string, Row>()
  /** objects that are there and no resources of ours: counted, so that the server's count can be compared */
  #others = new Set<string>()
  #version: string | undefined
  #resume: string | undefined
  readonly #since_ms: number
  #listed = false
  #heard_ms = 0
  /** until then what comes may be old: it happened while nothing was heard */
  #behind = { until_ms: 0, heard_ms: 0 }
  #state: 'new' | 'broken' | 'live' | 'absent' = 'new'
  #error: unknown
  #miscounted = 0
  #isStale = false
  #run: Promise<void> | undefined
  #cut: AbortController | undefined
  #wake: (() => void) | undefined
  #waiters: (() => void)[] = []

  constructor(
    client: Client,
    of: Collection,
    map: Mapped,
    sink: Sink,
    { start, now }: { start: Start; now: () => number },
  ) {
    this.of = of
    this.#client = client
    this.#map = map
    this.#sink = sink
    this.#now = now
    this.#resume = start.resource_version
    this.#since_ms = start.since_ms
  }

  /** Up to which version all that happened has been told; undefined before everything was listed once. */
  get version(): string | undefined {
    return this.#version
  }
  get isAbsent(): boolean {
    return this.#state === 'absent'
  }

  /**
   * Makes sure that what is held here is what the server held when this was called; else throws what is wrong. The watch brings
   * changes by itself: one small request asks how many objects there are, so that a watch that fell silent shows.
   */
  async check(signal: AbortSignal): Promise<void> {
    this.#run ??= this.#follow()
    await this.#live(signal)
    if (this.#state === 'absent') return
    const held = this.#version
    const { resource_version, count } = await this.#client.page(this.of, 1, undefined, signal)
    if (held !== undefined && isBefore(resource_version, held)) {
      this.#isStale = true
      this.#cut?.abort()
      throw restored(this.of)
    }
    const until_ms = performance.now() + SETTLE.most_ms
    await pause(SETTLE.quiet_ms, signal)
    const isCounted = () => count === undefined || count === this.#rows.size + this.#others.size
    const isBelieved = this.#miscounted < MISCOUNTED.disbelieved
    const isThere = () => resource_version === this.#version || isCounted() || !isBelieved
    while (!isThere() || this.#state !== 'live') {
      if (performance.now() > until_ms) {
        if (this.#state === 'live') this.#miscounted += 1
        this.#isStale = this.#miscounted >= MISCOUNTED.listed_anew
        this.#cut?.abort()
        throw behind(this.of)
      }
      await pause(SETTLE.step_ms, signal)
    }
    if (isCounted()) this.#miscounted = 0
    if (this.#now() - this.#heard_ms > LIMITS.idle_ms) {
      this.#cut?.abort()
      throw behind(this.of)
    }
  }

  /** Resolves when the watch is open, or the type isn't there; throws what the last try failed of. */
  async #live(signal: AbortSignal): Promise<void> {
    const isSettled = () => this.#state === 'live' || this.#state === 'absent'
    if (this.#state === 'absent' || this.#state === 'broken') {
      // a person may have mended it since: it is tried at once
      if (this.#state === 'broken') this.#error = undefined
      this.#wake?.()
    }
    while (!isSettled()) {
      if (this.#state === 'broken' && this.#error !== undefined) throw this.#error
      await Promise.race([new Promise<void>((resolve) => this.#waiters.push(resolve)), aborted(signal)])
    }
  }

  #become(state: 'broken' | 'live' | 'absent', error?: unknown): void {
    this.#state = state
    this.#error = error
    for (const wake of this.#waiters.splice(0)) wake()
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing
    let failures = 0
    while (!signal.aborted) {
      const began_ms = performance.now()
      try {
        this.#cut = new AbortController()
        if (this.#isStale) this.#version = undefined
        this.#isStale = false
        if (this.#version === undefined) await this.#list(signal)
        await this.#watch(AbortSignal.any([signal, this.#cut.signal]))
      } catch (error) {
        if (signal.aborted) return
        const isStuck = error instanceof ConnectorError && error.code === 'bad_answer' && failures >= STUCK_AFTER
        if (error instanceof Gone || isStuck) this.#version = undefined
        if (!(error instanceof Gone)) this.#become(error instanceof Absent ? 'absent' : 'broken', error)
        else if (this.#state === 'live') this.#state = 'broken'
      }
      // a watch that held for a while and ended is opened again at once; what ends again and again waits longer each time
      failures = performance.now() - began_ms > BACKOFF.held_ms ? 0 : failures + 1
      if (failures > 0) await this.#rest(Math.min(BACKOFF.most_ms, BACKOFF.first_ms * 2 ** failures))
    }
  }

  /** All pages of one version. A token that expired on the way begins it anew: nothing is taken of half a list. */
  async #list(signal: AbortSignal): Promise<void> {
    const [rows, others] = [new Map<string, Row>(), new Set<string>()]
    let next: string | undefined
    let version = ''
    const at_ms = this.#now()
    for (let count = 0; ; count += 1) {
      if (count >= LIMITS.pages) throw tooMany(this.of)
      const page = await this.#client.page(this.of, LIMITS.page, next, signal)
      for (const object of page.items) {
        const row = this.#map(object)
        if (row) rows.set(row.uid, row)
        else others.add(uidOf(object))
      }
      version = page.resource_version
      next = page.next
      if (next === undefined) break
    }
    this.#take(rows, others, at_ms)
    this.#version = this.#resume ?? version
    this.#resume = undefined
  }

  #take(rows: Map<string, Row>, others: Set<string>, at_ms: number): void {
    const before = this.#rows
    this.#rows = rows
    this.#others = others
    for (const [uid, row] of before) if (!rows.has(uid)) this.#sink.missed(row)
    // what was not there at the listing before is new, whatever the clocks say
    const since_ms = this.#listed ? 0 : this.#since_ms
    for (const [uid, row] of rows) this.#sink.seen(row, before.get(uid), since_ms)
    this.#listed = true
    this.#heard_ms = at_ms
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const version = this.#version ?? ''
    const events = await this.#client.watch(this.of, version, signal)
    const now_ms = this.#now()
    this.#behind = { until_ms: now_ms + CATCHING_UP_MS, heard_ms: this.#heard_ms }
    this.#heard_ms = now_ms
    this.#become('live')
    for await (const event of events) {
      this.#apply(event)
      this.#version = event.resource_version
      this.#heard_ms = this.#now()
    }
  }

  #apply({ type, object }: Happening): void {
    if (type === 'BOOKMARK') return
    const now_ms = this.#now()
    const heard_ms = now_ms < this.#behind.until_ms ? this.#behind.heard_ms : now_ms
    const row = this.#map(object)
    const uid = row?.uid ?? uidOf(object)
    const before = this.#rows.get(uid)
    if (type === 'DELETED' || !row) {
      this.#rows.delete(uid)
      if (type === 'DELETED') this.#others.delete(uid)
      else this.#others.add(uid)
      const last = row ?? before
      if (last) this.#sink.gone(last, before, heard_ms, this.#since_ms)
      return
    }
    this.#others.delete(uid)
    this.#rows.set(uid, row)
    // one that changed and isn't known was there before: it has ended meanwhile
    this.#sink.seen(row, before, type === 'ADDED' ? 0 : this.#since_ms)
  }

  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
      this.#closing.signal.addEventListener('abort', this.#wake, { once: true })
    })
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#wake?.()
    await this.#run
  }
}

const uidOf = (object: Fields): string => {
  const { metadata } = object
  const uid = typeof metadata === 'object' && metadata !== null ? (metadata as Fields)['uid'] : undefined
  return typeof uid === 'string' ? uid : ''
}

/** A list of now is never older than what a watch told before; versions of one type are compared as numbers: https://kubernetes.dev/resources/keps/5504 */
const NUMBER = /^\d{1,20}$/
const isBefore = (one: string, other: string): boolean =>
  NUMBER.test(one) && NUMBER.test(other) && BigInt(one) < BigInt(other)

const restored = ({ resource }: Collection) =>
  new ConnectorError(
    'unreachable',
    `the API server holds an older state of ${resource} than it told before, as after a restore of its etcd: all are listed anew`,
    'Nothing needs to be done when this comes once. Else see whether the address leads to one cluster alone.',
  )
const behind = ({ resource }: Collection) =>
  new ConnectorError(
    'timeout',
    `the watch of ${resource} is behind what the API server holds: it was opened anew`,
    'Nothing needs to be done when this comes once. Else see whether something between the agent and the API server cuts long connections.',
  )
const tooMany = ({ resource }: Collection) =>
  new ConnectorError(
    'limit',
    `there are more than ${LIMITS.page * LIMITS.pages} ${resource}`,
    'Divide the cluster by namespaces over several sources.',
  )

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const stop = () => reject(reasonOf(signal))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
const reasonOf = ({ reason }: AbortSignal): Error =>
  reason instanceof ConnectorError
    ? reason
    : new ConnectorError(
        'timeout',
        'the API server gave no answer in time',
        'See whether it answers at all, and whether it is overloaded.',
      )

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    const stop = () => {
      clearTimeout(timer)
      reject(reasonOf(signal))
    }
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}
