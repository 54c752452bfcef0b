import { expect, test } from 'vitest'
import { addAmounts, compareAmounts, fractionText, isZero, largest } from './amount.ts'

test('amounts of different scale add up exactly', () => {
  expect(addAmounts(['0.1', '0.2', '1000000000000000000.000000000001'])).toBe('1000000000000000000.300000000001')
  expect(addAmounts(['-0.05', '0.02'])).toBe('-0.03')
  expect(addAmounts([])).toBe('0')
})

test('amounts compare by value, not as text', () => {
  expect(compareAmounts('9.99', '10.0')).toBe(-1)
  expect(compareAmounts('1.50', '1.5')).toBe(0)
  expect(compareAmounts('-1', '-2')).toBe(1)
})

test('the largest of each currency come in turn, those of the most frequent one first', () => {
  const of = (currency: string, ...amounts: string[]) => amounts.map((amount) => ({ currency, amount }))
  const rows = [...of('JPY', '900', '10000'), ...of('EUR', '9.99', '100', '20')]
  expect(largest(rows, (row) => row, 4).map(({ amount }) => amount)).toEqual(['100', '10000', '20', '900'])
  expect(largest(of('EUR', '9.99', '100', '20'), (row) => row, 2)).toEqual(of('EUR', '100', '20'))
})

test('a fraction that does not end in six decimals says so', () => {
  expect(fractionText('413/10')).toBe('41.3')
  expect(fractionText('1/3')).toBe('0.333333…')
  expect(fractionText('-5/1')).toBe('-5')
})

test('zero is recognised in every spelling', () => {
  expect(['0', '0.00', '-0.0'].every(isZero)).toBe(true)
  expect(isZero('0.000000000001')).toBe(false)
})
