/**
 * Every route of the API's own description × every role of an account × what is its own, what is another's, and what never was.
 * The roles of the installation are tried in `roles.test.ts`.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Permission } from '#control-plane/base/actor.ts'
import { isTenantRole, permissionsOf, type Role, ROLE_NAMES } from '#control-plane/base/roles.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { Suite } from '../setup/stack.ts'
import type { Answer } from './http.ts'
import {
  type Cell,
  CELLS,
  isElsewhere,
  masked,
  NEVER,
  NOWHERE,
  type Of,
  type Route,
  routesOf,
} from './tenant-routes.ts'
import { asBearer, type Customer, member, type TwoAccounts, twoAccounts } from './two-accounts.ts'

const TENANT_ROLES = ROLE_NAMES.filter(isTenantRole)

let suite: Suite
let stage: TwoAccounts
let routes: Route[] = []
const token = new Map<Role, string>()

beforeAll(async () => {
  suite = new Suite()
  stage = await twoAccounts(suite)
  for (const role of TENANT_ROLES) token.set(role, await stage.keyOf(role, stage.a.account_id))
  routes = await routesOf(stage.call)
}, 120_000)
afterAll(() => suite.end())

const allows = (role: Role, needs: string) => needs === 'session' || permissionsOf(role, null).has(needs as Permission)

async function send(
  role: Role,
  { method, path }: { method: string; path: string },
  cell: Cell,
  of: Of,
): Promise<Answer> {
  const names = cell.names(of)
  const address = path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => names[name] ?? NOWHERE)
  return stage.call(method, address, cell.body?.(of), asBearer(token.get(role) ?? ''))
}

/** A service that is yet to begin: no bill holds it. */
async function serviceOf(account_id: string): Promise<string> {
  const plan = (await stage.call('POST', '/plans', { name: { en: 'Later', es: 'Luego' }, product_kind: 'other' })).body
  const fee = { kind: 'service', meter: 'fee', model: 'per_unit', per: 'month', unit: 'service', amount: '9' }
  await stage.call('POST', '/prices', { ...fee, price_book_id: plan['price_book_id'] })
  await stage.call('POST', `/plans/${plan['id'] as string}/publication`, {})
  const from = iso(stage.world.clock.now + 90 * 24 * HOUR_MS)
  const made = await stage.call('POST', `/accounts/${account_id}/services`, { plan_id: plan['id'], from })
  return made.body['id'] as string
}

/** A key to end, made anew for each role: ending it is what is tried. */
async function ofCustomer(who: Customer): Promise<Of> {
  const made = await stage.call('POST', '/api-keys', {
    name: 'to end',
    role: 'tenant_member',
    account_id: who.account_id,
  })
  const draft = (await stage.call('GET', `/accounts/${who.account_id}/draft`)).body['lines'] as { id: string }[]
  const project = await stage.call('POST', `/accounts/${who.account_id}/projects`, { name: crypto.randomUUID() })
  const limit = await stage.call('POST', `/accounts/${who.account_id}/limits`, { amount: '100' })
  const email = `${crypto.randomUUID()}@example.com`
  const invited = await stage.call('POST', '/invitations', { email, role: 'tenant_member', account_id: who.account_id })
  return {
    ...who,
    key_id: made.body['key'].id as string,
    draft_line_id: draft[0]?.id ?? '',
    member_id: await member(stage.world, who.account_id),
    invitation_id: invited.body['invitation'].id as string,
    project_id: project.body['id'] as string,
    limit_id: limit.body['id'] as string,
    service_id: await serviceOf(who.account_id),
  }
}
test('every route that a tenant may call has an entry here', () => {
  const open = routes.filter(({ needs }) => TENANT_ROLES.some((role) => allows(role, needs)))
  const missing = open.map(({ name }) => name).filter((name) => !(name in CELLS) && !isElsewhere(name))
  expect(missing).toEqual([])
  const known = new Set(routes.map(({ name }) => name))
  expect(Object.keys(CELLS).filter((name) => !known.has(name))).toEqual([])
})

