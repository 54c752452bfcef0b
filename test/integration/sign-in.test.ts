/** Signing in over HTTP: passwords, codes, resets, and what holds up who guesses. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type postgres from 'postgres'
import { type ControlPlane, type Installation, ownNats, startControlPlane, Suite } from '../setup/stack.ts'
import { codeOf } from '../setup/totp.ts'
import { ANA, joined, owned, signedIn, type Visitor, visitorOf } from './visitor.ts'

let suite: Suite
let plane: ControlPlane
let installation: Installation
let ana: Visitor
let sql: postgres.Sql

beforeAll(async () => {
  suite = new Suite()
  ;({ installation, plane, sql, ana } = await owned(suite))
}, 120_000)
afterAll(() => suite.end())

const visitor = () => visitorOf(plane)
const joinedBy = (name: string, wanted: Record<string, unknown> = {}) => joined(ana, visitor(), name, wanted)
const status = async (one: Visitor, path = '/session') => (await one.ask('GET', path)).status

test('the cookie of a session is out of reach of scripts and of other sites, and only its hash is stored', async () => {
  const answer = await fetch(`${plane.origin}/api/v1/sign-in/password`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-proto': 'https' },
    body: JSON.stringify({ email: ANA.email, password: ANA.password }),
  })
  const [cookie = ''] = answer.headers.getSetCookie()
  for (const wanted of [/^__Host-atalaya_session=/, /HttpOnly/i, /SameSite=Strict/i, /Secure/])
    expect(cookie).toMatch(wanted)
  const token = /=([^.]+)\./.exec(cookie)?.[1] ?? ''
  const kept = await sql`select row_to_json(s) as text from person_session s`
  expect(kept.length).toBeGreaterThan(0)
  expect(JSON.stringify(kept)).not.toContain(token)
  expect(JSON.stringify(await sql`select password from sign_in_method`)).toContain('$argon2id$')
  const forged = await ana.ask('PATCH', '/me', { name: 'Eve' }, { 'sec-fetch-site': 'cross-site' })
  expect(forged.status).toBe(403)
})

test('a wrong password is refused alike for who is known and who is not', async () => {
  const refusal = async (email: string) => {
    const { status: code, body } = await visitor().ask('POST', '/sign-in/password', { email, password: 'wrong' })
    return { code, detail: body.detail }
  }
  const known = await refusal(ANA.email)
  expect(known.code).toBe(401)
  expect(await refusal('nobody@example.com')).toEqual(known)
})

test('whoever guesses waits longer and longer, from whatever address he says to come', async () => {
  const { person } = await joinedBy('guessed')
  for (const email of [person.email, 'nobody-at-all@example.com']) {
    for (let n = 0; n < 5; n += 1)
      expect((await visitor().ask('POST', '/sign-in/password', { email, password: 'wrong' })).status).toBe(401)
    const locked = await visitor().ask('POST', '/sign-in/password', { email, password: 'wrong' })
    expect([locked.status, locked.body.code]).toEqual([429, 'rate_limited'])
  }
  // also for who knows it, until the wait is over; then one more wrong one begins a longer wait
  expect((await visitor().ask('POST', '/sign-in/password', person)).status).toBe(429)
  const over = () => sql`update sign_in_failure set locked_until = now()`
  await over()
  expect((await visitor().ask('POST', '/sign-in/password', { ...person, password: 'wrong' })).status).toBe(401)
  const [row] = await sql`select failures, locked_until - last_at as wait from sign_in_failure order by last_at desc`
  expect([row?.failures, String(row?.wait)]).toEqual([6, '00:00:30'])
  await over()
  await signedIn(visitor(), person)
  expect(await sql`select 1 from sign_in_failure where failures = 6`).toHaveLength(0)
  const told = (await ana.ask('GET', '/events?limit=200&type=sign_in.refused')).body.items
  expect(told.map((one: { after: unknown }) => one.after)).toContainEqual({ failures: 5, wait_seconds: 15 })
})

test('of guesses at the same moment only one is looked at', async () => {
  const { person } = await joinedBy('hurried')
  const guesses = Array.from({ length: 12 }, () =>
    visitor().ask('POST', '/sign-in/password', { ...person, password: 'wrong' }),
  )
  const codes = (await Promise.all(guesses)).map((one) => one.status)
  expect(codes.filter((code) => code === 401).length).toBeLessThanOrEqual(5)
  expect(codes.every((code) => [401, 429].includes(code))).toBe(true)
})

test('an address is limited by what a trusted proxy says of it, and a forged header changes nothing', async () => {
  const guess = (forwarded: string) =>
    visitor().ask('POST', '/session', { token: 'atalaya_key_wrong' }, { 'x-forwarded-for': forwarded })
  const codes: number[] = []
  for (let n = 0; n < 25; n += 1) codes.push((await guess(`10.0.0.${n}, 203.0.113.77`)).status)
  expect([codes.slice(0, 20).every((code) => code === 401), codes.at(-1)]).toEqual([true, 429])
  expect((await guess('203.0.113.78')).status).toBe(401)
})

test('without a trusted proxy a forged header changes nothing at all', async () => {
  const { server } = await ownNats(suite)
  const bare = await startControlPlane(suite, installation, server)
  const codes: number[] = []
  for (let n = 0; n < 25; n += 1) {
    const answer = await fetch(`${bare.origin}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': `203.0.113.${n}` },
      body: JSON.stringify({ token: 'atalaya_key_wrong' }),
    })
    codes.push(answer.status)
  }
  expect(codes.at(-1)).toBe(429)
  await bare.child.stop()
})

test('a new password needs the old one, and ends every other session', async () => {
  const { visitor: one, person } = await joinedBy('renewing')
  const other = await signedIn(visitor(), person)
  const change = (current_password: string, password: string) =>
    one.ask('POST', '/me/password', { current_password, password })
  const wrong = await change('not mine', 'a fresh long password')
  expect([wrong.status, wrong.body.errors[0].pointer]).toEqual([422, '/current_password'])
  expect((await change(person.password, 'qwertyuiop123')).status).toBe(422)
  expect((await change(person.password, 'a fresh long password')).status).toBe(204)
  expect([await status(one), await status(other)]).toEqual([200, 401])
  expect((await visitor().ask('POST', '/sign-in/password', person)).status).toBe(401)
  await signedIn(visitor(), { ...person, password: 'a fresh long password' })
})

test('the command line of the server gives a link to reset, which works once', async () => {
  const { person, visitor: before } = await joinedBy('forgetful')
  const env = { ...process.env, DATABASE_URL: installation.ownerUrl, ATALAYA_DATA: installation.data }
  const child = Bun.spawn(['bun', 'control-plane/cli.ts', 'reset-password', person.email], { env, stdout: 'pipe' })
  const token = (await new Response(child.stdout).text()).trim().split('#reset=')[1] ?? ''
  const complete = (password: string) => visitor().ask('POST', '/password-resets/completion', { token, password })
  expect((await complete('short')).status).toBe(422)
  expect((await complete('a quite different one')).status).toBe(204)
  expect((await complete('yet another long one')).status).toBe(404)
  expect(await status(before)).toBe(401)
  await signedIn(visitor(), { ...person, password: 'a quite different one' })
  // by mail there is none here: that is said, whoever asks
  expect((await visitor().ask('POST', '/password-resets', { email: person.email })).status).toBe(409)
})

test('a second factor is asked for, and guessing codes locks it', async () => {
  const { visitor: one, person } = await joinedBy('careful')
  expect((await one.ask('POST', '/me/totp', { password: 'wrong' })).status).toBe(422)
  const started = (await one.ask('POST', '/me/totp', { password: person.password })).body
  const secret = new URL(started.uri).searchParams.get('secret') ?? ''
  expect((await one.ask('POST', '/me/totp/confirmation', { code: '000000' })).status).toBe(422)
  expect((await one.ask('POST', '/me/totp/confirmation', { code: codeOf(secret) })).status).toBe(204)
  expect((await one.ask('GET', '/session')).body.person.totp).toBe(true)

  const again = visitor()
  expect((await again.ask('POST', '/sign-in/password', person)).body).toEqual({ session: null, totp_needed: true })
  expect(await status(again)).toBe(401)
  expect((await again.ask('POST', '/sign-in/totp', { code: codeOf(secret) })).body.session.person.email).toBe(
    person.email,
  )
  const recovered = visitor()
  await recovered.ask('POST', '/sign-in/password', person)
  expect((await recovered.ask('POST', '/sign-in/totp', { code: started.recovery_codes[0] })).status).toBe(200)
  const spent = visitor()
  await spent.ask('POST', '/sign-in/password', person)
  expect((await spent.ask('POST', '/sign-in/totp', { code: started.recovery_codes[0] })).status).toBe(401)

  const codes: number[] = []
  for (let n = 0; n < 14; n += 1) {
    const guess = visitor()
    expect((await guess.ask('POST', '/sign-in/password', person)).status).toBe(200)
    codes.push((await guess.ask('POST', '/sign-in/totp', { code: '000001' })).status)
  }
  expect([codes[0], codes.at(-1)]).toEqual([401, 429])
  expect(JSON.stringify(await sql`select row_to_json(t) from totp t`)).not.toContain(secret)
})
