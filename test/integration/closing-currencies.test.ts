/** A company with accounts in two currencies: each is reviewed and issued in its own, and a close sums up each for itself. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { iso } from '#control-plane/base/time.ts'
import type { Invoice, ReRating } from '#control-plane/billing/contract.ts'
import { verify } from '#control-plane/billing/index.ts'
import type { Close, ClosingAccount } from '#control-plane/closing/contract.ts'
import { workOnCloses } from '#control-plane/closing/index.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { rows } from '#control-plane/db/index.ts'
import { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, vm } from './agent.ts'
import { apiOf, type Call } from './http.ts'
import { market, sell, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const DAY = 86_400_000
const at = (text: string): number => Date.parse(`${text}T00:00:00.000Z`)
const JULY = at('2026-07-01')
let suite: Suite
let world: Prepared
let call: Call
let yen: string
const agents: [Agent, ReturnType<typeof vm>[]][] = []
const ids = new Map<string, string>()

async function customer(name: string, currency: string, vcpu_count: number): Promise<void> {
  const asked = { name, tax_id: '', email: '', zone: 'UTC', currency, contract_from: iso(JULY) }
  const { id } = await world.run((ctx) => openAccount(ctx, asked))
  ids.set(name, id)
  agents.push([await enrolledAgent(world, name, id), [vm(`${name}-vm`, { size: { vcpu_count } })]])
}
async function watched(until: number): Promise<void> {
  for (; world.clock.now <= until; world.clock.now += DAY)
    for (const [agent, list] of agents)
      await agent.send([{ ...agent.listing(world.clock.now, 'h', list), interval_ms: DAY }])
}
async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await call(method, path, body)
  if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.text}`)
  return answer.body as T
}
const work = () =>
  workOnCloses(
    world.db,
    () => world.clock.now,
    (error) => expect(error).toBeUndefined(),
  )
const step = async (id: string, what: 'finalise' | 'review' | 'retry'): Promise<Close> => {
  await ask('POST', `/period-closes/${id}/${what}`, {})
  await work()
  return await ask<Close>('GET', `/period-closes/${id}`)
}
async function opened(month: string): Promise<Close> {
  const { id } = await ask<Close>('POST', '/period-closes', { month, grace_hours: 0 })
  await work()
  return await ask<Close>('GET', `/period-closes/${id}`)
}
const accountsOf = async ({ id }: Close): Promise<Map<string, ClosingAccount>> => {
  const { items } = await ask<{ items: ClosingAccount[] }>('GET', `/period-closes/${id}/accounts?limit=500`)
  return new Map(items.map((item) => [item.account.name, item]))
}
const findings = async () => (await world.run(verify)).findings

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(JULY))
  call = await apiOf(suite, world)
  await customer('Madrid', 'EUR', 2)
  await customer('Osaka', 'JPY', 2)
  await customer('Tokyo', 'JPY', 4)
  const found = sql`select price_book_id as id from contract where account_id = ${ids.get('Osaka')}`
  yen = (await rows<{ id: string }>(world.db, found))[0]!.id
  await sell(world, { meter: 'vcpu', amount: '0.05' })
  await sell(world, { meter: 'vcpu', amount: '5', price_book_id: yen })
  await watched(at('2026-08-02'))
}, 240_000)
afterAll(() => suite.end())

test('each account stands in its own currency, and a close sums up each for itself', async () => {
  const close = await opened('2026-07')
  // 744 hours × 2 vCPU × 0.05 €; the same × 5 ¥: as many cents as yen; and twice as many
  const reviewed = await accountsOf(close)
  expect(reviewed.get('Madrid')).toMatchObject({ state: 'ready', currency: 'EUR', totals: { net: '74.40' } })
  expect(reviewed.get('Osaka')).toMatchObject({ state: 'ready', currency: 'JPY', totals: { net: '7440' } })
  expect(reviewed.get('Tokyo')).toMatchObject({ state: 'ready', currency: 'JPY', totals: { net: '14880' } })
  expect(close).toMatchObject({ state: 'review', currency: 'EUR', ready_net: '74.40', issued_net: '0.00', flagged: 3 })
  expect(close.counts).toMatchObject({ ready: 3, issued: 0 })
  expect(close.others).toEqual([{ currency: 'JPY', count: 2, ready_net: '22320', issued_net: '0' }])

  // bought in another currency since the review: as many minor units are not the same bill
  const sold = sql`select id from price_book where is_default and currency = 'EUR'`
  await world.db.execute(
    sql`update contract set currency = 'EUR', price_book_id = (${sold}) where account_id = ${ids.get('Osaka')}`,
  )
  const first = await step(close.id, 'finalise')
  expect(first.counts).toMatchObject({ issued: 2, parked: 1 })
  expect((await accountsOf(close)).get('Osaka')).toMatchObject({ state: 'parked', problem: { code: 'conflict' } })
  const { items } = await ask<{ items: object[] }>('GET', '/queues/parked')
  expect(items).toMatchObject([{ account: { name: 'Osaka' }, net: '7440', currency: 'JPY' }])
  await world.db.execute(
    sql`update contract set currency = 'JPY', price_book_id = ${yen} where account_id = ${ids.get('Osaka')}`,
  )

  const done = await step(close.id, 'retry')
  expect(done).toMatchObject({ state: 'closed', currency: 'EUR', ready_net: '0.00', issued_net: '74.40' })
  expect(done.others).toEqual([{ currency: 'JPY', count: 2, ready_net: '0', issued_net: '22320' }])
  const issued = await accountsOf(done)
  for (const [name, currency, net] of [
    ['Madrid', 'EUR', '74.40'],
    ['Osaka', 'JPY', '7440'],
    ['Tokyo', 'JPY', '14880'],
  ]) {
    const [of] = issued.get(name!)!.invoices
    const invoice = await ask<Invoice>('GET', `/invoices/${of!.id}`)
    expect([name, invoice.currency, invoice.totals.net]).toEqual([name, currency, net])
  }
  expect(await findings()).toEqual([])
  const shown = await ask<ReRating>('POST', `/accounts/${ids.get('Tokyo')}/re-rating`, {})
  expect([shown.currency, shown.threshold]).toEqual(['JPY', '0'])
})

test('what is usual is of bills in the same currency, and counts of one state add up over currencies', async () => {
  await watched(at('2026-09-02'))
  const close = await opened('2026-08')
  const reviewed = await accountsOf(close)
  expect(reviewed.get('Madrid')).toMatchObject({ usual_net: '74.40', flags: [] })
  expect(reviewed.get('Tokyo')).toMatchObject({ usual_net: '14880', flags: [] })
  await ask('PATCH', `/period-closes/${close.id}/accounts/${ids.get('Tokyo')}`, { held: true, reason: 'asks' })
  const held = await ask<Close>('GET', `/period-closes/${close.id}`)
  expect(held.counts).toMatchObject({ ready: 2, held: 1 })
  expect([held.ready_net, held.others]).toEqual([
    '74.40',
    [{ currency: 'JPY', count: 2, ready_net: '7440', issued_net: '0' }],
  ])
})

test('usage without a price is estimated at the standard prices in the currency of its account', async () => {
  const [agent] = agents[2]!
  const pod = { kind: 'container' as const, external_id: 'pod', name: 'pod', state: 'running' as const }
  const see = () => agent.send([{ ...agent.listing(world.clock.now, 'pods', [pod]), interval_ms: DAY }])
  await see()
  world.clock.now += DAY
  await see()
  await settled(world)
  const price = { kind: 'container', meter: 'instance', model: 'flat', unit: 'instance', amount: '10' } as const
  await sell(world, { ...price, price_book_id: yen, effective_at: iso(world.clock.now) })
  world.clock.now += DAY / 24
  const { items } = await ask<{ items: object[] }>('GET', '/queues/unrated')
  expect(items).toMatchObject([{ account: { name: 'Tokyo' }, estimate: { amount: '240', currency: 'JPY' } }])
})
