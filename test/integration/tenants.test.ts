/**
 * Every route of the API's own description × every role of an account × what is its own, what is another's, and what never was.
 * The roles of the installation are tried in `roles.test.ts`.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Permission } from '#control-plane/base/actor.ts'
import { isTenantRole, permissionsOf, type Role, ROLE_NAMES } from '#control-plane/base/roles.ts'
import { Suite } from '../setup/stack.ts'
import type { Answer } from './http.ts'
import { asBearer, type Customer, member, type TwoAccounts, twoAccounts } from './two-accounts.ts'

const TENANT_ROLES = ROLE_NAMES.filter(isTenantRole)
const NOWHERE = '0198c5d0-0000-7000-8000-000000000000'

let suite: Suite
let stage: TwoAccounts
let routes: { name: string; method: string; path: string; needs: string }[] = []
const token = new Map<Role, string>()

beforeAll(async () => {
  suite = new Suite()
  stage = await twoAccounts(suite)
  for (const role of TENANT_ROLES) token.set(role, await stage.keyOf(role, stage.a.account_id))
  const { paths } = (await stage.call('GET', '/openapi.json')).body as {
    paths: Record<string, Record<string, { 'x-permission'?: string }>>
  }
  routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, route]) => ({
      name: `${method.toUpperCase()} ${path.replace('/api/v1', '')}`,
      method: method.toUpperCase(),
      path: path.replace('/api/v1', ''),
      needs: route['x-permission'] ?? '',
    })),
  )
}, 120_000)
afterAll(() => suite.end())

type Of = Pick<Customer, 'account_id' | 'resource_id' | 'invoice_id' | 'line_id'> & {
  key_id: string
  draft_line_id: string
  member_id: string
  invitation_id: string
}
interface Cell {
  /** what the address or the body names */
  names: (of: Of) => Record<string, string>
  body?: (of: Of) => unknown
  /** the id that the answer must hold where it is one's own; null: the answer is empty, or holds no id */
  holds?: (of: Of) => string | null
}

const account = { names: (of: Of) => ({ id: of.account_id }), holds: (of: Of) => of.account_id }
const resource = { names: (of: Of) => ({ id: of.resource_id }) }
const invoice = { names: (of: Of) => ({ id: of.invoice_id }), holds: (of: Of) => of.invoice_id }
const one = (id: (of: Of) => string): Cell => ({ names: (of) => ({ id: id(of) }), holds: id })
/** Lists name nothing: they hold what is one's own, and nothing of the other. */
const list = (holds: (of: Of) => string | null): Cell => ({ names: () => ({}), holds })

/** Each route that a tenant's role may call. A route that isn't here fails the test that reads this. */
const CELLS: Readonly<Record<string, Cell>> = {
  'GET /session': list((of) => of.account_id),
  'DELETE /session': list(() => null),
  'DELETE /impersonation': list(() => null),
  'GET /roles': list(() => null),
  'GET /meters': list(() => null),
  'GET /api-keys': list((of) => of.key_id),
  'POST /api-keys': {
    names: () => ({}),
    body: (of) => ({ name: 'made', role: 'tenant_member', account_id: of.account_id }),
    holds: (of) => of.account_id,
  },
  'DELETE /api-keys/{id}': { names: (of) => ({ id: of.key_id }), holds: () => null },
  'GET /legal-entities': list(() => null),
  'GET /accounts': list((of) => of.account_id),
  'GET /accounts/{id}': account,
  'PATCH /accounts/{id}': { ...account, body: () => ({ tax_id: 'ESB12345678' }) },
  'GET /accounts/{id}/contracts': account,
  'GET /accounts/{id}/usage': account,
  'GET /accounts/{id}/usage.csv': { ...account, holds: () => null },
  'GET /accounts/{id}/draft': account,
  'GET /accounts/{id}/draft/lines/{line}/explanation': {
    names: (of) => ({ id: of.account_id, line: of.draft_line_id }),
    holds: (of) => of.draft_line_id,
  },
  'GET /drafts': list((of) => of.account_id),
  'GET /invoices': list((of) => of.invoice_id),
  'GET /invoices/{id}': invoice,
  'GET /invoices/{id}/pdf': { ...invoice, holds: () => null },
  'GET /invoices/{id}/lines/{line}/explanation': {
    names: (of) => ({ id: of.invoice_id, line: of.line_id }),
    holds: (of) => of.line_id,
  },
  'GET /resources': list((of) => of.resource_id),
  'GET /resources.csv': list((of) => of.resource_id),
  'GET /resources/summary': list(() => null),
  'GET /resources/{id}': { ...resource, holds: (of) => of.resource_id },
  'GET /resources/{id}/history': { ...resource, holds: (of) => of.account_id },
  'GET /resources/{id}/usage': resource,
  'GET /resources/{id}/metrics': resource,
  'GET /resources/{id}/series': resource,
  'GET /resources/{id}/cost': resource,
  'GET /events': list((of) => of.account_id),
  'GET /people': list((of) => of.member_id),
  'PATCH /people/{id}': { ...one((of) => of.member_id), body: () => ({ role: 'tenant_billing' }) },
  'DELETE /people/{id}': { ...one((of) => of.member_id), holds: () => null },
  'GET /invitations': list((of) => of.invitation_id),
  'POST /invitations': {
    names: () => ({}),
    body: (of) => ({ email: `${crypto.randomUUID()}@example.com`, role: 'tenant_member', account_id: of.account_id }),
    holds: (of) => of.account_id,
  },
  'POST /invitations/{id}/renewal': one((of) => of.invitation_id),
  'DELETE /invitations/{id}': { ...one((of) => of.invitation_id), holds: () => null },
}
/**
 * Tried elsewhere: a stream that doesn't end by itself (`roles.test.ts`), what is a person's, wherever he belongs (`people.test.ts`), and
 * making roles, which no tenant may although he may give them (`custom-roles.test.ts`).
 */
