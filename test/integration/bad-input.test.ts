/** Bad reports: each is refused or kept in quarantine with its reason, the rest of its batch is stored, and nobody else notices. */
import { createUser } from '@nats-io/nkeys'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { DICTIONARY, LIMITS, SUBJECTS } from '#connectors/contract.ts'
import { deflateRawSync } from 'node:zlib'
import { newId } from '#control-plane/base/id.ts'
import { iso } from '#control-plane/base/time.ts'
import { rows } from '#control-plane/db/index.ts'
import { usageAccounting } from '#control-plane/rating/index.ts'
import { revokeAgent } from '#control-plane/sources/index.ts'
import { Suite } from '../setup/stack.ts'
import { type Agent, cutIntoParts, deflated, enrolledAgent, vm } from './agent.ts'
import { market, settled, timeline } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const NOW = Date.parse('2026-11-10T08:00:00.000Z')
const DAY = 86_400_000
const SENT = 'network_transmit_bytes/eth0'
let suite: Suite
let world: Prepared
let agent: Agent

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(NOW))
})
afterAll(() => suite.end())
beforeEach(async () => {
  agent = await enrolledAgent(world, newId())
})

/** What was kept of this agent's reports, the oldest first. */
const quarantine = async (of = agent) =>
  (
    await rows<{ reason: string; detail: string; source_id: string | null; sequence: string | null }>(
      world.db,
      sql`select reason, detail, source_id, sequence from quarantine where agent_id = ${of.id} order by id`,
    )
  ).map((row) => ({ ...row, mine: row.source_id === of.source }))
const stored = async (of = agent) =>
  (
    await rows<{ counters: Record<string, string> }>(
      world.db,
      sql`select counters from reading where source_id = ${of.source} order by seen_at, position`,
    )
  ).map((row) => row.counters)
const good = (at = NOW) => agent.readings(at, 'good', { [SENT]: 7 })
/** Sends bad facts between good ones; the good ones must be there afterwards. */
async function among(...bad: unknown[]) {
  const reply = await agent.send([good(), ...bad, good(NOW + 1)])
  expect(reply).toMatchObject({ ok: true, watermark: agent.sequence })
  const kept = await stored()
  expect(kept.slice(0, 1)).toEqual([{ [SENT]: '7' }])
  expect(kept.at(-1)).toEqual({ [SENT]: '7' })
  const next = await agent.send([good(NOW + 2)])
  expect(next).toMatchObject({ ok: true, watermark: agent.sequence })
  const { intake } = await world.run((ctx) => usageAccounting(ctx, { hours: 1, source_id: agent.source }))
  expect(intake.map((row) => row.balanced)).toEqual([true])
  return (await quarantine()).map(({ reason, detail }) => `${reason}: ${detail}`)
}

test.each<[string, Record<string, unknown>, string]>([
  [
    'in another unit',
    { network_receive_kilobytes: 1 },
    'unit: network_receive_kilobytes is not in the base unit: report network_receive_bytes',
  ],
  ['below zero', { [SENT]: -1 }, `value: Counter ${SENT} must be a whole number`],
  ['with a fraction', { [SENT]: 1.5 }, `value: Counter ${SENT} must be a whole number`],
  ['above 2⁶⁴ − 1', { [SENT]: '18446744073709551616' }, `value: Counter ${SENT} must be a whole number`],
  ['in words', { [SENT]: 'many' }, `value: Counter ${SENT} must be a whole number`],
  ['that nobody knows', { flux_capacity: 1 }, 'unknown_metric: There is no metric flux_capacity'],
  ['of an inherited name', { constructor: 1 }, 'unknown_metric: There is no metric constructor'],
  ['that is a gauge', { 'load_average/1m': 1 }, 'value: load_average is a gauge, reported as a counter'],
])('a counter %s is kept back alone; its neighbours in the same fact count', async (_what, counters, expected) => {
  const found = await among(agent.readings(NOW, 'mixed', { disk_read_bytes: 5, ...counters }))
  expect(found).toEqual([expect.stringContaining(expected)])
  expect(await stored()).toContainEqual({ disk_read_bytes: '5' })
})

