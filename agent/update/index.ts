/** Carries out updates: a signed release comes to the disk, is tried by the next start, and stays only if it proves itself. */
import type { SignedRelease, Telling } from '#connectors/release.ts'
import { readAs } from '#connectors/shape.ts'
import { isFullDisk } from '../files.ts'
import type { Identity } from '../identity.ts'
import type { Log } from '../log.ts'
import { bootId } from '../time.ts'
import { VERSION } from '../version.ts'
import { fetchRelease } from './fetch.ts'
import { EMPTY, judge, keysAfter, type Memory, memoryShape, Refusal, startedAgain } from './rules.ts'
import { type Order, Talk } from './talk.ts'
import { trust, trustedKeys } from './trust.ts'
import { Versions } from './versions.ts'

const PLATFORM = `${process.platform}-${process.arch}`
const START_MS_MAX = 30_000
/** Batches that may wait in the spool when a switch begins. */
const BACKLOG_MAX = 200

export interface UpdaterParts {
  state: string
  identity: Identity & { url: string }
  log: Log
  /** batches that aren't acknowledged yet */
  pending(): number
  /** ends this process in order; its launcher starts what is in force then */
  restart(): void
}

export class Updater {
  readonly #parts: UpdaterParts
  readonly #talk: Talk
  readonly #versions: Versions
  #memory: Memory
  #isBusy = false

  constructor(parts: UpdaterParts) {
    this.#parts = parts
    this.#talk = new Talk(parts.identity, parts.identity.url)
    this.#versions = new Versions(parts.state)
    this.#memory = readAs(memoryShape, this.#versions.readMemory()) ?? EMPTY
  }

  #remember(change: Partial<Memory>): void {
    const memory = { ...this.#memory, ...change }
    this.#versions.writeMemory(memory)
    this.#memory = memory
  }

