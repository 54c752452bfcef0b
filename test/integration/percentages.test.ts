/** Fees that are a percentage of what else is charged, over the API: amounts by hand, proven, explained, and corrected with their base. */
import { Big } from 'big.js'
import type { z } from 'zod'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import type { Draft, Explanation, Invoice, ReRating } from '#control-plane/billing/contract.ts'
import { linesCsv } from '#control-plane/billing/csv.ts'
import { documentData } from '#control-plane/billing/labels.ts'
import { checkPercentages } from '#control-plane/billing/verify-percentage.ts'
import type { AccountUsage, Line } from '#control-plane/rating/contract.ts'
import { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, vm } from './agent.ts'
import { sell, settled } from './ledger.ts'
import { NOVEMBER, type Shop, shopOf } from './shop.ts'

type Issued = z.infer<typeof Invoice>
let suite: Suite
let shop: Shop
beforeAll(async () => {
  suite = new Suite()
  shop = await shopOf(suite)
  const since = { effective_at: iso(NOVEMBER.from), correction: true, reason: 'first' }
  await sell(shop.world, { meter: 'network_transmit_bytes', per: 'quantity', unit: 'kB', amount: '0.3', ...since })
}, 60_000)
afterAll(() => suite.end())

/** Midnight of a day in Madrid, which has no daylight saving in these months. */
const day = (text: string) => Date.parse(`${text}T00:00:00+01:00`)
const MIDDLE = day('2026-11-16')
const percent = (rate: string, more: object = {}) => ({
  model: 'percentage',
  terms: { percentage: { rate }, ...more },
})
const ofMachines = { of: { kinds: ['vm'] } }
const TIERS = {
  model: 'graduated_percentage',
  terms: {
    rate_tiers: [
      { up_to: '30', rate: '10' },
      { up_to: null, rate: '7' },
    ],
  },
}
const shown = (lines: readonly Line[]) => lines.map((line) => [line.resource.name, line.component, line.net])
const lineOf = (lines: readonly Line[], name: string): Line => lines.find((line) => line.resource.name === name)!

/** A customer with a machine of 2 vCPU that is there all of November: 2 × 720 h × 0.05 = 72.00. */
async function customer(): Promise<{ account_id: string; machine: string; agent: Agent }> {
  const account_id = await shop.customer()
  const machine = `${account_id}-vm`
  const agent = await enrolledAgent(shop.world, account_id, account_id)
  await agent.send([agent.listing(NOVEMBER.from, 'h', [vm(machine)])])
  return { account_id, machine, agent }
}

