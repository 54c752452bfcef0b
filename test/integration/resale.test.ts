/** Reseller chains: one usage is rated once for each contract of the chain, at its own prices, and says for whom. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKey } from '#control-plane/accounts/index.ts'
import { NewApiKey } from '#control-plane/accounts/contract.ts'
import { system } from '#control-plane/base/actor.ts'
import { newId } from '#control-plane/base/id.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import {
  finalise,
  getInvoice,
  issueNotes,
  linesCsv,
  readyToReRate,
  reRate,
  verify,
} from '#control-plane/billing/index.ts'
import { finaliseClose, listClosing, openClose, workOnCloses } from '#control-plane/closing/index.ts'
import type { Line } from '#control-plane/rating/contract.ts'
import { Suite } from '../setup/stack.ts'
import { apiOf, type Call } from './http.ts'
import { draftOf, sell, transfer } from './ledger.ts'
import { type Chain, chainOf, companyOf, opened, START } from './reseller.ts'

const END = START + 10 * HOUR_MS
let suite: Suite
let chain: Chain
let call: Call

beforeAll(async () => {
  suite = new Suite()
  chain = await chainOf(suite)
  call = await apiOf(suite, chain.world)
})
afterAll(() => suite.end())

const actor = system('test')
const now = () => chain.world.clock.now
async function issued(account_id: string) {
  const id = await finalise(chain.world.db, actor, now, newId(), { account_id, to: iso(END) })
  return chain.world.run((ctx) => getInvoice(ctx, id))
}
const reviewed = async (account_id: string) => {
  const cut = await readyToReRate(chain.world.db, actor, now, {})
  return chain.world.run((ctx) => reRate(ctx, account_id, cut))
}
async function noted(account_id: string) {
  const { cut, digest } = await reviewed(account_id)
  const ids = await chain.world.run((ctx) => issueNotes(ctx, account_id, { cut, digest }))
  return Promise.all(ids.map((id) => chain.world.run((ctx) => getInvoice(ctx, id))))
}
const findings = async () => (await chain.world.run(verify)).findings
const shown = (lines: readonly Line[]) =>
  lines.map((line) => [line.for_account?.name ?? null, line.resource.name, line.component, line.net])
const ownerKey = async (account_id: string) =>
  (await chain.world.run((ctx) => createKey(ctx, NewApiKey.parse({ name: 'owner', role: 'tenant_owner', account_id }))))
    .token

test('one usage is rated for each contract of the chain; a transfer between two customers splits the line of their reseller', async () => {
  const { world, r, q, s, t, u, direct } = chain
  await transfer(world, 'moved', u, START + 4 * HOUR_MS)
  world.clock.now = END
  const drafted = await draftOf(world, r, END)
  expect(shown(drafted.lines)).toEqual([
    [null, 'own', 'vm.vcpu', '1.00'],
    ['Customer S', 'of-s', 'vm.vcpu', '1.00'],
    ['Customer T', 'moved', 'vm.vcpu', '0.40'],
    ['Customer U', 'moved', 'vm.vcpu', '0.60'],
  ])
  expect(new Set(drafted.lines.map(({ id }) => id)).size).toBe(4)
  expect(drafted.by_project.map(({ project, net }) => [project?.name ?? null, net])).toEqual([[null, '3.00']])
  const of = new Map<string, Awaited<ReturnType<typeof issued>>>()
  for (const id of [r, q, s, t, u, direct]) of.set(id, await issued(id))
  expect(of.get(r)!.lines).toEqual(drafted.lines)
  const bills = [...of.values()].map(({ number, totals, lines }) => [number, totals.net, shown(lines)])
  expect(bills).toEqual([
    ['A-2026-000001', '3.00', shown(drafted.lines)],
    ['R-2026-000001', '1.60', [['Customer S', 'of-s', 'vm.vcpu', '1.60']]],
    ['Q-2026-000001', '2.00', [[null, 'of-s', 'vm.vcpu', '2.00']]],
    ['R-2026-000002', '0.64', [[null, 'moved', 'vm.vcpu', '0.64']]],
    ['R-2026-000003', '0.96', [[null, 'moved', 'vm.vcpu', '0.96']]],
    ['A-2026-000002', '1.00', [[null, 'of-direct', 'vm.vcpu', '1.00']]],
  ])
  expect(await findings()).toEqual([])
  const csv = linesCsv(of.get(r)!)
  expect(csv.split('\r\n')[0]).toMatch(/,for_account,timing,percentage_of$/)
  expect(csv).toMatch(/,Customer U,arrears,\r\n/)
})

test('a late fact becomes a note under each contract of the chain, and a transfer that is corrected only where money moves', async () => {
  const { world, agent, r, q, s, t, u } = chain
  const read = (at: number, value: number) => agent.readings(at, 'of-s', { 'network_transmit_bytes/eth0': value })
  await agent.send([read(START, 0), read(START + HOUR_MS, 100_000)])
  const notes = [...(await noted(r)), ...(await noted(q)), ...(await noted(s))]
  expect(notes.map(({ document_type, totals, lines }) => [document_type, totals.net, shown(lines)])).toEqual([
    ['debit_note', '0.30', [['Customer S', 'of-s', 'vm.network_transmit_bytes', '0.30']]],
    ['debit_note', '0.40', [['Customer S', 'of-s', 'vm.network_transmit_bytes', '0.40']]],
    ['debit_note', '0.50', [[null, 'of-s', 'vm.network_transmit_bytes', '0.50']]],
  ])
  await transfer(world, 'moved', u, START + 2 * HOUR_MS, 'earlier than was said')
  const { documents } = await reviewed(r)
  expect(
    documents.map(({ outcome, lines }) => [outcome, lines.map((line) => [line.for_account?.name, line.delta])]),
  ).toEqual([
    [
      'even',
      [
        ['Customer T', '-0.20'],
        ['Customer U', '0.20'],
      ],
    ],
  ])
  expect(documents[0]!.lines.map((line) => line.causes)).toEqual([['corrected_owner'], ['corrected_owner']])
  expect((await noted(t)).map(({ document_type, totals }) => [document_type, totals.net])).toEqual([
    ['credit_note', '0.32'],
  ])
  expect((await noted(u)).map(({ document_type, totals }) => [document_type, totals.net])).toEqual([
    ['debit_note', '0.32'],
  ])
  expect(await findings()).toEqual([])
})

test('a customer sees nothing of what his reseller pays; a reseller reaches his customers, and his line opens to their readings', async () => {
  const { r, s, of_r } = chain
  const ask = async (account_id: string) => {
    const headers = { authorization: `Bearer ${await ownerKey(account_id)}` }
    return (path: string) => call('GET', path, undefined, headers)
  }
  const [as_s, as_r] = [await ask(s), await ask(r)]
  const numbers = async (get: typeof as_s) =>
    ((await get('/invoices')).body['items'] as { number: string }[]).map(({ number }) => number.slice(0, 2))
  expect(new Set(await numbers(as_s))).toEqual(new Set(['Q-']))
  expect(new Set(await numbers(as_r))).toEqual(new Set(['A-', 'R-', 'Q-']))
  const items = (await as_r(`/invoices?account_id=${r}`)).body['items'] as { id: string; document_type: string }[]
  const invoice = items.find((one) => one.document_type === 'invoice')!
  for (const path of ['', '/pdf?language=es', '/lines.csv'])
    expect((await as_s(`/invoices/${invoice.id}${path}`)).status).toBe(404)
  for (const path of [`/accounts/${r}/draft`, `/accounts/${r}/contracts`, `/accounts/${r}`])
    expect([path, (await as_s(path)).status]).toEqual([path, 404])
  const whole = (await as_r(`/invoices/${invoice.id}`)).body
  const line = (whole['lines'] as Line[]).find((one) => one.for_account?.id === s)!
  const explained = await as_r(`/invoices/${invoice.id}/lines/${line.id}/explanation`)
  expect([explained.status, explained.body['segments']]).toMatchObject([200, [{ owner: 'Customer S' }]])
  for (const language of ['en', 'es'])
    expect((await as_r(`/invoices/${invoice.id}/pdf?language=${language}`)).status).toBe(200)
  const companies = (answer: { body: Record<string, unknown> }) =>
    (answer.body['items'] as { invoice_prefix: string }[]).map((one) => one.invoice_prefix)
  expect(companies(await as_s('/legal-entities'))).toEqual(['Q-'])
  expect(companies(await as_r('/legal-entities'))).toContain('R-')
  const books = JSON.stringify((await as_s('/price-books')).body)
  expect(books).not.toContain(of_r.price_book_id)
})

test('a company of a reseller sells to nobody who is not below him, and keeps its reseller', async () => {
  const { world, r, of_r, of_q } = chain
  const refused = { code: 'invalid', errors: [{ pointer: '/parent_id' }] }
  await expect(opened(world, 'Stranger', undefined, of_r.id)).rejects.toMatchObject(refused)
  // he would buy from himself
  await expect(opened(world, 'Above', r, of_q.id)).rejects.toMatchObject(refused)
  await expect(companyOf(world, newId(), 'X-')).rejects.toMatchObject({ code: 'not_found' })
  await call('PATCH', `/legal-entities/${of_r.id}`, { reseller_account_id: null, payment_terms_days: 14 })
  const [kept] = await world.db.execute(
    sql`select reseller_account_id, payment_terms_days from legal_entity where id = ${of_r.id}`,
  )
  expect(kept).toEqual({ reseller_account_id: r, payment_terms_days: 14 })
})

test('the verifier finds a customer who does not buy through the reseller that is charged for him', async () => {
  const { world, t } = chain
  const seller = await world.db.execute<{ legal_entity_id: string }>(
    sql`select legal_entity_id from account where id = ${t}`,
  )
  const set = (id: string) => world.db.execute(sql`update account set legal_entity_id = ${id} where id = ${t}`)
  await set(world.legal_entity_id)
  const found = await findings()
  expect(found).toContainEqual(expect.objectContaining({ check: 'customer', subject: 'A-2026-000001' }))
  await set(seller[0]!.legal_entity_id)
  expect(await findings()).toEqual([])
})

test('allowances and pools of a reseller count over all that is resold; each company closes the month of its own customers', async () => {
  const { world, r, s, t, u, of_r, of_q } = await chainOf(suite)
  const per_month = { per: 'hour', unit: 'GiB', amount: '0.01' } as const
  await sell(world, { meter: 'memory', ...per_month, terms: { pool: 'account', included: '1000' } })
  await sell(world, { meter: 'disk', ...per_month, terms: { included: '72' } })
  await transfer(world, 'moved', u, START + 4 * HOUR_MS)
  const input = { account_id: r, to: iso(END) }
  world.clock.now = END
  const id = await finalise(world.db, actor, () => world.clock.now, newId(), input)
  const { lines } = await world.run((ctx) => getInvoice(ctx, id))
  // November has 720 h: 10 of them give 13.888… of the pool's 1000 GiB·h, and 1 of a machine's own 72
  expect(shown(lines.filter(({ component }) => component !== 'vm.vcpu'))).toEqual([
    [null, '', 'vm.memory', '1.06'],
    [null, 'own', 'vm.disk', '1.99'],
    ['Customer S', 'of-s', 'vm.disk', '1.99'],
    ['Customer T', 'moved', 'vm.disk', '0.80'],
    ['Customer U', 'moved', 'vm.disk', '1.19'],
  ])
  const found = async () => (await world.run(verify)).findings
  expect(await found()).toEqual([])

  world.clock.now = Date.parse('2026-12-05T00:00:00.000Z')
  const closed = new Map<string, string[]>()
  for (const legal_entity_id of [world.legal_entity_id, of_r.id, of_q.id]) {
    const close = await world.run((ctx) => openClose(ctx, { month: '2026-11', legal_entity_id, grace_hours: 0 }))
    const work = () =>
      workOnCloses(
        world.db,
        () => world.clock.now,
        (error) => expect(error).toBeNull(),
      )
    await work()
    await world.run((ctx) => finaliseClose(ctx, close.id, { early: true }))
    await work()
    const { items } = await world.run((ctx) => listClosing(ctx, close.id, { limit: 50 }))
    const issuedTo = items.flatMap(({ account, state }) => (state === 'issued' ? [account.id] : []))
    closed.set(legal_entity_id, issuedTo)
  }
  expect(closed.get(world.legal_entity_id)).toContain(r)
  expect(closed.get(of_r.id)).toEqual(expect.arrayContaining([t, u]))
  expect(closed.get(of_q.id)).toEqual([s])
  expect(await found()).toEqual([])
})
