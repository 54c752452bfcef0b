/** The agent of an invented cluster: enrolment, spool, signatures and sending are the real agent's; only what it says is invented. */
import { join } from 'node:path'
import { type Collected, PROTOCOL } from '#connectors/contract.ts'
import { seal } from '#agent/batch.ts'
import { KeptClock } from '#agent/kept-clock.ts'
import { Credentials } from '#agent/credential.ts'
import { enrol } from '#agent/enrol.ts'
import { type Identity, loadIdentity } from '#agent/identity.ts'
import { Listings } from '#agent/listing.ts'
import { openLog } from '#agent/log.ts'
import { Reporter } from '#agent/report.ts'
import { Spool, SPOOL_DEFAULTS } from '#agent/spool.ts'
import { bootId } from '#agent/time.ts'
import type { Api } from './api.ts'
import { MANIFEST } from './manifest.ts'

/** Facts of one batch; the control plane takes at most 20,000. */
const FACTS_MAX = 2_000

export class DemoAgent {
  readonly id: string
  readonly #name: string
  readonly #spool: Spool
  readonly #clock: KeptClock
  readonly #reporter: Reporter
  readonly #listings = new Listings()

  private constructor(name: string, state: string, identity: Identity) {
    this.#name = name
    this.id = identity.agent_id
    this.#spool = Spool.open(join(state, 'spool'), { ...SPOOL_DEFAULTS, now: Date.now })
    this.#clock = new KeptClock(state)
    const log = openLog()
    this.#reporter = new Reporter({
      credentials: new Credentials(state, identity, log),
      spool: this.#spool,
      clock: this.#clock,
      log,
      hello: () => this.#hello(),
      configured: () => {},
      unknownDigests: (digests) => this.#listings.forget(digests),
      commanded: () => {},
      acknowledged: () => {},
    })
  }

  /** Enrols it the first time, and lets it report. */
  static async start(name: string, state: string, api: Api): Promise<DemoAgent> {
    const identity = loadIdentity(state) ?? (await DemoAgent.#enrolled(name, state, api))
    const agent = new DemoAgent(name, state, identity)
    void agent.#reporter.run()
    return agent
  }

  static async #enrolled(name: string, state: string, api: Api): Promise<Identity> {
    const { token } = await api.send<{ token: string }>('POST', '/enrolments', {})
    return enrol({ url: api.origin, token, name, state, machine_id: null })
  }

  #hello() {
    return {
      protocol: PROTOCOL.current,
      oldest_protocol: PROTOCOL.oldest,
      version: 'demo',
      hostname: this.#name,
      spool: this.#spool.id,
      first_sequence: this.#spool.first,
      spool_bytes: this.#spool.bytes,
      sent_at_ms: Date.now(),
      manifests: [MANIFEST],
    }
  }

  /** Batches that the control plane hasn't acknowledged yet. */
  get pending(): number {
    return this.#spool.next - this.#spool.first
  }

  tell(source: { id: string; interval_ms: number }, collected: readonly Collected[]): void {
    const facts = collected.flatMap((one): unknown[] => {
      if (one.type === 'listing') return this.#listings.cut(source, one)
      if (one.type === 'readings') return [{ source: source.id, interval_ms: source.interval_ms, ...one }]
      return [{ source: source.id, ...one }]
    })
    for (let start = 0; start < facts.length; start += FACTS_MAX)
      for (const body of seal(facts.slice(start, start + FACTS_MAX), this.#clock.offset(), bootId()).bodies)
        this.#spool.append(body, Date.now())
    this.#reporter.added()
  }

  async stop(): Promise<void> {
    await this.#reporter.stop()
    await this.#spool.close()
  }
}
