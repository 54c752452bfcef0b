/** What one account reaches of another: nothing, by the API or beneath it; and a machine only for the time in which it was its own. */
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKey } from '#control-plane/accounts/index.ts'
import { NewApiKey } from '#control-plane/accounts/contract.ts'
import { system } from '#control-plane/base/actor.ts'
import { newId } from '#control-plane/base/id.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { finalise } from '#control-plane/billing/index.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { connect, rows, transactAsTenant } from '#control-plane/db/index.ts'
import { sql } from 'drizzle-orm'
import { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, host, vm } from './agent.ts'
import { type Call, apiOf, urlsFor } from './http.ts'
import { market, resourceId, sell, settled, transfer } from './ledger.ts'
import type { Prepared } from './prepared.ts'
import { INSTALLATION_TABLES } from './tables.ts'

const START = Date.parse('2026-11-10T10:00:00.000Z')
const MIB = 1024 ** 2
/** in the middle of an hour, between two readings */
const TRANSFER = START + HOUR_MS + 20 * 60_000 + 5_000

let suite: Suite
let world: Prepared
let agent: Agent
let call: Call
let a: string
let b: string
const id: Record<string, string> = {}
const key: Record<string, string> = {}
const raw: Record<string, postgres.Sql> = {}

const as = (who: string) => ({ authorization: `Bearer ${key[who]}` })
const get = (who: string, path: string) => call('GET', path, undefined, as(who))

/** A mebibyte every ten seconds of each machine, for two hours. */
async function reports(): Promise<void> {
  const listing = agent.listing(START, 'h', [host('h'), vm('a'), vm('b'), vm('moved')])
  await agent.send([listing])
  for (let at = START; at <= START + 2 * HOUR_MS; at += 60_000) {
    const step = (at - START) / 10_000
    const counters = { 'network_receive_bytes/nic0': step * MIB }
    await agent.send([
      agent.unchanged(at, listing),
      ...['a', 'b', 'moved'].map((name) => agent.readings(at, name, counters, { interval_ms: 60_000 })),
    ])
  }
  world.clock.now = START + 2 * HOUR_MS
  await settled(world)
}

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(START))
  a = (await world.run((ctx) => openAccount(ctx, { name: 'Account A', tax_id: '', email: '' }))).id
  b = (await world.run((ctx) => openAccount(ctx, { name: 'Account B', tax_id: '', email: '' }))).id
  await sell(world, { meter: 'vcpu', amount: '0.05' })
  await sell(world, { meter: 'network_receive_bytes', unit: 'GiB', per: 'quantity', amount: '0.01' })
  agent = await enrolledAgent(world, 'isolation')
  await reports()
  for (const name of ['a', 'b', 'moved']) id[name] = await resourceId(world, name)
  await transfer(world, 'a', a, START - HOUR_MS, 'from the start')
  await transfer(world, 'b', b, START - HOUR_MS, 'from the start')
  await transfer(world, 'moved', a, START - HOUR_MS, 'from the start')
  await transfer(world, 'moved', b, TRANSFER)
  await settled(world)
  call = await apiOf(suite, world)
  for (const [who, account_id] of Object.entries({ a, b })) {
    const wanted = NewApiKey.parse({ name: who, role: 'tenant_owner', account_id })
    key[who] = (await world.run((ctx) => createKey(ctx, wanted))).token
    const input = { account_id, to: iso(START + HOUR_MS) }
    id[`invoice of ${who}`] = await finalise(world.db, system('test'), () => world.clock.now, newId(), input)
  }
  const { api, work } = await urlsFor(world)
  for (const [role, url] of Object.entries({ api, work })) {
    raw[role] = postgres(url, { max: 1, onnotice: () => {} })
    suite.atEnd(() => raw[role]!.end({ timeout: 1 }))
  }
}, 120_000)
afterAll(() => suite.end())

interface Table {
  name: string
  accounts: boolean
  enabled: boolean
  forced: boolean
}
const tables = () =>
  rows<Table>(
    world.db,
    sql`select c.relname as name, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
          exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'account_id' and not a.attisdropped) as accounts
        from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1`,
  )
