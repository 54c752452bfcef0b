/** Services whose billing periods run from the day on which they began, over the API: what is on each invoice, by hand. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { z } from 'zod'
import { iso } from '#control-plane/base/time.ts'
import type { Invoice } from '#control-plane/billing/contract.ts'
import type { Plan } from '#control-plane/catalog/contract.ts'
import type { Subscription } from '#control-plane/contracts/contract.ts'
import { Suite } from '../setup/stack.ts'
import { NOVEMBER, past, type Shop, shopOf } from './shop.ts'

type Issued = z.infer<typeof Invoice>
let suite: Suite
let shop: Shop
beforeAll(async () => {
  suite = new Suite()
  shop = await shopOf(suite)
}, 60_000)
afterAll(() => suite.end())

/** In Madrid in winter, and after the clock went forward on the 28th of March 2027. */
const winter = (text: string) => Date.parse(`${text}+01:00`)
const summer = (text: string) => Date.parse(`${text}+02:00`)
async function issued(account_id: string, to: number): Promise<Issued> {
  shop.world.clock.now = Math.max(shop.world.clock.now, to + 3_600_000)
  return shop.ask('POST', '/invoices', { account_id, to: iso(to) })
}
const shown = ({ lines }: Issued) =>
  lines.map((line) => [
    line.timing ?? line.settlement?.causes.join() ?? 'due',
    line.period.from,
    line.period.to,
    line.net,
  ])
const isRight = async (account_id: string) => {
  expect((await shop.ask<{ documents: unknown[] }>('POST', `/accounts/${account_id}/re-rating`, {})).documents).toEqual(
    [],
  )
  expect(await shop.findings()).toEqual([])
}

test('in arrears each period is charged whole by the month in which it ends, at the share of its own length', async () => {
  const account_id = await shop.customer()
  const plan = await shop.planned('Monthly', [{ amount: '31' }], { anchor: 'anniversary' })
  const [begin, next, last] = [winter('2026-11-10T14:30'), winter('2026-12-10T14:30'), winter('2027-01-10T14:30')]
  const service = await shop.subscribed(account_id, plan, begin)
  expect([service.anchor, service.renews_at]).toEqual(['anniversary', iso(next)])
  // 15 of its 30 days for one, and 15 for two: 31 × 45 ÷ 30
  await shop.changed(service.id, winter('2026-11-25T14:30'), { quantity: 2 })
  const none = await shop.call('POST', '/invoices', { account_id, to: iso(NOVEMBER.to) })
  expect(none.body['code']).toBe('nothing_to_invoice')
  const december = await issued(account_id, winter('2027-01-01T00:00'))
  expect(shown(december)).toEqual([['due', iso(begin), iso(next), '46.50']])
  expect(december.lines[0]?.basis).toEqual({ from: iso(begin), to: iso(next) })
  // it ends with its 20th day of 31: 2 × 31 × 20 ÷ 31
  await shop.ask('POST', `/services/${service.id}/cancellation`, { at: iso(winter('2027-01-30T14:30')), ...past })
  expect(shown(await issued(account_id, winter('2027-02-01T00:00')))).toEqual([
    ['due', iso(next), iso(last), '62.00'],
    ['due', iso(last), iso(winter('2027-01-30T14:30')), '40.00'],
  ])
  await isRight(account_id)
})

test('in advance, from the 31st: February has its last day, March its 31st, and an hour less', async () => {
  const account_id = await shop.customer()
  const terms = { timing: 'advance' }
  const plan = await shop.planned('From the last', [{ amount: '31', terms }])
  const [begin, february] = [winter('2027-01-31T00:00'), winter('2027-02-28T00:00')]
  shop.world.clock.now = Math.max(shop.world.clock.now, begin)
  const service = await shop.subscribed(account_id, plan, begin, { anchor: 'anniversary' })
  expect(shown(await issued(account_id, winter('2027-02-01T00:00')))).toEqual([
    ['advance', iso(begin), iso(february), '31.00'],
  ])
  const march = summer('2027-03-31T00:00')
  expect(shown(await issued(account_id, winter('2027-03-01T00:00')))).toEqual([
    ['advance', iso(february), iso(march), '31.00'],
  ])
  await shop.ask('POST', `/services/${service.id}/cancellation`, { at: iso(winter('2027-03-14T12:00')), ...past })
  // 348 of 743 hours: 31 × 348 ÷ 743 = 14.52
  expect(shown(await issued(account_id, summer('2027-04-01T00:00')))).toEqual([
    ['cancelled', iso(february), iso(march), '-16.48'],
  ])
  await isRight(account_id)
})

test('an end that is told after months were charged in advance: notes on those documents, and the rest is given back', async () => {
  const account_id = await shop.customer()
  const plan = await shop.planned('Given up', [{ amount: '31', terms: { timing: 'advance' } }])
  shop.world.clock.now = Math.max(shop.world.clock.now, summer('2027-04-02T00:00'))
  const service = await shop.subscribed(account_id, plan, winter('2026-11-01T00:00'))
  await issued(account_id, NOVEMBER.to)
  const december = await issued(account_id, winter('2027-01-01T00:00'))
  await shop.ask('POST', `/services/${service.id}/cancellation`, { at: iso(winter('2026-12-11T00:00')), ...past })
  const { cut, documents } = await shop.ask<{ cut: number; documents: object[] }>(
    'POST',
    `/accounts/${account_id}/re-rating`,
    {},
  )
  // 10 of 31 days of December; January is settled by the invoice that is still to come
  expect(documents).toMatchObject([
    { corrects: { number: december.number }, outcome: 'credit_note', totals: { net: '-21.00' } },
  ])
  await shop.ask('POST', `/accounts/${account_id}/notes`, { cut })
  const january = await issued(account_id, winter('2027-02-01T00:00'))
  expect(shown(january).map((line) => [line[0], line[3]])).toEqual([['cancelled', '-31.00']])
  await isRight(account_id)
})

test('a subscription may be anchored otherwise than its plan says, and ends with its own period', async () => {
  const account_id = await shop.customer()
  const plan = await shop.planned('Either', [{ amount: '10' }], { anchor: 'anniversary' })
  const now = shop.world.clock.now
  const [calendar, own] = [
    await shop.subscribed(account_id, plan, now, { anchor: 'calendar' }),
    await shop.subscribed(account_id, plan, now),
  ]
  expect([calendar.anchor, own.anchor]).toEqual(['calendar', 'anniversary'])
  const ended = await shop.ask<Subscription>('POST', `/services/${own.id}/cancellation`, { at: 'end_of_period' })
  expect(ended.to).toBe(own.renews_at)
  const other = await shop.ask<Plan>('GET', `/plans/${plan.id}`)
  expect(other.anchor).toBe('anniversary')
  const refused = await shop.call('POST', '/prices', {
    kind: 'service',
    meter: 'setup',
    model: 'per_unit',
    per: 'quantity',
    unit: 'service',
    amount: '1',
    terms: { timing: 'advance' },
    price_book_id: plan.price_book_id,
  })
  expect([refused.status, JSON.stringify(refused.body)]).toEqual([422, expect.stringContaining('/terms/timing')])
})
