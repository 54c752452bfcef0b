import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import pino from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Bus, connectBus } from '#control-plane/bus/index.ts'
import { numberCommitted, streamPublisher } from '#control-plane/events/dispatch.ts'
import { append, closeNotice, listEvents, listNotices, openNotice } from '#control-plane/events/index.ts'
import { createLive } from '#control-plane/events/live.ts'
import { startChild } from '../setup/stand.ts'
import { ownNats, Suite } from '../setup/stack.ts'
import { prepared, type Prepared } from './prepared.ts'

const silent = pino({ level: 'silent' })
const INSTALLATION = '0198c5d0-0000-7000-8000-000000000000'
let suite: Suite
let at: Prepared
let bus: Bus
let nats: Awaited<ReturnType<typeof ownNats>>
beforeAll(async () => {
  suite = new Suite()
  at = await prepared(suite, '2026-11-01T00:00:00Z')
  nats = await ownNats(suite)
  bus = connectBus({ url: nats.server.url, login: (name) => nats.server.authority.login(name) }, silent)
  suite.atEnd(() => bus.close())
  await until(() => bus.connected())
})
afterAll(() => suite.end())

async function until(holds: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const end = Date.now() + ms
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`it did not come true within ${ms} ms: ${holds}`)
    await Bun.sleep(20)
  }
}

const happen = (id: string) => at.run((ctx) => append(ctx, { type: 'thing.happened', subject: { kind: 'thing', id } }))
const dispatching = () => ({ db: at.db, bus, now: () => at.clock.now })
const numberAll = async () => {
  while ((await numberCommitted(dispatching())) > 0);
}
const events = (limit = 500) => at.run((ctx) => listEvents(ctx, { limit }))

test('events are numbered 1, 2, 3 … without holes, though many commit and several dispatchers run at once', async () => {
  await Promise.all(Array.from({ length: 60 }, (_, index) => happen(`thing-${index}`)))
  await Promise.all(Array.from({ length: 4 }, numberAll))
  await numberAll()
  const numbers = (await events()).items.map(({ number }) => number ?? 0).toSorted((a, b) => a - b)
  expect(numbers).toEqual(numbers.map((_, index) => index + 1))
  expect(numbers.length).toBeGreaterThanOrEqual(60)
})

test('an event of a transaction that fails never was', async () => {
  const before = (await events()).items.length
  await at
    .run(async (ctx) => {
      await append(ctx, { type: 'thing.happened', subject: { kind: 'thing', id: 'undone' } })
      throw new Error('undone')
    })
    .catch(() => {})
  expect((await events()).items).toHaveLength(before)
})

test('pages of events hold each event once', async () => {
  const seen: string[] = []
  for (let cursor: string | undefined; ;) {
    const { items, next_cursor } = await at.run((ctx) => listEvents(ctx, { limit: 7, cursor }))
    seen.push(...items.map(({ id }) => id))
    if (next_cursor === null) break
    cursor = next_cursor
  }
  expect(new Set(seen).size).toBe(seen.length)
  expect(seen).toHaveLength((await events()).items.length)
})

test('a notice is told once while it lasts, and can be told again after it ended', async () => {
  const notice = { code: 'test.trouble', subject: { kind: 'thing', id: 'one', name: 'One' } }
  const open = () => at.run((ctx) => openNotice(ctx, notice))
  expect(await Promise.all([open(), open(), open()])).toEqual(expect.arrayContaining([true, false, false]))
  expect(await at.run((ctx) => listNotices(ctx, true))).toHaveLength(1)
  expect(await at.run((ctx) => closeNotice(ctx, notice.code, 'one'))).toBe(true)
  expect(await at.run((ctx) => closeNotice(ctx, notice.code, 'one'))).toBe(false)
  expect(await open()).toBe(true)
})

async function streamed(): Promise<number[]> {
  const nc = await connect(await nats.server.login('test'))
  const manager = await jetstreamManager(nc)
  const { state } = await manager.streams.info('atalaya-events')
  const numbers: number[] = []
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    const message = await manager.streams.getMessage('atalaya-events', { seq })
    if (message) numbers.push((message.json() as { number: number }).number)
  }
  await nc.close()
  return numbers
}

