/** States have hysteresis: whatever order amounts come in, none flaps at a bound. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fraction } from '../base/exact.ts'
import type { LimitState } from './contract.ts'
import { isWorse, nextState, worst } from './rules.ts'

const percent = (value: number) => fraction(BigInt(value), 10n)
const LIMIT = fraction(100n)
const after = (previous: LimitState, tenths: number) => nextState(previous, percent(tenths), LIMIT)

test('it approaches at 80 % and is over at 100 %; it goes back below 95 and below 75', () => {
  expect([799, 800, 999, 1000].map((at) => after('normal', at))).toEqual([
    'normal',
    'approaching',
    'approaching',
    'over',
  ])
  expect([950, 949, 800, 750, 749].map((at) => after('over', at))).toEqual([
    'over',
    'approaching',
    'approaching',
    'approaching',
    'normal',
  ])
  expect([750, 749].map((at) => after('approaching', at))).toEqual(['approaching', 'normal'])
})

const amount = fc.integer({ min: 0, max: 2_000 })

test('the same amount again changes nothing', () => {
  fc.assert(
    fc.property(fc.constantFrom<LimitState>('normal', 'approaching', 'over'), amount, (previous, at) => {
      const once = after(previous, at)
      expect(after(once, at)).toBe(once)
    }),
    { numRuns: 2_000 },
  )
})

test('what hovers within five points changes its state once at most in each direction: nothing flaps', () => {
  const hovering = fc
    .tuple(fc.integer({ min: 0, max: 1_950 }), fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 60 }))
    .map(([base, offsets]) => offsets.map((offset) => base + offset))
  fc.assert(
    fc.property(fc.constantFrom<LimitState>('normal', 'approaching', 'over'), hovering, (start, amounts) => {
      // the first amount may lie anywhere from where it was
      let state = after(start, amounts[0] ?? 0)
      let changes = 0
      for (const at of amounts.slice(1)) {
        const next = after(state, at)
        if (next !== state) changes += 1
        state = next
      }
      expect(changes).toBeLessThanOrEqual(1)
    }),
    { numRuns: 5_000 },
  )
})

test('what only grows only gets worse, and ends where its last amount alone would', () => {
  fc.assert(
    fc.property(fc.array(amount, { minLength: 1 }), (amounts) => {
      let state: LimitState = 'normal'
      const grown = amounts.toSorted((a, b) => a - b)
      for (const at of grown) {
        const next = after(state, at)
        expect(isWorse(state, next)).toBe(false)
        state = next
      }
      expect(state).toBe(after('normal', grown.at(-1)!))
    }),
  )
})

test('of nothing allowed anything is over; of several states the worst is shown', () => {
  expect(nextState('normal', fraction(0n), fraction(0n))).toBe('normal')
  expect(nextState('normal', fraction(1n), fraction(0n))).toBe('over')
  expect(worst(['normal', 'over', 'approaching'])).toBe('over')
  expect(worst([])).toBe('normal')
})