test('a share of the machines, a support plan from the middle of the month, a coupon beside them, and a late fact', async () => {
  const { account_id, machine, agent } = await customer()
  const sent = (at: number, value: number) => agent.readings(at, machine, { 'network_transmit_bytes/eth0': value })
  // 100 kB in the first half of the month: 30.00; 50 kB in the second: 15.00
  const late = day('2026-11-20')
  await agent.send([
    sent(NOVEMBER.from, 0),
    sent(NOVEMBER.from + HOUR_MS, 100_000),
    sent(late, 100_000),
    sent(late + HOUR_MS, 150_000),
  ])
  await settled(shop.world)
  const licence = await shop.planned('Licence', [{ amount: '30' }, { meter: 'setup', per: 'quantity', amount: '12.5' }])
  const managed = await shop.planned('Managed', [percent('10', { ...ofMachines, minimum: '10' })])
  const support = await shop.planned('Support', [TIERS])
  const least = await shop.planned('Least', [percent('10', { of: { kinds: ['volume'] }, minimum: '20' })])
  await shop.subscribed(account_id, licence, NOVEMBER.from)
  await shop.subscribed(account_id, managed, NOVEMBER.from, { quantity: 3 })
  await shop.subscribed(account_id, support, MIDDLE)
  await shop.subscribed(account_id, least, MIDDLE)
  await shop.ask('POST', `/accounts/${account_id}/charges`, {
    description: { en: 'Move', es: 'Mudanza' },
    quantity: '1',
    unit_price: '500',
    reason: 'agreed by phone',
    at: iso(NOVEMBER.from + HOUR_MS),
  })
  const coupon = await shop.ask<{ code: string }>('POST', '/coupons', {
    code: 'HALF-OF-IT',
    name: 'Half',
    duration: 'forever',
    value: { type: 'percent', rate: '50' },
    scope: { type: 'components', components: ['vm.vcpu', 'vm.network_transmit_bytes'] },
  })
  await shop.ask('POST', `/accounts/${account_id}/redemptions`, { code: coupon.code })

  const draft = await shop.ask<Draft>('GET', `/accounts/${account_id}/draft?as_of=${iso(NOVEMBER.to)}`)
  const invoice = await shop.issued(account_id)
  expect(shown(invoice.lines)).toEqual([
    // before the coupon: half of the minimum of 20
    ['Least', 'service.fee', '10.00'],
    ['Licence', 'service.fee', '30.00'],
    ['Licence', 'service.setup', '12.50'],
    // 10 % of 72.00 + 45.00, whatever its quantity
    ['Managed', 'service.fee', '11.70'],
    // 36.00 + 15.00 + 15.00 in its half of the month: 10 % of 30 and 7 % of 36
    ['Support', 'service.fee', '5.52'],
    [machine, 'vm.network_transmit_bytes', '22.50'],
    [machine, 'vm.vcpu', '36.00'],
    ['Move', 'one_off.charge', '500.00'],
  ])
  expect(draft.lines).toEqual(invoice.lines)
  const network = invoice.lines.find((line) => line.component === 'vm.network_transmit_bytes')!
  const vcpu = invoice.lines.find((line) => line.component === 'vm.vcpu')!
  const fee = lineOf(invoice.lines, 'Licence')
  expect(lineOf(invoice.lines, 'Managed').percentage_of).toEqual({
    amount: '117.00',
    lines: [
      { line_id: network.id, amount: '45.00' },
      { line_id: vcpu.id, amount: '72.00' },
    ],
  })
  expect(lineOf(invoice.lines, 'Support').percentage_of).toEqual({
    amount: '66.00',
    lines: [
      { line_id: fee.id, amount: '15.00' },
      { line_id: network.id, amount: '15.00' },
      { line_id: vcpu.id, amount: '36.00' },
    ],
  })
  expect(await shop.findings()).toEqual([])
  await told(invoice)
  await days(account_id, invoice)
  forged(invoice)

  // 10 kB more on the 20th: 3.00
  await agent.send([sent(late + 2 * HOUR_MS, 160_000)])
  const review = await shop.ask<ReRating>('POST', `/accounts/${account_id}/re-rating`, {})
  const { cut, digest } = review
  expect(review.documents[0]!.lines.map((one) => [one.resource.name, one.delta, one.causes])).toEqual([
    ['Managed', '0.30', ['other_charges']],
    ['Support', '0.21', ['other_charges']],
    [machine, '1.50', ['late_facts']],
  ])
  const { items } = await shop.ask<{ items: Issued[] }>('POST', `/accounts/${account_id}/notes`, { cut, digest })
  const note = await shop.ask<Issued>('GET', `/invoices/${items[0]!.id}`)
  expect(note.totals.net).toBe('2.01')
  const explained = await shop.ask<z.infer<typeof Explanation>>(
    'GET',
    `/invoices/${note.id}/lines/${lineOf(note.lines, 'Managed').id}/explanation`,
  )
  expect(explained.line.correction!.lines[0]!.percentage_of!.amount).toBe('120.00')
  expect(explained.base!.map((one) => one.component).toSorted()).toEqual(['vm.network_transmit_bytes', 'vm.vcpu'])
  expect(await shop.findings()).toEqual([])
  expect((await shop.ask<ReRating>('POST', `/accounts/${account_id}/re-rating`, {})).documents).toEqual([])
}, 60_000)

