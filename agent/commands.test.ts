import { expect, test } from 'vitest'
import {
  Abilities,
  CheckReply,
  type Collected,
  type Connector,
  ConnectorError,
  LookReply,
} from '#connectors/contract.ts'
import { Commands } from './commands.ts'
import { Last } from './last.ts'

const SECRET = 'hunter2-is-long'
const log = { debug() {}, info() {}, warn() {}, error() {} } as never
const guest = (name: string) => ({ kind: 'vm' as const, external_id: name, name, state: 'running' as const })
const listing = (...names: string[]): Collected => ({
  type: 'listing',
  seen_at_ms: 1,
  scope: { kind: 'cluster', external_id: 'lab' },
  complete: true,
  resources: names.map(guest),
})

interface Behaviour {
  collect?: (signal: AbortSignal) => Promise<Collected[]>
  emits?: Collected[]
  warns?: string
}
function connectorOf({ collect = async () => [listing('a', 'b')], emits = [], warns }: Behaviour) {
  const seen = { opened: 0, closed: 0, remembered: 0 }
  const connector = {
    manifest: { name: 'example', version: '7', secrets: ['token'] },
    async open(_settings: unknown, around: Parameters<Connector['open']>[1]) {
      seen.opened += 1
      if (warns) around.log('warn', warns)
      await around.memory.set({ kept: true })
      return {
        collect: async (signal: AbortSignal) => {
          around.emit(emits)
          return await collect(signal)
        },
        close: async () => void (seen.closed += 1),
      }
    },
  } as unknown as Connector
  return { connector, seen }
}

const told: unknown[] = []
const commandsWith = (connector: Connector | null) =>
  new Commands({
    load: async () => connector,
    log,
    told: (data) => told.push(data),
    pending: () => ({ batches: 3, bytes: 9 }),
    last: () => undefined,
  })
const ask = (commands: Commands, command: object): Promise<unknown> =>
  new Promise((resolve) =>
    commands.take({
      data: new TextEncoder().encode(JSON.stringify(command)),
      answer: (text) => resolve(JSON.parse(text)),
    }),
  )
const check = async (behaviour: Behaviour, over: object = {}) => {
  const { connector, seen } = connectorOf(behaviour)
  const settings = { token: SECRET }
  const command = { command: 'check', connector: 'example', realm: 'lab', interval_ms: 1_000, settings, timeout_ms: 50 }
  const reply = CheckReply.parse(await ask(commandsWith(connector), { ...command, ...over }))
  return { reply, seen }
}

test('a check says what it saw, closes what it opened, and reports nothing', async () => {
  const reading: Collected = { type: 'readings', seen_at_ms: 1, resource: { kind: 'vm', external_id: 'a' } }
  const { reply, seen } = await check({ emits: [reading], warns: `the token ${SECRET} is weak` })
  expect(reply).toMatchObject({
    version: '7',
    error: null,
    resources: [{ kind: 'vm', count: 2, names: ['a', 'b'] }],
    scopes: [{ kind: 'cluster', external_id: 'lab', complete: true, count: 2 }],
    measured: 1,
    warnings: ['the token ••• is weak'],
  })
  expect(seen).toMatchObject({ opened: 1, closed: 1 })
})

test('a check that fails gives the connector’s own words and remedy, without the secret, beside what was seen', async () => {
  const refusal = new ConnectorError('refused', `no: ${SECRET}`, 'Check the token.')
  const collect = () => Promise.reject(refusal)
  const { reply } = await check({ collect, emits: [listing('a')] })
  expect(reply.error).toEqual({ code: 'refused', message: 'no: •••', remedy: 'Check the token.' })
  expect(reply.resources).toMatchObject([{ kind: 'vm', count: 1 }])
})

test('a check ends in its time, also where a connector hangs and heeds no signal', async () => {
  const { reply } = await check({ collect: () => new Promise(() => {}) })
  expect(reply.error).toMatchObject({ code: 'timeout' })
}, 10_000)

test('a connector that this agent doesn’t have is said so', async () => {
  const command = { command: 'check', connector: 'x', realm: 'r', interval_ms: 1_000, settings: {}, timeout_ms: 50 }
  expect(await ask(commandsWith(null), command)).toMatchObject({ error: { code: 'bad_settings' } })
})

test('fields of a later control plane are left out, and what is no check is not answered', async () => {
  expect((await check({}, { later: true })).reply.error).toBeNull()
  const commands = commandsWith(connectorOf({}).connector)
  const silent = Promise.race([ask(commands, { command: 'check', connector: 7 }), Bun.sleep(30).then(() => 'silent')])
  expect(await silent).toBe('silent')
  expect(await Promise.race([ask(commands, { command: 'unheard of' }), Bun.sleep(30).then(() => 'silent')])).toBe(
    'silent',
  )
})

test('no more than two checks run at once; the third is told so', async () => {
  const commands = commandsWith(connectorOf({ collect: () => Bun.sleep(100).then(() => []) }).connector)
  const command = { command: 'check', connector: 'e', realm: 'r', interval_ms: 1_000, settings: {}, timeout_ms: 500 }
  const replies = await Promise.all([1, 2, 3].map(() => ask(commands, command)))
  expect(replies.map((reply) => CheckReply.parse(reply).error?.code ?? 'ok').toSorted()).toEqual(['limit', 'ok', 'ok'])
})

test('what wants no answer goes to the updates, and who asks what an agent can is told', async () => {
  const commands = commandsWith(null)
  commands.take({ data: new TextEncoder().encode('{"command":"update"}'), answer: null })
  expect(told).toHaveLength(1)
  expect(Abilities.parse(await ask(commands, { command: 'abilities' }))).toMatchObject({
    commands: ['check', 'look'],
    pending: { batches: 3, bytes: 9 },
  })
})

test('what a source said last is a part of it, bounded, without secrets, and says how much is left out', () => {
  const last = new Last()
  const clean = (text: string) => text.replaceAll(SECRET, '•••')
  expect(LookReply.parse(last.shown(clean))).toMatchObject({ seen_at_ms: null, payload: '[]' })
  const resources = Array.from({ length: 30 }, (_, index) => guest(`vm-${index}`))
  const readings = Array.from({ length: 25 }, (_, index) => ({ type: 'readings', key: `"${SECRET}" ${index}` }))
  last.keep(5, [{ type: 'snapshot', resources }, ...readings])
  const shown = LookReply.parse(last.shown(clean))
  expect(shown).toMatchObject({ seen_at_ms: 5, facts: { snapshot: 1, readings: 25 }, left_out: 15 + 10 })
  expect(shown.payload).not.toContain(SECRET)
  expect(JSON.parse(shown.payload)).toHaveLength(11)
  last.keep(6, [{ type: 'readings', text: 'x'.repeat(70_000) }])
  expect(last.shown(clean)).toMatchObject({ payload: '[]', left_out: 1 })
})
