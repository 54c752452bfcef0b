/** Roles that are made here: by whom, for whom, and that what they say holds at once and everywhere. */
import type postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ControlPlane, Suite } from '../setup/stack.ts'
import { joined, owned, type Visitor, visitorOf } from './visitor.ts'

let suite: Suite
let plane: ControlPlane
let sql: postgres.Sql
let owner: Visitor
let administrator: Visitor
let customer: Visitor
let account: { id: string }
let foreign: { id: string }
const NEVER = '0198c5d0-0000-7000-8000-000000000000'

beforeAll(async () => {
  suite = new Suite()
  ;({ plane, sql, ana: owner } = await owned(suite))
  account = (await owner.ask('POST', '/accounts', { name: 'Customer' })).body
  foreign = (await owner.ask('POST', '/accounts', { name: 'Other' })).body
  administrator = (await join('administrator', { role: 'administrator' })).visitor
  customer = (await join('customer', { role: 'tenant_owner', account_id: account.id })).visitor
}, 120_000)
afterAll(() => suite.end())

const join = (name: string, wanted: Record<string, unknown>) => joined(owner, visitorOf(plane), name, wanted)
/** One who has a role that was made here. */
const joinAs = (name: string, custom_role_id: string, account_id: string | null = null) =>
  join(name, { role: undefined, custom_role_id, account_id })
const statusOf = async (answer: ReturnType<Visitor['ask']>) => (await answer).status
const reads = (one: Visitor, ...paths: string[]) => Promise.all(paths.map((path) => statusOf(one.ask('GET', path))))
const rolesOf = async (one: Visitor): Promise<Record<string, unknown>[]> => (await one.ask('GET', '/roles')).body.items

async function made(name: string, permissions: string[], of = 'installation'): Promise<string> {
  const answer = await owner.ask('POST', '/roles', { name, of, permissions })
  expect(answer.status, answer.text).toBe(201)
  return answer.body.custom.id
}
async function keyOf(wanted: Record<string, unknown>): Promise<{ id: string; as: Visitor; token: string }> {
  const answer = await owner.ask('POST', '/api-keys', { name: 'key', ...wanted })
  expect(answer.status, answer.text).toBe(201)
  const { token, key } = answer.body
  const headers = { authorization: `Bearer ${token}`, cookie: '' }
  const as: Visitor = {
    cookie: () => '',
    ask: (method, path, body) => visitorOf(plane).ask(method, path, body, headers),
  }
  return { id: key.id, as, token }
}

test('a role is made of permissions by name, listed, renamed, and its name is its own', async () => {
  const wanted = {
    name: 'Bookkeeper',
    of: 'installation',
    permissions: ['billing.read', 'accounts.read', 'billing.read'],
  }
  const answer = await owner.ask('POST', '/roles', wanted)
  const entry = {
    role: 'read_only',
    custom: { id: expect.any(String), name: 'Bookkeeper' },
    of: 'installation',
    permissions: ['accounts.read', 'billing.read'],
  }
  expect([answer.status, answer.body]).toEqual([201, entry])
  expect(await rolesOf(owner)).toContainEqual(entry)
  expect((await rolesOf(owner)).filter(({ custom }) => custom === null)).toHaveLength(10)
  const taken = await owner.ask('POST', '/roles', { ...wanted, name: 'BOOKKEEPER' })
  expect([taken.status, taken.body.errors[0].pointer]).toEqual([409, '/name'])
  const id = await made('Second', ['accounts.read'])
  expect(await statusOf(owner.ask('PATCH', `/roles/${id}`, { name: 'bookKeeper' }))).toBe(409)
  expect((await owner.ask('PATCH', `/roles/${id}`, { name: 'SECOND' })).body.custom).toEqual({ id, name: 'SECOND' })
  expect(await statusOf(owner.ask('POST', '/roles', { ...wanted, name: 'x', permissions: ['world.rule'] }))).toBe(422)
  expect(await statusOf(owner.ask('POST', '/roles', { ...wanted, name: 'x', permissions: [] }))).toBe(422)
  expect(await statusOf(owner.ask('PATCH', `/roles/${NEVER}`, {}))).toBe(404)
})

