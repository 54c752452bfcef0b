/** Margins in several currencies: rows and totals of each for itself. */
import { expect, test } from 'vitest'
import { marginsBy, totalsOf, type Unit } from './rules.ts'

const unit = (name: string, currency: string, revenue: bigint, cost: bigint): Unit => ({
  account: { id: name, name },
  resource: { id: `${name}-vm`, kind: 'vm', name: 'vm' },
  realm: null,
  product: { plan: null, kind: 'vm' },
  currency,
  revenue,
  cost,
  is_open: false,
})

test('as many yen as cents are neither compared nor added: in each currency what earned most comes first', () => {
  const units = [
    unit('Tokyo', 'JPY', 14_880n, 5000n),
    unit('Madrid', 'EUR', 7440n, 1000n),
    unit('Osaka', 'JPY', 20_000n, 7000n),
    unit('Lugo', 'EUR', 9000n, 3000n),
  ]
  const rows = marginsBy(units, 'customer').map(({ account, revenue, currency }) => [account?.name, revenue, currency])
  expect(rows).toEqual([
    ['Lugo', '90.00', 'EUR'],
    ['Madrid', '74.40', 'EUR'],
    ['Osaka', '20000', 'JPY'],
    ['Tokyo', '14880', 'JPY'],
  ])
  expect(marginsBy(units, 'product').map(({ revenue, margin }) => [revenue, margin])).toEqual([
    ['164.40', '124.40'],
    ['34880', '22880'],
  ])
  expect(totalsOf(units).map(({ currency, margin }) => [currency, margin])).toEqual([
    ['EUR', '124.40'],
    ['JPY', '22880'],
  ])
})
