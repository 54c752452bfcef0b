/** Fees that are charged in advance, over the API: what is on each invoice, by hand, and that nothing is billed twice or lost. */
import { type SQL, sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { z } from 'zod'
import { iso } from '#control-plane/base/time.ts'
import type { Explanation, Invoice } from '#control-plane/billing/contract.ts'
import { linesCsv } from '#control-plane/billing/csv.ts'
import { documentData } from '#control-plane/billing/labels.ts'
import { verify } from '#control-plane/billing/index.ts'
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
  // on paper in both languages, and as a table
  const { number } = december
  const noteIn = (language: 'en' | 'es') => documentData(january.content, january.lines, language).lines[0]?.note
  expect([noteIn('en'), noteIn('es')]).toEqual([
    `2027-01-01 to 2027-01-31, charged in advance 90.00 on ${number}, due 43.55, ended`,
    `01/01/2027 a 31/01/2027, cobrado por adelantado 90,00 en ${number}, corresponde 43,55, terminó`,
  ])
  expect(linesCsv(january)).toContain(',90.00,43.55,')
  const explained = await shop.ask<z.infer<typeof Explanation>>(
    'GET',
    `/invoices/${january.id}/lines/${january.lines[0]!.id}/explanation`,
  )
  expect(explained.segments.map((one) => [one.service?.quantity, one.from, one.to])).toEqual([
    [3, iso(day('2027-01-01')), iso(day('2027-01-16'))],
  ])
  const later = await shop.call('POST', '/invoices', { account_id, to: iso(day('2027-02-01') + 60_000) })
  expect(later.body['code']).toBe('nothing_to_invoice')
})

test('another plan within a paid month: what is left of the old one comes back, the new one is charged', async () => {
  const account_id = await shop.customer()
  const [old, young] = [
    await shop.planned('Old', [{ amount: '31', ...ADVANCE }]),
    await shop.planned('Young', [{ amount: '62', ...ADVANCE }]),
  ]
  const service = await shop.subscribed(account_id, old, NOVEMBER.from)
  await issued(account_id, NOVEMBER.to)
  await shop.changed(service.id, day('2026-12-11'), { plan_id: young.id })
  const december = await issued(account_id, day('2027-01-01'))
  expect(shown(december)).toEqual([
    // 10 of 31 days were used: 10.00 of 31.00
    ['Old', 'plan', '2026-11-30', '-21.00'],
    ['Young', 'plan', '2026-11-30', '42.00'],
    ['Young', 'advance', '2026-12-31', '62.00'],
  ])
  expect(await reviewed(account_id)).toEqual([])
  expect(await shop.findings()).toEqual([])
})

test('a paid month that turns out to be one of a plan in arrears is given back whole, and charged once', async () => {
  const account_id = await shop.customer()
  const [ahead, after] = [
    await shop.planned('Paid', [{ amount: '31', ...ADVANCE }]),
    await shop.planned('Owed', [{ amount: '62' }]),
  ]
  const service = await shop.subscribed(account_id, ahead, NOVEMBER.from)
  await issued(account_id, NOVEMBER.to)
  await shop.changed(service.id, NOVEMBER.to, { plan_id: after.id })
  expect(shown(await issued(account_id, day('2027-01-01')))).toEqual([
    ['Owed', 'due', '2026-11-30', '62.00'],
    ['Paid', 'plan', '2026-11-30', '-31.00'],
  ])
  expect(await reviewed(account_id)).toEqual([])
  expect(await shop.findings()).toEqual([])
})

test('a trial is charged nothing in advance, and what ends with its month owes nothing for the next', async () => {
  const account_id = await shop.customer()
  const tried = await shop.planned('Tried', [{ amount: '31', ...ADVANCE }], { trial_days: 40 })
  const short = await shop.planned('Short', [{ amount: '30', ...ADVANCE }])
  // free until the 11th of December
  await shop.subscribed(account_id, tried, NOVEMBER.from)
  const ending = await shop.subscribed(account_id, short, NOVEMBER.from)
  await shop.ask('POST', `/services/${ending.id}/cancellation`, {
    at: iso(NOVEMBER.to),
    correction: true,
    reason: 'agreed',
  })
  const november = await issued(account_id, NOVEMBER.to)
  expect(shown(november)).toEqual([
    ['Short', 'due', '2026-10-31', '30.00'],
    ['Tried', 'due', '2026-10-31', '0.00'],
    // 21 of 31 days
    ['Tried', 'advance', '2026-11-30', '21.00'],
  ])
  const december = await issued(account_id, day('2027-01-01'))
  expect(shown(december)).toEqual([['Tried', 'advance', '2026-12-31', '31.00']])
  expect(await reviewed(account_id)).toEqual([])
  expect(await shop.findings()).toEqual([])
})

