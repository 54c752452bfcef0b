/** Faulty versions of the agent: each reaches the first wave alone, is found out by what it does, and goes by itself. */
import { readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Suite } from '../setup/stack.ts'
import { IS_FULL } from '../setup/size.ts'
import { buildVersion, type Fault, FAULTS, type Fleet, type FleetAgent, fleetOf, wholeReports } from './fleet.ts'

/** What all run before. */
const GOOD = '1.0.0'
let suite: Suite
let fleet: Fleet
let sql: postgres.Sql
let agents: FleetAgent[]

beforeAll(async () => {
  suite = new Suite()
  ;({ fleet, agents, sql } = await fleetOf(suite, ['one', 'two', 'three']))
  const { id } = await fleet.release(buildVersion(suite.folder, GOOD), GOOD)
  const rollout = await fleet.rollOut(id, [{ percent: 100 }])
  await fleet.until(rollout, ({ state }) => state === 'completed')
}, 240_000)
afterAll(() => suite.end())

const notices = async (): Promise<{ code: string; subject: { id: string } }[]> =>
  (await fleet.call<{ items: { code: string; subject: { id: string } }[] }>('GET', '/notices?open=true')).items

/** What waits for minutes of silence is tried at full size alone. */
const SILENT: [string, string, Fault, string][] = [
  ['hangs when it is started', '1.2.0', FAULTS.hangs, 'silent'],
  ['never reports', '1.3.0', FAULTS.says_nothing, 'silent'],
]
test.each([
  ['ends when it is started', '1.1.0', FAULTS.crashes, 'crashed'],
  ...(IS_FULL ? SILENT : []),
  ['reports, and then reads nothing any more', '1.4.0', FAULTS.ails, 'source_failing'],
] as [string, string, Fault, string][])(
  'a release that %s reaches the first wave alone, and goes by itself',
  async (_what, version, fault, reason) => {
    const [one] = agents
    const { id } = await fleet.release(buildVersion(suite.folder, version, fault), version)
    const rollout = await fleet.rollOut(id, [{ agents: [one!.id] }, { percent: 100 }], { soak_seconds: 60 })
    const halted = await fleet.until(rollout, ({ state }) => state !== 'running', 240_000)
    expect(halted).toMatchObject({ failures: 1, wave: 1 })
    expect(await notices()).toContainEqual(expect.objectContaining({ code: 'rollout.halted' }))
    const over = await fleet.until(rollout, ({ state }) => state === 'rolled_back')
    expect(over.agents.find(({ agent_id }) => agent_id === one!.id)).toMatchObject({ reason })
    expect(over.agents.filter(({ wave }) => wave === 2).map(({ state }) => state)).toEqual(
      agents.slice(1).map(() => 'waiting'),
    )
    for (const agent of agents) await fleet.runs(agent, GOOD)
    expect(readlinkSync(join(one!.state, 'versions/current'))).toBe(`${GOOD}/atalaya-agent`)
    await wholeReports(sql)
  },
  500_000,
)
