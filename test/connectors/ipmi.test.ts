/** The IPMI connector through a stand-in for ipmitool that answers from files; the real one is tried against a simulator in test/backends. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Collected, Listing, Session } from '#connectors/contract.ts'
import { connector } from '#connectors/ipmi/index.ts'
import { aloneRig } from './alone.ts'
import { contractOf } from './kit.ts'

const fixtures = join(import.meta.dirname, '../../connectors/ipmi/fixtures')
const before = { PATH: process.env['PATH'], STUB: process.env['STUB'] }
let dir = ''
beforeAll(() => {
  process.env['PATH'] = `${import.meta.dirname}:${before.PATH}`
})
beforeEach(() => {
  if (dir !== '') rmSync(dir, { recursive: true })
  dir = mkdtempSync(join(tmpdir(), 'atalaya-ipmitool-'))
  cpSync(fixtures, dir, { recursive: true })
  process.env['STUB'] = dir
})
afterAll(() => {
  rmSync(dir, { recursive: true })
  process.env['PATH'] = before.PATH
  if (before.STUB === undefined) delete process.env['STUB']
})

const calls = () => readFileSync(join(dir, 'calls'), 'utf8').split('\n').slice(0, -1)
const write = (name: string, text: string) => writeFileSync(join(dir, name), text)
const clock = { now_ms: Date.parse('2026-11-23T02:00:00Z') }
let kept: unknown
const open = (more: Record<string, unknown> = {}): Promise<Session> =>
  connector.open(
    { addresses: ['192.0.2.10'], user: 'admin', password: 'secret', ...more },
    {
      realm: 'test',
      interval_ms: 60_000,
      now: () => clock.now_ms,
      emit: () => undefined,
      memory: { get: async () => kept, set: async (value) => void (kept = value) },
      log: () => undefined,
    },
  )
const tick = (session: Session): Promise<Collected[]> => session.collect(new AbortController().signal)
const listing = (facts: Collected[]) => facts.find((fact) => fact.type === 'listing') as Listing
const events = (facts: Collected[]) =>
  facts.flatMap((fact) => (fact.type === 'event' ? [[fact.change, fact.seen_at_ms - clock.now_ms]] : []))

contractOf('ipmi', async () =>
  aloneRig(connector, {
    kind: 'host',
    settings: { addresses: ['192.0.2.10'], user: 'admin', password: 'secret' },
    why: {
      made: 'its machines are those that the settings name: none is made, none is ended',
      trouble: 'it goes through ipmitool, whose failures are tried below',
    },
  }),
)

test('one machine with its parts; the password is in no argument, and the log is read when it changed', async () => {
  kept = undefined
  const session = await open()
  const facts = await tick(session)
  expect(listing(facts)).toMatchObject({ complete: true })
  expect(listing(facts).resources.map(({ external_id }) => external_id)).toEqual([
    '674523a1-0189-4523-6789-abcdef010001',
    'psu/PSU-0001',
    '674523a1-0189-4523-6789-abcdef010001/board/9 Riser1',
  ])
  await tick(session)
  expect(calls().filter((line) => line.endsWith('sel elist'))).toHaveLength(1)
  // inventories hourly, and DCMI not again where there is none
  expect(calls().filter((line) => /fru print$|dcmi/.test(line))).toHaveLength(2)
  expect(calls().every((line) => line.startsWith('-I lanplus -C 3 -H 192.0.2.10 -p 623 -U admin -L USER -E '))).toBe(
    true,
  )
  expect(calls().join('')).not.toContain('secret')
})

test('a new entry is an event at its instant by a clock that is an hour behind, over a restart of the agent too', async () => {
  kept = undefined
  const first = await open()
  await tick(first)
  await first.close()
  clock.now_ms += 60_000
  const behind_s = clock.now_ms / 1_000 - 3_600
  const bytes = [0, 8, 16, 24].map((shift) => ((behind_s >>> shift) & 0xff).toString(16).padStart(2, '0'))
  write('time.txt', ` ${bytes.join(' ')}\n`)
  write('sel-info.txt', 'Entries          : 13\nLast Add Time    : 11/23/26 01:00:30 UTC\n')
  write(
    'sel-elist.csv',
    `${readFileSync(join(fixtures, 'sel-elist.csv'), 'utf8')}d0,11/23/26,01:00:30 UTC,Power Supply PS2,Failure detected,Asserted\n`,
  )
  const second = await open()
  expect(events(await tick(second))).toEqual([['Power Supply PS2: Failure detected', -30_000]])
  expect(events(await tick(second))).toEqual([])
})

test('an inventory that broke off ends nothing, and the GUID that a BMC forgets while it starts is still its own', async () => {
  kept = undefined
  const session = await open()
  await tick(session)
  clock.now_ms += 3_600_000
  write(
    'fru.txt',
    'FRU Device Description : Builtin FRU Device (ID 0)\n Device not present (Timeout)\nFRU Read failed\n',
  )
  write('guid.txt', 'Unable to send RAW command')
  const facts = await tick(session)
  expect(listing(facts).resources).toHaveLength(3)
  await session.close()
  // nothing was read of its parts since the restart
  expect(listing(await tick(await open()))).toMatchObject({
    complete: false,
    scope: { external_id: '674523a1-0189-4523-6789-abcdef010001' },
  })
})

test('a wrong password and a missing ipmitool say what to do', async () => {
  await expect(tick(await open({ password: 'wrong' }))).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining('password'),
  })
  process.env['PATH'] = '/nonexistent'
  const lost = await open()
  await expect(tick(lost)).rejects.toMatchObject({ code: 'missing_tool', remedy: expect.stringContaining('ipmitool') })
  process.env['PATH'] = `${import.meta.dirname}:${before.PATH}`
})

test('settings that can’t work are refused before anything is asked', async () => {
  await open({ addresses: ['bmc1.example.com', '192.0.2.1:624', '2001:db8::1', '[2001:db8::1]:624'] })
  for (const wrong of [
    { addresses: [] },
    { addresses: ['-H'] },
    { addresses: ['a b'] },
    { addresses: ['a:99999'] },
    { user: '-P' },
    { password: 'x'.repeat(21) },
    { cipher_suite: 0 },
  ])
    await expect(open(wrong), JSON.stringify(wrong)).rejects.toMatchObject({ code: 'bad_settings' })
})
