/** The whole agent as a process of its own: enrolled, killed, started again, stopped. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Batch, Fact, type Fact as FactOfWire, Hello, Manifest, type Reply } from '#connectors/contract.ts'
import { machineId } from '#connectors/host/client.ts'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { ControlPlane, Nats, type Received, identity, until } from './control-plane.fixture.ts'
import { saveIdentity } from './identity.ts'

const SOURCE = '019aa000-0000-7000-8000-000000000001'
const config = {
  version: 1,
  sources: [{ id: SOURCE, connector: 'host', realm: 'here', interval_ms: 1_000, settings: {} }],
}
const main = fileURLToPath(new URL('./main.ts', import.meta.url))

let nats: Nats
let plane: ControlPlane
let state: string
const running = new Set<ReturnType<typeof Bun.spawn>>()

function startAgent() {
  const agent = Bun.spawn([process.execPath, main, 'run', '--state', state], {
    stdout: 'ignore',
    stderr: 'inherit',
    env: { ...process.env, ATALAYA_LOG_LEVEL: 'silent' },
  })
  running.add(agent)
  return agent
}

beforeAll(async () => {
  nats = await Nats.start()
})
afterAll(() => nats.kill())
beforeEach(async () => {
  state = mkdtempSync(join(tmpdir(), 'atalaya-agent-'))
  saveIdentity(state, identity(nats.port))
  plane = await ControlPlane.start(nats.port)
  plane.answer = (received) => configured(received)
})
afterEach(async () => {
  for (const agent of running) agent.kill('SIGKILL')
  await Promise.all([...running].map((agent) => agent.exited))
  running.clear()
  await plane.close()
  expect(plane.faults).toEqual([])
  rmSync(state, { recursive: true })
})

function configured(received: Received): Reply {
  const reply = plane.acknowledged(received)
  return received.message === 'hello' && reply.ok ? { ...reply, config } : reply
}
const facts = (): FactOfWire[] =>
  plane.received
    .filter((one) => one.message === 'batch')
    .flatMap((one) => Batch.parse(one.facts).facts)
    .map((fact) => Fact.parse(fact))
const readings = () => facts().filter((fact) => fact.type === 'readings')

test('this machine is reported whole once, then by digest and readings, every one of them valid', async () => {
  startAgent()
  await until(() => readings().length > 8, 'several ticks', 20_000)
  const hello = Hello.parse(plane.hellos[0])
  expect(hello.manifests.map((one) => Manifest.parse(one).name)).toContain('host')
  const snapshots = facts().filter((fact) => fact.type === 'snapshot')
  expect(snapshots).toHaveLength(1)
  const [host] = snapshots[0]?.resources ?? []
  expect(host?.evidence.machine_id).toBe(machineId() ?? host?.external_id)
  const digests = facts().filter((fact) => fact.type === 'unchanged')
  expect(new Set(digests.map((fact) => fact.digest))).toEqual(new Set([snapshots[0]?.digest]))
  // on a busy machine the inventory may outlast a tick of a second, and says so
  const told = facts().filter((fact) => fact.type === 'health' && fact.error?.code !== 'overrun')
  expect(told[0]).toMatchObject({ ok: true, source: SOURCE })
  expect(told).toEqual(told.map((fact) => ({ ...fact, ok: true })))
  for (const one of readings()) expect(one.resource).toMatchObject({ kind: 'host', external_id: host?.external_id })
}, 30_000)

test('an agent killed again and again uses no sequence twice, leaves none out and goes on by itself', async () => {
  for (let round = 0; round < 3; round++) {
    const before = plane.stored.size
    const agent = startAgent()
    await until(() => plane.stored.size > before + 1, 'reports', 20_000)
    agent.kill('SIGKILL')
    await agent.exited
  }
  const spools = new Set(plane.received.map((one) => one.spool))
  expect(spools.size).toBe(1)
  expect(plane.watermark([...spools][0] ?? '')).toBe(plane.stored.size)
}, 90_000)

test('SIGTERM ends it within two seconds with 0, and what waited is in the spool for the next one', async () => {
  const agent = startAgent()
  await until(() => readings().length > 0, 'reports', 20_000)
  plane.answer = () => null
  const stored = plane.stored.size
  await Bun.sleep(2_500)
  const asked = performance.now()
  agent.kill('SIGTERM')
  expect(await agent.exited).toBe(0)
  expect(performance.now() - asked).toBeLessThan(2_000)
  plane.answer = configured
  startAgent()
  await until(() => plane.stored.size > stored + 2, 'the rest came', 20_000)
}, 60_000)

test('it collects while the control plane is away from the start, by the configuration that it kept', async () => {
  const first = startAgent()
  await until(() => readings().length > 0, 'reports', 20_000)
  first.kill('SIGTERM')
  await first.exited
  await nats.kill()
  const received = plane.received.length
  startAgent()
  await Bun.sleep(5_000)
  await nats.start()
  await until(() => plane.received.length > received + 2, 'what was collected meanwhile', 30_000)
  const hello = plane.received[received]
  expect(hello?.message).toBe('hello')
}, 90_000)
