/** Every change as a sealed record: nobody may change one, and what somebody with all rights changed anyway is found and named. */
import pino from 'pino'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exportAudit, listAudit, seal, verifyAudit } from '#control-plane/audit/index.ts'
import type { AuditQuery } from '#control-plane/audit/contract.ts'
import type { Actor } from '#control-plane/base/actor.ts'
import type { Context } from '#control-plane/db/index.ts'
import { numberCommitted } from '#control-plane/events/dispatch.ts'
import { append } from '#control-plane/events/index.ts'
import { tasks } from '#control-plane/river.ts'
import { silentBus as bus, unguarded } from '../setup/silent-bus.ts'
import { Suite } from '../setup/stack.ts'
import { type Call, apiOf, urlsFor } from './http.ts'
import { type Prepared, prepared } from './prepared.ts'

const START = '2026-11-10T08:00:00.000Z'
let suite: Suite
let world: Prepared
let call: Call
const as: Record<string, postgres.Sql> = {}

beforeAll(async () => {
  suite = new Suite()
  world = await prepared(suite, START)
  call = await apiOf(suite, world)
  const { owner, api, staff, work, superuser } = await urlsFor(world)
  for (const [role, url] of Object.entries({ owner, api, staff, work, superuser })) {
    as[role] = postgres(url, { max: 1, onnotice: () => {}, connection: { TimeZone: 'UTC' } })
    suite.atEnd(() => as[role]!.end({ timeout: 1 }))
  }
})
afterAll(() => suite.end())

const numberAll = async () => {
  while ((await numberCommitted({ db: world.db, bus, now: () => world.clock.now })) > 0);
}
const sealAll = async () => {
  await numberAll()
  while ((await seal(world.db, () => world.clock.now)) > 0);
}
const happen = (id: string, more: { type?: string; account_id?: string; after?: unknown } = {}) =>
  world.run((ctx) => append(ctx, { type: 'thing.happened', subject: { kind: 'thing', id }, ...more }))
const verified = () => world.run((ctx) => verifyAudit(ctx))
const findings = async () => (await verified()).findings.map(({ check, subject }) => `${check} ${subject}`)
const list = (query: Partial<AuditQuery>) => world.run((ctx) => listAudit(ctx, { limit: 500, ...query }))

const GUARDED = { event: 'event', audit_seal: 'audit_seal', audit_head: 'audit_head' } as const

/** What the verifier says while the superuser's damage lasts; the triggers are back before it looks, the rows afterwards. */
async function after(damage: string): Promise<string[]> {
  const god = as.superuser!
  const triggers = async (state: string) => {
    for (const table of Object.keys(GUARDED)) await god.unsafe(`alter table ${table} ${state} trigger user`)
    if (state === 'disable') return
    await god.unsafe(`alter table event enable always trigger event_is_append_only, enable always trigger event_is_kept;
      alter table audit_seal enable always trigger audit_seal_is_append_only;
      alter table audit_head enable always trigger audit_head_moves_on, enable always trigger audit_head_is_kept`)
  }
  for (const table of Object.keys(GUARDED)) await god.unsafe(`create table kept_${table} as table ${table}`)
  await triggers('disable')
  try {
    await god.unsafe(damage)
    await triggers('enable')
    return await findings()
  } finally {
    await triggers('disable')
    for (const table of Object.keys(GUARDED))
      await god.unsafe(`delete from ${table}; insert into ${table} table kept_${table}; drop table kept_${table}`)
    await triggers('enable')
  }
}

test('fifty changes at once commit while the sealer is held up, and each is then sealed once', async () => {
  const held = await as.superuser!.reserve()
  await held`select pg_advisory_lock(7241007)`
  const before = (await list({ type: 'account.' })).items.length
  try {
    const changes = Promise.all(
      Array.from({ length: 50 }, (_, index) => call('POST', '/accounts', { name: `Account ${index}` })),
    )
    // whoever waited for the sealer would wait for ever: it is let go only below
    const answers = await Promise.race([changes, Bun.sleep(20_000).then(() => [])])
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 201))
    // nobody else may seal now, and nobody waits for it
    await numberAll()
    expect(await seal(world.db, () => world.clock.now)).toBe(0)
    const { unsealed } = await verified()
    expect(unsealed.count).toBeGreaterThanOrEqual(50)
    expect(unsealed.oldest_at).toBe(START)
  } finally {
    await held`select pg_advisory_unlock(7241007)`
    held.release()
  }
  // several processes at once seal each record once
  await Promise.all(Array.from({ length: 4 }, () => seal(world.db, () => world.clock.now)))
  await sealAll()
  const result = await verified()
  expect(result).toMatchObject({ findings: [], unsealed: { count: 0, oldest_at: null } })
  const [{ events } = { events: 0 }] = await as.work!<{ events: number }[]>`select count(*)::int as events from event`
  expect(result.records).toBe(events)
  const opened = (await list({ type: 'account.' })).items
  expect(opened).toHaveLength(before + 50)
  expect(new Set(opened.map(({ request_id }) => request_id)).size).toBe(opened.length)
})

