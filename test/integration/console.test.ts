/** One source's page: settings tried by a real agent's code over a real nats-server, what it last said, versions, the course, and replays. */
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { createUser } from '@nats-io/nkeys'
import pino from 'pino'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Commands } from '#agent/commands.ts'
import { connectionOptions } from '#agent/connection.ts'
import { Last } from '#agent/last.ts'
import { type Connector, ConnectorError, Manifest, SUBJECTS } from '#connectors/contract.ts'
import { system } from '#control-plane/base/actor.ts'
import { Problem } from '#control-plane/base/problem.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { type Bus, connectBus } from '#control-plane/bus/index.ts'
import { type Context, transact } from '#control-plane/db/index.ts'
import { listEvents } from '#control-plane/events/index.ts'
import { replay } from '#control-plane/metering/index.ts'
import {
  changeSource,
  checked,
  createSource,
  heard,
  payloadOf,
  prepareCheck,
  prepareLook,
  sourceDetail,
  sourceHealth,
  sourcesCsv,
  sourceVersions,
  watchSilence,
} from '#control-plane/sources/index.ts'
import { HIDDEN } from '#control-plane/sources/settings.ts'
import { ownNats, Suite } from '../setup/stack.ts'
import { enrolledAgent, vm } from './agent.ts'
import { market, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const START = Date.parse('2026-11-10T08:00:00.000Z')
const [WRONG, RIGHT] = ['wrong-token-of-the-test', 'right-token-of-the-test']
let suite: Suite
let world: Prepared
let bus: Bus
let agent_id: string
/** the agent's own connection, with the rights that an agent has */
let nats: NatsConnection
let said: Last

const manifest = Manifest.parse({
  name: 'example',
  version: '7',
  title: 'Example',
  description: 'An example',
  realm: 'any',
  kinds: ['vm'],
  metrics: [],
  supports: 'tests',
  permissions: 'none',
  default_interval_ms: 20_000,
  settings: {
    type: 'object',
    properties: { url: { type: 'string' }, token: { type: 'string' }, also: { type: 'string', format: 'uri' } },
    required: ['url', 'token'],
    additionalProperties: false,
  },
  secrets: ['token'],
})
const connector: Connector = {
  manifest,
  open: async ({ token }) => ({
    collect: async () => {
      if (token !== RIGHT)
        throw new ConnectorError('refused', `the vendor says no to ${String(token)}`, 'Check the token.')
      const resources = ['a', 'b'].map((name) => vm(name))
      return [
        { type: 'listing', seen_at_ms: 1, scope: { kind: 'cluster', external_id: 'c' }, complete: true, resources },
      ]
    },
    close: async () => {},
  }),
}

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(START))
  const { server } = await ownNats(suite)
  bus = connectBus({ url: server.url, login: (name) => server.authority.login(name) }, pino({ level: 'silent' }))
  suite.atEnd(() => bus.close())
  const agent = await enrolledAgent(world, 'console', world.account_id)
  agent_id = agent.id
  await world.run((ctx) => heard(ctx, { agent_id, hostname: 'h', version: '0.1.0', manifests: [manifest] }))
  const key = createUser()
  const { jwt } = await server.authority.issue(agent_id, key.getPublicKey(), 60, Date.now())
  const identity = { agent_id, seed: new TextDecoder().decode(key.getSeed()), nats_url: server.url }
  nats = await connect(connectionOptions(identity, () => jwt))
  suite.atEnd(() => nats.close())
  while (!bus.connected()) await Bun.sleep(20)
}, 60_000)
afterAll(() => suite.end())

/** The agent listens on its command subject, as the running one does. */
function listens(): () => void {
  said = new Last()
  const commands = new Commands({
    load: async () => connector,
    log: pino({ level: 'silent' }),
    told: () => {},
    pending: () => ({ batches: 2, bytes: 100 }),
    last: () => said.shown((text) => text),
  })
  const heard_ = nats.subscribe(SUBJECTS.command(agent_id), {
    callback: (_, message) =>
      commands.take({ data: message.data, answer: message.reply ? (text) => message.respond(text) : null }),
  })
  return () => heard_.unsubscribe()
}
const settings = (token: string) => ({ url: 'https://vendor.example', token })
const newSource = (token = RIGHT) =>
  world.run((ctx) =>
    createSource(ctx, { agent: agent_id, connector: 'example', realm: 'lab', settings: settings(token) }),
  )