test('the public stream holds every event once and in order, also after NATS was away and by another process', async () => {
  await numberAll()
  const publish = streamPublisher(dispatching(), async () => INSTALLATION)
  await publish()
  await nats.child.stop()
  await until(() => !bus.connected())
  await happen('while-nats-was-away')
  await numberAll()
  const again = await startChild(nats.server.program, suite.folder, nats.server.ready)
  suite.atEnd(() => again.stop())
  await until(() => bus.connected(), 20_000)
  const other = streamPublisher(dispatching(), async () => INSTALLATION)
  // the stream has a connection of its own, which comes back in its own time
  const comesThrough = (told: () => Promise<unknown>) =>
    told().then(
      () => true,
      () => false,
    )
  await until(() => comesThrough(publish), 20_000)
  await Promise.all([publish(), other()])
  await other()
  const numbers = await streamed()
  expect(numbers).toEqual(numbers.map((_, index) => index + 1))
  expect(numbers).toHaveLength((await events()).items.length)
})

test('a live client hears of changes after hello; one that does not read is cut, the others stay', async () => {
  const live = createLive(bus, () => at.clock.now)
  suite.atEnd(() => live.close())
  const heard: string[] = []
  const cut: string[] = []
  const client = (name: string, send: (text: string) => boolean) =>
    live.join({
      of: name,
      send,
      close: () => cut.push(name),
      still_valid: async () => true,
      view: null,
      look: async () => null,
    })
  client('reader', (text) => heard.push(text) > 0)
  let room = 2
  client('slow', () => room-- > 0)
  expect(heard[0]).toMatch(/^event: hello\ndata: \{"at":"/)
  await bus.request('v1.live.ready', '', 100).catch(() => {})
  for (const id of ['a', 'b', 'c']) await happen(id)
  await numberAll()
  await until(() => heard.filter((text) => text.startsWith('event: change')).length >= 3)
  expect(heard[1]).toMatch(/"number":\d+,"type":"thing\.happened","subject":\{"kind":"thing","id":"a"\}/)
  expect(cut).toEqual(['slow'])
})

test('readings of one second are told together, each resource once', async () => {
  const live = createLive(bus, () => at.clock.now)
  suite.atEnd(() => live.close())
  const samples: string[] = []
  const send = (text: string) => (text.startsWith('event: sample') ? samples.push(text) : 1) > 0
  live.join({ of: 'all', send, close: () => {}, still_valid: async () => true, view: null, look: async () => null })
  await bus.request('v1.live.ready', '', 100).catch(() => {})
  for (const resource_ids of [['x', 'y'], ['x'], ['y', 'z']])
    bus.publish('v1.live.sample', JSON.stringify({ resource_ids }))
  await until(() => samples.length > 0)
  expect(samples).toHaveLength(1)
  expect(samples[0]).toMatch('"resource_ids":["x","y","z"]')
})

test('requests are answered with bounded concurrency, those of one subject in turn; one that fails disturbs no other', async () => {
  let running = 0
  let most = 0
  const isFull = () => most >= 3
  bus.serve(
    'v1.test.work.*',
    'test',
    async ({ body, headers }) => {
      running += 1
      most = Math.max(most, running)
      // on a busy machine requests come slowly: the first wait for as many as may run at once
      for (let waited_ms = 0; !isFull() && waited_ms < 500; waited_ms += 10) await Bun.sleep(10)
      await Bun.sleep(10)
      running -= 1
      const text = new TextDecoder().decode(body)
      if (text === 'bad') throw new Error('a handler that fails')
      return new TextEncoder().encode(`${text} ${headers.size}`)
    },
    3,
  )
  const ask = (text: string, subject = text) =>
    bus.request(`v1.test.work.${subject}`, text, 5_000).then(
      (b) => new TextDecoder().decode(b),
      () => 'unanswered',
    )
  const answers = await Promise.all(['1', '2', 'bad', '4', '5', '6', '7'].map((text) => ask(text)))
  expect(answers).toEqual(['1 0', '2 0', 'unanswered', '4 0', '5 0', '6 0', '7 0'])
  expect(most).toBe(3)
  most = 0
  expect(await Promise.all(['1', '2', '3'].map((text) => ask(text, 'one')))).toEqual(['1 0', '2 0', '3 0'])
  expect(most).toBe(1)
})
