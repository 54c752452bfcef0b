/** Lists sorted by cost: in the order of what they show, page by page, whatever changed it; for those alone who see costs. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { costKeeper } from '#control-plane/costs.ts'
import { rows } from '#control-plane/db/index.ts'
import { extras } from '#control-plane/extras.ts'
import { ResourceQuery } from '#control-plane/inventory/contract.ts'
import { listResources } from '#control-plane/inventory/index.ts'
import { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, GIB, vm } from './agent.ts'
import { resourceId, sell, settled, transfer } from './ledger.ts'
import { NOW, type Shop, shopOf } from './shop.ts'

let suite: Suite
let shop: Shop
let agent: Agent
let [first, second] = ['', '']
const sizeOf = (vcpu_count: number, gib = 1) => ({ size: { vcpu_count, memory_bytes: gib * GIB } })
type Machine = [name: string, size: ReturnType<typeof sizeOf>]
const vcpu = { kind: 'vm', meter: 'vcpu', model: 'per_unit', per: 'hour', unit: 'vCPU', amount: '0.01' }
const MACHINES = {
  one: sizeOf(1, 64),
  two: sizeOf(2),
  four: sizeOf(4),
  three: sizeOf(3),
  nobodys: sizeOf(8),
}
let at = NOW
let living: Machine[] = Object.entries(MACHINES)

async function listed(): Promise<void> {
  const machines = living.map(([name, size]) => vm(name, size))
  await agent.send([agent.listing(at, 'h', machines)])
  await settled(shop.world)
}
/** Time goes on, and all accounts are looked at, in bites so small that there are many. */
async function later(ms: number): Promise<void> {
  at += ms
  shop.world.clock.now = at
  await keep()
}
const LITTLE = { accounts_at_once: 1, accounts_a_run: 2, resources_at_once: 2, resources_a_run: 3 }
async function keep(): Promise<void> {
  const run = costKeeper({ db: shop.world.db, now: () => at }, LITTLE)
  for (let n = 0; n < 10; n += 1) await run()
}

const list = (more: object = {}) =>
  shop.world.run((ctx) =>
    listResources(ctx, ResourceQuery.parse({ sort: 'cost', order: 'desc', kind: 'vm', ...more }), extras),
  )
/** Names and amounts, dearest first; they stand in the order of what they show, both ways. */
async function dearest(): Promise<[string, number | null][]> {
  const shown = async (order: 'asc' | 'desc') =>
    (await list({ order })).items.map(({ name, cost_per_hour: cost }): [string, number | null] => [
      name,
      cost && Number(cost.amount),
    ])
  const down = await shown('desc')
  expect((await shown('asc')).toReversed()).toEqual(down)
  const below = ([, amount]: [string, number | null]) => amount ?? -Infinity
  expect(down).toEqual(down.toSorted((a, b) => below(b) - below(a)))
  return down
}
const key = async (role: string, account_id: string) => {
  const { token } = await shop.ask<{ token: string }>('POST', '/api-keys', { name: role, role, account_id })
  return { authorization: `Bearer ${token}` }
}

beforeAll(async () => {
  suite = new Suite()
  shop = await shopOf(suite)
  ;[first, second] = [await shop.customer(), await shop.customer()]
  agent = await enrolledAgent(shop.world, 'realm', null)
  await listed()
  for (const name of ['one', 'two', 'four']) await transfer(shop.world, name, first, NOW)
  await transfer(shop.world, 'three', second, NOW)
  await keep()
}, 60_000)
afterAll(() => suite.end())