test('routes ask what the role permits, not what stands in its place', async () => {
  const id = await made('Auditor', ['audit.read', 'billing.read'])
  const { visitor: person, session } = await joinAs('auditor', id)
  const key = await keyOf({ custom_role_id: id })
  const custom_role = { id, name: 'Auditor' }
  const permissions = ['audit.read', 'billing.read']
  expect(session).toMatchObject({ actor: { kind: 'staff' }, role: 'read_only', custom_role, permissions })
  expect(session.person.memberships).toEqual([expect.objectContaining({ role: 'read_only', custom_role })])
  expect((await key.as.ask('GET', '/session')).body).toMatchObject({ role: 'read_only', custom_role, permissions })
  // read_only may read agents and accounts, and neither the audit nor invoices
  for (const one of [person, key.as])
    expect(await reads(one, '/audit', '/invoices', '/agents', '/accounts')).toEqual([200, 200, 403, 403])
  const narrowed = await keyOf({ custom_role_id: id, scopes: ['audit.read'] })
  expect(await reads(narrowed.as, '/audit', '/invoices')).toEqual([200, 403])
  const beyond = { name: 'x', custom_role_id: id, scopes: ['agents.read'] }
  expect(await statusOf(owner.ask('POST', '/api-keys', beyond))).toBe(422)
  const people = (await owner.ask('GET', '/people')).body.items
  expect(people).toContainEqual(expect.objectContaining({ role: 'read_only', custom_role }))
  const keys = (await owner.ask('GET', '/api-keys')).body.items
  expect(keys).toContainEqual(expect.objectContaining({ id: key.id, role: 'read_only', custom_role }))
})

test('a change holds at once for a person, a key and the session that it opened; so does the end', async () => {
  const id = await made('Shifting', ['agents.read'])
  const { visitor: person } = await joinAs('shifting', id)
  const key = await keyOf({ custom_role_id: id })
  const opened = visitorOf(plane)
  expect(await statusOf(opened.ask('POST', '/session', { token: key.token }))).toBe(200)
  const bearers = [person, key.as, opened]
  const each = () => Promise.all(bearers.map((one) => reads(one, '/agents', '/invoices')))
  expect(await each()).toEqual(bearers.map(() => [200, 403]))
  expect(await statusOf(owner.ask('PATCH', `/roles/${id}`, { permissions: ['billing.read'] }))).toBe(200)
  expect(await each()).toEqual(bearers.map(() => [403, 200]))
  // as if it ended at the very moment in which it was given
  await sql`update custom_role set ended_at = now() where id = ${id}`
  expect(await each()).toEqual(bearers.map(() => [403, 403]))
  for (const one of bearers) expect((await one.ask('GET', '/session')).body.permissions).toEqual([])
})

test('live updates end for one who may hear them no more', async () => {
  const id = await made('Listener', ['events.read'])
  const { token } = await keyOf({ custom_role_id: id })
  const abort = new AbortController()
  const headers = { authorization: `Bearer ${token}` }
  const stream = await fetch(`${plane.origin}/api/v1/stream`, { headers, signal: abort.signal })
  expect(stream.status).toBe(200)
  const ended = (async () => {
    for await (const _part of stream.body!);
    return 'ended'
  })()
  expect(await statusOf(owner.ask('PATCH', `/roles/${id}`, { permissions: ['agents.read'] }))).toBe(200)
  // it is asked again every quarter of a minute
  const waited = Bun.sleep(45_000).then(() => 'still open')
  expect(await Promise.race([ended, waited])).toBe('ended')
  abort.abort()
}, 60_000)

