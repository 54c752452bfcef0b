/** What names a person lies nowhere in the clear; once he is erased nobody finds it again, and the chain of the audit is whole. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type postgres from 'postgres'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type MailBox, startMailBox } from '../setup/mail-box.ts'
import { type ControlPlane, type Installation, startControlPlane, Suite } from '../setup/stack.ts'
import { atalaya } from './backup-file.ts'
import { CANARY, type Canary, FORMS, live } from './canary.ts'
import { filesWith, tableTexts } from './traces.ts'
import { ANA, owned, signedIn, type Visitor, visitorOf } from './visitor.ts'

let suite: Suite
let installation: Installation
let plane: ControlPlane
let second: ControlPlane
let mails: MailBox
let sql: postgres.Sql
let ana: Visitor
let account: { id: string; name: string }
let wren: Canary

beforeAll(async () => {
  suite = new Suite()
  mails = await startMailBox(suite)
  const env = { ATALAYA_SMTP_URL: mails.url, ATALAYA_MAIL_FROM: 'atalaya@example.com' }
  const made = await owned(suite, env)
  ;({ installation, plane, sql, ana } = made)
  second = await startControlPlane(suite, installation, made.server, {
    env: { ATALAYA_TRUSTED_PROXIES: '127.0.0.1', ...env },
    role: 'api',
  })
  account = (await ana.ask('POST', '/accounts', { name: 'Customer' })).body
  const patience = () => sql`update sign_in_failure set locked_until = now()`
  wren = await live({ plane, mails, ana, account_id: account.id, patience })
}, 180_000)
afterAll(() => suite.end())

const found = (text: string) => FORMS.filter((form) => text.includes(form))
/** Everything that people read names in, as Ana reads it, of either process. */
const PAGES = [
  '/audit?limit=500',
  '/audit.csv',
  '/audit.ndjson',
  '/events?limit=500',
  '/people',
  '/invitations',
  '/api-keys',
  '/sso-providers',
  '/prices?history=true',
]
async function pages(of = plane): Promise<Map<string, string>> {
  const one = await signedIn(visitorOf(of), ANA)
  const read = PAGES.map(async (path) => {
    // not by the visitor, who reads all that is called JSON
    const answer = await fetch(`${of.origin}/api/v1${path}`, { headers: { cookie: one.cookie() } })
    expect([path, answer.status]).toEqual([path, 200])
    return [path, await answer.text()] as const
  })
  return new Map(await Promise.all(read))
}
const erased = () => `erased person ${wren.id.slice(-8)}`
const verification = async () => (await ana.ask('POST', '/audit/verification', {})).body
async function sealed() {
  await vi.waitFor(async () => expect((await verification()).unsealed.count).toBe(0), {
    timeout: 20_000,
    interval: 500,
  })
}

/** A browser of its own makes them (`test/e2e`), a version before (below), the demo and set-up, and a rotation (`sso.test.ts`). */
const ELSEWHERE = new Set([
  'passkey.added',
  'passkey.removed',
  'people.sealed',
  'people.resealed',
  'person.erased',
  'demo.removed',
  'secret.sealed',
])
function typesIn(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /(?<!test)\.ts$/.test(file))
  return files.flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/type: '([a-z_]+\.[a-z_]+)'/g)].map(([, type = '']) => type),
  )
}

test('the canary did everything of which people and accounts tell', async () => {
  const told = new Set((await sql`select distinct type from event`).map(({ type }) => type as string))
  const types = ['people', 'accounts'].flatMap((slice) =>
    typesIn(join(import.meta.dirname, '../../control-plane', slice)),
  )
  expect(types.length).toBeGreaterThan(30)
  expect([...new Set(types)].filter((type) => !told.has(type) && !ELSEWHERE.has(type))).toEqual([])
})

test('what names her lies in no table, no file of ours, no log and no stream', async () => {
  const texts = await tableTexts(installation.superuserUrl)
  expect(texts.get('public.event')).toContain(wren.id)
  expect([...texts].filter(([, text]) => found(text).length > 0).map(([name, text]) => [name, found(text)])).toEqual([])
  expect(filesWith(suite.folder, FORMS)).toEqual([])
  // the stream, whose readers keep what they read, tells her apart from others and no more
  expect(filesWith(suite.folder, [`"name":"person ${wren.id.slice(-8)}"`])).not.toEqual([])
  expect(filesWith(suite.folder, [`person:${wren.id}`])).toEqual([])
  const { stdout } = await atalaya(['backup', join(suite.folder, 'before.backup')], installation).ended
  expect(stdout).toContain('tables')
})

