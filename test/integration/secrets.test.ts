/** Secrets of sources on a running installation: whatever happens with them, they are found nowhere but at their agent. */
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import type { Source } from '#control-plane/sources/contract.ts'
import { HIDDEN } from '#control-plane/sources/settings.ts'
import {
  type ControlPlane,
  emptyDatabase,
  freshDatabase,
  type Installation,
  ownNats,
  startControlPlane,
  Suite,
} from '../setup/stack.ts'
import { enrolAgent } from '../../deploy/atalaya.ts'
import type { Settings } from '../../deploy/settings.ts'
import { atalaya, framesOf, sealed } from './backup-file.ts'
import { Secretive } from './secretive.ts'
import { backupText, filesWith, tableTexts, watchCommandLines } from './traces.ts'

const WAIT = { timeout: 20_000, interval: 50 }
let suite: Suite
let installation: Installation
let nats: Awaited<ReturnType<typeof ownNats>>['server']
let plane: ControlPlane
let agent: Secretive
let commandLines: ReturnType<typeof watchCommandLines>

/** each secret ever given, so that each can be looked for */
const canaries: string[] = []
const canary = (): string => {
  canaries.push(`canary-${canaries.length}-${crypto.randomUUID()}`)
  return canaries.at(-1)!
}
/** each text that a person or program was shown */
const told: string[] = []

async function call(path: string, method = 'GET', body?: unknown): Promise<{ status: number; text: string }> {
  const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
  const answer = await plane.api(path, { method, ...sent })
  const text = await answer.text()
  told.push(text)
  return { status: answer.status, text }
}
async function made(settings: Record<string, unknown>, realm = 'lab'): Promise<string> {
  const { status, text } = await call('/sources', 'POST', { agent: agent.id, connector: 'secretive', realm, settings })
  expect(status, text).toBe(201)
  return (JSON.parse(text) as Source).id
}
const change = (id: string, settings: unknown) => call(`/sources/${id}`, 'PATCH', { settings })
const shown = async (id: string) => JSON.parse((await call(`/sources/${id}`)).text) as Source

async function sql<T extends object>(statement: string, url = installation.superuserUrl): Promise<T[]> {
  const client = postgres(url, { max: 1, onnotice: () => {} })
  try {
    return (await client.unsafe(statement)) as unknown as T[]
  } finally {
    await client.end({ timeout: 1 })
  }
}
const stored = async (id: string) =>
  (
    await sql<{ settings: Record<string, unknown>; sealed: string[] }>(
      `select settings, sealed from source where id = '${id}'`,
    )
  )[0]!

async function command(args: string[], place: { ownerUrl: string; data: string } = installation) {
  const ran = await atalaya(args, place).ended
  told.push(ran.stdout, ran.stderr)
  return ran
}
const keyFile = () => join(installation.data, 'secret-keys')
async function restart(between = () => {}): Promise<void> {
  await plane.child.stop()
  between()
  plane = await startControlPlane(suite, installation, nats)
}

beforeAll(async () => {
  process.env.ATALAYA_LOG = 'trace'
  suite = new Suite()
  commandLines = watchCommandLines()
  installation = await freshDatabase(suite)
  nats = (await ownNats(suite)).server
  plane = await startControlPlane(suite, installation, nats)
  agent = await Secretive.enrolled(plane)
  await agent.hello()
}, 90_000)
afterAll(async () => {
  await agent.close()
  await suite.end()
})

test('the agent gets what was entered and people get dots; through changes, refusals and failures of the database', async () => {
  const [password, token] = [canary(), canary()]
  const id = await made({ uri: 'a', password, token })
  await vi.waitFor(() => expect(agent.settings(id)).toEqual({ uri: 'a', password, token }), WAIT)
  expect((await shown(id)).settings).toEqual({ uri: 'a', password: HIDDEN, token: HIDDEN })
  expect(await stored(id)).toMatchObject({ sealed: ['password', 'token'], settings: { uri: 'a' } })

  const other = canary()
  expect((await change(id, { uri: 'b', password: HIDDEN, token: other })).status).toBe(200)
  await vi.waitFor(() => expect(agent.settings(id)).toEqual({ uri: 'b', password, token: other }), WAIT)

  expect((await change(id, { uri: 7, password: canary() })).status).toBe(422)
  expect((await change(id, { uri: 'a', password: canary(), tokn: canary() })).status).toBe(422)
  expect((await call(`/sources/${id}`, 'PATCH', `{"settings": {"password": ${canary()}`)).status).toBe(400)
  expect((await change(id, { uri: 'NUL \0', password: canary(), token: 'x' })).status).toBe(422)
  await sql("alter table source add constraint refuses check (realm <> 'refused')")
  const input = {
    agent: agent.id,
    connector: 'secretive',
    realm: 'refused',
    settings: { uri: 'a', password: canary() },
  }
  expect((await call('/sources', 'POST', input)).status).toBe(500)
  await sql('alter table source drop constraint refuses')
  expect((await change(id, { uri: 'b', password: HIDDEN, token: HIDDEN })).status).toBe(200)
  await vi.waitFor(() => expect(agent.settings(id)).toEqual({ uri: 'b', password, token: other }), WAIT)

  const error = { code: 'refused', message: `401: ${password} of ${encodeURIComponent(other)}`, remedy: `not ${other}` }
  expect(await agent.health(id, error)).toMatchObject({ ok: true })
  const failing = await shown(id)
  expect(failing).toMatchObject({
    state: 'failing',
    error: { message: `401: ${HIDDEN} of ${HIDDEN}`, remedy: `not ${HIDDEN}` },
  })
}, 60_000)

