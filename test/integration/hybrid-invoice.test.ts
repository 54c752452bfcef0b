/** An invoice of every kind at once equals the hand calculation to the cent, and says so on paper; what happens within an hour splits it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { verify } from '#control-plane/billing/index.ts'
import type { Draft, Invoice } from '#control-plane/billing/contract.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { pdfText } from '../setup/pdf-text.ts'
import { Suite } from '../setup/stack.ts'
import { enrolledAgent, GIB, vm } from './agent.ts'
import { apiOf, type Call } from './http.ts'
import { draftOf, market, sell, settled, transfer } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const FROM = Date.parse('2026-10-31T23:00:00.000Z')
const TO = Date.parse('2026-11-30T23:00:00.000Z')
let suite: Suite
let world: Prepared
let call: Call

/** Rows of the tables of a document, by their first cell. */
function tables(path: string): Map<string, string[]> {
  const lines = readFileSync(path, 'utf8').split('\n')
  const cells = lines
    .filter((line) => /^\|(?! -)/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  return new Map(cells.map(([first = '', ...rest]) => [first, rest]))
}
const byHand = tables(join(import.meta.dirname, '../fixtures/hybrid-invoice.md'))

const SIZE = { vcpu_count: 4, memory_bytes: 16 * GIB, disk_bytes: 500e9, ip_count: 3 }
const USED: Record<string, number> = {
  'network_transmit_bytes/n': 1_234_567_890_123,
  'network_receive_bytes/n': 812_500_000_000,
  'disk_read_operations/d': 1_234_567,
  'disk_write_operations/d': 45_678,
}

async function priced(): Promise<void> {
  const tier = (up_to: string | null, unit_amount: string) => ({ up_to, unit_amount })
  const block = (block_size: string, blocks: number | null, amount: string) => ({ block_size, blocks, amount })
  const steps = { mode: 'all_tiers' as const, tiers: [block('100000', 5, '0.40'), block('500000', null, '1.00')] }
  const counted = { per: 'quantity', effective_at: iso(FROM) } as const
  const monthly = { per: 'month', effective_at: iso(FROM) } as const
  await sell(world, { meter: 'instance', unit: 'instance', model: 'flat', amount: '30', ...monthly })
  await sell(world, { meter: 'vcpu', amount: '0.0125', tax_inclusive: true, effective_at: iso(FROM) })
  const memory = { tiers: [tier('4', '2.5'), tier('12', '2'), tier(null, '1.75')] }
  await sell(world, {
    meter: 'memory',
    unit: 'GiB',
    model: 'graduated',
    amount: undefined,
    terms: memory as never,
    tax_class: 'reduced',
    ...monthly,
  })
  const disk = { tiers: [tier('100', '0.1'), tier('1000', '0.08'), tier(null, '0.07')] }
  await sell(world, { meter: 'disk', unit: 'GB', model: 'volume', amount: undefined, terms: disk as never, ...monthly })
  await sell(world, {
    meter: 'network_transmit_bytes',
    unit: 'GB',
    amount: '0.0123',
    terms: { included: '1000' },
    ...counted,
  })
  const packages = { package: { size: '100', amount: '1.15' } }
  await sell(world, {
    meter: 'network_receive_bytes',
    unit: 'GB',
    model: 'package',
    amount: undefined,
    terms: packages as never,
    tax_class: 'exempt',
    ...counted,
  })
  await sell(world, {
    meter: 'disk_read_operations',
    unit: 'operation',
    model: 'stair_step',
    amount: undefined,
    terms: { steps },
    tax_class: 'zero',
    ...counted,
  })
  await sell(world, { meter: 'ip', unit: 'IP', amount: '1.99', tax_inclusive: true, ...monthly })
  await sell(world, {
    meter: 'disk_write_operations',
    unit: 'operation',
    amount: '0.00001',
    terms: { minimum: '5' },
    tax_class: 'reduced',
    tax_inclusive: true,
    ...counted,
  })
}

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(FROM))
  call = await apiOf(suite, world)
  const rate = (tax_class: string, percent: string) => ({ country: 'ES', tax_class, rate: percent, from: '2020-01-01' })
  const setting = {
    mode: 'by_place',
    one_stop_shop: false,
    exempt_reason: null,
    rates: [rate('standard', '21.00'), rate('reduced', '10.00')],
  }
  expect((await call('PUT', `/legal-entities/${world.legal_entity_id}/tax`, setting)).status).toBe(200)
  await priced()
  const agent = await enrolledAgent(world, 'hybrid')
  await agent.send([agent.listing(FROM, 'h', [vm('web', { size: SIZE })])])
  const epoch = { epoch: { id: 'boot', origin_ms: FROM }, interval_ms: HOUR_MS }
  const none = Object.fromEntries(Object.keys(USED).map((name) => [name, 0]))
  await agent.send([agent.readings(FROM, 'web', none, epoch)])
  world.clock.now = FROM + HOUR_MS
  await agent.send([agent.readings(FROM + HOUR_MS, 'web', USED, epoch)])
  await settled(world)
})
afterAll(() => suite.end())

