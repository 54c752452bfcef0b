import { expect, test } from 'vitest'
import { amountFault, choicesOf, plainAmount, usualUnit } from './price-rules.ts'

test('an amount of thirteen decimals is refused with its count', () => {
  expect(amountFault('0.1234567890123')).toEqual({ fault: 'too_many_decimals', decimals: 13 })
  expect(amountFault('0.123456789012')).toBeNull()
  expect(amountFault('-1')).toEqual({ fault: 'not_a_number' })
  expect(amountFault('1e3')).toEqual({ fault: 'not_a_number' })
})

test('a decimal comma means a point', () => {
  expect(plainAmount(' 0,0125 ')).toBe('0.0125')
  expect(amountFault('0,0125')).toBeNull()
})

test('use is charged by quantity, what is held by time, and by the models that the meter names', () => {
  expect(choicesOf({ kind: 'consumption', models: ['per_unit'] })).toEqual({ per: ['quantity'], models: ['per_unit'] })
  expect(choicesOf({ kind: 'allocation', models: ['flat'] })).toEqual({ per: ['hour', 'month'], models: ['flat'] })
  expect(choicesOf({ kind: 'percentile', models: ['volume'] })).toEqual({ per: ['month'], models: ['volume'] })
})

test('a unit that people know is offered first', () => {
  expect(usualUnit({ units: ['B', 'GB', 'GiB'] })).toBe('GiB')
  expect(usualUnit({ units: ['IP'] })).toBe('IP')
})
