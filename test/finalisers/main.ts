/** `bun run finalisers`: fifty who finalise at once, killed with -9 at random, month after month; the last line says how many rounds passed. */
import { parseArgs } from 'node:util'
import { createDefaultBook } from '#control-plane/catalog/index.ts'
import { setUpContract } from '#control-plane/contracts/index.ts'
import { prepare } from '../setup/prepare.ts'
import { Stand } from '../setup/stand.ts'
import { findings, readyGround, runRound } from './rounds.ts'

const PROCESSES = 5
const ACCOUNTS = 60
/** At most one round in five is done again. */
const IDLE_SHARE = 5

const { values } = parseArgs({ options: { rounds: { type: 'string' }, seed: { type: 'string' } } })
const whole = (text: string | undefined, name: string, fallback: number): number => {
  const number = text === undefined ? fallback : Number(text)
  if (!Number.isSafeInteger(number) || number < 1)
    throw new Error(`--${name} is "${text}"; it must be a whole number above 0.`)
  return number
}
const [rounds, seed] = [whole(values.rounds, 'rounds', 3), whole(values.seed, 'seed', 1)]

const stand = await Stand.open()
let [passed, failed] = [0, 0]
try {
  const { ownerUrl } = await stand.database()
  const world = await prepare(ownerUrl, stand.folder, '2026-01-10T00:00:00.000Z')
  try {
    await world.run((ctx) => createDefaultBook(ctx, world.legal_entity_id))
    await world.run((ctx) => setUpContract(ctx, world.account_id))
    const ground = await readyGround({ world, ownerUrl, folder: stand.folder, accounts: ACCOUNTS }, seed)
    for (let [n, idle] = [1, 0]; n <= rounds;) {
      const { kills, kills_amid, wrong } = await runRound(ground, PROCESSES)
      // no kill while some were done and some were left: nothing was tried, and the round doesn't count
      if (kills_amid === 0 && wrong.length === 0 && idle * IDLE_SHARE < rounds) {
        idle += 1
        console.log(`round ${n}: done again · nobody was killed amid the work`)
        continue
      }
      if (kills_amid === 0) wrong.push('nobody was killed amid the work')
      if (n === rounds) wrong.push(...(await findings(ground)))
      console.log(
        `round ${n}: ${wrong.length === 0 ? 'passed' : 'FAILED'} · ${kills} kills, ${kills_amid} amid the work`,
      )
      for (const each of wrong.slice(0, 5)) console.log(`  ${each}`)
      if (wrong.length === 0) passed += 1
      else failed += 1
      n += 1
    }
  } finally {
    await world.db.$client.end({ timeout: 1 })
  }
} finally {
  await stand.end()
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