const under = <T>(account_id: string | null, work: (tx: postgres.TransactionSql) => Promise<T>): Promise<T> =>
  raw.api!.begin(async (tx) => {
    if (account_id !== null) await tx`select set_config('app.account_id', ${account_id}, true)`
    return work(tx)
  }) as Promise<T>
/** Rows that a statement touches; none where it is refused. */
const touched = (account_id: string | null, statement: string): Promise<number> =>
  under(account_id, async (tx) => (await tx.unsafe(statement)).count).catch((error: postgres.PostgresError) => {
    expect([statement, error.code]).toEqual([statement, '42501'])
    return 0
  })

test('every table is one of accounts, or stands in the list of those of the installation with its reason', async () => {
  const found = await tables()
  expect(found.length).toBeGreaterThan(40)
  expect(found.filter(({ enabled, forced }) => !enabled || !forced)).toEqual([])
  const others = found.filter(({ accounts }) => !accounts).map(({ name }) => name)
  expect(others).toEqual(Object.keys(INSTALLATION_TABLES).toSorted())
  expect(Object.values(INSTALLATION_TABLES).filter(({ why }) => why.length < 10)).toEqual([])
})

test('a connection that acts for one account touches no row of another, whatever it says', async () => {
  const seen = new Map<string, number>()
  for (const { name, accounts } of await tables()) {
    if (!accounts) continue
    const [theirs] = await raw.work!.unsafe(`select count(*)::int as count from ${name} where account_id = '${b}'`)
    if (theirs!.count > 0) seen.set(name, theirs!.count)
    expect([name, await touched(a, `select * from ${name} where account_id = '${b}'`)]).toEqual([name, 0])
    expect([name, await touched(a, `update ${name} set account_id = account_id where account_id = '${b}'`)]).toEqual([
      name,
      0,
    ])
    expect([name, await touched(a, `update ${name} set account_id = '${a}'`)]).toEqual([name, 0])
    expect([name, await touched(a, `delete from ${name} where account_id = '${b}'`)]).toEqual([name, 0])
    expect([name, await touched(a, `insert into ${name} select * from ${name} where account_id = '${b}'`)]).toEqual([
      name,
      0,
    ])
  }
  // the statements had something to miss
  expect([...seen.keys()]).toEqual(
    expect.arrayContaining([
      'assignment',
      'contract',
      'credential',
      'event',
      'invoice',
      'invoice_line',
      'project',
      'resource',
    ]),
  )
  const [forged] = await raw.work!`select * from event where account_id = ${b} limit 1`
  const insert = (account_id: string) =>
    under(a, (tx) => tx`insert into event ${tx({ ...forged, id: newId(), number: null, account_id } as never)}`)
  await expect(insert(b)).rejects.toThrow(/row-level security/)
})

test('tables of the installation give a tenant only what their reason says', async () => {
  for (const [name, { rows: may }] of Object.entries(INSTALLATION_TABLES)) {
    const all = await touched(a, `select * from ${name}`)
    expect([name, may ? all > 0 : all]).toEqual([name, may ?? 0])
    for (const statement of [`update ${name} set tableoid = tableoid`, `delete from ${name}`])
      await expect(under(a, (tx) => tx.unsafe(statement))).rejects.toThrow(/permission denied|system column|row-level/)
  }
  const accounts = await under(a, (tx) => tx.unsafe('select id from account'))
  expect(accounts.map((row) => row.id)).toEqual([a])
  expect(await touched(a, `update account set name = 'taken' where id = '${b}'`)).toBe(0)
})

test('without an account a connection of tenants sees nothing at all', async () => {
  for (const { name } of await tables()) expect([name, await touched(null, `select * from ${name}`)]).toEqual([name, 0])
})

test('a job that dies leaves no account set on its connection', async () => {
  const { api, staff } = await urlsFor(world)
  const [tenants, db] = [connect(api, 1), connect(staff, 1)]
  const actor = { ...system('job'), account_id: a }
  const dies = transactAsTenant({ tenants, db }, actor, Date.now, async ({ tx }) => {
    expect(await rows(tx, sql`select id from account`)).toHaveLength(1)
    throw new Error('died')
  })
  await expect(dies).rejects.toThrow('died')
  expect(await rows(tenants, sql`select id from account`)).toEqual([])
  expect(await rows(tenants, sql`select acting_account() as account`)).toEqual([{ account: null }])
  await Promise.all([tenants, db].map((pool) => pool.$client.end({ timeout: 1 })))
})

