/** Every charge model from its price to a proven invoice: lines multiply back by other arithmetic, days add up, one altered term is found. */
import { Big } from 'big.js'
import { type SQL, sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { verify } from '#control-plane/billing/index.ts'
import { checkCharge } from '#control-plane/billing/verify-charge.ts'
import type { Explanation } from '#control-plane/billing/contract.ts'
import type { Terms } from '#control-plane/catalog/contract.ts'
import type { AccountUsage, Line } from '#control-plane/rating/contract.ts'
import type { z } from 'zod'
import { Suite } from '../setup/stack.ts'
import { enrolledAgent, vm } from './agent.ts'
import { type Call, apiOf } from './http.ts'
import { draftOf, market, resourceId, sell, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const START = Date.parse('2026-11-10T08:00:00.000Z')
const HOURS = 30
const END = START + HOURS * HOUR_MS
const NOVEMBER_MS = 30 * 24 * HOUR_MS
const TIERS = [
  { up_to: '1', unit_amount: '0', flat_amount: '0' },
  { up_to: '3.5', unit_amount: '0.333333333333', flat_amount: '2' },
  { up_to: null, unit_amount: '0.01', flat_amount: '0.5' },
]
type Meter = NonNullable<Line['meter']>
type Sold = [
  Meter,
  string,
  'hour' | 'month' | 'quantity',
  string | undefined,
  Line['price']['model'],
  Terms | undefined,
]
const SOLD: Sold[] = [
  ['network_transmit_bytes', 'GB', 'quantity', undefined, 'graduated', { tiers: TIERS }],
  ['network_receive_bytes', 'GB', 'quantity', undefined, 'volume', { tiers: TIERS }],
  [
    'disk_read_operations',
    'operation',
    'quantity',
    undefined,
    'package',
    { package: { size: '1000', amount: '0.3', free: '500' } },
  ],
  [
    'disk_write_operations',
    'operation',
    'quantity',
    undefined,
    'stair_step',
    {
      steps: {
        mode: 'all_tiers',
        tiers: [
          { block_size: '1000', blocks: 2, amount: '0.7' },
          { block_size: '5000', blocks: null, amount: '1' },
        ],
      },
    },
  ],
  ['disk_read_bytes', 'MB', 'quantity', '0.01', 'per_unit', { maximum: '2' }],
  // nothing of this is used: its minimum is charged all the same
  ['disk_write_bytes', 'MB', 'quantity', '0.01', 'per_unit', { minimum: '60' }],
  ['memory', 'GiB', 'hour', '0.01', 'per_unit', { included: '360', minimum: '0.05' }],
  ['disk', 'GB', 'month', undefined, 'graduated', { tiers: TIERS }],
  ['instance', 'instance', 'month', '30', 'flat', { proration: 'day', day_count: '30/360' }],
  ['ip', 'IP', 'month', '7', 'per_unit', { proration: 'none' }],
]

let suite: Suite
let world: Prepared
let call: Call
let invoice: { id: string; number: string; lines: Line[]; totals: { net: string } }
/** what the machine's counters grew by */
const grown: Partial<Record<Meter, number>> = {}
let usage: AccountUsage

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(START))
  call = await apiOf(suite, world)
  for (const [meter, unit, per, amount, model, terms] of SOLD)
    await sell(world, { meter, unit, per, amount: amount as string, model, terms })
  const agent = await enrolledAgent(world, 'models')
  const size = { memory_bytes: 3 * 2 ** 30, disk_bytes: 120 * 10 ** 9, ip_count: 2 }
  await agent.send([agent.listing(START, 'h', [vm('a', { size })])])
  const rates: Partial<Record<Meter, number>> = {
    network_transmit_bytes: 170_000_003,
    network_receive_bytes: 110_000_007,
    disk_read_operations: 101,
    disk_write_operations: 202,
    disk_read_bytes: 12_345_678,
  }
  const counters: Record<string, number> = {}
  for (let hour = 0; hour < HOURS; hour += 1) {
    const at = START + hour * HOUR_MS
    for (const [meter, rate] of Object.entries(rates) as [Meter, number][]) {
      const device = `${meter}/d0`
      counters[device] = hour === 0 ? 0 : (counters[device] ?? 0) + rate * hour
      grown[meter] = counters[device]
    }
    // it grows at noon of the second day
    if (hour === 20) Object.assign(size, { memory_bytes: 8 * 2 ** 30, disk_bytes: 4_000 * 10 ** 9, ip_count: 3 })
    world.clock.now = at + 1_000
    await agent.send([
      agent.listing(at, 'h', [vm('a', { size })]),
      agent.readings(at, 'a', { ...counters }, { epoch: { id: 'boot', origin_ms: START }, interval_ms: HOUR_MS }),
    ])
  }
  await settled(world)
  world.clock.now = END
  usage = (await call('GET', `/accounts/${world.account_id}/usage?month=2026-11`)).body as AccountUsage
  const made = await call('POST', '/invoices', { account_id: world.account_id, to: iso(END) })
  expect(made.status).toBe(201)
  invoice = made.body as typeof invoice
}, 120_000)
afterAll(() => suite.end())