test('sealing while changes go on leaves a whole chain', async () => {
  const changing = { isOver: false }
  const sealing = (async () => {
    while (!changing.isOver) await sealAll()
  })()
  await Promise.all(Array.from({ length: 50 }, (_, index) => call('POST', '/accounts', { name: `More ${index}` })))
  changing.isOver = true
  await sealing
  await sealAll()
  expect(await verified()).toMatchObject({ findings: [], unsealed: { count: 0 } })
})

test('the task of the running program seals all that is numbered, in bounded seals', async () => {
  await as.superuser!
    .unsafe(`insert into event (id, type, subject_kind, subject_id, actor, after, request_id, occurred_at)
    select gen_random_uuid(), 'bulk.made', 'bulk', n::text, '{"kind":"system","id":"t","name":"t"}', jsonb_build_object('n', n), 'r', '${START}'
    from generate_series(1, 1200) n`)
  const all = tasks({ ...unguarded, db: world.db, bus, now: () => world.clock.now, log: pino({ level: 'silent' }) })
  const task = (name: string) => all.find((one) => one.name === name)!
  expect(task('number_events').every_ms + task('seal').every_ms).toBeLessThan(1_000)
  for (let n = 0; n < 4; n += 1) await task('number_events').run()
  await task('seal').run()
  expect(await verified()).toMatchObject({ findings: [], unsealed: { count: 0 } })
  const [row] = await as.work!<{ most: number }[]>`select max(count)::int as most from audit_seal`
  expect(row!.most).toBe(500)
  // with nothing new it makes no seal
  const seals = (await verified()).seals
  await task('seal').run()
  expect((await verified()).seals).toBe(seals)
})

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'accepted',
    (error: postgres.PostgresError) => error.code,
  )

test.each(['owner', 'api', 'staff', 'work', 'superuser'])(
  '%s cannot change, delete or truncate a record or a seal',
  async (role) => {
    const may = role === 'owner' || role === 'superuser'
    for (const statement of [
      `update event set type = 'x'`,
      `update event set number = number + 1`,
      `update event set after = null where number = 1`,
      `delete from event where number = 1`,
      `truncate event`,
      `update audit_seal set count = 0`,
      `delete from audit_seal`,
      `truncate audit_seal`,
      `update audit_head set hash = ''`,
      `update audit_head set number = 0`,
      `delete from audit_head`,
      `truncate audit_head`,
    ]) {
      const code = await codeOf(as[role]!.unsafe(statement))
      expect([statement, code]).toEqual([statement, expect.stringMatching(may ? /^23001$/ : /^(23001|42501)$/)])
    }
    if (role === 'api' || role === 'staff') {
      // a forged seal is as bad as a changed one
      expect(await codeOf(as[role]!.unsafe('insert into audit_seal select * from audit_seal limit 1'))).toBe('42501')
      expect(await codeOf(as[role]!.unsafe('update event set number = 1 where false'))).toBe('42501')
    }
  },
)

test('session_replication_role does not open the door', async () => {
  const sneaky = as.superuser!.begin(async (tx) => {
    await tx.unsafe('set local session_replication_role = replica')
    await tx.unsafe('delete from event where number = 1')
  })
  expect(await codeOf(sneaky)).toBe('23001')
})

const LAST = '(select max(number) from audit_seal)'
const inserted = (number: string) => `insert into event
  select gen_random_uuid(), ${number}, type, subject_kind, subject_id, account_id, actor, before, after, request_id, occurred_at from event where number = 4`

