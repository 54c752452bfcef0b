/** Benches by name: `bun run bench -- NAME [options]`. The last line is one JSON object; exit code 1 where a bar was missed. */
import { appendFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

/** What a bench found: ratios with their bars, and whether all were kept. */
export interface Outcome {
  pass: boolean
  [figure: string]: unknown
}
export interface Bench {
  /** for the list of benches */
  title: string
  run(options: { minutes: number | undefined }): Promise<Outcome>
}

const BENCHES: Readonly<Record<string, () => Promise<{ bench: Bench }>>> = {
  agent: () => import('./agent.ts'),
}

const HISTORY = join(import.meta.dirname, 'history.jsonl')

async function list(): Promise<void> {
  console.log('Usage: bun run bench -- NAME [--minutes N] [--record]\n')
  for (const [name, load] of Object.entries(BENCHES)) console.log(`  ${name.padEnd(10)} ${(await load()).bench.title}`)
}

/** Only figures of machines that their name and processor tell apart can be compared later. */
const where = () => ({ at: new Date().toISOString(), cpu: cpus()[0]?.model, cores: cpus().length, bun: Bun.version })

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { minutes: { type: 'string' }, record: { type: 'boolean' } },
  })
  const [name = ''] = positionals
  const load = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined
  if (!load) {
    if (name) console.log(`There is no bench named ${name}.\n`)
    await list()
    return name ? 2 : 0
  }
  const minutes = values.minutes === undefined ? undefined : Number(values.minutes)
  if (minutes !== undefined && !(minutes > 0)) throw new Error(`--minutes is "${values.minutes}"; it must be above 0.`)
  const outcome = await (await load()).bench.run({ minutes })
  const line = JSON.stringify({ bench: name, ...where(), ...outcome })
  if (values.record) appendFileSync(HISTORY, `${line}\n`)
  console.log(line)
  return outcome.pass ? 0 : 1
}

process.exit(await main())
