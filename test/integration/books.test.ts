/** Negotiated price books: a customer's before his group's before the standard one, for exactly the time in which each is had. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { system } from '#control-plane/base/actor.ts'
import { newId } from '#control-plane/base/id.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { issueNotes, readyToReRate, reRate } from '#control-plane/billing/index.ts'
import type { PriceBook } from '#control-plane/catalog/contract.ts'
import type { BookAssignment } from '#control-plane/contracts/contract.ts'
import { judge } from '#control-plane/rating/index.ts'
import { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, vm } from './agent.ts'
import { draftOf, resourceId, settled } from './ledger.ts'
import { NOVEMBER, NOW, past, type Shop, shopOf } from './shop.ts'

let suite: Suite
let shop: Shop
beforeAll(async () => {
  suite = new Suite()
  shop = await shopOf(suite)
}, 60_000)
afterAll(() => suite.end())

const DAY = 24 * HOUR_MS
const day = (days: number) => NOVEMBER.from + days * DAY
const PRICE = { kind: 'vm', meter: 'vcpu', model: 'per_unit', per: 'hour', unit: 'vCPU' }

interface Held {
  account_id: string
  agent: Agent
  name: string
}
/** A customer with one machine of two vCPUs all of November: 1440 vCPU hours, 48 a day. */
async function customer(): Promise<Held> {
  const account_id = await shop.customer()
  const agent = await enrolledAgent(shop.world, newId(), account_id)
  const name = newId()
  await agent.send([agent.listing(NOVEMBER.from, 'h', [vm(name)])])
  await settled(shop.world)
  return { account_id, agent, name }
}
const bookOf = (negotiated_for: string | null, more: object = {}) =>
  shop.ask<PriceBook>('POST', '/price-books', { name: newId(), negotiated_for, ...more })
const priced = (book: PriceBook, amount: string, at = NOVEMBER.from, more: object = {}) =>
  shop.ask('POST', '/prices', { ...PRICE, price_book_id: book.id, amount, effective_at: iso(at), ...past, ...more })
const assigned = (account_id: string, book: PriceBook, from: number, to: number | null = null) =>
  shop.ask<BookAssignment>('POST', `/accounts/${account_id}/price-books`, {
    price_book_id: book.id,
    from: iso(from),
    to: to === null ? null : iso(to),
    ...past,
  })
const ended = (id: string, at: number) =>
  shop.ask<{ assignment: BookAssignment | null }>('POST', `/book-assignments/${id}/end`, { at: iso(at), ...past })
const vcpus = async (account_id: string) =>
  (await draftOf(shop.world, account_id, NOVEMBER.to)).lines
    .filter((line) => line.component === 'vm.vcpu')
    .map((line) => [line.price.amount, line.net, line.price.times?.map(({ from, to }) => [from, to])])

test('a customer’s book goes before his group’s, that before the standard one, each for its time to the millisecond', async () => {
  const { account_id, name } = await customer()
  const [own, group] = [await bookOf('customer'), await bookOf('group')]
  await priced(own, '0.02')
  await priced(group, '0.03')
  expect(await vcpus(account_id)).toEqual([['0.05', '72.00', undefined]])
  await assigned(account_id, group, day(10))
  const half = day(20) + 1
  const { id } = await assigned(account_id, own, day(15), half)
  // 10 days × 48 × 0.05; 5 days and 9.99… × 48 × 0.03; 5 days and a millisecond × 48 × 0.02
  expect(await vcpus(account_id)).toEqual([
    ['0.05', '24.00', [[iso(NOVEMBER.from), iso(day(10))]]],
    [
      '0.03',
      '21.60',
      [
        [iso(day(10)), iso(day(15))],
        [iso(half), iso(NOVEMBER.to)],
      ],
    ],
    ['0.02', '4.80', [[iso(day(15)), iso(half)]]],
  ])
  const invoice = await shop.issued(account_id)
  expect(invoice.totals.net).toBe('50.40')
  const { days } = await shop.ask<{ days: { date: string; amount: string }[] }>(
    'GET',
    `/accounts/${account_id}/usage?month=2026-11`,
  )
  expect(
    ['2026-11-10', '2026-11-11', '2026-11-16'].map((date) => days.find((one) => one.date === date)?.amount),
  ).toEqual(['2.4', '1.44', '0.96'])
  expect(await shop.findings()).toEqual([])
  // now: the group's; the other has ended
  const resource = await resourceId(shop.world, name)
  const cost = await shop.ask<{ per_hour: string }>('GET', `/resources/${resource}/cost`)
  expect(cost.per_hour).toBe('0.06')
  expect((await shop.call('POST', `/book-assignments/${id}/end`, { at: iso(half), ...past })).status).toBe(409)
  // altered behind the bill: had it begun earlier another price would have come first, had it begun later none of its own
  const altered = async (at: number) => {
    await shop.world.db.execute(sql`update contract_book set valid_from = ${iso(at)} where id = ${id}`)
    return new Set(
      (await shop.findings()).map(({ check, detail }) => `${check}: ${detail.split(' ').slice(0, 5).join(' ')}`),
    )
  }
  expect(await altered(day(14))).toEqual(new Set(['book: A book that goes before']))
  expect(await altered(day(16))).toEqual(new Set(['book: The contract did not have']))
  expect(await altered(day(15))).toEqual(new Set())
  // whose price it is: told to those who sell
  const line = invoice.lines.find(({ price }) => price.amount === '0.02')
  const why = await shop.ask<{ price_book: unknown }>('GET', `/invoices/${invoice.id}/lines/${line!.id}/explanation`)
  expect(why.price_book).toEqual({ id: own.id, name: own.name })
})

