/** What fulfils services, what changes nothing, what is altered behind the bill, and what is refused. */
import { type SQL, sql } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '#control-plane/base/id.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { verify } from '#control-plane/billing/index.ts'
import type { Plan } from '#control-plane/catalog/contract.ts'
import type { Subscription } from '#control-plane/contracts/contract.ts'
import { judge } from '#control-plane/rating/index.ts'
import { Suite } from '../setup/stack.ts'
import { enrolledAgent, vm } from './agent.ts'
import { draftOf, resourceId, settled } from './ledger.ts'
import { nets, NOVEMBER, NOVEMBER_MS, past, type Shop, shopOf } from './shop.ts'

let suite: Suite
let shop: Shop
beforeAll(async () => {
  suite = new Suite()
  shop = await shopOf(suite)
}, 60_000)
afterAll(() => suite.end())

test('what fulfils a service has the prices of its plan while it does; the rest is as before', async () => {
  const account_id = await shop.customer()
  const agent = await enrolledAgent(shop.world, newId(), account_id)
  const name = newId()
  await agent.send([agent.listing(NOVEMBER.from, 'h', [vm(name)])])
  await agent.send(
    [10, 12, 14, 15].map((day) =>
      agent.readings(NOVEMBER.from + day * 24 * HOUR_MS, name, { 'network_transmit_bytes/eth0': day * 5 * 10 ** 9 }),
    ),
  )
  await settled(shop.world)
  const plan = await shop.planned('Machine', [
    { amount: '10' },
    { kind: 'vm', meter: 'vcpu', per: 'hour', unit: 'vCPU', amount: '0.02' },
    {
      kind: 'vm',
      meter: 'network_transmit_bytes',
      per: 'quantity',
      unit: 'GB',
      amount: '0.5',
      terms: { included: '3' },
    },
  ])
  const service = await shop.subscribed(account_id, plan, NOVEMBER.from)
  const resource_id = await resourceId(shop.world, name)
  const [from, to] = [NOVEMBER.from + 12 * 24 * HOUR_MS, NOVEMBER.from + 14 * 24 * HOUR_MS]
  const attached = await shop.ask<Subscription>('POST', `/services/${service.id}/resources`, {
    resource_id,
    from: iso(from),
    ...past,
  })
  const { id } = attached.resources[0]!
  await shop.ask('POST', `/services/${service.id}/resources/${id}/end`, { at: iso(to), ...past })
  const invoice = await shop.issued(account_id)
  expect(invoice.lines.map((line) => [line.component, line.plan?.name.en, line.net])).toEqual([
    ['service.fee', 'Machine', '10.00'],
    // 10 GB, of which two of thirty days of 3 GB are free
    ['vm.network_transmit_bytes', 'Machine', '4.90'],
    // two days of 2 vCPU at the plan's price and 28 at the contract's
    ['vm.vcpu', 'Machine', '1.92'],
    ['vm.vcpu', undefined, '67.20'],
  ])
  const ofPlan = invoice.lines.filter((line) => line.plan && line.resource.kind === 'vm')
  for (const line of ofPlan) {
    expect(line.service_id).toBe(service.id)
    expect(line.price.times).toEqual([{ from: iso(from), to: iso(to) }])
  }
  expect(await shop.findings()).toEqual([])
  const perHour = async () => (await shop.ask<{ per_hour: string }>('GET', `/resources/${resource_id}/cost`)).per_hour
  expect(await perHour()).toBe('0.1')
  await shop.attached(service.id, resource_id, shop.world.clock.now)
  expect(await perHour()).toBe('0.04')
  // the contract sells no traffic: it is rated while the machine fulfils the service, and waits for no price before and after
  await shop.world.run(judge)
  const judged = await shop.world.db.execute(
    sql`select status, count(*)::int as n from usage_status where resource_id = ${resource_id} and hour between ${iso(from)} and ${iso(to - HOUR_MS)} group by 1`,
  )
  expect(judged.map((row) => [row['status'], row['n']])).toEqual([['rated', 48]])
})

