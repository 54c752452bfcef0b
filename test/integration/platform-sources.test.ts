import { createUser } from '@nats-io/nkeys'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Manifest } from '#connectors/contract.ts'
import { Problem } from '#control-plane/base/problem.ts'
import { listEvents, listNotices } from '#control-plane/events/index.ts'
import {
  agentForReport,
  changeSource,
  configOf,
  createEnrolment,
  createSource,
  deleteSource,
  enrol,
  getSource,
  heard,
  listAgents,
  listSources,
  revokeAgent,
  sourceFacts,
  sourceHealth,
  sourcesOf,
  watchSilence,
} from '#control-plane/sources/index.ts'
import { HIDDEN } from '#control-plane/sources/settings.ts'
import { Suite } from '../setup/stack.ts'
import { prepared, type Prepared } from './prepared.ts'

let suite: Suite
let at: Prepared
beforeAll(async () => {
  suite = new Suite()
  at = await prepared(suite, '2026-11-01T00:00:00Z')
})
afterAll(() => suite.end())

const manifest = Manifest.parse({
  name: 'example',
  version: '1',
  title: 'Example',
  description: 'An example',
  realm: 'the name of the cluster',
  kinds: ['vm'],
  metrics: [],
  supports: '1 to 2',
  permissions: 'read',
  default_interval_ms: 20_000,
  settings: {
    type: 'object',
    properties: { uri: { type: 'string' }, password: { type: 'string' } },
    required: ['uri', 'password'],
    additionalProperties: false,
  },
  secrets: ['password'],
})

const newToken = async () =>
  (await at.run((ctx) => createEnrolment(ctx, { expires_in_hours: 1, uses: 1, labels: {} }))).token
const enrolAs = (name: string, token: string, machine_id = '') => {
  const public_key = createUser().getPublicKey()
  return at.run((ctx) => enrol(ctx, { token, name, public_key, machine_id, version: '0.1.0' }))
}
const newAgent = async (name: string, machine_id = ''): Promise<string> => {
  const agent_id = await enrolAs(name, await newToken(), machine_id)
  await at.run((ctx) => heard(ctx, { agent_id, hostname: name, manifests: [manifest, { nonsense: true }] }))
  return agent_id
}
const refusalOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) =>
      error instanceof Problem ? { code: error.code, at: error.errors.map((e) => e.pointer) } : error,
  )
const typesOf = async (subject_id: string) =>
  (await at.run((ctx) => listEvents(ctx, { limit: 100, subject_id }))).items.map(({ type }) => type).toReversed()

test('an enrolment token makes one agent, also when two machines show it at once, and none after its time', async () => {
  const token = await newToken()
  const outcomes = await Promise.all([refusalOf(enrolAs('first', token)), refusalOf(enrolAs('second', token))])
  expect(outcomes).toEqual(expect.arrayContaining([null, { code: 'unauthenticated', at: [] }]))
  const late = await newToken()
  at.clock.now += 3_600_000
  expect(await refusalOf(enrolAs('late', late))).toMatchObject({ code: 'unauthenticated' })
})

test('an agent with a machine of its own reports it from the start, for the first account', async () => {
  const agent_id = await newAgent('with-machine', 'machine-1')
  const { version, sources } = await at.run((ctx) => configOf(ctx, agent_id))
  expect(version).toBeGreaterThan(0)
  expect(sources).toMatchObject([{ connector: 'host', realm: 'machine-1', interval_ms: 10_000, settings: {} }])
  expect(await at.run((ctx) => sourcesOf(ctx, agent_id))).toMatchObject([{ account_id: at.account_id }])
})

test('what is no manifest is left out of what an agent offers', async () => {
  await newAgent('offering')
  const agent = (await at.run(listAgents)).find(({ name }) => name === 'offering')
  expect(agent?.connectors).toEqual(['example'])
})

test('a source needs an agent that hosts its connector and settings that fit, each wrong field named', async () => {
  await newAgent('hosting')
  const make = (change: object) =>
    refusalOf(
      at.run((ctx) =>
        createSource(ctx, { agent: 'hosting', connector: 'example', realm: 'lab', settings: {}, ...change }),
      ),
    )
  expect(await make({ agent: 'nobody' })).toEqual({ code: 'invalid', at: ['/agent'] })
  expect(await make({ connector: 'other' })).toEqual({ code: 'invalid', at: ['/connector'] })
  const settings = { uri: 7, pasword: 'x' }
  expect(await make({ settings })).toEqual({
    code: 'bad_settings',
    at: ['/settings/uri', '/settings/password', '/settings/pasword'],
  })
})