type Nest = { within?: Nest }
const nested = (levels: number): Nest => (levels === 0 ? {} : { within: nested(levels - 1) })
const part = (over: Record<string, unknown>) => ({ ...agent.listing(NOW, 'h', [vm('a')]), ...over })
test.each<[string, () => unknown, string]>([
  ['no object', () => 7, 'malformed'],
  ['null', () => null, 'malformed'],
  ['of no known type', () => ({ ...good(), type: 'rumour' }), 'malformed'],
  ['with a field too many', () => ({ ...good(), colour: 'red' }), 'malformed'],
  ['without its resource', () => ({ ...good(), resource: undefined }), 'malformed'],
  ['about a source of another agent', () => ({ ...good(), source: newId() }), 'foreign_source'],
  ['of the day after tomorrow', () => good(NOW + 2 * DAY), 'future'],
  ['of a time before 1970', () => good(-1), 'malformed'],
  ['seen three years ago', () => good(NOW - 3 * 365 * DAY), 'past'],
  ['nested without end', () => part({ resources: [vm('a', { attributes: nested(200) })] }), 'limit'],
  [
    'with a field that JavaScript would drop',
    () => JSON.parse(`{"__proto__":1,${JSON.stringify(good()).slice(1)}`),
    'malformed',
  ],
  ['with an interval of a century', () => ({ ...good(), interval_ms: 3_155_760_000_000 }), 'limit'],
  ['with a NUL in a name', () => agent.readings(NOW, 'a\0b', { [SENT]: 1 }), 'malformed'],
  ['with half a character in a name', () => agent.readings(NOW, 'a\ud800', { [SENT]: 1 }), 'malformed'],
  [
    'with a NUL in what it describes',
    () => part({ ...agent.listing(NOW, 'h', [vm('a', { attributes: { os: 'x\0' } })]) }),
    'malformed',
  ],
  [
    'that took longer than a month',
    () => ({ type: 'health', source: agent.source, seen_at_ms: NOW, ok: true, duration_ms: 9e12 }),
    'limit',
  ],
  [
    'of more rows than a part may have',
    () => part({ resources: Array(LIMITS.rowsPerPart + 1).fill(vm('a')) }),
    'limit',
  ],
  ['of more parts than a listing may have', () => part({ parts: 51 }), 'limit'],
  ['with another digest than its content has', () => part({ digest: '0'.repeat(64) }), 'digest'],
])('a fact %s is kept with its reason, and stops nothing', async (_what, fact, reason) => {
  const found = await among(fact())
  expect(found).toEqual([expect.stringMatching(new RegExp(`^${reason}: .{20,}`))])
})

test('a listing in parts that do not fit together is kept back whole', async () => {
  const [first, second] = cutIntoParts(agent.listing(NOW, 'h', [vm('a'), vm('b')]), 2)
  expect(
    await among(first, { ...second, resources: [vm('c')].map((each) => part({ resources: [each] }).resources[0]) }),
  ).toEqual([expect.stringMatching(/^digest|^malformed/)])
})

test('a clock that is off by ages makes quarantine, never a batch that comes again for ever', async () => {
  for (const offset of [-8e15, 8e15, -NOW - 1]) {
    const reply = await agent.deliver(agent.seal([good()], offset))
    expect(reply).toMatchObject({ ok: true, watermark: agent.sequence })
  }
  expect(await quarantine()).toHaveLength(3)
  expect(await stored()).toEqual([])
  expect(await among()).toHaveLength(3)
})

test.each<[string, () => Uint8Array, string]>([
  ['is no deflate', () => new TextEncoder().encode('{"facts":[]}'), 'cannot be read'],
  ['is empty', () => new Uint8Array(), 'cannot be read'],
  ['is no JSON', () => deflated('{"facts":['), 'cannot be read'],
  ['is JSON of another shape', () => deflated([1, 2]), 'expected object'],
  ['is of another protocol shape', () => deflated({ protocol: 1, facts: [] }), 'clock_offset_ms'],
  [
    'has more facts than a batch may have',
    () => deflated({ protocol: 1, clock_offset_ms: 0, boot_id: '', facts: Array(LIMITS.factsPerBatch + 1).fill(0) }),
    'facts',
  ],
  ['inflates to a gigabyte', () => deflateRawSync(Buffer.alloc(1e8, 32), { dictionary: DICTIONARY }), 'cannot be read'],
])('a body that %s is acknowledged and kept with its reason', async (_what, body, detail) => {
  expect(await agent.deliver(agent.sealBody(body()))).toMatchObject({ ok: true, watermark: 1 })
  expect(await quarantine()).toMatchObject([
    { reason: 'malformed', sequence: '1', detail: expect.stringContaining(detail) },
  ])
  expect(await among()).toHaveLength(1)
})

const alarmOf = async (of = agent) =>
  (await rows<{ alarm: string | null }>(world.db, sql`select alarm from agent where id = ${of.id}`))[0]?.alarm
const notices = async (of = agent) =>
  (await rows<{ code: string }>(world.db, sql`select code from notice where subject_id = ${of.id}`)).map(
    (row) => row.code,
  )

test('a report under another agent’s subject, signed by its own key, is refused; the victim is told and undisturbed', async () => {
  const thief = await enrolledAgent(world, newId())
  const forged = thief.sign(
    { message: 'batch', spool: agent.spool, sequence: 1, previous: '' },
    deflated({ protocol: 1, clock_offset_ms: 0, boot_id: '', facts: [good()] }),
    thief.key,
    SUBJECTS.report(agent.id),
  )
  expect(await agent.deliver(forged)).toMatchObject({ ok: false, code: 'forged', retry: false })
  expect(await quarantine()).toMatchObject([{ reason: 'forged' }])
  expect([await stored(), await notices()]).toEqual([[], ['agent.forged_report']])
  expect(await among()).toHaveLength(1)
})

