/** Sessions end when nobody uses them, and say so; and an open stream ends with what it was opened as. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKey, hashOf } from '#control-plane/accounts/index.ts'
import { NewApiKey } from '#control-plane/accounts/contract.ts'
import { newId } from '#control-plane/base/id.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { createLive, LIVE_LIMITS } from '#control-plane/events/live.ts'
import { Suite } from '../setup/stack.ts'
import { apiOf, type Call } from './http.ts'
import { market } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const START = Date.parse('2026-11-10T10:00:00.000Z')
const MINUTE = 60_000
let suite: Suite
let world: Prepared
let call: Call
let account: string

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(START))
  account = (await world.run((ctx) => openAccount(ctx, { name: 'Customer', tax_id: '', email: '' }))).id
  const live = createLive({ subscribe: () => {}, onConnect: () => {} } as never, () => world.clock.now)
  suite.atEnd(() => live.close())
  call = await apiOf(suite, world, undefined, live)
}, 60_000)
afterAll(() => suite.end())

interface Visitor {
  membership_id: string
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): ReturnType<Call>
}
/** Somebody with a membership and a session that was used just now. */
async function visitor(account_id: string | null, role: string): Promise<Visitor> {
  const [person_id, membership_id, secret, now] = [newId(), newId(), newId(), iso(world.clock.now)]
  const later = iso(world.clock.now + 7 * 24 * HOUR_MS)
  await world.db.execute(sql`insert into person (id, name, email, email_verified, created_at, updated_at)
    values (${person_id}, 'Ana', ${`${person_id}@example.com`}, true, ${now}, ${now})`)
  await world.db.execute(sql`insert into membership (id, person_id, account_id, role, created_at, created_by)
    values (${membership_id}, ${person_id}, ${account_id}, ${role}, ${now}, 'test')`)
  await world.db
    .execute(sql`insert into person_session (id, token, person_id, membership_id, expires_at, created_at, updated_at)
    values (${newId()}, ${hashOf(secret)}, ${person_id}, ${membership_id}, ${later}, ${now}, ${now})`)
  return { membership_id, ask: byCookie(`atalaya_session=${secret}`) }
}
const byCookie =
  (cookie: string): Visitor['ask'] =>
  (method, path, body, headers = {}) =>
    call(method, path, body, { authorization: '', cookie, 'sec-fetch-site': 'same-origin', ...headers })

/** Somebody whose session a key opened. */
async function keyHolder(role: 'support' | 'operator'): Promise<Visitor['ask']> {
  const { token } = await world.run((ctx) => createKey(ctx, NewApiKey.parse({ name: role, role })))
  const opened = await call('POST', '/session', { token }, { authorization: '' })
  return byCookie(opened.headers.getSetCookie()[0]!.split(';', 1)[0]!)
}
const code = async (ask: Visitor['ask'], headers = {}) => {
  const { status, body } = await ask('GET', '/session', undefined, headers)
  return status === 200 ? 'open' : `${status} ${body['code']}`
}

test('a session of staff that nobody uses for half a day ends and says why; each use makes it go on', async () => {
  const [staff, tenant, by_key] = [
    (await visitor(null, 'operator')).ask,
    (await visitor(account, 'tenant_member')).ask,
    await keyHolder('operator'),
  ]
  for (let day = 0; day < 2; day += 1) {
    world.clock.now += 11 * HOUR_MS
    expect([await code(staff), await code(by_key), await code(tenant)]).toEqual(['open', 'open', 'open'])
  }
  // what the page asks by itself while nobody is there is no use
  world.clock.now += 11 * HOUR_MS
  expect(await code(staff, { 'x-atalaya-unattended': '1' })).toBe('open')
  world.clock.now += HOUR_MS + 11 * MINUTE
  expect([await code(staff), await code(by_key), await code(tenant)]).toEqual([
    '401 session_idle',
    '401 session_idle',
    'open',
  ])
  const { body } = await staff('GET', '/session')
  expect(body['detail']).toBe('Your session ended because nobody used it for 12 hours. Sign in again.')
  // it doesn't come back by being asked for
  expect(await code(staff)).toBe('401 session_idle')
})

