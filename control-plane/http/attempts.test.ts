import { expect, test } from 'vitest'
import { attempts } from './attempts.ts'

const limits = { count: 2, window_ms: 1_000, addresses: 2 }

test('an address that used up its attempts waits for the window to pass', () => {
  const a = attempts(limits)
  expect([a.take('x', 0), a.take('x', 10), a.take('x', 20)]).toEqual([true, true, false])
  expect(a.take('x', 1_000)).toBe(true)
})

test('another address is not held up', () => {
  const a = attempts(limits)
  for (const at of [0, 1, 2]) a.take('x', at)
  expect(a.take('y', 3)).toBe(true)
})

test('a right secret gives its attempt back', () => {
  const a = attempts(limits)
  a.take('x', 0)
  a.take('x', 1)
  a.refund('x')
  expect(a.take('x', 2)).toBe(true)
})

test('a flood of addresses takes no more memory than the limit: the oldest is forgotten', () => {
  const a = attempts(limits)
  for (const at of [0, 1, 2]) a.take('x', at)
  a.take('y', 3)
  a.take('z', 4)
  expect(a.take('x', 5)).toBe(true)
})
