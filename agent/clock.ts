/** How far this machine's clock is from the control plane's, measured at acknowledgements; pure but for the time given. */

export interface Time {
  /** the machine's own wall clock, which people and NTP may set */
  wall_ms(): number
  /** never set, counts sleep too: shows by how much the wall clock was set */
  steady_ms(): number
}

interface Sample {
  offset_ms: number
  round_trip_ms: number
}
/** What is known, to be kept over a restart within one boot. */
export interface Knowledge {
  offset_ms: number
  /** both clocks at one moment: shows whether the wall clock was set while no agent ran */
  wall_ms: number
  steady_ms: number
}
export interface Mark {
  wall_ms: number
  steady_ms: number
  settings: number
}

const SAMPLES_KEPT = 16
/** Below it is NTP's slewing and the coarseness of the steady clock, above it someone set the wall clock. */
const SET_MS = 500
/** Corrected time that is ahead runs at half speed until it is right. */
const SLOWEST = 0.5

export class ServerClock {
  #time: Time
  #samples: Sample[] = []
  #offset_ms: number
  #reference: { wall_ms: number; steady_ms: number }
  #settings = 0
  #given: { corrected_ms: number; steady_ms: number } | null = null

  constructor(time: Time, known?: Knowledge) {
    this.#time = time
    this.#offset_ms = known?.offset_ms ?? 0
    this.#reference = known
      ? { wall_ms: known.wall_ms, steady_ms: known.steady_ms }
      : { wall_ms: time.wall_ms(), steady_ms: time.steady_ms() }
    this.#watchSetting()
  }

  /** Taken before a request is sent. */
  mark(): Mark {
    return { ...this.#watchSetting(), settings: this.#settings }
  }

  /** The server's time in the reply to that request: it was so somewhere within the round trip. */
  measured({ wall_ms, steady_ms, settings }: Mark, stored_at_ms: number): void {
    const now = this.#watchSetting()
    if (settings !== this.#settings) return
    const round_trip_ms = now.steady_ms - steady_ms
    this.#samples.push({ offset_ms: Math.round(stored_at_ms - wall_ms - round_trip_ms / 2), round_trip_ms })
    if (this.#samples.length > SAMPLES_KEPT) this.#samples.shift()
    const best = this.#samples.reduce((a, b) => (b.round_trip_ms <= a.round_trip_ms ? b : a))
    this.#offset_ms = Math.abs(best.offset_ms) <= best.round_trip_ms / 2 + 1 ? 0 : best.offset_ms
  }

  /** What to add to facts seen now. Corrected time never steps back in the life of this object. */
  offset(): number {
    const { wall_ms, steady_ms } = this.#watchSetting()
    const earliest = this.#given
      ? this.#given.corrected_ms + Math.ceil((steady_ms - this.#given.steady_ms) * SLOWEST)
      : -Infinity
    const corrected_ms = Math.max(wall_ms + this.#offset_ms, earliest)
    this.#given = { corrected_ms, steady_ms }
    return corrected_ms - wall_ms
  }

  get knowledge(): Knowledge {
    return { offset_ms: this.#offset_ms, ...this.#reference }
  }

  /** A wall clock that was set made the samples void; until the next one, time goes on as it did. */
  #watchSetting(): { wall_ms: number; steady_ms: number } {
    const now = { wall_ms: this.#time.wall_ms(), steady_ms: this.#time.steady_ms() }
    const set_ms = now.wall_ms - this.#reference.wall_ms - (now.steady_ms - this.#reference.steady_ms)
    this.#reference = now
    if (Math.abs(set_ms) < SET_MS) return now
    this.#settings++
    this.#samples = []
    this.#offset_ms -= Math.round(set_ms)
    return now
  }
}
