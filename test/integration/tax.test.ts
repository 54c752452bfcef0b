/** Tax from setting to document: place of supply, VAT ids and their check, prices that include the tax, and notes at the original's. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { verify } from '#control-plane/billing/index.ts'
import type { Invoice } from '#control-plane/billing/contract.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { MEMBER_STATES, STANDARD_RATES } from '#control-plane/tax/eu.ts'
import { askRegister, CHECKS, recordCheck, vies } from '#control-plane/tax/index.ts'
import type { OpenAccount } from '#control-plane/contracts/contract.ts'
import { pdfText } from '../setup/pdf-text.ts'
import { Suite } from '../setup/stack.ts'
import { enrolledAgent, GIB, vm } from './agent.ts'
import { apiOf, type Call } from './http.ts'
import { draftOf, market, sell, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const START = Date.parse('2026-11-10T08:00:00.000Z')
const END = START + 10 * HOUR_MS
let suite: Suite
let world: Prepared
let call: Call
let address: string

/** What VIES answers, in the shape that it publishes; it refuses what VIES refuses. */
const REGISTER: Record<string, object> = {
  DE136695976: { valid: true, requestIdentifier: 'WAPIAAAAZ1', name: 'Muster GmbH', address: '---' },
  PT501964843: { valid: false, requestIdentifier: '', name: '---', address: '---' },
}
let isDown = false
const asked: object[] = []
async function answered(request: Request): Promise<Response> {
  const body = (await request.json()) as { countryCode: string; vatNumber: string; requesterNumber?: string }
  asked.push(body)
  const refused = (error: string) =>
    Response.json({ actionSucceed: false, errorWrappers: [{ error }] }, { status: 400 })
  if (isDown) return refused('MS_UNAVAILABLE')
  if (!/^[A-Z]{2}$/.test(body.countryCode) || !/^[A-Z0-9+*.]{2,12}$/.test(body.vatNumber))
    return refused('INVALID_INPUT')
  const found = REGISTER[body.countryCode + body.vatNumber]
  return Response.json({
    ...body,
    requestDate: '2026-11-10T08:00:00.000Z',
    ...(found ?? { valid: false, requestIdentifier: '', name: '---' }),
  })
}

const RATES = [
  ...MEMBER_STATES.map((country) => ({
    country,
    tax_class: 'standard',
    rate: STANDARD_RATES[country],
    from: '2020-01-01',
  })),
  { country: 'ES', tax_class: 'reduced', rate: '10.00', from: '2020-01-01' },
]
const SETTING = {
  mode: 'by_place',
  one_stop_shop: true,
  exempt_reason: {
    code: 'VATEX-EU-132-1I',
    text: { en: 'Education, Art. 132(1)(i)', es: 'Enseñanza, art. 20.Uno.9.º LIVA' },
  },
  rates: RATES,
}

const SIZE = { vcpu_count: 2, memory_bytes: 4 * GIB, disk_bytes: 40e9, ip_count: 1 }
async function customer(name: string, over: Partial<OpenAccount>): Promise<string> {
  const { id } = await world.run((ctx) => openAccount(ctx, { name, tax_id: '', email: '', ...over }))
  const agent = await enrolledAgent(world, name, id)
  await agent.send([agent.listing(START, `h-${name}`, [vm(`${name}-vm`, { size: SIZE })])])
  return id
}
const at = (country: string) => ({ address: { street: '', postal_code: '', city: '', country } })
async function issued(account_id: string): Promise<Invoice> {
  world.clock.now = Math.max(world.clock.now, END)
  const made = await call('POST', '/invoices', { account_id, to: iso(END) })
  expect(made.status, made.text).toBe(201)
  return made.body as unknown as Invoice
}
const checked = (account_id: string, body: object = {}) => call('POST', `/accounts/${account_id}/vat-check`, body)
const printed = async (id: string, language = 'en') => {
  const { bytes } = await call('GET', `/invoices/${id}/pdf?language=${language}`)
  return pdfText(bytes)
}
const findings = async () => (await world.run(verify)).findings

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(START))
  const server = Bun.serve({ port: 0, fetch: answered })
  suite.atEnd(() => server.stop(true))
  address = `http://localhost:${server.port}`
  call = await apiOf(suite, world, undefined, undefined, vies(address))
  await sell(world, { meter: 'vcpu', amount: '1' })
  await sell(world, { meter: 'memory', unit: 'GiB', amount: '0.1', tax_class: 'exempt' })
  await sell(world, { meter: 'disk', unit: 'GB', amount: '0.0123', tax_inclusive: true })
  await sell(world, { meter: 'ip', unit: 'IP', amount: '0.0217', tax_inclusive: true })
  await sell(world, { meter: 'instance', unit: 'instance', model: 'flat', amount: '0.333', tax_class: 'reduced' })
  await call('PATCH', `/legal-entities/${world.legal_entity_id}`, { tax_id: 'ESB58378431' })
})
afterAll(() => suite.end())

