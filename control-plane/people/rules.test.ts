import { expect, test } from 'vitest'
import { FREE_TRIES, isOpen, isToldOf, waitAfter, whyWeak } from './rules.ts'

const common = new Set(['123456789012'])
const weak = (password: string) => whyWeak(password, common, ['Ana Torres Vega', 'ana@example.com'])

test('a password is long, rare, and not what everybody knows of the person', () => {
  expect(weak('correct horse battery')).toBeNull()
  expect(weak('elevenchars')).toMatch(/at least 12/)
  expect(weak('x'.repeat(100) + 'yzabcd'.repeat(17))).toMatch(/at most 200/)
  expect(weak('123456789012')).toMatch(/most common/)
  expect(weak('abababababababab')).toMatch(/different/)
  expect(weak('ANA@example.com')).toMatch(/name or e-mail/)
  expect(weak('ana torres vega')).toMatch(/name or e-mail/)
})

test('characters count, not the bytes or halves that stand for them', () => {
  expect(weak('🦊🐻🐼🦁🐯🐨🐮🐷🐸🐵🐔')).toMatch(/at least 12/)
  expect(weak('🦊🐻🐼🦁🐯🐨🐮🐷🐸🐵🐔🐧')).toBeNull()
})

test('the first mistakes are free, then each wait is twice as long, up to a quarter of an hour', () => {
  expect(Array.from({ length: FREE_TRIES }, (_none, n) => waitAfter(n))).toEqual([0, 0, 0, 0, 0])
  expect([5, 6, 7].map(waitAfter)).toEqual([15_000, 30_000, 60_000])
  expect([12, 1_000_000].map(waitAfter)).toEqual([900_000, 900_000])
})

test('a flood of guesses is told of a few times', () => {
  const told = Array.from({ length: 1_000 }, (_none, n) => n).filter(isToldOf)
  expect(told).toEqual([5, 10, 20, 40, 80, 160, 320, 640])
})

test('an invitation is open until it is accepted, revoked or over', () => {
  const open = { accepted_at: null, revoked_at: null, expires_at: 100 }
  expect([isOpen(open, 99), isOpen(open, 100)]).toEqual([true, false])
  expect(isOpen({ ...open, accepted_at: 1 }, 2)).toBe(false)
  expect(isOpen({ ...open, revoked_at: 1 }, 2)).toBe(false)
})
