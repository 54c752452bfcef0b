/** Fees that are charged in advance, over the API: what is on each invoice, by hand, and that nothing is billed twice or lost. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { z } from 'zod'
import { iso } from '#control-plane/base/time.ts'
import type { Invoice } from '#control-plane/billing/contract.ts'
import type { Line } from '#control-plane/rating/contract.ts'
import { Suite } from '../setup/stack.ts'
import { NOVEMBER, type Shop, shopOf } from './shop.ts'

type Issued = z.infer<typeof Invoice>
let suite: Suite
let shop: Shop
beforeAll(async () => {
  suite = new Suite()
  shop = await shopOf(suite)
}, 60_000)
afterAll(() => suite.end())

/** Midnight of a day in Madrid, which has no daylight saving in these months. */
const day = (text: string) => Date.parse(`${text}T00:00:00+01:00`)
const ADVANCE = { terms: { timing: 'advance' } }
const issued = (account_id: string, to: number): Promise<Issued> => {
  shop.world.clock.now = Math.max(shop.world.clock.now, to + 3_600_000)
  return shop.ask('POST', '/invoices', { account_id, to: iso(to) })
}
const shown = ({ lines }: { lines: readonly Line[] }) =>
  lines.map((line) => [
    line.plan?.name.en,
    line.timing ?? (line.settlement ? line.settlement.causes.join() : 'due'),
    line.period.from.slice(0, 10),
    line.net,
  ])
const reviewed = async (account_id: string) => {
  const { documents } = await shop.ask<{ documents: unknown[] }>('POST', `/accounts/${account_id}/re-rating`, {})
  return documents
}

test('a month is charged in advance, and settled with what changed in it', async () => {
  const account_id = await shop.customer()
  const plan = await shop.planned('Ahead', [{ amount: '30', ...ADVANCE }])
  const service = await shop.subscribed(account_id, plan, day('2026-11-16'), { quantity: 2 })
  const november = await issued(account_id, NOVEMBER.to)
  // 15 of 30 days that had begun, and all of December
  expect(shown(november)).toEqual([
    ['Ahead', 'due', '2026-11-15', '30.00'],
    ['Ahead', 'advance', '2026-11-30', '60.00'],
  ])
  await shop.changed(service.id, day('2026-12-11'), { quantity: 3 })
  const december = await issued(account_id, day('2027-01-01'))
  // 30 × (2 × 10 + 3 × 21) ÷ 31 = 80.32, of which 60.00 were charged
  expect(shown(december)).toEqual([
    ['Ahead', 'quantity', '2026-11-30', '20.32'],
    ['Ahead', 'advance', '2026-12-31', '90.00'],
  ])
  expect(december.lines[0]?.settlement).toMatchObject({
    due: '80.32',
    advanced: '60.00',
    documents: [{ number: november.number }],
  })
  await shop.ask('POST', `/services/${service.id}/cancellation`, {
    at: iso(day('2027-01-16')),
    correction: true,
    reason: 'given up',
  })
  const january = await issued(account_id, day('2027-02-01'))
  // 90 × 15 ÷ 31 = 43.55
  expect(shown(january)).toEqual([['Ahead', 'cancelled', '2026-12-31', '-46.45']])
  expect(january.totals.net).toBe('-46.45')
  expect(await reviewed(account_id)).toEqual([])
  expect(await shop.findings()).toEqual([])
  const later = await shop.call('POST', '/invoices', { account_id, to: iso(day('2027-02-01') + 60_000) })
  expect(later.body['code']).toBe('nothing_to_invoice')
})