const check = async (given: Record<string, string>, source_id?: string) => {
  const input = { agent: agent_id, connector: 'example', realm: 'lab', settings: given, source_id }
  return await checked(bus, await world.run((ctx) => prepareCheck(ctx, input)))
}
const events = async () => JSON.stringify(await world.run((ctx) => listEvents(ctx, { limit: 500 })))

test('an agent that is away, or older than the question, is told apart in words', async () => {
  expect((await check(settings(RIGHT))).error).toMatchObject({ code: 'agent_away' })
  const deaf = nats.subscribe(SUBJECTS.command(agent_id), { callback: () => {} })
  await nats.flush()
  expect((await check(settings(RIGHT))).error).toMatchObject({ code: 'agent_too_old', message: /0\.1\.0/ })
  deaf.unsubscribe()
  await nats.flush()
}, 20_000)

test('a wrong token is the connector’s own refusal at its field, the right one shows what would be seen, and nothing is stored', async () => {
  const stop = listens()
  await nats.flush()
  const before = (await world.run((ctx) => sourcesCsv(ctx))).split('\r\n').length
  const wrong = await check(settings(WRONG))
  expect(wrong).toMatchObject({
    ok: false,
    error: { code: 'refused', remedy: 'Check the token.', pointer: '/settings/token' },
  })
  expect(wrong.error?.message).toBe(`the vendor says no to ${HIDDEN}`)
  expect(await check(settings(RIGHT))).toMatchObject({
    ok: true,
    connector_version: '7',
    error: null,
    resources: [{ kind: 'vm', count: 2, names: ['a', 'b'] }],
  })
  const misspelt = world.run((ctx) =>
    prepareCheck(ctx, { agent: agent_id, connector: 'example', realm: 'lab', settings: { url: 'x' } }),
  )
  await expect(misspelt).rejects.toMatchObject({ code: 'bad_settings', errors: [{ pointer: '/settings/token' }] })
  expect((await world.run((ctx) => sourcesCsv(ctx))).split('\r\n')).toHaveLength(before)
  const told = await events()
  expect(told).toContain('source.tried')
  expect(told).not.toContain(WRONG)
  expect(told).not.toContain(RIGHT)
  stop()
})

test('a secret that is sent as dots is the stored one of that source, and of no other connector', async () => {
  const stop = listens()
  await nats.flush()
  const { id } = await newSource()
  expect(await check(settings(HIDDEN), id)).toMatchObject({ ok: true })
  await expect(check(settings(HIDDEN))).rejects.toMatchObject({ code: 'bad_settings' })
  // nobody has what is stored sent to an address of his own
  const elsewhere = { ...settings(HIDDEN), also: 'https://elsewhere.example' }
  const refused = { code: 'bad_settings', errors: [{ pointer: '/settings/token' }] }
  await expect(check(elsewhere, id)).rejects.toMatchObject(refused)
  await expect(world.run((ctx) => changeSource(ctx, id, { settings: elsewhere }))).rejects.toMatchObject(refused)
  expect(await check({ ...elsewhere, token: RIGHT }, id)).toMatchObject({ ok: true })
  const other = { agent: agent_id, connector: 'simulated', realm: 'x', settings: {}, source_id: id }
  await expect(world.run((ctx) => prepareCheck(ctx, other))).rejects.toMatchObject({ code: 'invalid' })
  stop()
})

