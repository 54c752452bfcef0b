/** A POST that is sent again with its key has its effect once and gets its first answer, whatever dies in between. */
import { createUser } from '@nats-io/nkeys'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKey, openProject } from '#control-plane/accounts/index.ts'
import { NewApiKey } from '#control-plane/accounts/contract.ts'
import { system } from '#control-plane/base/actor.ts'
import { newId } from '#control-plane/base/id.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { connect, type Database, rows, transact, transactAsTenant } from '#control-plane/db/index.ts'
import { forgetAnswers, KEPT_MS } from '#control-plane/http/once.ts'
import { createEnrolment } from '#control-plane/sources/index.ts'
import { Suite } from '../setup/stack.ts'
import { enrolledAgent, vm } from './agent.ts'
import { chargeBodies, chargedTwice } from './charged.ts'
import { type Answer, type Call, apiOf, urlsFor } from './http.ts'
import { repriced } from './repriced.ts'
import { PLAIN_BODIES } from './plain-bodies.ts'
import { racked } from './racked.ts'
import { releasesFor } from './signed.ts'
import { market, resourceId, sell, settled } from './ledger.ts'
import { bodiesOfSold, idsOfSold, type Sold, soldIn } from './sold.ts'
import type { Prepared } from './prepared.ts'
import { EVERYBODY, makeRedeemable, member } from './two-accounts.ts'

const NOW = Date.parse('2026-11-10T08:00:00.000Z')
let suite: Suite
let world: Prepared
let call: Call
let machine: string
let project: string
let charged: Awaited<ReturnType<typeof chargedTwice>>
let other: string
let agentKey: string
let [person, a, b] = ['', '', '']
const token: Record<string, string> = {}
let sold: Sold
let mounted: Awaited<ReturnType<typeof racked>>
let released: Awaited<ReturnType<typeof releasesFor>>

/** What comes between a route and its database: nothing, until a test lets something die. */
let dying: 'never' | 'before commit' | 'after commit' = 'never'
/** stops a transaction before it commits until it is opened */
let gate: Promise<void> | null = null
const through = (db: Database): Database =>
  new Proxy(db, {
    get(target, name) {
      if (name !== 'transaction') return Reflect.get(target, name) as unknown
      return async (work: Parameters<Database['transaction']>[0]) => {
        const result = await target.transaction(async (tx) => {
          const made = await work(tx)
          await gate
          if (dying === 'before commit') throw new Error('killed')
          return made
        })
        if (dying === 'after commit') throw new Error('killed')
        return result
      }
    },
  })

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(NOW))
  await sell(world, { meter: 'vcpu', amount: '0.05' })
  const agent = await enrolledAgent(world, 'idempotency')
  await agent.send([agent.listing(NOW, 'h', [vm('one')])])
  await settled(world)
  world.clock.now += HOUR_MS
  await agent.send([agent.listing(world.clock.now, 'h', [vm('one')])])
  await settled(world)
  const second = await enrolledAgent(world, 'elsewhere')
  await second.send([second.listing(world.clock.now, 'h', [vm('two')])])
  await settled(world)
  agentKey = agent.key.getPublicKey()
  machine = await resourceId(world, 'one')
  other = await resourceId(world, 'two')
  const open = async (name: string) => (await world.run((ctx) => openAccount(ctx, { name, tax_id: '', email: '' }))).id
  ;[a, b] = [await open('Account A'), await open('Account B')]
  for (const [who, account_id] of Object.entries({ a, b })) {
    const wanted = NewApiKey.parse({ name: who, role: 'tenant_owner', account_id })
    token[who] = (await world.run((ctx) => createKey(ctx, wanted))).token
  }
  await member(world, a)
  person = (await rows<{ id: string }>(world.db, sql`select id from person`))[0]!.id
  await repriced.begin(world)
  project = (await world.run((ctx) => openProject(ctx, world.account_id, { name: 'to close' }))).id
  call = await apiOf(suite, world, through)
  await makeRedeemable(call, world.account_id)
  released = await releasesFor(world, suite.folder)
  charged = await chargedTwice(call, world.account_id)
  sold = await soldIn(call, world.account_id, machine)
  mounted = await racked(world, call)
}, 120_000)
afterAll(() => suite.end())

const post = (path: string, body: unknown, key: string, who?: string) =>
  call('POST', path, body, {
    'idempotency-key': key,
    ...(who === undefined ? {} : { authorization: `Bearer ${token[who]}` }),
  })
const replayed = ({ headers }: Answer) => headers.get('idempotent-replayed') === 'true'
const count = async (table: string) =>
  Number((await rows<{ count: string }>(world.db, sql`select count(*) from ${sql.identifier(table)}`))[0]?.count)
