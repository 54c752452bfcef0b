/** How a price changes: every amount of it, in the order percentage, amount, rounding; and what binds a review. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Big } from 'big.js'
import type { Change } from './contract.ts'
import { changed, type Content, deltaOf, deltaText, digestOf, percentText } from './rules.ts'

const price = (over: Partial<Content> = {}): Content => ({
  model: 'per_unit',
  per: 'hour',
  unit: 'vCPU',
  amount: '0.0125',
  terms: null,
  gap_policy: 'infer',
  ...over,
})
const change = (over: Partial<Change>): Change => ({ rounding: 'nearest', ...over })
const amountAfter = (amount: string, over: Partial<Change>) => changed(price({ amount }), change(over))?.amount

test.each([
  ['10', { percent: '10' }, '11'],
  ['0.0125', { percent: '-4' }, '0.012'],
  ['10', { amount: '-0.01' }, '9.99'],
  ['10', { percent: '10', amount: '0.5' }, '11.5'],
  ['10.02', { round_to: '0.05' }, '10'],
  ['10.025', { round_to: '0.05' }, '10.05'],
  ['10.01', { round_to: '0.05', rounding: 'up' }, '10.05'],
  ['10.04', { round_to: '0.05', rounding: 'down' }, '10'],
  ['10.05', { round_to: '0.05', rounding: 'up' }, '10.05'],
  ['0.0125', { percent: '7.5', round_to: '0.0001', rounding: 'down' }, '0.0134'],
  ['0.000000000001', { percent: '50' }, '0.000000000002'],
  ['0', { amount: '1' }, '0'],
] as const)('%s by %o is %s', (amount, over, expected) => {
  expect(amountAfter(amount, over)).toBe(expected)
})

test('an amount that would become 0 or less is refused, never made', () => {
  expect(changed(price({ amount: '0.01' }), change({ round_to: '0.05' }))).toBeNull()
  expect(changed(price({ amount: '1' }), change({ amount: '-1' }))).toBeNull()
  expect(changed(price({ amount: '1' }), change({ percent: '-100' }))).toBeNull()
  expect(changed(price({ terms: { minimum: '0.5' } }), change({ amount: '-0.6' }))).toBeNull()
})

test('percentage, amount and rounding are those of another arithmetic', () => {
  const decimal = (places: number) =>
    fc
      .tuple(fc.integer({ min: 0, max: 99 }), fc.integer({ min: 1, max: 10 ** places - 1 }))
      .map(([whole, part]) => `${whole}.${part.toString().padStart(places, '0')}`)
  fc.assert(
    fc.property(
      decimal(4),
      decimal(2),
      fc.constantFrom('0.01', '0.05', '0.25'),
      fc.constantFrom('nearest', 'up', 'down'),
      (amount, percent, step, rounding) => {
        const made = amountAfter(amount, { percent, round_to: step, rounding })
        const exact = new Big(amount).times(new Big(percent).plus(100)).div(100).div(step)
        const steps = exact.round(0, { nearest: Big.roundHalfUp, up: Big.roundUp, down: Big.roundDown }[rounding])
        const expected = steps.times(step)
        expect(made ?? '0').toBe(expected.gt(0) ? expected.toFixed() : '0')
      },
    ),
  )
})

test('all amounts within terms change, and nothing else of them', () => {
  const terms: Content['terms'] = {
    tiers: [
      { up_to: '100', unit_amount: '0', flat_amount: '2' },
      { up_to: null, unit_amount: '0.5', flat_amount: '0' },
    ],
    included: '10',
    minimum: '5',
    maximum: '50',
  }
  expect(changed(price({ model: 'graduated', amount: '0', terms }), change({ percent: '10' }))).toEqual(
    price({
      model: 'graduated',
      amount: '0',
      terms: {
        tiers: [
          { up_to: '100', unit_amount: '0', flat_amount: '2.2' },
          { up_to: null, unit_amount: '0.55', flat_amount: '0' },
        ],
        included: '10',
        minimum: '5.5',
        maximum: '55',
      },
    }),
  )
  const steps: Content['terms'] = {
    steps: { mode: 'all_tiers', tiers: [{ block_size: '10', blocks: null, amount: '3' }] },
  }
  expect(changed(price({ model: 'stair_step', amount: '0', terms: steps }), change({ amount: '1' }))?.terms).toEqual({
    steps: { mode: 'all_tiers', tiers: [{ block_size: '10', blocks: null, amount: '4' }] },
  })
  const pack: Content['terms'] = { package: { size: '10', amount: '3', free: '1' } }
  expect(changed(price({ model: 'package', amount: '0', terms: pack }), change({ percent: '100' }))?.terms).toEqual({
    package: { size: '10', amount: '6', free: '1' },
  })
})

test('a change is told in per cent, from the least to the most of its amounts; other models have none', () => {
  const before = price({ terms: { minimum: '1' } })
  const after = changed(before, change({ percent: '10', round_to: '0.01', rounding: 'up' }))!
  expect(deltaText(deltaOf(before, after))).toEqual({ least: '10', most: '60' })
  expect(deltaOf(null, after)).toBeNull()
  expect(deltaOf(before, price({ model: 'flat' }))).toBeNull()
  expect([percentText(300n, 290n), percentText(0n, 5n)]).toEqual(['-3.33', null])
})

test('a review binds the instant and every decision, in whatever order they come', () => {
  const one = { price_book_id: 'b', kind: 'vm', meter: 'vcpu', before: price(), after: price({ amount: '1' }) }
  const two = { ...one, meter: 'memory' }
  const digest = digestOf('2026-12-01T00:00:00.000Z', [one, two])
  expect(digestOf('2026-12-01T00:00:00.000Z', [two, one])).toBe(digest)
  for (const other of [[one], [one, { ...two, after: price({ amount: '2' }) }], [one, { ...two, before: null }]])
    expect(digestOf('2026-12-01T00:00:00.000Z', other)).not.toBe(digest)
  expect(digestOf('2026-12-02T00:00:00.000Z', [one, two])).not.toBe(digest)
})