test('what a source last said comes from its agent without the secret, however it got in', async () => {
  const stop = listens()
  await nats.flush()
  const { id } = await newSource()
  const look = async () => payloadOf(bus, await world.run((ctx) => prepareLook(ctx, id)))
  expect(await look()).toMatchObject({ seen_at: null, payload: [], error: null })
  said.keep(START, [{ type: 'readings', note: `it is ${RIGHT}` }])
  expect(await look()).toMatchObject({
    seen_at: iso(START),
    facts: { readings: 1 },
    backlog: { batches: 2, bytes: 100 },
    payload: [{ type: 'readings', note: `it is ${HIDDEN}` }],
  })
  stop()
  await nats.flush()
  expect((await look()).error).toMatchObject({ code: 'agent_away' })
})

test('who may only look neither tries settings nor replays, and a tenant sees nothing of it', async () => {
  const { id } = await newSource()
  const reader = { ...system('reader'), permissions: new Set(['agents.read'] as const) }
  const as = <T>(permissions: readonly 'agents.read'[], work: (ctx: Context) => Promise<T>) =>
    transact(world.db, { ...reader, permissions: new Set(permissions) }, () => world.clock.now, work)
  const input = { agent: agent_id, connector: 'example', realm: 'lab', settings: settings(RIGHT) }
  await expect(as(['agents.read'], (ctx) => prepareCheck(ctx, input))).rejects.toMatchObject({ code: 'forbidden' })
  const window = { from: iso(START), to: iso(START + HOUR_MS) }
  await expect(as(['agents.read'], (ctx) => replay(ctx, id, window))).rejects.toMatchObject({ code: 'forbidden' })
  const reads: ((ctx: Context) => Promise<unknown>)[] = [
    (ctx) => sourceDetail(ctx, id),
    (ctx) => sourceVersions(ctx, id),
    (ctx) => prepareLook(ctx, id),
  ]
  for (const read of reads) {
    await expect(as([], read)).rejects.toBeInstanceOf(Problem)
    await as(['agents.read'], read)
  }
})

test('versions of settings tell who, when and what, never a secret, and going back makes a new one', async () => {
  const { id } = await newSource()
  const change = (given: Record<string, string>) => world.run((ctx) => changeSource(ctx, id, { settings: given }))
  await change({ url: 'https://other.example', token: HIDDEN })
  await change({ url: 'https://other.example', token: 'another-token-of-it' })
  await world.run((ctx) => changeSource(ctx, id, { paused: true }))
  const versions = await world.run((ctx) => sourceVersions(ctx, id))
  expect(versions.map(({ changes, secrets_changed }) => [changes, secrets_changed])).toEqual([
    [[], ['token']],
    [[{ field: 'url', before: 'https://vendor.example', after: 'https://other.example' }], []],
    [[], ['token']],
  ])
  const first = versions.at(-1)!
  await world.run((ctx) => changeSource(ctx, id, { settings: first.settings, interval_ms: first.interval_ms }))
  const again = await world.run((ctx) => sourceVersions(ctx, id))
  expect(again).toHaveLength(4)
  expect(again[0]).toMatchObject({ settings: { url: 'https://vendor.example', token: HIDDEN }, secrets_changed: [] })
  expect(JSON.stringify(again)).not.toContain('another-token-of-it')
})

test('the error rate is of the time in which a source was read: a pause is none of it', async () => {
  const { id } = await newSource()
  const say = (ok: boolean) => {
    const error = ok ? undefined : { code: 'refused', message: 'm', remedy: 'r' }
    return world.run((ctx) => sourceHealth(ctx, id, { ok, duration_ms: 1, error, seen_at: world.clock.now }))
  }
  const pause = (paused: boolean) => world.run((ctx) => changeSource(ctx, id, { paused }))
  const at = (minutes: number) => (world.clock.now += minutes * 60_000)
  await say(true)
  at(15)
  await say(false)
  at(15)
  await say(true)
  await pause(true)
  at(20)
  expect(await world.run((ctx) => sourceDetail(ctx, id))).toMatchObject({ state: 'paused' })
  await pause(false)
  at(10)
  const { errors, paused_at } = await world.run((ctx) => sourceDetail(ctx, id))
  expect(paused_at).toBeNull()
  expect(errors.last_hour).toBeCloseTo(15 / 40)
  expect(errors.course.map(({ state }) => state)).toEqual(['ok', 'failing', 'paused', 'ok'])
})