test('a role that somebody has does not end, and it says how many have it', async () => {
  const id = await made('Busy', ['agents.read'])
  await joinAs('busy', id)
  const key = await keyOf({ custom_role_id: id })
  const late = await keyOf({ custom_role_id: id, expires_at: new Date(Date.now() + 60_000).toISOString() })
  await sql`update credential set expires_at = now() where id = ${late.id}`
  const asked = await owner.ask('POST', '/invitations', { email: 'asked@example.com', custom_role_id: id })
  expect(asked.body.invitation).toMatchObject({ role: 'read_only', custom_role: { id, name: 'Busy' } })
  const token = String(asked.body.link).split('=')[1]
  const shown = await visitorOf(plane).ask('POST', '/invitations/lookup', { token })
  expect(shown.body.custom_role).toEqual({ id, name: 'Busy' })
  const refusal = await owner.ask('DELETE', `/roles/${id}`)
  expect([refusal.status, refusal.body.detail]).toEqual([
    409,
    expect.stringContaining('people 1, open invitations 1, API keys 1'),
  ])
  await owner.ask('DELETE', `/api-keys/${key.id}`)
  await owner.ask('DELETE', `/invitations/${asked.body.invitation.id}`)
  expect(await statusOf(owner.ask('DELETE', `/roles/${id}`))).toBe(409)
  const member = (await owner.ask('GET', '/people')).body.items.find(
    (one: { custom_role: { id: string } | null }) => one.custom_role?.id === id,
  )
  const changed = await owner.ask('PATCH', `/people/${member.id}`, { role: 'support' })
  expect(changed.body).toMatchObject({ role: 'support', custom_role: null })
  expect(await statusOf(owner.ask('DELETE', `/roles/${id}`))).toBe(204)
  expect((await rolesOf(owner)).some(({ custom }) => (custom as { id: string } | null)?.id === id)).toBe(false)
  expect(await statusOf(owner.ask('PATCH', `/people/${member.id}`, { custom_role_id: id }))).toBe(404)
  expect(await statusOf(owner.ask('DELETE', `/roles/${id}`))).toBe(404)
  await made('busy', ['agents.read'])

  const { items } = (await owner.ask('GET', '/events?limit=200')).body
  const about = items.filter(({ subject }: { subject: { id: string } }) => subject.id === id)
  expect(about.map(({ type }: { type: string }) => type).toSorted()).toEqual(['role.created', 'role.ended'])
  const moved = items.find((one: { type: string }) => one.type === 'person.role_changed')
  expect(moved).toMatchObject({ before: { custom_role_id: id }, after: { role: 'support', custom_role_id: null } })
})

test('nobody makes, changes, ends or gives what he may not do himself', async () => {
  const all = { name: 'Mighty', of: 'installation', permissions: ['agents.read', 'installation.write'] }
  expect(await statusOf(administrator.ask('POST', '/roles', all))).toBe(403)
  const mighty = await made('Mighty', all.permissions)
  expect(await statusOf(administrator.ask('PATCH', `/roles/${mighty}`, { permissions: ['agents.read'] }))).toBe(403)
  expect(await statusOf(administrator.ask('DELETE', `/roles/${mighty}`))).toBe(403)
  const given = { name: 'x', email: 'x@example.com', custom_role_id: mighty }
  for (const path of ['/api-keys', '/invitations'])
    expect(await statusOf(administrator.ask('POST', path, given))).toBe(403)
  const own = await administrator.ask('POST', '/roles', { ...all, name: 'Modest', permissions: ['agents.read'] })
  expect(own.status).toBe(201)
  const modest = own.body.custom.id
  expect(await statusOf(administrator.ask('PATCH', `/roles/${modest}`, { permissions: all.permissions }))).toBe(403)
  // who has the mighty role is above an administrator, although `read_only` stands in its place
  const { visitor, person } = await joinAs('mighty', mighty)
  const members = (await owner.ask('GET', '/people')).body.items
  const { id } = members.find((one: { person: { email: string } }) => one.person.email === person.email)
  expect(await statusOf(administrator.ask('PATCH', `/people/${id}`, { role: 'read_only' }))).toBe(403)
  expect(await statusOf(administrator.ask('DELETE', `/people/${id}`))).toBe(403)
  const key = await keyOf({ custom_role_id: mighty })
  expect(await statusOf(administrator.ask('DELETE', `/api-keys/${key.id}`))).toBe(403)
  // without people.write no role is made, whatever else one may do
  expect(await statusOf(visitor.ask('POST', '/roles', { ...all, name: 'y' }))).toBe(403)
  // the two ways to say a role may not contradict each other
  for (const wanted of [{}, { role: 'owner', custom_role_id: modest }])
    expect(await statusOf(owner.ask('POST', '/api-keys', { name: 'x', ...wanted }))).toBe(422)
  expect(await statusOf(owner.ask('POST', '/api-keys', { name: 'x', role: 'read_only', custom_role_id: modest }))).toBe(
    201,
  )
})

