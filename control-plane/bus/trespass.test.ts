import { createUser } from '@nats-io/nkeys'
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Authority, newTrust, trustIn } from './authority.ts'
import { saysTheSame } from './claims.ts'
import { logTail } from './tail.ts'
import { type Trespass, trespassAtDoor, trespassInCut, trespassInLog } from './trespass.ts'

const KEY = `U${'A'.repeat(55)}`
const line = (what: string) =>
  `[7] 2026/11/22 11:08:01.468515 [ERR] 127.0.0.1:45698 - cid:5 - "v3.4.0:nats.js:an \\"agent\\"" - ${what}`
const publishing = (subject: string) => line(`Publish Violation - Nkey "${KEY}", Subject "${subject}"`)

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atalaya-tail-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('violations are read from the log of this nats-server and of later ones, and nothing else is', () => {
  expect(trespassInLog(publishing('v1.report.other'))).toEqual({
    reason: 'foreign_subject',
    public_key: KEY,
    detail: 'It tried to publish to v1.report.other',
  })
  const listening = line(`Subscription Violation - User "${KEY}", Subject "v1.inbox.>", SID 3`)
  expect(trespassInLog(listening)?.detail).toBe('It tried to listen to v1.inbox.>')
  expect(trespassInLog(publishing('x'.repeat(5_000)))?.detail).toHaveLength(200)
  for (const other of ['', 'authentication error', `Publish Violation - Nkey "${KEY}`, `Publish Violation - Nkey "me"`])
    expect(trespassInLog(line(other))).toBeNull()
})

test('at the door the shown credential says why it was refused', async () => {
  const authority = new Authority(await newTrust())
  const user = createUser().getPublicKey()
  const { jwt } = await authority.issue('agent', user, 60, 1_000_000_000_000)
  const at = (client: object, now: number) => trespassAtDoor({ client }, now)
  expect(at({ user, jwt }, 1_000_000_060_000)).toMatchObject({ reason: 'expired_credential', public_key: user })
  expect(at({ user, jwt }, 1_000_000_059_000)).toMatchObject({ reason: 'refused_credential', public_key: user })
  expect(at({ user: KEY, jwt }, 0)).toMatchObject({ reason: 'stolen_credential', public_key: user })
  expect(at({ user, jwt: 'none' }, 0)).toMatchObject({ reason: 'refused_credential', public_key: null })
  expect(JSON.stringify(at({ user: KEY, jwt }, 0))).not.toContain(jwt)
})

test('a usual end of a connection is no trespass, a cut is', () => {
  expect(trespassInCut({ reason: 'Client Closed', client: { user: KEY } })).toBeNull()
  expect(trespassInCut({ reason: 'Credentials Revoked', client: { user: KEY } })?.reason).toBe('revoked_credential')
  expect(trespassInCut({})).toBeNull()
})

test('a log is followed from its end, over its turning and its cutting, half lines first when they are whole', async () => {
  const file = join(folder, 'nats.log')
  const found: Trespass[] = []
  const read = logTail(file, (one) => found.push(one))
  await read()
  writeFileSync(file, `${publishing('first')}\n`)
  await read()
  appendFileSync(file, publishing('second').slice(0, 90))
  await read()
  expect(found).toHaveLength(1)
  appendFileSync(file, `${publishing('second').slice(90)}\n`)
  await read()
  renameSync(file, `${file}.1`)
  writeFileSync(file, `${publishing('third')}\n`)
  await read()
  writeFileSync(file, '')
  await read()
  appendFileSync(file, `${publishing('fourth')}\n`)
  await read()
  await read()
  const subjects = found.map(({ detail }) => detail.split(' ').at(-1))
  expect(subjects).toEqual(['first', 'second', 'third', 'fourth'])
  const later: Trespass[] = []
  await logTail(file, (one) => later.push(one))()
  expect(later, 'what was there before is not told again').toEqual([])
})

test('a flood in the log is read in part, and the following goes on', async () => {
  const file = join(folder, 'nats.log')
  writeFileSync(file, '')
  let found = 0
  const read = logTail(file, () => (found += 1))
  await read()
  appendFileSync(file, `${publishing('flood')}\n`.repeat(20_000))
  await read()
  expect(found).toBeGreaterThan(100)
  expect(found).toBeLessThan(5_000)
  found = 0
  appendFileSync(file, `${publishing('after')}\n`)
  await read()
  expect(found).toBe(1)
})

test('an account says the same however it is signed anew, and another with other revocations; a record of less is no trust', async () => {
  const trust = await newTrust()
  const authority = new Authority(trust)
  expect(saysTheSame(trust.account_jwt, await authority.account({}))).toBe(true)
  expect(saysTheSame(await authority.account({ [KEY]: 1 }), await authority.account({ [KEY]: 1 }))).toBe(true)
  expect(saysTheSame(await authority.account({ [KEY]: 1 }), await authority.account({ [KEY]: 2 }))).toBe(false)
  expect(saysTheSame('', trust.account_jwt)).toBe(false)
  expect(trustIn({ port: 1, ...trust })).toEqual(trust)
  expect(trustIn({ ...trust, agents: 'SUAWRONG' })).toBeNull()
  expect(trustIn({ port: 4222, controlPlanePassword: 'x', agentPassword: 'y' })).toBeNull()
})