const coupon = (body: object) => call('POST', '/coupons', { duration: 'once', ...body })

test('a promotion code that holds once is redeemed by one of a hundred at once, and the others are told why', async () => {
  const summer = {
    code: 'SUMMER-10',
    name: 'Summer',
    value: { type: 'percent', rate: '10' },
    duration: 'forever',
    scope: { type: 'components', components: ['vm.vcpu', 'vm.memory'] },
  }
  expect((await coupon(summer)).status).toBe(201)
  const lucky = {
    code: 'lucky-25',
    name: 'Lucky',
    value: { type: 'fixed', amount: '25.00', currency: 'EUR' },
    max_redemptions: 1,
    max_per_account: 100,
  }
  expect((await coupon(lucky)).body).toMatchObject({ code: 'LUCKY-25', redemption_count: 0 })
  const redeem = (code: string) => call('POST', `/accounts/${world.account_id}/redemptions`, { code })
  expect((await redeem('summer-10')).status).toBe(201)
  const answers = await Promise.all(Array.from({ length: 100 }, () => redeem('LUCKY-25')))
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
  const others = answers.filter(({ status }) => status !== 201)
  expect(new Set(others.map(({ status, body }) => `${status} ${body['detail']}`))).toEqual(
    new Set(['409 LUCKY-25 was redeemed as often as it may be.']),
  )
  const listed = (await call('GET', `/accounts/${world.account_id}/redemptions`)).body['items'] as object[]
  expect(listed).toMatchObject([
    { code: 'SUMMER-10', periods_left: null },
    { code: 'LUCKY-25', amount_left: '25.00', periods_left: 1 },
  ])
})

/** A line of the table, as a document says it. */
const said = (line: Invoice['lines'][number]) => {
  const off = (code: string) => line.discounts?.find((one) => one.code === code)?.amount ?? ''
  return [
    line.gross ?? line.net,
    off('SUMMER-10'),
    off('LUCKY-25'),
    line.gross_inclusive ?? '',
    line.net,
    `${line.tax_category} ${line.tax_rate}`,
  ]
}

test('the issued invoice is what was calculated by hand, line by line and on paper in both languages', async () => {
  world.clock.now = TO
  const draft = await draftOf(world, world.account_id, TO)
  expect(draft.lines).toHaveLength(9)
  // making a draft uses nothing up
  expect(await draftOf(world, world.account_id, TO)).toEqual(draft)
  const made = await call('POST', '/invoices', { account_id: world.account_id, to: iso(TO) })
  expect(made.status, made.text).toBe(201)
  const invoice = made.body as unknown as Invoice
  expect(invoice.lines).toEqual(draft.lines)
  for (const line of invoice.lines) expect([line.meter, said(line)]).toEqual([line.meter, byHand.get(line.meter!)])
  const taxes = invoice.content.taxes.map((row) => [`${row.category} ${row.rate}`, [row.base, row.tax]])
  expect(taxes).toEqual(taxes.map(([key]) => [key, byHand.get(String(key))]))
  expect(taxes).toHaveLength(4)
  expect([invoice.totals.net, invoice.totals.tax]).toEqual(byHand.get('total'))
  expect(invoice.totals.total).toBe('150.74')
  const { text: csv } = await call('GET', `/invoices/${invoice.id}/lines.csv`)
  expect(csv).toContain(',36.00,8.65,SUMMER-10 LUCKY-25,27.35,22.60,EUR,S,21.00,,arrears,\r\n')
  for (const [language, mark] of [
    ['en', '.'],
    ['es', ','],
  ] as const) {
    const { bytes } = await call('GET', `/invoices/${invoice.id}/pdf?language=${language}`)
    const text = pdfText(bytes)
    const shown = (amount: string) => amount.replace('.', mark)
    // the sum of all taxes stands in the total alone
    for (const [first, cells] of byHand)
      for (const amount of (first === 'total' ? cells.slice(0, 1) : cells).filter((cell) => /^\d+\.\d\d$/.test(cell)))
        expect(text).toContain(shown(amount))
    expect(text).toContain(`${shown('150.74')} EUR`)
    expect(text).toContain(`LUCKY-25\n−${shown('25.00')} EUR`)
    expect(text).toContain(language === 'en' ? 'Exempt from VAT' : 'Exento de IVA')
  }
  expect((await world.run(verify)).findings).toEqual([])
  const left = (await call('GET', `/accounts/${world.account_id}/redemptions`)).body['items'] as object[]
  expect(left).toMatchObject([{ is_used_up: false }, { is_used_up: true, amount_left: '0.00', periods_left: 0 }])
})

