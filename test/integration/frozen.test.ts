/** What PostgreSQL itself refuses, whoever asks, and what the verifier finds where somebody with all rights changed it anyway. */
import { sql } from 'drizzle-orm'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { newId } from '#control-plane/base/id.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { finalise, renderMissing, verify } from '#control-plane/billing/index.ts'
import { rows } from '#control-plane/db/index.ts'
import { urlsOf } from '#control-plane/db/setup.ts'
import { system } from '#control-plane/base/actor.ts'
import { Suite } from '../setup/stack.ts'
import { enrolledAgent, vm } from './agent.ts'
import { market, sell, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const START = Date.parse('2026-11-10T08:00:00.000Z')
const DOCUMENTS = ['invoice', 'invoice_line', 'document', 'invoice_document'] as const
let suite: Suite
let world: Prepared
const as: Record<string, postgres.Sql> = {}

const issue = async (to: number) => {
  world.clock.now = to
  const input = { account_id: world.account_id, to: iso(to) }
  return finalise(world.db, system('test'), () => world.clock.now, newId(), input)
}

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(START))
  const [found] = await rows<{ name: string }>(world.db, sql`select current_database() as name`)
  const on = (url: string) => Object.assign(new URL(url), { pathname: found!.name }).toString()
  const owner = on(inject('postgresUrl'))
  const { api, staff, work } = urlsOf(owner, inject('folder'))
  for (const [role, url] of Object.entries({ owner, api, staff, work, superuser: on(inject('superuserUrl')) })) {
    as[role] = postgres(url, { max: 1, onnotice: () => {} })
    suite.atEnd(() => as[role]!.end({ timeout: 1 }))
  }
  await sell(world, { meter: 'vcpu', amount: '0.05' })
  await sell(world, { meter: 'memory', unit: 'GiB', amount: '0.01' })
  const agent = await enrolledAgent(world, 'frozen')
  await agent.send([agent.listing(START, 'h', [vm('a'), vm('b')])])
  await settled(world)
  await issue(START + HOUR_MS)
  await issue(START + 2 * HOUR_MS)
  await world.run(renderMissing)
})
afterAll(() => suite.end())

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'accepted',
    (error: postgres.PostgresError) => error.code,
  )

test.each(['owner', 'api', 'staff', 'work', 'superuser'])(
  '%s cannot change, delete or truncate what was issued',
  async (role) => {
    for (const table of DOCUMENTS)
      for (const statement of [
        `update ${table} set ${table === 'document' ? "media_type = 'x'" : 'account_id = account_id'}`,
        `update ${table} set ${table === 'document' ? "media_type = 'x'" : 'account_id = account_id'} where false`,
        `delete from ${table}`,
        `truncate ${table} cascade`,
      ])
        expect([table, statement, await codeOf(as[role]!.unsafe(statement))]).toEqual([
          table,
          statement,
          expect.stringMatching(/^(23001|42501)$/),
        ])
    // the two that may not even try are stopped by their rights, the others by the trigger
    const own = role === 'owner' || role === 'superuser'
    expect(await codeOf(as[role]!.unsafe('delete from invoice'))).toBe(own ? '23001' : '42501')
  },
)

test('session_replication_role does not open the door', async () => {
  const sneaky = as.superuser!.begin(async (tx) => {
    await tx.unsafe('set local session_replication_role = replica')
    await tx.unsafe('delete from invoice_line')
  })
  expect(await codeOf(sneaky)).toBe('23001')
})

const INSTANTS = { observed_version: 'valid_from', assignment: 'valid_from', price_version: 'effective_at' } as const
test.each(['owner', 'api', 'staff', 'work', 'superuser'])(
  '%s cannot store two live versions that overlap',
  async (role) => {
    for (const [table, from] of Object.entries(INSTANTS)) {
      const [row] = await as.superuser!.unsafe(`select * from ${table} where cut_to is null limit 1`)
      const copy = `insert into ${table} select (jsonb_populate_record(t, '${JSON.stringify({ id: newId(), [from]: iso(START + 1) })}')).*
                  from ${table} t where id = '${String(row!.id)}'`
      const code = await codeOf(as[role]!.unsafe(copy))
      const mayNot = role === 'api' || (role === 'staff' && table === 'observed_version')
      const refused = mayNot ? '42501' : '23P01'
      expect([table, code]).toEqual([table, refused])
    }
  },
)

const copyOf = (changes: Record<string, unknown>) =>
  `insert into invoice select (jsonb_populate_record(t, '${JSON.stringify({ id: newId(), ...changes })}')).*
   from invoice t where series_number = 2`
const LATER = { period_from: iso(START + 5 * HOUR_MS), period_to: iso(START + 6 * HOUR_MS) }