/** On paper in both languages, as a table, and explained with the lines that it is taken of. */
async function told(invoice: Issued) {
  const noteIn = (language: 'en' | 'es', name: string) =>
    documentData(invoice.content, invoice.lines, language).lines.find((line) => line.name.startsWith(name))?.note
  expect([noteIn('en', 'Managed'), noteIn('es', 'Managed')]).toEqual([
    '10 % of 117.00, on 2 lines',
    '10 % de 117,00, en 2 líneas',
  ])
  expect(noteIn('en', 'Support')).toBe(
    'tier 1: 10 % of 30.00, tier 2: 7 % of 36.00, on 3 lines, 2026-11-16 to 2026-11-30',
  )
  expect(noteIn('en', 'Least')).toBe('10 % of 0.00, on 0 lines, minimum + 10, 2026-11-16 to 2026-11-30')
  expect(linesCsv(invoice)).toContain(',arrears,117.00')
  const line = lineOf(invoice.lines, 'Support')
  const { base } = await shop.ask<z.infer<typeof Explanation>>(
    'GET',
    `/invoices/${invoice.id}/lines/${line.id}/explanation`,
  )
  expect(base!.map((one) => one.id)).toEqual(line.percentage_of!.lines.map((one) => one.line_id))
  expect(base![0]).toMatchObject({ plan: { name: { en: 'Licence' } }, component: 'service.fee' })
}

/** Days add up to what the lines cost before the coupon. */
async function days(account_id: string, { lines }: Issued) {
  const usage = await shop.ask<AccountUsage>('GET', `/accounts/${account_id}/usage?month=2026-11`)
  const sum = usage.days.reduce((total, one) => total.plus(one.amount ?? 0), new Big(0))
  const exact = lines.filter((line) => !line.one_off).map((line) => line.exact.split('/'))
  const due = exact.reduce((total, [n, d]) => total.plus(new Big(n!).div(d!)), new Big(0))
  expect(sum.minus(due).abs().lt('0.001')).toBe(true)
}

/** One altered amount of a base, a line that is left out or made up, and a base that says another sum are each found. */
function forged(invoice: Issued) {
  const found = (change: (lines: Line[]) => void) => {
    const [lines, checks]: [Line[], string[]] = [structuredClone(invoice.lines), []]
    change(lines)
    checkPercentages(invoice.number, lines, true, (check) => checks.push(check))
    return checks
  }
  const base = (lines: Line[]) => lineOf(lines, 'Support').percentage_of!
  expect(found(() => undefined)).toEqual([])
  const wrong = [
    found((lines) => (base(lines).amount = '66.01')),
    found((lines) => {
      base(lines).lines[0]!.amount = '14.00'
      base(lines).lines[1]!.amount = '16.00'
    }),
    found((lines) => {
      base(lines).lines.pop()
      base(lines).amount = '30.00'
    }),
    found((lines) => base(lines).lines.push({ line_id: 'made-up', amount: '0.00' })),
    found((lines) => delete lineOf(lines, 'Support').percentage_of),
  ]
  for (const checks of wrong) expect(new Set(checks)).toEqual(new Set(['percentage']))
}

test('what is charged in advance counts when it is charged, and what is given back of it comes out again', async () => {
  const account_id = await shop.customer()
  const ahead = await shop.planned('Ahead', [{ amount: '60', terms: { timing: 'advance' } }])
  const share = await shop.planned('Share', [percent('10')])
  const service = await shop.subscribed(account_id, ahead, MIDDLE)
  await shop.subscribed(account_id, share, NOVEMBER.from)
  const november = await shop.issued(account_id)
  // half of November that had begun, and all of December
  expect(lineOf(november.lines, 'Share')).toMatchObject({ net: '9.00', percentage_of: { amount: '90.00' } })
  await shop.ask('POST', `/services/${service.id}/cancellation`, {
    at: iso(day('2026-12-16')),
    correction: true,
    reason: 'given up',
  })
  shop.world.clock.now = day('2027-01-02')
  const december = await shop.ask<Issued>('POST', '/invoices', { account_id, to: iso(day('2027-01-01')) })
  // 60 × 15 ÷ 31 = 29.03 was due: of 30.97 that come back nothing is given back, and nothing charged
  expect(shown(december.lines)).toEqual([
    ['Share', 'service.fee', '0.00'],
    ['Ahead', 'service.fee', '-30.97'],
  ])
  expect(december.lines[0]!.percentage_of!.amount).toBe('-30.97')
  expect((await shop.ask<ReRating>('POST', `/accounts/${account_id}/re-rating`, {})).documents).toEqual([])
  expect(await shop.findings()).toEqual([])
}, 60_000)

