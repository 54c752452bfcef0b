/** Invariants 4 and 5 of money.md on lines themselves: what slicing and what a change of price may do to an amount. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { add, compare, parseFraction, sum, toDecimal } from '../base/exact.ts'
import { HOUR_MS } from '../base/time.ts'
import type { PriceRow, Terms } from '../catalog/contract.ts'
import { type Facts, linesOf, stretchesOf } from './rules.ts'
import { merged } from './versions.ts'

const MONTH = { from: Date.parse('2026-11-01T00:00:00Z'), to: Date.parse('2026-12-01T00:00:00Z') }
const DAY = 24 * HOUR_MS
const GIB = 2 ** 30
const resource = { id: 'vm-1', kind: 'vm' as const, name: 'web' }

const price = (over: Partial<PriceRow> = {}): PriceRow => ({
  id: 'p1',
  kind: 'vm',
  meter: 'memory',
  model: 'per_unit',
  per: 'month',
  unit: 'GiB',
  amount: '10',
  terms: null,
  gap_policy: 'infer',
  effective_at: 0,
  ends_at: null,
  currency: 'EUR',
  ...over,
})
const assignment = { from: null, to: null }
const owned = (from: number | null = null, to: number | null = null) => [
  { id: 'a1', resource_id: 'vm-1', from, to, assignment },
]
const observed = (from: number, to: number | null, memory_bytes: number, id = `v${from}`) => ({
  id,
  resource_id: 'vm-1',
  from,
  to,
  state: 'running',
  size: { memory_bytes },
  scope_id: 's',
})
const facts = (prices: readonly PriceRow[], over: Partial<Facts> = {}): Facts => ({
  period: MONTH,
  month: MONTH,
  zone: 'UTC',
  currency: 'EUR',
  service_id: 'service',
  tax: { category: 'S', rate: '21' },
  resources: [resource],
  owned: owned(),
  observed: [observed(MONTH.from, null, GIB)],
  gaps: [],
  losses: [],
  accepted: [],
  prices: merged(prices),
  consumed: [],
  ...over,
})
const exactOf = (made: Facts) => sum(linesOf(made).lines.map((line) => parseFraction(line.exact)))
const same = (a: Facts, b: Facts) => expect(compare(exactOf(a), exactOf(b))).toBe(0)

/** Usage of a month in stretches: GiB, most of them no whole ones. */
const slices = fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 5 * GIB })), {
  minLength: 1,
  maxLength: 8,
})
const used = (list: readonly (readonly [number, number])[]): Facts['consumed'] => {
  let at = MONTH.from
  return list.map(([hours, quantity]) => {
    const stretch = { from: at, to: (at += hours * HOUR_MS) }
    const leaf = { ...stretch, quantity: BigInt(quantity), digest: 'd', estimated: false, gaps: [] }
    return {
      resource_id: 'vm-1',
      meter: 'network_transmit_bytes' as const,
      stretch,
      owned_id: 'a1',
      digest: '',
      leaves: [leaf],
    }
  })
}
const traffic = (over: Partial<PriceRow>) =>
  price({ meter: 'network_transmit_bytes', per: 'quantity', amount: '0', ...over })
const tiers: Terms['tiers'] = [
  { up_to: '3', unit_amount: '0.7', flat_amount: '0' },
  { up_to: '8.5', unit_amount: '0.333333333333', flat_amount: '1' },
  { up_to: null, unit_amount: '0.1', flat_amount: '0.5' },
]
const MODELS: Partial<PriceRow>[] = [
  { model: 'graduated', terms: { tiers } },
  { model: 'volume', terms: { tiers } },
  { model: 'package', terms: { package: { size: '2', amount: '3', free: '1' } } },
  {
    model: 'stair_step',
    terms: { steps: { mode: 'all_tiers', tiers: [{ block_size: '2', blocks: null, amount: '1' }] } },
  },
  { model: 'per_unit', amount: '0.3', terms: { included: '2', minimum: '1', maximum: '4' } },
  { model: 'per_unit', amount: '0.3' },
]

test('what is charged for the whole does not depend on how the use was sliced, and its segments add up to it', () => {
  fc.assert(
    fc.property(slices, fc.constantFrom(...MODELS), (list, model) => {
      const whole = list.reduce(([hours, bytes], [h, b]) => [hours + h, bytes + b] as const, [0, 0] as readonly [
        number,
        number,
      ])
      const cut = facts([traffic(model)], { consumed: used(list) })
      same(cut, facts([traffic(model)], { consumed: used([whole]) }))
      for (const line of linesOf(cut).lines)
        expect(compare(sum(line.segments.map((one) => parseFraction(one.amount))), parseFraction(line.exact))).toBe(0)
    }),
    { numRuns: 500 },
  )
})

test('a linear price adds up over slices of its period, a graduated one begins anew in each', () => {
  fc.assert(
    fc.property(slices, fc.nat(), (list, at) => {
      const part = (model: Partial<PriceRow>, own: typeof list) =>
        exactOf(facts([traffic(model)], { consumed: used(own) }))
      const cut = at % (list.length + 1)
      const both = (model: Partial<PriceRow>) => add(part(model, list.slice(0, cut)), part(model, list.slice(cut)))
      expect(compare(both({ amount: '0.3' }), part({ amount: '0.3' }, list))).toBe(0)
      const falling: Partial<PriceRow> = {
        model: 'graduated',
        terms: { tiers: tiers?.map((tier) => ({ ...tier, flat_amount: '0' })) },
      }
      expect(compare(both(falling), part(falling, list))).toBeGreaterThanOrEqual(0)
    }),
    { numRuns: 300 },
  )
})

