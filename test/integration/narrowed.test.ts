/** Who is narrowed to projects sees what lies in them, for the time in which it does, and nothing else: by the API or beneath it. */
import { sql } from 'drizzle-orm'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { getAccount, hashOf, requireProject } from '#control-plane/accounts/index.ts'
import { system } from '#control-plane/base/actor.ts'
import { newId } from '#control-plane/base/id.ts'
import { NARROWED } from '#control-plane/base/roles.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { listContracts } from '#control-plane/contracts/index.ts'
import { type Context, rows, transact } from '#control-plane/db/index.ts'
import { listEvents } from '#control-plane/events/index.ts'
import { createLive, type View } from '#control-plane/events/live.ts'
import { ResourceQuery } from '#control-plane/inventory/contract.ts'
import { history, listResources, ownedIds } from '#control-plane/inventory/index.ts'
import { Suite } from '../setup/stack.ts'
import { type Divided, divided, END, MOVE, START } from './divided.ts'
import { type Answer, NO_EXTRAS, urlsFor } from './http.ts'
import { CELLS, isElsewhere, masked, NEVER, NOWHERE, type Of, type Route, routesOf } from './tenant-routes.ts'

let suite: Suite
let stage: Divided
let world: Divided['world']
let call: Divided['call']
let get: Divided['get']
let account: string
let project: Divided['project']
let machine: Divided['machine']
let as: Divided['as']
let raw: postgres.Sql

beforeAll(async () => {
  suite = new Suite()
  stage = await divided(suite)
  ;({ world, call, get, account, project, machine } = stage)
  ;({ as } = stage)
  raw = postgres((await urlsFor(world)).api, { max: 1, onnotice: () => {} })
  suite.atEnd(() => raw.end({ timeout: 1 }))
}, 120_000)
afterAll(() => suite.end())

const ofMachine = (name: string): Of => ({
  ...NEVER,
  account_id: account,
  resource_id: machine[name]!,
  project_id: project[name] ?? NOWHERE,
})

async function send(who: string, { method, path, name }: Route, of: Of): Promise<Answer> {
  const cell = CELLS[name]
  const names = cell?.names(of) ?? {}
  const address = path.replaceAll(/\{(\w+)\}/g, (_all, part: string) => names[part] ?? NOWHERE)
  return call(method, address, cell?.body?.(of), as(who))
}

test('every route: who is narrowed to a project gets what lies in it, and of another’s as little as of what never was', async () => {
  const [own, theirs] = [ofMachine('p'), ofMachine('q')]
  // what tells of another project: its id, its machines, its name
  const secrets = [project['q']!, machine['q']!, machine['none']!, 'Project Q', '"none"', '"q"']
  let answered = 0
  for (const route of await routesOf(call)) {
    const cell = CELLS[route.name]
    if (isElsewhere(route.name) || route.needs === 'nothing' || route.name === 'DELETE /session') continue
    if (route.needs !== 'session' && !NARROWED.has(route.needs as never)) {
      expect([route.name, (await send('p', route, own)).status]).toEqual([route.name, 403])
      continue
    }
    expect([route.name, cell !== undefined]).toEqual([route.name, true])
    const answer = await send('p', route, own)
    expect([route.name, answer.status < 300, answer.text]).toEqual([route.name, true, answer.text])
    for (const secret of secrets)
      expect([route.name, answer.text]).toEqual([route.name, expect.not.stringContaining(secret)])
    answered += 1
    if (!('id' in cell!.names(theirs)) || cell!.names(theirs)['id'] !== theirs.resource_id) continue
    const [foreign, unassigned, never] = [
      await send('p', route, theirs),
      await send('p', route, ofMachine('none')),
      await send('p', route, NEVER),
    ]
    expect([route.name, foreign.status]).toEqual([route.name, 404])
    expect([route.name, masked(foreign, theirs)]).toEqual([route.name, masked(never, NEVER)])
    expect([route.name, masked(unassigned, ofMachine('none'))]).toEqual([route.name, masked(never, NEVER)])
    expect([route.name, (await send('q', route, theirs)).status]).toEqual([route.name, 200])
  }
  expect(answered).toBeGreaterThan(12)
})

