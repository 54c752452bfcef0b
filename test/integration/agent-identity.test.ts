/** Who an agent is comes from its connection: everything else is refused by a real nats-server or by us, and leaves a record. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createUser } from '@nats-io/nkeys'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { jetstreamManager } from '@nats-io/jetstream'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { SUBJECTS } from '#connectors/contract.ts'
import { endsWithUs } from '../../deploy/process.ts'
import {
  type ControlPlane,
  freshDatabase,
  type Installation,
  ownNats,
  startAgent,
  startControlPlane,
  Suite,
} from '../setup/stack.ts'
import { startChild } from '../setup/stand.ts'
import { enrolAs, Intruder, post, seedOf, tokenOf } from './intruder.ts'

/** What the product promises is 60 s; a busy machine makes nothing else slow here. */
const WITHIN = { timeout: 60_000, interval: 100 }
const SHORT_S = 6

let suite: Suite
let nats: Awaited<ReturnType<typeof ownNats>>
let installation: Installation
let plane: ControlPlane
let sql: postgres.Sql
let mallory: Intruder
let victim: Intruder

beforeAll(async () => {
  suite = new Suite()
  nats = await ownNats(suite)
  installation = await freshDatabase(suite)
  sql = postgres(installation.superuserUrl, { max: 1, onnotice: () => {} })
  suite.atEnd(() => sql.end())
  plane = await startControlPlane(suite, installation, nats.server, { natsLog: nats.child.logFile })
  victim = await Intruder.enrolled(plane)
}, 120_000)
afterAll(() => suite.end())

async function another(): Promise<Intruder> {
  const made = await Intruder.enrolled(plane)
  suite.atEnd(() => made.close())
  return made
}

interface AuditRecord {
  type: string
  subject: { kind: string; id: string }
  after: { reason: string; detail: string; times: number }
}
/** Audit records of refusals about this subject, newest first. */
async function records(subject_id: string): Promise<AuditRecord[]> {
  const answer = await plane.api(`/audit?subject_id=${subject_id}&limit=100`)
  expect(answer.status).toBe(200)
  return ((await answer.json()) as { items: AuditRecord[] }).items.filter(({ type }) => type.endsWith('.refused'))
}
const recorded = (subject_id: string, reason: string, detail: RegExp | string = '') =>
  vi.waitFor(async () => {
    const found = (await records(subject_id)).find(({ after }) => after.reason === reason)
    expect(found, `a record of ${reason}`).toBeDefined()
    expect(found?.after.detail).toMatch(detail)
  }, WITHIN)

/** Why a connection was not made, or ended. */
const refusalOf = (work: Promise<NatsConnection>) =>
  work.then(
    () => 'let in',
    (error: unknown) => String(error),
  )
/** The next violation that the server tells on this connection. */
const violation = async (connection: NatsConnection): Promise<string> => {
  for await (const status of connection.status()) if (status.type === 'error') return String(status.error)
  return 'none'
}

test('a token makes as many agents as it has uses, with its labels, and none after: each refusal is recorded', async () => {
  const token = await tokenOf(plane, { uses: 2, labels: { site: 'madrid' } })
  const enrolled = await Promise.all([1, 2, 3, 4].map(() => enrolAs(plane, token, createUser(), 'labelled')))
  expect(enrolled.map(({ status }) => status).toSorted()).toEqual([201, 201, 401, 401])
  expect((await enrolAs(plane, token, createUser())).status).toBe(401)
  const { items } = (await (await plane.api('/agents')).json()) as { items: { name: string; labels: object }[] }
  const labelled = items.filter(({ name }) => name === 'labelled')
  expect(labelled.map(({ labels }) => labels)).toEqual([{ site: 'madrid' }, { site: 'madrid' }])

  const [{ id: used }] = await sql<[{ id: string }]>`select id from enrolment where uses = 2`
  await recorded(used, 'used_token')
  const late = await tokenOf(plane, { uses: 7 })
  const [{ id: expired }] = await sql<[{ id: string }]>`
    update enrolment set expires_at = now() - interval '1 second' where uses = 7 returning id`
  expect((await enrolAs(plane, late, createUser())).status).toBe(401)
  await recorded(expired, 'expired_token')
  expect((await enrolAs(plane, 'atalaya_enrol_that_never_was', createUser())).status).toBe(401)
  await recorded('unknown', 'unknown_token')
  const text = JSON.stringify(await (await plane.api('/events?limit=500')).json())
  expect([token, late, 'never_was'].filter((secret) => text.includes(secret))).toEqual([])
})

