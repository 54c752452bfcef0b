/** VAT ids by form and check digit: of each country one digit off is refused, and what people leave out is put before. */
import { expect, test } from 'vitest'
import { vatIdOf } from './vat-id.ts'

const RIGHT: [string, string][] = [
  ['ES', 'ESB58378431'],
  ['ES', 'ESX1234567L'],
  ['DE', 'DE136695976'],
  ['FR', 'FR40303265045'],
  ['IT', 'IT00743110157'],
  ['PT', 'PT501964843'],
  ['NL', 'NL004495445B01'],
  ['NL', 'NL000099998B57'],
  ['GR', 'EL094014298'],
  ['AT', 'ATU13585627'],
  ['BE', 'BE0428759497'],
  ['PL', 'PL8567346215'],
]

test('of each country the published ids are right, and with one digit changed they are wrong', () => {
  for (const [country, id] of RIGHT) {
    expect([id, vatIdOf(id, country)]).toEqual([id, { id, country, number: id.slice(2), isRight: true }])
    const at = id.search(/\d/)
    const off = id.slice(0, at) + ((Number(id[at]) + 1) % 10) + id.slice(at + 1)
    expect([off, vatIdOf(off, country)?.isRight]).toEqual([off, false])
  }
})

test('people write it with spaces, dots, small letters and without its prefix', () => {
  expect(vatIdOf(' es b-58.378.431 ', 'ES')?.id).toBe('ESB58378431')
  expect(vatIdOf('B58378431', 'ES')).toMatchObject({ id: 'ESB58378431', isRight: true })
  expect(vatIdOf('094014298', 'GR')).toMatchObject({ id: 'EL094014298', country: 'GR', isRight: true })
  // an id of one member state, shown by who is in another
  expect(vatIdOf('DE136695976', 'FR')).toMatchObject({ country: 'DE', isRight: true })
  expect(vatIdOf('DE136695976', 'US')).toMatchObject({ country: 'DE', isRight: true })
  expect(vatIdOf('', 'ES')).toBeNull()
  expect(vatIdOf('12-3456789', 'US')).toBeNull()
  expect(vatIdOf('nonsense', 'ES')).toMatchObject({ isRight: false })
})
