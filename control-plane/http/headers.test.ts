/** What every answer tells the browser to forbid, and how a session lies in it. */
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { clearSession, sessionToken, setSession } from './authentication.ts'
import { secure } from './headers.ts'

const headersOf = (https: boolean) => {
  const headers = new Headers()
  secure(headers, https)
  return headers
}

test('nothing inside a page runs or styles it, and nothing comes from elsewhere', () => {
  const policy = headersOf(false).get('content-security-policy') ?? ''
  expect(policy).not.toMatch(/unsafe|\*|https?:/)
  for (const part of [
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ])
    expect(policy.split('; ')).toContain(part)
})

test('https is remembered only where it is spoken', () => {
  expect(headersOf(true).get('strict-transport-security')).toMatch(/^max-age=\d{8}/)
  expect(headersOf(false).get('strict-transport-security')).toBeNull()
})

const app = new Hono()
  .get('/set', (c) => {
    setSession(c, 'token', 60)
    return c.text('')
  })
  .get('/clear', (c) => {
    clearSession(c)
    return c.text('')
  })
  .get('/read', (c) => c.text(sessionToken(c) ?? 'none'))
const over = (scheme: string, path: string, cookie = '') =>
  app.request(`http://atalaya.example${path}`, { headers: { 'x-forwarded-proto': scheme, cookie } })

test('over https a session is bound to this host', async () => {
  const set = (await over('https', '/set')).headers.get('set-cookie') ?? ''
  expect(set).toMatch(/^__Host-atalaya_session=token; Max-Age=60; Path=\/; HttpOnly; Secure; SameSite=Strict$/)
  expect((await over('https', '/clear')).headers.get('set-cookie')).toMatch(/^__Host-atalaya_session=; Max-Age=0/)
  expect(await (await over('https', '/read', '__Host-atalaya_session=mine')).text()).toBe('mine')
  // what a neighbour below the same domain may have planted
  expect(await (await over('https', '/read', 'atalaya_session=planted')).text()).toBe('none')
})

test('over http, where browsers keep no such cookie, it has its plain name', async () => {
  const set = (await over('http', '/set')).headers.get('set-cookie') ?? ''
  expect(set).toMatch(/^atalaya_session=token; .*HttpOnly/)
  expect(set).not.toMatch(/Secure|Domain/)
  expect(await (await over('http', '/read', 'atalaya_session=mine')).text()).toBe('mine')
})