test('a kind that the fee pays for costs nothing more, and nothing of it is unrated; without the service it is', async () => {
  const account_id = await shop.customer()
  const agent = await enrolledAgent(shop.world, newId(), account_id)
  const name = newId()
  const bucket = { kind: 'bucket' as const, external_id: name, name, state: 'running' as const }
  await agent.send([agent.listing(NOVEMBER.from, 'h', [vm(`${name}-vm`), bucket])])
  await settled(shop.world)
  const plan = await shop.planned('All in', [{ amount: '99' }], { included_kinds: ['vm', 'bucket'] })
  const service = await shop.subscribed(account_id, plan, NOVEMBER.from)
  const unrated = async () =>
    (await draftOf(shop.world, account_id, NOVEMBER.to)).unrated.map((one) => [one.resource.kind, one.meter, one.from])
  expect(await unrated()).toEqual([['bucket', 'instance', iso(NOVEMBER.from)]])
  const half = NOVEMBER.from + 15 * 24 * HOUR_MS
  for (const [external_id, at] of [
    [name, half],
    [`${name}-vm`, NOVEMBER.from],
  ] as const)
    await shop.ask('POST', `/services/${service.id}/resources`, {
      resource_id: await resourceId(shop.world, external_id),
      from: iso(at),
      ...past,
    })
  // until it fulfilled the service nothing priced it
  expect((await draftOf(shop.world, account_id, NOVEMBER.to)).unrated).toMatchObject([
    { from: iso(NOVEMBER.from), to: iso(half) },
  ])
  const [attachment] = (await shop.ask<{ items: Subscription[] }>('GET', `/accounts/${account_id}/services`)).items[0]!
    .resources
  expect(attachment!.resource.name).toContain(name)
  const draft = await draftOf(shop.world, account_id, NOVEMBER.to)
  expect(nets(draft.lines)).toEqual([['All in', 'service.fee', '99.00']])
})

test('a version that changes nothing changes nothing, to the byte', async () => {
  const account_id = await shop.customer()
  const plans = [
    await shop.planned('Same', [{ amount: '33.33' }]),
    await shop.planned('Same by day', [{ amount: '33.33', terms: { proration: 'day' } }]),
    await shop.planned('Same whole', [{ amount: '33.33', terms: { proration: 'none', minimum: '2' } }]),
  ]
  const services: Subscription[] = []
  for (const plan of plans) services.push(await shop.subscribed(account_id, plan, NOVEMBER.from + 7, { quantity: 3 }))
  const lines = async (to: number) => (await draftOf(shop.world, account_id, to)).lines
  const ends = [NOVEMBER.to, NOVEMBER.from + 9 * 24 * HOUR_MS]
  const before = [await lines(ends[0]!), await lines(ends[1]!)]
  expect(before[0]).toHaveLength(3)
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: 2 }),
      fc.integer({ min: 1, max: NOVEMBER_MS - 1 }),
      fc.boolean(),
      async (which, at, said) => {
        const { id } = services[which]!
        await shop.changed(id, NOVEMBER.from + 7 + at, said ? { quantity: 3, plan_id: plans[which]!.id } : {})
        expect(await lines(ends[0]!)).toEqual(before[0])
        expect(await lines(ends[1]!)).toEqual(before[1])
      },
    ),
    { numRuns: 12 },
  )
})

class Undone extends Error {}
/** What the verifier says of the damage, which lasts for this transaction only. */
async function after(damage: SQL) {
  let found: Awaited<ReturnType<Shop['findings']>> = []
  const work = shop.world.run(async (ctx) => {
    expect((await ctx.tx.execute(damage)).count).toBeGreaterThan(0)
    found = (await verify(ctx)).findings
    throw new Undone()
  })
  await work.catch((error: unknown) => {
    if (!(error instanceof Undone)) throw error
  })
  return found.map((one) => one.check)
}
test('an altered version, attachment, plan or trial is found', async () => {
  const tried = await shop.planned('Tried', [{ amount: '30' }], { trial_days: 10 })
  const account_id = await shop.customer()
  await shop.subscribed(account_id, tried, NOVEMBER.from)
  await shop.issued(account_id)
  expect(await shop.findings()).toEqual([])
  expect(await after(sql`update service_version set quantity = quantity + 1 where cut_to is null`)).toContain('service')
  expect(
    await after(
      sql`update service_version set valid_from = valid_from + interval '1 hour' where valid_to is null or valid_to > valid_from + interval '1 hour'`,
    ),
  ).toContain('service')
  expect(await after(sql`delete from service_resource`)).toContain('service')
  expect(
    await after(
      sql`update service_version set trial_until = trial_until - interval '1 day' where trial_until is not null`,
    ),
  ).toContain('trial')
})