test('who may read it reads it, in every process, and finds her by name and by e-mail', async () => {
  for (const of of [plane, second])
    for (const [path, text] of await pages(of)) {
      expect([path, /person:[0-9a-f]{8}-/.test(text)]).toEqual([path, false])
      expect([
        path,
        text.includes(path === '/people' ? CANARY.changed : CANARY.name) || text.includes(CANARY.renamed),
      ]).toEqual([path, true])
    }
  const asked = async (actor: string) =>
    (await ana.ask('GET', `/audit?limit=500&actor=${encodeURIComponent(actor)}`)).body.items as {
      actor: { id: string }
    }[]
  const byId = (await asked(wren.id)).length
  expect(byId).toBeGreaterThan(20)
  for (const called of [CANARY.renamed, CANARY.changed.toUpperCase()]) {
    const items = await asked(called)
    expect(items.length).toBe(byId)
    expect(new Set(items.map(({ actor }) => actor.id))).toEqual(new Set([wren.id]))
  }
  expect(await asked('Nobody')).toEqual([])
  // her own settings
  const me = (await wren.visitor.ask('GET', '/me')).body
  expect(me.person).toMatchObject({ name: CANARY.renamed, email: CANARY.changed })
  expect(me.sessions[0]).toMatchObject({ address: CANARY.address, browser: CANARY.browser })
})

test('all that is held about somebody is a file for himself and for who answers for it', async () => {
  const own = await wren.visitor.ask('GET', '/me/data')
  const staff = await ana.ask('GET', `/people/${wren.id}/data`)
  expect([own.status, staff.status]).toEqual([200, 200])
  expect(staff.body.person).toEqual(own.body.person)
  expect(own.body).toMatchObject({
    person: { id: wren.id, name: CANARY.renamed, email: CANARY.changed },
    memberships: [{ role: 'owner' }, { role: 'tenant_owner', account: { id: account.id } }],
    sessions: [{ address: CANARY.address, browser: CANARY.browser }],
    sign_in_methods: [{ provider: 'password' }],
    events_left_out: false,
  })
  expect(own.body.keys.map(({ name }: { name: string }) => name)).toEqual(['For the nightly report', 'Not for long'])
  const [{ n } = { n: 0 }] = await sql<{ n: number }[]>`
    select count(*)::int as n from event where actor->>'id' = ${wren.id} or subject_id = ${wren.id}`
  expect(own.body.events).toHaveLength(n)
  const { visitor: support } = await comes('supporter', { role: 'support' })
  for (const path of ['data', 'erasure'])
    expect((await support.ask('GET', `/people/${wren.id}/${path}`)).status).toBe(403)
})

/** As `joined`, where invitations go by mail. */
async function comes(name: string, wanted: Record<string, unknown>) {
  const person = { email: `${name}@example.com`, password: `${name} has a long password` }
  expect((await ana.ask('POST', '/invitations', { email: person.email, ...wanted })).status).toBe(201)
  const token = (await mails.link(person.email)).link.split('=')[1]
  const visitor = visitorOf(plane)
  const made = await visitor.ask('POST', '/invitations/acceptance', { token, name, password: person.password })
  expect(made.status, made.text).toBe(200)
  return { visitor, person, id: made.body.session.person.id as string }
}

test('neither the last owner nor who may do more is erased, and nobody erases himself without his password', async () => {
  const { visitor: tenant, id: tenantId } = await comes('tenant', { role: 'tenant_owner', account_id: account.id })
  const { visitor: admin, id: adminId } = await comes('admin', { role: 'administrator' })
  const erase = (by: Visitor, id: string) => by.ask('POST', `/people/${id}/erasure`, { reason: 'asked for it' })
  expect((await erase(tenant, wren.id)).status).toBe(403)
  expect((await erase(admin, wren.id)).body.detail).toMatch(/may do more than you/)
  expect((await erase(admin, adminId)).body.detail).toMatch(/under your own settings/)
  expect((await erase(ana, account.id)).status).toBe(404)
  // she is an owner of the account, too: only so may the other go
  expect((await ana.ask('GET', `/people/${tenantId}/erasure`)).body.obstacle).toBeNull()
  const lonely = (await ana.ask('POST', '/accounts', { name: 'Lonely' })).body
  const { visitor: alone, id: aloneId, person } = await comes('alone', { role: 'tenant_owner', account_id: lonely.id })
  const preview = (await ana.ask('GET', `/people/${aloneId}/erasure`)).body
  expect(preview.obstacle).toEqual({ code: 'last_tenant_owner', account: { id: lonely.id, name: 'Lonely' } })
  const refused = await erase(ana, aloneId)
  expect([refused.status, refused.body.detail]).toEqual([
    409,
    expect.stringMatching(/account Lonely\. Make somebody else/),
  ])
  expect((await alone.ask('POST', '/me/erasure', { password: 'not the right one' })).status).toBe(422)
  expect((await alone.ask('POST', '/me/erasure', { password: person.password })).status).toBe(409)
  expect((await alone.ask('GET', '/session')).status).toBe(200)
})