test('what an earlier version left in the clear is sealed at the next start, also where it looks like an envelope', async () => {
  const [old, odd] = [canary(), `enc:v1:0badc0de:${Buffer.from(canary()).toString('base64')}`]
  const [first, second] = [await made({ uri: 'a', password: canary() }), await made({ uri: 'a', password: canary() })]
  for (const [id, password] of [
    [first, old],
    [second, odd],
  ])
    await sql(
      `update source set sealed = '{}', settings = '{"uri": "a", "token": "", "password": "${password}"}' where id = '${id}'`,
    )
  expect((await shown(second)).settings).toEqual({ uri: 'a', token: '', password: HIDDEN })
  await restart()
  await vi.waitFor(async () => {
    expect(await stored(first)).toMatchObject({ sealed: ['password'] })
    expect(await stored(second)).toMatchObject({ sealed: ['password'] })
  }, WAIT)
  const twice = await stored(second)
  await restart()
  await agent.hello()
  expect(agent.settings(first)).toEqual({ uri: 'a', token: '', password: old })
  expect(agent.settings(second)).toEqual({ uri: 'a', token: '', password: odd })
  expect(await stored(second)).toEqual(twice)
}, 60_000)

test('a field that a manifest names as secret only later is sealed with that hello, and hidden from then on', async () => {
  const note = canary()
  const id = await made({ uri: 'a', note: 'nothing yet', password: canary() })
  // events are never rewritten: what was entered as no secret stays in them, so the canary comes by another way
  await sql(`update source set settings = settings || '{"note": "${note}"}' where id = '${id}'`)
  await agent.hello(['password', 'token', 'note'])
  expect((await stored(id)).sealed).toEqual(['password', 'note'])
  expect((await shown(id)).settings).toMatchObject({ note: HIDDEN })
  expect(agent.settings(id)).toMatchObject({ note })
  await agent.hello(['password', 'token'])
  expect((await shown(id)).settings, 'once secret, always secret').toMatchObject({ note: HIDDEN })
  expect(agent.settings(id)).toMatchObject({ note })
})

test('without its key a source fails with a remedy and all else works; it works again with the key, or entered anew', async () => {
  const [kept, entered] = [canary(), canary()]
  const [lost, anew, plain] = [
    await made({ uri: 'a', password: kept }),
    await made({ uri: 'a', password: canary() }),
    await made({ uri: 'plain' }),
  ]
  const key = readFileSync(keyFile(), 'utf8')
  const { stdout: other } = Bun.spawnSync(['sh', '-c', 'head -c 32 /dev/urandom | base64'])
  await restart(() => writeFileSync(keyFile(), other))
  await vi.waitFor(async () => expect((await shown(lost)).error?.code).toBe('secrets_unreadable'), WAIT)
  await agent.hello()
  expect([agent.settings(lost), agent.settings(anew), agent.settings(plain)]).toEqual([null, null, { uri: 'plain' }])
  const { state, error } = await shown(lost)
  expect(state).toBe('failing')
  expect(error).toMatchObject({
    message: expect.stringMatching(/"password" was sealed with the key [0-9a-f]{8}, which is not here/) as string,
    remedy: expect.stringContaining(keyFile()) as string,
  })
  await agent.health(lost)
  expect((await shown(lost)).error?.code, 'an agent with an older configuration mends nothing').toBe(
    'secrets_unreadable',
  )
  expect((await call('/notices?open=true')).text).toContain('secrets_unreadable')

  const refused = await change(anew, { uri: 'a', password: HIDDEN })
  expect(JSON.parse(refused.text)).toMatchObject({ code: 'bad_settings', errors: [{ pointer: '/settings/password' }] })
  expect((await change(anew, { uri: 'a', password: entered })).status).toBe(200)
  expect((await shown(anew)).error).toBeNull()
  await vi.waitFor(() => expect(agent.settings(anew)).toEqual({ uri: 'a', password: entered }), WAIT)

  writeFileSync(keyFile(), `${other.toString()}${key}`)
  await vi.waitFor(() => expect(agent.settings(lost)).toEqual({ uri: 'a', password: kept }), WAIT)
  expect((await shown(lost)).error).toBeNull()
}, 90_000)

