/** What is divided adds up to the whole, whatever it is divided by. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { apportion } from './by-project.ts'

const weight = fc.record({ num: fc.bigInt({ min: 0n, max: 10n ** 20n }), den: fc.bigInt({ min: 1n, max: 10n ** 6n }) })

test('the parts of an amount add up to it, and none is off by a whole unit', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }),
      fc.array(weight, { minLength: 1, maxLength: 6 }),
      (whole, weights) => {
        const parts = apportion(whole, weights)
        expect(parts.reduce((sum, one) => sum + one, 0n)).toBe(whole)
        const den = weights.reduce((product, one) => product * one.den, 1n)
        const scaled = weights.map(({ num, den: own }) => (num * den) / own)
        const total = scaled.reduce((sum, one) => sum + one, 0n)
        for (const [index, part] of parts.entries()) {
          const off = total === 0n ? 0n : part * total - whole * (scaled[index] ?? 0n)
          expect(off < total || total === 0n).toBe(true)
          expect(-off < total || total === 0n).toBe(true)
        }
      },
    ),
  )
})

test('ties go to the first', () => {
  const half = { num: 1n, den: 2n }
  expect(apportion(1n, [half, half])).toEqual([1n, 0n])
  expect(apportion(100n, [half, half, half])).toEqual([34n, 33n, 33n])
  expect(apportion(5n, [{ num: 0n, den: 1n }])).toEqual([5n])
})