test('an API key is never idle', async () => {
  const { token } = await world.run((ctx) => createKey(ctx, NewApiKey.parse({ name: 'cron', role: 'operator' })))
  world.clock.now += 40 * 24 * HOUR_MS
  expect((await call('GET', '/session', undefined, { authorization: `Bearer ${token}` })).status).toBe(200)
})

test('how long is a setting of owners, is on record, and holds at once', async () => {
  expect((await call('GET', '/session-settings')).body).toEqual({ staff_idle_hours: 12, tenant_idle_hours: 168 })
  const { ask } = await visitor(account, 'tenant_owner')
  for (const refused of [{ staff_idle_hours: 0 }, { tenant_idle_hours: 169 }])
    expect((await call('PATCH', '/session-settings', refused)).status).toBe(422)
  world.clock.now += 3 * HOUR_MS
  const changed = await call('PATCH', '/session-settings', { tenant_idle_hours: 2 })
  expect(changed.body).toEqual({ staff_idle_hours: 12, tenant_idle_hours: 2 })
  expect(await code(ask)).toBe('401 session_idle')
  const { items } = (await call('GET', '/audit?type=installation.sessions_changed')).body as { items: object[] }
  expect(items).toEqual([
    expect.objectContaining({ before: { staff_idle_hours: 12, tenant_idle_hours: 168 }, after: changed.body }),
  ])
  await call('PATCH', '/session-settings', { tenant_idle_hours: 168 })
})

test('an open stream ends within seconds of what it was opened as, and of nothing else', async () => {
  expect(LIVE_LIMITS.look_ms).toBeLessThan(5_000)
  const ended: string[] = []
  const streams = new Map<string, Promise<unknown>>()
  const open = (name: string, ask: Visitor['ask']) => streams.set(name, heard(name, ask))
  const heard = async (name: string, ask: Visitor['ask']) => {
    const { text } = await ask('GET', '/stream')
    ended.push(text.includes('event: hello') ? name : `${name} heard nothing`)
  }
  const [changed, left, narrowed, stays, out] = await Promise.all(
    ['tenant_billing', 'tenant_member', 'tenant_member', 'tenant_member', 'tenant_member'].map((role) =>
      visitor(account, role),
    ),
  )
  const begins = await keyHolder('support')
  const ends = await keyHolder('support')
  const act = { account_id: account, reason: 'looks into a ticket' }
  expect((await ends('POST', '/impersonation', act)).status).toBe(200)
  for (const [name, ask] of Object.entries({
    changed: changed!.ask,
    left: left!.ask,
    narrowed: narrowed!.ask,
    stays: stays!.ask,
    out: out!.ask,
    begins,
    ends,
  }))
    open(name, ask)
  await new Promise((done) => setTimeout(done, LIVE_LIMITS.look_ms + 1_000))
  expect(ended).toEqual([])
  const project = await call('POST', `/accounts/${account}/projects`, { name: 'Only this' })
  const statuses = [
    await call('PATCH', `/people/${changed!.membership_id}`, { role: 'tenant_read_only' }),
    await call('DELETE', `/people/${left!.membership_id}`),
    await call('PATCH', `/people/${narrowed!.membership_id}`, {
      role: 'tenant_member',
      project_ids: [project.body['id']],
    }),
    await out!.ask('DELETE', '/session'),
    await begins('POST', '/impersonation', act),
    await ends('DELETE', '/impersonation'),
  ].map(({ status }) => status)
  expect(statuses).toEqual([200, 204, 200, 204, 200, 204])
  const others = [...streams].flatMap(([name, stream]) => (name === 'stays' ? [] : [stream]))
  await Promise.all(others)
  expect(ended.toSorted()).toEqual(['begins', 'changed', 'ends', 'left', 'narrowed', 'out'])
  // who is idle hears no more
  world.clock.now += 170 * HOUR_MS
  await streams.get('stays')
}, 60_000)