test('a book may hold only some prices: for the rest the next one holds', async () => {
  const { account_id } = await customer()
  const own = await bookOf('customer')
  await assigned(account_id, own, NOVEMBER.from)
  expect(await vcpus(account_id)).toEqual([['0.05', '72.00', undefined]])
  // its price begins and ends within the time in which the book is had
  await priced(own, '0.01', day(10))
  await priced(own, '0.005', day(20))
  expect(await vcpus(account_id)).toEqual([
    ['0.05', '24.00', [[iso(NOVEMBER.from), iso(day(10))]]],
    ['0.01', '4.80', undefined],
    ['0.005', '2.40', undefined],
  ])
})

test('allowance and pool hold for the share of the month in which their book is had', async () => {
  for (const pool of [{}, { pool: 'account' }]) {
    const { account_id } = await customer()
    const [own, group] = [await bookOf('customer'), await bookOf('group')]
    await priced(group, '0.05', NOVEMBER.from, { terms: { included: '720', ...pool } })
    await priced(own, '0.02', NOVEMBER.from, { terms: { included: '240', ...pool } })
    await assigned(account_id, group, NOVEMBER.from)
    await assigned(account_id, own, day(15))
    const invoice = await shop.issued(account_id)
    // of 720 hours each half of what is included is free: 360 × 0.05, and 600 × 0.02
    expect(invoice.lines.map((line) => [line.price.amount, line.net])).toEqual([
      ['0.05', '18.00'],
      ['0.02', '12.00'],
    ])
  }
  expect(await shop.findings()).toEqual([])
})

test('what only a negotiated book sells must have a price while it is had, and not before or after', async () => {
  const { account_id, agent, name } = await customer()
  await agent.send(
    [5, 12, 25].map((at) => agent.readings(day(at), name, { 'network_transmit_bytes/eth0': at * 10 ** 9 })),
  )
  await settled(shop.world)
  const own = await bookOf('customer')
  const traffic = { meter: 'network_transmit_bytes', per: 'quantity', unit: 'GB' }
  await priced(own, '0.5', day(10), traffic)
  await assigned(account_id, own, day(10), day(20))
  const draft = await draftOf(shop.world, account_id, NOVEMBER.to)
  expect(draft.unrated).toEqual([])
  // 1 GB a day, for the ten days in which it is sold: the bounds lie between readings
  expect(draft.lines.map((line) => [line.component, line.net])).toContainEqual(['vm.network_transmit_bytes', '5.00'])
  const resource = await resourceId(shop.world, name)
  await shop.world.run(judge)
  const judged = await shop.world.db.execute(
    sql`select status, min(hour) as first, count(*)::int as n from usage_status where resource_id = ${resource} group by 1 order by 1`,
  )
  expect(judged.map((row) => [row['status'], row['n']])).toEqual([
    ['rated', 240],
    ['unrated', 240],
  ])
})