test('a machine that changed its project is shown to each for that time alone, and no time is missing or doubled', async () => {
  const path = `/resources/${machine['moved']}`
  expect((await get('p', path)).body).toMatchObject({ held_until: iso(MOVE), owner: null })
  expect((await get('q', path)).body).toMatchObject({ held_until: null, owner: { project_id: project['q'] } })
  const history = async (who: string) => (await get(who, `${path}/history`)).body
  expect((await history('p'))['observed'].map((one: { to: string }) => one.to)).toEqual([iso(MOVE)])
  expect((await history('q'))['observed'].map((one: { from: string }) => one.from)).toEqual([iso(MOVE)])
  expect((await history('p'))['assigned'].map((one: { project_id: string }) => one.project_id)).toEqual([project['p']])
  expect((await history('member'))['assigned']).toHaveLength(2)
  const usage = async (who: string) => {
    const range = `from=${iso(START)}&to=${iso(END)}&meter=network_receive_bytes`
    const { items } = (await get(who, `${path}/usage?${range}`)).body as { items: { quantity: string }[] }
    return items.reduce((sum, { quantity }) => sum + BigInt(quantity), 0n)
  }
  const [of_p, of_q] = [await usage('p'), await usage('q')]
  expect([of_p > 0n, of_q > 0n, of_p + of_q]).toEqual([true, true, await usage('whole')])
  expect(await usage('both')).toBe(of_p + of_q)
  const events = async (who: string) => {
    const { items } = (await get(who, '/events?limit=200')).body as {
      items: { type: string; subject: { kind: string; id: string } }[]
    }
    return items
  }
  const [heard, all] = [await events('q'), await events('whole')]
  expect(new Set(heard.map(({ subject }) => subject.id))).toEqual(new Set([machine['q'], machine['moved']]))
  expect(all.some(({ subject }) => subject.kind === 'invoice')).toBe(true)
})

/** Rows that a statement touches under a narrowed actor; none where it is refused. */
const touched = async (projects: string, statement: string): Promise<number> =>
  (
    raw.begin(async (tx) => {
      await tx`select set_config('app.account_id', ${account}, true), set_config('app.project_ids', ${projects}, true)`
      return (await tx.unsafe(statement)).count
    }) as Promise<number>
  ).catch((error: postgres.PostgresError) => {
    expect([statement, error.code]).toEqual([statement, '42501'])
    return 0
  })

test('beneath the routes a narrowed connection touches no row of another project, whatever it says', async () => {
  const p = project['p']!
  /** what is not of the project, in each table that knows accounts */
  const beyond: Record<string, string> = {
    assignment: `project_id is distinct from '${p}'`,
    credential: `project_ids is null or not project_ids <@ '{${p}}'`,
    event: `subject_kind <> 'resource' or subject_id not in ('${machine['p']}', '${machine['moved']}')`,
    // answers are sealed under the key of who asked
    idempotency_key: 'false',
    invitation: `project_ids is null or not project_ids <@ '{${p}}'`,
    membership: `project_ids is null or not project_ids <@ '{${p}}'`,
    project: `id <> '${p}'`,
    resource: `project_id is distinct from '${p}'`,
  }
  const tables = await rows<{ name: string }>(
    world.db,
    sql`select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and exists
          (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'account_id' and not a.attisdropped) order by 1`,
  )
  const missed = new Set<string>()
  for (const { name } of tables) {
    const where = beyond[name] ?? 'true'
    const [there] = await rows<{ count: number }>(
      world.db,
      sql`select count(*)::int as count from ${sql.identifier(name)} where account_id = ${account} and (${sql.raw(where)})`,
    )
    if (there!.count > 0) missed.add(name)
    const both = name === 'account_tree' ? 'depth > 0' : where
    for (const statement of [
      `select * from ${name} where ${both}`,
      `update ${name} set account_id = account_id where ${both}`,
      `delete from ${name} where ${both}`,
    ])
      expect([statement, await touched(`{${p}}`, statement)]).toEqual([statement, 0])
  }
  // the statements had something to miss
  const expected = ['assignment', 'contract', 'credential', 'event', 'invoice', 'invoice_line', 'project', 'resource']
  expect([...missed]).toEqual(expect.arrayContaining(expected))
  expect(await touched(`{${p}}`, 'select * from resource')).toBe(1)
  expect(await touched(`{${p}}`, 'select * from event')).toBeGreaterThan(0)
  expect(await touched(`{${p}}`, `update project set name = 'taken' where id = '${project['q']}'`)).toBe(0)
  expect(await touched(`{${p}}`, `insert into project values ('${newId()}', '${account}', 'new', now(), null)`)).toBe(0)
  // narrowed to nothing is not the same as not narrowed
  for (const name of ['resource', 'assignment', 'project', 'event', 'invoice'])
    expect([name, await touched('{}', `select * from ${name}`)]).toEqual([name, 0])
  expect(await touched('', 'select * from resource')).toBeGreaterThan(2)
})

