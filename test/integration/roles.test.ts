/** Every route of the API's own description × every role: what the table allows is answered, everything else is refused. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { PERMISSIONS } from '#control-plane/base/actor.ts'
import { isTenantRole, permissionsOf, type Role, ROLE_NAMES } from '#control-plane/base/roles.ts'
import { DANGEROUS } from './dangerous.ts'
import { Fleet } from './fleet.ts'
import { type ControlPlane, freshDatabase, ownNats, startAgent, startControlPlane, Suite } from '../setup/stack.ts'
import { LOGO } from './two-accounts.ts'

interface Route {
  method: string
  path: string
  needs: string
}
interface Made {
  key: { id: string }
  token: string
}

/** Those of an account are tried in `tenants.test.ts`. */
const STAFF_ROLES = ROLE_NAMES.filter((role) => !isTenantRole(role))
const NOBODY = '0198c5d0-0000-7000-8000-000000000000'
let suite: Suite
let plane: ControlPlane
let routes: Route[] = []
let token = new Map<Role, string>()
/** an object of each kind, by the first part of its address */
let existing: Record<string, string> = {}

beforeAll(async () => {
  suite = new Suite()
  const { server } = await ownNats(suite)
  const installation = await freshDatabase(suite)
  plane = await startControlPlane(suite, installation, server)
  await startAgent(suite, plane)
  await ask('POST', '/prices', {
    kind: 'host',
    meter: 'instance',
    model: 'flat',
    per: 'hour',
    unit: 'instance',
    amount: '3600',
  })
  await ask('POST', '/owner', { name: 'Ana', email: 'ana@example.com', password: 'correct horse battery' })
  existing = { ...(await objects()), 'agent-rollouts': await rollout(new Fleet(suite, plane, installation)) }
  routes = await described()
  for (const role of STAFF_ROLES) {
    const made = (await ask('POST', '/api-keys', { name: role, role })) as Made
    token = token.set(role, made.token)
  }
}, 120_000)
afterAll(() => suite.end())

async function send(method: string, path: string, body?: unknown, bearer?: string): Promise<Response> {
  const headers = { ...(bearer && { authorization: `Bearer ${bearer}` }), 'content-type': 'application/json' }
  const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) }
  // the owner's key is added where none is given
  return bearer ? fetch(`${plane.origin}/api/v1${path}`, init) : plane.api(path, init)
}
async function ask(method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await send(method, path, body)
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return text === '' ? null : JSON.parse(text)
}
const items = async (path: string) => ((await ask('GET', path)) as { items: Record<string, string>[] }).items

const people = async () => ((await ask('GET', '/people')) as { items: { person: { id: string } }[] }).items

/** A host that reports, its owner, its source and agent, and an invoice with a line. */
async function objects(): Promise<Record<string, string>> {
  const resource = await vi.waitFor(
    async () => {
      const [host] = await items('/resources?kind=host')
      if (!host) throw new Error('No host reports yet.')
      return host
    },
    { timeout: 30_000, interval: 250 },
  )
  const account = (await items('/accounts'))[0]!
  const [source, agent, entity] = [
    (await items('/sources'))[0]!,
    (await items('/agents'))[0]!,
    (await items('/legal-entities'))[0]!,
  ]
  await ask('PUT', `/legal-entities/${entity.id}/logo`, { content: LOGO })
  const invoice = (await vi.waitFor(() => ask('POST', '/invoices', { account_id: account.id }), {
    timeout: 30_000,
    interval: 1_000,
  })) as { id: string; lines: { id: string }[] }
  const close = (await ask('POST', '/period-closes', { month: '2026-01' })) as { id: string }
  const change = (await ask('POST', '/price-changes', {
    name: 'Looked at',
    effective_at: '2099-01-01T00:00:00.000Z',
  })) as { id: string }
  const plan = (await ask('POST', '/plans', { name: { en: 'A', es: 'A' }, product_kind: 'other' })) as { id: string }
  const book = (await ask('POST', '/price-books', { name: 'A', negotiated_for: 'group' })) as { id: string }
  const index = (await ask('POST', '/price-indexes', { name: 'ROLES', currency: 'EUR', unit: 'MWh' })) as { id: string }
  const rack = (await ask('POST', '/hardware/racks', { site: 'A', name: 'ROLES' })) as { id: string }
  // a part by whose address both of its names are that of the rack
  await ask('POST', '/hardware/entries', { state: 'retired', parts: [{ type: rack.id, serial: rack.id }] })
  const value = { type: 'percent', rate: '5' }
  const coupon = (await ask('POST', '/coupons', { code: 'ROLES', name: 'x', value, duration: 'once' })) as {
    id: string
  }
  const ids = {
    plans: plan,
    'price-books': book,
    'price-indexes': index,
    coupons: coupon,
    hardware: rack,
    'period-closes': close,
    'price-changes': change,
    'what-ifs': (await ask('POST', '/what-ifs', { price_change_id: change.id })) as { id: string },
    accounts: account,
    resources: resource,
    sources: source,
    agents: agent,
    'legal-entities': entity,
    invoices: invoice,
  }
  return {
    ...Object.fromEntries(Object.entries(ids).map(([kind, one]) => [kind, one.id!])),
    line: invoice.lines[0]!.id,
    people: (await people())[0]!.person.id,
  }
}

