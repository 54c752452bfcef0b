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
    natsListen: undefined,
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

test('NATS listens beyond loopback by TLS only, under the name that agents call', () => {
  const env = { ATALAYA_NATS_LISTEN: '0.0.0.0:4222', ATALAYA_AGENT_NATS_URL: 'tls://nats.example:4222' }
  expect(() => readSettings([], env, root)).toThrow(/ATALAYA_NATS_LISTEN/)
  const all = { ...env, ATALAYA_NATS_TLS_CERT: '/c.pem', ATALAYA_NATS_TLS_KEY: '/k.pem' }
  expect(readSettings([], all, root)?.natsListen).toEqual({
    host: '0.0.0.0',
    port: 4222,
    cert: '/c.pem',
    key: '/k.pem',
    name: 'nats.example',
  })
  const plain = { ...all, ATALAYA_AGENT_NATS_URL: 'nats://nats.example:4222' }
  expect(() => readSettings([], plain, root)).toThrow(Refusal)
})