test('a start without a key, or with one that is none, is refused with a remedy that repeats nothing', async () => {
  const start = async (key: string) => {
    const env = { ...process.env, DATABASE_URL: installation.ownerUrl, ...nats.environment() }
    const child = Bun.spawn(['bun', 'control-plane/main.ts'], {
      env: { ...env, ATALAYA_DATA: mkdtempSync(join(suite.folder, 'empty-')), ATALAYA_SECRET_KEY: key },
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const [code, text] = [await child.exited, await new Response(child.stderr).text()]
    return { code, text }
  }
  expect(await start('')).toMatchObject({
    code: 1,
    text: expect.stringMatching(/There is no key .*Run set-up/) as string,
  })
  const { code, text } = await start('c2hvcnQ=')
  expect({ code, text }).toMatchObject({
    code: 1,
    text: expect.stringMatching(/^ATALAYA_SECRET_KEY: key 1 .*Make one by/) as string,
  })
  expect(text).not.toContain('c2hvcnQ')
})

test('a backup holds envelopes alone; without its key the restore says so, with it all secrets are back', async () => {
  const file = join(suite.folder, 'all.backup')
  expect((await command(['backup', file])).stdout).toContain('The key of the secrets of sources is in it')
  const text = backupText(file)
  expect(text).toContain('enc:v1:')
  expect(canaries.filter((word) => text.includes(word))).toEqual([])

  const keyless = join(suite.folder, 'keyless.backup')
  const isKey = (payload: Buffer) => payload.toString().includes('"secret-keys"')
  writeFileSync(keyless, sealed(framesOf(readFileSync(file)).filter((f) => f.kind !== 'file' || !isKey(f.payload))))
  const place = async () => ({ ...(await emptyDatabase(suite)), data: mkdtempSync(join(suite.folder, 'data-')) })
  const [without, withIt] = [await place(), await place()]
  const unreadable = await command(['restore', keyless], without)
  expect(unreadable).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/secrets of \d+ of its sources can't be read/) as string,
  })
  writeFileSync(join(withIt.data, 'secret-keys'), readFileSync(join(without.data, 'secret-keys')))
  const back = await command(['restore', file], withIt)
  expect(back.code, back.stderr).toBe(0)
  expect(back.stdout).not.toContain("can't be read")
}, 60_000)

test('an abort prints nothing of what the process knew', async () => {
  const { pid } = plane.child
  process.kill(pid!, 'SIGABRT')
  await vi.waitFor(() => expect(plane.child.ended).toBeDefined(), WAIT)
  plane = await startControlPlane(suite, installation, nats)
})

test('an agent is enrolled as `up` does it, and no token stands in a command line', async () => {
  const settings = { root: join(import.meta.dirname, '../..'), data: installation.data } as Settings
  expect(await enrolAgent(settings, plane.origin, mkdtempSync(join(suite.folder, 'agent-')))).toBe(true)
})

test('after all of this no secret is in a table, a file, a log, an answer or a command line', async () => {
  expect((await command(['rotate-secrets', '--drop-old'])).code).toBe(0)
  for (const path of ['/sources', '/events?limit=500', '/notices', '/connectors', '/agents']) await call(path)
  const tables = await tableTexts(installation.superuserUrl)
  expect(tables.get('public.source')).toContain('enc:v1:')
  const words = canaries
  for (const [name, text] of tables)
    expect(
      words.filter((word) => text.includes(word)),
      name,
    ).toEqual([])
  expect(words.filter((word) => told.some((text) => text.includes(word)))).toEqual([])
  expect(existsSync(plane.child.logFile)).toBe(true)
  expect(filesWith(suite.folder, words)).toEqual([])
  expect(filesWith(join(inject('folder'), 'logs'), words)).toEqual([])
  const lines = commandLines.end()
  expect(lines).toContain('control-plane/main.ts')
  expect(lines).toContain('agent/main.ts enrol')
  expect(lines).not.toMatch(/atalaya_(enrol|setup|key)_[A-Za-z0-9_-]{20}/)
  const seeds = Object.values(JSON.parse(readFileSync(nats.environment().ATALAYA_NATS_KEYS ?? '', 'utf8')) as object)
    .map(String)
    .filter((value) => value.startsWith('S'))
  expect(seeds).toHaveLength(4)
  const passwords = [new URL(installation.ownerUrl).password, ...seeds]
  const keys = readFileSync(keyFile(), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  expect([...words, ...passwords, ...keys, installation.apiKey].filter((word) => lines.includes(word))).toEqual([])
}, 60_000)