test('an agent whose sources all rest is not called silent, and is again once they go on', async () => {
  const agent = await enrolledAgent(world, 'resting', world.account_id)
  await agent.send([])
  const pause = (paused: boolean) => world.run((ctx) => changeSource(ctx, agent.source, { paused }))
  const silentOnes = async () => {
    world.clock.now += 600_000
    await world.run((ctx) => watchSilence(ctx, 0))
    const { items } = await world.run((ctx) => listEvents(ctx, { limit: 100, subject_id: agent.id }))
    return items.filter(({ type }) => type === 'agent.silent').length
  }
  await pause(true)
  expect(await silentOnes()).toBe(0)
  await pause(false)
  expect(await silentOnes()).toBe(1)
})

test('a replay changes nothing where the data are the same, and mends an hour that was tampered with', async () => {
  const start = (Math.floor(world.clock.now / HOUR_MS) + 1) * HOUR_MS
  const agent = await enrolledAgent(world, 'replayed', world.account_id)
  for (let minute = 0; minute <= 180; minute += 10) {
    const at = start + minute * 60_000
    world.clock.now = at + 1_000
    const how = { epoch: { id: 'boot', origin_ms: start }, interval_ms: 600_000 }
    const listed = { ...agent.listing(at, 'h', [vm('replayed-vm')]), interval_ms: 600_000 }
    await agent.send([
      listed,
      agent.readings(at, 'replayed-vm', { 'network_transmit_bytes/eth0': minute * 1_000 }, how),
    ])
  }
  await settled(world)
  const window = { from: iso(start), to: iso(start + 3 * HOUR_MS) }
  const again = () => world.run((ctx) => replay(ctx, agent.source, window))
  const stored = () =>
    world.db.execute(sql`select id, hour, quantity::text, cut_to from usage_hour order by id`) as Promise<unknown>
  const before = JSON.stringify(await stored())
  expect(await again()).toMatchObject({ resources: 1, total: 1, changed: 0, hours: [], next_cursor: null })
  expect(JSON.stringify(await stored())).toBe(before)
  const hour = iso(start + HOUR_MS)
  await world.db.execute(
    sql`update usage_hour set quantity = quantity + 7 where hour = ${hour}::timestamptz and cut_to is null and meter = 'network_transmit_bytes'`,
  )
  expect(await again()).toMatchObject({
    changed: 1,
    hours: [{ resource: { name: 'replayed-vm' }, hour, before: '60007', after: '60000' }],
  })
  expect(await again()).toMatchObject({ changed: 0 })
  await world.db.execute(
    sql`update usage_hour set cut_to = cut_from where hour = ${hour}::timestamptz and cut_to is null and meter = 'network_transmit_bytes'`,
  )
  expect(await again(), 'a row that was taken away').toMatchObject({ changed: 1, hours: [{ before: null }] })
  expect(await again()).toMatchObject({ changed: 0 })
  world.clock.now = start + 3 * HOUR_MS + 601_000
  await agent.send([
    agent.readings(
      start + 3 * HOUR_MS + 600_000,
      'replayed-vm',
      { 'network_transmit_bytes/eth0': 190_000 },
      {
        epoch: { id: 'boot', origin_ms: start },
        interval_ms: 600_000,
      },
    ),
  ])
  expect(await again(), 'what waits to be metered is no difference').toMatchObject({ changed: 0 })
  const unsettled = JSON.stringify(await stored())
  expect(unsettled).toContain(
    iso(start + 3 * HOUR_MS)
      .slice(0, 13)
      .replace('T', ' '),
  )
  await settled(world)
  expect(JSON.stringify(await stored()), 'it was metered by the replay').toBe(unsettled)
  const long = { from: iso(start - 40 * 24 * HOUR_MS), to: iso(start) }
  await expect(world.run((ctx) => replay(ctx, agent.source, long))).rejects.toMatchObject({ code: 'invalid' })
})
