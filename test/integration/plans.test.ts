/** Fees from a published plan to proven invoices and notes: changes at an instant, corrections, trials, kept prices, add-ons. */
import { Big } from 'big.js'
import { sql } from 'drizzle-orm'
import type { z } from 'zod'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { documentData } from '#control-plane/billing/labels.ts'
import type { Draft, Explanation, Invoice, ReRating, ServicePreview } from '#control-plane/billing/contract.ts'
import type { Subscription } from '#control-plane/contracts/contract.ts'
import type { AccountUsage } from '#control-plane/rating/contract.ts'
import { Suite } from '../setup/stack.ts'
import { draftOf } from './ledger.ts'
import { nets, NOVEMBER, NOVEMBER_MS, NOW, past, share, type Shop, shopOf } from './shop.ts'

let suite: Suite
let shop: Shop
beforeAll(async () => {
  suite = new Suite()
  shop = await shopOf(suite)
}, 60_000)
afterAll(() => suite.end())

test('a fee stands on the draft and the invoice, is proven and explained', async () => {
  const plan = await shop.planned('Small', [{ amount: '30' }, { meter: 'setup', per: 'quantity', amount: '12.5' }])
  const account_id = await shop.customer()
  const from = Date.parse('2026-11-10T13:30:00Z')
  const service = await shop.subscribed(account_id, plan, from, { quantity: 3 })
  expect(service).toMatchObject({ state: 'active', quantity: 3, plan: { id: plan.id, name: plan.name }, to: null })
  const draft = await shop.ask<Draft>('GET', `/accounts/${account_id}/draft?as_of=${iso(NOVEMBER.to)}`)
  const due = [
    ['Small', 'service.fee', share('90', from, NOVEMBER.to)],
    ['Small', 'service.setup', '37.50'],
  ]
  expect(nets(draft.lines)).toEqual(due)
  expect(draft.lines[0]).toMatchObject({
    service_id: service.id,
    resource: { id: service.id, kind: 'service' },
    plan: { id: plan.id },
  })
  // whoever looks in December is shown November first, although nothing was owned in it
  const first = await shop.ask<Draft>('GET', `/accounts/${account_id}/draft`)
  expect([first.period.to, first.totals]).toEqual([iso(NOVEMBER.to), draft.totals])
  const invoice = await shop.issued(account_id)
  expect(nets(invoice.lines)).toEqual(due)
  const onPaper = documentData(invoice.content, invoice.lines, 'es').lines
  expect(onPaper.map((line) => [line.name, line.component, line.price])).toEqual([
    ['Small (es)', 'cuota', '30 EUR'],
    ['Small (es)', 'alta', '12,5 EUR'],
  ])
  expect(onPaper[0]!.note).toBe('10/11/2026 a 30/11/2026')
  const { segments } = await shop.ask<z.infer<typeof Explanation>>(
    'GET',
    `/invoices/${invoice.id}/lines/${invoice.lines[0]!.id}/explanation`,
  )
  expect(segments).toMatchObject([
    {
      from: iso(from),
      to: iso(NOVEMBER.to),
      service: { version_id: service.versions[0]!.id, quantity: 3, plan: { name: plan.name } },
    },
  ])
  expect(await shop.findings()).toEqual([])
})

test('a plan that changes within the month is two lines, each prorated to the millisecond; days add up to them', async () => {
  const small = await shop.planned('Change S', [{ amount: '30' }])
  const large = await shop.planned('Change L', [
    {
      model: 'graduated',
      terms: {
        tiers: [
          { up_to: '1', unit_amount: '50' },
          { up_to: null, unit_amount: '40' },
        ],
      },
    },
  ])
  const account_id = await shop.customer()
  const service = await shop.subscribed(account_id, small, NOVEMBER.from)
  const [at, more] = [Date.parse('2026-11-12T09:17:03.123Z'), Date.parse('2026-11-20T00:00:00.001Z')]
  await shop.changed(service.id, at, { plan_id: large.id })
  const now = await shop.changed(service.id, more, { quantity: 3 })
  expect(now.versions.map((one) => [one.plan.id, one.quantity, one.from, one.to])).toEqual([
    [small.id, 1, iso(NOVEMBER.from), iso(at)],
    [large.id, 1, iso(at), iso(more)],
    [large.id, 3, iso(more), null],
  ])
  // one service for a part of the month, three for another: so many service-months, by tiers
  const months = new Big(more - at).plus(new Big(NOVEMBER.to - more).times(3)).div(NOVEMBER_MS)
  const byTiers = months.minus(1).times(40).plus(50).toFixed(2, Big.roundHalfUp)
  const due = [
    ['Change L', 'service.fee', byTiers],
    ['Change S', 'service.fee', share('30', NOVEMBER.from, at)],
  ]
  const invoice = await shop.issued(account_id)
  expect(nets(invoice.lines).toSorted()).toEqual(due)
  expect(invoice.totals.net).toBe(new Big(due[0]![2]!).plus(due[1]![2]!).toFixed(2))
  expect(await shop.findings()).toEqual([])
  const usage = await shop.ask<AccountUsage>('GET', `/accounts/${account_id}/usage?month=2026-11`)
  const days = usage.days.reduce((sum, day) => sum.plus(day.amount ?? 0), new Big(0))
  const exact = invoice.lines.map((line) => line.exact.split('/')).map(([n, d]) => new Big(n!).div(d!))
  expect(
    days
      .minus(exact.reduce((sum, one) => sum.plus(one), new Big(0)))
      .abs()
      .lt('0.0001'),
  ).toBe(true)
})

