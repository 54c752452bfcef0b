/** A price by an index is a price that changes whenever the index does, on one line; where that says nothing, usage is unrated. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { add, fractionText, parseFraction, ZERO } from '../base/exact.ts'
import { sure } from '../base/problem.ts'
import { HOUR_MS, type Interval } from '../base/time.ts'
import { type Facts, linesOf, type Price } from './rules.ts'
import { stretchesOf } from './segments.ts'
import { unratedOf } from './unrated.ts'
import { oneTax } from '#test/setup/one-tax.ts'

const MONTH = { from: Date.parse('2026-11-01T00:00:00Z'), to: Date.parse('2026-12-01T00:00:00Z') }
const OPEN = { from: null, to: null }
const INDEX = { id: 'i', factor: '1', surcharge: '0' }
type Value = Interval & { amount: string }

/** Values of quarters of an hour and longer, some missing. */
const values: fc.Arbitrary<Value[]> = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 3 }), fc.nat(99_999)), { maxLength: 12 })
  .map((list) => {
    let at = MONTH.from
    return list.flatMap(([length, gap, cents]) => {
      const from = at + (gap === 3 ? 1 : 0) * (HOUR_MS / 4)
      at = from + length * (HOUR_MS / 4)
      return [{ from, to: at, amount: `${cents / 100}` }]
    })
  })
const price = (meter: Price['meter'], over: Partial<Price>): Price => ({
  id: 'p',
  kind: 'vm',
  meter,
  model: 'dynamic',
  per: meter === 'vcpu' ? 'hour' : 'quantity',
  unit: meter === 'vcpu' ? 'vCPU' : 'GB',
  amount: '0',
  terms: { index: INDEX },
  gap_policy: 'infer',
  effective_at: MONTH.from - 1,
  ends_at: null,
  ...over,
})
const METERS = ['vcpu', 'network_transmit_bytes'] as const
const byIndex = (list: readonly Value[]): Price[] =>
  METERS.map((meter) => price(meter, { id: meter, index: { id: 'i', name: 'SPOT', unit: 'MWh', values: list } }))
/** The same as prices, one for each value. */
const byVersions = (list: readonly Value[]): Price[] =>
  METERS.flatMap((meter) =>
    list.map(({ from, to, amount }) =>
      price(meter, { id: `${meter}/${from}`, model: 'per_unit', terms: null, amount, effective_at: from, ends_at: to }),
    ),
  )

/** One machine; what it sends in a quarter of an hour is its number. */
function factsOf(prices: readonly Price[], hours: number): Facts {
  const period = { from: MONTH.from, to: MONTH.from + hours * HOUR_MS }
  const owned = [{ id: 'a', resource_id: 'vm', ...OPEN, assignment: OPEN }]
  const own = prices.filter((one) => one.meter === 'network_transmit_bytes')
  const consumed = stretchesOf(period, owned, own).map(({ stretch, owned_id }) => {
    const leaves = []
    for (let at = stretch.from; at < stretch.to; at += HOUR_MS / 4) {
      const quantity = BigInt(1 + (at - MONTH.from) / (HOUR_MS / 4)) * 1_000_003n
      leaves.push({ from: at, to: at + HOUR_MS / 4, quantity, digest: 'd', estimated: false, gaps: [] })
    }
    const meter = 'network_transmit_bytes' as const
    return { resource_id: 'vm', meter, stretch, owned_id, digest: 'of', leaves }
  })
  return {
    period,
    month: MONTH,
    zone: 'UTC',
    currency: 'EUR',
    service_id: 's',
    tax: oneTax('21.00'),
    resources: [{ id: 'vm', kind: 'vm', name: 'vm' }],
    owned,
    observed: [{ id: 'v', resource_id: 'vm', ...OPEN, state: 'running', size: { vcpu_count: 3 }, scope_id: 's' }],
    gaps: [],
    losses: [],
    accepted: [],
    prices,
    consumed,
  }
}
const totals = (facts: Facts) =>
  METERS.map((meter) => {
    const own = linesOf(facts).lines.filter((line) => line.meter === meter)
    const quantity = own.reduce((sum, line) => sum + BigInt(line.quantity), 0n)
    return [meter, quantity, fractionText(own.map((line) => parseFraction(line.exact)).reduce(add, ZERO))]
  })
const offers = (period: Interval) => [{ ...period, offered: new Set(METERS.map((meter) => `vm.${meter}`)) }]

test('one line comes to what the lines of a price changed with each value come to, and lacks a price when they do', () => {
  let holes = 0
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 30 }), (list, hours) => {
      const [line, each] = [factsOf(byIndex(list), hours), factsOf(byVersions(list), hours)]
      expect(totals(line)).toEqual(totals(each))
      expect(linesOf(line).lines.length).toBeLessThan(3)
      for (const { segments, exact } of linesOf(line).lines)
        expect(fractionText(segments.map((one) => parseFraction(one.amount)).reduce(add, ZERO))).toBe(exact)
      const missing = unratedOf(line, offers(line.period))
      const spans = (found: typeof missing) => found.map(({ meter, from, to }) => [meter, from, to])
      expect(spans(missing)).toEqual(spans(unratedOf(each, offers(each.period))))
      expect(missing.every(({ index }) => index === 'SPOT')).toBe(true)
      holes += missing.length
    }),
    { numRuns: 300 },
  )
  expect(holes).toBeGreaterThan(300)
})

test('each stretch says the value and the unit price by which it was charged; a trial costs nothing', () => {
  const hour = (at: number, amount: string) => ({
    from: MONTH.from + at * HOUR_MS,
    to: MONTH.from + (at + 1) * HOUR_MS,
    amount,
  })
  const [vcpu] = byIndex([hour(0, '50'), hour(1, '-10'), hour(2, '80')])
  const terms = { index: { ...INDEX, factor: '0.001', surcharge: '0.02', floor: '0.015' } }
  const until = MONTH.from + HOUR_MS
  const times = [
    { from: MONTH.from, to: until, trial: true },
    { from: until, to: MONTH.from + 3 * HOUR_MS, trial: false },
  ]
  const [line] = linesOf(factsOf([{ ...sure(vcpu), terms, times }], 3)).lines
  expect(line?.segments.map((one) => [one.index_value, one.unit_amount, one.amount, one.trial ?? false])).toEqual([
    ['50', '7/100', '0/1', true],
    ['-10', '3/200', '9/200', false],
    ['80', '1/10', '3/10', false],
  ])
  expect(line).toMatchObject({ exact: '69/200', net: '0.35', price: { index: { name: 'SPOT', unit: 'MWh' } } })
  expect(line?.price.times).toHaveLength(2)
})