const key = () => crypto.randomUUID()
const api_key = (name: string) => ({ name, role: 'tenant_member' })

interface Described {
  parameters?: { in: string; name: string }[]
  responses: Record<string, unknown>
  'x-repeatable'?: string
}
async function posts(): Promise<[string, Described][]> {
  const { paths } = (await call('GET', '/openapi.json')).body as { paths: Record<string, { post?: Described }> }
  return Object.entries(paths).flatMap(([path, { post: one }]) => (one ? [[path.replace('/api/v1', ''), one]] : []))
}

/** A body for each POST that creates. */
const BODIES: Record<string, () => unknown> = {
  ...PLAIN_BODIES,
  '/accounts/{id}/redemptions': () => ({ code: EVERYBODY.code }),
  '/coupons': () => ({ ...EVERYBODY, code: newId() }),
  ...chargeBodies(() => charged.charge),
  '/accounts/{id}/accepted-gaps': () => ({
    gaps: [{ resource_id: machine, meter: 'vcpu', from: iso(NOW), to: iso(NOW + 1_000) }],
    reason: 'seen by nobody',
  }),
  '/agent-releases': () => released.unknown,
  '/agent-rollouts': () => ({ release_id: released.stored, waves: [{ percent: 100 }] }),
  '/invoices': () => ({ account_id: world.account_id }),
  // the invoice closed it: at its own cut it differs by nothing
  '/accounts/{id}/notes': () => ({ cut: 1 }),
  ...bodiesOfSold(() => [sold, other]),
  ...repriced.bodies,
  '/assignment-rules/changes': () => ({
    kind: 'create',
    name: newId(),
    condition: { realm: 'nowhere' },
    effect: { to: 'account', account_id: a },
  }),
  '/resources/{id}/assignments': () => ({ account_id: a }),
  '/hardware/mounts': () => mounted,
  '/resources/{id}/same-as': () => ({ resource_id: other, same: false, reason: 'two boards' }),
}
const idIn = (path: string) => {
  const one = {
    accounts: world.account_id,
    projects: project,
    invoices: charged.invoice,
    'price-changes': repriced.change,
    people: person,
    'agent-rollouts': released.rollout,
  }
  const of: Record<string, string> = { ...one, ...idsOfSold(sold, path) }
  return path.replace('{id}', of[path.split('/')[1] ?? ''] ?? machine).replace('{attachment}', sold.attachment)
}

test('every POST takes a key or says why it needs none, and none that creates says so', async () => {
  const all = await posts()
  const takes = all.filter(([, { parameters }]) =>
    parameters?.some((one) => one.in === 'header' && one.name === 'Idempotency-Key'),
  )
  // asks a provider, which must answer: `sso.test.ts`
  const tried = takes.map(([path]) => path).filter((path) => path !== '/sso-providers')
  expect(tried.toSorted()).toEqual(Object.keys(BODIES).toSorted())
  for (const [path, one] of all) {
    const isRepeatable = one['x-repeatable'] !== undefined
    expect([path, takes.some(([taking]) => taking === path)]).toEqual([path, !isRepeatable])
    if ('201' in one.responses) expect([path, isRepeatable]).toEqual([path, false])
    else if (isRepeatable) expect(one['x-repeatable']!.length).toBeGreaterThan(8)
  }
})

test('each of them has its effect once, and the same answer to the letter', async () => {
  for (const [path, bodyOf] of Object.entries(BODIES)) {
    const body =
      path === '/agents/enrol'
        ? {
            token: (await world.run((ctx) => createEnrolment(ctx, { expires_in_hours: 1, uses: 1, labels: {} }))).token,
            name: 'created once',
            public_key: createUser().getPublicKey(),
            machine_id: null,
            version: '1',
          }
        : bodyOf()
    const mine = key()
    const first = await post(idIn(path), body, mine)
    expect([path, first.status < 300, first.text]).toEqual([path, true, first.text])
    const events = await count('event')
    world.clock.now += 60_000
    const again = await post(idIn(path), body, mine)
    expect([path, again.status, again.text]).toEqual([path, first.status, first.text])
    expect([path, replayed(first), replayed(again)]).toEqual([path, false, true])
    expect([path, await count('event')]).toEqual([path, events])
  }
})

test('a refusal is an answer, too, down to the id that support asks for', async () => {
  const mine = key()
  const wanted = { account_id: newId() }
  const first = await post(`/resources/${machine}/assignments`, wanted, mine)
  expect(first).toMatchObject({ status: 404, body: { code: 'not_found' } })
  const again = await post(`/resources/${machine}/assignments`, wanted, mine)
  expect([again.status, again.text]).toEqual([404, first.text])
  expect(again.headers.get('x-request-id')).toBe(first.body.request_id)
  // refused ahead of the transaction that issues
  const [nothing, empty] = [key(), { account_id: b }]
  const refusal = await post('/invoices', empty, nothing)
  expect(refusal.status).toBe(409)
  expect((await post('/invoices', empty, nothing)).text).toBe(refusal.text)
})