/** Held before any agent hears of it. */
async function rollout(fleet: Fleet): Promise<string> {
  const program = join(suite.folder, 'program')
  writeFileSync(program, 'no agent ever runs it')
  const { id } = await fleet.release(program, '9.9.9')
  const started = await fleet.rollOut(id, [{ percent: 100 }])
  await ask('POST', `/agent-rollouts/${started}/pause`, { reason: 'it is only looked at' })
  return started
}

async function described(): Promise<Route[]> {
  const { paths } = (await (await fetch(`${plane.origin}/api/v1/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { 'x-permission'?: string }>>
  }
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, route]) => ({
      method: method.toUpperCase(),
      path: path.replace('/api/v1', ''),
      needs: route['x-permission'] ?? '',
    })),
  )
}

/** The address of something that is there, or of something that never was. */
/** paths whose ids are those of other things */
const OF_OTHERS: Readonly<Record<string, string>> = { drafts: 'accounts', topology: 'resources' }
/** what a route can't do without */
const QUERIES: Readonly<Record<string, string>> = {
  '/topology/nodes': '?realm=none',
  '/hardware/mounts': `?resource_id=${NOBODY}`,
}
const addressOf = ({ path }: Route, isThere: boolean): string => {
  const [, kind = ''] = path.split('/')
  const owner = OF_OTHERS[kind] ?? kind
  return (path + (QUERIES[path] ?? '')).replaceAll(/\{(\w+)\}/g, (_all, name: string) =>
    isThere
      ? ((name === 'line' ? existing['line'] : existing[name === 'account' ? 'accounts' : owner]) ?? NOBODY)
      : NOBODY,
  )
}
const allows = (role: Role, needs: string): boolean =>
  needs === 'session' || permissionsOf(role, null).has(needs as (typeof PERMISSIONS)[number])
/** Whoever acts by a key, as all here do, has none: `erasure.test.ts`. */
const OF_A_PERSON = new Set(['GET /me/erasure', 'GET /me/data'])
/** They don't end by themselves, or end what the others need. */
const UNTRIED = new Set(['GET /stream', 'DELETE /session', 'DELETE /demo'])

test('every route says what it needs, and that is a permission of the table', () => {
  expect(routes.length).toBeGreaterThan(40)
  const known = new Set<string>([...PERMISSIONS, 'session', 'nothing'])
  expect(routes.filter(({ needs }) => !known.has(needs))).toEqual([])
  expect(routes.filter(({ needs }) => needs === 'nothing').map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /session',
    'GET /sign-in/options',
    'POST /sign-in/password',
    'POST /sign-in/totp',
    'POST /sign-in/passkey-options',
    'POST /sign-in/passkey',
    'POST /sign-in/sso',
    'POST /password-resets',
    'POST /password-resets/completion',
    'POST /email-confirmations',
    'POST /invitations/lookup',
    'POST /invitations/acceptance',
    'POST /agents/enrol',
    'GET /agents/challenge',
    'POST /agents/renew',
    'POST /agents/updates',
    'GET /agents/release-keys',
    'POST /agents/updates/file',
  ])
})

test.each(STAFF_ROLES)(
  '%s reads what the role may read, and is refused alike whether or not a thing is there',
  async (role) => {
    for (const route of routes) {
      const name = `${role} ${route.method} ${route.path}`
      if (route.needs === 'nothing' || UNTRIED.has(`${route.method} ${route.path}`)) continue
      const [there, nowhere] = [true, false].map((isThere) => addressOf(route, isThere)) as [string, string]
      const read = route.method === 'GET'
      if (allows(role, route.needs)) {
        // a change gets a body that says nothing: whoever may make it is told what is missing, and nothing happens
        if (!read && route.method !== 'POST' && route.method !== 'PATCH') continue
        const answer = await send(
          route.method,
          read ? there : nowhere,
          read ? undefined : { nothing: 1 },
          token.get(role),
        )
        const text = await answer.text()
        expect([401, 403], `${name} ${text}`).not.toContain(answer.status)
        const found = OF_A_PERSON.has(`${route.method} ${route.path}`) ? 409 : 200
        if (read && !route.path.endsWith('/{line}/explanation')) expect(answer.status, `${name} ${text}`).toBe(found)
        continue
      }
      const refusals = await Promise.all(
        [there, nowhere].map(async (path) => {
          const answer = await send(route.method, path, read ? undefined : {}, token.get(role))
          const { request_id: _own, ...problem } = (await answer.json()) as Record<string, unknown>
          return { status: answer.status, problem }
        }),
      )
      expect(refusals[0]?.status, name).toBe(403)
      expect(refusals[1], name).toEqual(refusals[0])
    }
  },
)

test('what no such role may ever do is refused', async () => {
  for (const [role, calls] of Object.entries(DANGEROUS) as [Role, readonly string[]][])
    for (const call of calls) {
      const [method = '', path = ''] = call.split(' ')
      const route = routes.find((one) => one.method === method && one.path === path)
      expect(route, `${call} is no route`).toBeDefined()
      const answer = await send(method, addressOf(route!, true), method === 'GET' ? undefined : {}, token.get(role))
      expect(answer.status, `${role} ${call}`).toBe(403)
    }
})

test('what was before and after a change is for auditors; the others see that it happened', async () => {
  const seen = async (role: Role) => {
    const { items: list } = (await (await send('GET', '/events?limit=100', undefined, token.get(role))).json()) as {
      items: { type: string; after: unknown }[]
    }
    expect(list.map(({ type }) => type)).toContain('invoice.finalised')
    return list.some(({ after }) => after !== null)
  }
  expect([await seen('owner'), await seen('finance')]).toEqual([true, true])
  expect([await seen('operator'), await seen('support'), await seen('read_only')]).toEqual([false, false, false])
})

test('nobody gives away more than he has, and scopes narrow a key to what it is for', async () => {
  const administrator = token.get('administrator')!
  expect((await send('POST', '/api-keys', { name: 'x', role: 'owner' }, administrator)).status).toBe(403)
  expect(
    (await send('POST', '/api-keys', { name: 'x', role: 'read_only', scopes: ['billing.write'] }, administrator))
      .status,
  ).toBe(422)
  expect((await send('POST', '/api-keys', { name: 'x', role: 'emperor' }, administrator)).status).toBe(422)
  const past = { name: 'x', role: 'read_only', expires_at: new Date(Date.now() - 1).toISOString() }
  expect((await send('POST', '/api-keys', past, administrator)).status).toBe(422)
  const owners = (await items('/api-keys')).find(({ role }) => role === 'owner')!
  expect((await send('DELETE', `/api-keys/${owners.id}`, undefined, administrator)).status).toBe(403)

  const { token: scrape } = (await ask('POST', '/api-keys', {
    name: 'Prometheus',
    role: 'read_only',
    scopes: ['metrics.read'],
  })) as Made
  const metrics = await fetch(`${plane.origin}/metrics`, { headers: { authorization: `Bearer ${scrape}` } })
  expect([metrics.status, await metrics.text()]).toEqual([200, expect.stringContaining('atalaya_')])
  const session = (await (await send('GET', '/session', undefined, scrape)).json()) as { permissions: string[] }
  expect(session.permissions).toEqual(['metrics.read'])
  expect((await send('GET', '/resources', undefined, scrape)).status).toBe(403)
})

test('a key that is revoked ends at once, with the sessions that it opened; one that expires opens none that lasts longer', async () => {
  const made = (await ask('POST', '/api-keys', {
    name: 'short',
    role: 'support',
    expires_at: new Date(Date.now() + 3_000).toISOString(),
  })) as Made
  const other = (await ask('POST', '/api-keys', { name: 'lost', role: 'support' })) as Made
  const cookies = await Promise.all(
    [made, other].map(async (one) => {
      const answer = await fetch(`${plane.origin}/api/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token: one.token }),
      })
      expect(((await answer.clone().json()) as { role: string }).role).toBe('support')
      return (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    }),
  )
  const status = async (cookie?: string) =>
    (await fetch(`${plane.origin}/api/v1/session`, { headers: { cookie: cookie ?? '' } })).status
  expect(await status(cookies[1])).toBe(200)
  await ask('DELETE', `/api-keys/${other.key.id}`)
  expect((await send('GET', '/session', undefined, other.token)).status).toBe(401)
  expect(await status(cookies[1])).toBe(401)
  expect((await send('DELETE', `/api-keys/${other.key.id}`)).status).toBe(404)
  await vi.waitFor(
    async () =>
      expect([await status(cookies[0]), (await send('GET', '/session', undefined, made.token)).status]).toEqual([
        401, 401,
      ]),
    { timeout: 10_000 },
  )
  const told = await items('/events?limit=100')
  expect(told.map(({ type }) => type)).toContain('credential.revoked')
  expect(JSON.stringify(told)).not.toContain(made.token)
})