test('what can not be sold or attached is refused, and what is wrong is pointed at', async () => {
  const account_id = await shop.customer()
  const refused = async (path: string, body: object) => {
    const answer = await shop.call('POST', path, body)
    return [
      answer.status,
      answer.body['code'],
      (answer.body['errors'] as { pointer: string }[] | undefined)?.[0]?.pointer,
    ]
  }
  const draft = await shop.ask<Plan>('POST', '/plans', { name: { en: 'Draft', es: 'Borrador' }, product_kind: 'other' })
  expect(await refused('/plans', { name: { en: 'A', es: 'A' }, product_kind: 'other', anchor: 'weekly' })).toEqual([
    422,
    'invalid',
    '/anchor',
  ])
  expect(await refused(`/plans/${draft.id}/publication`, {})).toEqual([409, 'conflict', undefined])
  expect(await refused(`/accounts/${account_id}/services`, { plan_id: draft.id })).toEqual([
    409,
    'conflict',
    '/plan_id',
  ])
  const fee = { kind: 'service', meter: 'fee', model: 'per_unit', per: 'month', unit: 'service', amount: '1' }
  expect(await refused('/prices', fee)).toEqual([422, 'wrong_unit', '/price_book_id'])
  expect(await refused('/prices', { ...fee, kind: 'vm', price_book_id: draft.price_book_id })).toEqual([
    422,
    'wrong_unit',
    '/meter',
  ])
  const plan = await shop.planned('Refused', [{ amount: '1' }])
  expect(await refused(`/accounts/${account_id}/services`, { plan_id: plan.id, from: iso(NOVEMBER.from) })).toEqual([
    422,
    'invalid',
    '/from',
  ])
  const service = await shop.subscribed(account_id, plan, NOVEMBER.from)
  expect(
    await refused(`/services/${service.id}/changes`, { at: iso(NOVEMBER.from - 1), ...past, quantity: 2 }),
  ).toEqual([409, 'conflict', '/at'])
  const other = await enrolledAgent(shop.world, newId(), await shop.customer())
  const name = newId()
  await other.send([other.listing(NOVEMBER.from, 'h', [vm(name)])])
  const resource_id = await resourceId(shop.world, name)
  expect(await refused(`/services/${service.id}/resources`, { resource_id })).toEqual([422, 'invalid', '/resource_id'])
  await shop.ask('POST', `/plans/${plan.id}/retirement`, {})
  expect(await refused(`/accounts/${account_id}/services`, { plan_id: plan.id })).toEqual([409, 'conflict', '/plan_id'])
  const patched = await shop.call('PATCH', `/plans/${plan.id}`, { trial_days: 3 })
  expect([patched.status, patched.body['code']]).toEqual([409, 'conflict'])
})

test('a cancellation ahead is taken back: the bill is as if it had never been; what has ended stays ended', async () => {
  const account_id = await shop.customer()
  const agent = await enrolledAgent(shop.world, newId(), account_id)
  const name = newId()
  await agent.send([agent.listing(NOVEMBER.from, 'h', [vm(name)])])
  await settled(shop.world)
  const plan = await shop.planned('Kept', [{ amount: '10' }])
  const service = await shop.subscribed(account_id, plan, NOVEMBER.from)
  const addOn = await shop.subscribed(account_id, plan, NOVEMBER.from, { parent_id: service.id })
  await shop.attached(service.id, await resourceId(shop.world, name), NOVEMBER.from)
  const path = `/services/${service.id}/cancellation`
  const seen = async () =>
    (await shop.ask<{ items: Subscription[] }>('GET', `/accounts/${account_id}/services`)).items.map((one) => [
      one.id,
      one.to,
      one.resources.map(({ to }) => to),
    ])
  const before = await seen()
  expect(before).toEqual([
    [service.id, null, [null]],
    [addOn.id, null, []],
  ])
  expect((await shop.call('DELETE', path)).status).toBe(409)
  const { to } = await shop.ask<Subscription>('POST', path, { at: 'end_of_period' })
  expect(await seen()).toEqual([
    [service.id, to, [to]],
    [addOn.id, to, []],
  ])
  // an add-on goes no further than what it was added to
  const refused = await shop.call('DELETE', `/services/${addOn.id}/cancellation`)
  expect([refused.status, refused.text]).toEqual([409, expect.stringContaining(to!)])
  expect(await shop.ask<Subscription>('DELETE', path)).toMatchObject({ state: 'active', to: null })
  expect(await seen()).toEqual(before)
  await shop.ask('POST', path, { at: 'now' })
  expect((await shop.call('DELETE', path)).status).toBe(409)
  expect(nets((await shop.issued(account_id)).lines)).toContainEqual(['Kept', 'service.fee', '10.00'])
  expect(await shop.findings()).toEqual([])
})