/** Of one service 20 % and 40 % of 5.00, of the other 20 % of 12.00. */
const FIRST = [
  [
    ['Dear', 'service.fee', '1.00'],
    ['Dear', 'service.fee', '2.00'],
  ],
  [['Dear', 'service.fee', '2.40']],
]

test('a trial is free, another plan takes over at its instant, kept prices stay, and its end ends it', async () => {
  const account_id = await shop.customer()
  const plain = await shop.planned('Plain', [{ amount: '30' }])
  const [tried, dear] = [
    await shop.planned('Tried', [percent('10')], { trial_days: 10 }),
    await shop.planned('Dear', [percent('20')], { anchor: 'anniversary' }),
  ]
  await shop.subscribed(account_id, plain, NOVEMBER.from)
  const service = await shop.subscribed(account_id, tried, NOVEMBER.from)
  await shop.changed(service.id, day('2026-11-21'), { plan_id: dear.id })
  await shop.price(dear, { ...percent('40'), effective_at: iso(day('2026-11-26')) }, 'raised')
  const kept = await shop.subscribed(account_id, dear, MIDDLE, { prices_as_of: iso(NOVEMBER.from) })
  await shop.ask('POST', `/services/${kept.id}/cancellation`, {
    at: iso(day('2026-11-28')),
    correction: true,
    reason: 'given up',
  })
  const invoice = await shop.issued(account_id)
  expect(shown(invoice.lines)).toEqual([
    // of five days of 30.00 each at its own price, and of the twelve days of the one that kept the first
    ...(service.id < kept.id ? FIRST : FIRST.toReversed()).flat(),
    ['Plain', 'service.fee', '30.00'],
    // ten days free, ten days of 10.00
    ['Tried', 'service.fee', '1.00'],
  ])
  expect(await shop.findings()).toEqual([])
}, 60_000)

test('what has no meaning for other charges is refused field by field, and a quote says what they would cost', async () => {
  const plan = await shop.planned('Refused', [{ amount: '1' }])
  const fee = { kind: 'service', meter: 'fee', per: 'month', unit: 'service', price_book_id: plan.price_book_id }
  const refused = async (more: object) => {
    const { status, body } = await shop.call('POST', '/prices', { ...fee, ...more })
    expect(status).toBe(422)
    return (body['errors'] as { pointer: string }[]).map(({ pointer }) => pointer)
  }
  expect(
    await refused({
      ...percent('10', { timing: 'advance', proration: 'day' }),
      per: 'hour',
      tax_inclusive: true,
      terms: {
        percentage: {
          rate: '10',
          fixed_per_event: '1',
          free_events: 1,
          free_amount: '5',
          min_per_event: '0',
          max_per_event: '9',
        },
        timing: 'advance',
      },
    }),
  ).toEqual([
    '/per',
    '/tax_inclusive',
    '/terms/timing',
    '/terms/percentage/fixed_per_event',
    '/terms/percentage/free_events',
    '/terms/percentage/min_per_event',
    '/terms/percentage/max_per_event',
    '/terms/percentage/free_amount',
  ])
  expect(await refused({ model: 'per_unit', amount: '1', terms: ofMachines })).toEqual(['/terms/of'])
  const price = { ...fee, ...TIERS }
  expect(await shop.ask('POST', '/prices/quote', { price, quantity: '1234.5' })).toMatchObject({ amount: '87.32' })
})
