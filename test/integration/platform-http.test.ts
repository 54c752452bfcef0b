import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type ControlPlane,
  freshDatabase,
  type Installation,
  ownNats,
  startControlPlane,
  Suite,
} from '../setup/stack.ts'

let suite: Suite
let installation: Installation
let plane: ControlPlane
beforeAll(async () => {
  suite = new Suite()
  installation = await freshDatabase(suite)
  const { server } = await ownNats(suite)
  plane = await startControlPlane(suite, installation, server)
})
afterAll(() => suite.end())

const json = { 'content-type': 'application/json' }
const signIn = (token: string, headers: Record<string, string> = {}) =>
  fetch(`${plane.origin}/api/v1/session`, {
    method: 'POST',
    headers: { ...json, ...headers },
    body: JSON.stringify({ token }),
  })
const cookieOf = (answer: Response) => (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
const codeOf = async (answer: Response) => ((await answer.json()) as { code: string }).code

test('the set-up token opens one session, also when it is shown many times at once', async () => {
  const answers = await Promise.all(Array.from({ length: 5 }, () => signIn(installation.setupToken)))
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 401, 401, 401, 401])
  const cookie = answers.find(({ ok }) => ok)?.headers.get('set-cookie') ?? ''
  expect(cookie).toMatch(/HttpOnly/)
  expect(cookie).toMatch(/SameSite=Strict/)
})

test('a session ends for good when it is signed out, and the API key outlives it', async () => {
  const cookie = cookieOf(await signIn(installation.apiKey))
  const asSession = (init: RequestInit = {}) =>
    fetch(`${plane.origin}/api/v1/session`, { ...init, headers: { cookie, origin: plane.origin } })
  expect((await asSession()).status).toBe(200)
  expect((await asSession({ method: 'DELETE' })).status).toBe(204)
  expect((await asSession()).status).toBe(401)
  expect((await plane.api('/session')).status).toBe(200)
})

test('a change with the cookie but from another site, or from nowhere, is refused', async () => {
  const cookie = cookieOf(await signIn(installation.apiKey))
  const from = async (headers: Record<string, string>) => {
    const init = { method: 'POST', body: '{}', headers: { ...json, cookie, ...headers } }
    return (await fetch(`${plane.origin}/api/v1/enrolments`, init)).status
  }
  expect(await from({ origin: 'https://elsewhere.example' })).toBe(403)
  expect(await from({ 'sec-fetch-site': 'cross-site' })).toBe(403)
  expect(await from({})).toBe(403)
  expect(await from({ origin: plane.origin })).toBe(201)
})

test('without a credential nothing but signing in, enrolling and the description of the API is answered', async () => {
  const document = (await (await fetch(`${plane.origin}/api/v1/openapi.json`)).json()) as {
    openapi: string
    paths: Record<string, Record<string, { security?: unknown[] }>>
  }
  expect(document.openapi).toMatch(/^3\.1/)
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => ({ path, method, open: security?.length === 0 })),
  )
  expect(routes.length).toBeGreaterThan(20)
  for (const { path, method, open } of routes.filter((route) => !route.open)) {
    const url = plane.origin + path.replaceAll(/\{\w+\}/g, '0198c5d0-0000-7000-8000-000000000000')
    const answer = await fetch(url, { method: method.toUpperCase(), redirect: 'manual' })
    expect(answer.status, `${method} ${path} ${open}`).toBe(401)
  }
  expect((await fetch(`${plane.origin}/metrics`)).status).toBe(401)
})

test('every refusal is a problem that names the field, and leaks nothing of the inside', async () => {
  const send = (body: string, headers: Record<string, string> = {}) =>
    plane.api('/sources', { method: 'POST', body, headers })
  const wrong = await send('{"agent":7}')
  expect(wrong.headers.get('content-type')).toMatch('application/problem+json')
  const body = (await wrong.json()) as { errors: { pointer: string }[]; request_id: string }
  expect(body.errors.map(({ pointer }) => pointer)).toEqual(['/agent', '/connector', '/realm'])
  expect(body.request_id).toBe(wrong.headers.get('x-request-id'))
  expect(await codeOf(await send('{"agent":'))).toBe('malformed')
  expect(await codeOf(await send(`{"agent":"${'x'.repeat(1_100_000)}"}`))).toBe('too_large')
  expect(await codeOf(await plane.api(`/events?type=${'x'.repeat(9_000)}`))).toBe('too_large')
  expect(await codeOf(await plane.api('/events?cursor=nonsense'))).toBe('invalid')
  expect(await codeOf(await plane.api('/nothing'))).toBe('not_found')
  const text = await (await plane.api('/events?subject_id=%00')).text()
  expect(text).not.toMatch(/select|postgres|stack/i)
})

test('a request id from outside is not taken over', async () => {
  const answer = await plane.api('/session', { headers: { 'x-request-id': 'mine' } })
  expect(answer.headers.get('x-request-id')).not.toBe('mine')
})

test('a change leaves alone what it does not name, and what does not exist is refused', async () => {
  const { items } = (await (await plane.api('/accounts')).json()) as { items: { id: string }[] }
  const path = `/accounts/${items[0]?.id}`
  const change = (body: unknown) => plane.api(path, { method: 'PATCH', body: JSON.stringify(body) })
  expect((await change({ tax_id: 'B12345678', email: 'a@b.example' })).status).toBe(200)
  expect(await (await change({ name: 'Renamed' })).json()).toMatchObject({ tax_id: 'B12345678', name: 'Renamed' })
  const wrong = (await (await change({ zone: 'Europe/Atlantis' })).json()) as { errors: { pointer: string }[] }
  expect(wrong.errors).toMatchObject([{ pointer: '/zone' }])
})

test('the reference page needs no other host and no script inside the page', async () => {
  const page = await fetch(`${plane.origin}/api/reference`)
  const html = await page.text()
  expect(page.headers.get('content-security-policy')).toMatch(/default-src 'self'/)
  expect(html).not.toMatch(/https?:\/\//)
  for (const [, src] of html.matchAll(/(?:src|href)="([^"]+)"/g))
    expect((await fetch(plane.origin + src)).status, src).toBe(200)
})

test('an address that guesses tokens is held up after twenty', async () => {
  const codes: number[] = []
  for (let attempt = 0; attempt < 25; attempt += 1) codes.push((await signIn('a-wrong-token-of-some-length')).status)
  expect(codes.at(-1)).toBe(429)
  expect(codes.filter((status) => status === 401).length).toBeLessThanOrEqual(20)
})
