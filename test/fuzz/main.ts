/** `bun run fuzz -- --inputs N | --http N [--seed S] [--only NUMBER] [--target NAME]`: damaged inputs by the hundred thousand; the last line counts. */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildUi } from '../../deploy/build.ts'
import { Stand } from '../setup/stand.ts'
import { GROWTH_MAX_BYTES, mib, type Outcome, run } from './run.ts'
import { isHttp, openTargets } from './targets.ts'

const DEFAULTS = { inputs: '2000', seed: '1' } as const

const whole = (name: string, text: string): number => {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new Error(`--${name} is a whole number above 0, not ${text}`)
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      inputs: { type: 'string', default: DEFAULTS.inputs },
      seed: { type: 'string', default: DEFAULTS.seed },
      only: { type: 'string' },
      target: { type: 'string' },
      http: { type: 'string' },
    },
  })
  return {
    inputs: values.http === undefined ? whole('inputs', values.inputs) : whole('http', values.http),
    onlyHttp: values.http !== undefined,
    seed: whole('seed', values.seed),
    only: values.only === undefined ? undefined : whole('only', values.only),
    target: values.target,
  }
}

function tell({ byTarget, memory, untold }: Outcome): number {
  if (untold > 0) console.log(`\n  … and ${untold} more that failed`)
  console.log('\n  target                     inputs')
  for (const [name, inputs] of byTarget) console.log(`  ${name.padEnd(24)} ${String(inputs).padStart(8)}`)
  const growth = memory.end_bytes - memory.start_bytes
  console.log(
    `\n  memory: ${mib(memory.start_bytes)} MiB after the start, ${mib(memory.end_bytes)} MiB at the end, ${mib(memory.highest_bytes)} MiB at most; grew by ${mib(growth)} MiB (bar: ${mib(GROWTH_MAX_BYTES)})`,
  )
  if (growth < GROWTH_MAX_BYTES) return 0
  console.log('  FAILED  memory: what was read is kept')
  return 1
}

async function main(): Promise<boolean> {
  const { inputs, onlyHttp, seed, only, target } = readArguments()
  // the page is among what is asked for
  await buildUi(join(import.meta.dirname, '../..'))
  const stand = await Stand.open()
  try {
    const opened = await openTargets(() => stand.database(), stand.folder)
    try {
      console.log(`\n  ${only === undefined ? `${inputs} inputs` : `input ${only}`} of seed ${seed}\n`)
      const started = performance.now()
      const targets = onlyHttp ? opened.targets.filter(isHttp) : opened.targets
      const outcome = await run(targets, { inputs, seed, only, target, say: (line) => console.log(line) })
      const failed = outcome.failures.length + outcome.untold + tell(outcome)
      console.log(`  ${Math.round((performance.now() - started) / 1_000)} s\n`)
      console.log(`${outcome.passed} passed, ${failed} failed`)
      return failed === 0
    } finally {
      await opened.end()
    }
  } finally {
    await stand.end()
  }
}

process.exit((await main()) ? 0 : 1)
