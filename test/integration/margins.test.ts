/** Margins: the same usage rated at what it costs us, beside what was billed for it; what has no known cost is never a cost of zero. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKey } from '#control-plane/accounts/index.ts'
import { NewApiKey } from '#control-plane/accounts/contract.ts'
import { system } from '#control-plane/base/actor.ts'
import { newId } from '#control-plane/base/id.ts'
import type { Role } from '#control-plane/base/roles.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { finalise, issueNotes, readyToReRate, reRate } from '#control-plane/billing/index.ts'
import type { CostBook } from '#control-plane/catalog/contract.ts'
import type { MarginRow, Margins } from '#control-plane/margins/contract.ts'
import { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, vm } from './agent.ts'
import { apiOf, type Call } from './http.ts'
import { market, sell, settled, transfer } from './ledger.ts'
import type { Prepared } from './prepared.ts'
import { companyOf, opened, START } from './reseller.ts'

const END = START + 10 * HOUR_MS
let suite: Suite
let world: Prepared
let call: Call
let agent: Agent
let [plain, reseller, customer] = ['', '', '']

/** Two realms: in `ours` a vCPU costs us 2 cents an hour, in `theirs` nobody knows. */
beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(START))
  await sell(world, { meter: 'vcpu', amount: '0.05' })
  await sell(world, { meter: 'network_transmit_bytes', per: 'quantity', unit: 'kB', amount: '0.003' })
  plain = await opened(world, 'Plain')
  reseller = await opened(world, 'Reseller')
  const company = await companyOf(world, reseller, 'R-')
  customer = await opened(world, 'Customer', reseller, company.id)
  await sell(world, { meter: 'vcpu', amount: '0.08', price_book_id: company.price_book_id })
  agent = await enrolledAgent(world, 'ours', plain)
  await agent.send([agent.listing(START, 'h', [vm('a'), vm('b'), vm('resold')])])
  const other = await enrolledAgent(world, 'theirs', plain)
  await other.send([other.listing(START, 'h', [vm('unknown')])])
  await settled(world)
  await transfer(world, 'resold', customer, START - HOUR_MS, 'from the start')
  call = await apiOf(suite, world)
})
afterAll(() => suite.end())

const actor = system('test')
const now = () => world.clock.now
const issued = (account_id: string) => finalise(world.db, actor, now, newId(), { account_id, to: iso(END) })
async function noted(account_id: string): Promise<void> {
  const cut = await readyToReRate(world.db, actor, now, {})
  const { digest } = await world.run((ctx) => reRate(ctx, account_id, cut))
  await world.run((ctx) => issueNotes(ctx, account_id, { cut: cut.number, digest }))
}
async function asked(query: string): Promise<Margins> {
  const { status, body, text } = await call('GET', `/margins?month=2026-11&${query}`)
  expect([status, text]).toEqual([200, text])
  return body as unknown as Margins
}
const figures = ({
  revenue,
  cost,
  margin,
  margin_percent,
  unknown,
  is_open,
}: Omit<MarginRow, 'account' | 'product' | 'realm' | 'resource'>) => [
  revenue,
  cost,
  margin,
  margin_percent,
  unknown.count,
  unknown.revenue,
  is_open,
]
const costs = async (name: string, realm: string | null, more: object = {}) => {
  const made = await call('POST', '/cost-books', { name, realm, ...more })
  expect([made.status, made.text]).toEqual([201, made.text])
  return made.body as unknown as CostBook
}

test('without a cost book no cost is known of anything, and none is shown as zero', async () => {
  world.clock.now = END
  const drafted = (await asked('by=customer')).items
  expect(drafted.map(({ revenue, is_open }) => [revenue, is_open])).toEqual([
    ['3.00', true],
    ['1.00', true],
  ])
  for (const account of [plain, reseller]) await issued(account)
  const { items, totals } = await asked('by=customer')
  expect(items.map((row) => [row.account?.name, ...figures(row)])).toEqual([
    ['Plain', '3.00', null, null, null, 3, '3.00', false],
    ['Reseller', '1.00', null, null, null, 1, '1.00', false],
  ])
  expect(totals.map(figures)).toEqual([['4.00', null, null, null, 4, '4.00', false]])
  const csv = (await call('GET', '/margins.csv?month=2026-11')).text
  expect(csv).toMatch(/Plain,,,,,EUR,3\.00,no cost known,no cost known,,3,3\.00/)
})

test('the same usage is rated at what it costs us: by customer, product, realm and resource, by hand', async () => {
  const book = await costs('Own machines', 'ours')
  await sell(world, { meter: 'vcpu', amount: '0.02', price_book_id: book.price_book_id })
  // 10 h × 2 vCPU × 0.02 of each machine; the reseller pays for his customer's, and it is our cost of him
  const by = async (what: string) => (await asked(`by=${what}`)).items
  expect((await by('customer')).map((row) => [row.account?.name, ...figures(row)])).toEqual([
    ['Plain', '3.00', '0.80', '1.20', '60', 1, '1.00', false],
    ['Reseller', '1.00', '0.40', '0.60', '60', 0, '0.00', false],
  ])
  expect((await by('realm')).map((row) => [row.realm, ...figures(row)])).toEqual([
    ['ours', '3.00', '1.20', '1.80', '60', 0, '0.00', false],
    ['theirs', '1.00', null, null, null, 1, '1.00', false],
  ])
  expect((await by('product')).map((row) => [row.product?.kind, ...figures(row)])).toEqual([
    ['vm', '4.00', '1.20', '1.80', '60', 1, '1.00', false],
  ])
  const machines = (await asked(`by=resource&account_id=${plain}`)).items
  expect(machines.map((row) => [row.resource?.name, row.revenue, row.cost]).toSorted()).toEqual([
    ['a', '1.00', '0.40'],
    ['b', '1.00', '0.40'],
    ['unknown', '1.00', null],
  ])
  expect((await asked('by=resource&realm=theirs')).items.map(({ resource }) => resource?.name)).toEqual(['unknown'])
})