test('a corrected price gives a note, and invoice and note are what the month comes to with the same coupons', async () => {
  await sell(world, {
    meter: 'ip',
    unit: 'IP',
    per: 'month',
    amount: '1.49',
    tax_inclusive: true,
    effective_at: iso(FROM),
    correction: true,
    reason: 'mistyped',
  })
  const path = `/accounts/${world.account_id}`
  const { body: review } = await call('POST', `${path}/re-rating`, {})
  const made = await call('POST', `${path}/notes`, { cut: review['cut'], digest: review['digest'] })
  expect(made.status, made.text).toBe(201)
  const [note] = made.body['items'] as Invoice[]
  expect(note!.document_type).toBe('credit_note')
  const causes = Object.fromEntries(note!.lines.map((line) => [line.meter!, line.correction!.causes]))
  expect(causes['ip']).toEqual(['corrected_price'])
  // what the others bear of the code has changed with it
  expect(Object.values(causes).filter((one) => one[0] === 'shared_anew').length).toBe(Object.keys(causes).length - 1)
  expect((await call('POST', `${path}/re-rating`, {})).body['documents']).toEqual([])
  expect((await world.run(verify)).findings).toEqual([])
  const left = (await call('GET', `${path}/redemptions`)).body['items'] as object[]
  expect(left).toMatchObject([{ is_used_up: false }, { amount_left: '0.00' }])
})

test('a resize, a price change and a transfer inside one hour split it at their instants', async () => {
  const start = TO + 10 * HOUR_MS
  const minute = 60_000
  world.clock.now = start
  await sell(world, { kind: 'container', meter: 'vcpu', amount: '6', effective_at: iso(start) })
  const [one, other] = [
    await world.run((ctx) => openAccount(ctx, { name: 'one', tax_id: '', email: '' })),
    await world.run((ctx) => openAccount(ctx, { name: 'other', tax_id: '', email: '' })),
  ]
  const agent = await enrolledAgent(world, 'split', one.id)
  const listing = (at: number, vcpu_count: number) =>
    agent.listing(at, 'hs', [vm('box', { kind: 'container', size: { vcpu_count } })])
  await agent.send([listing(start, 2)])
  world.clock.now = start + 10 * minute
  await agent.send([listing(start + 10 * minute, 4)])
  world.clock.now = start + 20 * minute
  await sell(world, { kind: 'container', meter: 'vcpu', amount: '9', effective_at: iso(start + 20 * minute) })
  world.clock.now = start + 60 * minute
  await settled(world)
  await transfer(world, 'box', other.id, start + 40 * minute, 'sold')
  const drafted = (id: string) => draftOf(world, id, start + 60 * minute)
  const shown = ({ lines }: Draft) =>
    lines.flatMap((line) =>
      line.segments.map((one) => [
        (Date.parse(one.from) - start) / minute,
        (Date.parse(one.to) - start) / minute,
        one.size,
        line.price.amount,
      ]),
    )
  const [first, second] = [await drafted(one.id), await drafted(other.id)]
  expect(shown(first)).toEqual([
    [0, 10, '2', '6'],
    [10, 20, '4', '6'],
    [20, 40, '4', '9'],
  ])
  expect(shown(second)).toEqual([[40, 60, '4', '9']])
  // 2 × 6 ÷ 6 + 4 × 6 ÷ 6, 4 × 9 ÷ 3; and 4 × 9 ÷ 3
  expect([first.lines.map((line) => line.net), second.lines.map((line) => line.net)]).toEqual([
    ['6.00', '12.00'],
    ['12.00'],
  ])
})