test('the queries alone fence him, too, without row-level security beneath', async () => {
  const [p, q] = [machine['p']!, machine['q']!]
  const actor = { ...system('narrowed'), account_id: account, project_ids: [project['p']!] }
  const asNarrowed = <T>(work: (ctx: Context) => Promise<T>) => transact(world.db, actor, () => world.clock.now, work)
  const query = ResourceQuery.parse({ ended: 'all', covered: 'all' })
  const listed = await asNarrowed((ctx) => listResources(ctx, query, NO_EXTRAS))
  expect(listed.items.map(({ id }) => id)).toEqual([p])
  const { items } = await asNarrowed((ctx) => listEvents(ctx, { limit: 200 }))
  expect(new Set(items.map(({ subject }) => subject.id))).toEqual(new Set([p]))
  expect(await asNarrowed(ownedIds)).toEqual([p])
  expect((await asNarrowed((ctx) => getAccount(ctx, account))).projects.map(({ id }) => id)).toEqual([project['p']])
  expect(await asNarrowed((ctx) => listContracts(ctx, account))).toEqual([])
  for (const work of [
    (ctx: Context) => history(ctx, q),
    (ctx: Context) => requireProject(ctx, account, project['q']!),
    (ctx: Context) => getAccount(ctx, stage.other),
  ])
    await expect(asNarrowed<unknown>(work)).rejects.toMatchObject({ code: 'not_found' })
})

test('live updates tell who is narrowed of his own resources and of nothing else', async () => {
  const told: Record<string, string[]> = { narrow: [], wide: [] }
  const heard = new Map<string, (message: { body: Uint8Array }) => void>()
  const bus = { subscribe: (subject: string, hear: never) => heard.set(subject, hear), onConnect: () => {} }
  const live = createLive(bus as never, () => world.clock.now)
  const join = (who: string, view: View) =>
    live.join({
      of: who,
      view,
      look: async () => view,
      send: (text) => told[who]!.push(text) > 0,
      close: () => {},
      still_valid: async () => true,
    })
  const resource_ids = new Set([machine['p']!])
  join('narrow', { account_ids: new Set(), resource_ids })
  join('wide', { account_ids: new Set([account]), resource_ids })
  const change = (kind: string, id: string) =>
    heard.get('v1.live.change')!({
      body: new TextEncoder().encode(JSON.stringify({ account_id: account, subject: { kind, id } })),
    })
  change('resource', machine['p']!)
  change('resource', machine['q']!)
  change('invoice', newId())
  live.close()
  const ids = (who: string) => told[who]!.filter((text) => text.startsWith('event: change')).length
  expect([ids('narrow'), ids('wide')]).toEqual([1, 3])
  expect(told['narrow']!.join('')).toContain(machine['p'])
})

