/** NATS beyond loopback: by TLS alone, and only with a certificate of somebody whom we trust. */
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { createUser } from '@nats-io/nkeys'
import { connect } from '@nats-io/transport-node'
import pino from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test, vi } from 'vitest'
import { connectionOptions } from '#agent/connection.ts'
import { connectBus } from '#control-plane/bus/index.ts'
import { type Nats, prepareNats } from '../../deploy/nats.ts'
import { freePort } from '../../deploy/port.ts'
import { skipWithout } from '../setup/skip.ts'
import { Suite } from '../setup/stack.ts'
import { startChild } from '../setup/stand.ts'
import { seedOf } from './intruder.ts'

let suite: Suite
let server: Nats
let cert: string

/** A certificate that nobody but itself vouches for. */
function certificate(name: string): { cert: string; key: string } {
  const [made, key] = [join(suite.folder, `${name}.pem`), join(suite.folder, `${name}.key`)]
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const { exitCode, stderr } = Bun.spawnSync([
    'openssl',
    'req',
    '-x509',
    ...kind,
    ...subject,
    '-keyout',
    key,
    '-out',
    made,
  ])
  if (exitCode !== 0) throw new Error(stderr.toString())
  return { cert: made, key }
}

const openssl = Bun.which('openssl')
beforeEach((context) =>
  skipWithout(context, openssl, 'openssl is missing: install it (Debian: apt-get install openssl)'),
)
beforeAll(async () => {
  suite = new Suite()
  if (!openssl) return
  const files = certificate('localhost')
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
  process.env.ATALAYA_NATS_CA = certificate('elsewhere').cert
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