test('a role of an account stays within what its owner may do, and he gives it to his own alone', async () => {
  const wanted = { name: 'Machines', of: 'account', permissions: ['inventory.read', 'agents.read'] }
  const beyond = await owner.ask('POST', '/roles', wanted)
  expect([beyond.status, beyond.body.errors[0].pointer]).toEqual([422, '/permissions'])
  const id = await made('Machines', ['inventory.read', 'billing.read'], 'account')
  expect(await statusOf(owner.ask('PATCH', `/roles/${id}`, { permissions: ['agents.read'] }))).toBe(422)
  const staff = await made('Staff only', ['inventory.read'])

  const known = (await rolesOf(customer)).filter(({ custom }) => custom !== null)
  expect(known).toEqual([expect.objectContaining({ custom: { id, name: 'Machines' }, of: 'account' })])
  const give = (custom_role_id: string, account_id: string | null = null) =>
    customer.ask('POST', '/api-keys', { name: 'x', custom_role_id, account_id })
  const key = await give(id)
  expect(key.body.key).toMatchObject({
    role: 'tenant_member',
    custom_role: { id, name: 'Machines' },
    account: { id: account.id },
  })
  expect(await statusOf(give(id, foreign.id))).toBe(404)
  const [theirs, never] = [await give(staff), await give(NEVER)]
  expect([theirs.status, theirs.body.detail.replace(staff, NEVER)]).toEqual([404, never.body.detail])
  const invited = await customer.ask('POST', '/invitations', { email: 'm@example.com', custom_role_id: id })
  expect(invited.body.invitation).toMatchObject({ custom_role: { id }, account: { id: account.id } })
  const again = await customer.ask('POST', `/invitations/${invited.body.invitation.id}/renewal`, {})
  expect(again.body.invitation.custom_role).toEqual({ id, name: 'Machines' })
  expect(await statusOf(owner.ask('POST', '/api-keys', { name: 'x', custom_role_id: id }))).toBe(422)
  const placed = { name: 'x', custom_role_id: staff, account_id: account.id }
  expect(await statusOf(owner.ask('POST', '/api-keys', placed))).toBe(422)

  const { visitor: member, session } = await joinAs('machines', id, account.id)
  expect(session).toMatchObject({ actor: { kind: 'tenant' }, role: 'tenant_member', account: { id: account.id } })
  expect(await reads(member, '/resources', '/invoices', '/accounts', '/agents')).toEqual([200, 200, 403, 403])
  const listed = (await customer.ask('GET', '/people')).body.items
  const { id: membership } = listed.find((one: { person: { name: string } }) => one.person.name === 'machines')
  expect(await statusOf(customer.ask('PATCH', `/people/${membership}`, { role: 'tenant_billing' }))).toBe(200)
  const back = await customer.ask('PATCH', `/people/${membership}`, { custom_role_id: id })
  expect(back.body).toMatchObject({ role: 'tenant_member', custom_role: { id } })
})

test('a tenant makes, changes and ends no role, whatever he may give', async () => {
  const id = await made('Given', ['inventory.read'], 'account')
  const wanted = { name: 'Mine', of: 'account', permissions: ['inventory.read'] }
  expect(await statusOf(customer.ask('POST', '/roles', wanted))).toBe(403)
  for (const path of [`/roles/${id}`, `/roles/${NEVER}`]) {
    expect(await statusOf(customer.ask('PATCH', path, { name: 'Mine' }))).toBe(403)
    expect(await statusOf(customer.ask('DELETE', path))).toBe(403)
  }
  expect(await rolesOf(owner)).toContainEqual(expect.objectContaining({ custom: { id, name: 'Given' } }))
})

test('who acts as a customer has the customer’s role, not his own', async () => {
  const id = await made('Helper', ['accounts.impersonate', 'accounts.read', 'agents.read'])
  const { visitor: helper } = await joinAs('helper', id)
  const begun = await helper.ask('POST', '/impersonation', { account_id: account.id, reason: 'ticket 4712' })
  expect(begun.status, begun.text).toBe(200)
  expect((await helper.ask('GET', '/session')).body).toMatchObject({ role: 'tenant_owner', custom_role: null })
  expect(await reads(helper, '/agents', '/invoices')).toEqual([403, 200])
  await helper.ask('DELETE', '/impersonation')
  expect((await helper.ask('GET', '/session')).body.custom_role).toEqual({ id, name: 'Helper' })
})

test('the database lets no strong role stand beside one that was made here', async () => {
  const id = await made('Carried', ['agents.read'])
  const { id: key } = await keyOf({ custom_role_id: id })
  await expect(sql`update credential set role = 'owner' where id = ${key}`).rejects.toThrow(/credential_carrier/)
  await expect(sql`update membership set custom_role_id = ${id} where role = 'owner'`).rejects.toThrow(
    /membership_carrier/,
  )
})