const withoutRequestId = (text: string) => text.replace(/"request_id":"[^"]*"/, '')

test('what is another account’s answers like what never was', async () => {
  const nowhere = '0198c5d0-0000-7000-8000-000000000000'
  const line = (await get('b', `/invoices/${id['invoice of b']}`)).body['lines'][0].id as string
  for (const path of [
    '/resources/:b',
    '/resources/:b/history',
    '/resources/:b/usage',
    '/resources/:b/metrics',
    '/resources/:b/series',
    '/resources/:b/cost',
    '/accounts/:account',
    '/accounts/:account/draft',
    '/accounts/:account/contracts',
    '/invoices/:invoice',
    '/invoices/:invoice/pdf',
    `/invoices/:invoice/lines/${line}/explanation`,
    `/accounts/:account/draft/lines/${line}/explanation`,
  ]) {
    const [theirs, never] = await Promise.all(
      [id['b']!, nowhere].map((resource, index) =>
        get(
          'a',
          path
            .replace(':b', resource)
            .replace(':account', index === 0 ? b : nowhere)
            .replace(':invoice', index === 0 ? id['invoice of b']! : nowhere),
        ),
      ),
    )
    const masked = (text: string) =>
      [id['b']!, b, id['invoice of b']!].reduce((all, one) => all.replaceAll(one, nowhere), withoutRequestId(text))
    expect([path, theirs!.status]).toEqual([path, 404])
    expect([path, masked(theirs!.text)]).toEqual([path, masked(never!.text)])
    const own = path.replace(':b', id['b']!).replace(':account', b).replace(':invoice', id['invoice of b']!)
    if (!own.includes('draft/lines')) expect([own, (await get('b', own)).status]).toEqual([own, 200])
  }
})

test('lists hold what is one’s own and nothing else', async () => {
  const names = async (who: string) =>
    (await get(who, '/resources?limit=100')).body['items'].map((r: { name: string }) => r.name)
  expect(await names('a')).toEqual(['a'])
  expect(await names('b')).toEqual(['b', 'moved'])
  const csv = await get('a', '/resources.csv')
  expect(csv.text.trim().split('\r\n')).toHaveLength(2)
  const summary = (await get('a', '/resources/summary')).body
  expect(summary).toEqual({ by_kind: [expect.objectContaining({ kind: 'vm', total: 1 })], unowned: 0 })
  for (const [who, account] of Object.entries({ a, b })) {
    const of = async (path: string) => (await get(who, path)).body['items'] as Record<string, unknown>[]
    expect((await of('/accounts')).map((one) => one['id'])).toEqual([account])
    expect((await of('/invoices')).map((one) => one['account_id'])).toEqual([account])
    expect((await of('/drafts')).map(({ account: of_whom }) => (of_whom as { id: string }).id)).toEqual([account])
    expect(new Set((await of('/events')).map((one) => one['account_id']))).toEqual(new Set([account]))
    expect((await of('/api-keys')).map((one) => one['name'])).toEqual([who])
    expect(await of('/legal-entities')).toHaveLength(1)
    expect((await get(who, '/session')).body['account']).toMatchObject({ id: account })
  }
})

test.each(['/agents', '/sources', '/quarantine', '/notices', '/accounting', '/audit', '/prices', '/connectors'])(
  '%s is no tenant’s',
  async (path) => expect((await get('a', path)).status).toBe(403),
)