test.each([
  ["another agent's subject", () => SUBJECTS.report(victim.id)],
  ['a subject with a wildcard', () => 'v1.report.*'],
  ['the API of JetStream', () => '$JS.API.STREAM.DELETE.atalaya-events'],
  ["another agent's configuration", () => SUBJECTS.config(victim.id)],
  ["another agent's inbox", () => `${SUBJECTS.inbox(victim.id)}.x`],
])('a message to %s is refused and recorded', async (_what, subjectOf) => {
  mallory = await another()
  const connection = await mallory.connect()
  const heard: string[] = []
  const plain = await connect(await nats.server.login('listener'))
  plain.subscribe('v1.>', { callback: (_error, message) => void heard.push(message.subject) })
  await plain.flush()
  const told = violation(connection)
  connection.publish(subjectOf(), 'x')
  await connection.flush()
  expect(await told).toMatch(/permissions violation for publish/i)
  await plain.flush()
  await plain.close()
  expect(heard).not.toContain(subjectOf())
  await recorded(mallory.id, 'foreign_subject', `to publish to ${subjectOf()}`)
})

test.each([
  ["another agent's inbox", () => `${SUBJECTS.inbox(victim.id)}.>`],
  ['all inboxes', () => 'v1.inbox.>'],
  ["another agent's commands", () => SUBJECTS.command(victim.id)],
  ['all reports', () => 'v1.report.*'],
  ['everything', () => '>'],
])('listening to %s is refused and recorded', async (_what, subjectOf) => {
  mallory = await another()
  const connection = await mallory.connect()
  const told = new Promise((resolve) => {
    connection.subscribe(subjectOf(), { callback: (error) => resolve(String(error)) })
  })
  expect(await told).toMatch(/permissions violation for subscription/i)
  await recorded(mallory.id, 'foreign_subject', `to listen to ${subjectOf()}`)
})

test('an answer is sent to nobody but who asked: a foreign inbox makes us say nothing', async () => {
  mallory = await another()
  const connection = await mallory.connect()
  const ours = await connect(await nats.server.login('watcher'))
  // the control plane makes the stream once it has an event to put there
  const stream = async () => (await (await jetstreamManager(ours)).streams.info('atalaya-events')).config.name
  await vi.waitFor(stream, WITHIN)
  const heard: string[] = []
  ours.subscribe(`${SUBJECTS.inbox(victim.id)}.>`, { callback: (_error, message) => void heard.push(message.subject) })
  await ours.flush()
  for (const reply of [`${SUBJECTS.inbox(victim.id)}.x`, '$JS.API.STREAM.DELETE.atalaya-events'])
    connection.publish(mallory.subject, 'x', { reply })
  await connection.flush()
  await recorded(mallory.id, 'foreign_inbox')
  expect((await mallory.hello(connection)).ok, 'its own inbox still works').toBe(true)
  expect(heard).toEqual([])
  expect(await vi.waitFor(stream, WITHIN)).toBe('atalaya-events')
  await ours.close()
})

test('what a payload says of its sender counts for nothing', async () => {
  mallory = await another()
  const [connection, other] = [await mallory.connect(), await victim.connect()]
  expect((await victim.hello(other)).ok).toBe(true)
  const heardBefore = await sql`select last_heard_at from agent where id = ${victim.id}`
  const named = { protocol: 1, clock_offset_ms: 0, boot_id: 'boot', facts: [], agent_id: victim.id }
  const body = mallory.agent.sealBody((await import('./agent.ts')).deflated(named))
  expect((await mallory.deliver(connection, body, { 'Atalaya-Agent': victim.id })).ok).toBe(true)
  await recorded(mallory.id, 'malformed_report')
  const theirs = { type: 'health', source: victim.id, seen_at_ms: Date.now(), ok: true, duration_ms: 1 }
  expect((await mallory.deliver(connection, mallory.agent.seal([theirs]))).ok).toBe(true)
  await recorded(mallory.id, 'foreign_source')
  const stranger = createUser()
  const forged = mallory.agent.sign(
    { message: 'batch', spool: mallory.agent.spool, sequence: 9, previous: '' },
    new Uint8Array([1]),
    stranger,
  )
  expect(await mallory.deliver(connection, forged)).toMatchObject({ ok: false, code: 'forged' })
  await recorded(mallory.id, 'forged_report')
  expect(await mallory.hello(connection, victim.agent.spool)).toMatchObject({ ok: false, code: 'foreign_spool' })
  expect(await sql`select last_heard_at from agent where id = ${victim.id}`).toEqual(heardBefore)
})