test("a tenant's scrape and live updates hold his own machines, and nothing of the program itself", async () => {
  const { id } = (await ask('POST', '/accounts', { name: 'Tenant' })) as { id: string }
  const made = (await ask('POST', '/api-keys', { name: 't', role: 'tenant_member', account_id: id })) as Made
  const scraped = async (bearer: string) =>
    (await fetch(`${plane.origin}/metrics`, { headers: { authorization: `Bearer ${bearer}` } })).text()
  expect(await scraped(made.token)).not.toMatch(/atalaya_|process_/)
  await vi.waitFor(async () => expect(await scraped(token.get('owner')!)).toContain(existing['resources']), {
    timeout: 30_000,
  })
  expect(await scraped(made.token)).toBe('')

  const hear = async (bearer: string, wanted: (text: string) => boolean, ms: number) => {
    const abort = new AbortController()
    const timer = setTimeout(() => abort.abort(), ms)
    const answer = await fetch(`${plane.origin}/api/v1/stream`, {
      headers: { authorization: `Bearer ${bearer}` },
      signal: abort.signal,
    })
    let text = ''
    try {
      for await (const part of answer.body!) {
        text += new TextDecoder().decode(part)
        if (wanted(text)) break
      }
    } catch {
      // the time is over
    }
    clearTimeout(timer)
    abort.abort()
    return text
  }
  const host = existing['resources']!
  expect(await hear(token.get('owner')!, (text) => text.includes(host), 30_000)).toContain(host)
  const own = hear(made.token, (text) => text.includes('account.changed'), 30_000)
  await Bun.sleep(1_000)
  await ask('PATCH', `/accounts/${existing['accounts']}`, { tax_id: 'ESB87654321' })
  await ask('PATCH', `/accounts/${id}`, { name: 'Tenant, renamed' })
  const heard = await own
  expect(heard).toContain(id)
  expect(heard).not.toContain(host)
  expect(heard).not.toContain(existing['accounts'])

  await ask('POST', `/resources/${host}/assignments`, { account_id: id })
  expect(await hear(made.token, (text) => text.includes(host), 30_000)).toContain(host)
  await vi.waitFor(async () => expect(await scraped(made.token)).toContain(host), { timeout: 30_000 })
}, 120_000)