test('somebody erases himself with his password, and is nobody at once', async () => {
  const { visitor, person, id } = await comes('leaver', { role: 'support' })
  expect((await visitor.ask('GET', '/me/erasure')).body).toMatchObject({ person: { id }, obstacle: null })
  expect((await visitor.ask('POST', '/me/erasure', { password: person.password })).status).toBe(204)
  expect((await visitor.ask('GET', '/session')).status).toBe(401)
  expect((await visitorOf(second).ask('POST', '/sign-in/password', person)).status).toBe(401)
})

test('an erasure shows what goes and what stays, and takes it away in all processes at once', async () => {
  // a record of a version before names were sealed, which nothing can change
  await sql`insert into event (id, type, subject_kind, subject_id, actor, request_id, occurred_at) values (gen_random_uuid(), 'thing.happened',
    'thing', 'old', ${sql.json({ kind: 'owner', id: wren.id, name: 'W. F.' })}, 'r', now())`
  const preview = (await ana.ask('GET', `/people/${wren.id}/erasure`)).body
  expect(preview).toMatchObject({
    person: { id: wren.id, name: CANARY.renamed, email: CANARY.changed },
    goes: {
      memberships: [{ role: 'owner' }, { role: 'tenant_owner' }],
      sessions: 1,
      passkeys: 0,
      totp: false,
      invitations: 0,
    },
    stays: { keys: [{ id: wren.key_id, name: 'For the nightly report' }], old_records: 1 },
    obstacle: null,
  })
  expect(preview.stays.records).toBeGreaterThan(20)
  // one more wrong password, and one more invitation, of which nothing may stay
  await visitorOf(plane).ask('POST', '/sign-in/password', { email: CANARY.changed, password: 'not the right one' })
  const [hashed] = await sql<{ email_hash: string }[]>`select email_hash from person where id = ${wren.id}`
  const kept = () => sql`select 1 from sign_in_failure where email_hash = ${hashed!.email_hash}`
  expect(await kept()).toHaveLength(1)
  const done = await ana.ask('POST', `/people/${wren.id}/erasure`, { reason: 'asked for it by letter' })
  expect(await kept()).toHaveLength(0)
  expect([done.status, done.text]).toEqual([204, ''])
  expect((await wren.visitor.ask('GET', '/session')).status).toBe(401)
  for (const email of [CANARY.email, CANARY.changed])
    expect((await visitorOf(second).ask('POST', '/sign-in/password', { email, password: wren.password })).status).toBe(
      401,
    )
  // the invitation to an address that she had before is not known to be hers, and goes by hand
  for (const { id, email } of (await ana.ask('GET', '/invitations')).body.items)
    if (email === CANARY.email) expect((await ana.ask('DELETE', `/invitations/${id}`)).status).toBe(204)
  for (const of of [plane, second])
    for (const [path, text] of await pages(of)) {
      expect([path, found(text)]).toEqual([path, []])
      expect([path, /person:[0-9a-f]{8}-/.test(text)]).toEqual([path, false])
      expect([path, text.includes(erased())]).toEqual([path, path !== '/people'])
    }
  expect((await ana.ask('GET', `/people/${wren.id}/erasure`)).status).toBe(404)
  expect((await ana.ask('POST', `/people/${wren.id}/erasure`, { reason: 'again' })).status).toBe(404)
  expect((await ana.ask('GET', `/audit?actor=${encodeURIComponent(CANARY.renamed)}`)).body.items).toEqual([])
})

