/** Agents that bring themselves up to date: real processes, real versions, and what no agent may run. */
import { appendFileSync, readdirSync, readFileSync, readlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type postgres from 'postgres'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Suite } from '../setup/stack.ts'
import { makeKey, signRelease } from '../../deploy/release.ts'
import { buildVersion, type Fleet, type FleetAgent, fleetOf, wholeReports } from './fleet.ts'

let suite: Suite
let fleet: Fleet
let sql: postgres.Sql
let agents: FleetAgent[]
let data: string

beforeAll(async () => {
  suite = new Suite()
  ;({ fleet, agents, sql, data } = await fleetOf(suite, ['one', 'two', 'three', 'four']))
}, 180_000)
afterAll(() => suite.end())

test('a good release reaches all in three waves, one after the other, and no report is lost or doubled', async () => {
  const { id } = await fleet.release(buildVersion(suite.folder, '1.0.0'), '1.0.0')
  const [one] = agents
  const rollout = await fleet.rollOut(id, [{ agents: [one!.id] }, { percent: 50 }, { percent: 100 }])
  const first = await fleet.until(rollout, ({ waves }) => waves[0]?.updated === 1)
  expect(first.waves.map(({ agents: count }) => count)).toEqual([1, 1, 2])
  expect(first.agents.filter(({ wave }) => wave > 1).map(({ state }) => state)).toEqual([
    'waiting',
    'waiting',
    'waiting',
  ])
  const second = await fleet.until(rollout, ({ waves }) => waves[1]?.updated === 1)
  expect(second.waves[2]?.updated).toBe(0)
  const done = await fleet.until(rollout, ({ state }) => state !== 'running')
  expect(done).toMatchObject({ state: 'completed', failures: 0, wave: 3 })
  expect(done.agents.map(({ running, state }) => [running, state])).toEqual(agents.map(() => ['1.0.0', 'updated']))
  await wholeReports(sql)
  await vi.waitFor(async () => expect(await fleet.metrics()).toContain('atalaya_agents{version="1.0.0"} 4'), {
    timeout: 40_000,
    interval: 1_000,
  })
}, 400_000)

/** What an update may change on an agent's disk: the links, and which versions are there. */
const onDisk = ({ state }: FleetAgent) => {
  const names = readdirSync(join(state, 'versions')).filter((name) => !/\.part$|^memory/.test(name))
  return [
    names.toSorted(),
    readlinkSync(join(state, 'versions/current')),
    readFileSync(join(state, 'release-keys'), 'utf8'),
  ]
}
/** The control plane itself is turned against its agents: it gives out other words than were signed, or other bytes. */
const tampered = async (id: string, signed: object) => {
  await sql`update agent_release set signed = ${sql.json(signed as never)} where id = ${id}`
}
const stored = (sha256: string): string => join(data, 'releases', sha256)

type Released = Awaited<ReturnType<Fleet['release']>>
const evil: [string, string, string, (released: Released, program: string) => unknown][] = [
  [
    'words that nobody signed',
    '2.0.1',
    'bad_signature',
    ({ id, signed }) => tampered(id, { ...signed, release: { ...signed.release, version: '9.9.9' } }),
  ],
  [
    'a key of its own',
    '2.0.2',
    'unknown_key',
    async ({ id, signed }, program) => {
      const own = join(suite.folder, 'own.key')
      makeKey(own)
      return tampered(id, await signRelease(program, own, signed.release))
    },
  ],
  [
    'other bytes',
    '2.0.3',
    'wrong_hash',
    ({ signed }, program) =>
      writeFileSync(stored(signed.release.sha256), readFileSync(program, 'utf8').replace('exec', 'eXec')),
  ],
  ['too few bytes', '2.0.4', 'truncated', ({ signed }) => truncateSync(stored(signed.release.sha256), 20)],
  ['too many bytes', '2.0.5', 'wrong_length', ({ signed }) => appendFileSync(stored(signed.release.sha256), 'more')],
  ['an old version', '0.9.0', 'not_newer', () => {}],
  [
    'the version of another platform',
    '2.0.6',
    'wrong_platform',
    async ({ id }, program) =>
      tampered(id, await signRelease(program, fleet.key, { version: '2.0.6', platform: 'plan9-mips' })),
  ],
]
test.each(evil)(
  'a control plane that gives out %s is refused, and nothing changes on the disk',
  async (_what, version, reason, tamper) => {
    const two = agents[1]!
    const program = buildVersion(suite.folder, version)
    const before = onDisk(two)
    const released = await fleet.release(program, version)
    await tamper(released, program)
    const rollout = await fleet.rollOut(released.id, [{ agents: [two.id] }])
    const over = await fleet.until(rollout, ({ state }) => state === 'rolled_back')
    expect(over).toMatchObject({ failures: 1, agents: [{ state: 'refused', reason, running: '1.0.0' }] })
    expect(onDisk(two)).toEqual(before)
    const events =
      await sql`select after from event where type = 'agent.update_refused' and subject_id = ${two.id} and after ->> 'rollout' = ${rollout}`
    expect(events).toMatchObject([{ after: { reason, version: expect.any(String) } }])
    await fleet.call('DELETE', `/agent-releases/${released.id}`)
  },
  200_000,
)

