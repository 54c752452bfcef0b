/** Budgets, limits and allowances: states with hysteresis as what was used grows, one event and one mail for each crossing, each account's own. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { rows } from '#control-plane/db/index.ts'
import { stand, standAll, tellBudgets } from '#control-plane/limits/index.ts'
import type { MonthBill, Standing } from '#control-plane/limits/contract.ts'
import { changeAccount } from '#control-plane/accounts/index.ts'
import { createMailer, type Mailer } from '#control-plane/people/index.ts'
import { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, vm } from './agent.ts'
import { type Call, apiOf } from './http.ts'
import { market, resourceId, sell, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'
import { startMailBox } from '../setup/mail-box.ts'

const START = Date.parse('2026-11-10T00:00:00.000Z')
let suite: Suite
let world: Prepared
let call: Call
let agent: Agent
let machine = ''
let sent = 0

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(START))
  call = await apiOf(suite, world)
  await world.run((ctx) => changeAccount(ctx, world.account_id, { email: 'bills@example.com', language: 'es' }))
  await sell(world, {
    meter: 'network_transmit_bytes',
    per: 'quantity',
    unit: 'GB',
    amount: '0.01',
    terms: { included: '100' },
  })
  await sell(world, { meter: 'network_receive_bytes', per: 'quantity', unit: 'GB', amount: '1' })
  agent = await enrolledAgent(world, 'limits')
  await agent.send([agent.listing(START, 'h', [vm('a')]), read(START, 0)])
  await settled(world)
  machine = await resourceId(world, 'a')
}, 60_000)
afterAll(() => suite.end())

const GB = 1_000_000_000
/** Both counters stand so at an instant. */
const read = (at: number, gigabytes: number) =>
  agent.readings(
    at,
    'a',
    { 'network_transmit_bytes/eth0': gigabytes * GB, 'network_receive_bytes/eth0': gigabytes * GB },
    { epoch: { id: 'boot', origin_ms: START }, interval_ms: HOUR_MS },
  )
let hour = 0
/** An hour later so much was used in all. */
async function used(gigabytes: number): Promise<void> {
  hour += 1
  sent = gigabytes
  const at = START + hour * HOUR_MS
  world.clock.now = at + 1_000
  await agent.send([agent.listing(at, 'h', [vm('a')]), read(at, gigabytes)])
  await settled(world)
  await world.run((ctx) => stand(ctx, world.account_id))
}
const standings = async () => (await call('GET', `/accounts/${world.account_id}/standings`)).body['items'] as Standing[]
const stateOf = async (kind: Standing['kind']) => (await standings()).find((one) => one.kind === kind)?.state
const changes = () =>
  rows<{ kind: string; state: string; was: string }>(
    world.db,
    sql`select after->>'kind' as kind, after->>'state' as state, before->>'state' as was from event
        where type = 'limit.state_changed' order by occurred_at, id`,
  )

test('a limit needs a resource of the account, a meter and a unit of it; a budget the decimals of its currency', async () => {
  const set = (body: unknown) => call('POST', `/accounts/${world.account_id}/limits`, body)
  expect((await set({ amount: '0' })).status).toBe(422)
  expect((await set({ amount: '10.001' })).body).toMatchObject({ code: 'invalid', errors: [{ pointer: '/amount' }] })
  expect((await set({ amount: '10', meter: 'vcpu' })).body['errors']).toMatchObject([{ pointer: '/resource_id' }])
  expect((await set({ amount: '10', resource_id: machine })).body['errors']).toMatchObject([{ pointer: '/meter' }])
  const wrong = { amount: '10', resource_id: machine, meter: 'network_receive_bytes', unit: 'vCPU' }
  expect((await set(wrong)).body['errors']).toMatchObject([{ pointer: '/unit' }])
  expect((await set({ ...wrong, resource_id: world.account_id, unit: 'GB' })).status).toBe(404)
  expect((await set({ ...wrong, unit: 'GB' })).status).toBe(201)
  // with tax: 100 GB received cost 100.00 net
  const budget = await set({ amount: '100' })
  expect(budget.status).toBe(201)
  const again = await set({ amount: '121' })
  expect(again.body['id']).toBe(budget.body['id'])
  expect((await call('GET', `/accounts/${world.account_id}/limits`)).body['items']).toHaveLength(2)
})

test('each state is told once as what was used grows, and what hovers changes nothing', async () => {
  await used(5)
  expect((await standings()).map((one) => [one.kind, one.state, one.used])).toEqual([
    ['limit', 'normal', '5'],
    ['allowance', 'normal', '5'],
    ['budget', 'normal', (await call('GET', `/accounts/${world.account_id}/bill`)).body['totals'].total],
  ])
  await used(8)
  expect(await stateOf('limit')).toBe('approaching')
  await used(10)
  expect(await stateOf('limit')).toBe('over')
  expect(await stateOf('budget')).toBe('normal')
  await used(81)
  expect(await stateOf('budget')).toBe('approaching')
  await used(99)
  expect(await stateOf('budget')).toBe('approaching')
  const before = await changes()
  for (let round = 0; round < 3; round += 1) await world.run((ctx) => stand(ctx, world.account_id))
  expect(await changes()).toEqual(before)
  expect(before.filter((one) => one.kind !== 'allowance')).toEqual([
    { kind: 'limit', state: 'approaching', was: 'normal' },
    { kind: 'limit', state: 'over', was: 'approaching' },
    { kind: 'budget', state: 'approaching', was: 'normal' },
  ])
})

