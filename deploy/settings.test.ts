import { expect, test } from 'vitest'
import { readSettings, Refusal } from './settings.ts'

const root = '/somewhere/atalaya'

test('without flags and variables all is started here, in .atalaya and on 8080', () => {
  expect(readSettings([], {}, root)).toEqual({
    root,
    data: `${root}/.atalaya`,
    port: 8080,
    agent: true,
    demo: false,
    databaseUrl: undefined,
    natsUrl: undefined,
    agentNatsUrl: undefined,
    natsServer: undefined,
  })
})

test('the environment chooses folder, port and outside servers; empty variables say nothing', () => {
  const env = { ATALAYA_DATA: '/data', ATALAYA_PORT: '9000', DATABASE_URL: 'postgres://x', NATS_URL: '' }
  const settings = readSettings(['--no-agent'], env, root)
  expect(settings).toMatchObject({
    data: '/data',
    port: 9000,
    agent: false,
    databaseUrl: 'postgres://x',
    natsUrl: undefined,
  })
})

test.each(['0', '65536', '80a', '-1', '8080.5'])('the port %s is refused', (port) => {
  expect(() => readSettings([], { ATALAYA_PORT: port }, root)).toThrow(Refusal)
})

test('an unknown flag or a stray word is refused, and help is no run', () => {
  expect(() => readSettings(['--no-agents'], {}, root)).toThrow(/no-agents/)
  expect(() => readSettings(['agent'], {}, root)).toThrow(Refusal)
  expect(readSettings(['--help'], {}, root)).toBeNull()
})

test('a demo has a folder and servers of its own, whatever the environment names', () => {
  const env = { ATALAYA_DATA: '/data', DATABASE_URL: 'postgres://real', NATS_URL: 'nats://real' }
  expect(readSettings(['--demo'], env, root)).toMatchObject({
    data: '/data/demo',
    demo: true,
    agent: false,
    databaseUrl: undefined,
    natsUrl: undefined,
  })
})
