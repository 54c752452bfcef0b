/** What a killed agent left in its spool, looked at in a copy. */
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { SPOOL_DEFAULTS, Spool } from '#agent/spool.ts'
import { DICTIONARY } from '#connectors/contract.ts'

interface Listed {
  type: string
  seen_at_ms: number
}

const LISTINGS = new Set(['snapshot', 'unchanged'])

/** Instants of the ticks that are in the spool. */
export async function spooledTicks(state: string): Promise<Set<number>> {
  const copy = `${state}.looked-at`
  cpSync(join(state, 'spool'), copy, { recursive: true })
  const spool = Spool.open(copy, { ...SPOOL_DEFAULTS, now: Date.now })
  const ticks = new Set<number>()
  try {
    for (let sequence = spool.first; sequence < spool.next; sequence += 1) {
      const body = spool.read(sequence)?.body
      if (!body) break
      const { facts } = JSON.parse(inflateRawSync(body, { dictionary: DICTIONARY }).toString()) as { facts: Listed[] }
      for (const fact of facts) if (LISTINGS.has(fact.type)) ticks.add(fact.seen_at_ms)
    }
    return ticks
  } finally {
    await spool.close()
    rmSync(copy, { recursive: true, force: true })
  }
}
