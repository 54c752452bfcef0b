/** What is read seldom: each part is kept until it could be read anew, and says whether it could. */
import { ConnectorError } from '#connectors/wire.ts'

export class Part<T> {
  value: T | undefined
  error: ConnectorError | undefined
  #read_ms = Number.NEGATIVE_INFINITY

  /** Reads anew when it is older than `every_ms` or failed last time. A failure keeps what was known. */
  async refresh(now_ms: number, every_ms: number, read: () => Promise<T>): Promise<void> {
    if (this.error === undefined && now_ms - this.#read_ms < every_ms) return
    try {
      this.value = await read()
      this.error = undefined
      this.#read_ms = now_ms
    } catch (error) {
      if (!(error instanceof ConnectorError)) throw error
      this.error = error
    }
  }

  outdate(): void {
    this.#read_ms = Number.NEGATIVE_INFINITY
  }
}

/** Runs `each` over the items, so many at once, until the time is up; answers what was left. */
export async function inTurn<T>(
  items: readonly T[],
  width: number,
  until_ms: number,
  each: (item: T) => Promise<void>,
): Promise<T[]> {
  const queue = [...items]
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      if (performance.now() > until_ms) return void queue.unshift(item)
      await each(item)
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker))
  return queue
}
