/** The contract of connectors as one suite: what every connector must do, whatever goes on at its vendor. */
import { afterAll, beforeAll, describe, test } from 'vitest'
import { Bench } from './bench.ts'
import type { Check } from './checks/check.ts'
import { counters } from './checks/counters.ts'
import { listings } from './checks/listings.ts'
import { manifest } from './checks/manifest.ts'
import { troubles } from './checks/troubles.ts'
import type { Ability, Rig } from './rig.ts'
import { holdAlways } from './said.ts'
import { skipWithout } from '../setup/skip.ts'

export const CHECKS: readonly Check[] = [...manifest, ...listings, ...counters, ...troubles]

const COUNTED = new Set<Ability>(['use', 'reset', 'hidden_reset'])

/** Why this check can't be made of that rig. */
export function whyNot(rig: Rig, { needs }: Check): string | undefined {
  const reasons = needs.flatMap((need) => {
    const reason = rig.cannot[need]
    if (reason !== undefined) return [reason]
    if (COUNTED.has(need) && rig.counter === null) return ['the vendor has no counter']
    return (need === 'slow' || need === 'requests') && !rig[need] ? [`its rig has no ${need}`] : []
  })
  return reasons[0]
}

/** One check from beginning to end, with the rules that hold always; leaves the rig as it was. */
export async function make(check: Check, rig: Rig): Promise<void> {
  const bench = new Bench(rig)
  try {
    await check.run(bench)
    await bench.close()
    holdAlways(bench)
  } catch (error) {
    // what it found says more than what can't be tidied up after it
    await bench.end().catch(() => {})
    throw error
  }
  await bench.end()
}

/** `limit_ms`: of each check, and of starting the rig; real back ends need minutes. */
export function contractOf(name: string, startRig: () => Promise<Rig>, limit_ms = 60_000): void {
  describe(`the contract of connectors: ${name}`, () => {
    let rig: Rig
    beforeAll(async () => {
      rig = await startRig()
    }, limit_ms)
    afterAll(() => rig?.end(), limit_ms)
    for (const check of CHECKS)
      test(`${check.name}`, { timeout: limit_ms }, async (context) => {
        const reason = whyNot(rig, check)
        skipWithout(context, reason === undefined, `${name}: ${reason}`)
        await make(check, rig)
      })
  })
}