test('a company keeps its one tax until it chooses the place of supply; a setting without a rate is refused', async () => {
  const before = await issued(await customer('before', at('FR')))
  expect(before.content.taxes.map((row) => [row.category, row.rate])).toEqual([['S', '21.00']])
  expect(before.lines.every((line) => line.tax_class === undefined)).toBe(true)
  const path = `/legal-entities/${world.legal_entity_id}/tax`
  expect((await call('GET', path)).body).toMatchObject({ mode: 'fixed', rates: [] })
  const lacking = await call('PUT', path, { ...SETTING, rates: RATES.slice(1) })
  expect([lacking.status, lacking.text]).toEqual([422, expect.stringContaining('AT')])
  expect((await call('PUT', path, SETTING)).body).toMatchObject({ mode: 'by_place', one_stop_shop: true })
})

test('a VAT id is valid by an answer alone: not by its form, and not by silence', async () => {
  const id = await customer('asked', { ...at('DE'), tax_id: 'de 136.695.976', tax_status: 'business' })
  const known = () => call('GET', `/accounts/${id}/vat-check`)
  expect((await known()).body).toMatchObject({
    vat_id: 'DE136695976',
    format: 'right',
    counts_as_valid: false,
    answer: null,
    online: true,
  })
  isDown = true
  expect((await checked(id)).body).toMatchObject({
    counts_as_valid: false,
    last: { result: 'unavailable', detail: 'VIES: MS_UNAVAILABLE' },
  })
  isDown = false
  const valid = await checked(id)
  expect([valid.status, valid.body]).toMatchObject([
    201,
    { counts_as_valid: true, answer: { result: 'valid', request_id: 'WAPIAAAAZ1', name: 'Muster GmbH' } },
  ])
  expect(asked.at(-1)).toEqual({
    countryCode: 'DE',
    vatNumber: '136695976',
    requesterMemberStateCode: 'ES',
    requesterNumber: 'B58378431',
  })
  const { at: since } = valid.body['answer'] as { at: string }
  isDown = true
  world.clock.now += HOUR_MS
  // the last answer stays, with its age
  expect((await checked(id)).body).toMatchObject({
    counts_as_valid: true,
    answer: { at: since },
    last: { result: 'unavailable' },
  })
  isDown = false
  // another id is another question
  await call('PATCH', `/accounts/${id}`, { tax_id: 'PT501964843' })
  expect((await known()).body).toMatchObject({ vat_id: 'PT501964843', counts_as_valid: false, answer: null })
  expect((await checked(id)).body).toMatchObject({ counts_as_valid: false, answer: { result: 'invalid', name: null } })
  await call('PATCH', `/accounts/${id}`, { tax_id: 'DE136695977' })
  expect((await checked(id)).status).toBe(422)
  await call('PATCH', `/accounts/${id}`, { tax_id: 'DE136695976' })
  expect((await known()).body).toMatchObject({ counts_as_valid: true })
  // an answer is kept of the id that was asked about, whatever the account's is by then
  const asking = await world.run((ctx) => askRegister(ctx, id, {}, vies(address)))
  await call('PATCH', `/accounts/${id}`, { tax_id: 'IT00743110157' })
  expect(await world.run(async (ctx) => recordCheck(ctx, id, {}, await asking(), true))).toMatchObject({
    vat_id: 'IT00743110157',
    counts_as_valid: false,
    last: null,
  })
  const tries = await Promise.all(Array.from({ length: 3 }, () => checked(id)))
  expect(tries.every(({ status }) => status === 201)).toBe(true)
  for (let left = CHECKS; left > 0; left -= 1) await checked(id)
  expect((await checked(id)).status).toBe(429)
  world.clock.now += HOUR_MS + 1
  await call('PATCH', `/accounts/${id}`, { tax_id: 'DE136695976' })
  const by_hand = { result: 'invalid', detail: 'ceased trading, per the Bundeszentralamt' }
  expect((await checked(id, { by_hand })).body).toMatchObject({
    counts_as_valid: false,
    answer: { by: 'hand', request_id: null },
  })
})