test('a signature of another body, another place in the spool, or none at all, is refused', async () => {
  const sealed = agent.seal([good()])
  const other = { ...sealed.message, body: deflated({ facts: [] }) }
  const moved = { ...sealed.message, headers: new Map([...sealed.message.headers, ['Atalaya-Sequence', '2']]) }
  const unsigned = { ...sealed.message, headers: new Map([...sealed.message.headers, ['Atalaya-Signature', '']]) }
  for (const message of [other, moved, unsigned])
    expect(await agent.deliver({ ...sealed, message })).toMatchObject({
      ok: false,
      code: expect.stringMatching(/forged|malformed/),
    })
  expect(await agent.deliver(sealed)).toMatchObject({ ok: true, watermark: 1 })
})

test('a hello that counts further than any spool can is refused in words, and the next one is heard', async () => {
  expect(await agent.hello(2 ** 31)).toMatchObject({ ok: false, code: 'malformed' })
  expect(await agent.hello()).toMatchObject({ ok: true })
})

test('unknown and revoked agents are refused, and what a revoked one reported stays', async () => {
  await agent.send([good()])
  await world.run((ctx) => revokeAgent(ctx, agent.id))
  expect(await agent.send([good(NOW + 1)])).toMatchObject({ ok: false, code: 'revoked', retry: false })
  expect(await stored()).toHaveLength(1)
  const stranger = agent.sign(
    { message: 'batch', spool: newId(), sequence: 1, previous: '' },
    deflated({}),
    createUser(),
    SUBJECTS.report(newId()),
  )
  expect(await agent.deliver(stranger)).toMatchObject({ ok: false, code: 'unknown_agent', retry: false })
  const nowhere = { ...stranger.message, subject: 'v1.report.me' }
  expect(await agent.deliver({ ...stranger, message: nowhere })).toMatchObject({ ok: false, code: 'malformed' })
})

test('a cloned spool: the same key with other content is kept apart, raises the alarm, and the first content stays', async () => {
  await agent.send([good()])
  const clone = agent.sign(
    { message: 'batch', spool: agent.spool, sequence: 1, previous: '' },
    deflated({ protocol: 1, clock_offset_ms: 0, boot_id: '', facts: [agent.readings(NOW, 'good', { [SENT]: 9 })] }),
  )
  expect(await agent.deliver(clone)).toMatchObject({ ok: true, watermark: 1 })
  expect(await quarantine()).toMatchObject([{ reason: 'cloned', mine: true }])
  expect([await stored(), await alarmOf()]).toEqual([[{ [SENT]: '7' }], 'cloned agent'])
  expect(await notices()).toContain('agent.cloned')
  expect(await among()).toHaveLength(1)
})

test('a batch whose link to the one before is not true raises the alarm, and still counts', async () => {
  await agent.send([good()])
  agent.previous = '0'.repeat(64)
  expect(await agent.send([good(NOW + 1)])).toMatchObject({ ok: true, watermark: 2 })
  expect([(await stored()).length, await alarmOf()]).toEqual([2, 'cloned agent'])
})

test('a spool folder copied to another agent is refused there, and its owner goes on', async () => {
  await agent.send([good()])
  const copy = await enrolledAgent(world, newId())
  Object.assign(copy, { spool: agent.spool, sequence: agent.sequence, previous: agent.previous })
  expect(await copy.send([copy.readings(NOW, 'x', { [SENT]: 1 })])).toMatchObject({ ok: false, code: 'foreign_spool' })
  expect(await stored(copy)).toEqual([])
  expect(await among()).toEqual([])
})

test('the same batch again is a duplicate, and counts once', async () => {
  const sealed = agent.seal([good(), agent.listing(NOW, 'h', [vm('a')])])
  for (let time = 0; time < 3; time += 1) expect(await agent.deliver(sealed)).toMatchObject({ ok: true, watermark: 1 })
  await settled(world)
  expect((await stored()).length).toBe(1)
  const { intake } = await world.run((ctx) => usageAccounting(ctx, { hours: 1, source_id: agent.source }))
  expect(intake).toMatchObject([{ received: 3, duplicate: 2, metered: 1, balanced: true }])
})

test('after a bad one, the good listings of the same batch are in force', async () => {
  const realm = newId()
  agent = await enrolledAgent(world, realm)
  await among({ ...agent.listing(NOW, 'h', [vm('a')]), digest: 'short' }, agent.listing(NOW, 'h', [vm('a')]))
  await settled(world)
  expect((await timeline(world, realm)).map((row) => row.vm)).toEqual(['a'])
})