const isElsewhere = (name: string) =>
  name === 'GET /stream' || / \/me(\/|$)/.test(name) || /^(POST|PATCH|DELETE) \/roles/.test(name)

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

/** A key to end, made anew for each role: ending it is what is tried. */
async function ofCustomer(who: Customer): Promise<Of> {
  const made = await stage.call('POST', '/api-keys', {
    name: 'to end',
    role: 'tenant_member',
    account_id: who.account_id,
  })
  const draft = (await stage.call('GET', `/accounts/${who.account_id}/draft`)).body['lines'] as { id: string }[]
  const email = `${crypto.randomUUID()}@example.com`
  const invited = await stage.call('POST', '/invitations', { email, role: 'tenant_member', account_id: who.account_id })
  return {
    ...who,
    key_id: made.body['key'].id as string,
    draft_line_id: draft[0]?.id ?? '',
    member_id: await member(stage.world, who.account_id),
    invitation_id: invited.body['invitation'].id as string,
  }
}
const NEVER: Of = {
  account_id: NOWHERE,
  resource_id: NOWHERE,
  invoice_id: NOWHERE,
  line_id: NOWHERE,
  key_id: NOWHERE,
  draft_line_id: NOWHERE,
  member_id: NOWHERE,
  invitation_id: NOWHERE,
}

/** The problem without what differs from one request to the next, and with what was asked for left out. */
const masked = ({ status, text }: Answer, of: Of) => ({
  status,
  text: [...new Set(Object.values(of))].reduce(
    (all, id) => all.replaceAll(id, NOWHERE),
    text.replace(/"request_id":"[^"]*"/, ''),
  ),
})

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
  'GET /sources',
  'POST /sources',
  'GET /quarantine',
  'GET /accounting',
  'GET /notices',
  'GET /audit',
  'GET /audit.csv',
  'POST /audit/verification',
  'POST /verification',
  'GET /prices',
  'POST /prices',
  'POST /prices/preview',
  'POST /accounts',
  'PATCH /legal-entities/{id}',
  'POST /legal-entities',
  'POST /invoices',
  'GET /period-closes',
  'POST /period-closes',
  'POST /period-closes/{id}/finalise',
  'PATCH /period-closes/{id}/accounts/{account}',
  'POST /accounts/{id}/accepted-gaps',
  'POST /resources/{id}/assignments',
  'POST /resources/{id}/same-as',
  'DELETE /demo',
  'POST /owner',
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
    'GET /resources/{id}/cost',
    'PATCH /accounts/{id}',
    'GET /api-keys',
    'POST /api-keys',
    'DELETE /api-keys/{id}',
  ],
  tenant_billing: [...STAFF_ONLY, 'GET /api-keys', 'POST /api-keys', 'DELETE /api-keys/{id}'],
  tenant_read_only: [...STAFF_ONLY, 'PATCH /accounts/{id}', 'GET /api-keys', 'POST /api-keys', 'DELETE /api-keys/{id}'],
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
