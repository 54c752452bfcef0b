import { expect, test } from 'vitest'
import {
  add,
  checkResult,
  closingLine,
  failedFiles,
  NOTHING,
  proofResult,
  suiteResult,
  withoutFiles,
} from './report.ts'

const shown = (path: string) => path
const report = (changes: object) =>
  JSON.stringify({
    success: true,
    numPassedTests: 0,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: [],
    ...changes,
  })

test('the closing line has no skips when there were none', () => {
  expect(closingLine({ ...NOTHING, passed: 3, failed: 1 })).toBe('3 passed, 1 failed')
  expect(closingLine({ ...NOTHING, passed: 3, skipped: 2 })).toBe('3 passed, 0 failed, 2 skipped')
})

test('a tool that exits with another code than 0 is one failure that shows what it said', () => {
  expect(checkResult('lint', 0, 'fine')).toEqual({ ...NOTHING, passed: 1 })
  expect(checkResult('lint', 1, 'a\nb').failures).toEqual([{ name: 'lint', lines: ['a', 'b'] }])
})

test('a runner that crashed without a report is a failure', () => {
  expect(suiteResult('unit', 139, 'segmentation fault', null, shown)).toMatchObject({ passed: 0, failed: 1 })
})

test('a runner that ended badly though every test passed is a failure', () => {
  const result = suiteResult('unit', 1, 'unhandled rejection', report({ numPassedTests: 5 }), shown)
  expect(result).toMatchObject({ passed: 5, failed: 1 })
  expect(result.failures[0]?.lines).toEqual(['unhandled rejection'])
})

test('a file that could not be loaded is a failure of its own', () => {
  const file = { name: 'a.test.ts', status: 'failed', message: 'no such module', assertionResults: [] }
  expect(suiteResult('unit', 1, '', report({ testResults: [file] }), shown)).toMatchObject({
    failed: 1,
    failures: [{ name: 'a.test.ts', lines: ['no such module'] }],
  })
})

test('failed and skipped tests are named, a skip with its reason', () => {
  const one = (status: string, meta = {}) => ({ fullName: status, status, failureMessages: ['why\nat x'], meta })
  const assertionResults = [one('failed'), one('skipped', { skipReason: 'no browser' }), one('todo')]
  const file = { name: 'a.test.ts', status: 'failed', message: '', assertionResults }
  const counts = { numFailedTests: 1, numPendingTests: 1, numTodoTests: 1, testResults: [file] }
  const result = suiteResult('unit', 1, '', report(counts), shown)
  expect(result).toMatchObject({ failed: 1, skipped: 2 })
  expect(result.failures[0]).toEqual({ name: 'a.test.ts › failed', lines: ['why', 'at x'] })
  expect(result.skips).toEqual(['a.test.ts › skipped: no browser', 'a.test.ts › todo: no reason given'])
})

test('results add up', () => {
  expect(add({ ...NOTHING, passed: 1, skips: ['a'] }, { ...NOTHING, passed: 2, failed: 1, skips: ['b'] })).toEqual({
    ...NOTHING,
    passed: 3,
    failed: 1,
    skips: ['a', 'b'],
  })
})

test('a proof counts by its last line; without it, or with a bad end and no failure told, it failed', () => {
  expect(proofResult('world', 0, 'seed 1 …\n3 passed, 0 failed\n')).toMatchObject({ passed: 3, failed: 0 })
  expect(proofResult('world', 1, 'seed 2: differs\n2 passed, 1 failed')).toMatchObject({ passed: 2, failed: 1 })
  expect(proofResult('world', 0, 'crashed')).toMatchObject({ passed: 0, failed: 1 })
  expect(proofResult('world', 1, '3 passed, 0 failed')).toMatchObject({ passed: 0, failed: 1 })
})

test('the files that failed are known, and without them the counts are those of the others', () => {
  const one = (status: string) => ({ fullName: status, status, failureMessages: [], meta: {} })
  const file = (name: string, status: string, ...states: string[]) => ({
    name,
    status,
    message: '',
    assertionResults: states.map(one),
  })
  const testResults = [
    file('a', 'passed', 'passed', 'skipped', 'todo'),
    file('b', 'failed', 'failed', 'passed'),
    file('c', 'failed'),
  ]
  const whole = report({ numPassedTests: 2, numFailedTests: 1, numPendingTests: 1, numTodoTests: 1, testResults })
  expect(failedFiles(whole)).toEqual(['b', 'c'])
  expect(suiteResult('unit', 0, '', withoutFiles(whole, ['b', 'c']), shown)).toMatchObject({
    passed: 1,
    failed: 0,
    skipped: 2,
  })
})
