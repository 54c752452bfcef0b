/** What a source said last, a part of it kept by reference until the next tick, and shown without secrets when somebody asks. */
import type { LookReply } from '#connectors/contract.ts'

/** Of each type of fact so many are kept, of a listing so many rows shown. */
const LIMITS = { facts: 10, rows: 20, bytes: 64 * 1024 } as const

export class Last {
  #at: number | null = null
  #counts: Record<string, number> = {}
  #kept: unknown[] = []

  /** The facts of a tick, in place of those before. */
  keep(seen_at_ms: number, facts: readonly unknown[]): void {
    const counts: Record<string, number> = {}
    this.#kept = facts.filter((fact) => {
      const { type } = fact as { type: string }
      counts[type] = (counts[type] ?? 0) + 1
      return counts[type] <= LIMITS.facts
    })
    this.#counts = counts
    this.#at = seen_at_ms
  }

  /** `clean` takes secrets out of a text. */
  shown(clean: (text: string) => string): LookReply {
    const parts: string[] = []
    let [bytes, rows_left_out] = [2, 0]
    for (const fact of this.#kept) {
      const { part, left_out } = shortened(fact)
      const text = JSON.stringify(part, (_key, value) => (typeof value === 'string' ? clean(value) : value))
      if (bytes + text.length + 1 > LIMITS.bytes) break
      bytes += text.length + 1
      rows_left_out += left_out
      parts.push(text)
    }
    const all = Object.values(this.#counts).reduce((sum, count) => sum + count, 0)
    const left_out = all - parts.length + rows_left_out
    return { seen_at_ms: this.#at, facts: this.#counts, payload: `[${parts.join(',')}]`, left_out }
  }
}

function shortened(fact: unknown): { part: unknown; left_out: number } {
  const { resources } = fact as { resources?: unknown }
  if (!Array.isArray(resources) || resources.length <= LIMITS.rows) return { part: fact, left_out: 0 }
  const part = { ...(fact as object), resources: resources.slice(0, LIMITS.rows) }
  return { part, left_out: resources.length - LIMITS.rows }
}
