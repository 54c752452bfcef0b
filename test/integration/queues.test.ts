/** The queues of what waits for a person: what lacks a price or an owner, with the money that rating itself would make of it, the most first. */
import { Big } from 'big.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { iso } from '#control-plane/base/time.ts'
import { finaliseClose, openClose, workOnCloses } from '#control-plane/closing/index.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { queueMails } from '#control-plane/mails/index.ts'
import { newId } from '#control-plane/base/id.ts'
import { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, GIB, vm } from './agent.ts'
import { apiOf, type Call } from './http.ts'
import { draftOf, market, sell, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'
import { raised } from '../setup/raised.ts'

const DAY = 86_400_000
const HOUR = 3_600_000
const BEGIN = Date.parse('2026-07-01T00:00:00.000Z')
let suite: Suite
let world: Prepared
let call: Call
let small: string
let large: string
const agents: [Agent, Parameters<Agent['listing']>[2]][] = []

const see = async () => {
  for (const [agent, list] of agents)
    await agent.send([{ ...agent.listing(world.clock.now, 'h', list), interval_ms: DAY }])
}
const buyer = async (name: string) =>
  (await world.run((ctx) => openAccount(ctx, { name, tax_id: '', email: '', zone: 'UTC' }))).id
const get = async (path: string) => {
  const { status, body, text } = await call('GET', path)
  if (status !== 200) throw new Error(`${status}: ${text}`)
  return body
}

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(BEGIN))
  call = await apiOf(suite, world)
  ;[small, large] = [await buyer('small'), await buyer('large')]
  await sell(world, { meter: 'vcpu', amount: '0.05', effective_at: iso(BEGIN) })
  for (const [name, account, vcpu_count] of [
    ['s', small, 2],
    ['l', large, 16],
    ['nobody', null, 4],
  ] as const) {
    const agent = await enrolledAgent(world, name, account)
    const machines = [vm(`${name}-1`, { size: { vcpu_count, memory_bytes: vcpu_count * GIB } })]
    if (name === 'nobody')
      machines.push(vm('nobody-2', { size: { vcpu_count: 8 } }), vm('nobody-3', { size: { vcpu_count: 1 } }))
    agents.push([agent, machines])
  }
  await see()
  world.clock.now += DAY
  await see()
  // sold from the second day on: the first lacks a price, and this one tells what it might have been
  await sell(world, { meter: 'memory', amount: '0.01', unit: 'GiB', effective_at: iso(world.clock.now) })
  world.clock.now += DAY
  await see()
  await settled(world)
})
afterAll(() => suite.end())

test('usage without a price stands there by account and component, the most money first, as long as drafts say', async () => {
  const { items, total } = await get('/queues/unrated')
  expect(total).toBe(2)
  expect(items).toMatchObject([
    { account: { id: large }, kind: 'vm', meter: 'memory', resources: 1, hours: '24', since: iso(BEGIN) },
    { account: { id: small }, kind: 'vm', meter: 'memory', resources: 1, hours: '24' },
  ])
  // 16 GiB × 24 h × 0.01
  expect(items.map((one: { estimate: { amount: string } }) => one.estimate.amount)).toEqual([
    new Big(16).times(24).times('0.01').toFixed(2),
    new Big(2).times(24).times('0.01').toFixed(2),
  ])
  const { unrated } = await draftOf(world, large)
  expect(unrated.map(({ meter, hours, from }) => [meter, hours, from])).toEqual([['memory', 24, iso(BEGIN)]])
  const [first, ...rest] = (await get('/queues/unrated?limit=1')).items
  expect([first.account.id, rest]).toEqual([large, []])
  const second = await get(`/queues/unrated?limit=1&cursor=${(await get('/queues/unrated?limit=1')).next_cursor}`)
  expect([second.items[0].account.id, second.next_cursor]).toEqual([small, null])
  expect((await call('GET', '/queues/unrated.csv')).text.split('\r\n')[1]).toMatch(
    /^large,vm,memory,1,24,2026-07-01T00:00:00\.000Z,3\.84,EUR,$/,
  )
})

