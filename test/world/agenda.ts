/** The world's clock and what is due on it: one thing an instant, in the order of time. */
import type { Instant } from './truth.ts'

type Work = () => void | Promise<void>

export class Agenda {
  /** read by everything that asks for the time: the control plane's own clock */
  readonly clock: { now: Instant }
  readonly #due = new Map<Instant, Work>()
  /** binary heap of the instants in `#due` */
  readonly #heap: Instant[] = []

  constructor(clock: { now: Instant }) {
    this.clock = clock
  }

  get now(): Instant {
    return this.clock.now
  }

  /** Never before now, and never two at one instant: what came first in the plan comes first. */
  at(instant: Instant, work: Work): void {
    let free = Math.max(Math.round(instant), this.now + 1)
    while (this.#due.has(free)) free += 1
    this.#due.set(free, work)
    this.#push(free)
  }

  after(delay_ms: number, work: Work): void {
    this.at(this.now + delay_ms, work)
  }

  /** Does what is due until nothing is. */
  async run(): Promise<void> {
    for (let next = this.#pop(); next !== undefined; next = this.#pop()) {
      this.clock.now = next
      const work = this.#due.get(next)
      this.#due.delete(next)
      await work?.()
    }
  }

  #push(instant: Instant): void {
    const heap = this.#heap
    let at = heap.push(instant) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if ((heap[parent] ?? 0) <= instant) break
      heap[at] = heap[parent] ?? 0
      at = parent
    }
    heap[at] = instant
  }

  #pop(): Instant | undefined {
    const heap = this.#heap
    const [first] = heap
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && (heap[child + 1] ?? 0) < (heap[child] ?? 0)) child += 1
      if ((heap[child] ?? 0) >= last) break
      heap[at] = heap[child] ?? 0
      at = child
    }
    heap[at] = last
    return first
  }
}