test('the order follows prices, owners, sizes, plans with their trials, and ends', async () => {
  expect(await dearest()).toEqual([
    ['four', 0.2],
    ['three', 0.15],
    ['two', 0.1],
    ['one', 0.05],
    ['nobodys', null],
  ])
  const memory = { meter: 'memory' as const, unit: 'GiB', amount: '0.01', reason: 'memory costs too' }
  await sell(shop.world, { ...memory, effective_at: iso(at + HOUR_MS) })
  await later(HOUR_MS - 1)
  expect((await dearest())[0]).toEqual(['four', 0.2])
  await later(1)
  expect((await dearest()).slice(0, 2)).toEqual([
    ['one', 0.69],
    ['four', 0.21],
  ])
  await transfer(shop.world, 'nobodys', second, at)
  await later(0)
  expect((await dearest())[1]).toEqual(['nobodys', 0.41])
  living = living.map(([name, size]) => [name, name === 'two' ? sizeOf(32) : size])
  await listed()
  await later(0)
  expect((await dearest())[0]).toEqual(['two', 1.61])
  await plans()
  living = living.filter(([name]) => name !== 'one')
  await later(1_000)
  await listed()
  await keep()
  expect((await dearest()).map(([name]) => name)).not.toContain('one')
  expect((await list({ ended: 'all' })).items.at(-1)).toMatchObject({ name: 'one', cost_per_hour: null })
})

/** On trial only what the plan doesn't price costs anything; after it, the plan's price. */
async function plans(): Promise<void> {
  const plan = await shop.planned('Cheap', [{ amount: '1' }, vcpu], { trial_days: 2 })
  const service = await shop.subscribed(first, plan, at)
  await shop.attached(service.id, await resourceId(shop.world, 'two'), at)
  await later(0)
  expect((await dearest()).at(-1)).toEqual(['two', 0.01])
  await later(2 * 24 * HOUR_MS)
  expect((await dearest()).at(2)).toEqual(['two', 0.33])
}

test('what did not change is not written again', async () => {
  const written = () =>
    rows<{ id: string; xmin: string; cost_per_hour: string | null }>(
      shop.world.db,
      sql`select id, xmin::text, cost_per_hour from resource order by id`,
    )
  const before = await written()
  expect(before.filter((row) => row.cost_per_hour !== null)).toHaveLength(4)
  await later(HOUR_MS)
  expect(await written()).toEqual(before)
})

test('what it cost the owner before says nothing to the next, not for a moment', async () => {
  const kept = async () => {
    const [row] = await rows<{ cost: string | null }>(
      shop.world.db,
      sql`select cost_per_hour as cost from resource where external_id = 'three'`,
    )
    return row?.cost ?? null
  }
  expect(Number(await kept())).toBe(0.16)
  for (const account_id of [first, second]) {
    await transfer(shop.world, 'three', account_id, at)
    expect(await kept()).toBeNull()
    await later(1_000)
    expect(Number(await kept())).toBe(0.16)
  }
})

test('pages by cost hold each resource once, also where many cost the same or nothing', async () => {
  living = [...living, ...Array.from({ length: 7 }, (_, n): Machine => [`same-${n}`, sizeOf(4)])]
  await listed()
  for (const n of [0, 1, 2, 3, 4]) await transfer(shop.world, `same-${n}`, first, at)
  await keep()
  for (const order of ['asc', 'desc']) {
    const whole = (await list({ order })).items.map(({ id }) => id)
    expect(whole).toHaveLength(11)
    const paged: string[] = []
    for (let cursor: string | undefined; ;) {
      const { items, next_cursor } = await list({ order, limit: 2, cursor })
      paged.push(...items.map(({ id }) => id))
      if (next_cursor === null) break
      cursor = next_cursor
    }
    expect(paged).toEqual(whole)
  }
})

test('a tenant sorts his own by what they cost, if he may see that; so does the CSV', async () => {
  const query = '?sort=cost&order=desc&kind=vm'
  const owner = await key('tenant_owner', second)
  const own = await shop.call('GET', `/resources${query}`, undefined, owner)
  expect(own.body['items'].map((one: { name: string }) => one.name)).toEqual(['nobodys', 'three'])
  const csv = await shop.call('GET', `/resources.csv${query}`, undefined, owner)
  expect(
    csv.text
      .trim()
      .split('\r\n')
      .map((line) => line.split(',')[3]),
  ).toEqual(['name', 'nobodys', 'three'])
  const member = await key('tenant_member', second)
  for (const path of ['/resources', '/resources.csv']) {
    const refused = await shop.call('GET', `${path}${query}`, undefined, member)
    expect([refused.status, refused.body['code']]).toEqual([403, 'forbidden'])
  }
  expect((await shop.call('GET', '/resources', undefined, member)).status).toBe(200)
})
