/** The small size of the fuzzing: two thousand damaged inputs over every target. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { CONNECTORS } from '#connectors/registry.ts'
import { GROWTH_MAX_BYTES, run } from '../fuzz/run.ts'
import { type Opened, openTargets } from '../fuzz/targets.ts'
import { emptyDatabase, Suite } from '../setup/stack.ts'

let suite: Suite
let opened: Opened

beforeAll(async () => {
  suite = new Suite()
  opened = await openTargets(() => emptyDatabase(suite), inject('folder'))
  suite.atEnd(() => opened.end())
})
afterAll(() => suite.end())

test('two thousand damaged inputs crash nothing, and nothing invalid is accepted', async () => {
  const said: string[] = []
  const { passed, byTarget, memory } = await run(opened.targets, {
    inputs: 2_000,
    seed: 7,
    say: (line) => said.push(line),
  })
  expect(said.join('\n')).toBe('')
  expect(passed).toBe(2_000)
  expect([...byTarget].filter(([, inputs]) => inputs === 0)).toEqual([])
  expect(memory.end_bytes - memory.start_bytes).toBeLessThan(GROWTH_MAX_BYTES)
}, 120_000)

test('every connector has a target', () => {
  const names = opened.targets.map(({ name }) => name)
  for (const connector of Object.keys(CONNECTORS)) expect(names).toContain(`connector ${connector}`)
})
