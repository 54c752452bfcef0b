/** Gathers the facts of one moment into one batch, and puts it into the spool. */
import { seal } from './batch.ts'
import type { ServerClock } from './clock.ts'
import type { Log } from './log.ts'
import type { Loss } from './losses.ts'
import type { Timers } from './schedule.ts'
import type { Spool } from './spool.ts'

/** Ticks that fall together and bursts of events share a batch. */
const GATHER_MS = 100
/** While the spool's disk is full, facts wait here up to this many, then the oldest are lost and admitted. */
const WAITING_MAX = 2_000
const RETRY_MS = 5_000

export interface OutboxParts {
  spool: Spool
  clock: ServerClock
  timers: Timers
  boot_id: string
  log: Log
  /** facts that admit a loss: one for each source */
  gaps(loss: { cause: Loss['cause']; from_ms: number; to_ms: number }): unknown[]
  added(): void
}

export class Outbox {
  #parts: OutboxParts
  #waiting: unknown[] = []
  #cancel: (() => void) | null = null
  /** facts that were lost before they reached the spool */
  #lost: { from_ms: number; count: number } | null = null

  constructor(parts: OutboxParts) {
    this.#parts = parts
  }

  add(facts: unknown[]): void {
    if (facts.length === 0) return
    this.#waiting.push(...facts)
    this.#arm(GATHER_MS)
  }

  #arm(delay_ms: number): void {
    this.#cancel ??= this.#parts.timers.after(delay_ms, () => {
      this.#cancel = null
      this.flush()
    })
  }

  /** Everything that waits goes into the spool now. */
  flush(): void {
    const { spool, clock, boot_id, log, timers, added } = this.#parts
    const losses = [...spool.losses.due]
    const facts = [...this.#admissions(losses), ...this.#waiting]
    if (facts.length === 0) return
    const { bodies, refused } = seal(facts, clock.offset(), boot_id)
    if (refused.length > 0) log.error({ facts: refused.length }, 'facts above the size of a message were left out')
    let stored = 0
    // admissions come first in the first body
    let told_in = spool.next
    try {
      for (const body of bodies) {
        const sequence = spool.append(body, timers.now())
        if (stored++ === 0) told_in = sequence
      }
      this.#waiting = []
      this.#lost = null
      spool.losses.admitted(losses, told_in)
      added()
    } catch (error) {
      this.#keepWaiting(error, stored)
    }
  }

  /** Facts mean the same when they arrive twice: after a half-stored flush all of them are tried again. */
  #keepWaiting(error: unknown, stored: number): void {
    const { log, timers } = this.#parts
    log.error(
      { error: String(error), waiting: this.#waiting.length, stored },
      'the spool takes no batch: free its disk',
    )
    const excess = this.#waiting.length - WAITING_MAX
    if (excess > 0) {
      this.#waiting.splice(0, excess)
      this.#lost = { from_ms: this.#lost?.from_ms ?? timers.now(), count: (this.#lost?.count ?? 0) + excess }
    }
    this.#arm(RETRY_MS)
  }

  #admissions(losses: readonly Loss[]): unknown[] {
    const { gaps, timers } = this.#parts
    const facts = losses.flatMap((loss) => gaps(loss))
    if (this.#lost) facts.push(...gaps({ cause: 'spool_overflow', from_ms: this.#lost.from_ms, to_ms: timers.now() }))
    return facts
  }

  close(): void {
    this.#cancel?.()
    this.#cancel = null
    this.flush()
    this.#cancel = null
  }
}
