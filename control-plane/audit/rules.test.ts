import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { EventRecord } from '../events/contract.ts'
import {
  checkEnd,
  checkGuards,
  checkRecords,
  checkSeal,
  deletedOf,
  type Head,
  readEntries,
  recordText,
  type Seal,
  sealOf,
  START,
} from './rules.ts'

const record = (number: number, changes: Partial<EventRecord> = {}): EventRecord => ({
  id: `id-${number}`,
  number: String(number),
  type: 'account.changed',
  subject_kind: 'account',
  subject_id: 'a',
  account_id: null,
  actor: '{"id": "o", "kind": "owner", "name": "Owner"}',
  before: '{"name": "Acme"}',
  after: '{"name": "Acme Ltd"}',
  request_id: 'r',
  occurred_at: '1793000000123',
  ...changes,
})
const batch = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => record(from + index))

/** Two seals over six records. */
function chain(): { seals: [Seal, Seal]; records: EventRecord[] } {
  const records = batch(1, 6)
  const first = sealOf(records.slice(0, 4), START, 1_000)
  return { seals: [first, sealOf(records.slice(4), first, 2_000)], records }
}

function verify(seals: readonly Seal[], records: readonly EventRecord[], head: Head | null): string[] {
  let last: Head = START
  const found = []
  for (const seal of seals) {
    found.push(...checkSeal(seal, last))
    last = seal
  }
  const sealed = new Map(seals.flatMap(({ entries }) => [...readEntries(entries)]))
  found.push(...checkRecords(sealed, records), ...deletedOf(sealed), ...checkEnd(last, head))
  return found.map(({ check, subject }) => `${check} ${subject}`)
}

test('what nobody touched has no finding, also where nothing was sealed yet', () => {
  const { seals, records } = chain()
  expect(
    seals.map(({ number, first_number, last_number, count }) => [number, first_number, last_number, count]),
  ).toEqual([
    [1, 1, 4, 4],
    [2, 5, 6, 2],
  ])
  expect(verify(seals, records, seals[1])).toEqual([])
  expect(verify([], [], null)).toEqual([])
})

test('each column is in the text of a record: one that is changed is found and named', () => {
  const { seals, records } = chain()
  for (const column of Object.keys(record(1)).filter((name) => name !== 'number')) {
    const changed = records.with(2, record(3, { [column]: 'something else' }))
    expect(verify(seals, changed, seals[1]), column).toEqual(['altered 3'])
  }
  expect(verify(seals, records.with(2, record(3, { before: null })), seals[1])).toEqual(['altered 3'])
  expect(recordText(record(1, { before: null }))).not.toBe(recordText(record(1, { before: 'null' })))
})

test('any change of any record is found', () => {
  const { seals, records } = chain()
  const text = fc.string({ maxLength: 12 })
  const columns = ['type', 'subject_id', 'actor', 'after', 'request_id', 'occurred_at'] as const
  fc.assert(
    fc.property(fc.nat(5), fc.constantFrom(...columns), text, (index, column, value) => {
      const old = records[index] as EventRecord
      fc.pre(old[column] !== value)
      expect(verify(seals, records.with(index, { ...old, [column]: value }), seals[1])).toEqual([
        `altered ${index + 1}`,
      ])
    }),
  )
})

test('a deleted record and an inserted one are named', () => {
  const { seals, records } = chain()
  expect(verify(seals, records.toSpliced(1, 1), seals[1])).toEqual(['deleted 2'])
  expect(verify(seals, records.slice(0, 5), seals[1])).toEqual(['deleted 6'])
  // another record under the number of a deleted one
  expect(verify(seals, records.with(1, record(2, { id: 'forged' })), seals[1])).toEqual(['altered 2'])
  const thin = sealOf([record(1), record(3)], START, 1_000)
  expect(verify([thin], [record(1), record(3)], thin)).toEqual(['deleted 1..3'])
  expect(verify([thin], batch(1, 3), thin)).toEqual(['deleted 1..3', 'inserted 2'])
})

test('a seal that was changed, made anew, deleted or added is named', () => {
  const { seals, records } = chain()
  const [first, second] = seals
  expect(verify([{ ...first, sealed_at: '1001' }, second], records, second)).toEqual(['seal 1'])
  expect(verify([{ ...first, entries: second.entries }, second], records, second)).toContain('seal 1')
  // the forger hashes his seal again, but not those that follow
  const forged = records.with(0, record(1, { type: 'account.opened' }))
  const anew = sealOf(forged.slice(0, 4), START, 1_000)
  expect(verify([anew, second], forged, second)).toEqual(['chain 2'])
  // and if he hashes them all, the head still tells
  const all = sealOf(forged.slice(4), anew, 2_000)
  expect(verify([anew, all], forged, second)).toEqual(['chain 2'])
  expect(verify([second], records.slice(4), second)).toEqual(['chain 1..1'])
  expect(verify([first], records.slice(0, 4), second)).toEqual(['chain 2..2'])
  expect(verify(seals, records, first)).toEqual(['chain 2..2'])
  expect(verify(seals, records, null)).toEqual(['chain head'])
})

test('a trigger that is missing or sleeps is named', () => {
  const names = [
    'event_is_append_only',
    'event_is_kept',
    'audit_seal_is_append_only',
    'audit_head_moves_on',
    'audit_head_is_kept',
  ]
  const all = names.map((name) => ({ name, enabled: true }))
  expect(checkGuards(all)).toEqual([])
  expect(checkGuards(all.slice(1))).toMatchObject([{ check: 'guard', subject: names[0] }])
  expect(checkGuards(all.with(2, { name: names[2]!, enabled: false }))).toMatchObject([
    { check: 'guard', subject: names[2] },
  ])
})
