/** Arrays as PostgreSQL reads them. */
import { expect, test } from 'vitest'
import { arrayText } from './index.ts'

test('a text that looks like part of the array stays a text', () => {
  expect(arrayText(['a"b', 'c\\d', 'NULL', '{x,y}', ''])).toBe('{"a\\"b","c\\\\d","NULL","{x,y}",""}')
  expect(arrayText([1, null, true])).toBe('{1,null,true}')
})
