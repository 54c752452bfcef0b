import { expect, test } from 'vitest'
import { Problem } from '../base/problem.ts'
import { firstZone, placeErrors, refuse, taxErrors } from './rules.ts'

const address = { street: '', postal_code: '', city: '', country: 'ES' }

test('a zone or country that does not exist is named by its pointer', () => {
  expect(placeErrors({ zone: 'Europe/Madrid', address })).toEqual([])
  const wrong = placeErrors({ zone: 'Europe/Atlantis', address: { ...address, country: 'ZZ' } })
  expect(wrong.map(({ pointer }) => pointer)).toEqual(['/zone', '/address/country'])
})

test('what is left out is not judged', () => {
  expect(placeErrors({})).toEqual([])
})

test('only the standard tax category has a rate, and it has one', () => {
  expect(taxErrors({ tax_category: 'S', tax_rate: '21.00' })).toEqual([])
  expect(taxErrors({ tax_category: 'S', tax_rate: '0.00' })).toHaveLength(1)
  expect(taxErrors({ tax_category: 'AE', tax_rate: '0' })).toEqual([])
  expect(taxErrors({ tax_category: 'AE', tax_rate: '21' })).toHaveLength(1)
})

test('errors are refused together, none passes', () => {
  expect(() => refuse([])).not.toThrow()
  expect(() => refuse([{ pointer: '/zone', detail: 'is wrong' }])).toThrow(Problem)
})

test('a machine in UTC was given no zone: a new installation starts in Madrid', () => {
  expect(firstZone('UTC')).toBe('Europe/Madrid')
  expect(firstZone('Etc/UTC')).toBe('Europe/Madrid')
  expect(firstZone(undefined)).toBe('Europe/Madrid')
  expect(firstZone('America/Bogota')).toBe('America/Bogota')
})
