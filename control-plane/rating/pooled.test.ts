/** What all resources bear together, against brute force: the pool moment by moment, a union millisecond by millisecond. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compare, fraction, toDecimal } from '../base/exact.ts'
import { heldAbove } from './models/allocation_pool.ts'
import { unionMs } from './pooled.ts'

const stretch = fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 60 })).map(([a, b]) => ({
  from: Math.min(a, b),
  to: Math.max(a, b),
}))
const held = fc.array(
  fc.tuple(stretch, fc.bigInt({ min: 0n, max: 9n })).map(([time, size]) => ({ ...time, size })),
  { maxLength: 12 },
)
const moments = Array.from({ length: 60 }, (_none, at) => at)

test('what lies above a pool is added up over each moment, and room at another time makes up for nothing', () => {
  fc.assert(
    fc.property(held, fc.bigInt({ min: 0n, max: 30n }), fc.bigInt({ min: 1n, max: 4n }), (list, num, den) => {
      let expected = fraction(0n)
      let total = 0n
      for (const at of moments) {
        const together = list.reduce((sum, one) => (one.from <= at && at < one.to ? sum + one.size : sum), 0n)
        const over = together * den - num
        total += over > 0n ? over : 0n
      }
      expected = fraction(total, den)
      expect(compare(heldAbove(list, fraction(num, den)), expected)).toBe(0)
    }),
    { numRuns: 2_000 },
  )
})

test('what is held evenly at the pool costs nothing above it, and a moment more does', () => {
  const even = [{ from: 0, to: 100, size: 4n }]
  expect(toDecimal(heldAbove(even, fraction(4n)), 3)).toBe('0')
  expect(toDecimal(heldAbove([...even, { from: 10, to: 11, size: 1n }], fraction(4n)), 3)).toBe('1')
  const swings = [
    { from: 0, to: 50, size: 8n },
    { from: 50, to: 100, size: 0n },
  ]
  expect(toDecimal(heldAbove(swings, fraction(4n)), 3)).toBe('200')
})

test('a union counts each moment once', () => {
  fc.assert(
    fc.property(fc.array(stretch, { maxLength: 12 }), (list) => {
      const covered = moments.filter((at) => list.some((one) => one.from <= at && at < one.to)).length
      expect(unionMs(list)).toBe(BigInt(covered))
    }),
    { numRuns: 2_000 },
  )
})
