/** A provider's list price as our cost: servers of a cloud at the prices of their flavours, while they have them; what has no price is unknown. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Session } from '#connectors/contract.ts'
import { connector } from '#connectors/openstack/index.ts'
import { NewApiKey } from '#control-plane/accounts/contract.ts'
import { createKey } from '#control-plane/accounts/index.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import type { CostBook, Price, PriceListReport } from '#control-plane/catalog/contract.ts'
import type { MarginRow, Margins } from '#control-plane/margins/contract.ts'
import { APPLICATION, CloudDouble } from '#test/connectors/cloud/cloud.ts'
import { World } from '#test/connectors/cloud/world.ts'
import { TRUSTED } from '#test/connectors/certificates.ts'
import { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent } from './agent.ts'
import { apiOf, type Call } from './http.ts'
import { market, sell, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'
import { opened, START } from './reseller.ts'

const REALM = 'cloud.test/RegionOne'
const END = START + 10 * HOUR_MS
const HEAD = 'kind,meter,attribute,value,per,unit,amount,currency'
const LIST = [
  HEAD,
  'vm,instance,flavor,m1.small,hour,instance,0.02,EUR',
  'vm,instance,flavor,m1.medium,hour,instance,0.045,EUR',
  'vm,instance,flavor,m1.large,hour,instance,0.09,EUR',
  'volume,disk,volume_type,ssd,month,GiB,0.11,EUR',
  'ip,ip,,,hour,IP,0.004,EUR',
].join('\n')

let suite: Suite
let world: Prepared
let call: Call
let cloud: CloudDouble
let agent: Agent
let session: Session
let account = ''
let book: CostBook

/** What the connector tells of the cloud at an instant, as its agent sends it. */
async function seen(at: number): Promise<void> {
  world.clock.now = at
  for (const fact of await session.collect(AbortSignal.timeout(20_000)))
    if (fact.type === 'listing')
      await agent.send([{ ...agent.listing(at, '', fact.resources, fact.complete), scope: fact.scope }])
  await settled(world)
}

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(START))
  await sell(world, { meter: 'vcpu', amount: '0.05' })
  await sell(world, { kind: 'ip', meter: 'ip', unit: 'IP', amount: '0.01' })
  account = await opened(world, 'Customer')
  const there = new World()
  cloud = new CloudDouble(there)
  const [medium, large, odd] = [
    there.flavor('m1.medium', { vcpus: 4, ram: 4_096, disk: 40 }),
    there.flavor('m1.large', { vcpus: 8, ram: 8_192, disk: 80 }),
    there.flavor('m1.odd', { vcpus: 1, ram: 512, disk: 1 }),
  ]
  const resized = there.server('resized')
  there.server('medium', { flavor: { id: medium, links: [] } })
  there.server('large', { flavor: { id: large, links: [] } })
  there.server('odd', { flavor: { id: odd, links: [] } })
  there.volume(10, { name: 'fast' })
  there.volume(20, { name: 'slow', volume_type: 'hdd' })
  there.ip('203.0.113.9')
  agent = await enrolledAgent(world, REALM, account)
  session = await connector.open(
    {
      auth_url: cloud.url + '/identity/v3',
      region: 'RegionOne',
      ca: TRUSTED.ca,
      application_credential_id: APPLICATION.id,
      application_credential_secret: APPLICATION.secret,
    },
    {
      realm: REALM,
      interval_ms: 60_000,
      now: () => world.clock.now,
      emit: () => {},
      memory: { get: async () => undefined, set: async () => {} },
      log: () => {},
    },
  )
  await seen(START)
  Object.assign(there.servers.get(resized) ?? {}, { flavor: { id: large, links: [] } })
  await seen(START + 5 * HOUR_MS)
  world.clock.now = END
  call = await apiOf(suite, world)
  const made = await call('POST', '/cost-books', { name: 'The cloud', realm: REALM })
  expect([made.status, made.text]).toEqual([201, made.text])
  book = made.body as CostBook
}, 120_000)
afterAll(async () => {
  await cloud.end()
  await suite.end()
})

async function asked(query: string): Promise<Margins> {
  const { status, body, text } = await call('GET', `/margins?month=2026-11&${query}`)
  expect([status, text]).toEqual([200, text])
  return body as Margins
}
const costs = async () =>
  (await asked(`by=resource&account_id=${account}`)).items
    .map(({ resource, cost }: MarginRow) => [resource?.name, cost])
    .toSorted()
const list = (csv: string, more: object = {}, step = '') =>
  call('POST', `/cost-books/${book.id}/price-list${step}`, { csv, ...more })
const states = (body: unknown) => (body as PriceListReport).rows.map(({ line, state }) => `${line} ${state}`)
const prices = async () =>
  (await call('GET', `/prices?history=true&price_book_id=${book.price_book_id}`)).body['items'] as Price[]

test('a preview tells line by line what a list would add, and writes nothing', async () => {
  const { status, body } = await list(LIST, {}, '/preview')
  expect([status, states(body), body['kept']]).toEqual([
    200,
    ['2 added', '3 added', '4 added', '5 added', '6 added'],
    0,
  ])
  expect(await prices()).toEqual([])
})

