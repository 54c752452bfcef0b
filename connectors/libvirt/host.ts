/** One libvirt host: keeps listening to its events, and lists it at each tick. */
import { type Collected, ConnectorError, type Listing, LIMITS, type Surroundings } from '#connectors/contract.ts'
import { type EventStream, watch } from './client.ts'
import { type Counters, counters, devices, gauges } from './counters.ts'
import { condition } from './domstats.ts'
import { advance, type Epoch, readings } from './epochs.ts'
import { type LibvirtEvent, parseEvent } from './events.ts'
import { list, type Placement, placement, type Read, resolve } from './placement.ts'
import { reread, type Survey, Surveyor } from './survey.ts'
import { apply, type Outcome, type Reread } from './transitions.ts'

const TIMES = {
  /** an event comes within this time after what it tells of shows in a listing */
  settle_ms: 150,
  /** events that belong together follow each other within this time */
  batch_ms: 30,
  streamReady_ms: 2_000,
  idle_ms: 2_000,
  firstRetry_ms: 1_000,
  lastRetry_ms: 60_000,
} as const
const LIMIT = { queuedEvents: 10_000, rereads: 10, listings: 3 } as const

/** What survives a restart of the agent, so that it doesn't take its own absence for a reset. */
export interface Remembered {
  seen_ms: number
  epochs: Record<string, Epoch>
}
type Run = Pick<Surroundings, 'now' | 'log' | 'emit'> & { deadline_ms: number; changed(): void }

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export class Host {
  readonly uri: string
  readonly #run: Run
  readonly #surveyor: Surveyor
  #place: Placement | undefined
  #epochs = new Map<string, Epoch>()
  #last = new Map<string, Counters>()
  #seen_ms = 0
  #stream: EventStream | undefined
  #retry: { wait_ms: number; timer?: ReturnType<typeof setTimeout> } = { wait_ms: TIMES.firstRetry_ms }
  #queue: LibvirtEvent[] = []
  #draining: Promise<void> | undefined
  #touched = new Set<string>()
  #closed = false

  constructor(uri: string, run: Run) {
    this.uri = uri
    this.#run = run
    this.#surveyor = new Surveyor(uri)
  }

  /** The host's UUID once it was reached. */
  get uuid(): string | undefined {
    return this.#place?.host
  }

  remembered(): Remembered {
    return { seen_ms: this.#seen_ms, epochs: Object.fromEntries(this.#epochs) }
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#retry.timer)
    this.#stream?.close()
  }

  /** One tick. `recall` gives what an earlier run of the agent knew of this host. */
  async collect(signal: AbortSignal, recall: (uuid: string) => Remembered | undefined): Promise<Collected[]> {
    await this.#listen()
    for (let attempt = 1; ; attempt += 1) {
      await this.#idle()
      this.#touched.clear()
      const at_ms = this.#run.now()
      const survey = await this.#surveyor.survey(at_ms, { deadline_ms: this.#run.deadline_ms, signal })
      const place = this.#arrive(survey, recall)
      await sleep(TIMES.settle_ms)
      await this.#idle()
      for (const uuid of unseen(place, survey)) this.#touched.add(uuid)
      const listed = list(place, at_ms, survey.rows, this.#touched)
      if ((!listed.certain || (!survey.complete && survey.unread.length > 0)) && attempt < LIMIT.listings) continue
      if (!survey.complete)
        this.#run.log('warn', 'libvirt: the listing is incomplete', {
          uri: this.uri,
          because: survey.complaints.slice(0, 5),
        })
      this.#seen_ms = at_ms
      return [
        listing(place, at_ms, survey, listed.contents, survey.complete && listed.certain),
        ...this.#readings(place, at_ms, survey),
      ]
    }
  }

  /** Until all events that were heard are told; not for ever, where they never cease. */
  async #idle(): Promise<void> {
    await Promise.race([this.#draining, sleep(TIMES.idle_ms)])
  }

  /** Takes over what is remembered of the host, when it is seen for the first time or has been exchanged. */
  #arrive(survey: Survey, recall: (uuid: string) => Remembered | undefined): Placement {
    const past = this.#place?.host === survey.uuid ? this.remembered() : recall(survey.uuid)
    if (this.#place?.host !== survey.uuid) {
      this.#place = placement(survey.uuid)
      this.#last.clear()
      this.#epochs = new Map(Object.entries(past?.epochs ?? {}))
    }
    // booted after we last saw it: its processes are other ones, even where libvirt counts them from 1 again
    const away_ms = this.#run.now() - (past?.seen_ms ?? 0)
    if (survey.uptime_ms !== undefined && survey.uptime_ms < away_ms && past && past.seen_ms > 0) {
      this.#epochs.clear()
      this.#last.clear()
    }
    return this.#place
  }

  #readings(place: Placement, at_ms: number, survey: Survey): Collected[] {
    const facts: Collected[] = []
    for (const [uuid, row] of survey.rows) {
      // what a domain counted while it changed belongs to one process or the next: we can't know
      if (!this.#touched.has(uuid) && place.domains.get(uuid)?.incoming === false)
        facts.push(...this.#read(uuid, row, at_ms))
    }
    for (const uuid of this.#epochs.keys()) if (!place.domains.has(uuid)) this.#forget(uuid)
    for (const { kind, external_id, gauges: values } of survey.storage) {
      const resource = { kind, external_id }
      if (Object.keys(values).length > 0) facts.push({ type: 'readings', seen_at_ms: at_ms, resource, gauges: values })
    }
    return facts
  }

  #forget(uuid: string): void {
    this.#epochs.delete(uuid)
    this.#last.delete(uuid)
    this.#run.changed()
  }

  #read(uuid: string, { domain, stats }: Read, at_ms: number, outcome?: Outcome): Collected[] {
    const state = condition(stats)
    if (domain.domain_id === undefined || state === 'stopped' || state === 'failed') return []
    const now = counters(domain, stats)
    const epoch = this.#epochs.get(uuid)
    const next = advance(epoch, {
      host: this.#place?.host ?? '',
      domain_id: domain.domain_id,
      at_ms,
      devices: devices(domain),
      counters: now,
      started_ms: outcome?.started.get(uuid),
      added: outcome?.added.get(uuid),
      last: this.#last.get(uuid),
    })
    this.#last.set(uuid, now)
    if (next !== epoch) {
      this.#epochs.set(uuid, next)
      this.#run.changed()
    }
    return readings(uuid, at_ms, next, now, gauges(stats))
  }

  /** Starts the stream of events if there is none; without it only exact instants are lost. */
  async #listen(): Promise<void> {
    if (this.#stream || this.#retry.timer || this.#closed) return
    this.#stream = watch(
      this.uri,
      (line) => this.#hear(line),
      (error) => this.#deaf(error),
    )
    await Promise.race([this.#stream.ready, sleep(TIMES.streamReady_ms)])
  }

  #deaf(error: ConnectorError): void {
    this.#stream = undefined
    if (this.#closed) return
    this.#run.log('warn', 'libvirt: events ended', { uri: this.uri, because: error.message })
    this.#retry.timer = setTimeout(() => {
      this.#retry = { wait_ms: Math.min(this.#retry.wait_ms * 2, TIMES.lastRetry_ms) }
      void this.#listen()
    }, this.#retry.wait_ms)
  }

  #hear(line: string): void {
    const event = parseEvent(line)
    if (!event) return
    this.#retry = { wait_ms: TIMES.firstRetry_ms }
    if (this.#queue.length >= LIMIT.queuedEvents) {
      this.#queue = []
      this.#run.log('warn', 'libvirt: too many events at once; the next listing tells the rest', { uri: this.uri })
    }
    this.#queue.push(event)
    const uuid = this.#place && resolve(this.#place, event.domain)
    if (uuid !== undefined) this.#touched.add(uuid)
    this.#draining ??= this.#drain().finally(() => (this.#draining = undefined))
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0 && !this.#closed) {
      const batch: LibvirtEvent[] = []
      try {
        const { after, read_ms } = await this.#gather(batch)
        if (this.#place) this.#tell(this.#place, batch, after, read_ms)
      } catch (error) {
        this.#run.log('warn', 'libvirt: an event could not be followed up; the next listing tells', {
          uri: this.uri,
          because: error instanceof Error ? error.message : String(error),
        })
      }
    }
  }

  /** Reads the domains of the queued events again until no further event came meanwhile. */
  async #gather(batch: LibvirtEvent[]): Promise<{ after: Reread; read_ms: number }> {
    for (let attempt = 1; ; attempt += 1) {
      batch.push(...this.#queue.splice(0))
      const names = [...new Set(batch.map((event) => event.domain))]
      const place = this.#place
      const known = place ? names.flatMap((name) => resolve(place, name) ?? []) : []
      const read_ms = this.#run.now()
      const after = await this.#reread(names, known, attempt)
      if (after) this.#lastWords(after, read_ms)
      await sleep(after ? TIMES.batch_ms : TIMES.settle_ms)
      if (after && (this.#queue.length === 0 || attempt >= LIMIT.rereads)) return { after, read_ms }
    }
  }

  /** Undefined if it should be tried again: a process that is just ending can't be read for a moment. */
  async #reread(names: string[], known: string[], attempt: number): Promise<Reread | undefined> {
    try {
      return await reread(this.uri, names, known, { deadline_ms: this.#run.deadline_ms })
    } catch (error) {
      const silent = error instanceof ConnectorError && error.code === 'bad_answer'
      if (!silent || attempt >= LIMIT.rereads || this.#closed) throw error
      return undefined
    }
  }

  /** What a process counted shortly before it ends is lost with it, so each look is worth a reading. */
  #lastWords(after: Reread, read_ms: number): void {
    const facts: Collected[] = []
    for (const [uuid, row] of after.reads) {
      const same = this.#epochs.get(uuid)?.domain_id === row.domain.domain_id
      if (same && !this.#place?.domains.get(uuid)?.incoming) facts.push(...this.#read(uuid, row, read_ms))
    }
    if (facts.length > 0) this.#run.emit(facts)
  }

  #tell(place: Placement, batch: LibvirtEvent[], after: Reread, read_ms: number): void {
    const outcome = apply(place, batch, after)
    for (const uuid of outcome.touched) this.#touched.add(uuid)
    const facts = outcome.facts
    for (const uuid of new Set([...outcome.started.keys(), ...outcome.added.keys()])) {
      const row = after.reads.get(uuid)
      if (row) facts.push(...this.#read(uuid, row, read_ms, outcome))
    }
    if (facts.length > 0) this.#run.emit(facts)
  }
}

/** Domains that the survey doesn't tell about: they are as they were, unless it could tell that they are gone. */
const unseen = (place: Placement, survey: Survey): string[] =>
  survey.complete ? survey.unread : [...place.domains.keys()].filter((uuid) => !survey.rows.has(uuid))

function listing(place: Placement, seen_at_ms: number, survey: Survey, contents: Listed, complete: boolean): Listing {
  const vms = [...contents].map(([external_id, content]) => ({ kind: 'vm' as const, external_id, ...content }))
  const resources = [...survey.others, ...vms]
  if (resources.length > LIMITS.rowsPerSnapshot) {
    throw new ConnectorError(
      'limit',
      `the host ${place.host} holds ${resources.length} resources; ${LIMITS.rowsPerSnapshot} can be listed`,
      'Divide its storage pools over several hosts.',
    )
  }
  return { type: 'listing', seen_at_ms, scope: { kind: 'host', external_id: place.host }, complete, resources }
}
type Listed = ReturnType<typeof list>['contents']
