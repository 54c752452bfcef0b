/** Bad requests: each gets a named problem that says what is wrong and where, and changes nothing. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '#control-plane/base/id.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { rows } from '#control-plane/db/index.ts'
import { encodeCursor } from '#control-plane/http/index.ts'
import { Suite } from '../setup/stack.ts'
import { enrolledAgent, vm } from './agent.ts'
import { type Call, apiOf } from './http.ts'
import { market, sell, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const NOW = Date.parse('2026-11-10T08:00:00.000Z')
let suite: Suite
let world: Prepared
let call: Call
/** a resource and a source that exist */
const known = { resource: '', source: '' }

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(NOW))
  call = await apiOf(suite, world)
  await sell(world, { meter: 'vcpu', amount: '0.05' })
  const agent = await enrolledAgent(world, 'requests')
  known.source = agent.source
  await agent.send([agent.listing(NOW, 'h', [vm('a'), vm('b'), vm('c')])])
  await settled(world)
  world.clock.now += HOUR_MS
  const listed = await call('GET', '/resources')
  known.resource = listed.body.items[0].id
})
afterAll(() => suite.end())

/** Status, code and the fields pointed at. Nothing that was refused may leave an event. */
async function refused(method: string, path: string, body?: unknown, headers?: Record<string, string>) {
  const events = () => rows<{ count: string }>(world.db, sql`select count(*) from event`)
  const before = await events()
  const answer = await call(method, path, body, headers)
  expect(await events()).toEqual(before)
  expect(answer.body.detail.length).toBeGreaterThan(15)
  expect(answer.body.request_id).toMatch(/^[0-9a-f-]{36}$/)
  const pointers = ((answer.body.errors ?? []) as { pointer: string }[]).map((error) => error.pointer)
  return [answer.status, answer.body.code, ...pointers]
}

const price = { kind: 'vm', meter: 'memory', model: 'per_unit', per: 'hour', unit: 'GiB', amount: '0.01' }
test.each<[string, Record<string, unknown>, unknown[]]>([
  ['13 decimals', { amount: '0.0000000000001' }, [422, 'invalid', '/amount']],
  ['an amount that is a number', { amount: 0.1 }, [422, 'invalid', '/amount']],
  ['an amount below zero', { amount: '-1' }, [422, 'invalid', '/amount']],
  ['an amount of 19 digits', { amount: '1'.repeat(19) }, [422, 'invalid', '/amount']],
  ['an exponent', { amount: '1e3' }, [422, 'invalid', '/amount']],
  ['a unit of another meter', { unit: 'vCPU' }, [422, 'wrong_unit', '/unit']],
  ['a unit that nobody knows', { unit: 'furlong' }, [422, 'wrong_unit', '/unit']],
  ['a quantity of what is held', { per: 'quantity' }, [422, 'wrong_unit', '/per']],
  ['an unknown meter', { meter: 'luck' }, [422, 'invalid', '/meter']],
  ['an instant without a zone', { effective_at: '2026-12-01T00:00:00' }, [422, 'invalid', '/effective_at']],
  ['30 February', { effective_at: '2026-02-30T00:00:00Z' }, [422, 'invalid', '/effective_at']],
  [
    'a past that nobody called a correction',
    { meter: 'vcpu', unit: 'vCPU', effective_at: '2026-11-03T00:00:00Z' },
    [409, 'past_price', '/effective_at'],
  ],
  [
    'the same beginning as another',
    { meter: 'vcpu', unit: 'vCPU', effective_at: '2026-10-31T23:00:00Z' },
    [409, 'price_overlap', '/effective_at'],
  ],
])('a price with %s', async (_what, over, expected) => {
  expect(await refused('POST', '/prices', { ...price, ...over })).toEqual(expected)
})

test.each([
  ['GET', '/resources/ID'],
  ['GET', '/resources/ID/history'],
  ['GET', '/resources/ID/metrics'],
  ['GET', '/resources/ID/cost'],
  ['GET', '/accounts/ID'],
  ['GET', '/accounts/ID/draft'],
  ['GET', '/accounts/ID/contracts'],
  ['GET', '/accounts/ID/draft/lines/x/explanation'],
  ['GET', '/invoices/ID'],
  ['GET', '/invoices/ID/pdf'],
  ['GET', '/invoices/ID/lines/x/explanation'],
  ['GET', '/sources/ID'],
  ['DELETE', '/sources/ID'],
  ['DELETE', '/agents/ID'],
  ['GET', '/nowhere/ID'],
])('%s %s of an id that does not exist, or is none', async (method, path) => {
  expect(await refused(method, path.replace('ID', newId()))).toEqual([404, 'not_found'])
  if (!path.startsWith('/nowhere'))
    expect((await refused(method, path.replace('ID', 'x'))).slice(0, 3)).toEqual([422, 'invalid', '/id'])
})

