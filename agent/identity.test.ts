/** Who the agent is, how it signs and how it became so. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createUser, fromPublic } from '@nats-io/nkeys'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Config } from './config.ts'
import { enrol, learnAddress } from './enrol.ts'
import { loadIdentity, saveIdentity, signer } from './identity.ts'
import { connection } from './connection.ts'

let state: string
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'atalaya-identity-'))
})
afterEach(() => rmSync(state, { recursive: true }))

/** A control plane that answers each request alike, for as long as the test takes. */
async function answering(status: number, body: unknown, run: (url: string, asked: () => unknown) => Promise<void>) {
  let asked = ''
  let path = ''
  const server = createServer((request, response) => {
    path = `${request.method} ${request.url}`
    request.on('data', (chunk) => (asked += chunk))
    request.on('end', () =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  try {
    await run(`http://127.0.0.1:${port}`, () => ({ path, ...JSON.parse(asked) }))
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

test('a signature by the runtime is the signature by nkeys', () => {
  for (let n = 0; n < 10; n++) {
    const key = createUser()
    const text = crypto.getRandomValues(new Uint8Array(200))
    const signature = signer(new TextDecoder().decode(key.getSeed()))(text)
    expect(Buffer.from(signature, 'base64').equals(Buffer.from(key.sign(text)))).toBe(true)
    expect(fromPublic(key.getPublicKey()).verify(text, Buffer.from(signature, 'base64'))).toBe(true)
  }
})

test('enrolment sends the public half of a new key and keeps the rest for its owner alone', async () => {
  const answer = { agent_id: 'agent-1', nats_url: 'nats://u:p@127.0.0.1:4222', credential: null }
  await answering(201, answer, async (url, asked) => {
    const identity = await enrol({ url, token: 'once', name: 'web-1', state, machine_id: 'm' })
    expect(asked()).toMatchObject({ path: 'POST /api/v1/agents/enrol', token: 'once', name: 'web-1', machine_id: 'm' })
    expect(asked()).toHaveProperty('public_key', expect.stringMatching(/^U[A-Z2-7]{55}$/))
    expect(JSON.stringify(asked())).not.toContain(identity.seed)
    expect(loadIdentity(state)).toEqual(identity)
    expect(statSync(join(state, 'agent.json')).mode & 0o777).toBe(0o600)
    await expect(enrol({ url, token: 'again', state, machine_id: null })).rejects.toThrow(
      /holds the agent agent-1 already/,
    )
  })
})

test('a refused enrolment says why in the control plane’s own words, and leaves nothing', async () => {
  await answering(401, { title: 'Unauthorized', detail: 'this token was used already' }, async (url) => {
    await expect(enrol({ url, token: 'used', state, machine_id: null })).rejects.toThrow('this token was used already')
  })
  await answering(502, null, async (url) => {
    await expect(enrol({ url, token: 'x', state, machine_id: null })).rejects.toThrow(/answered 502/)
  })
  await expect(enrol({ url: 'http://127.0.0.1:1', token: 'x', state, machine_id: null })).rejects.toThrow(
    /didn't answer/,
  )
  expect(loadIdentity(state)).toBeNull()
})

test('credentials in the address reach NATS apart from it', () => {
  const here = { servers: '127.0.0.1:14222', user: 'agent-1', pass: 'p@ss' }
  expect(connection('nats://agent-1:p%40ss@127.0.0.1:14222')).toEqual(here)
  expect(connection('nats://secret@localhost')).toEqual({ servers: 'localhost:4222', token: 'secret' })
  expect(connection('tls://a:b@h:1')).toMatchObject({ servers: 'h:1', tls: {} })
})

test('nothing is sent in the clear but to this machine', () => {
  for (const url of ['nats://h', 'nats://127.evil.example', 'nats://10.0.0.1:4222', 'ws://h'])
    expect(() => connection(url), url).toThrow(/in the clear/)
})

test('an agent from before it was kept learns its control plane’s address once, and keeps its key', () => {
  const old = { agent_id: 'agent-1', seed: `SU${'A'.repeat(56)}`, nats_url: 'nats://u:p@127.0.0.1:4222' }
  saveIdentity(state, old)
  expect(learnAddress(state, 'https://atalaya.example')).toBe(true)
  expect(loadIdentity(state)).toEqual({ ...old, url: 'https://atalaya.example' })
  expect(learnAddress(state, 'https://other.example')).toBe(false)
})

const source = {
  id: '019aa000-0000-7000-8000-000000000001',
  connector: 'host',
  realm: 'r',
  interval_ms: 10_000,
  settings: {},
}

test('only a higher version replaces the configuration, and the last one is there after a restart', () => {
  const broken = () => expect.fail('the file is whole')
  const config = new Config(state, broken)
  expect(config.take({ version: 3, sources: [source] })).toBe(true)
  expect(config.take({ version: 3, sources: [] })).toBe(false)
  expect(config.take({ version: 2, sources: [] })).toBe(false)
  expect(new Config(state, broken).current).toEqual({ version: 3, sources: [source] })
  expect(statSync(join(state, 'config.json')).mode & 0o777).toBe(0o600)
})

test('a kept configuration that can’t be read is told and does not stop the agent', () => {
  writeFileSync(join(state, 'config.json'), '{"version":')
  const told: unknown[] = []
  const config = new Config(state, (error) => told.push(error))
  expect(told).toHaveLength(1)
  expect(config.current.sources).toEqual([])
  expect(config.take({ version: 1, sources: [source] })).toBe(true)
})
