/** Coupons from code to bill: who may redeem what, what an invoice uses up, and that nothing is used twice or lost. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKey } from '#control-plane/accounts/index.ts'
import { NewApiKey } from '#control-plane/accounts/contract.ts'
import { newId } from '#control-plane/base/id.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { issue, settledCut, verify } from '#control-plane/billing/index.ts'
import { checkUses } from '#control-plane/billing/verify-tax.ts'
import { invoicesInOrder } from '#control-plane/billing/store.ts'
import type { Invoice } from '#control-plane/billing/contract.ts'
import { system } from '#control-plane/base/actor.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { couponsOn, GUESSES, useCoupons, usesOfCoupons } from '#control-plane/promotions/index.ts'
import type { Redemption } from '#control-plane/promotions/contract.ts'
import { databaseError } from '#control-plane/db/index.ts'
import { Suite } from '../setup/stack.ts'
import { enrolledAgent, vm } from './agent.ts'
import { apiOf, type Call } from './http.ts'
import { draftOf, market, sell, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'
import { asBearer } from './two-accounts.ts'

const START = Date.parse('2026-11-10T08:00:00.000Z')
let suite: Suite
let world: Prepared
let call: Call

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(START))
  // 2 vCPU: 2.00 an hour
  await sell(world, { meter: 'vcpu', amount: '1' })
  call = await apiOf(suite, world)
})
afterAll(() => suite.end())

async function customer(): Promise<string> {
  const name = newId()
  const { id } = await world.run((ctx) => openAccount(ctx, { name, tax_id: '', email: '' }))
  const agent = await enrolledAgent(world, name, id)
  await agent.send([agent.listing(world.clock.now, 'h', [vm(`${name}-vm`)])])
  return id
}
const coupon = async (body: object) => {
  const made = await call('POST', '/coupons', { name: 'A coupon', duration: 'forever', ...body })
  expect(made.status, made.text).toBe(201)
  return made.body as { id: string; code: string }
}
const fixed = (amount: string, currency = 'EUR') => ({ type: 'fixed', amount, currency })
const percent = (rate: string) => ({ type: 'percent', rate })
const redeem = (account_id: string, code: string, headers = {}) =>
  call('POST', `/accounts/${account_id}/redemptions`, { code }, headers)
const redemptions = async (account_id: string) =>
  (await call('GET', `/accounts/${account_id}/redemptions`)).body['items'] as Redemption[]
async function issued(account_id: string, hours: number): Promise<Invoice> {
  world.clock.now += hours * HOUR_MS
  const made = await call('POST', '/invoices', { account_id, to: iso(world.clock.now) })
  expect(made.status, made.text).toBe(201)
  return made.body as unknown as Invoice
}
const netOf = ({ totals }: Pick<Invoice, 'totals'>) => totals.net

test('a coupon is made whole or not at all, listed, paused and exported', async () => {
  const wrong = async (body: object) =>
    (await call('POST', '/coupons', { code: 'X-1', name: 'x', duration: 'once', value: percent('10'), ...body })).body[
      'errors'
    ]
  expect(await wrong({ code: 'a b' })).toMatchObject([{ pointer: '/code' }])
  expect(await wrong({ value: percent('0') })).toMatchObject([{ pointer: '/value/rate' }])
  expect(await wrong({ value: fixed('1.005') })).toMatchObject([{ pointer: '/value/amount' }])
  expect(await wrong({ duration: 'periods' })).toMatchObject([{ pointer: '/periods' }])
  expect(await wrong({ valid_from: iso(START), valid_to: iso(START) })).toMatchObject([{ pointer: '/valid_to' }])
  const { id } = await coupon({ code: 'paused', value: percent('10') })
  expect(
    (await call('POST', '/coupons', { code: 'PAUSED', name: 'x', duration: 'once', value: percent('10') })).status,
  ).toBe(409)
  expect((await call('PATCH', `/coupons/${id}`, { state: 'paused' })).body).toMatchObject({ state: 'paused' })
  const account = await customer()
  expect((await redeem(account, 'paused')).status).toBe(404)
  await call('PATCH', `/coupons/${id}`, { state: 'active' })
  expect((await redeem(account, 'paused')).status).toBe(201)
  expect([(await redeem(account, 'paused')).status, (await redeem(account, 'nothing')).status]).toEqual([409, 404])
  await coupon({ code: 'LATER', value: percent('10'), valid_from: iso(START + 1_000 * HOUR_MS) })
  expect((await redeem(account, 'LATER')).status).toBe(404)
  await coupon({ code: 'DOLLARS', value: fixed('10.00', 'USD') })
  expect((await redeem(account, 'DOLLARS')).body).toMatchObject({ status: 409, detail: expect.stringContaining('USD') })
  const { body } = await call('GET', '/coupons?limit=2')
  expect([body['total'], (body['items'] as object[]).length, typeof body['next_cursor']]).toEqual([3, 2, 'string'])
  const { text, type } = await call('GET', '/coupons.csv')
  expect([type, text.split('\r\n')[0]]).toEqual([
    expect.stringContaining('text/csv'),
    expect.stringContaining('code,name,type,rate'),
  ])
  expect(text).toContain('PAUSED,A coupon,percent,10,,,forever,,active')
  expect((await call('GET', `/coupons/${id}/redemptions`)).body['items']).toMatchObject([{ account_id: account }])
})

test('a tenant redeems for himself alone, and guesses no more than a few codes an hour', async () => {
  const [own, other] = [await customer(), await customer()]
  const token = (
    await world.run((ctx) => createKey(ctx, NewApiKey.parse({ name: 'k', role: 'tenant_owner', account_id: own })))
  ).token
  const as = asBearer(token)
  await coupon({ code: 'TENANTS', value: percent('5') })
  expect((await redeem(other, 'TENANTS', as)).status).toBe(404)
  expect((await redeem(own, 'TENANTS', as)).body).toMatchObject({ code: 'TENANTS', account_id: own })
  const listed = (id: string) => call('GET', `/accounts/${id}/redemptions`, undefined, as)
  expect([(await listed(own)).body['items'], (await listed(other)).status]).toMatchObject([[{ code: 'TENANTS' }], 404])
  expect((await call('GET', '/coupons', undefined, as)).status).toBe(403)
  const tried = await Promise.all(Array.from({ length: GUESSES + 5 }, (_, index) => redeem(own, `GUESS-${index}`, as)))
  expect(tried.filter(({ status }) => status === 404)).toHaveLength(GUESSES)
  expect(tried.filter(({ status }) => status === 429)).toHaveLength(5)
  // nobody else is held back by it, and he isn't for ever
  expect((await redeem(own, 'GUESS-1')).status).toBe(404)
  world.clock.now += HOUR_MS + 1
  expect((await redeem(own, 'GUESS-2', as)).status).toBe(404)
})

test('a draft uses nothing up; each invoice uses what it took, until nothing is left', async () => {
  const account = await customer()
  await coupon({ code: 'VOUCHER', value: fixed('30.00') })
  await redeem(account, 'VOUCHER')
  await coupon({ code: 'TWICE', value: percent('50'), duration: 'periods', periods: 2 })
  await redeem(account, 'TWICE')
  world.clock.now += 10 * HOUR_MS
  await settled(world)
  const draft = await draftOf(world, account)
  // 20.00 less a half, less what is left of it
  expect([
    draft.lines[0]!.gross,
    draft.lines[0]!.discounts!.map((one) => [one.code, one.amount]),
    draft.totals,
  ]).toEqual([
    '20.00',
    [
      ['TWICE', '10.00'],
      ['VOUCHER', '10.00'],
    ],
    { net: '0.00', tax: '0.00', total: '0.00' },
  ])
  expect(await draftOf(world, account)).toEqual(draft)
  expect(await redemptions(account)).toMatchObject([{ amount_left: '30.00' }, { periods_left: 2 }])
  expect(netOf(await issued(account, 0))).toBe('0.00')
  expect(await redemptions(account)).toMatchObject([{ amount_left: '20.00' }, { periods_left: 1 }])
  expect(netOf(await issued(account, 30))).toBe('10.00')
  expect(await redemptions(account)).toMatchObject([
    { amount_left: '0.00', is_used_up: true },
    { periods_left: 0, is_used_up: true },
  ])
  const plain = await issued(account, 10)
  expect([netOf(plain), plain.content.coupons, plain.lines[0]!.gross]).toEqual(['20.00', undefined, undefined])
  expect((await world.run(verify)).findings).toEqual([])
})

test('what was killed before its commit used nothing; what another used meanwhile is used by nobody else', async () => {
  const account = await customer()
  await coupon({ code: 'ONCE-15', value: fixed('15.00'), duration: 'once' })
  await redeem(account, 'ONCE-15')
  world.clock.now += 5 * HOUR_MS
  await settled(world)
  const to = iso(world.clock.now)
  const cut = await settledCut(world.db, system('test'), () => world.clock.now)
  const killed = world.run(async (ctx) => {
    await issue(ctx, { account_id: account, to }, cut)
    throw new Error('killed')
  })
  await expect(killed).rejects.toThrow('killed')
  expect(await redemptions(account)).toMatchObject([{ amount_left: '15.00', is_used_up: false }])
  const { currency } = await draftOf(world, account)
  const terms = await world.run((ctx) => couponsOn(ctx, { account_id: account, currency }))
  const invoice = await issued(account, 0)
  expect(netOf(invoice)).toBe('0.00')
  // once: what it didn't need is gone
  expect(await redemptions(account)).toMatchObject([{ amount_left: '5.00', is_used_up: true }])
  const again = world.run((ctx) =>
    useCoupons(
      ctx,
      { invoice_id: invoice.id, account_id: account, currency },
      terms.map((one) => ({ ...one, used: '1.00' })),
    ),
  )
  await expect(again).rejects.toMatchObject({ code: 'stale_review' })
  const said = (work: Promise<unknown>) =>
    work.then(
      () => '',
      (error: unknown) => databaseError(error)?.code ?? String(error),
    )
  expect(await said(world.db.execute(sql`update redemption_use set used_minor = 1`))).toBe('23001')
  expect(
    await said(world.db.execute(sql`update coupon set redemption_count = 2 where max_redemptions is not null`)),
  ).toBe('')
})

test('the verifier finds a use that no invoice has, one that is lost, and more taken than there was', async () => {
  const findings = await world.run(async (ctx) => {
    const [documents, uses] = [await invoicesInOrder(ctx), await usesOfCoupons(ctx)]
    const found = (list: typeof uses, all = documents) => {
      const out = new Set<string>()
      checkUses(all, list, (_check, _subject, detail) => out.add(detail))
      return [...out]
    }
    const twice = documents.map((row) => ({
      ...row,
      content: { ...row.content, coupons: row.content.coupons?.map((one) => ({ ...one, used: one.left ?? one.used })) },
    }))
    return [
      found(uses),
      found(uses.slice(1)),
      found([...uses, { ...uses[0]!, invoice_id: newId() }]),
      found(uses, twice),
    ]
  })
  expect(findings).toMatchObject([
    [],
    [expect.stringContaining('not what is kept')],
    [expect.stringContaining('no invoice')],
    expect.arrayContaining([expect.stringContaining('more of it than')]),
  ])
})
