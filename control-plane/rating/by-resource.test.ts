/** What a reseller's customers hold is rated for him customer by customer, and a month that is charged once is charged once. */
import { expect, test } from 'vitest'
import { sha256 } from '#connectors/contract.ts'
import type { TaxClass } from '../tax/contract.ts'
import { type Facts, linesOf, type Owned, type Price } from './rules.ts'

const [FROM, MIDDLE, TO] = ['2026-10-31T23:00:00Z', '2026-11-15T23:00:00Z', '2026-11-30T23:00:00Z'].map((text) =>
  Date.parse(text),
) as [number, number, number]
const month = { from: FROM, to: TO }
const tax = { tax_category: 'S', tax_rate: '21.00' } as const
const owned = (id: string, from: number, to: number, customer?: string): Owned => ({
  id,
  resource_id: 'vm',
  from,
  to,
  assignment: { from, to },
  ...(customer && { for_account: { id: customer, name: `Customer ${customer}` } }),
})
const price = (terms: Price['terms'], amount = '30'): Price => ({
  id: 'price',
  kind: 'vm',
  meter: 'vcpu',
  model: 'per_unit',
  per: 'month',
  unit: 'vCPU',
  amount,
  terms,
  gap_policy: 'infer',
  effective_at: FROM,
  ends_at: null,
})
const facts = (list: Owned[], one: Price): Facts => ({
  period: month,
  month,
  zone: 'Europe/Madrid',
  currency: 'EUR',
  service_id: 'service',
  tax: { standard: tax } as Record<TaxClass, typeof tax>,
  resources: [{ id: 'vm', kind: 'vm', name: 'vm' }],
  owned: list,
  observed: [
    {
      id: 'version',
      resource_id: 'vm',
      from: FROM,
      to: null,
      state: 'running',
      size: { vcpu_count: 2 },
      scope_id: 'h',
    },
  ],
  gaps: [],
  losses: [],
  accepted: [],
  prices: [one],
  consumed: [],
})
const transferred = [owned('b', MIDDLE, TO, 'b'), owned('a', FROM, MIDDLE, 'a')]
const shown = (list: Owned[], one: Price) =>
  linesOf(facts(list, one)).lines.map((line) => [line.for_account?.id, line.net, line.charge?.share])

test('a transfer between two customers splits the line, and each half has a key of its own', () => {
  expect(shown(transferred, price(null))).toEqual([
    ['a', '30.00', undefined],
    ['b', '30.00', undefined],
  ])
  const ids = linesOf(facts(transferred, price(null))).lines.map(({ id }) => id)
  expect(new Set(ids).size).toBe(2)
  // what is the account's own keeps the key that it always had
  const own = linesOf(facts([owned('a', FROM, TO)], price(null))).lines
  expect(own.map(({ id, for_account }) => [id, for_account])).toEqual([
    [sha256(`service/vm/price/${FROM}`).slice(0, 24), undefined],
  ])
})

test('a month without proration is charged once, for who had it first; an allowance is shared by time', () => {
  expect(shown(transferred, price({ proration: 'none' }))).toEqual([
    ['a', '60.00', '1/2'],
    ['b', '0.00', '1/2'],
  ])
  expect(shown(transferred, price({ included: '1' }))).toEqual([
    ['a', '15.00', '1/2'],
    ['b', '15.00', '1/2'],
  ])
})

test('a pool counts over all that is resold, and each segment says for whom', () => {
  const mine = owned('own', FROM, TO)
  const both: Facts = {
    ...facts([...transferred, { ...mine, resource_id: 'other' }], price({ pool: 'account', included: '3' })),
    resources: [
      { id: 'other', kind: 'vm', name: 'other' },
      { id: 'vm', kind: 'vm', name: 'vm' },
    ],
  }
  const [seen] = both.observed
  const { lines } = linesOf({ ...both, observed: [seen!, { ...seen!, id: 'second', resource_id: 'other' }] })
  // 2 + 2 vCPUs, 3 of them included
  expect(lines.map((line) => [line.resource.kind, line.net, line.charge?.share])).toEqual([['pool', '30.00', '1/1']])
  expect(lines[0]!.for_account).toBeUndefined()
  expect(lines[0]!.segments.map((one) => [one.resource?.name, one.for_account?.id]).toSorted()).toEqual([
    ['other', undefined],
    ['vm', 'a'],
    ['vm', 'b'],
  ])
})