test.each<[string, string, string[]]>([
  ['nothing', 'select 1', []],
  [
    'who did it',
    `update event set actor = jsonb_set(actor, '{name}', '"Somebody else"') where number = 3`,
    ['altered 3'],
  ],
  ['what it became', `update event set after = '{"name": "Another"}' where number = 5`, ['altered 5']],
  [
    'a digit beyond a double',
    `update event set after = '{"n": 1.00000000000000000001}' where type = 'bulk.made' and subject_id = '1'`,
    ['altered'],
  ],
  ['when it was', `update event set occurred_at = occurred_at + interval '1 ms' where number = 3`, ['altered 3']],
  ['an instant that is none', `update event set occurred_at = 'infinity' where number = 3`, ['altered 3']],
  ['one record', 'delete from event where number = 4', ['deleted 4']],
  ['the last record', 'delete from event where number = (select max(number) from event)', ['deleted']],
  [
    'a record put in the place of another',
    `${inserted('null')}; update event set type = 'x' where number = 4; update event set number = -number where number = 4; update event set number = 4 where number is null`,
    ['inserted -4', 'altered 4'],
  ],
  ['a record before the first', inserted('0'), ['inserted 0']],
  [
    'two records that changed places',
    `update event set number = -3 where number = 3; update event set number = 3 where number = 4; update event set number = 4 where number = -3`,
    ['altered 3', 'altered 4'],
  ],
  [
    'a seal',
    'update audit_seal set count = count where number = 1; update audit_seal set sealed_at = now() where number = 1',
    ['seal 1'],
  ],
  [
    'a seal far beyond any number',
    'update audit_seal set last_number = 9223372036854775807 where number = 1',
    ['seal 1', 'deleted', 'chain 2'],
  ],
  ['a seal in the middle', 'delete from audit_seal where number = 1', ['chain 1..1']],
  ['the last seal', `delete from audit_seal where number = ${LAST}`, ['chain']],
  [
    'the last seal and its records',
    `delete from event where number >= (select first_number from audit_seal where number = ${LAST}); delete from audit_seal where number = ${LAST}`,
    ['chain'],
  ],
  ['all seals', 'delete from audit_seal', ['chain']],
  ['the head', 'delete from audit_head', ['chain head']],
])('the verifier names what was changed: %s', async (_what, damage, expected) => {
  const found = await after(damage)
  if (expected.length === 0) expect(found).toEqual([])
  for (const one of expected)
    expect(
      found.some((said) => said === one || said.startsWith(`${one} `)),
      `${one} in ${found.join(', ')}`,
    ).toBe(true)
  expect(
    found.filter(
      (said) => !expected.some((one) => said === one || said.startsWith(`${one} `)) && !said.startsWith('inserted'),
    ),
  ).toEqual([])
})

test('a disabled trigger is named, and so is one that sleeps in some sessions', async () => {
  for (const [disable, name] of [
    ['alter table event disable trigger event_is_append_only', 'event_is_append_only'],
    ['alter table event enable trigger event_is_kept', 'event_is_kept'],
    ['alter table audit_seal disable trigger audit_seal_is_append_only', 'audit_seal_is_append_only'],
    ['alter table audit_head disable trigger audit_head_moves_on', 'audit_head_moves_on'],
  ] as const) {
    await as.superuser!.unsafe(disable)
    expect(await findings()).toEqual([`guard ${name}`])
    await as.superuser!.unsafe(disable.replace(/(disable|enable) trigger/, 'enable always trigger'))
  }
  expect(await findings()).toEqual([])
})

test('a chain that was made anew from the start is found by a seal that was kept elsewhere', async () => {
  const { head } = await verified()
  expect(head).not.toBeNull()
  const checked = async (expected: { number: number; hash: string }) =>
    (await call('POST', '/audit/verification', { expected })).body.findings as { check: string }[]
  expect(await checked(head!)).toEqual([])
  const other = { ...head!, hash: 'f'.repeat(64) }
  expect((await checked(other)).map(({ check }) => check)).toEqual(['expected'])
})

