/** What is charged for once: on the next bill or on one of its own, billed once, credited when it is cancelled, and given up when nobody pays. */
import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { Big } from 'big.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { iso } from '#control-plane/base/time.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { amountOf } from '#control-plane/charges/rules.ts'
import { connect } from '#control-plane/db/index.ts'
import { Suite } from '../setup/stack.ts'
import { enrolledAgent, vm } from './agent.ts'
import { type Answer, apiOf, type Call, urlsFor } from './http.ts'
import { market, sell, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const DAY = 86_400_000
let suite: Suite
let world: Prepared
let call: Call
beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, '2026-07-10T00:00:00.000Z')
  await sell(world, { meter: 'vcpu', amount: '0.05' })
  call = await apiOf(suite, world)
})
afterAll(() => suite.end())

let count = 0
async function customer(withMachine = true): Promise<{ id: string; seen(): Promise<unknown> }> {
  const name = `customer-${(count += 1)}`
  const { id } = await world.run((ctx) =>
    openAccount(ctx, { name, tax_id: '', email: '', zone: 'UTC', language: 'es' }),
  )
  const agent = withMachine ? await enrolledAgent(world, name, id) : null
  const seen = async () =>
    agent?.send([{ ...agent.listing(world.clock.now, name, [vm(`${name}-vm`)]), interval_ms: DAY }])
  await seen()
  return { id, seen }
}
const ok = ({ status, text, body }: Answer, wanted = 201) => {
  if (status !== wanted) throw new Error(`${status}: ${text}`)
  return body
}
const SETUP = {
  description: { en: 'Installation', es: 'Instalación' },
  quantity: '2.5',
  unit: 'h',
  unit_price: '33.333333333333',
  reason: 'agreed by phone',
}
const charged = async (id: string, over: object = {}) =>
  ok(await call('POST', `/accounts/${id}/charges`, { ...SETUP, ...over })) as {
    id: string
    amount: string
    state: string
  }
const verified = async () =>
  ok(await call('POST', '/verification'), 200)['findings'] as { check: string; subject: string }[]

test('quantity × unit price is rounded once, as another arithmetic has it', () => {
  const decimals = (most: number, places: number) =>
    fc
      .tuple(fc.bigInt(1n, 10n ** BigInt(most)), fc.integer({ min: 0, max: places }))
      .map(([n, at]) => new Big(n.toString()).div(new Big(10).pow(at)).toFixed(at))
  Big.DP = 40
  fc.assert(
    fc.property(
      decimals(12, 6),
      decimals(14, 12),
      fc.constantFrom('EUR', 'JPY', 'KWD'),
      (quantity, unit_price, currency) => {
        const places = { EUR: 2, JPY: 0, KWD: 3 }[currency]!
        expect(amountOf({ quantity, unit_price, currency })).toBe(
          new Big(quantity).times(unit_price).toFixed(places, Big.roundHalfUp),
        )
      },
    ),
  )
})

test('a charge stands on the next draft and invoice, once, with its tax, in its project; later bills have none of it', async () => {
  const { id, seen } = await customer()
  const project = ok(await call('POST', `/accounts/${id}/projects`, { name: 'Moving' })) as { id: string }
  const made = await charged(id, { project_id: project.id })
  expect([made.amount, made.state]).toEqual(['83.33', 'open'])
  world.clock.now += DAY
  await seen()
  await settled(world)
  const draft = ok(await call('GET', `/accounts/${id}/draft`), 200)
  const line = draft.lines.find((one: { component: string }) => one.component === 'one_off.charge')
  expect(line).toMatchObject({
    resource: { id: made.id, kind: 'one_off', name: 'Instalación' },
    net: '83.33',
    quantity_display: '2.5',
    tax_rate: '21.00',
  })
  expect(new Big(line.exact.split('/')[0]).div(line.exact.split('/')[1]).toFixed()).toBe('83.3333333333325')
  expect(draft.by_project.find((one: { project: { id: string } | null }) => one.project?.id === project.id).net).toBe(
    '83.33',
  )
  const invoice = ok(await call('POST', '/invoices', { account_id: id }))
  expect(invoice.totals).toEqual(draft.totals)
  expect(new Big(invoice.totals.tax).toFixed(2)).toBe(
    new Big(invoice.totals.net).times('0.21').toFixed(2, Big.roundHalfUp),
  )
  expect(ok(await call('GET', `/accounts/${id}/charges`), 200).items).toMatchObject([
    { id: made.id, state: 'billed', invoice: { id: invoice.id, number: invoice.number } },
  ])
  const { charge } = ok(await call('GET', `/invoices/${invoice.id}/lines/${line.id}/explanation`), 200)
  expect(charge).toMatchObject({ id: made.id, recorded: { reason: 'agreed by phone', actor: 'test' } })
  expect((await call('GET', `/invoices/${invoice.id}/lines.csv`)).text).toContain('one_off,Instalación,one_off.charge,')
  world.clock.now += DAY
  await seen()
  const next = ok(await call('GET', `/accounts/${id}/draft`), 200)
  expect(next.lines.map((one: { component: string }) => one.component)).not.toContain('one_off.charge')
  expect(await verified()).toEqual([])
})