const lineOf = (meter: Meter) => invoice.lines.find((line) => line.meter === meter)!
const big = (fraction: string): Big => {
  const [num = '0', den = '1'] = fraction.split('/')
  return new Big(num).div(den)
}
const cents = (amount: Big) => amount.toFixed(2, Big.roundHalfUp)
/** Priced by hand: what a graduated price of these tiers charges. */
function tiered(quantity: Big): Big {
  const above = (bound: string) => (quantity.gt(bound) ? quantity.minus(bound) : new Big(0))
  const second = above('1').gt('2.5') ? new Big('2.5') : above('1')
  return second
    .times('0.333333333333')
    .plus(above('1').gt(0) ? 2 : 0)
    .plus(above('3.5').times('0.01'))
    .plus(above('3.5').gt(0) ? '0.5' : 0)
}

test('what was used is charged by each model as computed by hand', () => {
  Big.DP = 60
  expect(lineOf('network_transmit_bytes').net).toBe(cents(tiered(new Big(grown.network_transmit_bytes!).div(1e9))))
  const received = new Big(grown.network_receive_bytes!).div(1e9)
  expect(received.gt('3.5')).toBe(true)
  expect(lineOf('network_receive_bytes').net).toBe(cents(received.times('0.01').plus('0.5')))
  const reads = grown.disk_read_operations! - 500
  expect(lineOf('disk_read_operations').net).toBe(cents(new Big(Math.ceil(reads / 1000)).times('0.3')))
  const writes = grown.disk_write_operations!
  expect(lineOf('disk_write_operations').net).toBe(cents(new Big('1.4').plus(Math.ceil((writes - 2000) / 5000))))
  const share = new Big(END - START).div(NOVEMBER_MS)
  // 53 MB × 0.01 would be more than the maximum's share
  expect(lineOf('disk_read_bytes').net).toBe(cents(share.times(2)))
  expect(lineOf('disk_write_bytes').net).toBe(cents(share.times(60)))
  const held = new Big(20 * 3 + 10 * 8)
  expect(lineOf('memory').net).toBe(cents(held.minus(share.times(360)).times('0.01')))
  const disk = new Big(20 * 120 + 10 * 4000).times(HOUR_MS).div(NOVEMBER_MS)
  expect(lineOf('disk').net).toBe(cents(tiered(disk)))
  // from the 10th to the 11th, in Madrid, as the last day does not count: one day of 30
  expect(lineOf('instance').net).toBe('1.00')
  expect(lineOf('ip').net).toBe('21.00')
})