test('what is corrected late becomes notes: more is asked for, then given back, and each is proven', async () => {
  const plan = await shop.planned('Corrected', [{ amount: '30' }])
  const account_id = await shop.customer()
  const service = await shop.subscribed(account_id, plan, NOVEMBER.from, { quantity: 2 })
  const invoice = await shop.issued(account_id)
  expect(nets(invoice.lines)).toEqual([['Corrected', 'service.fee', '60.00']])
  const again = async () => {
    const { cut, documents } = await shop.ask<ReRating>('POST', `/accounts/${account_id}/re-rating`, {})
    const { items } = await shop.ask<{ items: z.infer<typeof Invoice>[] }>('POST', `/accounts/${account_id}/notes`, {
      cut,
    })
    return {
      documents,
      notes: items.map((one) => [one.document_type, one.totals.net, one.lines.map((line) => line.correction?.causes)]),
    }
  }
  expect((await again()).notes).toEqual([])
  const third = Date.parse('2026-11-21T07:00:00Z')
  await shop.changed(service.id, third, { quantity: 3 })
  const debit = share('30', third, NOVEMBER.to)
  expect((await again()).notes).toEqual([['debit_note', debit, [['corrected_service']]]])
  const end = Date.parse('2026-11-25T11:00:00Z')
  const cancelled = await shop.ask<Subscription>('POST', `/services/${service.id}/cancellation`, {
    at: iso(end),
    ...past,
  })
  expect(cancelled).toMatchObject({ state: 'cancelled', to: iso(end), renews_at: null })
  const due = new Big(60)
    .times(third - NOVEMBER.from)
    .plus(new Big(90).times(end - third))
    .div(NOVEMBER_MS)
    .toFixed(2, Big.roundHalfUp)
  expect((await again()).notes).toEqual([
    ['credit_note', new Big(60).plus(debit).minus(due).toFixed(2), [['corrected_service']]],
  ])
  await shop.price(plan, { amount: '20', effective_at: iso(NOVEMBER.from) }, 'mistyped')
  expect((await again()).notes).toMatchObject([['credit_note', expect.anything(), [['corrected_price']]]])
  expect((await again()).notes).toEqual([])
  expect(await shop.findings()).toEqual([])
})

test('a trial costs nothing and says so; setting up is charged where it ends', async () => {
  const plan = await shop.planned('Tried', [{ amount: '30' }, { meter: 'setup', per: 'quantity', amount: '5' }], {
    trial_days: 10,
  })
  const account_id = await shop.customer()
  const from = Date.parse('2026-11-05T08:00:00Z')
  const until = from + 10 * 24 * HOUR_MS
  const service = await shop.subscribed(account_id, plan, from)
  expect(service.trial_until).toBe(iso(until))
  const invoice = await shop.issued(account_id)
  expect(nets(invoice.lines)).toEqual([
    ['Tried', 'service.fee', share('30', until, NOVEMBER.to)],
    ['Tried', 'service.setup', '5.00'],
  ])
  const { segments } = await shop.ask<z.infer<typeof Explanation>>(
    'GET',
    `/invoices/${invoice.id}/lines/${invoice.lines[0]!.id}/explanation`,
  )
  expect(segments.map((one) => [one.from, one.to, one.trial, one.amount === '0'])).toEqual([
    [iso(from), iso(until), true, true],
    [iso(until), iso(NOVEMBER.to), false, false],
  ])
  const without = await shop.subscribed(await shop.customer(), plan, from, { trial: false })
  expect(without.trial_until).toBeNull()
  expect(await shop.findings()).toEqual([])
})

