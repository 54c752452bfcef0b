/** Staff act as a customer: with a reason, on record, within what he may do, and not for ever. */
import type postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ControlPlane, Suite } from '../setup/stack.ts'
import { joined, owned, type Visitor, visitorOf } from './visitor.ts'

let suite: Suite
let plane: ControlPlane
let sql: postgres.Sql
let owner: Visitor
let sam: Visitor
let account: { id: string; name: string }
let other: { id: string }

beforeAll(async () => {
  suite = new Suite()
  ;({ plane, sql, ana: owner } = await owned(suite))
  account = (await owner.ask('POST', '/accounts', { name: 'Customer' })).body
  other = (await owner.ask('POST', '/accounts', { name: 'Other' })).body
  sam = (await joined(owner, visitorOf(plane), 'sam')).visitor
}, 120_000)
afterAll(() => suite.end())

const REASON = 'ticket 4711: the bill looks wrong'
const begin = (one: Visitor, reason = REASON) => one.ask('POST', '/impersonation', { account_id: account.id, reason })
const accounts = async (one: Visitor) =>
  (await one.ask('GET', '/accounts')).body.items.map(({ name }: { name: string }) => name)

test('support sees what the customer sees, is told so, and is himself again', async () => {
  expect(await accounts(sam)).toContain('Other')
  const begun = await begin(sam)
  expect([begun.status, begun.body]).toEqual([
    200,
    { account: { id: account.id, name: 'Customer' }, reason: REASON, ends_at: expect.any(String) },
  ])
  const { body: session } = await sam.ask('GET', '/session')
  expect(session).toMatchObject({
    actor: { kind: 'tenant' },
    role: 'tenant_owner',
    account: { id: account.id },
    impersonation: { reason: REASON },
  })
  expect(await accounts(sam)).toEqual(['Customer'])
  expect((await sam.ask('GET', `/accounts/${other.id}`)).status).toBe(404)
  for (const path of ['/agents', '/audit', '/prices']) expect((await sam.ask('GET', path)).status).toBe(403)
  await sam.ask('DELETE', '/impersonation')
  expect((await sam.ask('GET', '/session')).body).toMatchObject({ role: 'support', impersonation: null })
  expect(await accounts(sam)).toContain('Other')
})

test('nobody gives keys or a place in the customer’s name, and nobody begins one within another', async () => {
  await begin(sam)
  const key = await sam.ask('POST', '/api-keys', { name: 'x', role: 'tenant_member' })
  const person = await sam.ask('POST', '/invitations', { email: 'x@example.com', role: 'tenant_member' })
  const again = await sam.ask('POST', '/impersonation', { account_id: other.id, reason: REASON })
  expect([key.status, person.status, again.status]).toEqual([403, 403, 403])
  await sam.ask('DELETE', '/impersonation')
})

test('what is done meanwhile says who did it, and as whom', async () => {
  await begin(sam)
  expect((await sam.ask('PATCH', `/accounts/${account.id}`, { tax_id: 'ESB12345674' })).status).toBe(200)
  await sam.ask('DELETE', '/impersonation')
  const { items } = (await owner.ask('GET', `/audit?account_id=${account.id}`)).body as {
    items: { type: string; actor: object; after: object | null }[]
  }
  const of = (type: string) => items.find((one) => one.type === type)
  expect(of('account.changed')!.actor).toMatchObject({
    kind: 'staff',
    name: 'sam',
    as: { account_id: account.id, role: 'tenant_owner' },
  })
  expect(of('impersonation.began')).toMatchObject({ actor: { name: 'sam' }, after: { reason: REASON } })
  expect(of('impersonation.ended')!.actor).toMatchObject({ name: 'sam', as: { account_id: account.id } })
})

test('it ends by itself, and then may begin anew', async () => {
  await begin(sam)
  await sql`update impersonation set ends_at = now() - interval '1 second' where ended_at is null`
  expect((await sam.ask('GET', '/session')).body).toMatchObject({ role: 'support', impersonation: null })
  expect((await begin(sam)).status).toBe(200)
  await sam.ask('DELETE', '/impersonation')
})

test('without a reason, for an account that never was, by a key, or by a role that lacks it, it does not begin', async () => {
  expect((await begin(sam, '  hm ')).status).toBe(422)
  const nowhere = { account_id: '0198c5d0-0000-7000-8000-000000000000', reason: REASON }
  expect((await sam.ask('POST', '/impersonation', nowhere)).status).toBe(404)
  const body = JSON.stringify({ account_id: account.id, reason: REASON })
  expect((await plane.api('/impersonation', { method: 'POST', body })).status).toBe(409)
  const finance = (await joined(owner, visitorOf(plane), 'fina', { role: 'finance' })).visitor
  expect((await begin(finance)).status).toBe(403)
  const { visitor } = await joined(owner, visitorOf(plane), 'tess', { role: 'tenant_owner', account_id: account.id })
  expect((await begin(visitor)).status).toBe(403)
})

test('another session of the same person is not touched, and one that is ended takes it along', async () => {
  const second = visitorOf(plane)
  await second.ask('POST', '/sign-in/password', { email: 'sam@example.com', password: 'sam has a long password' })
  await begin(sam)
  expect((await second.ask('GET', '/session')).body).toMatchObject({ role: 'support', impersonation: null })
  await sam.ask('DELETE', '/session')
  expect((await sam.ask('GET', '/session')).status).toBe(401)
})