test('only what projects leave can be given together with them, and only those of the account', async () => {
  const make = (input: object) => call('POST', '/api-keys', { name: 'given', account_id: account, ...input })
  const project_ids = [project['p']]
  const pointer = ({ status, body }: Answer) => [status, body['errors']?.[0]?.pointer]
  for (const role of ['tenant_owner', 'tenant_billing', 'tenant_read_only'])
    expect([role, ...pointer(await make({ role, project_ids }))]).toEqual([role, 422, '/project_ids'])
  expect(pointer(await make({ role: 'tenant_member', project_ids: [] }))).toEqual([422, '/project_ids'])
  const staff = { name: 'given', role: 'read_only', project_ids }
  expect(pointer(await call('POST', '/api-keys', staff))).toEqual([422, '/project_ids'])
  const scoped = await make({ role: 'tenant_read_only', scopes: ['usage.read'], project_ids })
  expect(scoped.body['key'].projects).toEqual([{ id: project['p'], name: 'Project P' }])
  const [theirs, never] = await Promise.all(
    [project['foreign'], NOWHERE].map((id) => make({ role: 'tenant_member', project_ids: [id] })),
  )
  expect(theirs!.status).toBe(404)
  expect(masked(theirs!, { ...NEVER, project_id: project['foreign']! })).toEqual(masked(never!, NEVER))
})

test('a member is narrowed, and widened again, from one request to the next', async () => {
  const [person_id, id, secret, now] = [newId(), newId(), newId(), iso(world.clock.now)]
  const later = iso(world.clock.now + 24 * HOUR_MS)
  await world.db.execute(sql`insert into person (id, name, email, email_verified, created_at, updated_at)
    values (${person_id}, 'Ana', ${`${person_id}@example.com`}, true, ${now}, ${now})`)
  await world.db.execute(sql`insert into membership (id, person_id, account_id, role, created_at, created_by)
    values (${id}, ${person_id}, ${account}, 'tenant_member', ${now}, 'test')`)
  await world.db
    .execute(sql`insert into person_session (id, token, person_id, membership_id, expires_at, created_at, updated_at)
    values (${newId()}, ${hashOf(secret)}, ${person_id}, ${id}, ${later}, ${now}, ${now})`)
  // no Bearer, but the cookie of the page
  const cookie = { authorization: '', cookie: `atalaya_session=${secret}` }
  const seen = async () =>
    (await call('GET', '/resources', undefined, cookie)).body['items'].map((one: { name: string }) => one.name)
  expect(await seen()).toEqual(['moved', 'none', 'p', 'q'])
  const narrowed = await call(
    'PATCH',
    `/people/${id}`,
    { role: 'tenant_member', project_ids: [project['p']] },
    as('whole'),
  )
  expect(narrowed.body['projects']).toEqual([{ id: project['p'], name: 'Project P' }])
  expect(await seen()).toEqual(['p'])
  const session = (await call('GET', '/session', undefined, cookie)).body
  expect(session['projects']).toEqual([{ id: project['p'], name: 'Project P' }])
  expect(new Set(session['permissions'])).toEqual(NARROWED)
  // another role alone changes nothing of it, and one that deals with the bill needs all of the account
  expect((await call('PATCH', `/people/${id}`, { role: 'tenant_billing' }, as('whole'))).status).toBe(422)
  // a custom role that is widened later gives him no more than projects leave
  const role = { name: 'Reader', of: 'account', permissions: ['inventory.read'] }
  const custom_role_id = (await call('POST', '/roles', role)).body['custom'].id as string
  expect((await call('PATCH', `/people/${id}`, { custom_role_id }, as('whole'))).status).toBe(200)
  await call('PATCH', `/roles/${custom_role_id}`, { permissions: ['inventory.read', 'billing.read', 'accounts.write'] })
  const permissions = (await call('GET', '/session', undefined, cookie)).body['permissions']
  expect(permissions).toEqual(['inventory.read'])
  expect((await call('PATCH', `/people/${id}`, { role: 'tenant_owner', project_ids: null }, as('whole'))).status).toBe(
    200,
  )
  expect(await seen()).toEqual(['moved', 'none', 'p', 'q'])
})

test('what is invited is narrowed as the invitation said', async () => {
  const email = `${newId()}@example.com`
  const made = await call(
    'POST',
    '/invitations',
    { email, role: 'tenant_member', project_ids: [project['q']] },
    as('whole'),
  )
  expect(made.body['invitation'].projects).toEqual([{ id: project['q'], name: 'Project Q' }])
  const link = String(made.body['link'])
  const accepted = await call('POST', '/invitations/acceptance', {
    token: link.slice(link.indexOf('=') + 1),
    name: 'Bea',
    password: 'a long walk by the sea',
  })
  expect(accepted.body['session'].projects).toEqual([{ id: project['q'], name: 'Project Q' }])
})
