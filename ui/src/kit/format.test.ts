import { expect, test } from 'vitest'
import { bytes, decimal, duration, money, rate, relative } from './format.ts'

const plain = (text: string) => text.replaceAll(/\s/g, ' ')

test('an amount keeps every digit, whatever its length', () => {
  expect(plain(money('en-GB', '123456789012345678.99', 'EUR'))).toBe('€123,456,789,012,345,678.99')
  expect(plain(rate('en-GB', '0.000000000001', 'EUR'))).toBe('€0.000000000001')
  expect(plain(rate('en-GB', '2', 'EUR'))).toBe('€2.00')
})

test('numbers follow the language', () => {
  expect(plain(money('es-ES', '12345.6', 'EUR'))).toBe('12.345,60 €')
  expect(decimal('es-ES', '0.5')).toBe('0,5')
})

test('bytes are told in binary units', () => {
  expect(plain(bytes('en-GB', '4294967296'))).toBe('4 GiB')
  expect(plain(bytes('en-GB', 1536))).toBe('1.5 KiB')
  expect(plain(bytes('en-GB', 999))).toBe('999 B')
})

test('a length of time shows its two largest units', () => {
  expect(plain(duration('en-GB', 12_000_000))).toBe('3 hrs 20 mins')
  expect(plain(duration('en-GB', 250))).toBe('250 ms')
})

test('an instant is told relative to the given now', () => {
  expect(relative('en-GB', 1_000_000, 1_000_000 + 3 * 60_000)).toBe('3 min ago')
})