test('explain shows the tiers, and parts and segments multiply back to the cent', async () => {
  for (const line of invoice.lines) {
    const { status, body } = await call('GET', `/invoices/${invoice.id}/lines/${line.id}/explanation`)
    expect(status).toBe(200)
    const { charge, segments, exact } = (body as z.infer<typeof Explanation>).line
    const parts = charge!.parts.map((one) => big(one.quantity).times(big(one.unit_amount)).plus(big(one.flat_amount)))
    const used = parts.reduce((sum, one) => sum.plus(one), new Big(0))
    const amount = used.plus(big(charge!.top_up)).minus(big(charge!.discount))
    expect([line.meter, cents(amount)]).toEqual([line.meter, line.net])
    if (segments.length > 0)
      expect(cents(segments.reduce((sum, one) => sum.plus(big(one.amount)), new Big(0)))).toBe(cents(big(exact)))
  }
  expect(lineOf('network_transmit_bytes').charge?.parts.map((one) => one.tier)).toEqual([0, 1, 2])
  expect(lineOf('disk_write_bytes').segments).toEqual([])
})

test('usage by day adds up to the lines of the month', () => {
  expect(usage.days.filter((day) => day.items.length > 0).length).toBeGreaterThanOrEqual(2)
  for (const line of invoice.lines) {
    const days = usage.days.flatMap((day) => day.items.filter((one) => one.component === line.component))
    const sum = days.reduce((total, one) => total.plus(one.amount!), new Big(0))
    expect([line.component, sum.minus(big(line.exact)).abs().lt('0.00001')]).toEqual([line.component, true])
  }
})

const findings = async () => (await world.run(verify)).findings
class Undone extends Error {}
/** What the verifier says of the damage, which lasts for this transaction only. */
async function after(damage: SQL) {
  let found: Awaited<ReturnType<typeof findings>> = []
  const work = world.run(async (ctx) => {
    expect((await ctx.tx.execute(damage)).count).toBe(1)
    found = (await verify(ctx)).findings
    throw new Undone()
  })
  await work.catch((error: unknown) => {
    if (!(error instanceof Undone)) throw error
  })
  return found
}

test('every cent is proven; an altered term, owner or size is found', async () => {
  expect(await findings()).toEqual([])
  const { price, id } = lineOf('network_transmit_bytes')
  const dearer = sql`update price_version set terms = jsonb_set(terms, '{tiers,1,unit_amount}', '"0.4"') where id = ${price.id}`
  expect(await after(dearer)).toMatchObject([{ check: 'price', subject: `${invoice.number}/${id}` }])
  const later = sql`update assignment set valid_from = ${iso(START + 1)}::timestamptz where resource_id = ${await resourceId(world, 'a')}`
  const found = await after(later)
  expect(found).toContainEqual(
    expect.objectContaining({ check: 'share', subject: `${invoice.number}/${lineOf('disk_write_bytes').id}` }),
  )
})

/** The line with another value somewhere in it, as if it had been issued so. */
function forged(line: Line, path: readonly string[], value: string): Line {
  const copy = structuredClone(line)
  const holder = path
    .slice(0, -1)
    .reduce<Record<string, unknown>>((at, step) => at[step] as Record<string, unknown>, copy)
  expect(holder[path.at(-1)!]).not.toBe(value)
  holder[path.at(-1)!] = value
  return copy
}
test.each([
  ['network_transmit_bytes', ['charge', 'parts', '1', 'quantity'], '2/1', 'net'],
  ['network_receive_bytes', ['charge', 'parts', '0', 'amount'], '1/1', 'net'],
  ['network_receive_bytes', ['price', 'terms', 'tiers', '2', 'unit_amount'], '0.011', 'net'],
  ['disk_read_operations', ['exact'], '1/3', 'net'],
  ['disk', ['charge', 'quantity'], '1/1', 'quantity'],
  ['memory', ['charge', 'share'], '1/2', 'net'],
  ['disk_read_bytes', ['charge', 'discount'], '0/1', 'net'],
  ['instance', ['net'], '1.01', 'net'],
  ['ip', ['segments', '1', 'size'], '4', 'quantity'],
  ['disk_write_operations', ['segments', '0', 'amount'], '9/1', 'net'],
] as const)('a line of %s that was issued with another %j is found', (meter, path, value, check) => {
  const found: string[] = []
  const line = lineOf(meter)
  checkCharge(line, line.charge!, 'Europe/Madrid', 'line', (what) => found.push(what))
  expect(found).toEqual([])
  const other = forged(line, path, value)
  checkCharge(other, other.charge!, 'Europe/Madrid', 'line', (what) => found.push(what))
  expect(found).toContain(check)
})

