/** A small size of `bun run finalisers`: twenty hands in two processes that are killed, two months long. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { createDefaultBook } from '#control-plane/catalog/index.ts'
import { setUpContract } from '#control-plane/contracts/index.ts'
import { findings, type Ground, readyGround, runRound } from '../finalisers/rounds.ts'
import { prepare } from '../setup/prepare.ts'
import { emptyDatabase, Suite } from '../setup/stack.ts'

let suite: Suite
let ground: Ground
beforeAll(async () => {
  suite = new Suite()
  const { ownerUrl } = await emptyDatabase(suite)
  const folder = inject('folder')
  const world = await prepare(ownerUrl, folder, '2026-01-10T00:00:00.000Z')
  suite.atEnd(() => world.db.$client.end({ timeout: 1 }))
  await world.run((ctx) => createDefaultBook(ctx, world.legal_entity_id))
  await world.run((ctx) => setUpContract(ctx, world.account_id))
  ground = await readyGround({ world, ownerUrl, folder, accounts: 20 }, 3)
})
afterAll(() => suite.end())

test('who finalises at once and is killed amid it leaves numbers without a gap, one invoice each, and a month that is closed', async () => {
  let amid = 0
  for (let n = 0; n < 2; n += 1) {
    const round = await runRound(ground, 2)
    expect(round.wrong).toEqual([])
    amid += round.kills_amid
  }
  expect(amid).toBeGreaterThan(0)
  expect(await findings(ground)).toEqual([])
}, 240_000)
