/** Runs the stages of the tests one after the other and ends with `N passed, N failed`, from the runners' own reports. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { endsWithUs } from '../deploy/process.ts'
import { buildUi } from '../deploy/build.ts'
import {
  add,
  checkResult,
  closingLine,
  failedFiles,
  NOTHING,
  proofResult,
  type Result,
  suiteResult,
  withoutFiles,
} from './setup/report.ts'

const root = join(import.meta.dirname, '..')
const reports = mkdtempSync(join(tmpdir(), 'atalaya-reports-'))
const MINUTE_MS = 60_000

interface Stage {
  name: string
  limit_ms: number
  /** a stage is left out when less than this is left of `--within` */
  usual_ms?: number
  run(): Promise<Result>
}

async function execute(command: string[], limit_ms: number): Promise<{ code: number; output: string }> {
  const child = Bun.spawn(endsWithUs(command), { cwd: root, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
  let overdue = false
  const timer = setTimeout(() => {
    overdue = true
    child.kill('SIGKILL')
  }, limit_ms)
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  clearTimeout(timer)
  const late = overdue ? `\nEnded: it took longer than ${limit_ms / MINUTE_MS} minutes.` : ''
  return { code: overdue ? 1 : (child.exitCode ?? 1), output: `${stdout}${stderr}${late}` }
}

/** A tool that says yes or no counts as one check. */
const check = (name: string, command: string[]): Stage => ({
  name,
  limit_ms: 5 * MINUTE_MS,
  async run() {
    const { code, output } = await execute(command, this.limit_ms)
    return checkResult(name, code, output)
  },
})

interface SuiteOptions {
  before?: () => Promise<unknown>
  /** files at a time, where two of them leave the machine idle */
  workers?: number
  /** a file or two that failed are run once more, alone: what only an overloaded machine fails is told, and isn't counted */
  again?: boolean
}
const suite = (
  name: string,
  minutes: number,
  filters: string[],
  { before, workers = 2, again = false }: SuiteOptions = {},
): Stage => ({
  name,
  limit_ms: minutes * MINUTE_MS,
  async run() {
    try {
      await before?.()
    } catch (error) {
      const { message, details = [] } = error as Error & { details?: string[] }
      return checkResult(`${name}: set-up`, 1, [message, ...details].join('\n'))
    }
    const first = await runFiles(name, filters, workers, this.limit_ms)
    const files = first.json === null ? [] : failedFiles(first.json)
    if (!again || first.json === null || files.length === 0 || files.length > AGAIN_MAX) return judged(name, first)
    const rest = judged(name, { ...first, code: 0, json: withoutFiles(first.json, files) })
    const second = judged(name, await runFiles(name, files, 1, this.limit_ms))
    const unsteady = second.failed > 0 ? [] : judged(name, first).failures.map((failure) => failure.name)
    return add(rest, { ...second, unsteady })
  },
})

/** More files than these don't fail by chance. */
const AGAIN_MAX = 2

interface Ran {
  code: number
  output: string
  /** null: the runner ended without a report */
  json: string | null
}
async function runFiles(name: string, files: readonly string[], workers: number, limit_ms: number): Promise<Ran> {
  const report = join(reports, `${name}.json`)
  rmSync(report, { force: true })
  const none = files.length > 0 ? ['--passWithNoTests'] : []
  const runner = ['bunx', '--bun', 'vitest', 'run', '--pool=threads', `--maxWorkers=${workers}`]
  const command = [...runner, '--project', name, '--reporter=json', `--outputFile=${report}`]
  const { code, output } = await execute([...command, ...none, ...files], limit_ms)
  return { code, output, json: existsSync(report) ? readFileSync(report, 'utf8') : null }
}
const judged = (name: string, { code, output, json }: Ran): Result =>
  suiteResult(name, code, output, json, (path) => relative(root, path))

/** A command that tries the product by itself, at its full size; the integration tests have a small size of each. */
const proof = (name: string, minutes: number, command: string[], judge = proofResult): Stage => ({
  name,
  limit_ms: minutes * MINUTE_MS,
  async run() {
    const { code, output } = await execute(['bun', ...command], this.limit_ms)
    return judge(name, code, output)
  },
})

/** A proof of a product that was broken on purpose passes where it fails. */
const mustFail = (name: string, code: number, output: string): Result =>
  checkResult(name, proofResult(name, code, output).failed > 0 ? 0 : 1, `The fault was not found.\n${output}`)

const proofs = (): Stage[] => [
  proof('world', 60, ['test/world/main.ts', '--seeds', '1..300', '--days', '3']),
  proof('world-long', 60, ['test/world/main.ts', '--seeds', '1..20', '--days', '40']),
  proof('world-notes', 60, ['test/world/main.ts', '--notes', '--seeds', '1..200', '--days', '3']),
  proof('mutants', 60, ['test/mutants/main.ts', '--seeds', '1..20']),
  proof('finalisers', 60, ['test/finalisers/main.ts', '--rounds', '100', '--seed', '1']),
  proof('chaos', 90, ['test/chaos/main.ts', '--trials', '40', '--seed', '1']),
  ...[1, 2, 3].map((seed) =>
    proof(
      `chaos-broken-${seed}`,
      10,
      ['test/chaos/main.ts', '--trials', '1', '--seed', `${seed}`, '--break', 'dedupe'],
      mustFail,
    ),
  ),
  proof('fuzz', 45, ['test/fuzz/main.ts', '--inputs', '200000', '--seed', '1']),
  ...['ingest', 'api', 'inventory', 'rating', 'start', 'agent'].map((name) =>
    proof(`bench-${name}`, 30, ['test/bench/main.ts', name], checkResult),
  ),
]

const stages = (filters: string[]): Stage[] => [
  check('format', ['bun', 'fmt', '--no-script', '--check']),
  check('lint', ['bunx', '--bun', 'oxlint', '--deny-warnings', '--format', 'unix']),
  check('types', ['bunx', 'tsc', '--noEmit']),
  check('dead-code', ['bunx', '--bun', 'knip', '--no-progress']),
  suite('unit', 5, filters),
  suite('integration', 25, filters, { workers: 3, again: true }),
  suite('browser', 20, filters, { before: () => buildUi(root), again: true }),
  { ...suite('long', 25, filters, { workers: 3 }), usual_ms: 7 * MINUTE_MS },
  { ...suite('backends', 25, filters), usual_ms: 10 * MINUTE_MS },
  ...proofs(),
]

const HELP = `\
Usage: npm test [-- [--backends] [--full] [--within MINUTES] [STAGE...] [FILE...]]
Stages: format lint types dead-code unit integration browser long; backends (only with its name, --backends or --full);
only with their names or --full, some hours: ${proofs()
  .map(({ name }) => name)
  .join(' ')}.`

function chosen(names: string[], backends: boolean, full: boolean): Stage[] {
  const known = new Set(stages([]).map((stage) => stage.name))
  const picked = names.filter((name) => known.has(name))
  const all = stages(names.filter((name) => !known.has(name)))
  if (picked.length > 0)
    return all.filter((stage) => picked.includes(stage.name) || (backends && stage.name === 'backends'))
  const onRequest = new Set(proofs().map(({ name }) => name))
  return all.filter(({ name }) => full || (name === 'backends' ? backends : !onRequest.has(name)))
}

const show = (mark: string, text: string) => console.log(`  ${mark} ${text}`)

function showResult(stage: Stage, result: Result, seconds: string): void {
  const skipped = result.skipped > 0 ? `, ${result.skipped} skipped` : ''
  show(
    result.failed === 0 ? '✓' : '✗',
    `${stage.name.padEnd(12)} ${result.passed} passed, ${result.failed} failed${skipped}   ${seconds} s`,
  )
  for (const failure of result.failures) {
    console.log(`\n    ✗ ${failure.name}`)
    for (const line of failure.lines) console.log(`      ${line}`)
  }
  if (result.failures.length > 0) console.log('')
}

async function main(): Promise<number> {
  const options = {
    backends: { type: 'boolean' },
    full: { type: 'boolean' },
    within: { type: 'string' },
    help: { type: 'boolean' },
  } as const
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  if (values.help) {
    console.log(HELP)
    return 0
  }
  if (values.full) process.env['ATALAYA_TESTS'] = 'full'
  const end_ms = values.within ? performance.now() + Number(values.within) * MINUTE_MS : Infinity
  let total: Result = NOTHING
  for (const stage of chosen(positionals, values.backends ?? false, values.full ?? false)) {
    const start_ms = performance.now()
    if (start_ms + (stage.usual_ms ?? 0) > end_ms) {
      total = add(total, {
        ...NOTHING,
        skipped: 1,
        skips: [`${stage.name}: too little was left of the ${values.within} minutes`],
      })
      continue
    }
    const result = await stage.run()
    showResult(stage, result, ((performance.now() - start_ms) / 1_000).toFixed(1))
    total = add(total, result)
  }
  if (total.unsteady.length > 0)
    console.log(`\n  failed beside others, passed alone:\n${total.unsteady.map((one) => `    - ${one}`).join('\n')}`)
  if (total.skips.length > 0) console.log(`\n  skipped:\n${total.skips.map((skip) => `    - ${skip}`).join('\n')}`)
  console.log(`\n${closingLine(total)}`)
  return total.failed === 0 && total.passed > 0 ? 0 : 1
}

try {
  process.exitCode = await main()
} finally {
  rmSync(reports, { recursive: true, force: true })
}
