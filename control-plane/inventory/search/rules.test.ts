/** What is searched for where somebody types a MAC, a part of one, an id or anything else. */
import { expect, test } from 'vitest'
import { idsFrom, textsOf } from './rules.ts'

test('a MAC is found however it is written, whole or begun', () => {
  const mac = '52:54:00:ab:cd:ef'
  for (const text of [mac, '52-54-00-AB-CD-EF', '5254.00ab.cdef', '525400ABCDEF']) expect(textsOf(text)).toContain(mac)
  expect(textsOf('52-54-00')).toContain('52:54:00')
  expect(textsOf('5254.00ab')).toContain('52:54:00:ab')
  expect(textsOf(' web-1 ')).toEqual(['web-1'])
  // of the form of an address, and of no other
  expect(textsOf('10.20.30')).toEqual(['10.20.30'])
})

test('an id is found by its beginning, with or without its dashes', () => {
  const id = '0198c5d0-1234-7000-8000-00000000abcd'
  for (const text of ['0198c5d0', '0198C5D0-12', '0198c5d012347000', id, id.replaceAll('-', '')]) {
    const found = idsFrom(text)!
    expect(found.first <= id && id <= found.last).toBe(true)
  }
  for (const text of ['0198c5d', 'web-1', `${id}00`, '%']) expect(idsFrom(text)).toBeNull()
})