const taxesOf = (invoice: Invoice) => invoice.content.taxes.map((row) => [row.category, row.rate, row.reason?.code])

test('who buys decides: each document bears its category, rate and reason, on paper too', async () => {
  const [home, abroad, business, outside] = [
    await customer('home', at('ES')),
    await customer('abroad', at('HU')),
    await customer('business', { ...at('DE'), tax_id: 'DE136695976', tax_status: 'business' }),
    await customer('outside', at('US')),
  ]
  world.clock.now = Math.max(world.clock.now, END)
  await settled(world)
  const unproven = await draftOf(world, business, END)
  // not asked yet: he pays like a consumer of his country
  expect(unproven.taxes.map((row) => `${row.category} ${row.rate}`)).toEqual(['E 0.00', 'S 19.00'])
  await checked(business)
  expect(taxesOf(await issued(home))).toEqual([
    ['E', '0.00', 'VATEX-EU-132-1I'],
    ['S', '10.00', undefined],
    ['S', '21.00', undefined],
  ])
  expect(taxesOf(await issued(abroad))).toEqual([
    ['E', '0.00', 'VATEX-EU-132-1I'],
    ['S', '27.00', undefined],
  ])
  const reversed = await issued(business)
  expect(taxesOf(reversed)).toEqual([
    ['AE', '0.00', 'VATEX-EU-AE'],
    ['E', '0.00', 'VATEX-EU-132-1I'],
  ])
  expect([reversed.content.seller.tax_id, reversed.content.buyer.tax_id, reversed.totals.tax]).toEqual([
    'ESB58378431',
    'DE136695976',
    '0.00',
  ])
  const [en, es] = [await printed(reversed.id), await printed(reversed.id, 'es')]
  for (const words of ['Reverse charge · VATEX-EU-AE', 'Education, Art. 132(1)(i) · VATEX-EU-132-1I', 'DE136695976'])
    expect(en).toContain(words)
  expect(es).toContain('Inversión del sujeto pasivo · VATEX-EU-AE')
  expect(taxesOf(await issued(outside))).toEqual([['O', '0.00', 'VATEX-EU-O']])
  // what was done once, on an invoice of its own, is taxed alike
  const done = { description: { en: 'Moving', es: 'Traslado' }, quantity: '1', unit_price: '40', reason: 'agreed' }
  const charge = await call('POST', `/accounts/${business}/charges`, done)
  world.clock.now += 1_000
  const once = await call('POST', `/accounts/${business}/one-off-invoices`, { charge_ids: [charge.body.id] })
  expect(once.status, once.text).toBe(201)
  expect(taxesOf(once.body as unknown as Invoice)).toEqual([['AE', '0.00', 'VATEX-EU-AE']])
  expect(await findings()).toEqual([])
})