test('on an invoice of its own it is issued at once, and never a second time; periods of usage take no notice', async () => {
  const { id, seen } = await customer()
  const [one, other] = [await charged(id), await charged(id, { description: 'Cable', unit_price: '3', unit: '' })]
  world.clock.now += 1_000
  const body = { charge_ids: [one.id, other.id] }
  const answers = await Promise.all([1, 2, 3].map(() => call('POST', `/accounts/${id}/one-off-invoices`, body)))
  expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409, 409])
  const invoice = answers.find(({ status }) => status === 201)!.body
  expect(invoice).toMatchObject({ one_off: true, document_type: 'invoice', line_count: 2 })
  expect(invoice.totals.net).toBe('90.83')
  expect((await call('POST', `/accounts/${id}/one-off-invoices`, { charge_ids: [one.id] })).body.detail).toContain(
    invoice.number,
  )
  world.clock.now += DAY
  await seen()
  const usage = ok(await call('POST', '/invoices', { account_id: id }))
  expect([usage.one_off, usage.lines.length, usage.period.from < invoice.period.from]).toEqual([false, 1, true])
  expect(await verified()).toEqual([])
  // neither the usage of its time nor the charge itself is due again
  expect(ok(await call('POST', `/accounts/${id}/re-rating`, {}), 200).documents).toEqual([])
})

test('who bought nothing but a charge gets a bill of it', async () => {
  const { id } = await customer(false)
  await charged(id)
  world.clock.now += 60_000
  const invoice = ok(await call('POST', '/invoices', { account_id: id }))
  expect(invoice.lines.map((line: { net: string }) => line.net)).toEqual(['83.33'])
})

test('cancelled before it is billed it never is; after it, it comes back by a credit note, and a second run finds nothing', async () => {
  const { id } = await customer(false)
  const early = await charged(id)
  const cancelled = ok(await call('POST', `/charges/${early.id}/cancellation`, { reason: 'wrong customer' }), 200)
  expect(cancelled).toMatchObject({ state: 'cancelled', cancelled: { reason: 'wrong customer' } })
  expect((await call('POST', `/charges/${early.id}/cancellation`, { reason: 'again' })).status).toBe(409)
  expect((await call('POST', `/accounts/${id}/one-off-invoices`, { charge_ids: [early.id] })).status).toBe(409)
  const [kept, late] = [await charged(id), await charged(id, { unit_price: '10', quantity: '1' })]
  const invoice = ok(await call('POST', `/accounts/${id}/one-off-invoices`, { charge_ids: [kept.id, late.id] }))
  expect(invoice.totals.net).toBe('93.33')
  ok(await call('POST', `/charges/${late.id}/cancellation`, { reason: 'was included' }), 200)
  const review = ok(await call('POST', `/accounts/${id}/re-rating`, {}), 200)
  expect(review.documents).toMatchObject([
    { outcome: 'credit_note', lines: [{ billed: '10.00', due: '0.00', causes: ['cancelled_charge'] }] },
  ])
  const { items } = ok(await call('POST', `/accounts/${id}/notes`, { cut: review.cut, digest: review.digest }))
  expect(items).toMatchObject([{ document_type: 'credit_note', totals: { net: '10.00', tax: '2.10', total: '12.10' } }])
  expect(ok(await call('POST', `/accounts/${id}/re-rating`, {}), 200).documents).toEqual([])
  expect(ok(await call('GET', `/invoices/${invoice.id}`), 200).settlement).toMatchObject({ credited: '12.10' })
  for (const language of ['en', 'es'])
    expect((await call('GET', `/invoices/${items[0].id}/pdf?language=${language}`)).type).toBe('application/pdf')
  expect(await verified()).toEqual([])
})

test('the database refuses to change or delete a charge, or to bill it twice; the verifier finds what was changed all the same', async () => {
  const { id } = await customer(false)
  const one = await charged(id)
  const invoice = ok(await call('POST', `/accounts/${id}/one-off-invoices`, { charge_ids: [one.id] }))
  const { owner } = await urlsFor(world)
  const db = connect(owner, 1)
  suite.atEnd(() => db.$client.end({ timeout: 1 }))
  const refused = async (statement: ReturnType<typeof sql>) =>
    expect(
      await db.execute(statement).then(
        () => 'done',
        (error: { cause?: { code?: string } }) => error.cause?.code,
      ),
    ).toMatch(/^(23001|23505)$/)
  await refused(sql`update charge set quantity = 3 where id = ${one.id}`)
  await refused(sql`delete from charge_billed where charge_id = ${one.id}`)
  await refused(sql`update write_off set amount_minor = 1`)
  await refused(
    sql`insert into charge_billed (charge_id, account_id, invoice_id, number, billed_at) select charge_id, account_id, invoice_id, number, billed_at from charge_billed where charge_id = ${one.id}`,
  )
  await db.execute(sql`alter table charge disable trigger charge_is_frozen`)
  await db.execute(sql`update charge set quantity = 3 where id = ${one.id}`)
  const found = await verified()
  expect(found.filter(({ check }) => check === 'frozen').map(({ subject }) => subject)).toEqual(['charge'])
  expect(found.some(({ check, subject }) => check === 'quantity' && subject.startsWith(invoice.number))).toBe(true)
  await db.execute(sql`update charge set quantity = 2.5 where id = ${one.id}`)
  await db.execute(sql`alter table charge enable always trigger charge_is_frozen`)
  expect(await verified()).toEqual([])
})