test('what a refused verb had done before is undone', async () => {
  const { token: shown } = await world.run((ctx) => createEnrolment(ctx, { expires_in_hours: 1, uses: 1, labels: {} }))
  const body = { token: shown, name: 'again', public_key: agentKey, machine_id: null, version: '1' }
  // its token is used up first, and then its key is found to be another's
  expect((await post('/agents/enrol', body, key())).status).toBe(409)
  const fresh = { ...body, public_key: createUser().getPublicKey() }
  expect((await post('/agents/enrol', fresh, key())).status).toBe(201)
})

test('the same key with other content or another address is refused, and does nothing', async () => {
  const mine = key()
  expect((await post('/api-keys', api_key('first'), mine, 'a')).status).toBe(201)
  const before = await count('credential')
  expect(await post('/api-keys', api_key('second'), mine, 'a')).toMatchObject({
    status: 422,
    body: { code: 'key_reused' },
  })
  expect(await post('/api-keys?x=1', api_key('first'), mine, 'a')).toMatchObject({ body: { code: 'key_reused' } })
  expect(await count('credential')).toBe(before)
})

test('one whose twin is still running is told to come again, and then gets its answer', async () => {
  const mine = key()
  let open = () => {}
  gate = new Promise((resolve) => (open = resolve))
  const first = post('/api-keys', api_key('twin'), mine, 'a')
  await Bun.sleep(300)
  gate = null
  const second = await post('/api-keys', api_key('twin'), mine, 'a')
  expect(second).toMatchObject({ status: 409, body: { code: 'key_in_use' } })
  expect(second.headers.get('retry-after')).toBe('1')
  open()
  const { status, text } = await first
  expect([status, (await post('/api-keys', api_key('twin'), mine, 'a')).text]).toEqual([201, text])
})

test('twenty at once with one key make one', async () => {
  const [mine, before] = [key(), await count('credential')]
  const answers = await Promise.all(Array.from({ length: 20 }, () => post('/api-keys', api_key('many'), mine, 'a')))
  expect(await count('credential')).toBe(before + 1)
  const made = answers.filter(({ status }) => status === 201)
  expect(new Set(made.map(({ text }) => text)).size).toBe(1)
  for (const { status, body } of answers) if (status !== 201) expect(body.code).toBe('key_in_use')
})

test('two callers have nothing to do with each other’s keys', async () => {
  const mine = key()
  const [of_a, of_b, of_staff] = [
    await post('/api-keys', api_key('mine'), mine, 'a'),
    await post('/api-keys', api_key('mine'), mine, 'b'),
    await post('/api-keys', { name: 'mine', role: 'read_only' }, mine),
  ]
  expect([of_a.status, of_b.status, of_staff.status]).toEqual([201, 201, 201])
  expect(new Set([of_a, of_b, of_staff].map(({ body }) => body.token)).size).toBe(3)
  // who enrols has no credential but the token in the body
  for (const name of ['first', 'second']) {
    const { token: shown } = await world.run((ctx) =>
      createEnrolment(ctx, { expires_in_hours: 1, uses: 1, labels: {} }),
    )
    const public_key = createUser().getPublicKey()
    const body = { token: shown, name, public_key, machine_id: null, version: '1' }
    expect([name, (await post('/agents/enrol', body, mine)).status]).toEqual([name, 201])
  }
  const before = await count('idempotency_key')
  const guess = { token: 'x'.repeat(20), name: 'n', public_key: createUser().getPublicKey(), version: '1' }
  expect((await post('/agents/enrol', guess, mine)).status).toBe(401)
  // or anybody could fill the table
  expect(await count('idempotency_key')).toBe(before)
})

test('a tenant’s connection sees the answers of its own account, and changes none', async () => {
  const { api, staff } = await urlsFor(world)
  const [tenants, db] = [connect(api, 1), connect(staff, 1)]
  const seen = (account_id: string) =>
    transactAsTenant({ tenants, db }, { ...system('test'), account_id }, Date.now, ({ tx }) =>
      rows<{ account_id: string }>(tx, sql`select distinct account_id from idempotency_key`),
    )
  expect(await seen(a)).toEqual([{ account_id: a }])
  expect(await seen(b)).toEqual([{ account_id: b }])
  expect(await rows(tenants, sql`select * from idempotency_key`)).toEqual([])
  for (const statement of [sql`update idempotency_key set answer = ''`, sql`delete from idempotency_key`])
    for (const pool of [tenants, db])
      await expect(pool.execute(statement)).rejects.toMatchObject({ cause: { code: '42501' } })
  const forged = transactAsTenant({ tenants, db }, { ...system('test'), account_id: a }, Date.now, ({ tx }) =>
    tx.execute(sql`insert into idempotency_key values ('\\x00', ${b}, '', '', now())`),
  )
  await expect(forged).rejects.toMatchObject({ cause: { code: '42501' } })
  await Promise.all([tenants, db].map((pool) => pool.$client.end({ timeout: 1 })))
})

