/** `bun run mutants -- --seeds 1..20`: plants each known fault into a copy of the product; the world must find every one. */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Stand } from '../setup/stand.ts'
import { seedsOf, wholeOf } from '../world/seeds.ts'
import type { Server } from '../world/trial.ts'
import { copyTree, plant } from './copy.ts'
import { firstFinding } from './find.ts'
import { type Mutant, MUTANTS } from './mutants.ts'

const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    seeds: { type: 'string', default: '1..20' },
    days: { type: 'string', default: '3' },
    jobs: { type: 'string', default: '2' },
    /** only those whose name holds this */
    only: { type: 'string', default: '' },
  },
})
const [seeds, days, jobs] = [seedsOf(values.seeds), wholeOf('days', values.days), wholeOf('jobs', values.jobs)]
const root = join(import.meta.dirname, '../..')
const stand = await Stand.open()
const { ownerUrl, superuserUrl } = stand.postgres
const server: Server = { ownerUrl, superuserUrl, folder: stand.folder }
let [passed, failed] = [0, 0]

function tell(isRight: boolean, text: string): void {
  if (isRight) passed += 1
  else failed += 1
  console.log(text)
}

const worlds = { server, seeds, days }

/** Without a fault the copy must pass: else what is found proves nothing. */
async function control(tree: string): Promise<void> {
  const verdict = await firstFinding({ ...worlds, seeds: seeds.slice(0, 1) }, tree)
  const wrong = verdict?.wrong[0] ?? null
  tell(wrong === null, wrong === null ? 'control: passed' : `control: FAILED with nothing planted: ${wrong}`)
}

async function tryOne(mutant: Mutant, number: number): Promise<void> {
  try {
    const tree = copyTree(root, join(stand.folder, `mutant-${number}`))
    plant(tree, mutant)
    const verdict = await firstFinding(worlds, tree)
    const wrong = verdict?.wrong[0]
    if (verdict?.broke) throw new Error(`it breaks the product instead of making it wrong: ${wrong}`)
    const found = `found by seed ${verdict?.seed}: ${wrong?.split('\n', 1)[0]}`
    tell(wrong !== undefined, `${mutant.name}: ${wrong === undefined ? `NOT FOUND. ${mutant.why}` : found}`)
  } catch (error) {
    tell(false, `${mutant.name}: FAILED: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const wanted = MUTANTS.filter(({ name }) => name.includes(values.only)).entries()
const work = async () => {
  for (const [number, mutant] of wanted) await tryOne(mutant, number)
}
try {
  await control(copyTree(root, join(stand.folder, 'control')))
  await Promise.all(Array.from({ length: jobs }, work))
} finally {
  await stand.end()
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
