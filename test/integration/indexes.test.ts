/** Prices by a published index: each unit at what that says at the time of use, unrated where it says nothing, and noted where it is corrected. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { system } from '#control-plane/base/actor.ts'
import { newId } from '#control-plane/base/id.ts'
import { iso } from '#control-plane/base/time.ts'
import { finalise, getInvoice, issueNotes, readyToReRate, reRate, verify } from '#control-plane/billing/index.ts'
import type { Explanation, Invoice } from '#control-plane/billing/contract.ts'
import { findInvoice } from '#control-plane/billing/store.ts'
import { linesCsv } from '#control-plane/billing/csv.ts'
import { databaseError } from '#control-plane/db/index.ts'
import type { IndexValue, PriceIndex } from '#control-plane/indexes/contract.ts'
import { judge } from '#control-plane/rating/index.ts'
import type { z } from 'zod'
import { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, vm } from './agent.ts'
import { apiOf, type Call } from './http.ts'
import { draftOf, market, resourceId, sell, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const HALF = 1_800_000
const START = Date.parse('2026-11-10T08:00:00.000Z')
const at = (halves: number) => iso(START + halves * HALF)
let suite: Suite
let world: Prepared
let call: Call
let spot: PriceIndex
let agent: Agent

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(START))
  call = await apiOf(suite, world)
  spot = (await call('POST', '/price-indexes', { name: 'SPOT', currency: 'EUR', unit: 'MWh' })).body as PriceIndex
  const by = (terms: object) => ({ id: spot.id, factor: '0.01', ...terms })
  const dynamic = { model: 'dynamic', amount: undefined as unknown as string } as const
  const traffic = { meter: 'network_transmit_bytes', per: 'quantity', unit: 'kB' } as const
  await sell(world, { ...dynamic, ...traffic, terms: { index: by({ surcharge: '0.5', floor: '0.4' }) as never } })
  await sell(world, { ...dynamic, meter: 'vcpu', terms: { index: by({ ceiling: '0.9' }) as never } })
  agent = await enrolledAgent(world, 'rack', world.account_id)
  await agent.send([agent.listing(START, 'h', [vm('a')])])
})
afterAll(() => suite.end())

const values = (body: object) => call('POST', `/price-indexes/${spot.id}/values`, body)
const listed = async (query = '') =>
  ((await call('GET', `/price-indexes/${spot.id}/values${query}`)).body as { items: IndexValue[] }).items.map((one) => [
    one.from,
    one.to,
    one.amount,
  ])
async function read(...samples: [halves: number, value: number][]) {
  for (const [halves, value] of samples) {
    world.clock.now = START + halves * HALF
    await agent.send([
      agent.listing(world.clock.now, 'h', [vm('a')]),
      agent.readings(world.clock.now, 'a', { 'network_transmit_bytes/eth0': value }),
    ])
  }
  await settled(world)
}
const actor = system('test')
const now = () => world.clock.now
const invoiceOf = (id: string): Promise<Invoice> => world.run((ctx) => getInvoice(ctx, id))
const findings = async () => (await world.run(verify)).findings

test('values are published once, end where the next begins, and are changed by a correction alone', async () => {
  const first = [
    { from: at(0), to: at(2), amount: '100' },
    { from: at(2), amount: '-20.0' },
    { from: at(3), to: at(4), amount: '50' },
  ]
  expect((await values({ values: first })).body).toEqual({ recorded: 3, unchanged: 0, replaced: 0 })
  expect((await values({ values: first })).body).toEqual({ recorded: 0, unchanged: 3, replaced: 0 })
  const known = [
    [at(0), at(2), '100'],
    [at(2), at(3), '-20'],
    [at(3), at(4), '50'],
  ]
  expect(await listed()).toEqual(known)

  const wrong = [
    { from: at(5), to: at(5), amount: '1' },
    { from: at(8), to: at(10), amount: '1' },
    { from: at(9), amount: '1' },
  ]
  const refused = await values({ values: wrong })
  expect([refused.status, refused.body]).toMatchObject([
    422,
    { errors: [{ pointer: '/values/0/to' }, { pointer: '/values/2/from' }] },
  ])
  const edit = await values({
    values: [
      { from: at(12), to: at(13), amount: '7' },
      { from: at(1), to: at(3), amount: '1' },
    ],
  })
  expect([edit.status, edit.body]).toMatchObject([
    409,
    { errors: [{ pointer: '/values/1' }, { pointer: '/values/1' }] },
  ])
  const silent = await values({ values: [{ from: at(1), to: at(3), amount: '1' }], correction: true })
  expect([silent.status, silent.body]).toMatchObject([422, { errors: [{ pointer: '/reason' }] }])
  expect(await listed()).toEqual(known)

  // until the next one: it is ended by that, and no correction
  expect((await values({ values: [{ from: at(20), amount: '5' }] })).body).toMatchObject({ recorded: 1 })
  expect((await values({ values: [{ from: at(22), to: at(24), amount: '6' }] })).body).toMatchObject({ recorded: 1 })
  expect(await listed(`?from=${at(20)}`)).toEqual([
    [at(20), at(22), '5'],
    [at(22), at(24), '6'],
  ])
  const twice = world.db.execute(
    sql`insert into index_value (id, price_index_id, amount, valid_from, actor, reason, recorded_at, cut_from)
        values (${newId()}, ${spot.id}, 1, ${at(1)}::timestamptz, 'x', '', now(), 1)`,
  )
  expect(databaseError(await twice.catch((error: unknown) => error))?.constraint).toBe('index_value_no_overlap')
})

test('a price is in the currency of its index, and has no terms that would be of a whole month', async () => {
  const dollars = (await call('POST', '/price-indexes', { name: 'HENRY', currency: 'USD', unit: 'MMBtu' }))
    .body as PriceIndex
  const price = { kind: 'vm', meter: 'ip', model: 'dynamic', per: 'hour', unit: 'IP' }
  const pointers = async (body: object) => {
    const answer = await call('POST', '/prices', body)
    return [answer.status, (answer.body as { errors?: { pointer: string }[] }).errors?.map(({ pointer }) => pointer)]
  }
  expect(await pointers({ ...price, terms: { index: { id: dollars.id } } })).toEqual([422, ['/terms/index/id']])
  expect(await pointers({ ...price, terms: { index: { id: newId() } } })).toEqual([422, ['/terms/index/id']])
  expect(await pointers(price)).toEqual([422, ['/terms/index']])
  const index = { id: spot.id, floor: '2', ceiling: '1' }
  expect(await pointers({ ...price, terms: { index, minimum: '1', pool: 'account' } })).toEqual([
    422,
    ['/terms/pool', '/terms/minimum', '/terms/index/floor'],
  ])
  expect((await call('POST', '/price-indexes', { name: 'SPOT', currency: 'EUR', unit: 'MWh' })).status).toBe(409)
})

test('use is charged by the index of its time, is unrated where that is silent, and noted where it is corrected', async () => {
  await read([0, 0], [2, 100_000], [3, 130_000], [4, 200_000])
  const made = await draftOf(world, world.account_id)
  // 100 × 1.5 + 30 × 0.4 (the floor) + 70 × 1; two vCPUs: 1 h × 0.9 (the ceiling) − 0.5 h × 0.2 + 0.5 h × 0.5
  expect(made.lines.map(({ component, net }) => [component, net])).toEqual([
    ['vm.network_transmit_bytes', '232.00'],
    ['vm.vcpu', '2.10'],
  ])
  expect(made.unrated).toEqual([])
  const [traffic] = made.lines
  expect(traffic).toMatchObject({ price: { model: 'dynamic', amount: '0', index: { name: 'SPOT', unit: 'MWh' } } })
  expect(traffic!.segments.map((one) => [one.from, one.to, one.quantity, one.index_value, one.unit_amount])).toEqual([
    [at(0), at(2), '100000', '100', '3/2'],
    [at(2), at(3), '30000', '-20', '2/5'],
    [at(3), at(4), '70000', '50', '1/1'],
  ])

  await read([6, 300_000])
  const missing = (await draftOf(world, world.account_id)).unrated.map(({ meter, from, to, index }) => [
    meter,
    from,
    to,
    index,
  ])
  expect(missing).toEqual([
    ['vcpu', at(4), at(6), 'SPOT'],
    ['network_transmit_bytes', at(4), at(6), 'SPOT'],
  ])
  await world.run(judge)
  const queue = (await call('GET', '/queues/unrated')).body as { items: { meter: string; index?: string }[] }
  expect(queue.items.map(({ meter, index }) => [meter, index]).toSorted()).toEqual([
    ['network_transmit_bytes', 'SPOT'],
    ['vcpu', 'SPOT'],
  ])
  const early = finalise(world.db, actor, now, newId(), { account_id: world.account_id })
  await expect(early).rejects.toMatchObject({ code: 'unrated' })

  // late, and no correction: nothing was published of that time
  await values({ values: [{ from: at(4), to: at(6), amount: '20' }] })
  const invoice = await invoiceOf(await finalise(world.db, actor, now, newId(), { account_id: world.account_id }))
  expect(invoice.lines.map(({ net }) => net)).toEqual(['302.00', '2.50'])
  expect(linesCsv(invoice).split('\r\n')[1]).toContain(',300,kB,quantity,1.006667,')
  const line = invoice.lines[0]!
  const opened = (await call('GET', `/invoices/${invoice.id}/lines/${line.id}/explanation`)).body as z.infer<
    typeof Explanation
  >
  expect(opened.segments.map(({ index_value, unit_amount }) => [index_value, unit_amount])).toContainEqual([
    '20',
    '7/10',
  ])
  expect(await findings()).toEqual([])

  const issued = await world.run((ctx) => findInvoice(ctx, invoice.id))
  const fix = { values: [{ from: at(3), amount: '60' }], correction: true, reason: 'settled anew by the exchange' }
  expect((await values(fix)).body).toEqual({ recorded: 1, unchanged: 0, replaced: 1 })
  expect(await listed(`?from=${at(3)}&to=${at(4)}`)).toEqual([[at(3), at(4), '60']])
  expect(await listed(`?from=${at(3)}&to=${at(4)}&cut=${issued!.cut}`)).toEqual([[at(3), at(4), '50']])
  const { cut, digest } = await world.run(async (ctx) =>
    reRate(ctx, world.account_id, await readyToReRate(world.db, actor, now, {})),
  )
  const [note] = await world.run((ctx) => issueNotes(ctx, world.account_id, { cut, digest }))
  const debit = await invoiceOf(note!)
  expect([debit.document_type, debit.totals.net]).toEqual(['debit_note', '7.10'])
  expect(debit.lines.map(({ correction }) => correction)).toMatchObject([
    { billed: '302.00', due: '309.00', causes: ['corrected_price'] },
    { billed: '2.50', due: '2.60', causes: ['corrected_price'] },
  ])
  expect(await findings()).toEqual([])

  // one altered value is found
  const row = sql`price_index_id = ${spot.id} and valid_from = ${at(0)}::timestamptz`
  await world.db.execute(sql`update index_value set amount = 101 where ${row}`)
  expect((await findings()).map(({ check }) => check)).toContain('index')
  await world.db.execute(sql`update index_value set amount = 100 where ${row}`)
})

test('a plan charges by an index what fulfils its service, whenever its prices were agreed', async () => {
  const ask = async (path: string, body: object) => {
    const answer = await call('POST', path, body)
    expect([path, answer.status < 300, answer.text]).toEqual([path, true, answer.text])
    return answer.body as { id: string; price_book_id: string }
  }
  const begin = 8
  world.clock.now = START + begin * HALF
  await values({
    values: [
      { from: at(6), to: at(begin + 1), amount: '10' },
      { from: at(begin + 1), to: at(begin + 2), amount: '30' },
    ],
  })
  const plan = await ask('/plans', { name: { en: 'Rack', es: 'Rack' }, product_kind: 'colocation' })
  const price = { kind: 'vm', meter: 'instance', model: 'dynamic', per: 'hour', unit: 'instance' }
  await ask('/prices', { ...price, terms: { index: { id: spot.id } }, price_book_id: plan.price_book_id })
  await ask(`/plans/${plan.id}/publication`, {})
  const service = await ask(`/accounts/${world.account_id}/services`, { plan_id: plan.id, prices_as_of: at(begin) })
  await ask(`/services/${service.id}/resources`, { resource_id: await resourceId(world, 'a') })
  await read([begin, 300_000], [begin + 2, 300_000])
  const id = await finalise(world.db, actor, now, newId(), { account_id: world.account_id })
  const line = (await invoiceOf(id)).lines.find(({ component }) => component === 'vm.instance')
  // half an hour at 10, and half an hour at 30
  expect(line).toMatchObject({ net: '20.00', plan: { id: plan.id }, price: { index: { name: 'SPOT' } } })
  expect(line!.segments.map(({ index_value }) => index_value)).toEqual(['10', '30'])
  expect(await findings()).toEqual([])
})
