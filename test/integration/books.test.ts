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
import { NOVEMBER, past, type Shop, share, shopOf } from './shop.ts'

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
    ['0.03', '21.60', [[iso(day(10)), iso(day(15))], [iso(half), iso(NOVEMBER.to)]]],
    ['0.02', '4.80', [[iso(day(15)), iso(half)]]],
  ])
  const invoice = await shop.issued(account_id)
  expect(invoice.totals.net).toBe('50.40')
  expect(await shop.findings()).toEqual([])
  // now: the group's; the other has ended
  const resource = await resourceId(shop.world, name)
  const cost = await shop.ask<{ per_hour: string }>('GET', `/resources/${resource}/cost`)
  expect(cost.per_hour).toBe('0.06')
  expect((await shop.call('POST', `/book-assignments/${id}/end`, { at: iso(half), ...past })).status).toBe(409)
  // altered behind the bill: it began earlier, so another price would have come first
  const shift = (at: number) =>
    shop.world.db.execute(sql`update contract_book set valid_from = ${iso(at)} where id = ${id}`)
  await shift(day(14))
  expect((await shop.findings()).map(({ check, detail }) => [check, detail.slice(0, 26)])).toEqual([
    ['book', 'A book that goes before had'],
  ].map(([check, text]) => [check, text!.slice(0, 26)]))
  await shift(day(16))
  expect((await shop.findings()).map(({ check }) => check)).toEqual(['book', 'book'])
  await shift(day(15))
  expect(await shop.findings()).toEqual([])
})
