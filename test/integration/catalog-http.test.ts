/** Prices, meters and accounts over HTTP: what people and programs get to see. */
import { Hono } from 'hono'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { system } from '#control-plane/base/actor.ts'
import { newId } from '#control-plane/base/id.ts'
import { Problem, PROBLEMS } from '#control-plane/base/problem.ts'
import { routes as catalog } from '#control-plane/catalog/routes.ts'
import { contractOf, setUpContract } from '#control-plane/contracts/index.ts'
import { routes as contracts } from '#control-plane/contracts/routes.ts'
import type { HttpEnv } from '#control-plane/http/index.ts'
import { createNames } from '#control-plane/people/index.ts'
import { Suite } from '../setup/stack.ts'
import { type Prepared, prepared } from './prepared.ts'

let suite: Suite
let world: Prepared
let call: (method: string, path: string, body?: unknown) => Promise<{ status: number; body: Record<string, unknown> }>

beforeAll(async () => {
  suite = new Suite()
  world = await prepared(suite, '2026-11-10T12:00:00.000Z')
  const deps = { db: world.db, tenants: world.db, now: () => world.clock.now, names: createNames(world.db) }
  const app = new Hono<HttpEnv>()
    .use(async (c, next) => {
      c.set('actor', system('test'))
      c.set('request_id', newId())
      await next()
    })
    .route('/', catalog(deps))
    .route('/', contracts(deps))
    .onError((error, c) => {
      if (!(error instanceof Problem)) throw error
      return c.json({ code: error.code, errors: error.errors }, PROBLEMS[error.code][0])
    })
  call = async (method, path, body) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await app.request(path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }
})
afterAll(() => suite.end())

const memory = { kind: 'vm', meter: 'memory', model: 'per_unit', per: 'hour', unit: 'GiB', amount: '0.01' }

test('a price that was set is listed, with its currency, and a second one for the same instant is refused', async () => {
  const { status, body } = await call('POST', '/prices', memory)
  expect(status).toBe(201)
  expect(body).toMatchObject({ amount: '0.01', currency: 'EUR', state: 'current', actor: 'test', ends_at: null })
  const listed = await call('GET', '/prices')
  expect(listed.body).toMatchObject({ items: [body], currency: 'EUR', price_book_id: body.price_book_id })
  const again = await call('POST', '/prices', { ...memory, effective_at: body.effective_at })
  expect([again.status, again.body.code]).toEqual([409, 'price_overlap'])
})

test('a wrong unit, 13 decimals and a changed past are refused by name, and the field is pointed at', async () => {
  await call('POST', '/prices', { ...memory, kind: 'host' })
  const refused = async (over: Record<string, unknown>) => {
    const { status, body } = await call('POST', '/prices', { ...memory, kind: 'host', ...over })
    return [status, body.code, (body.errors as { pointer: string }[]).map((error) => error.pointer)]
  }
  expect(await refused({ unit: 'vCPU' })).toEqual([422, 'wrong_unit', ['/unit']])
  expect(await refused({ amount: '0.0000000000001' })).toEqual([422, 'invalid', ['/amount']])
  expect(await refused({ amount: '-1' })).toEqual([422, 'invalid', ['/amount']])
  expect(await refused({ effective_at: '2026-11-05T00:00:00Z' })).toEqual([409, 'past_price', ['/effective_at']])
})

test('every meter says in which units it may be priced', async () => {
  const { body } = await call('GET', '/meters')
  expect(body.items).toContainEqual({
    name: 'vcpu',
    of: 'resource',
    kind: 'allocation',
    counts: 'running',
    units: ['vCPU'],
    models: ['per_unit', 'flat', 'graduated', 'volume', 'package', 'stair_step', 'allocation_pool', 'dynamic'],
    gap_policies: ['infer', 'skip', 'block'],
  })
})

test('an account opens with one contract and one service, from the start of its own month', async () => {
  world.clock.now = Date.parse('2026-11-30T23:30:00Z')
  const madrid = await call('POST', '/accounts', { name: 'Madrid', zone: 'Europe/Madrid' })
  const london = await call('POST', '/accounts', { name: 'London', zone: 'Europe/London' })
  expect([madrid.status, london.status]).toEqual([201, 201])
  const from = async (id: unknown) => {
    const { body } = await call('GET', `/accounts/${String(id)}/contracts`)
    const [contract, ...others] = body.items as { from: string; services: { kind: string; from: string }[] }[]
    expect(others).toEqual([])
    expect(contract?.services.map((service) => [service.kind, service.from])).toEqual([
      ['pay_as_you_go', contract?.from],
    ])
    return contract?.from
  }
  expect(await from(madrid.body.id)).toBe('2026-11-30T23:00:00.000Z')
  expect(await from(london.body.id)).toBe('2026-11-01T00:00:00.000Z')
  const before = (ctx: Parameters<typeof contractOf>[0]) =>
    contractOf(ctx, String(madrid.body.id), Date.parse('2026-11-30T22:59:59.999Z'))
  expect(await world.run(before)).toBeNull()
})

test('the contract of the first account is concluded once, by whoever comes first', async () => {
  const { account_id } = world
  await Promise.all([1, 2, 3].map(() => world.run((ctx) => setUpContract(ctx, account_id))))
  const { body } = await call('GET', `/accounts/${account_id}/contracts`)
  expect(body.items).toHaveLength(1)
  const found = await world.run((ctx) => contractOf(ctx, account_id))
  expect(found).toMatchObject({ account_id, currency: 'EUR', to: null })
})

test('contracts of an account that does not exist are not found', async () => {
  expect((await call('GET', `/accounts/${newId()}/contracts`)).status).toBe(404)
})

test('a second company sells at its own prices, in its own currency, with numbers of its own', async () => {
  const company = {
    name: 'Second company',
    address: { street: '', postal_code: '', city: '', country: 'GB' },
    currency: 'GBP',
    zone: 'Europe/London',
    language: 'en',
    tax_category: 'S',
    tax_rate: '20.00',
    invoice_prefix: 'GB-',
  }
  const made = await call('POST', '/legal-entities', company)
  expect([made.status, made.body['currency']]).toEqual([201, 'GBP'])
  expect(await call('POST', '/legal-entities', company)).toMatchObject({
    status: 422,
    body: { errors: [{ pointer: '/invoice_prefix' }] },
  })
  const id = made.body['id'] as string
  const book = (await call('GET', `/prices?legal_entity_id=${id}`)).body
  expect(book).toMatchObject({ items: [], currency: 'GBP' })
  const price = { kind: 'vm', meter: 'vcpu', model: 'per_unit', per: 'hour', unit: 'vCPU', amount: '0.07' }
  const set = await call('POST', '/prices', { ...price, price_book_id: book['price_book_id'] })
  expect([set.status, set.body['currency']]).toEqual([201, 'GBP'])
  const first = (await call('GET', '/prices')).body['items'] as { amount: string }[]
  expect(first.map(({ amount }) => amount)).not.toContain('0.07')

  const account = await call('POST', '/accounts', { name: 'British', legal_entity_id: id })
  expect([account.status, account.body['zone']]).toEqual([201, 'Europe/London'])
  const { items } = (await call('GET', `/accounts/${account.body['id'] as string}/contracts`)).body as {
    items: { currency: string; price_book_id: string }[]
  }
  expect(items).toEqual([expect.objectContaining({ currency: 'GBP', price_book_id: book['price_book_id'] })])
  expect((await call('POST', '/accounts', { name: 'X', legal_entity_id: newId() })).status).toBe(404)
})