test('a pro-forma is a document of the draft in both languages, and takes no number', async () => {
  const { id } = await customer(false)
  await charged(id)
  const before = await world.db.execute(sql`select * from series`)
  for (const language of ['en', 'es']) {
    const answer = await call('GET', `/accounts/${id}/pro-forma?language=${language}`)
    expect([answer.status, answer.type, answer.text.slice(0, 5)]).toEqual([200, 'application/pdf', '%PDF-'])
  }
  expect(await world.db.execute(sql`select * from series`)).toEqual(before)
  expect(ok(await call('GET', `/invoices?account_id=${id}`), 200).items).toEqual([])
})

test('what nobody will pay is written off up to what is open, by one of many at once, and a reversal opens it again', async () => {
  const { id } = await customer(false)
  const one = await charged(id)
  const invoice = ok(await call('POST', `/accounts/${id}/one-off-invoices`, { charge_ids: [one.id] }))
  expect(invoice.settlement).toMatchObject({ state: 'open', total: '100.83', open: '100.83', written_off: '0.00' })
  const path = `/invoices/${invoice.id}/write-offs`
  expect((await call('POST', path, { amount: '100.84', reason: 'bankrupt' })).status).toBe(409)
  expect((await call('POST', path, { amount: '1.005', reason: 'bankrupt' })).status).toBe(422)
  const all = await Promise.all([1, 2, 3].map(() => call('POST', path, { amount: '60.00', reason: 'bankrupt' })))
  expect(all.map(({ status }) => status).toSorted()).toEqual([201, 409, 409])
  const part = all.find(({ status }) => status === 201)!.body
  const rest = ok(await call('POST', path, { reason: 'bankrupt' }))
  expect([part.amount, rest.amount]).toEqual(['60.00', '40.83'])
  const open = async () => ok(await call('GET', `/invoices/${invoice.id}`), 200).settlement
  expect(await open()).toMatchObject({ state: 'uncollectible', open: '0.00', written_off: '100.83' })
  const [totals] = ok(await call('GET', '/receivables'), 200).items
  ok(await call('POST', `/write-offs/${rest.id}/reversal`, { reason: 'he paid' }), 200)
  expect((await call('POST', `/write-offs/${rest.id}/reversal`, { reason: 'he paid' })).status).toBe(409)
  expect(await open()).toMatchObject({ state: 'open', open: '40.83', written_off: '60.00' })
  const [after] = ok(await call('GET', '/receivables'), 200).items
  expect(new Big(after.open).minus(totals.open).toFixed(2)).toBe('40.83')
  expect(ok(await call('GET', path), 200).items).toMatchObject([
    { reversed: null },
    { reversed: { reason: 'he paid' } },
  ])
  expect(await verified()).toEqual([])
  await world.db.execute(
    sql`update settlement set written_off_minor = 1, open_minor = total_minor - 1 where invoice_id = ${invoice.id}`,
  )
  expect((await verified()).map(({ check }) => check)).toEqual(['settlement'])
  await world.db.execute(
    sql`update settlement set written_off_minor = 6000, open_minor = total_minor - 6000 where invoice_id = ${invoice.id}`,
  )
})

test('nothing is charged for ahead of time, before the contract, or into a project of somebody else', async () => {
  const { id } = await customer(false)
  const ahead = await call('POST', `/accounts/${id}/charges`, { ...SETUP, at: iso(world.clock.now + 1) })
  const before = await call('POST', `/accounts/${id}/charges`, { ...SETUP, at: '2020-01-01T00:00:00.000Z' })
  const { projects } = ok(await call('GET', `/accounts/${world.account_id}`), 200)
  const elsewhere = await call('POST', `/accounts/${id}/charges`, { ...SETUP, project_id: projects[0].id })
  expect([ahead.status, before.status, elsewhere.status]).toEqual([422, 422, 422])
  for (const wrong of [{ quantity: '0' }, { unit_price: '-1' }, { unit_price: '1.0000000000001' }, { quantity: '1e3' }])
    expect((await call('POST', `/accounts/${id}/charges`, { ...SETUP, ...wrong })).status).toBe(422)
})