  #telling = (state: Telling['state'], more: Partial<Telling> = {}): Telling => ({
    state,
    platform: PLATFORM,
    version: VERSION,
    ...more,
  })

  /** After a start, where something was under way. A version on trial waits for its proof. */
  async started(): Promise<void> {
    const { trying, settled } = this.#memory
    if (trying && this.#versions.failed?.version === trying.version && !this.#runs(trying.version)) this.#admit(trying)
    else if (trying && !this.#runs(trying.version)) this.#remember({ trying: null })
    else if (trying && !this.#versions.isOnTrial) this.#settle(1)
    else if (settled && settled.version === VERSION) {
      const again = startedAgain(settled, bootId(), Date.now())
      const telling = again && this.#telling('proven', { rollout: again.rollout, starts: again.starts })
      this.#remember({ settled: again, telling })
    }
    await this.#exclusively(() => this.#tellRest())
  }

  #runs = (version: string): boolean => this.#versions.current === version && VERSION === version

  /** The launcher went back to us. */
  #admit({ version, rollout }: NonNullable<Memory['trying']>): void {
    const reason = this.#versions.failed?.why || 'crashed'
    const detail = WHY[reason] ?? `${version} did not prove itself.`
    this.#remember({ trying: null, telling: this.#telling('failed', { rollout, reason, detail }) })
    this.#versions.clearFailed()
  }

  /** A report of this very process is durable: what is on trial has proved itself. */
  async acknowledged(): Promise<void> {
    if (!this.#memory.trying || !this.#runs(this.#memory.trying.version)) return
    const starts = this.#versions.trialStarts
    this.#versions.proved()
    this.#settle(starts)
    await this.#exclusively(() => this.#tellRest())
  }

  #settle(starts: number): void {
    const { trying } = this.#memory
    if (!trying) return
    const { version, rollout, key, next_key } = trying
    const { state, log } = this.#parts
    if (next_key !== undefined) trust(state, keysAfter(trustedKeys(state), key, next_key))
    const settled = { version, rollout, at_ms: Date.now(), boot_id: bootId(), starts }
    this.#remember({
      newest: version,
      trying: null,
      settled,
      telling: this.#telling('proven', { rollout, starts }),
    })
    log.info({ version }, 'the new version has proved itself')
  }

  /** The control plane says that there is something. */
  asked = (): Promise<void> => this.#exclusively(() => this.#come())

  async #exclusively(work: () => Promise<void>): Promise<void> {
    if (this.#isBusy) return
    this.#isBusy = true
    try {
      await work()
    } catch (error) {
      this.#parts.log.warn({ error: String(error) }, 'the update did not go on; the control plane asks again')
    } finally {
      this.#isBusy = false
    }
  }

  async #come(): Promise<void> {
    await this.#tellRest()
    // what is on trial proves itself first
    if (this.#memory.trying) return
    const order = await this.#talk.tell(this.#telling('ready'))
    if (order) await this.#carryOut(order)
  }

  async #tellRest(): Promise<void> {
    const { telling } = this.#memory
    if (!telling) return
    await this.#talk.tellSurely(telling)
    this.#remember({ telling: null })
  }

  async #carryOut(order: Order): Promise<void> {
    if (order.kind === 'go_back') return await this.#goBack(order)
    // what is tried proves itself by a report of its own, which would come after all that waits
    if (this.#parts.pending() > BACKLOG_MAX) return
    try {
      await this.#install(order.signed, order.rollout)
    } catch (error) {
      if (!(error instanceof Refusal) && !isFullDisk(error)) throw error
      this.#memory = { ...this.#memory, trying: null }
      const reason = error instanceof Refusal ? error.reason : 'disk_full'
      const detail = error instanceof Error ? error.message.slice(0, 2_000) : ''
      this.#parts.log.error({ reason, version: order.signed.release.version }, `an update was refused: ${detail}`)
      await this.#talk.tellSurely(this.#telling('refused', { rollout: order.rollout, reason, detail }))
    }
  }

  async #install(signed: SignedRelease, rollout: string): Promise<void> {
    const { state, log } = this.#parts
    const { release, key } = signed
    judge(signed, {
      trusted: trustedKeys(state),
      platform: PLATFORM,
      version: VERSION,
      newest: this.#memory.newest,
      is_launched: process.env.ATALAYA_LAUNCHED === '1',
    })
    log.info({ version: release.version, bytes: release.bytes }, 'a new version is fetched')
    const partial = this.#versions.partial(release.sha256)
    await fetchRelease(release, partial, (from, signal) => this.#talk.file(release.sha256, from, signal))
    this.#versions.keep(release.version, partial)
    await this.#seeThatItStarts(release.version)
    this.#remember({ trying: { version: release.version, rollout, key, next_key: release.next_key } })
    await this.#talk.tell(this.#telling('switching', { rollout })).catch(() => null)
    this.#versions.tryNext(release.version)
    log.info({ version: release.version }, 'the new version is tried at the next start, which is now')
    this.#parts.restart()
  }

  /** One for another libc, or without a library, is refused before anything stops. */
  async #seeThatItStarts(version: string): Promise<void> {
    const child = Bun.spawn([this.#versions.program(version), '--version'], {
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'ignore',
      timeout: START_MS_MAX,
    })
    const said = (await new Response(child.stdout).text()).trim()
    if ((await child.exited) === 0 && said === version) return
    this.#versions.forget(version)
    throw new Refusal(
      'does_not_start',
      `The program of ${version} doesn't start here, or says that it is "${said.slice(0, 40)}".`,
    )
  }

  async #goBack({ rollout, version }: Extract<Order, { kind: 'go_back' }>): Promise<void> {
    const isInstalled = VERSION === version && this.#versions.current !== version
    const why = isInstalled
      ? { reason: 'nothing_before', detail: `${version} was installed here, not brought by an update.` }
      : {}
    this.#remember({ trying: null, settled: null, telling: this.#telling('went_back', { rollout, ...why }) })
    if (VERSION !== version || isInstalled) return await this.#tellRest()
    this.#versions.goBack()
    this.#parts.log.warn({ version }, 'the control plane has this agent go back to the version before')
    this.#parts.restart()
  }
}

const WHY: Readonly<Record<string, string>> = {
  crashed: 'It ended each time that it was started, before a report of it was acknowledged.',
  silent: 'It was started, and no report of it was acknowledged in time.',
  uncounted: 'There was no room on the disk to count its starts.',
}
