/** What one account reaches of another: nothing, by the API or beneath it; and a machine only for the time in which it was its own. */
import { sql } from 'drizzle-orm'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { system } from '#control-plane/base/actor.ts'
import { newId } from '#control-plane/base/id.ts'
import { parseFraction, sum, toDecimal } from '#control-plane/base/exact.ts'
import type { AccountUsage } from '#control-plane/rating/contract.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { connect, rows, transactAsTenant } from '#control-plane/db/index.ts'
import { Suite } from '../setup/stack.ts'
import { urlsFor } from './http.ts'
import { transfer } from './ledger.ts'
import { INSTALLATION_TABLES } from './tables.ts'
import { asBearer, MIB, reading, START, TRANSFER, type TwoAccounts, twoAccounts } from './two-accounts.ts'

let suite: Suite
let stage: TwoAccounts
let world: TwoAccounts['world']
let call: TwoAccounts['call']
/** ids of the two accounts */
let a: string
let b: string
const token: Record<string, string> = {}
const raw: Record<string, postgres.Sql> = {}

const as = (who: string) => asBearer(token[who] ?? '')
const get = (who: string, path: string) => reading(call, token[who] ?? '', path)

beforeAll(async () => {
  suite = new Suite()
  stage = await twoAccounts(suite)
  ;({ world, call } = stage)
  ;[a, b] = [stage.a.account_id, stage.b.account_id]
  Object.assign(token, { a: stage.a.token, b: stage.b.token })
  for (const of of ['account', 'installation']) {
    const made = await call('POST', '/roles', { name: `Reader of ${of}`, of, permissions: ['inventory.read'] })
    expect(made.status).toBe(201)
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
  /** those that can be written */
  columns: string
  /** whether a tenant's connection may do anything with it */
  granted: boolean
  enabled: boolean
  forced: boolean
}
const tables = () =>
  rows<Table>(
    world.db,
    sql`select c.relname as name, c.relrowsecurity as enabled, c.relforcerowsecurity as forced,
          has_any_column_privilege('atalaya_api', c.oid, 'select, insert, update, references')
            or has_table_privilege('atalaya_api', c.oid, 'delete, truncate, trigger') as granted,
          exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'account_id' and not a.attisdropped) as accounts,
          (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_attribute a
           where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns
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
  // a table without policies is one on which a tenant's connection has no right at all
  const fenced = (one: Table) => one.enabled && one.forced
  expect(found.filter((one) => !fenced(one) && (one.accounts || one.granted))).toEqual([])
  const others = found.filter(({ accounts }) => !accounts).map(({ name }) => name)
  expect(others).toEqual(Object.keys(INSTALLATION_TABLES).toSorted())
  expect(Object.values(INSTALLATION_TABLES).filter(({ why }) => why.length < 10)).toEqual([])
})

test('a connection that acts for one account touches no row of another, whatever it says', async () => {
  const seen = new Map<string, number>()
  for (const { name, accounts, columns } of await tables()) {
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
    const again = `insert into ${name} (${columns}) select ${columns} from ${name} where account_id = '${b}'`
    expect([name, await touched(a, again)]).toEqual([name, 0])
  }
  // the statements had something to miss
  expect([...seen.keys()]).toEqual(
    expect.arrayContaining([
      'assignment',
      'bill_standing',
      'contract',
      'credential',
      'event',
      'invoice',
      'invoice_line',
      'limit_standing',
      'project',
      'resource',
      'usage_limit',
    ]),
  )
  const [forged] = await raw.work!`select * from event where account_id = ${b} limit 1`
  const insert = (account_id: string) =>
    under(a, (tx) => tx`insert into event ${tx({ ...forged, id: newId(), number: null, account_id } as never)}`)
  await expect(insert(b)).rejects.toThrow(/row-level security/)
})

test('tables of the installation give a tenant only what their reason says', async () => {
  for (const [name, { rows: may, deletes }] of Object.entries(INSTALLATION_TABLES)) {
    const all = await touched(a, `select * from ${name}`)
    expect([name, may ? all > 0 : all]).toEqual([name, may ?? 0])
    const all_of_it = [`update ${name} set tableoid = tableoid`, ...(deletes ? [] : [`delete from ${name}`])]
    for (const statement of all_of_it)
      await expect(under(a, (tx) => tx.unsafe(statement))).rejects.toThrow(/permission denied|system column|row-level/)
  }
  const accounts = await under(a, (tx) => tx.unsafe('select id from account'))
  expect(accounts.map((row) => row.id)).toEqual([a])
  const roles = await under(a, (tx) => tx.unsafe('select of from custom_role'))
  expect(roles.map((row) => row.of)).toEqual(['account'])
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
    expect(await of('/api-keys')).toHaveLength(1)
    expect(await of('/legal-entities')).toHaveLength(1)
    expect((await get(who, '/session')).body['account']).toMatchObject({ id: account })
  }
})

test.each([
  '/agents',
  '/agents/updates',
  '/agent-releases',
  '/agent-rollouts',
  '/sources',
  '/quarantine',
  '/notices',
  '/accounting',
  '/audit',
  '/prices',
  '/price-indexes',
  '/hardware/parts',
  '/hardware/racks',
  '/connectors',
])('%s is no tenant’s', async (path) => expect((await get('a', path)).status).toBe(403))

test('a machine that changed hands is shown to each for his own time, and no time is missing or doubled', async () => {
  const path = `/resources/${stage.moved_id}`
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
    (await get(who, `${path}/usage?${range}`)).body['items'] as {
      hour: string
      quantity: string
      bounds: { first: { at: string }; last: { at: string } }[]
    }[]
  const [of_a, of_b] = [await usage('a'), await usage('b')]
  const shown = (rows: typeof of_a) =>
    rows.flatMap(({ bounds }) => bounds.flatMap(({ first, last }) => [first.at, last.at]))
  expect(shown(of_a).length).toBeGreaterThan(0)
  expect(shown(of_a).filter((at) => Date.parse(at) > TRANSFER)).toEqual([])
  expect(shown(of_b).filter((at) => Date.parse(at) < TRANSFER)).toEqual([])
  const cut = iso(START + HOUR_MS)
  expect(of_a.map((row) => row.hour)).toEqual([iso(START), cut])
  expect(of_b.map((row) => row.hour)).toEqual([cut])
  const total = [...of_a, ...of_b].reduce((all, row) => all + BigInt(row.quantity), 0n)
  expect(total).toBe(BigInt(2 * 360 * MIB))
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

test('usage by day is what the bill counts, and amounts are for who may see the bill', async () => {
  const day = async (who: string, account: string) => {
    const { body } = await get(who, `/accounts/${account}/usage?month=2026-11`)
    return {
      ...body,
      days: body['days'].filter((one: { items: unknown[] }) => one.items.length > 0),
    } as unknown as AccountUsage
  }
  const { days, currency, month } = await day('a', a)
  expect([currency, month, days.map((one) => one.date)]).toEqual(['EUR', '2026-11', ['2026-11-10']])
  const billed = [
    ...(await get('a', `/invoices/${stage.a.invoice_id}`)).body['lines'],
    ...(await get('a', `/accounts/${a}/draft`)).body['lines'],
  ] as { component: string; exact: string }[]
  const amount = (component: string) => {
    const parts = billed.filter((one) => one.component === component).map((one) => parseFraction(one.exact))
    return toDecimal(sum(parts), 6)
  }
  for (const item of days[0]!.items)
    expect([item.component, item.amount]).toEqual([item.component, amount(item.component)])
  expect(days[0]!.items.map((one) => one.component)).toEqual(['vm.network_receive_bytes', 'vm.vcpu'])
  token['member'] = await stage.keyOf('tenant_member', a)
  const seen = await day('member', a)
  expect(seen.days[0]!.items.map(({ quantity }) => quantity)).toEqual(days[0]!.items.map(({ quantity }) => quantity))
  expect([seen.days[0]!.amount, ...seen.days[0]!.items.map((one) => one.amount)]).toEqual([null, null, null])
  expect((await get('a', `/accounts/${a}/usage.csv?month=2026-11`)).text.split('\r\n')[0]).toContain('date,component')
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
  token['child'] = await stage.keyOf('tenant_owner', child.id)
  expect(await names('child')).toEqual(['Child of A', 'Grandchild of A'])
  expect((await get('child', `/accounts/${a}`)).status).toBe(404)
  await transfer(world, 'a', grandchild.id, world.clock.now - 1)
  expect((await get('a', `/resources/${stage.a.resource_id}`)).body).toMatchObject({ held_until: null })
  expect((await get('child', `/resources/${stage.a.resource_id}`)).body).toMatchObject({ name: 'a' })
  expect((await get('b', `/resources/${stage.a.resource_id}`)).status).toBe(404)
})