test('a machine that only a negotiated book prices waits for a price in the rest of the time, in the queue as on the bill', async () => {
  const account_id = await shop.customer()
  const agent = await enrolledAgent(shop.world, newId(), account_id)
  const bucket = { kind: 'bucket' as const, external_id: newId(), name: 'b', state: 'running' as const }
  await agent.send([agent.listing(NOVEMBER.from, 'h', [bucket])])
  await settled(shop.world)
  const lacking = async () => {
    const { items } = await shop.ask<{ items: { account: { id: string }; meter: string; hours: string }[] }>(
      'GET',
      '/queues/unrated?limit=500',
    )
    return items.filter(({ account }) => account.id === account_id).map(({ meter, hours }) => [meter, hours])
  }
  const missing = async () =>
    (await draftOf(shop.world, account_id, NOVEMBER.to)).unrated.map(({ meter, from, to }) => [meter, from, to])
  const hours = (ms: number) => (ms / HOUR_MS).toFixed(2).replace(/\.?0+$/, '')
  expect(await lacking()).toEqual([['instance', hours(NOW - NOVEMBER.from)]])
  const own = await bookOf('customer')
  const once = { kind: 'bucket', meter: 'instance', model: 'flat', per: 'month', unit: 'instance', amount: '3' }
  await priced(own, '3', day(12), once)
  await assigned(account_id, own, day(10), day(20))
  // until the book is had and after it nothing is sold; while it is, what it sells has no price at first
  expect(await missing()).toEqual([
    ['instance', iso(NOVEMBER.from), iso(day(10))],
    ['instance', iso(day(10)), iso(day(12))],
    ['instance', iso(day(20)), iso(NOVEMBER.to)],
  ])
  expect((await lacking()).toSorted()).toEqual(
    [
      ['instance', hours(NOW - NOVEMBER.from - 10 * DAY)],
      ['instance', hours(2 * DAY)],
    ].toSorted(),
  )
})

test('a tenant reads nothing of books: neither those of others nor his own, only his prices on his bill', async () => {
  const { account_id } = await customer()
  const own = await bookOf('customer')
  await priced(own, '0.01')
  await assigned(account_id, own, NOVEMBER.from)
  const { token } = await shop.ask<{ token: string }>('POST', '/api-keys', {
    name: 'his',
    role: 'tenant_owner',
    account_id,
  })
  const get = (path: string) => shop.call('GET', path, undefined, { authorization: `Bearer ${token}` })
  for (const path of [
    '/price-books',
    `/price-books/${own.id}/accounts`,
    `/accounts/${account_id}/price-books`,
    '/prices',
  ])
    expect([path, (await get(path)).status]).toEqual([path, 403])
  const { body } = await get(`/accounts/${account_id}/draft`)
  const [line] = body['lines'] as { id: string; net: string; price: { amount: string } }[]
  expect([line!.price.amount, line!.net]).toEqual(['0.01', expect.any(String)])
  const why = await get(`/accounts/${account_id}/draft/lines/${line!.id}/explanation`)
  expect([why.status, why.body['price_book'], why.text.includes(own.name)]).toEqual([200, null, false])
})

test('what overlaps, belongs to others, changes the past unsaid or is no negotiated book is refused', async () => {
  const { account_id } = await customer()
  const [one, other, group] = [await bookOf('customer'), await bookOf('customer'), await bookOf('group')]
  await assigned(account_id, one, day(5), day(10))
  const refused = async (price_book_id: string, more: object) => {
    const answer = await shop.call('POST', `/accounts/${account_id}/price-books`, { price_book_id, ...more })
    return [answer.status, answer.body['code'], answer.body['errors']?.[0]?.pointer]
  }
  const within = { from: iso(day(9)), ...past }
  expect(await refused(other.id, within)).toEqual([409, 'conflict', '/from'])
  expect(await refused(one.id, within)).toEqual([409, 'conflict', '/from'])
  // right after it, and in a group beside it
  await assigned(account_id, other, day(10), day(11))
  await assigned(account_id, group, day(9))
  expect(await refused(other.id, { from: iso(day(20)) })).toEqual([422, 'invalid', '/from'])
  expect(await refused(other.id, { from: iso(day(20)), correction: true })).toEqual([422, 'invalid', '/reason'])
  expect(await refused(other.id, { ...past, from: iso(day(20)), to: iso(day(20)) })).toEqual([422, 'invalid', '/to'])
  const before = iso(NOVEMBER.from - DAY)
  expect(await refused(other.id, { ...past, from: before })).toEqual([409, 'conflict', '/from'])
  const dollars = await bookOf('customer', { currency: 'USD' })
  expect(await refused(dollars.id, { ...past, from: iso(day(20)) })).toEqual([409, 'conflict', '/price_book_id'])
  const { price_book_id } = await shop.ask<{ price_book_id: string }>('GET', '/prices')
  expect(await refused(price_book_id, { ...past, from: iso(day(20)) })).toEqual([422, 'invalid', '/price_book_id'])
  expect(await refused(newId(), { ...past, from: iso(day(20)) })).toEqual([404, 'not_found', undefined])
  // even the first price of a negotiated book changes what was charged
  const early = { ...PRICE, price_book_id: one.id, amount: '1', effective_at: iso(day(6)) }
  expect((await shop.call('POST', '/prices', early)).body['code']).toBe('past_price')
  expect((await bookOf(null, { currency: 'CHF' })).is_default).toBe(true)
  const again = await shop.call('POST', '/price-books', { name: 'Again', negotiated_for: null, currency: 'CHF' })
  expect([again.status, again.body['errors'][0].pointer]).toEqual([409, '/currency'])
})

