/** No text that somebody else chose becomes a formula, wherever the file is opened. */
import { expect, test } from 'vitest'
import { csvLine } from './csv.ts'

test('what a spreadsheet would run is disarmed, also behind what divides cells elsewhere than here', () => {
  const said = (text: string) => csvLine([text])
  expect(said('=1+1')).toBe("'=1+1")
  expect(said("web;=cmd|'/C calc'!A0;")).toBe("web;'=cmd|'/C calc'!A0;")
  expect(said('web;@SUM(A1)')).toBe("web;'@SUM(A1)")
  expect(said('web\n=1+1')).toBe(`"web\n'=1+1"`)
  expect(said('web\r\n+1')).toBe(`"web\r\n'+1"`)
  expect(said('web\t=1')).toBe("web\t'=1")
})

test('numbers, and signs within a text, stay as they are', () => {
  expect(csvLine(['-12.50', -3, 'a-b; c=d', '2026-11-01T00:00:00.000Z', null])).toBe(
    '-12.50,-3,a-b; c=d,2026-11-01T00:00:00.000Z,',
  )
})
