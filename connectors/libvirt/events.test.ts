import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseEvent } from './events.ts'

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8').split('\n')

test('the instant of an event is what virsh printed, to the millisecond and in its zone', () => {
  const line = "2026-11-22 01:46:32.172+0000: event 'lifecycle' for domain 'a': Resumed Migrated"
  expect(parseEvent(line)).toEqual({
    at_ms: Date.UTC(2026, 10, 22, 1, 46, 32, 172),
    domain: 'a',
    type: 'lifecycle',
    what: 'Resumed',
    detail: 'Migrated',
  })
  const at = (zone: string) => parseEvent(line.replace('+0000', zone))?.at_ms
  expect(at('+0530')).toBe(Date.UTC(2026, 10, 21, 20, 16, 32, 172))
  expect(at('-0330')).toBe(Date.UTC(2026, 10, 22, 5, 16, 32, 172))
})

test('what changes no domain is passed over, with the further lines of an event', () => {
  const told = fixture('events-power.txt').flatMap((line) => parseEvent(line) ?? [])
  expect(told.map(({ what, detail }) => `${what} ${detail}`.trim())).toEqual([
    'Shutdown Finished after guest request',
    'Stopped Shutdown',
    'Resumed Unpaused',
    'Started Booted',
    '195584',
    '131072',
    'Suspended Paused',
    'Stopped Saved',
    'Started Restored',
    'Resumed Snapshot',
    'Suspended Paused',
    'Resumed Unpaused',
    'Stopped Snapshot',
    'Started Snapshot',
    'Resumed Snapshot',
    'Defined Snapshot',
    'Stopped Failed',
  ])
})

test('devices are told by their alias', () => {
  const line = "2026-11-22 02:10:11.520+0000: event 'device-added' for domain 'b': net1"
  expect(parseEvent(line)).toMatchObject({ type: 'added', domain: 'b', detail: 'net1' })
})

test('no name of a domain passes as another domain or another event', () => {
  const line = "2026-11-22 01:46:32.172+0000: event 'lifecycle' for domain 'b': Stopped Destroyed': Started Booted"
  expect(parseEvent(line)).toMatchObject({ domain: "b': Stopped Destroyed", what: 'Started', detail: 'Booted' })
})

test('no line stops the reader', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseEvent(text)))
  const head = "2026-11-22 01:46:32.172+0000: event 'lifecycle' for domain '"
  fc.assert(fc.property(fc.string(), (text) => void parseEvent(head + text)))
  for (const kind of ['constructor', 'to-string', 'valueof'])
    expect(parseEvent(head.replace('lifecycle', kind) + "b': Started Booted")).toBeUndefined()
  expect(parseEvent(head + "': Started !".repeat(100_000))).toBeUndefined()
})
