/** Runs each source at its interval and phase: no overlap, and a failing source waits longer, alone. */
import { sha256 } from '#connectors/wire.ts'

export interface Timers {
  now(): number
  /** calls once after that many milliseconds; the answer cancels it */
  after(delay_ms: number, call: () => void): () => void
}
export interface Job {
  id: string
  interval_ms: number
  /** one tick; the answer says whether it went well */
  run(): Promise<boolean>
  /** called instead of `run` when the tick before is still running */
  overrun(running_ms: number): void
}

/** A source that fails for ever is tried at least this often. */
const BACK_OFF_MS_MAX = 600_000
const DOUBLINGS_MAX = 16
/** A new source shows itself soon, even one that ticks once a day. */
const FIRST_TICK_MS_MAX = 5_000

/** Where in the interval a source ticks: its own for ever, spread evenly over sources. */
export const phaseOf = (seed: string, interval_ms: number): number =>
  Number.parseInt(sha256(seed).slice(0, 12), 16) % interval_ms

/** The next instant with that phase that is at least half an interval away, so that an early timer can't tick twice. */
export function nextTick(now_ms: number, interval_ms: number, phase_ms: number): number {
  const earliest = now_ms + Math.ceil(interval_ms / 2)
  return earliest + ((((phase_ms - earliest) % interval_ms) + interval_ms) % interval_ms)
}

/** Ticks to leave out after so many failures in a row: 0, 1, 3, 7 … within ten minutes. */
export const ticksLeftOut = (failures: number, interval_ms: number): number =>
  failures === 0
    ? 0
    : Math.min(2 ** Math.min(failures - 1, DOUBLINGS_MAX) - 1, Math.floor(BACK_OFF_MS_MAX / interval_ms))

class Ticking {
  #job: Job
  #timers: Timers
  #phase_ms: number
  #cancel: () => void = () => {}
  #running_since_ms: number | null = null
  #failures = 0
  #left_out = 0
  #stopped = false

  constructor(job: Job, timers: Timers, seed: string) {
    this.#job = job
    this.#timers = timers
    this.#phase_ms = phaseOf(`${seed}\n${job.id}`, job.interval_ms)
    this.#arm(this.#phase_ms % Math.min(job.interval_ms, FIRST_TICK_MS_MAX))
  }

  #arm(delay_ms: number): void {
    this.#cancel = this.#timers.after(delay_ms, () => this.#tick())
  }

  #tick(): void {
    if (this.#stopped) return
    const now = this.#timers.now()
    this.#arm(nextTick(now, this.#job.interval_ms, this.#phase_ms) - now)
    if (this.#running_since_ms !== null) return this.#job.overrun(now - this.#running_since_ms)
    if (this.#left_out > 0) {
      this.#left_out--
      return
    }
    this.#running_since_ms = now
    void this.#job.run().then(
      (ok) => this.#ended(ok),
      () => this.#ended(false),
    )
  }

  #ended(ok: boolean): void {
    this.#running_since_ms = null
    this.#failures = ok ? 0 : this.#failures + 1
    this.#left_out = ticksLeftOut(this.#failures, this.#job.interval_ms)
  }

  stop(): void {
    this.#stopped = true
    this.#cancel()
  }
}

export class Schedule {
  #ticking = new Map<string, Ticking>()
  #timers: Timers
  #seed: string

  /** The seed tells fleets apart: agents of one configuration don't tick together. */
  constructor(timers: Timers, seed: string) {
    this.#timers = timers
    this.#seed = seed
  }

  add(job: Job): void {
    this.remove(job.id)
    this.#ticking.set(job.id, new Ticking(job, this.#timers, this.#seed))
  }

  remove(id: string): void {
    this.#ticking.get(id)?.stop()
    this.#ticking.delete(id)
  }

  stop(): void {
    for (const id of this.#ticking.keys()) this.remove(id)
  }
}

export const realTimers: Timers = {
  now: Date.now,
  after(delay_ms, call) {
    const timer = setTimeout(call, delay_ms)
    return () => clearTimeout(timer)
  },
}