test('a version that changes nothing changes nothing, whatever the model', () => {
  fc.assert(
    fc.property(slices, fc.integer({ min: 1, max: 700 }), fc.constantFrom(...MODELS), (list, hour, model) => {
      const bound = MONTH.from + hour * HOUR_MS
      const one = traffic(model)
      const two = [
        { ...one, ends_at: bound },
        { ...one, id: 'p2', effective_at: bound },
      ]
      const made = (prices: readonly PriceRow[]) => facts(prices, { consumed: used(list) })
      expect(linesOf(made(two)).lines).toEqual(linesOf(made([one])).lines)
      // usage is asked for in the same stretches
      expect(stretchesOf(MONTH, owned(), merged(two))).toEqual(stretchesOf(MONTH, owned(), [one]))
    }),
    { numRuns: 300 },
  )
})

test('each version rates its own part: allowance, minimum and maximum by its share of the month', () => {
  const bound = MONTH.from + 10 * DAY
  const terms = { included: '3', minimum: '30' }
  const two = [
    price({ terms, ends_at: bound }),
    price({ id: 'p2', amount: '20', terms: { ...terms, minimum: '3' }, effective_at: bound }),
  ]
  const { lines } = linesOf(facts(two, { observed: [observed(MONTH.from, null, 6 * GIB)] }))
  // 6 GiB for a third: 2 GiB months, 1 included, 10 for the other one; and 4, 2 included, 40 for the others
  expect(lines.map((line) => line.net)).toEqual(['10.00', '40.00'])
  expect(lines.map((line) => line.charge?.share)).toEqual(['1/3', '2/3'])
})

test('a minimum is charged for what was owned and not used, by the time of being owned', () => {
  const minimum = [traffic({ model: 'per_unit', amount: '1', terms: { minimum: '30' } })]
  const net = (over: Partial<Facts>) => linesOf(facts(minimum, over)).lines.map((line) => line.net)
  expect(net({})).toEqual(['30.00'])
  expect(net({ owned: owned(MONTH.from + 20 * DAY) })).toEqual(['10.00'])
  expect(net({ observed: [observed(MONTH.from, MONTH.from + 3 * DAY, GIB)] })).toEqual(['3.00'])
  expect(net({ observed: [] })).toEqual([])
})

test('a monthly price by day counts local dates, the last one not; with 30/360 every month has 30', () => {
  const held = [observed(MONTH.from + 2 * DAY + HOUR_MS, MONTH.from + 5 * DAY + HOUR_MS, 2 * GIB)]
  const net = (terms: Terms, month = MONTH) =>
    linesOf(facts([price({ amount: '30', terms })], { observed: held, period: month, month })).lines[0]?.net
  expect(net({ proration: 'day' })).toBe('6.00')
  const later = [observed(MONTH.from + 2 * DAY, MONTH.from + 2 * DAY + HOUR_MS, GIB)]
  expect(linesOf(facts([price({ terms: { proration: 'day' } })], { observed: later })).lines[0]?.net).toBe('0.00')
  const february = { from: Date.parse('2026-02-01T00:00:00Z'), to: Date.parse('2026-03-01T00:00:00Z') }
  const whole = { period: february, month: february, observed: [observed(february.from + 14 * DAY, null, GIB)] }
  const by = (terms: Terms) => linesOf(facts([price({ amount: '30', terms })], whole)).lines[0]?.net
  expect(by({ proration: 'day' })).toBe('15.00')
  expect(by({ proration: 'day', day_count: '30/360' })).toBe('16.00')
})

test('without proration any part of the month costs all of it, once', () => {
  const terms: Terms = { proration: 'none' }
  const shown = observed(MONTH.from + 2 * DAY, null, 2 * GIB)
  const of = (prices: PriceRow[], over: Partial<Facts>) => linesOf(facts(prices, over)).lines.map((line) => line.net)
  expect(of([price({ terms })], { observed: [shown] })).toEqual(['20.00'])
  // a second bill of the same month
  const rest = { period: { from: MONTH.from + 10 * DAY, to: MONTH.to }, observed: [shown] }
  expect(of([price({ terms })], rest)).toEqual(['0.00'])
  const bound = MONTH.from + 10 * DAY
  const changed = [price({ terms, ends_at: bound }), price({ id: 'p2', amount: '99', terms, effective_at: bound })]
  expect(of(changed, { observed: [shown] })).toEqual(['20.00', '0.00'])
})

test('quantities of a graduated allocation are unit-months, whatever the changes of size', () => {
  const half = MONTH.from + 15 * DAY
  const sized = [observed(MONTH.from, half, 2 * GIB), observed(half, null, 16 * GIB)]
  const [line] = linesOf(
    facts([price({ model: 'graduated', amount: '0', terms: { tiers } })], { observed: sized }),
  ).lines
  // 9 GiB months: 3 × 0.7, 5.5 × a third and 1, a half × 0.1 and 0.5
  expect(line?.charge?.parts.map((one) => toDecimal(parseFraction(one.quantity), 3))).toEqual(['3', '5.5', '0.5'])
  expect(line?.net).toBe('5.48')
  expect(line?.quantity_display).toBe('9')
})
