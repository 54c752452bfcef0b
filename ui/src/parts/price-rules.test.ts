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
  const choices = (meter: Parameters<typeof choicesOf>[0]) => choicesOf(meter, false)
  expect(choices({ kind: 'consumption', models: ['per_unit'] })).toEqual({ per: ['quantity'], models: ['per_unit'] })
  expect(choices({ kind: 'allocation', models: ['flat'] })).toEqual({ per: ['hour', 'month'], models: ['flat'] })
  expect(choices({ kind: 'gauge', models: ['per_unit'] })).toEqual({ per: ['hour', 'month'], models: ['per_unit'] })
  expect(choices({ kind: 'percentile', models: ['volume'] })).toEqual({ per: ['month'], models: ['volume'] })
})

test('a plan is offered no pool: the API would refuse it', () => {
  const meter = { kind: 'allocation', models: ['per_unit', 'allocation_pool'] } as const
  expect(choicesOf({ ...meter, models: [...meter.models] }, true).models).toEqual(['per_unit'])
  expect(choicesOf({ ...meter, models: [...meter.models] }, false).models).toEqual(['per_unit', 'allocation_pool'])
})

test('a unit that people know is offered first', () => {
  expect(usualUnit({ units: ['B', 'GB', 'GiB'] })).toBe('GiB')
  expect(usualUnit({ units: ['IP'] })).toBe('IP')
})