const TRAFFIC = { kind: 'vm', meter: 'network_transmit_bytes', per: 'quantity', unit: 'GB' }
test.each([
  [{ model: 'graduated', terms: { tiers: [{ up_to: '1', unit_amount: '1' }] } }, ['/terms/tiers/0/up_to']],
  [{ model: 'graduated', terms: { tiers: [] } }, ['/terms/tiers']],
  [
    { model: 'volume', terms: { tiers: ['2', '2', null].map((up_to) => ({ up_to, unit_amount: '1' })) } },
    ['/terms/tiers/1/up_to'],
  ],
  [{ model: 'graduated', amount: '1', terms: { tiers: TIERS } }, ['/amount']],
  [{ model: 'per_unit' }, ['/amount']],
  [{ model: 'package' }, ['/terms/package']],
  [{ model: 'package', terms: { package: { size: '0', amount: '1' } } }, ['/terms/package/size']],
  [{ model: 'per_unit', amount: '1', terms: { tiers: TIERS } }, ['/terms/tiers']],
  [{ model: 'per_unit', amount: '1', terms: { minimum: '2', maximum: '1' } }, ['/terms/minimum']],
  [{ model: 'per_unit', amount: '1', terms: { proration: 'day' } }, ['/terms/proration']],
  [{ model: 'per_unit', amount: '1', terms: { day_count: '30/360' } }, ['/terms/day_count']],
  [
    {
      model: 'stair_step',
      terms: { steps: { mode: 'top_tier', tiers: [{ block_size: '1', blocks: 3, amount: '1' }] } },
    },
    ['/terms/steps/tiers/0/blocks'],
  ],
  [
    { model: 'graduated', terms: { tiers: [{ up_to: null, unit_amount: '0.0000000000001' }] } },
    ['/terms/tiers/0/unit_amount'],
  ],
  [{ model: 'per_unit', amount: '1', terms: { bonus: '1' } }, ['/terms/bonus']],
])('%j is refused, and what is wrong is pointed at', async (price, pointers) => {
  const { status, body } = await call('POST', '/prices', { ...TRAFFIC, ...price })
  expect([status, body.code, (body.errors as { pointer: string }[]).map((one) => one.pointer)]).toEqual([
    422,
    'invalid',
    pointers,
  ])
})

test('a share of money is refused by meters that count none, in words', async () => {
  const { status, body } = await call('POST', '/prices', {
    ...TRAFFIC,
    model: 'percentage',
    terms: { percentage: { rate: '2' } },
  })
  expect([status, body.code]).toEqual([422, 'wrong_unit'])
  expect(String(body.detail)).toContain('network_transmit_bytes counts none')
})

test('a quote says what a quantity would cost, tier by tier, and records nothing', async () => {
  const price = { ...TRAFFIC, model: 'graduated', terms: { tiers: TIERS } }
  const { status, body } = await call('POST', '/prices/quote', { price, quantity: '4.5' })
  expect(status).toBe(200)
  expect(body).toMatchObject({
    amount: '3.34',
    currency: 'EUR',
    charge: { parts: [{ tier: 0 }, { tier: 1 }, { tier: 2 }] },
  })
  expect((await call('POST', '/prices/quote', { price: { ...price, terms: {} }, quantity: '1' })).status).toBe(422)
  const draft = await draftOf(world, world.account_id, END).catch(() => null)
  expect(draft).toBeNull()
})

test('terms are kept in one form, so that saying the same again is the same', async () => {
  const over = { ...TRAFFIC, meter: 'cpu_time_ns', unit: 'CPU_hour', model: 'per_unit', amount: '0.010' }
  const { body } = await call('POST', '/prices', {
    ...over,
    terms: { included: '1.50', minimum: '0', proration: 'exact' },
  })
  expect(body).toMatchObject({ amount: '0.01', terms: { included: '1.5' } })
  const plain = await call('POST', '/prices', {
    ...over,
    terms: { included: '0.0' },
    effective_at: '2027-01-01T00:00:00Z',
  })
  expect(plain.body).toMatchObject({ terms: null })
})
