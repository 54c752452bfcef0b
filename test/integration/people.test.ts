/** People over HTTP: who belongs where, as what, and who may change it. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type postgres from 'postgres'
import { type ControlPlane, type Installation, Suite } from '../setup/stack.ts'
import { ANA, house, invited, joined, signedIn, type Visitor, visitorOf } from './visitor.ts'

let suite: Suite
let plane: ControlPlane
let installation: Installation
let ana: Visitor
let sql: postgres.Sql

beforeAll(async () => {
  suite = new Suite()
  ;({ installation, plane, sql, ana } = await house(suite))
}, 120_000)
afterAll(() => suite.end())

const visitor = () => visitorOf(plane)
const joinedBy = (name: string, wanted: Record<string, unknown> = {}) => joined(ana, visitor(), name, wanted)
const status = async (one: Visitor, path = '/session') => (await one.ask('GET', path)).status
const members = async () => (await ana.ask('GET', '/people')).body.items as { id: string; person: { email: string } }[]
const memberOf = async (email: string) => (await members()).find(({ person }) => person.email === email)!.id

test('whoever has the set-up token becomes the owner, once, and the token opens nothing afterwards', async () => {
  const session = await ana.ask('POST', '/session', { token: installation.setupToken })
  expect(session.body).toMatchObject({ person: null, needs_owner: true })
  const setUp = ana.cookie()
  const weak = await ana.ask('POST', '/owner', { ...ANA, password: 'password1234' })
  expect([weak.status, weak.body.errors[0].pointer]).toEqual([422, '/password'])
  expect((await ana.ask('POST', '/owner', { ...ANA, password: 'short' })).status).toBe(422)
  expect((await ana.ask('POST', '/owner', { ...ANA, password: ANA.email.padEnd(12) })).status).toBe(422)
  const made = await ana.ask('POST', '/owner', ANA)
  expect(made.body.session).toMatchObject({ role: 'owner', needs_owner: false, person: { email: ANA.email } })
  expect((await ana.ask('GET', '/session')).body.actor).toEqual({ kind: 'owner', name: 'Ana' })
  expect((await visitor().ask('GET', '/session', undefined, { cookie: setUp })).status).toBe(401)
  expect((await ana.ask('POST', '/owner', { ...ANA, email: 'eve@example.com' })).status).toBe(409)
  expect((await visitor().ask('POST', '/session', { token: installation.setupToken })).status).toBe(401)
})

test('an invitation works once, ends by itself, and can be withdrawn or sent anew', async () => {
  const token = await invited(ana, { email: 'once@example.com', role: 'support' })
  const shown = await visitor().ask('POST', '/invitations/lookup', { token })
  expect(shown.body).toEqual({
    email: 'once@example.com',
    role: 'support',
    custom_role: null,
    account: null,
    invited_by: 'Ana',
    known: false,
  })
  const accept = (link: string) =>
    visitor().ask('POST', '/invitations/acceptance', { token: link, name: 'Once', password: 'some long password' })
  expect((await accept(token)).status).toBe(200)
  expect((await accept(token)).status).toBe(404)

  const late = await invited(ana, { email: 'late@example.com', role: 'support' })
  const lateId = (await ana.ask('GET', '/invitations')).body.items.find(
    (one: { email: string }) => one.email === 'late@example.com',
  ).id
  await sql`update invitation set expires_at = now() where id = ${lateId}`
  expect((await accept(late)).status).toBe(404)
  const { items } = (await ana.ask('GET', '/invitations')).body
  const { id, expired } = items.find((one: { email: string }) => one.email === 'late@example.com')
  expect(expired).toBe(true)
  const fresh = String((await ana.ask('POST', `/invitations/${id}/renewal`, {})).body.link).split('=')[1] ?? ''
  expect((await visitor().ask('POST', '/invitations/lookup', { token: late })).status).toBe(404)
  expect((await visitor().ask('POST', '/invitations/lookup', { token: fresh })).status).toBe(200)
  expect((await ana.ask('DELETE', `/invitations/${id}`)).status).toBe(204)
  expect((await accept(fresh)).status).toBe(404)
  expect(JSON.stringify(await sql`select row_to_json(i) from invitation i`)).not.toContain(token)
})

test('nobody gives a role beyond his own, nor at an account that he does not reach', async () => {
  const account = async (name: string) => {
    const body = JSON.stringify({ name })
    return ((await (await plane.api('/accounts', { method: 'POST', body })).json()) as { id: string }).id
  }
  const [own, foreign] = [await account('Own'), await account('Foreign')]
  const { visitor: tenant, session } = await joinedBy('tenant', { role: 'tenant_owner', account_id: own })
  expect([session.actor.kind, session.account.id]).toEqual(['tenant', own])
  const { visitor: admin } = await joinedBy('admin', { role: 'administrator' })
  const email = 'x@example.com'
  const refused = async (by: Visitor, wanted: unknown) => (await by.ask('POST', '/invitations', wanted)).status
  expect(await refused(admin, { email, role: 'owner' })).toBe(403)
  expect(await refused(tenant, { email, role: 'support' })).toBe(403)
  expect(await refused(tenant, { email, role: 'tenant_member', account_id: foreign })).toBe(404)
  expect(await refused(tenant, { email, role: 'tenant_member', account_id: own })).toBe(201)
  expect((await admin.ask('PATCH', `/people/${await memberOf(ANA.email)}`, { role: 'support' })).status).toBe(403)
  expect((await admin.ask('DELETE', `/people/${await memberOf(ANA.email)}`)).status).toBe(403)

  // of a foreign account nothing is seen, and what is there is answered as what never was
  await joinedBy('foreigner', { role: 'tenant_member', account_id: foreign })
  const seen = (await tenant.ask('GET', '/people')).body.items as { person: { email: string } }[]
  expect(seen.map(({ person }) => person.email)).toEqual(['tenant@example.com'])
  const theirs = await memberOf('foreigner@example.com')
  const never = '0198c5d0-0000-7000-8000-000000000000'
  const answers = await Promise.all([theirs, never].map((id) => tenant.ask('DELETE', `/people/${id}`)))
  expect(answers.map((one) => one.status)).toEqual([404, 404])
  expect(answers[0]?.body.detail.replace(theirs, never)).toBe(answers[1]?.body.detail)
  expect((await admin.ask('POST', '/sso-providers', {})).status).toBe(403)
})

test('one who belongs to several places switches between them, and sees each alone', async () => {
  const { visitor: one, person } = await joinedBy('several')
  const { items } = (await ana.ask('GET', '/accounts')).body
  const { id: account_id, name } = items[0]
  const token = await invited(ana, { email: person.email, role: 'tenant_billing', account_id })
  expect(
    (await visitor().ask('POST', '/invitations/acceptance', { token, name: 'x', password: 'another long one' })).status,
  ).toBe(409)
  const stranger = await joinedBy('stranger')
  expect((await stranger.visitor.ask('POST', '/me/memberships', { token })).status).toBe(409)
  expect((await one.ask('POST', '/me/memberships', { token })).status).toBe(204)
  const before = (await one.ask('GET', '/session')).body
  expect([before.role, before.account, before.person.memberships.length]).toEqual(['support', null, 2])
  const other = before.person.memberships.find(({ active }: { active: boolean }) => !active)
  expect((await one.ask('POST', '/me/membership', { membership_id: await memberOf(ANA.email) })).status).toBe(404)
  expect((await one.ask('POST', '/me/membership', { membership_id: other.id })).status).toBe(204)
  expect((await one.ask('GET', '/session')).body).toMatchObject({ role: 'tenant_billing', account: { name } })
  expect(await status(one, '/agents')).toBe(403)
})

test('a session that is revoked, and a membership that ends, end at once', async () => {
  const { visitor: first, person } = await joinedBy('leaving')
  const second = await signedIn(visitor(), person)
  const { sessions } = (await first.ask('GET', '/me')).body
  expect(sessions).toHaveLength(2)
  const other = sessions.find(({ current }: { current: boolean }) => !current)
  expect((await ana.ask('DELETE', `/me/sessions/${other.id}`)).status).toBe(404)
  expect((await first.ask('DELETE', `/me/sessions/${other.id}`)).status).toBe(204)
  expect([await status(first), await status(second)]).toEqual([200, 401])
  expect((await ana.ask('DELETE', `/people/${await memberOf(person.email)}`)).status).toBe(204)
  expect(await status(first)).toBe(401)
  expect((await visitor().ask('POST', '/sign-in/password', person)).status).toBe(401)
})

test('a role that changes holds with the next request', async () => {
  const { visitor: one, person } = await joinedBy('changing', { role: 'finance' })
  expect(await status(one, '/invoices')).toBe(200)
  const changed = await ana.ask('PATCH', `/people/${await memberOf(person.email)}`, { role: 'operator' })
  expect([changed.status, changed.body.role]).toEqual([200, 'operator'])
  expect(await status(one, '/invoices')).toBe(403)
})

test('the last owner can neither leave nor become less', async () => {
  const id = await memberOf(ANA.email)
  expect((await ana.ask('PATCH', `/people/${id}`, { role: 'support' })).status).toBe(409)
  expect((await ana.ask('DELETE', `/people/${id}`)).status).toBe(409)
  const { person } = await joinedBy('second', { role: 'owner' })
  const both = [id, await memberOf(person.email)].map((one) => ana.ask('PATCH', `/people/${one}`, { role: 'support' }))
  const codes = (await Promise.all(both)).map((one) => one.status)
  expect(codes.filter((code) => code === 200)).toHaveLength(1)
  const [owners] = await sql`select count(*)::int as n from membership where role = 'owner' and ended_at is null`
  expect(owners?.n).toBe(1)
  await sql`update membership set role = 'owner' where id = ${id}`
})

test('what people did is told, without a name, an e-mail or a secret in it', async () => {
  const token = await invited(ana, { email: 'private@example.com', role: 'support' })
  const { items } = (await ana.ask('GET', '/events?limit=500')).body as {
    items: { type: string; after: unknown; before: unknown }[]
  }
  const types = new Set(items.map(({ type }) => type))
  for (const type of [
    'person.invited',
    'person.joined',
    'person.left',
    'person.role_changed',
    'session.opened',
    'session.revoked',
    'session.switched',
  ])
    expect(types, type).toContain(type)
  const told = JSON.stringify(
    items
      .filter(({ type }) => /^(person|session|totp|password|invitation|sign_in)\./.test(type))
      .map(({ before, after }) => [before, after]),
  )
  expect(told).not.toMatch(/@example\.com/)
  expect(told).not.toContain(token)
  await vi.waitFor(async () => expect((await ana.ask('POST', '/audit/verification', {})).body.findings).toEqual([]))
})