test.each([
  ['/api-keys', () => api_key('crash'), 'a', 'credential'],
  ['/accounts', () => ({ name: 'Crash' }), undefined, 'account'],
  ['/invoices', () => ({ account_id: world.account_id }), undefined, 'invoice'],
] as const)(
  '%s: who dies after the commit did it, who dies before it did nothing',
  async (path, bodyOf, who, table) => {
    const [mine, before] = [key(), await count(table)]
    world.clock.now += HOUR_MS
    const body = bodyOf()
    if (path === '/invoices') {
      // its steps ahead of the last one commit by themselves
      const made = await post(path, body, mine, who)
      expect([made.status, await count(table)]).toEqual([201, before + 1])
      world.clock.now += HOUR_MS
      const next = key()
      dying = 'before commit'
      expect((await post(path, body, next, who)).status).toBe(500)
      dying = 'never'
      expect(await count(table)).toBe(before + 1)
      expect((await post(path, body, next, who)).status).toBe(201)
      expect((await post(path, body, mine, who)).text).toBe(made.text)
      expect(await count(table)).toBe(before + 2)
      return
    }
    dying = 'before commit'
    expect((await post(path, body, mine, who)).status).toBe(500)
    expect(await count(table)).toBe(before)
    dying = 'after commit'
    expect((await post(path, body, mine, who)).status).toBe(500)
    dying = 'never'
    expect(await count(table)).toBe(before + 1)
    const found = await post(path, body, mine, who)
    expect([found.status, replayed(found)]).toEqual([201, true])
    expect(await count(table)).toBe(before + 1)
  },
)

test('what is shown once lies in no byte of the table, nor does the key', async () => {
  const mine = key()
  const { body } = await post('/api-keys', api_key('secret'), mine, 'a')
  const enrolment = (await post('/enrolments', {}, mine)).body
  const kept = await rows<Record<string, unknown>>(world.db, sql`select * from idempotency_key`)
  const bytes = kept.map((row) =>
    Object.values(row)
      .map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value)))
      .join('\n'),
  )
  expect(bytes.length).toBeGreaterThan(10)
  for (const secret of [body.token, enrolment.token, mine] as string[])
    for (const form of [
      secret,
      Buffer.from(secret).toString('base64').slice(2, -4),
      Buffer.from(secret).toString('hex'),
    ])
      expect(bytes.some((row) => row.includes(form))).toBe(false)
})

test('a key that is none is refused where one is taken', async () => {
  for (const wrong of ['', ' ', 'a b', 'x'.repeat(201), 'ñ'])
    expect(await post('/api-keys', api_key('wrong'), wrong, 'a')).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/idempotency-key' }] },
    })
  expect((await post('/api-keys', api_key('long'), 'x'.repeat(200), 'a')).status).toBe(201)
  const reads = await call('POST', '/verification', undefined, { 'idempotency-key': 'not looked at' })
  expect([reads.status, replayed(reads)]).toEqual([200, false])
})

test('who lost the right to do it gets no answer of what he did', async () => {
  const mine = key()
  const made = await post('/api-keys', api_key('revoked'), mine, 'a')
  const own = made.body.token as string
  expect((await post('/api-keys', api_key('member'), mine, 'a')).status).toBe(422)
  const asMember = await call('POST', '/api-keys', api_key('revoked'), {
    'idempotency-key': mine,
    authorization: `Bearer ${own}`,
  })
  expect(asMember.status).toBe(403)
})

test('after a day a key is new again', async () => {
  const mine = key()
  const first = await post('/api-keys', api_key('day'), mine, 'a')
  const sweep = () => transact(world.db, system('forget_answers'), () => world.clock.now, forgetAnswers)
  world.clock.now += KEPT_MS - 1_000
  await sweep()
  expect((await post('/api-keys', api_key('day'), mine, 'a')).text).toBe(first.text)
  world.clock.now += 2_000
  await sweep()
  expect(await count('idempotency_key')).toBe(0)
  const next = await post('/api-keys', api_key('day'), mine, 'a')
  expect([next.status, replayed(next)]).toEqual([201, false])
  expect(next.body.token).not.toBe(first.body.token)
})
