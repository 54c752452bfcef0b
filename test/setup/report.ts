/** Reads what a runner reported into counts, failures and skips. Pure. */
export interface Failure {
  name: string
  lines: string[]
}
export interface Result {
  passed: number
  failed: number
  skipped: number
  failures: Failure[]
  skips: string[]
  /** what failed beside others and passed when it was run again alone */
  unsteady: string[]
}

export const NOTHING: Result = { passed: 0, failed: 0, skipped: 0, failures: [], skips: [], unsteady: [] }

export const add = (a: Result, b: Result): Result => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
  failures: [...a.failures, ...b.failures],
  skips: [...a.skips, ...b.skips],
  unsteady: [...a.unsteady, ...b.unsteady],
})

export const closingLine = ({ passed, failed, skipped }: Result): string =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`

const MAX_LINES = 40
// eslint-disable-next-line no-control-regex -- colours of a terminal
const COLOURS = /\u001B\[[0-9;]*m/g
/** of a failed test: where it was in our files, not the runner's own */
const NOISE = /^\s*at (native|.*node_modules|<anonymous>|Promise \(native\))/

function linesOf(text: string, count: number): string[] {
  const lines = text.replaceAll(COLOURS, '').trim().split('\n')
  const kept = lines.filter((line) => !NOISE.test(line))
  return kept.length > count ? [...kept.slice(0, count), `… and ${kept.length - count} more lines`] : kept
}
const lastLinesOf = (text: string): string[] => text.replaceAll(COLOURS, '').trimEnd().split('\n').slice(-MAX_LINES)

const failedOnce = (name: string, lines: string[]): Result => ({ ...NOTHING, failed: 1, failures: [{ name, lines }] })

/** A check by a tool's exit code. */
export const checkResult = (name: string, code: number, output: string): Result =>
  code === 0 ? { ...NOTHING, passed: 1 } : failedOnce(name, linesOf(output, MAX_LINES))

/** A proof by its own last line, `N passed, N failed`; one that ends without it failed. */
export function proofResult(name: string, code: number, output: string): Result {
  const last = output.replaceAll(COLOURS, '').trimEnd().split('\n').at(-1) ?? ''
  const [, passed, failed] = /^(\d+) passed, (\d+) failed/.exec(last) ?? []
  if (passed === undefined || failed === undefined || (code !== 0 && Number(failed) === 0))
    return failedOnce(`${name}: ended with exit code ${code}`, lastLinesOf(output))
  const failures = Number(failed) > 0 ? [{ name, lines: lastLinesOf(output) }] : []
  return { ...NOTHING, passed: Number(passed), failed: Number(failed), failures }
}

/** The parts of vitest's JSON report that are read here. */
interface Report {
  success: boolean
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: Array<{
    name: string
    status: string
    message: string
    assertionResults: Array<{
      fullName: string
      status: string
      failureMessages: string[]
      meta: { skipReason?: string }
    }>
  }>
}

/** A runner that crashed, a file that could not be loaded and an error outside of any test each count as one failure. */
export function suiteResult(
  stage: string,
  code: number,
  output: string,
  json: string | null,
  shown: (path: string) => string,
): Result {
  if (json === null)
    return failedOnce(`${stage}: the runner ended (exit code ${code}) without a report`, lastLinesOf(output))
  const report = JSON.parse(json) as Report
  const failures: Failure[] = []
  const skips: string[] = []
  let unloaded = 0
  for (const file of report.testResults) {
    for (const one of file.assertionResults) {
      const name = `${shown(file.name)} › ${one.fullName}`
      if (one.status === 'failed') failures.push({ name, lines: linesOf(one.failureMessages.join('\n'), MAX_LINES) })
      if (one.status !== 'failed' && one.status !== 'passed')
        skips.push(`${name}: ${one.meta.skipReason ?? 'no reason given'}`)
    }
    if (file.status === 'failed' && !file.assertionResults.some((one) => one.status === 'failed')) {
      unloaded += 1
      failures.push({ name: shown(file.name), lines: linesOf(file.message, MAX_LINES) })
    }
  }
  const failed = report.numFailedTests + unloaded
  const result = {
    ...NOTHING,
    passed: report.numPassedTests,
    failed,
    skipped: report.numPendingTests + report.numTodoTests,
    failures,
    skips,
  }
  if (code === 0 || failed > 0) return result
  return add(result, failedOnce(`${stage}: the runner ended with exit code ${code}`, lastLinesOf(output)))
}

/** Files in which something failed. */
export const failedFiles = (json: string): string[] =>
  (JSON.parse(json) as Report).testResults.flatMap(({ name, status, assertionResults }) =>
    status === 'failed' || assertionResults.some((one) => one.status === 'failed') ? [name] : [],
  )

/** The same report as if these files had not been run. */
export function withoutFiles(json: string, files: readonly string[]): string {
  const report = JSON.parse(json) as Report
  const testResults = report.testResults.filter(({ name }) => !files.includes(name))
  const count = (...states: string[]) =>
    testResults.flatMap((file) => file.assertionResults).filter(({ status }) => states.includes(status)).length
  return JSON.stringify({
    ...report,
    testResults,
    numPassedTests: count('passed'),
    numFailedTests: count('failed'),
    numPendingTests: count('skipped', 'pending', 'disabled'),
    numTodoTests: count('todo'),
  })
}