test('the list is filtered by who, what, which object, account and time, and its pages hold each record once', async () => {
  const account = (await call('POST', '/accounts', { name: 'Filtered' })).body.id as string
  world.clock.now += 60_000
  await happen('one', { account_id: account })
  await happen('two', { type: 'thing.moved' })
  const ids = async (query: Partial<AuditQuery>) =>
    (await list(query)).items.map(({ type, subject }) => `${type} ${subject.id}`)
  expect(await ids({ subject_kind: 'thing' })).toEqual(['thing.moved two', 'thing.happened one'])
  expect(await ids({ subject_id: 'one' })).toEqual(['thing.happened one'])
  expect(await ids({ type: 'thing.m' })).toEqual(['thing.moved two'])
  expect(await ids({ type: 'thing%' })).toEqual([])
  expect((await ids({ account_id: account })).map((text) => text.split(' ')[0])).toEqual([
    'thing.happened',
    'contract.concluded',
    'account.opened',
  ])
  const at = new Date(world.clock.now).toISOString()
  expect(await ids({ from: at })).toEqual(['thing.moved two', 'thing.happened one'])
  expect(await ids({ to: at, account_id: account, type: 'account.' })).toEqual([`account.opened ${account}`])
  expect(await ids({ from: at, account_id: account })).toEqual(['thing.happened one'])
  expect(await ids({ actor: 'test', from: at })).toHaveLength(2)
  expect(await ids({ actor: 'nobody' })).toEqual([])
  const all = (await list({ type: 'account.' })).items.map(({ id }) => id)
  const seen: string[] = []
  for (let cursor: string | undefined; ;) {
    const { body } = await call('GET', `/audit?type=account.&limit=7${cursor ? `&cursor=${cursor}` : ''}`)
    seen.push(...(body.items as { id: string }[]).map(({ id }) => id))
    if (body.next_cursor === null) break
    cursor = body.next_cursor as string
  }
  expect(seen).toEqual(all)
  expect((await call('GET', '/audit?cursor=nonsense')).status).toBe(422)
  expect((await call('GET', '/audit?account_id=nonsense')).status).toBe(422)
})

test('a record says who did what for which request, before and after, and whether it is sealed', async () => {
  const { body: account } = await call('POST', '/accounts', { name: 'Said' })
  await call('PATCH', `/accounts/${account.id}`, { name: 'Said again' })
  const of = async () => (await list({ subject_id: account.id as string })).items
  const [changed] = await of()
  expect(changed).toMatchObject({
    type: 'account.changed',
    actor: { kind: 'owner' },
    before: { name: 'Said' },
    after: { name: 'Said again' },
    sealed: false,
  })
  expect(changed!.request_id).toMatch(/^[0-9a-f-]{36}$/)
  await sealAll()
  expect((await of()).map(({ sealed }) => sealed)).toEqual([true, true])
})

test('without the permission nothing is told', async () => {
  const poor: Actor = { kind: 'owner', id: 'p', name: 'Poor', account_id: null, permissions: new Set(['events.read']) }
  const refused = [
    (ctx: Context) => listAudit(ctx, { limit: 1 }),
    (ctx: Context) => verifyAudit(ctx),
    (ctx: Context) => exportAudit((verb) => verb(ctx), {}, 'csv'),
  ]
  for (const verb of refused)
    await expect(world.run<unknown>((ctx) => verb({ ...ctx, actor: poor }))).rejects.toThrow(/audit\.read/)
})

test('the files hold every record of the filter, over all pages, and no formula', async () => {
  const { body: account } = await call('POST', '/accounts', { name: '=1+1' })
  await world.run((ctx) =>
    append(
      { ...ctx, actor: { ...ctx.actor, name: '=HYPERLINK("x")' } },
      { type: 'thing.said', subject: { kind: 'thing', id: '@sum' } },
    ),
  )
  const bulk = await call('GET', '/audit.csv?type=bulk.')
  expect(bulk.type).toBe('text/csv; charset=utf-8')
  expect(bulk.text.trimEnd().split('\r\n')).toHaveLength(1 + 1_200)
  const lines = (await call('GET', '/audit.ndjson?type=bulk.')).text.trimEnd().split('\n')
  const numbers = lines.map((line) => (JSON.parse(line) as { number: number }).number)
  expect(new Set(numbers).size).toBe(1_200)
  const [head, said] = (await call('GET', '/audit.csv?subject_id=@sum')).text.split('\r\n')
  expect(head).toBe(
    'number,occurred_at,actor_kind,actor_id,actor_name,type,subject_kind,subject_id,account_id,before,after,request_id,sealed,id',
  )
  expect(said).toContain(`"'=HYPERLINK(""x"")"`)
  expect(said).toContain(`,'@sum,`)
  expect((await call('GET', `/audit.csv?subject_id=${account.id}`)).text).toContain('""name"":""=1+1""')
})
