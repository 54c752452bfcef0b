/** `bun run world -- --seeds 1..20 --days 3 [--notes]`: plays seeded worlds through the product and compares it with the oracle. */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Stand } from '../setup/stand.ts'
import { playAll } from './players.ts'
import { seedsOf, wholeOf } from './seeds.ts'
import type { Verdict } from './trial.ts'

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    seeds: { type: 'string', default: '1..3' },
    days: { type: 'string', default: '3' },
    jobs: { type: 'string', default: '2' },
    notes: { type: 'boolean', default: false },
  },
})
const [seeds, days, jobs] = [seedsOf(values.seeds), wholeOf('days', values.days), wholeOf('jobs', values.jobs)]
const stand = await Stand.open()
let [passed, failed] = [0, 0]

function told({ seed, wrong, turn, faults, bounds, seconds }: Verdict): 'on' {
  if (wrong.length === 0) passed += 1
  else failed += 1
  console.log(`seed ${seed}: ${wrong.length === 0 ? 'passed' : 'FAILED'} in ${seconds} s, around ${turn}; ${bounds}`)
  console.log(`  ${faults}`)
  for (const one of wrong.slice(0, 5)) console.log(`  ${one}`)
  return 'on'
}

try {
  const { ownerUrl, superuserUrl } = stand.postgres
  const server = { ownerUrl, superuserUrl, folder: stand.folder }
  await playAll({ server, seeds, days, jobs, notes: values.notes }, join(import.meta.dirname, '../..'), told)
} finally {
  await stand.end()
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