test.each(TENANT_ROLES)('%s: own is answered, another account’s is like what never was', async (role) => {
  const [own, theirs] = [await ofCustomer(stage.a), await ofCustomer(stage.b)]
  let answered = 0
  for (const route of routes) {
    const cell = CELLS[route.name]
    if (isElsewhere(route.name)) continue
    if (!allows(role, route.needs)) {
      if (route.needs === 'nothing') continue
      const refused = await send(role, route, cell ?? { names: () => ({}) }, own)
      expect([route.name, refused.status]).toEqual([route.name, 403])
      continue
    }
    if (!cell) continue
    const namesSomething = Object.keys(cell.names(own)).length > 0 || cell.body !== undefined
    if (namesSomething) {
      const [foreign, never] = [await send(role, route, cell, theirs), await send(role, route, cell, NEVER)]
      expect([route.name, foreign.status, foreign.text]).toEqual([route.name, 404, foreign.text])
      expect([route.name, masked(foreign, theirs)]).toEqual([route.name, masked(never, NEVER)])
    }
    const answer = await send(role, route, cell, own)
    expect([route.name, answer.status >= 200 && answer.status < 300, answer.text]).toEqual([
      route.name,
      true,
      answer.text,
    ])
    const id = cell.holds?.(own)
    if (id) expect([route.name, answer.text]).toEqual([route.name, expect.stringContaining(id)])
    for (const other of Object.values(theirs))
      if (other !== own.line_id)
        expect([route.name, answer.text]).toEqual([route.name, expect.not.stringContaining(other)])
    answered += 1
  }
  expect(answered).toBeGreaterThan(15)
})

test('of a machine that nobody owns a tenant learns as little as of one that never was', async () => {
  for (const path of ['', '/history', '/usage', '/metrics', '/series', '/cost']) {
    const [unowned, never] = await Promise.all(
      [stage.host_id, NOWHERE].map((id) =>
        stage.call('GET', `/resources/${id}${path}`, undefined, asBearer(stage.a.token)),
      ),
    )
    const of = { ...NEVER, resource_id: stage.host_id }
    expect([path, masked(unowned!, of)]).toEqual([path, masked(never!, NEVER)])
    expect(unowned!.status).toBe(404)
  }
})