test('a machine that changed hands is shown to each for his own time, and no time is missing or doubled', async () => {
  const path = `/resources/${id['moved']}`
  const [first, then] = [(await get('a', path)).body, (await get('b', path)).body]
  expect(first).toMatchObject({
    held_until: iso(TRANSFER),
    name: 'moved',
    owner: null,
    host: null,
    cost_per_hour: null,
  })
  expect(then).toMatchObject({ held_until: null, owner: { account_id: b } })
  const timeline = async (who: string) => (await get(who, `${path}/history`)).body
  expect((await timeline('a'))['observed'].map((v: { to: string }) => v.to)).toEqual([iso(TRANSFER)])
  expect((await timeline('b'))['observed'].map((v: { from: string }) => v.from)).toEqual([iso(TRANSFER)])
  for (const who of ['a', 'b']) expect((await timeline(who))['assigned']).toHaveLength(1)

  const range = `from=${iso(START)}&to=${iso(START + 2 * HOUR_MS)}&meter=network_receive_bytes`
  const usage = async (who: string) =>
    (await get(who, `${path}/usage?${range}`)).body['items'] as { hour: string; quantity: string }[]
  const [of_a, of_b] = [await usage('a'), await usage('b')]
  const cut = iso(START + HOUR_MS)
  expect(of_a.map((row) => row.hour)).toEqual([iso(START), cut])
  expect(of_b.map((row) => row.hour)).toEqual([cut])
  const sum = [...of_a, ...of_b].reduce((total, row) => total + BigInt(row.quantity), 0n)
  expect(sum).toBe(BigInt(2 * 360 * MIB))
  expect(BigInt(of_a[1]!.quantity)).toBe(BigInt(Math.floor(((20 * 60 + 5) / 10) * MIB)))

  const axis = `from=${iso(START)}&to=${iso(START + 2 * HOUR_MS)}&points=120&metrics=network_receive_bytes`
  const chart = async (who: string) => {
    const { at, series } = (await get(who, `${path}/series?${axis}`)).body as {
      at: string[]
      series: { values: (number | null)[] }[]
    }
    return at.filter((_, slot) => series[0]?.values[slot] != null)
  }
  const [before, after] = [await chart('a'), await chart('b')]
  expect(before.length).toBeGreaterThan(60)
  expect(after.length).toBeGreaterThan(30)
  expect(before.filter((at) => Date.parse(at) + 60_000 > TRANSFER)).toEqual([])
  expect(after.filter((at) => Date.parse(at) < TRANSFER)).toEqual([])
})

test('a tenant gives keys of his own account alone, and nobody else’s key is his to end', async () => {
  const make = (body: object) => call('POST', '/api-keys', { name: 'made', ...body }, as('a'))
  expect((await make({ role: 'owner' })).status).toBe(403)
  expect((await make({ role: 'read_only' })).status).toBe(403)
  expect((await make({ role: 'tenant_member', account_id: b })).status).toBe(404)
  const made = await make({ role: 'tenant_member' })
  expect(made).toMatchObject({ status: 201, body: { key: { account: { id: a } } } })
  const listed = (await get('b', '/api-keys')).body['items'] as { id: string }[]
  expect((await call('DELETE', `/api-keys/${listed[0]!.id}`, undefined, as('a'))).status).toBe(404)
  expect((await call('DELETE', `/api-keys/${made.body['key'].id}`, undefined, as('a'))).status).toBe(204)
})

test('a reseller reaches the accounts below his own, at any depth, and none beside them', async () => {
  const open = (name: string, parent_id: string) =>
    world.run((ctx) => openAccount(ctx, { name, tax_id: '', email: '', parent_id }))
  const child = await open('Child of A', a)
  const grandchild = await open('Grandchild of A', child.id)
  const names = async (who: string) =>
    (await get(who, '/accounts?limit=50')).body['items'].map((one: { name: string }) => one.name)
  expect(await names('a')).toEqual(['Account A', 'Child of A', 'Grandchild of A'])
  expect(await names('b')).toEqual(['Account B'])
  const wanted = NewApiKey.parse({ name: 'child', role: 'tenant_owner', account_id: child.id })
  key['child'] = (await world.run((ctx) => createKey(ctx, wanted))).token
  expect(await names('child')).toEqual(['Child of A', 'Grandchild of A'])
  expect((await get('child', `/accounts/${a}`)).status).toBe(404)
  await transfer(world, 'a', grandchild.id, world.clock.now - 1)
  expect((await get('a', `/resources/${id['a']}`)).body).toMatchObject({ held_until: null })
  expect((await get('child', `/resources/${id['a']}`)).body).toMatchObject({ name: 'a' })
  expect((await get('b', `/resources/${id['a']}`)).status).toBe(404)
})
