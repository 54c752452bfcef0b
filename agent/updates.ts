/** When this agent's updates are looked after; what looks after them is loaded then, and most agents on most days load nothing. */
import { join } from 'node:path'
import { readJsonIfWhole } from './files.ts'
import type { Identity } from './identity.ts'
import type { Log } from './log.ts'
import { parseJson } from './reply.ts'

interface UpdatesParts {
  state: string
  identity: Identity
  log: Log
  pending(): number
  restart(): void
}
/** As `Updater` in update/index.ts, which isn't named here: its types would be all that is small about it. */
interface Updater {
  started(): Promise<void>
  acknowledged(): Promise<void>
  asked(): Promise<void>
}

const SPREAD_MS_MAX = 3_600_000

export class Updates {
  readonly #parts: UpdatesParts
  #updater: Promise<Updater | null> | null = null
  /** the sequence whose acknowledgement is the proof of a version on trial; null where none is awaited */
  #proof: number | null = null
  #isWaiting = false

  constructor(parts: UpdatesParts) {
    this.#parts = parts
  }

  /** `next`: the first sequence that this process itself gives to a batch. */
  start(next: number): void {
    const memory = readJsonIfWhole(join(this.#parts.state, 'versions', 'memory.json')) as Record<string, unknown> | null
    if (memory?.trying) this.#proof = next
    if (memory?.trying || memory?.telling || memory?.settled) void this.#do((updater) => updater.started())
  }

  /** Up to this sequence all is durable; an agent that has nothing to read proves itself by its hello. */
  acknowledged(up_to: number, hasSources: boolean): void {
    if (this.#proof === null || (hasSources && up_to < this.#proof)) return
    this.#proof = null
    void this.#do((updater) => updater.acknowledged())
  }

  /** Not all that hear it come at once. */
  command(data: Uint8Array): void {
    const { command, spread_ms } = (parseJson(data) ?? {}) as { command?: unknown; spread_ms?: unknown }
    if (command !== 'update' || this.#isWaiting) return
    const spread = typeof spread_ms === 'number' ? Math.min(Math.max(0, spread_ms), SPREAD_MS_MAX) : 0
    this.#isWaiting = true
    setTimeout(() => {
      this.#isWaiting = false
      void this.#do((updater) => updater.asked())
    }, Math.random() * spread).unref()
  }

  async #do(work: (updater: Updater) => Promise<void>): Promise<void> {
    const { url } = this.#parts.identity
    // one that doesn't know its control plane's address has nobody to ask
    if (url === undefined) return
    this.#updater ??= import('./update/index.ts').then(
      ({ Updater }) => new Updater({ ...this.#parts, identity: { ...this.#parts.identity, url } }),
    )
    try {
      const updater = await this.#updater
      if (updater) await work(updater)
    } catch (error) {
      this.#parts.log.error({ error: String(error) }, 'updates can’t be looked after')
    }
  }
}
