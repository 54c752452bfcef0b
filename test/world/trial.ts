/** One seed from nothing to a verdict: its world is played in a database of its own and compared with the oracle. */
import { Problem } from '#control-plane/base/problem.ts'
import { emptyDatabaseOn } from '../setup/stand.ts'
import { difference } from './compare.ts'
import { PROMISED } from './faults.ts'
import { Notes } from './notes.ts'
import { expected } from './oracle/index.ts'
import { strayed } from './physical.ts'
import { planOf } from './plan.ts'
import { contradictions, outcomeOf } from './product.ts'
import { play } from './world.ts'

/** Where databases are made; `folder` holds the passwords of the server's roles. */
export interface Server {
  ownerUrl: string
  superuserUrl: string
  folder: string
}
export interface Verdict {
  seed: number
  /** what is wrong, in words, the first first; empty: the seed passed */
  wrong: string[]
  /** it could not be played to its end */
  broke: boolean
  turn: string
  faults: string
  /** boundaries of lives that were compared with what was observed of them */
  bounds: string
  seconds: number
}

/** `notes`: invoices are rated again on the way and at the end, and it is their notes that are compared. */
export async function trial(server: Server, seed: number, days: number, notes = false): Promise<Verdict> {
  const began = performance.now()
  const plan = planOf(seed, days)
  const verdict: Verdict = { seed, wrong: [], broke: false, turn: plan.turn, faults: '', bounds: '', seconds: 0 }
  const database = await emptyDatabaseOn(server)
  try {
    const proof = notes ? new Notes(plan) : null
    const played = await play(plan, database.ownerUrl, server.folder, (stage) => proof?.schedule(stage))
    try {
      const { world, account_ids, truth, faults } = played
      if (proof) {
        verdict.wrong.push(...(await proof.conclude(played)), ...(await contradictions(world, truth)))
        verdict.faults = proof.text
        return verdict
      }
      const found = await outcomeOf(world, account_ids, truth)
      const different = difference(expected(truth), found)
      const { text, wrong } = strayed(truth, found)
      verdict.wrong.push(...(different ? [different] : []), ...(await contradictions(world, truth)), ...wrong)
      verdict.wrong.push(...faults.missing(PROMISED).map((fault) => `A fault did not take effect: ${fault}.`))
      Object.assign(verdict, { faults: faults.text, bounds: text })
    } finally {
      await played.world.db.$client.end({ timeout: 1 })
    }
  } catch (error) {
    // that the product refuses what it offered itself is a finding; anything else tells nothing of it
    verdict.broke = !(error instanceof Problem)
    verdict.wrong.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
  } finally {
    await database.drop()
    verdict.seconds = Math.round((performance.now() - began) / 100) / 10
  }
  return verdict
}