test('a secret goes to the agent, is never shown, not in events either, and stays when it comes back hidden', async () => {
  const agent_id = await newAgent('secretive')
  const settings = { uri: 'a', password: 'hunter2' }
  const made = await at.run((ctx) =>
    createSource(ctx, { agent: agent_id, connector: 'example', realm: 'lab', settings }),
  )
  expect(made).toMatchObject({ interval_ms: 20_000, state: 'waiting', settings: { uri: 'a', password: HIDDEN } })
  const before = (await at.run((ctx) => configOf(ctx, agent_id))).version
  await at.run((ctx) => changeSource(ctx, made.id, { settings: { uri: 'b', password: HIDDEN } }))
  const config = await at.run((ctx) => configOf(ctx, agent_id))
  expect(config.version).toBe(before + 1)
  expect(config.sources).toMatchObject([{ settings: { uri: 'b', password: 'hunter2' } }])
  expect(JSON.stringify(await at.run((ctx) => listEvents(ctx, { limit: 500 })))).not.toContain('hunter2')
})

test('a paused or deleted source is not read, but its late facts still find it', async () => {
  const agent_id = await newAgent('pausing')
  const input = { agent: agent_id, connector: 'example', realm: 'lab', settings: { uri: 'a', password: 'b' } }
  const { id } = await at.run((ctx) => createSource(ctx, input))
  const read = async () => (await at.run((ctx) => configOf(ctx, agent_id))).sources.length
  await at.run((ctx) => changeSource(ctx, id, { paused: true }))
  expect(await read()).toBe(0)
  await at.run((ctx) => changeSource(ctx, id, { paused: false }))
  expect(await read()).toBe(1)
  await at.run((ctx) => deleteSource(ctx, id))
  expect(await read()).toBe(0)
  expect(await at.run((ctx) => sourcesOf(ctx, agent_id))).toMatchObject([{ id }])
  expect(await refusalOf(at.run((ctx) => getSource(ctx, id)))).toEqual({ code: 'not_found', at: [] })
})

test('failing and recovering are one event each, however often they are said', async () => {
  const agent_id = await newAgent('failing')
  const input = { agent: agent_id, connector: 'example', realm: 'lab', settings: { uri: 'a', password: 'b' } }
  const { id } = await at.run((ctx) => createSource(ctx, input))
  const say = (ok: boolean, after_ms: number) => {
    const error = ok ? undefined : { code: 'refused', message: 'm', remedy: 'r' }
    const seen_at = at.clock.now + after_ms
    return at.run((ctx) => sourceHealth(ctx, id, { ok, duration_ms: 1, error, seen_at }))
  }
  for (const [index, ok] of [true, false, false, true, true].entries()) await say(ok, index)
  expect(await typesOf(id)).toEqual(['source.created', 'source.failing', 'source.recovered'])
  await at.run((ctx) => sourceFacts(ctx, id, at.clock.now))
  await at.run((ctx) => sourceFacts(ctx, id, at.clock.now - 60_000))
  const shown = (await at.run(listSources)).find((source) => source.id === id)
  expect(shown).toMatchObject({ state: 'ok', lag_ms: 0, error: null })
})

test('a silent agent is one event and one notice, and one event when it is back', async () => {
  const agent_id = await newAgent('silent', 'machine-2')
  const watch = (listening_since = 0) => at.run((ctx) => watchSilence(ctx, listening_since))
  at.clock.now += 30_000
  await watch()
  expect(await typesOf(agent_id)).toEqual(['agent.enrolled'])
  at.clock.now += 1
  await watch(at.clock.now - 1_000)
  expect(await typesOf(agent_id), 'our own outage').toEqual(['agent.enrolled'])
  await Promise.all([watch(), watch()])
  await watch()
  const notices = async () => (await at.run((ctx) => listNotices(ctx, true))).filter((n) => n.subject.id === agent_id)
  expect(await notices()).toMatchObject([{ code: 'agent.silent', subject: { name: 'silent' } }])
  await at.run((ctx) => heard(ctx, { agent_id }))
  expect(await notices()).toEqual([])
  expect(await typesOf(agent_id)).toEqual(['agent.enrolled', 'agent.silent', 'agent.back'])
})

test('a revoked agent is known as such, reads nothing any more, and stays revoked', async () => {
  const agent_id = await newAgent('revoked', 'machine-3')
  await at.run((ctx) => revokeAgent(ctx, agent_id))
  await at.run((ctx) => revokeAgent(ctx, agent_id))
  expect((await at.run((ctx) => agentForReport(ctx, agent_id)))?.revoked_at).toBe(at.clock.now)
  expect((await at.run((ctx) => configOf(ctx, agent_id))).sources).toEqual([])
  expect(await typesOf(agent_id)).toEqual(['agent.enrolled', 'agent.revoked'])
  const unknown = '0198c5d0-0000-7000-8000-000000000000'
  expect(await at.run((ctx) => agentForReport(ctx, unknown))).toBeNull()
})
