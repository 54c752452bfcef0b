import { expect, test } from 'vitest'
import { isForged } from './origin.ts'

const none = { secFetchSite: undefined, origin: undefined, host: 'atalaya.example:8080', hasCookie: true }

test('our own page passes, by either header', () => {
  expect(isForged({ ...none, secFetchSite: 'same-origin' })).toBe(false)
  expect(isForged({ ...none, origin: 'http://atalaya.example:8080' })).toBe(false)
})

test('another site is refused, also from a sibling host or port', () => {
  expect(isForged({ ...none, secFetchSite: 'cross-site' })).toBe(true)
  expect(isForged({ ...none, secFetchSite: 'same-site' })).toBe(true)
  expect(isForged({ ...none, origin: 'http://atalaya.example:9090' })).toBe(true)
  expect(isForged({ ...none, origin: 'null' })).toBe(true)
})

test('what the browser says of the site outweighs the Origin header', () => {
  expect(isForged({ ...none, secFetchSite: 'cross-site', origin: 'http://atalaya.example:8080' })).toBe(true)
})

test('a cookie without any origin is refused; a program without a cookie passes', () => {
  expect(isForged(none)).toBe(true)
  expect(isForged({ ...none, hasCookie: false })).toBe(false)
})