test('a corrected past becomes a note with its cause; ending a book falls back, and to its beginning it never held', async () => {
  const { account_id } = await customer()
  const own = await bookOf('customer')
  await priced(own, '0.04')
  const { id } = await assigned(account_id, own, NOVEMBER.from)
  const invoice = await shop.issued(account_id)
  expect(invoice.totals.net).toBe('57.60')
  const noted = async () => {
    const { world } = shop
    const cut = await readyToReRate(world.db, system('test'), () => world.clock.now, {})
    const made = await world.run((ctx) => reRate(ctx, account_id, cut))
    const ids = await world.run((ctx) => issueNotes(ctx, account_id, { cut: made.cut, digest: made.digest }))
    return Promise.all(ids.map((note) => shop.ask<typeof invoice>('GET', `/invoices/${note}`)))
  }
  expect(await noted()).toEqual([])
  const { assignment } = await ended(id, day(20))
  expect(assignment).toMatchObject({ from: iso(NOVEMBER.from), to: iso(day(20)) })
  // ten days of 48 hours at a cent more
  const [debit] = await noted()
  expect(debit).toMatchObject({ document_type: 'debit_note', totals: { net: '4.80' } })
  expect(debit!.lines[0]!.correction).toMatchObject({ billed: '57.60', due: '62.40', causes: ['corrected_price'] })
  expect(await noted()).toEqual([])
  expect((await ended(assignment!.id, NOVEMBER.from)).assignment).toBeNull()
  const [rest] = await noted()
  expect(rest!.lines[0]!.correction).toMatchObject({ billed: '62.40', due: '72.00' })
  const listed = await shop.ask<{ items: unknown[] }>('GET', `/accounts/${account_id}/price-books`)
  expect(listed.items).toEqual([])
  expect(await shop.findings()).toEqual([])
})

test('a preview of a negotiated price counts those who have the book alone, and clips as bills do', async () => {
  const [{ account_id }] = [await customer(), await customer()]
  const own = await bookOf('customer')
  await priced(own, '0.04')
  await assigned(account_id, own, day(15))
  const effect = await shop.ask<Record<string, unknown>>('POST', '/prices/preview', {
    ...PRICE,
    price_book_id: own.id,
    amount: '0.02',
    effective_at: iso(day(20)),
    ...past,
  })
  // ten days of 48 hours at 0.04, and at half of that
  expect(effect).toMatchObject({ affected_resources: 1 })
  const told = Number(effect['month_to_date_before']) - Number(effect['month_to_date_after'])
  expect(told.toFixed(2)).toBe('9.60')
  const holders = await shop.ask<{ items: BookAssignment[] }>('GET', `/price-books/${own.id}/accounts`)
  expect(holders.items.map(({ account }) => account.id)).toEqual([account_id])
})

test('a change of negotiated prices concerns those alone who had them, for what they used at them', async () => {
  const [{ account_id }] = [await customer(), await customer()]
  const own = await bookOf('customer')
  await priced(own, '0.04')
  await assigned(account_id, own, day(20))
  const made = await shop.ask<Record<string, unknown>>('POST', '/price-changes/preview', {
    price_book_ids: [own.id],
    percent: '50',
  })
  // ten days of 48 hours at 0.04, of a month that is not invoiced yet
  expect(made).toMatchObject({ prices: 1, accounts: 1, revenue_before: '19.20', revenue_after: '28.80' })
})

test('an account may be opened in another currency: at the standard prices in it', async () => {
  const wanted = { name: newId(), tax_id: '', email: '', contract_from: iso(NOVEMBER.from), currency: 'JPY' }
  const { id } = await shop.ask<{ id: string }>('POST', '/accounts', wanted)
  const { items } = await shop.ask<{ items: { currency: string; price_book_id: string }[] }>(
    'GET',
    `/accounts/${id}/contracts`,
  )
  expect(items.map(({ currency }) => currency)).toEqual(['JPY'])
  const [contract] = items
  await priced({ id: contract!.price_book_id } as PriceBook, '7', NOVEMBER.from)
  const agent = await enrolledAgent(shop.world, newId(), id)
  await agent.send([agent.listing(NOVEMBER.from, 'h', [vm(newId())])])
  await settled(shop.world)
  const invoice = await shop.issued(id)
  expect([invoice.currency, invoice.totals.net]).toEqual(['JPY', '10080'])
  expect(await shop.findings()).toEqual([])
  // another account in it has the same book
  const second = await shop.ask<{ id: string }>('POST', '/accounts', { ...wanted, name: newId() })
  const same = await shop.ask<{ items: { price_book_id: string }[] }>('GET', `/accounts/${second.id}/contracts`)
  expect(same.items[0]!.price_book_id).toBe(contract!.price_book_id)
})