test('the allowance is judged by what it grows to, and costs by what the bill of today counts', async () => {
  const { body } = await call('GET', `/accounts/${world.account_id}/bill`)
  const [one] = (body as unknown as MonthBill).overage
  // from the 10th on to the end of November, in Madrid's time: a share of the month
  const month_ms = 30 * 24 * HOUR_MS
  const share = (Date.parse('2026-11-30T23:00:00.000Z') - START) / month_ms
  expect(Number(one!.included_month)).toBeCloseTo(100 * share, 4)
  expect(Number(one!.included)).toBeCloseTo((100 * hour * HOUR_MS) / month_ms, 4)
  expect([one!.used, one!.state]).toEqual([String(sent), 'over'])
  const line = (
    (await call('GET', `/accounts/${world.account_id}/draft`)).body['lines'] as { meter: string; net: string }[]
  ).find((found) => found.meter === 'network_transmit_bytes')
  expect(one!.amount).toBe(line!.net)
  expect(body['overage_amount']).toBe(line!.net)
  expect(Number(one!.over)).toBeCloseTo(sent - Number(one!.included), 4)
})

test('a budget that is crossed is told by mail, once, in the language of the account', async () => {
  const box = await startMailBox(suite)
  const mail = createMailer(box.url, 'atalaya@example.com')
  const deps = { db: world.db, now: () => world.clock.now, publicUrl: 'https://cloud.example.com' }
  const failing: Mailer = { send: () => Promise.reject(new Error('no route to the mail server')) }
  await expect(tellBudgets({ ...deps, mail: failing })).rejects.toThrow('no route')
  await Promise.all([tellBudgets({ ...deps, mail }), tellBudgets({ ...deps, mail })])
  await tellBudgets({ ...deps, mail })
  expect(box.received().map((one) => [one.to, one.subject])).toEqual([
    ['bills@example.com', 'Su factura se acerca al presupuesto'],
  ])
  expect(box.received()[0]!.text).toContain('121 EUR')
  await used(130)
  expect(await stateOf('budget')).toBe('over')
  await tellBudgets({ ...deps, mail })
  await used(131)
  await tellBudgets({ ...deps, mail })
  expect(box.received().map((one) => one.subject)).toEqual([
    'Su factura se acerca al presupuesto',
    'Su factura supera el presupuesto',
  ])
})

test('the resource bears its worst state, and the list is filtered by it', async () => {
  const { extras } = await import('#control-plane/extras.ts')
  const { listResources } = await import('#control-plane/inventory/index.ts')
  const { ResourceQuery } = await import('#control-plane/inventory/contract.ts')
  const list = (usage_state?: 'approaching' | 'over') =>
    world.run((ctx) => listResources(ctx, ResourceQuery.parse({ usage_state, kind: 'vm' }), extras))
  expect((await list()).items.map((one) => [one.name, one.usage_state])).toEqual([['a', 'over']])
  expect((await list('over')).items.map((one) => one.name)).toEqual(['a'])
  expect(await list('approaching')).toMatchObject({ items: [], total: 0 })
})

test('a raised limit is normal again, a removed one is gone, and a new month begins anew', async () => {
  const limits = (await call('GET', `/accounts/${world.account_id}/limits`)).body['items'] as {
    id: string
    meter: string | null
  }[]
  const own = { amount: '1000', resource_id: machine, meter: 'network_receive_bytes', unit: 'GB' }
  expect((await call('POST', `/accounts/${world.account_id}/limits`, own)).status).toBe(201)
  // who changed a limit is looked at before his turn comes
  world.clock.now += 1_000
  expect(await standAll(world.db, () => world.clock.now)).toBe(1)
  expect(await stateOf('limit')).toBe('normal')
  const limit = limits.find((one) => one.meter !== null)!
  expect((await call('DELETE', `/limits/${limit.id}`)).status).toBe(204)
  expect(await stateOf('limit')).toBeUndefined()
  expect((await call('DELETE', `/limits/${limit.id}`)).status).toBe(404)
  hour = 24 * 21
  await used(sent + 1)
  expect(await standings()).toMatchObject([
    { kind: 'allowance', month: '2026-12', state: 'normal' },
    { kind: 'budget', month: '2026-12', state: 'normal' },
  ])
})

test('an account that can’t be rated stops no other, has no amount in /metrics meanwhile, and waits for its turn', async () => {
  const { openAccount } = await import('#control-plane/contracts/index.ts')
  const other = await world.run((ctx) => openAccount(ctx, { name: 'After it', tax_id: '', email: '' }))
  world.clock.now += 120_000
  // a price that nothing can charge by
  const broken = sql`update price_version set unit = 'stone' where meter = 'network_receive_bytes'`
  await world.db.execute(broken)
  await expect(standAll(world.db, () => world.clock.now)).rejects.toThrow()
  const bills = await rows<{ account_id: string; currency: string | null; due: boolean }>(
    world.db,
    sql`select account_id, currency, rated_at < ${new Date(world.clock.now).toISOString()}::timestamptz as due from bill_standing`,
  )
  expect(bills.find((one) => one.account_id === world.account_id)).toMatchObject({ currency: null, due: false })
  expect(bills.find((one) => one.account_id === other.id)).toMatchObject({ due: false })
  await world.db.execute(sql`update price_version set unit = 'GB' where unit = 'stone'`)
})