test.each(['owner', 'api', 'staff', 'work', 'superuser'])(
  '%s cannot use a number twice, nor bill a time twice',
  async (role) => {
    const insert = (changes: Record<string, unknown>) => codeOf(as[role]!.unsafe(copyOf(changes)))
    if (role === 'api') return expect(await insert({ ...LATER, number: 'other' })).toBe('42501')
    expect(await insert({ ...LATER, number: 'other' })).toBe('23505')
    expect(await insert({ ...LATER, series_number: 3 })).toBe('23505')
    const overlap = { period_from: iso(START + 1.5 * HOUR_MS), period_to: iso(START + 3 * HOUR_MS) }
    expect(await insert({ ...overlap, series_number: 3, number: 'other' })).toBe('23P01')
    expect(await insert({ ...LATER, series_number: 3, number: 'other', total_minor: 0 })).toBe('23514')
  },
)

const findings = async () => (await world.run(verify)).findings.map(({ check, subject }) => `${check} ${subject}`)

/** What the verifier says while the superuser's damage lasts; it is undone afterwards. */
async function after(table: string, damage: string): Promise<string[]> {
  const trigger = (state: string) => as.superuser!.unsafe(`alter table ${table} ${state} trigger ${table}_is_frozen`)
  const backup = `backup_${newId().replaceAll('-', '')}`
  await as.superuser!.unsafe(`create table ${backup} as table ${table}`)
  await trigger('disable')
  try {
    await as.superuser!.unsafe(`set session_replication_role = replica; ${damage}`)
    return await findings()
  } finally {
    await as.superuser!.unsafe(`delete from ${table}; insert into ${table} table ${backup}; drop table ${backup};
      set session_replication_role = origin`)
    await trigger('enable always')
  }
}

test('the verifier is content with what nobody touched', async () => {
  expect(await world.run(verify)).toMatchObject({ invoices: 2, lines: 8, findings: [] })
})

const SECOND = 'A-2026-000002'
test.each<[string, (typeof DOCUMENTS)[number], string, string[]]>([
  ['nothing', 'invoice', 'select 1', []],
  [
    'the total of a document',
    'invoice',
    `update invoice set content = jsonb_set(content, '{totals,total}', '"0.01"') where series_number = 2`,
    [`hash ${SECOND}`, `column ${SECOND}`, `totals ${SECOND}`],
  ],
  [
    'the total beside a document',
    'invoice',
    `update invoice set net_minor = net_minor - 1, total_minor = total_minor - 1 where series_number = 2`,
    [`column ${SECOND}`, `column ${SECOND}`],
  ],
  [
    'its number',
    'invoice',
    `update invoice set number = 'A-2026-000003' where series_number = 2`,
    ['column A-2026-000003'],
  ],
  [
    'its place in the series',
    'invoice',
    'update invoice set series_number = 3 where series_number = 2',
    [`number ${SECOND}`],
  ],
  ['the last invoice, deleted', 'invoice', 'delete from invoice where series_number = 2', ['chain 2026']],
  [
    'the first invoice, deleted',
    'invoice',
    'delete from invoice where series_number = 1',
    [`number ${SECOND}`, `chain ${SECOND}`, 'chain 2026'],
  ],
  ['a byte of a stored PDF', 'document', `update document set bytes = set_byte(bytes, 100, 7)`, ['document']],
  ['a stored PDF, deleted', 'document', `delete from document`, ['document']],
])('the verifier sees the disabled trigger and an altered %s', async (_what, table, damage, expected) => {
  const found = await after(table, damage)
  expect(found).toContain(`frozen ${table}`)
  for (const finding of expected) expect(found.some((each) => each.startsWith(finding))).toBe(true)
  expect(await findings()).toEqual([])
})

test.each([
  ['price', `jsonb_set(content, '{price,amount}', '"0.06"')`],
  ['amount', `jsonb_set(content, '{net}', '"0.11"')`],
  ['quantity of a segment', `jsonb_set(content, '{segments,0,quantity}', '"7200001"')`],
  ['name', `jsonb_set(content, '{resource,name}', '"other"')`],
])('the verifier sees the disabled trigger and a line with another %s', async (_what, content) => {
  const found = await after('invoice_line', `update invoice_line set content = ${content} where position = 1`)
  expect(found).toContain('frozen invoice_line')
  expect(found.filter((each) => each.startsWith('hash'))).toEqual(['hash A-2026-000001', `hash ${SECOND}`])
})

test('a deleted line and an exchanged document are found', async () => {
  expect(await after('invoice_line', 'delete from invoice_line where position = 4')).toContain(`hash ${SECOND}`)
  const swap = `update invoice_document d set sha256 = (select sha256 from invoice_document o where o.sha256 <> d.sha256 limit 1)`
  expect((await after('invoice_document', swap)).filter((each) => each.startsWith('document'))).not.toEqual([])
})

test('two documents exchanged with each other are found, each under its own invoice', async () => {
  const exchange = `update invoice_document d set sha256 = o.sha256 from invoice_document o where o.language = d.language and o.invoice_id <> d.invoice_id`
  const found = (await after('invoice_document', exchange)).filter((each) => each.startsWith('document'))
  expect(found.toSorted()).toEqual(
    ['A-2026-000001', SECOND].flatMap((number) => [`document ${number}/en`, `document ${number}/es`]),
  )
})
