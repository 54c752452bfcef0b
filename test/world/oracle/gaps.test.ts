import { expect, test } from 'vitest'
import type { Truth } from '../truth.ts'
import { expected } from './index.ts'
import { DAY, HOUR, KEY, looks, machine, MINUTE, price, stretch, T0, tick, truth } from './small.ts'

const always = { machines: [machine([stretch(T0 - DAY, null)])], looks: looks(T0 - DAY, T0 + DAY) }
/** The first line of the draft of a world. */
const lineOf = (parts: Partial<Truth>) => expected(truth({ ...always, ...parts })).drafts['acme']?.lines[0]
const blind = { looks: [...looks(T0 - DAY, T0 + 6 * HOUR), ...looks(T0 + 9 * HOUR, T0 + DAY)] }
const [LAST, NEXT] = [T0 + 6 * HOUR - 5 * MINUTE, T0 + 9 * HOUR]

test.each([
  ['infer', '24.00'],
  ['skip', '20.92'],
  ['block', '24.00'],
] as const)('time in which nobody looked is billed as its price says: %s', (gap_policy, net) => {
  const line = lineOf({ ...blind, decisions: [price('1', { gap_policy })] })
  expect(line).toMatchObject({ net, unobserved_ms: NEXT - LAST })
  expect(line?.gaps).toEqual([{ from: LAST, to: NEXT, cause: 'silent', policy: gap_policy }])
})

test('a counter that nobody read is billed in total or not at all; one that began anew has no total', () => {
  const read = (n: number, epoch: string) => tick(T0 + n * HOUR, BigInt(n) * 1_000n, { epoch, interval_ms: HOUR })
  const ticks = [0, 1, 2, 9, 10].map((n) => read(n, 'boot-1'))
  const sold = { meter: 'network_transmit_bytes', per: 'quantity', unit: 'kB' } as const
  const used = (gap_policy: 'total' | 'skip', list = ticks) =>
    lineOf({ ticks: list, decisions: [price('1', { ...sold, gap_policy })] })
  const silent = { from: T0 + 2 * HOUR, to: T0 + 9 * HOUR, cause: 'silent' }
  expect(used('total')).toMatchObject({ quantity: '10000', gaps: [{ ...silent, policy: 'total' }] })
  expect(used('skip')).toMatchObject({ quantity: '3000', gaps: [{ ...silent, policy: 'skip' }] })
  const anew = [...ticks.slice(0, 3), read(9, 'boot-2'), read(10, 'boot-2')]
  expect(used('total', anew)).toMatchObject({ quantity: '3000', gaps: [{ ...silent, cause: 'reset', policy: 'skip' }] })
})

test('an admitted loss explains the silence around it, for machines that its source had seen', () => {
  const loss = {
    source: 'h1',
    from: LAST + MINUTE,
    to: NEXT - MINUTE,
    cause: 'spool_overflow',
    stored_at: NEXT,
  } as const
  const told = (source: string) => lineOf({ ...blind, losses: [{ ...loss, source }], decisions: [price('1')] })?.gaps
  expect(told('h1')).toEqual([{ from: LAST, to: NEXT, cause: 'spool_overflow', policy: 'infer' }])
  expect(told('h2')).toMatchObject([{ cause: 'silent' }])
})

test('an invoice waits for a gap whose price blocks until all of it is accepted', () => {
  const finalise = { type: 'finalise', account: 'acme', as_of: T0 + 12 * HOUR, at: T0 + 13 * HOUR } as const
  const accept = (to: number) =>
    ({
      type: 'accept',
      account: 'acme',
      at: finalise.at,
      gaps: [{ machine: KEY, meter: 'instance', from: LAST, to }],
    }) as const
  const issued = (...before: Truth['decisions']) =>
    Object.keys(
      expected(truth({ ...always, ...blind, decisions: [price('1', { gap_policy: 'block' }), ...before, finalise] }))
        .invoices,
    )
  expect(issued()).toEqual([])
  expect(issued(accept(NEXT - 1))).toEqual([])
  expect(issued(accept(NEXT))).toEqual(['acme 1'])
})
