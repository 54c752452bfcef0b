/** A difference is told in words: which machine, hour or line, what was expected and what was found. */
import { expect, test } from 'vitest'
import { difference } from './compare.ts'
import type { Outcome, OutcomeLine } from './outcome.ts'

const line: OutcomeLine = {
  machine: 'alpha|vm|web-1|1',
  component: 'vm.vcpu',
  price_from: 0,
  quantity: '7200000',
  exact: '1/10',
  net: '0.10',
  unobserved_ms: 0,
  estimated: false,
  gaps: [{ from: 0, to: 60_000, cause: 'silent', policy: 'infer' }],
  gaps_more: 0,
}
const HOUR = 'alpha|vm|web-1|1 disk_read_bytes 1970-01-01T00:00:00.000Z'
const outcome = (over: Partial<OutcomeLine> = {}, quantity = '5'): Outcome => ({
  versions: {
    'alpha|vm|web-1|1': [
      { from: 0, to: null, from_exact: true, to_exact: false, host: 'a1', state: 'running', size: { vcpu_count: '2' } },
    ],
  },
  usage: { [HOUR]: { quantity, estimated: false } },
  invoices: {
    'acme 1': { period: { from: 0, to: 1 }, lines: [{ ...line, ...over }], net: '0.10', tax: '0.02', total: '0.12' },
  },
  drafts: {},
})

test('equal outcomes differ in nothing', () => expect(difference(outcome(), outcome())).toBeNull())

test('each value that differs is named with its machine', () => {
  expect(difference(outcome(), outcome({}, '6'))).toContain(`Usage of ${HOUR}: expected {"quantity":"5"`)
  expect(difference(outcome(), outcome({ net: '0.11' }))).toContain(
    'Invoice acme 1, 1970-01-01T00:00:00.000Z to 1970-01-01T00:00:00.001Z: the line alpha|vm|web-1|1 vm.vcpu',
  )
  for (const over of [{ quantity: '1' }, { exact: '1/9' }, { unobserved_ms: 1 }, { estimated: true }])
    expect(difference(outcome(), outcome(over))).toContain(`${Object.keys(over)[0]}: expected`)
  for (const over of [{ gaps: [] }, { gaps_more: 1 }])
    expect(difference(outcome(), outcome(over))).toContain('gaps: expected silent (infer)')
  expect(difference(outcome(), { ...outcome(), versions: {} })).toContain('running on a1')
  expect(difference(outcome(), { ...outcome(), invoices: {} })).toBe('Invoice acme 1: expected one, found none.')
})