test('a kind of which nothing is sold has no price to compare; with one, it leaves the queue', async () => {
  const agent = await enrolledAgent(world, 'boxes', small)
  const box = { kind: 'container' as const, external_id: 'box', name: 'box', state: 'running' as const }
  const since = world.clock.now
  await agent.send([{ ...agent.listing(since, 'h', [box]), interval_ms: DAY }])
  world.clock.now += HOUR
  await agent.send([{ ...agent.listing(world.clock.now, 'h', [box]), interval_ms: DAY }])
  await settled(world)
  const { items } = await get('/queues/unrated')
  expect(items.at(-1)).toMatchObject({
    kind: 'container',
    meter: 'instance',
    estimate: null,
    hours: '1',
    since: iso(since),
  })
  await sell(world, {
    kind: 'container',
    meter: 'instance',
    model: 'flat',
    per: 'month',
    unit: 'instance',
    amount: '9',
    effective_at: iso(BEGIN),
  })
  expect((await get('/queues/unrated')).items.map((one: { kind: string }) => one.kind)).not.toContain('container')
})

test('machines that nobody owns stand by their month at the standard prices; an owner takes one out', async () => {
  const { items, total } = await get('/queues/unowned')
  expect([total, items.map((one: { resource: { name: string } }) => one.resource.name)]).toEqual([
    3,
    ['nobody-2', 'nobody-1', 'nobody-3'],
  ])
  // 31 days in Madrid's July: 8 × 744 h × 0.05, no memory
  expect(items[0].estimate).toEqual({ amount: new Big(8).times(744).times('0.05').toFixed(2), currency: 'EUR' })
  expect(items[1].estimate.amount).toBe(new Big(4).times(744).times(new Big('0.05').plus('0.01')).toFixed(2))
  expect(items[0].since).toBe(iso(BEGIN))
  const pages = await get('/queues/unowned?limit=2')
  expect((await get(`/queues/unowned?limit=2&cursor=${pages.next_cursor}`)).items).toMatchObject([
    { resource: { name: 'nobody-3' } },
  ])
  const { status } = await call('POST', `/resources/${items[0].resource.id}/assignments`, { account_id: large })
  expect(status).toBe(201)
  expect((await get('/queues/unowned')).total).toBe(2)
  expect((await get('/queues')).unowned).toBe(2)
})

test('what a close could not issue, and mails that failed, are counted and lead to their remedy', async () => {
  for (const end = Date.parse('2026-08-02T00:00:00.000Z'); world.clock.now < end; world.clock.now += 7 * DAY)
    await see()
  await see()
  const { id } = await world.run((ctx) => openClose(ctx, { month: '2026-07', grace_hours: 0 }))
  await workOnCloses(world.db, () => world.clock.now, raised)
  await world.run((ctx) => finaliseClose(ctx, id, { early: true }))
  await workOnCloses(world.db, () => world.clock.now, raised)
  const parked = await get('/queues/parked')
  expect(
    parked.items.map((one: { account: { id: string }; problem: { code: string } }) => [
      one.account.id,
      one.problem.code,
    ]),
  ).toEqual([
    [large, 'unrated'],
    [small, 'unrated'],
  ])
  expect(parked.items[0]).toMatchObject({ close: { id, month: '2026-07' }, currency: 'EUR' })
  const subject = { kind: 'invoice' as const, id: newId(), name: 'A-1' }
  await world.run((ctx) => queueMails(ctx, { subject, account_id: small, to: '', domain: 'x' }))
  expect(await get('/queues')).toMatchObject({ parked: 2, mails: 1, blocked: 0 })
  expect((await call('GET', '/queues/parked.csv')).text).toContain('unrated')
  for (const name of ['unowned', 'blocked']) expect((await call('GET', `/queues/${name}.csv`)).status).toBe(200)
})