test('a message larger than an agent may send cuts it off and is recorded', async () => {
  mallory = await another()
  const connection = await mallory.connect()
  expect(connection.info?.max_payload).toBe(772 * 1024)
  // the client itself would refuse it
  ;(connection as unknown as { protocol: { info: { max_payload: number } } }).protocol.info.max_payload = 2 ** 30
  connection.publish(mallory.subject, new Uint8Array(900_000))
  // the server closes while more of it is on its way
  expect(String(await connection.closed())).toMatch(/payload|reset/i)
  await recorded(mallory.id, 'oversize_message')
})

test('a stolen credential is worth nothing without its key', async () => {
  expect(await refusalOf(victim.connect(victim.credential.jwt, createUser()))).toMatch(/authori[sz]ation/i)
  await recorded(victim.id, 'stolen_credential')
  const thief = await another()
  const { challenge } = (await (await fetch(`${plane.origin}/api/v1/agents/challenge`)).json()) as { challenge: string }
  const signature = Buffer.from(thief.key.sign(new TextEncoder().encode(challenge))).toString('base64')
  const asked = await post(`${plane.origin}/api/v1/agents/renew`, { agent_id: victim.id, challenge, signature })
  expect(asked.status).toBe(401)
  await recorded(victim.id, 'unproven_renewal')
  const stale = { agent_id: victim.id, challenge: `1.${'A'.repeat(43)}`, signature }
  expect((await post(`${plane.origin}/api/v1/agents/renew`, stale)).status).toBe(401)
  await recorded('unknown', 'stale_renewal')
})

test('a credential that ran out ends the connection and lets nobody in again; a new one does', async () => {
  mallory = await another()
  const short = await nats.server.authority.issue(mallory.id, mallory.key.getPublicKey(), 2, Date.now())
  const connection = await mallory.connect(short.jwt)
  expect(String(await connection.closed())).toMatch(/expired/i)
  await recorded(mallory.id, 'expired_credential')
  await vi.waitFor(async () => expect(await refusalOf(mallory.connect(short.jwt))).toMatch(/authori|expired/i), WITHIN)
  const { credential } = await mallory.renew()
  expect((await mallory.hello(await mallory.connect(credential?.jwt))).ok).toBe(true)
})

test('a credential that another account or a key of nobody signed is refused', async () => {
  const { Authority, newTrust } = await import('#control-plane/bus/index.ts')
  const elsewhere = new Authority(await newTrust())
  const { jwt } = await elsewhere.issue(victim.id, victim.key.getPublicKey(), 60, Date.now())
  expect(await refusalOf(victim.connect(jwt))).toMatch(/authori/i)
  await recorded(victim.id, 'refused_credential')
})

test('a revoked agent is cut within 60 s, the others are not; it stays out, also after both servers were started anew', async () => {
  mallory = await another()
  const [connection, other] = [await mallory.connect(), await victim.connect()]
  expect((await mallory.hello(connection)).ok).toBe(true)
  const asked_ms = performance.now()
  expect((await plane.api(`/agents/${mallory.id}`, { method: 'DELETE' })).status).toBe(204)
  expect(String(await connection.closed())).toMatch(/revoked/i)
  expect(performance.now() - asked_ms).toBeLessThan(60_000)
  expect(other.isClosed()).toBe(false)
  expect((await victim.hello(other)).ok).toBe(true)
  await recorded(mallory.id, 'revoked_credential')
  expect(await refusalOf(mallory.connect())).toMatch(/authori/i)
  await recorded(mallory.id, 'refused_credential')
  await expect(mallory.renew()).rejects.toThrow(/was revoked/)
  await recorded(mallory.id, 'revoked_renewal')

  // the server alone: what it preloads is older than the revocation
  plane.child.kill()
  await nats.child.stop()
  const file = join(nats.server.folder, 'nats.conf')
  const preload = readFileSync(file, 'utf8')
  let server = await startChild(nats.server.program, suite.folder, nats.server.ready)
  expect(await refusalOf(mallory.connect())).toMatch(/authori/i)
  await (await victim.connect()).close()

  // and where even its accounts are lost, the control plane tells it again
  await server.stop()
  rmSync(join(nats.server.folder, 'accounts'), { recursive: true })
  server = await startChild(nats.server.program, suite.folder, nats.server.ready)
  suite.atEnd(() => server.stop())
  expect(readFileSync(file, 'utf8')).toBe(preload)
  plane = await startControlPlane(suite, installation, nats.server, { natsLog: nats.child.logFile })
  await vi.waitFor(async () => expect(await refusalOf(mallory.connect())).toMatch(/authori/i), WITHIN)
  expect((await victim.hello(await victim.connect())).ok).toBe(true)
}, 180_000)

