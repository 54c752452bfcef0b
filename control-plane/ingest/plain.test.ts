/** The quick look at readings takes nothing that the schema refuses, and changes nothing that it takes. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Fact } from '#connectors/contract.ts'
import { plainReadings } from './plain.ts'
import { isText } from './rules.ts'

const SOURCE = '0190a5c4-7b1c-7c3e-8a4f-2b6d8e9f0a1b'
const plain = {
  type: 'readings',
  source: SOURCE,
  seen_at_ms: 1_700_000_000_000,
  resource: { kind: 'vm', external_id: 'vm-1', incarnation: '' },
  interval_ms: 10_000,
  metered: true,
  epoch: { id: 'boot-1', origin_ms: 1_600_000_000_000, wrap_bits: 64 },
  counters: { cpu_time_ns: 5, 'network_receive_bytes/eth0': '18446744073709551615' },
  gauges: { uptime_seconds: 1.5 },
}

/** Values that a field may hold by mistake or malice. */
const odd = fc.oneof(
  fc.constantFrom(null, undefined, '', ' ', '\0', '\ud800', -1, 0, 1.5, 2 ** 60, Infinity, true, 32, 'vm', SOURCE, []),
  fc.constant({ id: 'x', more: 1 }),
  fc.constant({ kind: 'vm' }),
  fc.constant(JSON.parse('{"__proto__": 1}') as unknown),
  fc.dictionary(
    fc.constantFrom('cpu_time_ns', 'x'.repeat(257), '\0', 'a/b'),
    fc.constantFrom<unknown>(1, '1', null, {}),
  ),
)
const places = [
  'type',
  'source',
  'seen_at_ms',
  'resource',
  'interval_ms',
  'metered',
  'epoch',
  'counters',
  'gauges',
  'extra',
]
const nested = [
  ['resource', 'kind'],
  ['resource', 'external_id'],
  ['resource', 'incarnation'],
  ['epoch', 'id'],
  ['epoch', 'origin_ms'],
  ['epoch', 'wrap_bits'],
  ['counters', 'cpu_time_ns'],
]
const path = fc.constantFrom(...places.map((place) => [place]), ...nested)

function changed([place = '', inner]: readonly string[], value: unknown, drop: boolean): unknown {
  const copy = structuredClone(plain) as Record<string, unknown>
  const target = inner === undefined ? copy : (copy[place] as Record<string, unknown>)
  const name = inner ?? place
  if (drop) delete target[name]
  else target[name] = value
  return copy
}

test('readings as they mostly are need no schema', () => {
  expect(plainReadings(plain)).toEqual(Fact.parse(plain))
})

test('what the quick look takes, the schema takes the same', () => {
  let taken = 0
  fc.assert(
    fc.property(path, odd, fc.boolean(), (where, value, drop) => {
      const raw = changed(where, value, drop)
      const quick = plainReadings(raw)
      if (!quick) return
      taken += 1
      expect(isText(raw)).toBe(true)
      expect(Fact.parse(raw)).toEqual(quick)
    }),
    { numRuns: 3_000 },
  )
  expect(taken).toBeGreaterThan(100)
})
