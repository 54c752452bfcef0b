/** NATS beyond loopback: by TLS alone, and only with a certificate of somebody whom we trust. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createUser } from '@nats-io/nkeys'
import { connect } from '@nats-io/transport-node'
import pino from 'pino'
import { afterAll, afterEach, beforeAll, expect, inject, test, vi } from 'vitest'
import { connectionOptions } from '#agent/connection.ts'
import { connectBus } from '#control-plane/bus/index.ts'
import { type Nats, prepareNats } from '../../deploy/nats.ts'
import { freePort } from '../../deploy/port.ts'
import { selfSigned } from '../connectors/certificates.ts'
import { Suite } from '../setup/stack.ts'
import { startChild } from '../setup/stand.ts'
import { seedOf } from './intruder.ts'

let suite: Suite
let server: Nats
let cert: string

/** The files of a certificate that nobody but itself vouches for. */
async function certificate(name: string): Promise<{ cert: string; key: string }> {
  const files = { cert: join(suite.folder, `${name}.pem`), key: join(suite.folder, `${name}.key`) }
  const { cert: shown, key } = await selfSigned(name)
  writeFileSync(files.cert, shown)
  writeFileSync(files.key, key, { mode: 0o600 })
  return files
}

beforeAll(async () => {
  suite = new Suite()
  const files = await certificate('localhost')
  cert = files.cert
  process.env.ATALAYA_NATS_CA = cert
  const listen = { host: '127.0.0.1', port: await freePort(), name: 'localhost', ...files }
  server = await prepareNats(mkdtempSync(join(suite.folder, 'nats-')), inject('natsServer'), undefined, listen)
  const child = await startChild(server.program, suite.folder, server.ready)
  suite.atEnd(() => child.stop())
})
afterEach(() => {
  delete process.env.ATALAYA_NATS_CA
})
afterAll(() => suite.end())

async function asAgent(nats_url = server.url) {
  const key = createUser()
  const { jwt } = await server.authority.issue('a1', key.getPublicKey(), 60, Date.now())
  const identity = { agent_id: 'a1', seed: seedOf(key), nats_url }
  return { ...connectionOptions(identity, () => jwt), reconnect: false, timeout: 5_000 }
}

test('an agent comes in where the certificate is vouched for, and sends nothing where it is not', async () => {
  expect(server.url).toMatch(/^tls:\/\/localhost:\d+$/)
  process.env.ATALAYA_NATS_CA = cert
  const nats = await connect(await asAgent())
  expect(nats.info?.tls_required).toBe(true)
  await nats.close()
  process.env.ATALAYA_NATS_CA = (await certificate('elsewhere')).cert
  await expect(asAgent().then(connect)).rejects.toThrow()
  delete process.env.ATALAYA_NATS_CA
  await expect(asAgent().then(connect)).rejects.toThrow()
})

test('a server that offers no TLS is not spoken to where the address asks for it', async () => {
  const plain = await prepareNats(mkdtempSync(join(suite.folder, 'plain-')), inject('natsServer'))
  const child = await startChild(plain.program, suite.folder, plain.ready)
  suite.atEnd(() => child.stop())
  await expect(asAgent(`tls://localhost:${plain.port}`).then(connect)).rejects.toThrow(/tls/i)
})

test('the control plane comes in by the same certificate, and the supervisor finds the server well', async () => {
  process.env.ATALAYA_NATS_CA = cert
  const login = (name: string) => server.authority.login(name)
  const bus = connectBus({ url: server.url, ca: cert, login }, pino({ level: 'silent' }))
  await vi.waitFor(() => expect(bus.connected()).toBe(true), { timeout: 20_000 })
  await bus.close()
  expect(await server.program.healthy?.()).toBe(true)
})
