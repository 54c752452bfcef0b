import { expect, test } from 'vitest'
import { takeToken } from './session.ts'

test('a token leaves the address, wherever it stood, and nothing else does', () => {
  expect(takeToken(new URL('http://x/?token=abc&q=1'))).toEqual({ token: 'abc', rest: '/?q=1' })
  expect(takeToken(new URL('http://x/resources#token=abc'))).toEqual({ token: 'abc', rest: '/resources' })
  expect(takeToken(new URL('http://x/resources?kind=vm#charts'))).toEqual({
    token: null,
    rest: '/resources?kind=vm#charts',
  })
})