test('an account, a project and a source that do not exist are named where they stand in the body', async () => {
  const assignments = `/resources/${known.resource}/assignments`
  expect((await refused('POST', assignments, { account_id: newId() })).slice(0, 2)).toEqual([404, 'not_found'])
  const project = { account_id: world.account_id, project_id: newId() }
  expect(await refused('POST', assignments, project)).toEqual([422, 'invalid', '/project_id'])
  expect((await refused('POST', '/invoices', { account_id: newId() })).slice(0, 2)).toEqual([404, 'not_found'])
  const source = { agent: 'nobody', connector: 'simulated', realm: 'x', settings: {} }
  expect(await refused('POST', '/sources', source)).toEqual([422, 'invalid', '/agent'])
  const other = { ...source, agent: 'requests', connector: 'other' }
  expect(await refused('POST', '/sources', other)).toEqual([422, 'invalid', '/connector'])
})

test('bodies that are no JSON, too large, of another kind, or not what was asked for', async () => {
  expect(await refused('POST', '/prices', '{"kind":')).toEqual([400, 'malformed'])
  expect((await refused('POST', '/prices', '[]')).slice(0, 2)).toEqual([422, 'invalid'])
  expect((await refused('POST', '/prices', 'null')).slice(0, 2)).toEqual([422, 'invalid'])
  const huge = JSON.stringify({ ...price, reason: 'x'.repeat(1_100_000) })
  expect(await refused('POST', '/prices', huge)).toEqual([413, 'too_large'])
  expect(await refused('POST', '/prices', JSON.stringify(price), { 'content-type': 'text/xml' })).toEqual([
    415,
    'unsupported',
  ])
  expect(await refused('GET', `/resources?q=${'x'.repeat(9_000)}`)).toEqual([413, 'too_large'])
  expect(await refused('POST', '/accounts', { name: 'a\0b' })).toEqual([422, 'invalid'])
  expect(await refused('GET', '/resources?q=%00')).toEqual([422, 'invalid'])
})

test('no key, a wrong key', async () => {
  expect(await refused('GET', '/resources', undefined, { authorization: '' })).toEqual([401, 'unauthenticated'])
  const wrong = { authorization: `Bearer atalaya_key_${'0'.repeat(40)}` }
  expect(await refused('GET', '/resources', undefined, wrong)).toEqual([401, 'unauthenticated'])
})

const CURSORS = [
  'x',
  '!',
  encodeCursor(null),
  encodeCursor(7),
  encodeCursor({}),
  encodeCursor('abc'),
  encodeCursor({ key: 'a', id: 'b' }),
  encodeCursor({ key: 7, id: newId() }),
  encodeCursor({ at: 'x', id: newId() }),
]
test.each(['/resources', '/resources?sort=vcpu_count', '/accounts', '/invoices', '/quarantine'])(
  'a cursor that %s never gave',
  async (path) => {
    const answers = await Promise.all(
      CURSORS.map((cursor) =>
        call('GET', `${path}${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}`),
      ),
    )
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual(CURSORS.map(() => [422, 'invalid']))
  },
)

test('zones, countries, currencies and rates that do not exist', async () => {
  const account = `/accounts/${world.account_id}`
  for (const zone of ['Mars/Olympus', '+25:00', ''])
    expect((await refused('PATCH', account, { zone })).slice(0, 3)).toEqual([422, 'invalid', '/zone'])
  expect((await refused('POST', '/accounts', { name: 'x', zone: 'Nowhere' })).slice(0, 3)).toEqual([
    422,
    'invalid',
    '/zone',
  ])
  expect((await refused('PATCH', account, { address: { country: 'XX' } })).slice(0, 2)).toEqual([422, 'invalid'])
  const entity = `/legal-entities/${world.legal_entity_id}`
  for (const tax_rate of ['101', '21.005', '-1', '21,00'])
    expect(await refused('PATCH', entity, { tax_rate })).toEqual([422, 'invalid', '/tax_rate'])
})

test('instants at the edge of what can be stored', async () => {
  const path = `/resources/${known.resource}/assignments`
  const { body } = await call('POST', '/accounts', { name: 'Edge' })
  for (const effective_at of ['9999-12-31T23:59:59Z', '0000-01-01T00:00:00Z', '0001-01-01T00:00:00+14:00']) {
    const code = (await call('POST', path, { account_id: body.id, effective_at })).status
    expect([effective_at, code < 500]).toEqual([effective_at, true])
  }
  const asOf = (text: string) => call('GET', `/accounts/${world.account_id}/draft?as_of=${text}`)
  expect((await asOf('1970-01-01T00:00:00Z')).body.code).toBe('nothing_to_invoice')
  for (const text of ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59-14:00'])
    expect((await asOf(text)).body.code).toBe('invalid')
  expect((await asOf('9999-12-31T00:00:00Z')).status).toBe(200)
})

test('after all of it, pages, drafts and invoices work as before', async () => {
  const first = await call('GET', '/resources?limit=2')
  const second = await call('GET', `/resources?limit=2&cursor=${first.body.next_cursor}`)
  expect([...first.body.items, ...second.body.items].map((row: { name: string }) => row.name)).toEqual(['a', 'b', 'c'])
  expect((await call('POST', '/invoices', { account_id: world.account_id })).status).toBe(201)
})