test('a late fact raises both sides, a cost that lacks a price for its use is unknown, and a book of all other realms fills the rest', async () => {
  const read = (at: number, value: number) => agent.readings(at, 'a', { 'network_transmit_bytes/eth0': value })
  await agent.send([read(START, 0), read(START + HOUR_MS, 100_000)])
  await noted(plain)
  const [first] = (await call('GET', '/cost-books')).body['items'] as CostBook[]
  const sent = {
    meter: 'network_transmit_bytes',
    per: 'quantity',
    unit: 'kB',
    price_book_id: first!.price_book_id,
  } as const
  // from tomorrow on: of what was sent today no cost is known
  await sell(world, { ...sent, amount: '0.001', effective_at: iso(END + HOUR_MS) })
  const machine = async () =>
    (await asked(`by=resource&account_id=${plain}`)).items.find((row) => row.resource?.name === 'a')
  expect(figures((await machine())!)).toEqual(['1.30', null, null, null, 1, '1.30', false])
  await sell(world, {
    ...sent,
    amount: '0.001',
    effective_at: iso(START - HOUR_MS),
    correction: true,
    reason: 'as agreed',
  })
  expect(figures((await machine())!)).toEqual(['1.30', '0.50', '0.80', '61.54', 0, '0.00', false])
  const rest = await costs('Everything else', null)
  await sell(world, { meter: 'vcpu', amount: '0.06', price_book_id: rest.price_book_id })
  const { items, totals } = await asked('by=realm')
  expect(items.map((row) => [row.realm, row.revenue, row.cost, row.margin])).toEqual([
    ['ours', '3.30', '1.30', '2.00'],
    ['theirs', '1.00', '1.20', '-0.20'],
  ])
  expect(totals.map(({ margin }) => margin)).toEqual(['1.80'])
})

test('a cost book has no pools and no tax; of a realm one holds at a time; one that ended leaves its time without a known cost', async () => {
  const [first] = (await call('GET', '/cost-books')).body['items'].filter(
    (one: CostBook) => one.realm === 'ours',
  ) as CostBook[]
  const price = {
    kind: 'vm',
    meter: 'memory',
    model: 'per_unit',
    per: 'hour',
    unit: 'GiB',
    amount: '1',
    price_book_id: first!.price_book_id,
  }
  for (const more of [{ terms: { pool: 'account', included: '1' } }, { tax_inclusive: true }])
    expect((await call('POST', '/prices', { ...price, ...more })).status).toBe(422)
  expect((await call('POST', '/cost-books', { name: 'Again', realm: 'ours' })).status).toBe(409)
  const ended = await call('PATCH', `/cost-books/${first!.id}`, { to: iso(START + 5 * HOUR_MS) })
  expect(ended.status).toBe(200)
  // the book of all others takes over: 5 h at 2 cents, 5 h at 6; what was sent has no price there
  const of = async () =>
    (await asked(`by=resource&account_id=${plain}`)).items.map((row) => [row.resource?.name, row.cost]).toSorted()
  expect(await of()).toEqual([
    ['a', '0.90'],
    ['b', '0.80'],
    ['unknown', '1.20'],
  ])
  const books = (await call('GET', '/cost-books')).body['items'] as CostBook[]
  for (const one of books) await call('PATCH', `/cost-books/${one.id}`, { to: iso(START + 5 * HOUR_MS) })
  expect((await of()).map(([, cost]) => cost)).toEqual([null, null, null])
  for (const one of books) await call('PATCH', `/cost-books/${one.id}`, { to: null })
})

test('what a credit note gives back is no revenue', async () => {
  world.clock.now += HOUR_MS
  const cheaper = { effective_at: iso(START - HOUR_MS), correction: true, reason: 'mistyped' }
  await sell(world, { meter: 'vcpu', amount: '0.04', ...cheaper })
  await noted(plain)
  const { items } = await asked(`by=resource&account_id=${plain}`)
  // 20 cents of each came back, and the hour since then is open at 8
  expect(items.map(({ resource, revenue }) => [resource?.name, revenue]).toSorted()).toEqual([
    ['a', '1.18'],
    ['b', '0.88'],
    ['unknown', '0.88'],
  ])
})

test('margins are for those who decide about prices: not for support, and for no tenant whatever his role', async () => {
  const [book] = (await call('GET', '/cost-books')).body['items'] as CostBook[]
  const keyOf = async (role: Role, account_id: string | null) =>
    (await world.run((ctx) => createKey(ctx, NewApiKey.parse({ name: role, role, account_id })))).token
  const status = async (role: Role, account_id: string | null) => {
    const headers = { authorization: `Bearer ${await keyOf(role, account_id)}` }
    const paths = ['/margins', '/margins.csv', '/cost-books', `/prices?price_book_id=${book!.price_book_id}`]
    return Promise.all(paths.map(async (path) => (await call('GET', path, undefined, headers)).status))
  }
  expect(await status('finance', null)).toEqual([200, 200, 200, 200])
  for (const role of ['support', 'operator', 'read_only'] as const)
    expect(await status(role, null)).toEqual([403, 403, 403, 403])
  for (const role of ['tenant_owner', 'tenant_billing'] as const)
    expect(await status(role, reseller)).toEqual([403, 403, 403, 403])
  const sold = (await call('GET', '/price-books')).body['items'] as { id: string }[]
  expect(sold.some(({ id }) => id === book!.price_book_id)).toBe(false)
})