test('no key of hers is left, nor anything by which she would be found', async () => {
  expect(await sql`select 1 from person_key where person_id = ${wren.id}`).toHaveLength(0)
  for (const table of ['person_session', 'sign_in_method', 'totp', 'passkey'])
    expect(await sql`select 1 from ${sql(table)} where person_id = ${wren.id}`, table).toHaveLength(0)
  expect(await sql`select 1 from verification where strpos(value, ${wren.id}) > 0`).toHaveLength(0)
  const [row] =
    await sql`select name, email, email_hash, name_hash, erased_at is not null as erased from person where id = ${wren.id}`
  expect(row).toEqual({ name: null, email: null, email_hash: null, name_hash: null, erased: true })
  // her key works on: who erased her was told of it
  expect((await ana.ask('GET', '/api-keys')).body.items).toContainEqual(
    expect.objectContaining({ id: wren.key_id, created_by: erased() }),
  )
  // whoever comes with the address later is somebody else
  expect((await ana.ask('POST', '/invitations', { email: CANARY.changed, role: 'support' })).status).toBe(201)
  const token = (await mails.link(CANARY.changed)).link.split('=')[1]
  const anew = visitorOf(plane)
  const made = await anew.ask('POST', '/invitations/acceptance', {
    token,
    name: 'Anew',
    password: 'a wholly new password',
  })
  expect(made.body.session.person.id).not.toBe(wren.id)
  expect(
    (await anew.ask('GET', '/me/data')).body.events.every(({ by_himself }: { by_himself: boolean }) => by_himself),
  ).toBe(true)
})

test('the chain is whole after the erasure, and a record that somebody alters then is found', async () => {
  await sealed()
  expect((await verification()).findings).toEqual([])
  const [record] =
    await sql`select number::text as number from event where type = 'person.erased' and subject_id = ${wren.id}`
  await sql`alter table event disable trigger event_is_append_only`
  await sql`update event set actor = jsonb_set(actor, '{name}', '"Somebody else"') where number = ${record!['number']}`
  await sql`alter table event enable always trigger event_is_append_only`
  expect((await verification()).findings).toEqual([
    expect.objectContaining({ check: 'altered', subject: record!['number'] }),
  ])
})

test('people of a version before are sealed by the set-up that follows, and sign in as ever', async () => {
  const { person, id } = await comes('veteran', { role: 'support' })
  await sql`delete from person_key where person_id = ${id}`
  await sql`update person set name = 'Veteran', email = ${person.email}, email_hash = null, name_hash = null where id = ${id}`
  await sql`update person_session set ip_address = '192.0.2.9', user_agent = 'Old/1' where person_id = ${id}`
  const clear = async () => {
    const texts = await tableTexts(installation.superuserUrl)
    return [...texts]
      .filter(([, text]) => /Veteran|veteran@example|192\.0\.2\.9|Old\/1/.test(text))
      .map(([name]) => name)
      .toSorted()
  }
  expect(await clear()).toEqual(['public.person', 'public.person_session'])
  for (let n = 0; n < 2; n += 1) {
    const ran = await atalaya(['setup'], installation).ended
    expect(ran.code, ran.stderr).toBe(0)
  }
  expect(await clear()).toEqual([])
  expect(await sql`select 1 from event where type = 'people.sealed'`).toHaveLength(1)
  const again = await signedIn(visitorOf(plane), person)
  const me = (await again.ask('GET', '/me')).body
  expect(me.person).toMatchObject({ name: 'Veteran', email: person.email })
  expect(me.sessions).toContainEqual(expect.objectContaining({ address: '192.0.2.9', browser: 'Old/1' }))
})

test('a rotation seals the keys of people anew, and everybody is called as before', async () => {
  const names = async () =>
    (await ana.ask('GET', '/people')).body.items.map(({ person }: { person: unknown }) => person)
  const before = await names()
  await ana.ask('POST', '/invitations', { email: 'pending@birds.example', role: 'support' })
  const ran = await atalaya(['rotate-secrets', '--drop-old'], installation).ended
  expect(ran.code, ran.stderr).toBe(0)
  expect(ran.stderr).toMatch(/1 old keys were taken away/)
  const used = await sql`select distinct split_part(key, ':', 3) as id from person_key
    union select distinct split_part(email, ':', 3) from invitation where email is not null`
  expect(used).toHaveLength(1)
  expect(await names()).toEqual(before)
  const { items } = (await ana.ask('GET', '/invitations')).body
  expect(items.map(({ email }: { email: string }) => email)).toContain('pending@birds.example')
  await signedIn(visitorOf(second), ANA)
})