test('a program that doesn’t start here is refused before anything stops', async () => {
  const program = buildVersion(suite.folder, '2.1.0')
  writeFileSync(program, '#!/bin/sh\nexit 127\n')
  const { id } = await fleet.release(program, '2.1.0')
  const before = onDisk(agents[1]!)
  const rollout = await fleet.rollOut(id, [{ agents: [agents[1]!.id] }])
  const over = await fleet.until(rollout, ({ state }) => state === 'rolled_back')
  expect(over.agents).toMatchObject([{ state: 'refused', reason: 'does_not_start' }])
  expect(onDisk(agents[1]!)).toEqual(before)
}, 200_000)

test('what is held waits, goes on, and is rolled back on demand; then the next key alone is trusted', async () => {
  const next = join(suite.folder, 'next.key')
  const next_key = makeKey(next)
  const { id } = await fleet.release(buildVersion(suite.folder, '3.0.0'), '3.0.0', next_key)
  const rollout = await fleet.rollOut(id, [{ agents: [agents[2]!.id] }, { agents: [agents[3]!.id] }], {
    soak_seconds: 8,
  })
  await fleet.until(rollout, ({ waves }) => waves[0]?.updated === 1)
  await fleet.call('POST', `/agent-rollouts/${rollout}/pause`, { reason: 'it is Friday' })
  await Bun.sleep(12_000)
  expect(await fleet.rollout(rollout)).toMatchObject({ state: 'paused', wave: 1, reason: 'it is Friday' })
  await fleet.runs(agents[3]!, '1.0.0')
  await fleet.call('POST', `/agent-rollouts/${rollout}/resume`)
  await fleet.until(rollout, ({ state }) => state === 'completed')
  await fleet.call('POST', `/agent-rollouts/${rollout}/roll-back`, { reason: 'customers complain' })
  await fleet.until(rollout, ({ state }) => state === 'rolled_back')
  for (const agent of agents) await fleet.runs(agent, '1.0.0')

  // the key that signed 3.0.0 named another in its place
  const old = await fleet.release(buildVersion(suite.folder, '3.1.0'), '3.1.0')
  const refused = await fleet.rollOut(old.id, [{ agents: [agents[2]!.id] }])
  expect(await fleet.until(refused, ({ state }) => state === 'rolled_back')).toMatchObject({
    agents: [{ reason: 'unknown_key' }],
  })
  fleet.key = next
  fleet.trusts(next_key)
  const { id: newest } = await fleet.release(buildVersion(suite.folder, '3.2.0'), '3.2.0')
  const trusted = await fleet.rollOut(newest, [{ agents: [agents[2]!.id] }, { agents: [agents[1]!.id] }])
  const over = await fleet.until(trusted, ({ state }) => state === 'rolled_back')
  // the first wave learnt the key; an agent that never ran 3.0.0 did not
  expect(over.agents.map(({ reason, state }) => [state, reason])).toEqual([
    ['went_back', null],
    ['refused', 'unknown_key'],
  ])
  expect(readFileSync(join(agents[2]!.state, 'release-keys'), 'utf8')).toBe(`${next_key}\n`)
  await wholeReports(sql)
}, 400_000)
