/** Known results of billing systems, priced by the functions that make invoices; and that a wrong model turns its own vectors red. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { copyTree, plant } from '../mutants/copy.ts'
import { readVectors } from './file.ts'
import { judge } from './judge.ts'

const root = join(import.meta.dirname, '../..')
const SHARED = join(import.meta.dirname, 'shared.json')
const CASES = join(import.meta.dirname, 'cases.json')
const folder = mkdtempSync(join(tmpdir(), 'atalaya-vectors-'))
afterAll(() => rmSync(folder, { recursive: true }))

test.each([...readVectors(SHARED), ...readVectors(CASES)])('$id ($source.project) is priced as expected', (vector) => {
  expect(judge(vector)).toEqual({ verdict: 'passed', why: [] })
})

test('a wrong result, a field that nothing computes and an unknown kind fail', () => {
  const tax = { id: 'tax', kind: 'tax', input: { net: '100', ratePct: '20' } }
  expect(judge({ ...tax, expected: { tax: '20.01' } }).why).toEqual(['tax: expected "20.01", got 20'])
  expect(judge({ ...tax, expected: { tip: '1' } }).verdict).toBe('failed')
  expect(judge({ ...tax, kind: 'lottery', expected: { tax: '20' } }).verdict).toBe('failed')
  expect(judge({ ...tax, input: { net: 'much', ratePct: '20' }, expected: { tax: '20' } }).why[0]).toContain('net')
  expect(judge({ ...tax, kind: 'wallet', expected: { due: '1' } }).verdict).toBe('skipped')
})

const run = (tree: string, file: string) => {
  const { stdout, stderr, exitCode } = Bun.spawnSync(['bun', join(tree, 'test/vectors/main.ts'), file])
  return { said: stdout.toString(), error: stderr.toString(), exitCode }
}

test('the command counts, and says what is wrong with a file', () => {
  expect(run(root, SHARED)).toMatchObject({ exitCode: 0, said: expect.stringMatching(/^51 passed, 0 failed\n$/) })
  const bad = join(folder, 'bad.json')
  for (const [text, why] of [
    ['{', 'is no JSON'],
    ['{"vectors": [{"id": "a"}]}', 'vectors.0.kind'],
  ] as const) {
    writeFileSync(bad, text)
    expect(run(root, bad)).toMatchObject({ exitCode: 1, error: expect.stringContaining(why) })
  }
  expect(run(root, join(folder, 'none.json')).error).toContain("can't be read")
})

test.each([
  [
    'graduated',
    'control-plane/rating/models/graduated.ts',
    'compare(quantity, below) <= 0) break',
    'compare(quantity, below) < 0) break',
  ],
  ['volume', 'control-plane/rating/models/volume.ts', 'compare(reached, up_to) <= 0)', 'compare(reached, up_to) < 0)'],
  ['package', 'control-plane/rating/models/package.ts', 'fraction(count), amount', 'fraction(count + 1n), amount'],
  ['tax', 'control-plane/base/exact.ts', '(2n * magnitude + den) / (2n * den)', 'magnitude / den'],
])('%s, broken in a copy of the product, turns its vectors red', (kind, file, text, by) => {
  const tree = copyTree(root, join(folder, kind))
  plant(tree, { name: kind, why: 'a known mistake', replacements: [{ file, text, by }] })
  const { said, exitCode } = run(tree, SHARED)
  expect(exitCode).toBe(1)
  expect(said).toMatch(new RegExp(`^${kind}-\\d+ failed: `, 'm'))
})