test('a service may keep the prices of a day; another one follows its plan', async () => {
  const plan = await shop.planned('Kept', [{ amount: '10' }])
  const dearer = Date.parse('2026-11-16T00:00:00Z')
  await shop.price(plan, { amount: '20', effective_at: iso(dearer) }, 'dearer')
  const account_id = await shop.customer()
  await shop.subscribed(account_id, plan, NOVEMBER.from, { prices_as_of: '2026-10-01T00:00:00Z' })
  await shop.subscribed(account_id, plan, NOVEMBER.from)
  const invoice = await shop.issued(account_id)
  expect(invoice.lines.map((line) => line.net).toSorted()).toEqual(
    ['10.00', share('10', NOVEMBER.from, dearer), share('20', dearer, NOVEMBER.to)].toSorted(),
  )
  expect(await shop.findings()).toEqual([])
})

test('an add-on ends with what it was added to, and a preview is what then comes', async () => {
  const [plan, addOn] = [
    await shop.planned('Base', [{ amount: '40' }]),
    await shop.planned('Backup', [{ amount: '7' }]),
  ]
  const account_id = await shop.customer()
  shop.world.clock.now = NOW
  const base = await shop.ask<Subscription>('POST', `/accounts/${account_id}/services`, {
    plan_id: plan.id,
    quantity: 1,
  })
  const extra = await shop.ask<Subscription>('POST', `/accounts/${account_id}/services`, {
    plan_id: addOn.id,
    quantity: 2,
    parent_id: base.id,
  })
  shop.world.clock.now = NOW + 3 * 24 * HOUR_MS
  const december = { from: NOVEMBER.to, to: Date.parse('2026-12-31T23:00:00Z') }
  const at = iso(shop.world.clock.now + HOUR_MS)
  const events = async () => (await shop.world.db.execute(sql`select count(*)::int as n from event`))[0]!['n']
  const written = await events()
  const preview = await shop.ask<ServicePreview>('POST', `/services/${base.id}/changes/preview`, { quantity: 2, at })
  expect(await events()).toBe(written)
  const full = (amount: number, from: number) =>
    new Big(amount).times(december.to - from).div(december.to - december.from)
  expect(preview.before!.net).toBe(new Big(full(40, NOW).toFixed(2)).plus(full(14, NOW).toFixed(2)).toFixed(2))
  expect(preview.lines.map((line) => line.net)).toEqual([
    full(40, NOW)
      .plus(full(40, Date.parse(at)))
      .toFixed(2, 1),
  ])
  await shop.ask('POST', `/services/${base.id}/changes`, { quantity: 2, at })
  const real = await draftOf(shop.world, account_id, december.to)
  expect(real.totals).toEqual(preview.after)
  await shop.ask('POST', `/services/${base.id}/cancellation`, { at: 'end_of_period' })
  const { items } = await shop.ask<{ items: (Subscription & { fee: string })[] }>(
    'GET',
    `/accounts/${account_id}/services`,
  )
  expect(items.map((one) => [one.id, one.state, one.to, one.fee])).toEqual([
    [base.id, 'active', iso(december.to), '40.00'],
    [extra.id, 'active', iso(december.to), '14.00'],
  ])
  shop.world.clock.now = NOW
})

test('a price of a plan is previewed on the bills of those who have the plan, and nothing of it stays', async () => {
  const plan = await shop.planned('Previewed', [{ amount: '30' }])
  const has = await shop.customer()
  // who has no service of the plan isn't counted
  await shop.customer()
  await shop.subscribed(has, plan, Date.parse('2026-12-01T00:00:00+01:00'), { quantity: 2 })
  const price = { kind: 'service', meter: 'fee', model: 'per_unit', per: 'month', unit: 'service', amount: '60' }
  const wished = { ...price, price_book_id: plan.price_book_id, effective_at: '2026-12-01T00:00:00+01:00' }
  const effect = await shop.ask<Record<string, string | number>>('POST', '/prices/preview', {
    ...wished,
    correction: true,
    reason: 'a try',
  })
  // 2 × 30 and 2 × 60 for the first four days and ten hours of December, which has 31
  const part = (amount: string) =>
    new Big(amount)
      .times(NOW - Date.parse('2026-12-01T00:00:00+01:00'))
      .div(31 * 24 * HOUR_MS)
      .toFixed(2, Big.roundHalfUp)
  expect(effect).toEqual({
    affected_accounts: 1,
    affected_resources: 1,
    month_to_date_before: part('60'),
    month_to_date_after: part('120'),
    currency: 'EUR',
  })
  const { items } = await shop.ask<{ items: object[] }>(
    'GET',
    `/prices?history=true&price_book_id=${plan.price_book_id}`,
  )
  expect(items).toHaveLength(1)
})