test('each server costs the price of its flavour while it has it, to the cent; what has no price is unknown', async () => {
  const { status, text } = await list(LIST)
  expect([status, text]).toEqual([200, text])
  // resized: 5 h × 0.02 + 5 h × 0.09; fast: 10 GiB × 0.11 × 10 h of 720
  expect(await costs()).toEqual([
    ['203.0.113.9', '0.04'],
    ['fast', '0.02'],
    ['large', '0.90'],
    ['medium', '0.45'],
    ['odd', null],
    ['resized', '0.55'],
    ['slow', null],
  ])
  const [realm] = (await asked('by=realm')).items
  expect([realm?.realm, realm?.cost, realm?.unknown.count]).toEqual([REALM, '1.96', 2])
})

test('the same list once more records nothing; one with another amount changes that price from its instant on', async () => {
  const before = (await prices()).map(({ id }) => id)
  const again = await list(LIST)
  expect(states(again.body)).toEqual(['2 unchanged', '3 unchanged', '4 unchanged', '5 unchanged', '6 unchanged'])
  expect((await prices()).map(({ id }) => id)).toEqual(before)
  const dearer = `${HEAD}\nvm,instance,flavor,m1.medium,hour,instance,0.1,EUR`
  const past = { effective_at: iso(START + 9 * HOUR_MS), correction: true, reason: 'as they announced' }
  const preview = await list(dearer, past, '/preview')
  expect(preview.body).toMatchObject({ rows: [{ line: 2, state: 'changed', before: '0.045' }], kept: 4 })
  const refused = await list(dearer, { effective_at: past.effective_at })
  expect([refused.status, refused.body['errors'][0]['detail']]).toEqual([
    422,
    expect.stringMatching(/^line 2: A past price/),
  ])
  expect((await list(dearer, past)).status).toBe(200)
  // 9 h × 0.045 is a line of its own: 0.405 is 0.41, and 0.10 after it
  expect((await costs()).find(([name]) => name === 'medium')).toEqual(['medium', '0.51'])
})

test('a list is recorded whole or not at all, and its faults are told by their lines', async () => {
  const before = await prices()
  const bad = await list(
    [
      HEAD,
      'vm,instance,flavor,m1.odd,hour,instance,0.5,EUR',
      'vm,instance,flavor,m1.tiny,hour,instance,0.5,USD',
      'vm,instance,status,shelved,hour,instance,0,EUR',
      'vm,instance,flavor,m1.huge,hour,GiB,0.5,EUR',
    ].join('\n'),
  )
  expect(bad.status).toBe(422)
  const details = (bad.body['errors'] as { detail: string }[]).map(({ detail }) => detail)
  expect(details.map((one) => one.slice(0, 7))).toEqual(['line 3:', 'line 4:', 'line 5:'])
  expect(details[1]).toContain('told apart by flavor')
  expect(await prices()).toEqual(before)
})

test('the price without a condition is of the rest, and of nothing else', async () => {
  expect((await list(`${HEAD}\nvm,instance,,,hour,instance,0.2,EUR`)).status).toBe(200)
  const all = new Map((await costs()).map(([name, cost]) => [name, cost]))
  expect([all.get('odd'), all.get('large'), all.get('resized')]).toEqual(['2.00', '0.90', '0.55'])
})

test('what is sold has no such price: each way to record one refuses it', async () => {
  const price = { kind: 'vm', meter: 'memory', model: 'per_unit', per: 'hour', unit: 'GiB', amount: '1' }
  const applies_to = { attribute: 'flavor', equals: 'm1.small' }
  const { id } = (await call('POST', '/price-changes', { name: 'Draft', effective_at: '2099-01-01T00:00:00.000Z' }))
    .body
  const answers = [
    await call('POST', '/prices', { ...price, applies_to }),
    await call('POST', '/prices/preview', { ...price, applies_to }),
    await call('POST', '/prices/quote', { price: { ...price, applies_to }, quantity: '1' }),
    await call('PUT', `/price-changes/${id}/prices`, { ...price, applies_to }),
  ]
  for (const { status, body } of answers)
    expect([status, body['errors']]).toEqual([422, [{ pointer: '/applies_to', detail: expect.any(String) }]])
  // the same in the cost book is a price
  const cost = await call('POST', '/prices', { ...price, applies_to, price_book_id: book.price_book_id })
  expect([cost.status, cost.body['applies_to']]).toEqual([201, applies_to])
})

test('price lists are for those who may see margins and decide about prices', async () => {
  const status = async (wanted: object, account_id: string | null = null) => {
    const key = NewApiKey.parse({ name: 'x', account_id, ...wanted })
    const headers = { authorization: `Bearer ${(await world.run((ctx) => createKey(ctx, key))).token}` }
    const steps = ['', '/preview']
    return Promise.all(
      steps.map(
        async (step) => (await call('POST', `/cost-books/${book.id}/price-list${step}`, { csv: LIST }, headers)).status,
      ),
    )
  }
  expect(await status({ role: 'finance' })).toEqual([200, 200])
  expect(await status({ role: 'finance', scopes: ['catalog.write', 'catalog.read'] })).toEqual([403, 403])
  for (const role of ['support', 'operator', 'read_only']) expect(await status({ role })).toEqual([403, 403])
  expect(await status({ role: 'tenant_owner' }, account)).toEqual([403, 403])
})
