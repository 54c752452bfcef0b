/** The reporter against a real nats-server, with a control plane that drops, doubles, refuses and dies. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LIMITS, type Reply, sha256 } from '#connectors/contract.ts'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { compressed } from './batch.ts'
import { ServerClock } from './clock.ts'
import { ControlPlane, Nats, Tunnel, identity, until } from './control-plane.fixture.ts'
import { Credentials } from './credential.ts'
import { Reporter } from './report.ts'
import { Spool } from './spool.ts'
import { systemTime } from './time.ts'

const folder = mkdtempSync(join(tmpdir(), 'atalaya-report-'))
let nats: Nats
let plane: ControlPlane
let spool: Spool
let reporter: Reporter
let unknown: string[]

function openReporter(port = nats.port): Reporter {
  const log = pino({ level: 'silent' })
  return new Reporter({
    credentials: new Credentials(folder, identity(port), log),
    spool,
    clock: new ServerClock(systemTime()),
    log,
    hello: () => ({
      protocol: 1,
      oldest_protocol: 1,
      version: '0',
      hostname: 'test',
      spool: spool.id,
      first_sequence: spool.first,
      spool_bytes: spool.bytes,
      sent_at_ms: Date.now(),
      manifests: [],
    }),
    configured: () => {},
    unknownDigests: (digests) => unknown.push(...digests),
    commanded: () => {},
    acknowledged: () => {},
  })
}

const batch = (number: number) => compressed(JSON.stringify({ number }))
const fill = (count: number) => {
  for (let n = 0; n < count; n++) spool.append(batch(n), Date.now())
  reporter.added()
}
beforeAll(async () => {
  nats = await Nats.start()
})
beforeEach(async () => {
  unknown = []
  plane = await ControlPlane.start(nats.port)
  spool = Spool.open(join(folder, randomUUID()), { bytes_max: 64 * 2 ** 20, segment_bytes: 4_096, now: Date.now })
  reporter = openReporter()
})
afterEach(async () => {
  await reporter.stop()
  await plane.close()
  expect(plane.faults).toEqual([])
})
afterAll(async () => {
  await nats.kill()
  rmSync(folder, { recursive: true })
})

test('a hello comes before all else, then every batch in order with the hash of the one before', async () => {
  fill(50)
  void reporter.run()
  await until(() => spool.first === 51, 'everything acknowledged')
  const [hello, ...batches] = plane.received
  expect(hello).toMatchObject({ message: 'hello', sequence: 0, previous: '', spool: spool.id })
  expect(plane.hellos[0]).toMatchObject({ first_sequence: 1, spool: spool.id })
  expect(batches.map((one) => one.sequence)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1))
  expect(batches.map((one) => one.previous)).toEqual(['', ...batches.slice(0, -1).map((one) => one.hash)])
})

test('replies that are lost, doubled or late change nothing: each batch is stored and the spool empties', async () => {
  let turn = 0
  plane.answer = (received) => {
    turn++
    if (received.message === 'batch' && turn % 17 === 0) return null
    const reply = plane.acknowledged(received)
    return received.message === 'batch' && turn % 5 === 0 ? null : reply
  }
  fill(30)
  void reporter.run()
  await until(() => plane.stored.size === 30, 'all stored', 30_000)
  plane.answer = (received) => plane.acknowledged(received)
  await until(() => spool.first === 31, 'all acknowledged', 30_000)
}, 70_000)

test('an unacknowledged batch is never dropped while nobody listens, and goes out when somebody does', async () => {
  await plane.close()
  void reporter.run()
  fill(5)
  await Bun.sleep(400)
  expect(spool.first).toBe(1)
  plane = await ControlPlane.start(nats.port)
  await until(() => spool.first === 6, 'sent after the control plane came')
})

test('a NATS server that is killed and comes back loses nothing', async () => {
  void reporter.run()
  fill(3)
  await until(() => spool.first === 4, 'the first three')
  await nats.kill()
  fill(3)
  await Bun.sleep(300)
  await nats.start()
  await until(() => spool.first === 7, 'the rest')
}, 30_000)

test('a control plane that was killed with the question in its hands is asked again before that question is given up', async () => {
  plane.answer = (received) => (plane.hellos.length < 3 ? null : plane.acknowledged(received))
  fill(2)
  const began_ms = performance.now()
  void reporter.run()
  await until(() => spool.first === 3, 'sent after the third question')
  // three that were each waited for to the end and rested after would be 17.5 s
  expect(plane.hellos).toHaveLength(3)
  expect(performance.now() - began_ms).toBeGreaterThan(4_900)
}, 20_000)

test('a connection whose end nobody told is made anew', async () => {
  const tunnel = await Tunnel.to(nats.port)
  reporter = openReporter(tunnel.port)
  void reporter.run()
  fill(1)
  await until(() => spool.first === 2, 'the first')
  tunnel.strand()
  fill(1)
  await until(() => spool.first === 3, 'the second, by another connection', 30_000)
  await reporter.stop()
  tunnel.close()
}, 40_000)

test('a refusal that no retry mends leaves the batch in the spool and is not hammered', async () => {
  plane.answer = (received) =>
    received.message === 'hello'
      ? plane.acknowledged(received)
      : { ok: false, code: 'forged', message: 'not this agent', retry: false }
  fill(1)
  void reporter.run()
  await until(() => plane.received.length === 2, 'hello and the batch')
  await Bun.sleep(1_000)
  expect(plane.received).toHaveLength(2)
  expect(spool.first).toBe(1)
})

test('what is on the wire at once is bounded, however much waits in the spool and however soon it was answered', async () => {
  const large = compressed(
    JSON.stringify({ noise: Buffer.from(crypto.getRandomValues(new Uint8Array(65_536))).toString('hex') }),
  )
  const fits = Math.ceil(LIMITS.inFlightBytes / large.length)
  const answered = fits * 2
  let held = 0
  plane.answer = (received) => {
    if (received.message === 'hello' || received.sequence <= answered) return plane.acknowledged(received)
    held++
    return null
  }
  for (let n = 0; n < fits * 4; n++) spool.append(large, n)
  void reporter.run()
  await until(() => held >= fits, 'as much as may be in flight')
  await Bun.sleep(300)
  expect(held).toBe(fits)
})

test('while nobody answers, no more than a few batches are sent', async () => {
  plane.answer = (received) => (received.message === 'hello' ? plane.acknowledged(received) : null)
  fill(40)
  void reporter.run()
  await until(() => plane.received.length > 4, 'the first batches')
  await Bun.sleep(300)
  expect(plane.received).toHaveLength(1 + 4)
})

test('digests that the control plane does not hold reach the lister', async () => {
  const digest = sha256('never seen')
  plane.answer = (received) => ({
    ...(plane.acknowledged(received) as Reply & { ok: true }),
    unknown_digests: [digest],
  })
  void reporter.run()
  await until(() => unknown.length > 0, 'told')
  expect(unknown).toEqual([digest])
})

test('a disk that went back in time gets a new spool: no sequence stands for two batches', async () => {
  const { id } = spool
  plane.answer = (received) =>
    received.message === 'hello' && received.spool === id
      ? { ok: true, watermark: 500, stored_at_ms: Date.now(), unknown_digests: [] }
      : plane.acknowledged(received)
  fill(3)
  void reporter.run()
  await until(() => spool.id !== id && spool.first === 4, 'renewed and sent')
  expect([...plane.stored.keys()].every((stored) => stored.startsWith(spool.id))).toBe(true)
})
