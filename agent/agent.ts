/** Puts the running agent together: sources on a schedule, their facts in the spool, the spool on its way. */
import { hostname } from 'node:os'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { AgentConfig, Hello, Manifest, Surroundings } from '#connectors/contract.ts'
import { PROTOCOL, canonical } from '#connectors/wire.ts'
import { loadConnector } from '#connectors/registry.ts'
import { Commands } from './commands.ts'
import { Config } from './config.ts'
import { Credentials } from './credential.ts'
import { readJson, writeWhole } from './files.ts'
import { shrinkWhenSettled } from './frugal.ts'
import type { Identity } from './identity.ts'
import { KeptClock } from './kept-clock.ts'
import { Listings } from './listing.ts'
import type { Log } from './log.ts'
import { manifests } from './manifests.ts'
import { Outbox } from './outbox.ts'
import { Reporter } from './report.ts'
import { Schedule, realTimers } from './schedule.ts'
import { type Outside, Source } from './source.ts'
import { SPOOL_DEFAULTS, Spool } from './spool.ts'
import { bootId } from './time.ts'
import { Updates } from './updates.ts'
import { VERSION } from './version.ts'

/** What the agent can host: its own connectors, unless whoever embeds it brings others. */
export interface Hosted {
  load: Outside['load']
  manifests(log: Log): Promise<Manifest[]>
}
const OWN: Hosted = { load: loadConnector, manifests }

/** An agent that was away for longer than so many intervals says so. */
const AWAY_INTERVALS = 3
const CLOSE_MS_MAX = 1_500

/** The small memory of each source: one file, written whole. */
function memoryIn(state: string): Outside['memory'] {
  const directory = join(state, 'memory')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  return (source): Surroundings['memory'] => {
    const path = join(directory, `${source}.json`)
    return { get: async () => readJson(path), set: async (value) => writeWhole(path, JSON.stringify(value)) }
  }
}

export class Agent {
  #state: string
  #log: Log
  #hosted: Hosted
  #config: Config
  #spool: Spool
  #clock: KeptClock
  #schedule: Schedule
  #outbox: Outbox
  #reporter: Reporter
  #updates: Updates
  #sources = new Map<string, Source>()
  #outside: Outside
  #listings = new Listings()
  #manifests: Manifest[] = []
  #stopShrinking: () => void = () => {}
  /** when the agent before this one last put something into the spool */
  #away_since_ms: number | null

  /** `restart`: ends the process in order, for its launcher to start another version */
  constructor(state: string, identity: Identity, log: Log, restart: () => void, hosted = OWN) {
    this.#state = state
    this.#log = log
    this.#hosted = hosted
    // a parser's words may repeat what it could not read, secrets among it
    this.#config = new Config(state, (error) =>
      log.error({ error: error instanceof Error ? error.name : 'unknown' }, 'the kept configuration can’t be read'),
    )
    this.#spool = Spool.open(join(state, 'spool'), { ...SPOOL_DEFAULTS, now: Date.now })
    this.#away_since_ms = this.#spool.last_at_ms
    this.#clock = new KeptClock(state)
    this.#schedule = new Schedule(realTimers, identity.agent_id)
    this.#outbox = new Outbox({
      spool: this.#spool,
      clock: this.#clock,
      timers: realTimers,
      boot_id: bootId(),
      log,
      gaps: ({ cause, from_ms, to_ms, ...sequences }) =>
        [...this.#sources.values()].map((source) => source.gap({ cause, from_ms, seen_at_ms: to_ms, ...sequences })),
      added: () => {
        this.#clock.keep()
        this.#reporter.added()
      },
    })
    const pending = () => this.#spool.next - this.#spool.first
    this.#updates = new Updates({ state, identity, log, pending, restart })
    const commands = new Commands({
      load: hosted.load,
      log,
      told: (data) => this.#updates.command(data),
      pending: () => ({ batches: pending(), bytes: this.#spool.bytes }),
      last: (id) => this.#sources.get(id)?.last(),
    })
    this.#reporter = new Reporter({
      credentials: new Credentials(state, identity, log),
      spool: this.#spool,
      clock: this.#clock,
      log,
      hello: () => this.#hello(),
      configured: (config) => this.#configured(config),
      unknownDigests: (digests) => this.#listings.forget(digests),
      commanded: (asked) => commands.take(asked),
      acknowledged: (up_to) => this.#updates.acknowledged(up_to, this.#sources.size > 0),
    })
    this.#outside = {
      load: hosted.load,
      memory: memoryIn(state),
      log: (level, message, fields) => log[level](fields ?? {}, message),
      listings: this.#listings,
      report: (facts) => this.#outbox.add(facts),
      now: Date.now,
    }
  }

  async start(): Promise<void> {
    this.#manifests = await this.#hosted.manifests(this.#log)
    this.#log.info(
      { version: VERSION, state: this.#state, spool: this.#spool.id, bytes: this.#spool.bytes },
      'agent starts',
    )
    this.#updates.start(this.#spool.next)
    this.#apply(this.#config.current)
    void this.#reporter.run()
    this.#stopShrinking = shrinkWhenSettled()
  }

  #hello(): Hello {
    return {
      protocol: PROTOCOL.current,
      oldest_protocol: PROTOCOL.oldest,
      version: VERSION,
      hostname: hostname(),
      spool: this.#spool.id,
      first_sequence: this.#spool.first,
      spool_bytes: this.#spool.bytes,
      sent_at_ms: Date.now(),
      manifests: this.#manifests,
    }
  }

  #configured(config: AgentConfig): void {
    if (!this.#config.take(config)) return
    this.#log.info({ version: config.version, sources: config.sources.length }, 'new configuration')
    this.#apply(config)
  }

  /** Sources that stay the same go on undisturbed. */
  #apply({ sources }: AgentConfig): void {
    const wanted = new Map(sources.map((source) => [source.id, source]))
    for (const [id, source] of this.#sources)
      if (canonical(wanted.get(id) ?? null) !== canonical(source.config)) this.#close(id, source)
    for (const [id, config] of wanted) {
      if (this.#sources.has(id)) continue
      const source = new Source(config, this.#outside)
      this.#sources.set(id, source)
      this.#admitAbsence(source)
      this.#schedule.add({
        id,
        interval_ms: config.interval_ms,
        run: () => source.tick(),
        overrun: (running_ms) => source.overrun(running_ms),
      })
    }
  }

  /** The time in which no agent ran is nobody else's to admit. */
  #admitAbsence(source: Source): void {
    const now = Date.now()
    const since = this.#away_since_ms
    if (since === null || now - since < source.config.interval_ms * AWAY_INTERVALS) return
    this.#outbox.add([source.gap({ cause: 'agent_down', from_ms: since, seen_at_ms: now })])
  }

  #close(id: string, source: Source): void {
    this.#schedule.remove(id)
    this.#sources.delete(id)
    source.close().catch((error) => this.#log.warn({ source: id, error: String(error) }, 'a source didn’t close'))
  }

  /** Within two seconds, whatever hangs. */
  async stop(): Promise<void> {
    this.#schedule.stop()
    this.#stopShrinking()
    const closing = Promise.allSettled([...this.#sources.values()].map((source) => source.close()))
    await Promise.race([closing, Bun.sleep(CLOSE_MS_MAX)])
    this.#outbox.close()
    await Promise.race([this.#reporter.stop(), Bun.sleep(200)])
    await this.#spool.close()
    this.#log.info({ pending: this.#spool.next - this.#spool.first }, 'agent ends')
  }
}
