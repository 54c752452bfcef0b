/** Keys change on a running installation: every configuration that is delivered before, meanwhile and after is right, and reports never stop. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { keyIdOf, readKeys } from '#control-plane/secrets/cipher.ts'
import { HIDDEN } from '#control-plane/sources/settings.ts'
import {
  type ControlPlane,
  freshDatabase,
  type Installation,
  ownNats,
  startControlPlane,
  Suite,
} from '../setup/stack.ts'
import { atalaya } from './backup-file.ts'
import { Secretive } from './secretive.ts'

const SOURCES = 30
let suite: Suite
let installation: Installation
let nats: Awaited<ReturnType<typeof ownNats>>['server']
let plane: ControlPlane
let agent: Secretive
const expected = new Map<string, string>()

beforeAll(async () => {
  suite = new Suite()
  installation = await freshDatabase(suite)
  nats = (await ownNats(suite)).server
  plane = await startControlPlane(suite, installation, nats)
  agent = await Secretive.enrolled(plane)
  await agent.hello()
  for (let index = 0; index < SOURCES; index += 1) await make(`lab ${index}`)
}, 90_000)
afterAll(async () => {
  await agent.close()
  await suite.end()
})

async function make(realm: string): Promise<string> {
  const password = crypto.randomUUID()
  const body = JSON.stringify({ agent: agent.id, connector: 'secretive', realm, settings: { uri: 'a', password } })
  const answer = await plane.api('/sources', { method: 'POST', body })
  expect(answer.status).toBe(201)
  const { id } = (await answer.json()) as { id: string }
  expected.set(id, password)
  return id
}

const keys = () =>
  readKeys(readFileSync(join(installation.data, 'secret-keys'), 'utf8'), 'the file').map(({ id }) => id)
const rotate = async (...args: string[]) => {
  const ran = await atalaya(['rotate-secrets', ...args], installation).ended
  expect(ran.code, ran.stderr).toBe(0)
  return ran.stderr
}
async function usedKeys(): Promise<(string | null)[]> {
  const sql = postgres(installation.ownerUrl, { max: 1 })
  try {
    const rows = await sql<
      { password: string }[]
    >`select settings ->> 'password' as password from source where sealed <> '{}'`
    expect(rows.length).toBe(expected.size)
    return [...new Set(rows.map(({ password }) => keyIdOf(password)))]
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/** Greets and reports without a pause, while sources are made and changed; every configuration is compared as it comes. */
function busy(): () => Promise<{ hellos: number; changes: number }> {
  const stopping = new AbortController()
  const counted = { hellos: 0, changes: 0 }
  const [any] = expected.keys()
  const greeting = async () => {
    while (!stopping.signal.aborted) {
      const before = [...expected]
      const { sources } = await agent.hello()
      const passwords = new Map(sources.map(({ id, settings }) => [id, settings.password]))
      for (const [id, password] of before) expect(passwords.get(id)).toBe(password)
      expect(await agent.health(any!)).toMatchObject({ ok: true })
      counted.hellos += 1
    }
  }
  const changing = async () => {
    while (!stopping.signal.aborted) {
      const id = await make(`busy ${counted.changes}`)
      const body = JSON.stringify({ settings: { uri: 'b', password: HIDDEN } })
      expect((await plane.api(`/sources/${id}`, { method: 'PATCH', body })).status).toBe(200)
      counted.changes += 1
    }
  }
  const loops = [greeting(), changing()]
  return async () => {
    stopping.abort()
    await Promise.all(loops)
    return counted
  }
}

test('three rotations, one after the other and two at once, interrupt nothing and lose no key that is in use', async () => {
  const before = keys()
  const stop = busy()
  await rotate()
  expect(keys()).toHaveLength(2)
  await rotate('--drop-old')
  expect(keys()).toHaveLength(1)
  await Promise.all([rotate('--drop-old'), rotate()])
  await rotate('--no-new-key', '--drop-old')
  const { hellos, changes } = await stop()
  expect(Math.min(hellos, changes)).toBeGreaterThan(10)
  expect(agent.replies.filter((reply) => !reply.ok)).toEqual([])
  expect(keys()).toHaveLength(1)
  expect(keys()).not.toEqual(before)
  expect(await usedKeys()).toEqual(keys())
  expect(
    agent.configs.flatMap(({ sources }) => sources).every(({ id, settings }) => settings.password === expected.get(id)),
  ).toBe(true)
}, 120_000)

test('a rotation killed at any moment leaves every secret readable, and the next one finishes it', async () => {
  for (const after_ms of [150, 300, 450, 600]) {
    const rotation = atalaya(['rotate-secrets'], installation)
    await Bun.sleep(after_ms)
    rotation.kill()
    await rotation.ended
    await agent.hello()
    for (const [id, password] of expected) expect(agent.settings(id)?.password).toBe(password)
  }
  await rotate('--no-new-key', '--drop-old')
  expect(await usedKeys()).toEqual(keys())
  await plane.child.stop()
  plane = await startControlPlane(suite, installation, nats)
  await agent.hello()
  for (const [id, password] of expected) expect(agent.settings(id)?.password).toBe(password)
}, 120_000)

test('a secret that no key opens is named, and no key is taken away that it may need', async () => {
  const [[moved], [from]] = [[...expected][0]!, [...expected][1]!]
  const sql = postgres(installation.ownerUrl, { max: 1 })
  try {
    const [row] = await sql<{ settings: { password: string } }[]>`select settings from source where id = ${moved}`
    await sql`update source set settings = (select settings from source where id = ${from}) where id = ${moved}`
    const ran = await atalaya(['rotate-secrets', '--drop-old'], installation).ended
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining(`Source ${moved}: no key here`) as string })
    expect(ran.stderr).toContain('No old key was taken away')
    expect(keys()).toHaveLength(2)
    await sql`update source set settings = ${sql.json(row!.settings)} where id = ${moved}`
  } finally {
    await sql.end({ timeout: 1 })
  }
  await agent.hello()
  expect(agent.settings(moved)?.password).toBe(expected.get(moved))
}, 60_000)
