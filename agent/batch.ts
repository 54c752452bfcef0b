/** Facts → bodies of messages within the limits of the wire; pure. */
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Batch } from '#connectors/contract.ts'
import { DICTIONARY, LIMITS, PROTOCOL } from '#connectors/wire.ts'

/** Room for the batch's own fields beside its facts. */
const ENVELOPE_BYTES = 512

/**
 * A tick is small: a window that just holds it and the dictionary takes an eighth of the memory of the usual one, and a
 * longer search (level 9) makes it no smaller.
 */
const SMALL = { level: 7, windowBits: 13, memLevel: 6 } as const
const SMALL_CHARS_MAX = 6_000
const LARGE = { level: constants.Z_BEST_COMPRESSION, windowBits: 15, memLevel: 9 } as const

/** Raw deflate with the dictionary of protocol 1. */
export function compressed(text: string): Uint8Array {
  return deflateRawSync(text, { ...(text.length <= SMALL_CHARS_MAX ? SMALL : LARGE), dictionary: DICTIONARY })
}

export const inflated = (body: Uint8Array): string =>
  inflateRawSync(body, { dictionary: DICTIONARY, maxOutputLength: LIMITS.inflatedBytes }).toString()

export interface Sealed {
  bodies: Uint8Array[]
  /** facts that alone are above the limit of a message */
  refused: unknown[]
}

/** One body where it fits, else as many as are needed; the order of facts is kept. */
export function seal(facts: readonly unknown[], clock_offset_ms: number, boot_id: string): Sealed {
  const sealed: Sealed = { bodies: [], refused: [] }
  const texts = facts.map((fact) => JSON.stringify(fact))
  let start = 0
  while (start < texts.length) {
    let end = start
    let bytes = ENVELOPE_BYTES
    while (end < texts.length && end - start < LIMITS.factsPerBatch) {
      bytes += Buffer.byteLength(texts[end] ?? '') + 1
      if (bytes > LIMITS.inflatedBytes && end > start) break
      end++
    }
    sealRange(start, end)
    start = end
  }
  return sealed

  function sealRange(from: number, to: number): void {
    const head: Omit<Batch, 'facts'> = { protocol: PROTOCOL.current, clock_offset_ms, boot_id }
    const text = `${JSON.stringify(head).slice(0, -1)},"facts":[${texts.slice(from, to).join(',')}]}`
    const body = Buffer.byteLength(text) <= LIMITS.inflatedBytes ? compressed(text) : null
    if (body && body.length <= LIMITS.bodyBytes) return void sealed.bodies.push(body)
    if (to - from === 1) return void sealed.refused.push(facts[from])
    const middle = (from + to) >> 1
    sealRange(from, middle)
    sealRange(middle, to)
  }
}
