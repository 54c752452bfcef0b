/** Benches by name: `bun run bench -- NAME [options]`. The last line is one JSON object; exit code 1 where a bar was missed. */
import { appendFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { fallen, fallenInHistory, HISTORY, readHistory, type Recorded } from './history.ts'

/** What a bench found: ratios with their bars, and whether all were kept. */
export interface Outcome {
  pass: boolean
  [figure: string]: unknown
}
export interface Options {
  minutes?: number | undefined
  /** how much work: each bench says of what */
  size?: number | undefined
}
export interface Bench {
  /** for the list of benches */
  title: string
  run(options: Options): Promise<Outcome>
}

const BENCHES: Readonly<Record<string, () => Promise<{ bench: Bench }>>> = {
  agent: () => import('./agent.ts'),
  ingest: () => import('./ingest.ts'),
  api: () => import('./api.ts'),
  list: () => import('./list.ts'),
  inventory: () => import('./inventory.ts'),
  audit: () => import('./audit.ts'),
  rating: () => import('./rating.ts'),
  start: () => import('./start.ts'),
}

async function list(): Promise<void> {
  console.log('Usage: bun run bench -- NAME [--minutes N] [--size N] [--record] [--check]')
  console.log('       bun run bench -- check\n')
  for (const [name, load] of Object.entries(BENCHES)) console.log(`  ${name.padEnd(10)} ${(await load()).bench.title}`)
}

/** Only figures of machines that their name and processor tell apart can be compared later. */
const where = () => ({ at: new Date().toISOString(), cpu: cpus()[0]?.model, cores: cpus().length, bun: Bun.version })

/** Words about what fell, and whether nothing did. */
function check(words: readonly string[]): boolean {
  for (const line of words) console.log(line)
  return words.length === 0
}

function positive(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!(Number(text) > 0)) throw new Error(`--${name} is "${text}"; it must be above 0.`)
  return Number(text)
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      minutes: { type: 'string' },
      size: { type: 'string' },
      record: { type: 'boolean' },
      check: { type: 'boolean' },
    },
  })
  const [name = ''] = positionals
  if (name === 'check') return check(fallenInHistory(readHistory())) ? 0 : 1
  const load = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined
  if (!load) {
    if (name) console.log(`There is no bench named ${name}.\n`)
    await list()
    return name ? 2 : 0
  }
  const options = { minutes: positive('minutes', values.minutes), size: positive('size', values.size) }
  const outcome = await (await load()).bench.run(options)
  const run: Recorded & Outcome = { bench: name, ...where(), ...outcome }
  const kept = !values.check || check(fallen(run, readHistory()))
  if (values.record) appendFileSync(HISTORY, `${JSON.stringify(run)}\n`)
  console.log(JSON.stringify(run))
  return outcome.pass && kept ? 0 : 1
}

process.exit(await main())