test('a price that includes the tax stays what it was, whatever the tax; its category adds both bases', async () => {
  const invoice = await issued(await customer('inclusive', at('FR')))
  const of = (component: string) => invoice.lines.find((line) => line.component === component)!
  // 40 GB × 0.0123 × 10 h and 1 IP × 0.0217 × 10 h, at 20 %: 5.14 with tax is 4.28 without
  const [disk, ip] = [of('vm.disk'), of('vm.ip')]
  expect([disk.gross_inclusive, ip.gross_inclusive]).toEqual([disk.gross_inclusive, '0.22'])
  const cents = (text: string) => Math.round(Number(text) * 100)
  const gross = cents(disk.gross_inclusive!) + cents(ip.gross_inclusive!)
  const within = Math.round((gross * 20) / 120)
  expect(cents(disk.net) + cents(ip.net)).toBe(gross - within)
  const exclusive = cents(of('vm.vcpu').net) + cents(of('vm.instance').net)
  expect(invoice.content.taxes.find((row) => row.category === 'S')).toMatchObject({
    base: ((exclusive + gross - within) / 100).toFixed(2),
    tax: ((within + Math.round(exclusive * 0.2)) / 100).toFixed(2),
  })
  const explained = await call('GET', `/invoices/${invoice.id}/lines/${disk.id}/explanation`)
  expect(explained.body).toMatchObject({ line: { gross_inclusive: disk.gross_inclusive }, tax: { rate: '20.00' } })
  expect(await printed(invoice.id)).toContain(`with VAT ${disk.gross_inclusive}`)
  expect(await findings()).toEqual([])
})

test('a note has the rate and reason of its invoice, and the tax of prices with tax is that of all that is billed', async () => {
  const id = await customer('noted', at('ES'))
  const first = await issued(id)
  // from now on it is another country and another rate
  await call('PATCH', `/accounts/${id}`, at('HU'))
  world.clock.now = END + HOUR_MS
  await sell(world, {
    meter: 'disk',
    unit: 'GB',
    amount: '0.0151',
    tax_inclusive: true,
    effective_at: iso(START - 9 * 24 * HOUR_MS),
    correction: true,
    reason: 'mistyped',
  })
  await sell(world, {
    meter: 'memory',
    unit: 'GiB',
    amount: '0.07',
    tax_class: 'exempt',
    effective_at: iso(START - 9 * 24 * HOUR_MS),
    correction: true,
    reason: 'mistyped',
  })
  await settled(world)
  const { body: review } = await call('POST', `/accounts/${id}/re-rating`, {})
  const made = await call('POST', `/accounts/${id}/notes`, { cut: review['cut'], digest: review['digest'] })
  expect(made.status, made.text).toBe(201)
  const [note] = made.body['items'] as Invoice[]
  const known = new Set(first.content.taxes.map((row) => `${row.category} ${row.rate} ${row.reason?.code}`))
  for (const row of note!.content.taxes) expect(known).toContain(`${row.category} ${row.rate} ${row.reason?.code}`)
  expect(note!.lines.find((line) => line.component === 'vm.memory')).toMatchObject({
    tax_category: 'E',
    tax_class: 'exempt',
  })
  expect((await call('POST', `/accounts/${id}/re-rating`, {})).body['documents'] as unknown[]).toEqual([])
  expect(await findings()).toEqual([])
})

test('what is outside the scope of tax stands on no document beside what is taxed', async () => {
  const id = await customer('both', at('ES'))
  const ask = async (path: string, body: object) => {
    const answer = await call('POST', path, body)
    expect([path, answer.status < 300, answer.text]).toEqual([path, true, answer.text])
    return answer.body
  }
  const plan = await ask('/plans', { name: { en: 'Deposit', es: 'Depósito' }, product_kind: 'other' })
  const past = { correction: true, reason: 'agreed', effective_at: '2026-11-01T00:00:00Z' }
  const fee = { kind: 'service', meter: 'fee', model: 'per_unit', per: 'month', unit: 'service', amount: '30' }
  const price = (tax_class: string) =>
    ask('/prices', { ...fee, ...past, price_book_id: plan['price_book_id'], tax_class })
  await price('outside')
  await ask(`/plans/${plan['id']}/publication`, {})
  await ask(`/accounts/${id}/services`, { plan_id: plan['id'], from: iso(START), correction: true, reason: 'agreed' })
  world.clock.now = Math.max(world.clock.now, END)
  const refused = await call('POST', '/invoices', { account_id: id, to: iso(END) })
  expect([refused.status, refused.text]).toEqual([409, expect.stringContaining('Deposit (service.fee)')])
  await price('standard')
  expect(taxesOf(await issued(id)).map(([category]) => category)).toEqual(['E', 'S', 'S'])
})
