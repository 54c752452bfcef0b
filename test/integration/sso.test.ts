/** Providers of single sign-on over HTTP: their secrets go in, lie sealed, and never come out. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { keyIdOf, readKeys } from '#control-plane/secrets/cipher.ts'
import {
  type ControlPlane,
  freshDatabase,
  type Installation,
  ownNats,
  startControlPlane,
  Suite,
} from '../setup/stack.ts'
import { codeOf } from '../setup/totp.ts'
import { atalaya } from './backup-file.ts'
import { type Visitor, visitorOf } from './visitor.ts'

const ANA = { name: 'Ana', email: 'ana@example.com', password: 'correct horse battery' }
const SECRET = 'the-secret-of-the-client'
const PROVIDER = { name: 'Work', issuer: 'http://127.0.0.1:9', domain: 'example.com', client_id: 'atalaya' }
let suite: Suite
let installation: Installation
let nats: Awaited<ReturnType<typeof ownNats>>['server']
let plane: ControlPlane
let ana: Visitor
let sql: postgres.Sql
let totp = ''

beforeAll(async () => {
  suite = new Suite()
  installation = await freshDatabase(suite)
  nats = (await ownNats(suite)).server
  plane = await startControlPlane(suite, installation, nats)
  sql = postgres(installation.superuserUrl, { max: 1 })
  suite.atEnd(() => sql.end({ timeout: 1 }))
  ana = visitorOf(plane)
  await ana.ask('POST', '/session', { token: installation.setupToken })
  expect((await ana.ask('POST', '/owner', ANA)).status).toBe(200)
  const { body } = await ana.ask('POST', '/me/totp', { password: ANA.password })
  totp = new URL(body.uri).searchParams.get('secret') ?? ''
  expect((await ana.ask('POST', '/me/totp/confirmation', { code: codeOf(totp) })).status).toBe(204)
}, 120_000)
afterAll(() => suite.end())

const firstKey = () => readKeys(readFileSync(join(installation.data, 'secret-keys'), 'utf8'), 'the file')[0]?.id
async function sealedUnder(): Promise<(string | null)[]> {
  const rows = await sql`select client_secret as value from sso_provider union all select value from sign_in_secret`
  return rows.map(({ value }) => keyIdOf(value))
}

test('a client secret is answered nowhere, and lies sealed', async () => {
  const made = await ana.ask('POST', '/sso-providers', { ...PROVIDER, client_secret: SECRET })
  expect([made.status, made.body.redirect_uri]).toEqual([
    201,
    expect.stringMatching(/^http:\/\/localhost:\d+\/api\/v1\/sso\/callback\/[0-9a-f-]{36}$/),
  ])
  const again = await ana.ask('POST', '/sso-providers', { ...PROVIDER, client_secret: SECRET })
  expect(again.status).toBe(409)
  const told = await Promise.all(
    ['/sso-providers', '/sign-in/options', '/events?limit=100', '/audit?limit=100'].map((path) => ana.ask('GET', path)),
  )
  for (const { text, status } of [...told, made, again]) {
    expect(status).not.toBe(500)
    expect(text).not.toContain(SECRET)
  }
  expect(JSON.stringify(await sql`select row_to_json(p) from sso_provider p`)).not.toContain(SECRET)
  expect(await sealedUnder()).toEqual([firstKey(), firstKey(), firstKey()])
})

test('a provider that does not answer is told as such, and its state is a cookie of this browser alone', async () => {
  const { id } = (await ana.ask('GET', '/sso-providers')).body.items[0]
  const begun = await visitorOf(plane).ask('POST', '/sign-in/sso', { provider_id: id })
  expect([begun.status, begun.body.code]).toEqual([503, 'unavailable'])
  for (const next of ['//evil.example', 'https://evil.example', '/\\evil.example', '/\t/evil.example'])
    expect((await visitorOf(plane).ask('POST', '/sign-in/sso', { provider_id: id, next })).status).toBe(422)
  const made_up = await fetch(`${plane.origin}/api/v1/sso/callback/${id}?code=x&state=y`, { redirect: 'manual' })
  expect([made_up.status, made_up.headers.get('location')]).toEqual([302, expect.stringContaining('/sign-in?')])
  expect(made_up.headers.getSetCookie().filter((one) => one.startsWith('atalaya_session='))).toEqual([])
})

test('a rotation seals them anew, and who was signed in or has a second factor notices nothing', async () => {
  const before = firstKey()
  const ran = await atalaya(['rotate-secrets', '--drop-old'], installation).ended
  expect(ran.code, ran.stderr).toBe(0)
  expect(firstKey()).not.toBe(before)
  expect(await sealedUnder()).toEqual([firstKey(), firstKey(), firstKey()])
  expect((await ana.ask('PATCH', '/me', { name: 'Ana Torres' })).status).toBe(204)
  const anew = visitorOf(plane)
  await anew.ask('POST', '/sign-in/password', ANA)
  expect((await anew.ask('POST', '/sign-in/totp', { code: codeOf(totp) })).status).toBe(200)
  await plane.child.stop()
  await startControlPlane(suite, installation, nats, { port: Number(new URL(plane.origin).port) })
  expect((await ana.ask('GET', '/me')).body.person.name).toBe('Ana Torres')
})

test('a provider that is removed takes what it knew people by with it', async () => {
  const { id } = (await ana.ask('GET', '/sso-providers')).body.items[0]
  expect((await ana.ask('DELETE', `/sso-providers/${id}`)).status).toBe(204)
  expect((await ana.ask('DELETE', `/sso-providers/${id}`)).status).toBe(404)
  expect((await ana.ask('GET', '/sign-in/options')).body.providers).toEqual([])
})