test('what a coupon took off an advance is not given back', async () => {
  const account_id = await shop.customer()
  const code = 'HALF-OF-IT'
  const coupon = { code, name: 'Half', duration: 'once', value: { type: 'percent', rate: '50' } }
  await shop.ask('POST', '/coupons', coupon)
  await shop.ask('POST', `/accounts/${account_id}/redemptions`, { code })
  const plan = await shop.planned('Halved', [{ amount: '31', ...ADVANCE }])
  const service = await shop.subscribed(account_id, plan, NOVEMBER.from)
  const november = await issued(account_id, NOVEMBER.to)
  expect(shown(november).map((line) => line.at(-1))).toEqual(['15.50', '15.50'])
  await shop.ask('POST', `/services/${service.id}/cancellation`, {
    at: iso(day('2026-12-11')),
    correction: true,
    reason: 'given up',
  })
  const december = await issued(account_id, day('2027-01-01'))
  // 21 of the 31 days, for which 10.50 were paid
  expect(shown(december)).toEqual([['Halved', 'cancelled', '2026-11-30', '-10.50']])
  expect(await reviewed(account_id)).toEqual([])
  expect(await shop.findings()).toEqual([])
})

test('a correction of a month that was settled is a note on the document that settled it; the one that charged it stays', async () => {
  const account_id = await shop.customer()
  const plan = await shop.planned('Corrected', [{ amount: '31', ...ADVANCE }])
  const service = await shop.subscribed(account_id, plan, NOVEMBER.from)
  await issued(account_id, NOVEMBER.to)
  const december = await issued(account_id, day('2027-01-01'))
  expect(shown(december)).toEqual([['Corrected', 'advance', '2026-12-31', '31.00']])
  await shop.changed(service.id, day('2026-12-11'), { quantity: 2 })
  const { cut, documents } = await shop.ask<{ cut: number; documents: { corrects: object; lines: object[] }[] }>(
    'POST',
    `/accounts/${account_id}/re-rating`,
    {},
  )
  expect(documents).toMatchObject([
    {
      corrects: { number: december.number },
      lines: [
        { component: 'service.fee', billed: '0.00', due: '21.00', delta: '21.00', causes: ['corrected_service'] },
      ],
    },
  ])
  await shop.ask('POST', `/accounts/${account_id}/notes`, { cut })
  expect(await reviewed(account_id)).toEqual([])
  // January was charged for one, and is settled for two
  expect(shown(await issued(account_id, day('2027-02-01')))).toEqual([
    ['Corrected', 'quantity', '2026-12-31', '31.00'],
    ['Corrected', 'advance', '2027-01-31', '62.00'],
  ])
  expect(await reviewed(account_id)).toEqual([])
  expect(await shop.findings()).toEqual([])
})

test('invoices of parts of a month charge and settle each month once', async () => {
  const account_id = await shop.customer()
  const plan = await shop.planned('In parts', [{ amount: '30', ...ADVANCE }])
  await shop.subscribed(account_id, plan, day('2026-11-06'))
  // the part that began is charged by the first that reaches it: 25 of 30 days
  expect(shown(await issued(account_id, day('2026-11-16')))).toEqual([['In parts', 'advance', '2026-11-05', '25.00']])
  expect(shown(await issued(account_id, NOVEMBER.to))).toEqual([['In parts', 'advance', '2026-11-30', '30.00']])
  expect(await reviewed(account_id)).toEqual([])
  expect(await shop.findings()).toEqual([])
})

class Undone extends Error {}
/** What the verifier says of the damage, which lasts for this transaction only. */
async function afterDamage(damage: SQL) {
  let found: string[] = []
  const work = shop.world.run(async (ctx) => {
    expect((await ctx.tx.execute(damage)).count).toBeGreaterThan(0)
    found = (await verify(ctx)).findings.map(({ check }) => check)
    throw new Undone()
  })
  await work.catch((error: unknown) => {
    if (!(error instanceof Undone)) throw error
  })
  return found
}
test('an advance that was not settled as the service was, and a period that is none of the service, are found', async () => {
  const account_id = await shop.customer()
  const plan = await shop.planned('Proven', [{ amount: '31', ...ADVANCE }])
  const service = await shop.subscribed(account_id, plan, NOVEMBER.from)
  await issued(account_id, NOVEMBER.to)
  await issued(account_id, day('2027-01-01'))
  expect(await shop.findings()).toEqual([])
  const own = sql`service_id = ${service.id}`
  expect(await afterDamage(sql`update service_version set quantity = 2 where ${own}`)).toContain('advance')
  expect(
    await afterDamage(sql`update service_version set valid_to = ${iso(day('2026-12-11'))}::timestamptz where ${own}`),
  ).toContain('advance')
  expect(
    await afterDamage(sql`update service_version set anchored_at = valid_from + interval '9 days' where ${own}`),
  ).toContain('period')
})