/** Written by hand, from what each role is for: the table may not come to allow these. */
const STAFF_ONLY = [
  'GET /agents',
  'POST /enrolments',
  'DELETE /agents/{id}',
  'GET /agents/updates',
  'GET /agent-releases',
  'POST /agent-releases',
  'PUT /agent-releases/{id}/file',
  'GET /agent-rollouts',
  'POST /agent-rollouts',
  'POST /agent-rollouts/{id}/roll-back',
  'GET /sources',
  'GET /sources.csv',
  'POST /sources',
  'POST /sources/check',
  'POST /sources/{id}/replay',
  'GET /sources/{id}/payload',
  'GET /sources/{id}/versions',
  'GET /quarantine',
  'GET /accounting',
  'GET /notices',
  'GET /audit',
  'GET /audit.csv',
  'POST /audit/verification',
  'POST /verification',
  'GET /prices',
  'GET /margins',
  'GET /margins.csv',
  'GET /margins/idle',
  'GET /margins/idle.csv',
  'GET /cost-books',
  'POST /cost-books',
  'PATCH /cost-books/{id}',
  'POST /cost-books/{id}/price-list',
  'POST /cost-books/{id}/price-list/preview',
  'POST /prices',
  'POST /prices/preview',
  'POST /prices/quote',
  'GET /coupons',
  'GET /coupons.csv',
  'POST /coupons',
  'PATCH /coupons/{id}',
  'GET /coupons/{id}/redemptions',
  'GET /tax-rates',
  'GET /legal-entities/{id}/tax',
  'PUT /legal-entities/{id}/tax',
  'POST /accounts',
  'PATCH /legal-entities/{id}',
  'POST /legal-entities',
  'PUT /legal-entities/{id}/logo',
  'DELETE /legal-entities/{id}/logo',
  'POST /invoices',
  'GET /mails',
  'POST /invoices/{id}/mails',
  'POST /mails/{id}/arrival',
  'POST /period-closes/{id}/mails',
  'GET /accounts/{id}/charges',
  'POST /accounts/{id}/charges',
  'POST /charges/{id}/cancellation',
  'POST /accounts/{id}/one-off-invoices',
  'GET /receivables',
  'GET /invoices/{id}/write-offs',
  'POST /invoices/{id}/write-offs',
  'POST /write-offs/{id}/reversal',
  'GET /queues',
  'GET /queues/unrated',
  'GET /queues/unowned.csv',
  'GET /period-closes',
  'POST /period-closes',
  'POST /period-closes/{id}/finalise',
  'PATCH /period-closes/{id}/accounts/{account}',
  'GET /price-changes',
  'POST /price-changes/preview',
  'POST /price-changes',
  'PUT /price-changes/{id}/prices',
  'POST /price-changes/{id}/publish',
  'POST /price-changes/{id}/undo',
  'GET /what-ifs',
  'POST /what-ifs',
  'GET /what-ifs/{id}/accounts',
  'POST /accounts/{id}/accepted-gaps',
  'GET /re-ratings',
  'POST /accounts/{id}/re-rating',
  'POST /accounts/{id}/notes',
  'POST /resources/{id}/assignments',
  'DELETE /resources/{id}/assignments',
  'GET /hardware/parts',
  'GET /hardware/parts.csv',
  'GET /hardware/parts/{type}/{serial}',
  'POST /hardware/entries',
  'GET /hardware/racks',
  'GET /hardware/racks/{id}',
  'GET /hardware/mounts',
  'POST /hardware/mounts',
  'GET /topology',
  'GET /topology/nodes',
  'GET /assignment-rules',
  'GET /assignment-rules/changes',
  'POST /assignment-rules/changes',
  'POST /resources/{id}/same-as',
  'POST /resources/{id}/adoption-preview',
  'GET /reconciliation',
  'GET /reconciliation/summary',
  'GET /reconciliation.csv',
  'DELETE /demo',
  'POST /owner',
  'PATCH /session-settings',
  'POST /impersonation',
  'GET /sso-providers',
  'POST /sso-providers',
]
const BEYOND: Partial<Record<Role, readonly string[]>> = {
  tenant_owner: STAFF_ONLY,
  tenant_member: [
    ...STAFF_ONLY,
    'GET /invoices',
    'GET /invoices/{id}',
    'GET /drafts',
    'GET /accounts/{id}/draft',
    'GET /accounts/{id}/pro-forma',
    'GET /invoices/{id}/lines.csv',
    'GET /resources/{id}/cost',
    'PATCH /accounts/{id}',
    'GET /accounts/{id}/bill',
    'GET /accounts/{id}/limits',
    'POST /accounts/{id}/limits',
    'POST /accounts/{id}/vat-check',
    'POST /accounts/{id}/redemptions',
    'GET /accounts/{id}/redemptions',
    'GET /api-keys',
    'POST /api-keys',
    'DELETE /api-keys/{id}',
  ],
  tenant_billing: [...STAFF_ONLY, 'GET /api-keys', 'POST /api-keys', 'DELETE /api-keys/{id}'],
  tenant_read_only: [
    ...STAFF_ONLY,
    'POST /accounts/{id}/limits',
    'DELETE /limits/{id}',
    'PATCH /accounts/{id}',
    'GET /api-keys',
    'POST /api-keys',
    'DELETE /api-keys/{id}',
  ],
}

test.each(Object.entries(BEYOND) as [Role, readonly string[]][])(
  '%s is refused what no such role may ever do',
  async (role, calls) => {
    const own = await ofCustomer(stage.a)
    for (const name of calls) {
      const route = routes.find((one) => one.name === name)
      expect(route, `${name} is no route`).toBeDefined()
      const cell = { names: () => ({ id: name.includes('resources') ? own.resource_id : own.account_id }) }
      expect([name, (await send(role, route!, cell, own)).status]).toEqual([name, 403])
    }
  },
)
