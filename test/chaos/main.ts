/** `bun run chaos`: trials of the whole product under kills and cuts; the last line says how many passed. */
import { realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import type { Ground } from './site.ts'
import { closeGround, openGround, runTrial, type Verdict } from './trial.ts'

const RECOVERY_MS_MAX = 10_000
const STORM = { duration_ms: 15_000, kills: 5 }
const SHOWN = 15

interface Options {
  trials: number
  seed: number
  broken: boolean
  /** leaves the logs of all processes */
  keep: boolean
}

function options(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      trials: { type: 'string' },
      seed: { type: 'string' },
      break: { type: 'string' },
      keep: { type: 'boolean' },
    },
  })
  const whole = (text: string | undefined, name: string, fallback: number) => {
    const number = text === undefined ? fallback : Number(text)
    if (!Number.isSafeInteger(number) || number < 1)
      throw new Error(`--${name} is "${text}"; it must be a whole number above 0.`)
    return number
  }
  if (values.break !== undefined && values.break !== 'dedupe')
    throw new Error(`--break ${values.break} is unknown; what can be broken is: dedupe.`)
  return {
    trials: whole(values.trials, 'trials', 1),
    seed: whole(values.seed, 'seed', 1),
    broken: values.break !== undefined,
    keep: values.keep ?? false,
  }
}

const listed = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')

/** Faults that did not take effect make a trial worthless: that is a failure too. */
function weaknesses({ kills, cuts, duplicates_by_kill, repeated }: Verdict): string[] {
  const few = Object.entries(kills).filter(([, count]) => count < STORM.kills)
  return [
    ...few.map(([name, count]) => `only ${count} kills of ${name}`),
    ...(Object.keys(cuts).length === 0 ? ['no network was cut'] : []),
    ...(duplicates_by_kill > 0 ? [] : ['no reply was lost between commit and kill']),
    ...(repeated > 0 ? [] : ['no report was repeated']),
  ]
}

function print(seed: number, verdict: Verdict, wrong: readonly string[], seconds: number): void {
  const { kills, cuts, duplicates, duplicates_by_kill, repeated, invoices, recovery_ms } = verdict
  console.log(
    `seed ${seed}: ${wrong.length === 0 ? 'passed' : 'FAILED'} in ${seconds.toFixed(0)} s · kills: ${listed(kills)} · cuts: ${listed(cuts)} · ` +
      `${repeated} reports repeated, ${duplicates} duplicate readings seen (${duplicates_by_kill} after a kill between commit and reply) · ` +
      `${invoices} invoices · recovered in ${(recovery_ms / 1_000).toFixed(1)} s`,
  )
  for (const each of wrong.slice(0, SHOWN)) console.log(`  ${each}`)
  if (wrong.length > SHOWN) console.log(`  … and ${wrong.length - SHOWN} differences more`)
}

const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)] ?? 0

/** A trial that could not even be judged has failed. */
async function verdictOf(ground: Ground, seed: number, broken: boolean): Promise<Verdict | null> {
  try {
    return await runTrial(ground, { seed, storm: STORM, broken })
  } catch (error) {
    console.log(`seed ${seed}: FAILED: ${error instanceof Error ? error.message : String(error)}`)
    return null
  }
}

async function main({ trials, seed: first, broken, keep }: Options): Promise<number> {
  const ground = await openGround(realpathSync(tmpdir()))
  let failed = 0
  const recoveries: number[] = []
  try {
    for (let seed = first; seed < first + trials; seed += 1) {
      const began = performance.now()
      const verdict = await verdictOf(ground, seed, broken)
      const wrong = verdict ? [...verdict.differences, ...weaknesses(verdict)] : []
      if (!verdict || wrong.length > 0) failed += 1
      if (!verdict) continue
      recoveries.push(verdict.recovery_ms)
      print(seed, verdict, wrong, (performance.now() - began) / 1_000)
    }
  } finally {
    await closeGround(ground, keep)
    if (keep) console.log(`logs: ${ground.folder}`)
  }
  const p95 = percentile(recoveries, 0.95)
  const slow = p95 > RECOVERY_MS_MAX
  console.log(
    `recovery after the last kill: p95 ${(p95 / 1_000).toFixed(1)} s${slow ? ', more than 10 s: FAILED' : ''}`,
  )
  if (slow) failed += 1
  console.log(`${trials + (slow ? 1 : 0) - failed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

process.exit(await main(options(process.argv.slice(2))))
