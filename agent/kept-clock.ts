/** Keeps what is known of the clock over restarts: an agent that starts without a control plane isn't wrong again. */
import { join } from 'node:path'
import { finite, readAs, strict, text, whole } from '#connectors/shape.ts'
import { ServerClock } from './clock.ts'
import { isFullDisk, readJsonIfWhole, writeWhole } from './files.ts'
import { bootId, systemTime } from './time.ts'

/** Smaller changes aren't worth a write. */
const CHANGE_MS = 100
const Kept = strict({ boot_id: text(0, 128), offset_ms: whole(), wall_ms: finite, steady_ms: finite })

export class KeptClock extends ServerClock {
  #path: string
  #kept_offset_ms: number

  constructor(state: string) {
    const path = join(state, 'clock.json')
    const kept = readAs(Kept, readJsonIfWhole(path))
    const known = kept?.boot_id === bootId() ? kept : undefined
    super(systemTime(), known)
    this.#path = path
    this.#kept_offset_ms = known?.offset_ms ?? 0
  }

  keep(): void {
    const { knowledge } = this
    if (Math.abs(knowledge.offset_ms - this.#kept_offset_ms) < CHANGE_MS) return
    this.#kept_offset_ms = knowledge.offset_ms
    try {
      writeWhole(this.#path, JSON.stringify({ boot_id: bootId(), ...knowledge }))
    } catch (error) {
      if (!isFullDisk(error)) throw error
    }
  }
}
