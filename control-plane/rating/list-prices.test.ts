/** List prices: what was told of a resource at a time decides which price holds then, and at each instant one at most. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { listPrices, type Saying } from './list-prices.ts'
import type { Price } from './rules.ts'
import { timesOf } from './times.ts'

const price = (id: string, more: Partial<Price> = {}): Price => ({
  id,
  kind: 'vm',
  meter: 'instance',
  model: 'per_unit',
  per: 'hour',
  unit: 'instance',
  amount: '1',
  terms: null,
  gap_policy: 'infer',
  effective_at: 0,
  ends_at: null,
  ...more,
})
const of = (equals: string, attribute = 'flavor') => ({ applies_to: { attribute, equals } })
const saying = (from: number, to: number | null, flavor: string | null): Saying => ({
  from,
  to,
  said: new Map([['flavor', flavor]]),
})
const shown = (prices: readonly Price[]) =>
  prices.map((one) => [one.id, ...timesOf(one).map(({ from, to }) => `${from}–${to ?? ''}`)])

test('a resize in the middle of a month ends one flavour’s price and begins the other’s at its instant', () => {
  const list = [price('small', of('m1.small')), price('large', of('m1.large'))]
  const prices = listPrices(list, [saying(5, 20, 'm1.small'), saying(20, null, 'm1.large')])
  expect(shown(prices)).toEqual([
    ['small', '5–20'],
    ['large', '20–'],
  ])
})

test('versions that change something else are one stretch of the price', () => {
  const prices = listPrices([price('small', of('m1.small'))], [saying(5, 9, 'm1.small'), saying(9, 20, 'm1.small')])
  expect(shown(prices)).toEqual([['small', '5–20']])
})

test('a price for one flavour goes before the one without a condition, which has the rest', () => {
  const list = [price('rest'), price('small', of('m1.small'))]
  expect(shown(listPrices(list, [saying(0, 10, 'm1.small'), saying(10, null, 'm1.large')]))).toEqual([
    ['small', '0–10'],
    ['rest', '10–'],
  ])
  expect(shown(listPrices(list, [saying(0, null, null)]))).toEqual([['rest', '0–']])
})

test('it takes no time from prices of other meters', () => {
  const list = [price('disk', { meter: 'disk', unit: 'GiB' }), price('small', of('m1.small'))]
  expect(shown(listPrices(list, [saying(0, null, 'm1.small')]))).toEqual([
    ['disk', '0–'],
    ['small', '0–'],
  ])
})

test('a flavour without a price has none, and a change of its price holds from its instant', () => {
  const list = [price('old', { ...of('m1.small'), ends_at: 10 }), price('new', { ...of('m1.small'), effective_at: 10 })]
  expect(listPrices(list, [saying(0, null, 'm1.huge')])).toEqual([])
  expect(shown(listPrices(list, [saying(4, 15, 'm1.small')]))).toEqual([
    ['old', '4–10'],
    ['new', '10–15'],
  ])
})

test('at each instant it is the price of what was told then, of the rest where that has none, and never two', () => {
  const flavors = ['a', 'b', 'c', null] as const
  const world = fc.array(fc.record({ length: fc.integer({ min: 1, max: 5 }), flavor: fc.constantFrom(...flavors) }), {
    maxLength: 8,
  })
  fc.assert(
    fc.property(world, fc.boolean(), (stretches, hasRest) => {
      const list = [price('a', of('a')), price('b', of('b')), ...(hasRest ? [price('rest')] : [])]
      let at = 0
      const versions = stretches.map(({ length, flavor }) => saying(at, (at += length), flavor))
      const prices = listPrices(list, versions)
      for (let now = 0; now < at; now += 1) {
        const holding = prices.filter((one) =>
          timesOf(one).some(({ from, to }) => (from ?? -1) <= now && (to === null || now < to)),
        )
        const said = versions.find(({ from, to }) => (from ?? 0) <= now && now < (to ?? 0))?.said.get('flavor')
        const expected = said === 'a' || said === 'b' ? [said] : hasRest ? ['rest'] : []
        expect(holding.map(({ id }) => id)).toEqual(expected)
      }
    }),
  )
})
