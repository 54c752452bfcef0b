import { expect, test } from 'vitest'
import { averagePrice, indexTexts } from './index-text.ts'

const segment = (quantity: string, unit_amount: string) => ({ quantity, unit_amount }) as never
const line = (over: object = {}) =>
  ({
    price: { index: { name: 'EPEX-ES', unit: 'MWh' } },
    // 100 units at 0.1 and 300 at −0.02
    segments: [segment('100000', '1/10'), segment('300000', '-1/50')],
    quantity: '400000',
    divisor: '1000',
    exact: '4/1',
    ...over,
  }) as unknown as Parameters<typeof indexTexts>[0]

test('a document names the index, the average price, and between what it lay', () => {
  expect(averagePrice(line())).toBe('0.01')
  expect(indexTexts(line(), 'en', (text) => text)).toEqual(['by index EPEX-ES', 'average price (-0.02 to 0.1)'])
  expect(indexTexts(line(), 'es', (text) => text.replace('.', ','))).toEqual([
    'según el índice EPEX-ES',
    'precio medio (-0,02 a 0,1)',
  ])
})

test('of nothing there is no average, and of other prices nothing is said', () => {
  expect(indexTexts(line({ quantity: '0', segments: [] }), 'en', String)).toEqual(['by index EPEX-ES'])
  expect(averagePrice(line({ price: {} }))).toBeNull()
  expect(indexTexts(line({ price: {} }), 'en', String)).toEqual([])
})