/** Every report of this agent's is stored, once, and it admits no gap. */
async function reportsOf(agent_id: string): Promise<{ batches: number; last: number; gaps: number }> {
  const [row] = await sql<[{ batches: number; last: number; gaps: number }]>`
    select count(*)::int as batches, coalesce(max(b.sequence), 0)::int as last,
      (select count(*)::int from quarantine q where q.agent_id = ${agent_id}) as gaps
    from batch b join spool s on s.id = b.spool_id where s.agent_id = ${agent_id}`
  return row
}
const agentIn = (state: string) => JSON.parse(readFileSync(join(state, 'agent.json'), 'utf8')) as Record<string, string>

test('a running agent renews its credential by itself and loses no report, also after it slept past its end', async () => {
  const env = { ATALAYA_AGENT_CREDENTIAL_SECONDS: String(SHORT_S) }
  const short = await startControlPlane(suite, installation, nats.server, { env })
  const agent = await startAgent(suite, short)
  const { agent_id } = agentIn(agent.state)
  const kept = () => readFileSync(join(agent.state, 'credential.json'), 'utf8')
  const seen = new Set([kept()])
  await vi.waitFor(() => expect(seen.add(kept()).size).toBeGreaterThan(4), { timeout: 90_000, interval: 100 })
  const before = await reportsOf(agent_id!)
  expect(before.batches).toBeGreaterThan(0)
  expect(await records(agent_id!), 'it never showed one that had run out').toEqual([])

  process.kill(agent.child.pid!, 'SIGSTOP')
  await Bun.sleep((SHORT_S + 2) * 1_000)
  process.kill(agent.child.pid!, 'SIGCONT')
  // what was on its way when it fell asleep is sent again
  await vi.waitFor(async () => {
    const after = await reportsOf(agent_id!)
    expect(after.last).toBeGreaterThan(before.last + 1)
    expect(after, 'no sequence is missing, none was refused').toMatchObject({ batches: after.last, gaps: 0 })
  }, WITHIN)
  await agent.child.stop()
}, 240_000)

test('an agent from the time of passwords comes back by itself: it knows its key, and its start tells where to ask', async () => {
  const agent = await startAgent(suite, plane)
  const { agent_id, seed } = agentIn(agent.state)
  await vi.waitFor(async () => expect((await reportsOf(agent_id!)).last).toBeGreaterThan(0), WITHIN)
  await agent.child.stop()
  const old = { agent_id, seed, nats_url: `nats://agent:password@127.0.0.1:${nats.server.port}` }
  writeFileSync(join(agent.state, 'agent.json'), JSON.stringify(old))
  rmSync(join(agent.state, 'credential.json'))
  const before = await reportsOf(agent_id!)
  const again = await startChild(
    {
      title: 'The agent',
      name: 'agent-of-old',
      command: () => endsWithUs(['bun', 'agent/main.ts', 'run', '--state', agent.state]),
      cwd: join(import.meta.dirname, '../..'),
      env: { ...process.env, ATALAYA_URL: plane.origin },
      stop_ms: 5_000,
    },
    suite.folder,
    async () => true,
  )
  suite.atEnd(() => again.stop())
  await vi.waitFor(async () => expect((await reportsOf(agent_id!)).last).toBeGreaterThan(before.last), WITHIN)
  expect(agentIn(agent.state)['nats_url']).not.toContain('password')
}, 120_000)

test('the records are sealed and verified like all others, and hold no credential and no key', async () => {
  const verified = await plane.api('/audit/verification', { method: 'POST', body: '{}' })
  expect(await verified.json()).toMatchObject({ findings: [] })
  const told = await sql<{ text: string }[]>`select coalesce(after::text, '') as text from event`
  const all = told.map(({ text }) => text).join('\n') + readFileSync(plane.child.logFile, 'utf8')
  const keys = JSON.parse(readFileSync(join(nats.server.folder, 'nats.json'), 'utf8')) as Record<string, string>
  const seeds = Object.values(keys).filter((value) => /^S[A-Z]/.test(String(value)))
  const secrets = [...seeds, victim.credential.jwt, seedOf(victim.key), mallory.credential.jwt]
  expect(secrets.filter((secret) => all.includes(secret))).toEqual([])
})
