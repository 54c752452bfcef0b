/** A small size of `bun run chaos`: one trial with two kills of each part. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Ground } from '../chaos/site.ts'
import { closeGround, openGround, runTrial } from '../chaos/trial.ts'
import { Suite } from '../setup/stack.ts'

let suite: Suite
let ground: Ground
beforeAll(async () => {
  suite = new Suite()
  ground = await openGround(suite.folder)
  suite.atEnd(() => closeGround(ground))
})
afterAll(() => suite.end())

test('kill -9 of agents, NATS, control planes and PostgreSQL, cuts and repeats change no usage and no invoice', async () => {
  const verdict = await runTrial(ground, { seed: 7, storm: { duration_ms: 6_000, kills: 2 }, broken: false })
  // as one text, so that a report says them in full
  expect(verdict.differences.join('\n')).toBe('')
  expect(verdict.duplicates_by_kill).toBeGreaterThan(0)
  expect(Math.min(...Object.values(verdict.kills))).toBeGreaterThanOrEqual(2)
}, 240_000)
