/** One configured source: opens its connector when it first ticks, and turns what it collects into facts of the wire. */
import type {
  Collected,
  Connector,
  Gap,
  LookReply,
  Readings,
  Session,
  SourceConfig,
  Surroundings,
} from '#connectors/contract.ts'
import { ConnectorError, LIMITS } from '#connectors/wire.ts'
import type { z } from 'zod'
import { type Failure, HealthOfSource, failureOf, withoutSecrets } from './health.ts'
import { Last } from './last.ts'
import type { Listings } from './listing.ts'

/** A tick that takes longer than its interval, and longer than this, is told to stop. */
const TICK_MS_MAX = 60_000

export interface Outside {
  load(name: string): Promise<Connector | null>
  memory(source: string): Surroundings['memory']
  log: Surroundings['log']
  listings: Listings
  /** facts for the next batch, which is a moment away */
  report(facts: unknown[]): void
  now(): number
}

type Reading = Omit<z.input<typeof Readings>, 'source' | 'interval_ms'>

export class Source {
  readonly config: SourceConfig
  #outside: Outside
  #health: HealthOfSource
  #session: Session | null = null
  #version: string | undefined
  #secrets: readonly string[] = []
  #running: AbortController | null = null
  #last = new Last()
  #closed = false

  constructor(config: SourceConfig, outside: Outside) {
    this.config = config
    this.#outside = outside
    this.#health = new HealthOfSource(config.id)
  }

  /** One tick; the answer says whether it went well. */
  async tick(): Promise<boolean> {
    const started = performance.now()
    const duration = () => Math.round(performance.now() - started)
    try {
      const facts = await this.#collect()
      this.#report([...facts, ...this.#told(duration())])
      return true
    } catch (error) {
      if (this.#closed) return true
      const failure = failureOf(error, this.#clean)
      this.#outside.log('warn', 'a source failed', { ...this.#name(), ...failure })
      this.#report(this.#told(duration(), failure))
      return false
    }
  }

  #report(facts: unknown[]): void {
    if (facts.length > 0) this.#last.keep(this.#outside.now(), facts)
    this.#outside.report(facts)
  }

  /** What it said at its last tick. */
  last = (): LookReply => this.#last.shown(this.#clean)

  overrun(running_ms: number): void {
    const failure: Failure = {
      code: 'overrun',
      message: `the collection that began ${Math.round(running_ms / 1000)} s ago is still running, so this tick was left out`,
      remedy: 'Give the source a longer interval, or find out why it answers slowly.',
    }
    this.#outside.report(this.#told(Math.round(running_ms), failure))
  }

  async #collect(): Promise<unknown[]> {
    this.#session ??= await this.#open()
    const running = new AbortController()
    this.#running = running
    const limit_ms = Math.max(this.config.interval_ms, TICK_MS_MAX)
    const deadline = setTimeout(() => running.abort(tooSlow(limit_ms)), limit_ms)
    try {
      const collected = await this.#session.collect(running.signal)
      return collected.flatMap((one) => this.#facts(one))
    } finally {
      clearTimeout(deadline)
      this.#running = null
    }
  }

  async #open(): Promise<Session> {
    const { connector: name, realm, interval_ms, settings, id } = this.config
    const connector = await this.#outside.load(name)
    if (!connector)
      throw new ConnectorError(
        'bad_settings',
        `this agent has no connector named ${name}`,
        'Choose one that it has, or bring the agent up to date.',
      )
    this.#version = connector.manifest.version
    this.#secrets = connector.manifest.secrets
    return connector.open(settings, {
      realm,
      interval_ms,
      emit: (facts) => this.#outside.report(facts.flatMap((one) => this.#facts(one))),
      memory: this.#outside.memory(id),
      now: this.#outside.now,
      log: (level, message, fields) =>
        this.#outside.log(level, this.#clean(message), { ...this.#name(), ...this.#cleanFields(fields) }),
    })
  }

  #facts(one: Collected): unknown[] {
    const { id: source, interval_ms } = this.config
    if (one.type === 'listing') return this.#outside.listings.cut(this.config, one)
    if (one.type === 'readings') return divided(one).map((reading) => ({ source, interval_ms, ...reading }))
    return [{ source, ...one }]
  }

  #told(duration_ms: number, failure?: Failure): unknown[] {
    const fact = this.#health.told(this.#outside.now(), duration_ms, this.#version, failure)
    return fact ? [fact] : []
  }

  gap(gap: Omit<z.input<typeof Gap>, 'type' | 'source'>): unknown {
    return { type: 'gap', source: this.config.id, ...gap }
  }

  #name = () => ({ source: this.config.id, connector: this.config.connector })
  #clean = (text: string) => withoutSecrets(text, this.config.settings, this.#secrets)
  #cleanFields = (fields: Record<string, unknown> = {}): Record<string, unknown> =>
    JSON.parse(this.#clean(JSON.stringify(fields)))

  async close(): Promise<void> {
    this.#closed = true
    this.#running?.abort()
    this.#outside.listings.forgetSource(this.config.id)
    await this.#session?.close()
    this.#session = null
  }
}

const tooSlow = (limit_ms: number) =>
  new ConnectorError(
    'timeout',
    `the source gave no answer within ${limit_ms / 1000} s`,
    'Find out why it answers slowly, or give it a longer interval.',
  )

/** A reading with more series than a fact may have becomes several of the same instant and epoch. */
function divided(reading: Reading): Reading[] {
  const { counters = {}, gauges = {} } = reading
  if (Object.keys(counters).length + Object.keys(gauges).length <= LIMITS.seriesPerReading) return [reading]
  const series = [
    ...Object.entries(counters).map(([key, value]) => ['counters', key, value] as const),
    ...Object.entries(gauges).map(([key, value]) => ['gauges', key, value] as const),
  ]
  const readings: Reading[] = []
  for (let start = 0; start < series.length; start += LIMITS.seriesPerReading) {
    const part: Reading = { ...reading, counters: {}, gauges: {} }
    for (const [kind, key, value] of series.slice(start, start + LIMITS.seriesPerReading)) {
      const values = part[kind]
      if (values) values[key] = value
    }
    readings.push(part)
  }
  return readings
}
