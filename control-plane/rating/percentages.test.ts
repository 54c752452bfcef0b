/** The base of a percentage against one that is counted out by hand, minute by minute; however time is cut, a line is shared to the cent. */
import { Big } from 'big.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toDecimal } from '../base/exact.ts'
import { iso } from '../base/time.ts'
import type { Line, Segment } from './contract.ts'
import { withPercentages } from './percentages.ts'
import { repriced } from './reprice.ts'

const MINUTE = 60_000
const START = Date.parse('2026-11-01T00:00:00Z')
const LENGTH = 120
const at = (minute: number) => iso(START + minute * MINUTE)
const PERIOD = { from: at(0), to: at(LENGTH) }

const segment = (from: number, to: number, amount: number, trial = false): Segment => ({
  from: at(from),
  to: at(to),
  quantity: '0',
  size: null,
  amount: `${amount}/1000`,
  observed_version_id: null,
  assignment_id: 'a',
  digest: '',
  unobserved_ms: 0,
  estimated: false,
  ...(trial && { trial }),
})
const line = (id: string, segments: Segment[], over: Partial<Line> = {}): Line => {
  const exact = segments.reduce((sum, one) => sum + Number.parseInt(one.amount, 10), 0)
  return {
    id,
    service_id: 's',
    resource: { id, kind: 'vm', name: id },
    component: 'vm.vcpu',
    meter: 'vcpu',
    price: { id: 'p', model: 'per_unit', per: 'hour', unit: 'vCPU', amount: '1', effective_at: at(0) },
    period: PERIOD,
    divisor: '1',
    quantity: '0',
    quantity_display: '0',
    exact: `${exact}/1000`,
    net: new Big(exact).div(1000).toFixed(2, Big.roundHalfUp),
    currency: 'EUR',
    tax_category: 'S',
    tax_rate: '21',
    unobserved_ms: 0,
    estimated: false,
    segments,
    ...over,
  }
}
const CHARGE = { quantity: '0/1', included: '0/1', parts: [], used: '0/1', top_up: '0/1', discount: '0/1' }
/** A fee of 10 % in some stretches. */
const fee = (id: string, spans: readonly (readonly [number, number])[], over: Partial<Line['price']> = {}): Line =>
  line(
    id,
    spans.map(([from, to]) => segment(from, to, 0)),
    {
      resource: { id, kind: 'service', name: id },
      component: 'service.fee',
      meter: 'fee',
      charge: { ...CHARGE, share: '1/2' },
      price: {
        id: `price of ${id}`,
        model: 'percentage',
        per: 'month',
        unit: 'service',
        amount: '0',
        effective_at: at(0),
        terms: {
          percentage: {
            rate: '10',
            fixed_per_event: '0',
            free_events: 0,
            free_amount: '0',
            min_per_event: null,
            max_per_event: null,
          },
        },
        ...over,
      },
    },
  )
const baseOf = (lines: readonly Line[], id = 'fee') => lines.find((one) => one.id === id)?.percentage_of
const amountsOf = (lines: readonly Line[], id = 'fee') =>
  new Map(baseOf(lines, id)?.lines.map((one) => [one.line_id, new Big(one.amount)]))

/** Segments that touch each other or don't, in order. */
const segments = fc
  .tuple(
    fc.uniqueArray(fc.nat(LENGTH), { minLength: 2, maxLength: 6 }),
    fc.array(fc.nat(90_000), { minLength: 6, maxLength: 6 }),
  )
  .map(([bounds, amounts]) => {
    const inOrder = bounds.toSorted((a, b) => a - b)
    return inOrder.slice(1).map((to, index) => segment(inOrder[index]!, to, amounts[index]!))
  })
const lines = fc
  .array(segments, { minLength: 1, maxLength: 4 })
  .map((list) => list.map((own, index) => line(`line ${index}`, own)))

test('the base of a stretch is what lies in it minute by minute, to a cent', () => {
  fc.assert(
    fc.property(lines, fc.nat(LENGTH - 1), fc.nat(LENGTH), (others, from, more) => {
      const to = Math.min(LENGTH, from + 1 + more)
      const amounts = amountsOf(withPercentages([...others, fee('fee', [[from, to]])]))
      for (const other of others) {
        const minutes = other.segments.flatMap((one) => {
          const [begin, end] = [one.from, one.to].map((text) => (Date.parse(text) - START) / MINUTE)
          const each = new Big(Number.parseInt(one.amount, 10)).div(1000).div(end! - begin!)
          return Array.from({ length: end! - begin! }, (_, index) => ({ minute: begin! + index, each }))
        })
        const inside = minutes.filter(({ minute }) => minute >= from && minute < to)
        const brute = inside.reduce((sum, { each }) => sum.plus(each), new Big(0))
        const counted = amounts.get(other.id) ?? new Big(0)
        // two ends, each rounded by half a cent
        expect(counted.minus(brute).abs().lte('0.0100000001')).toBe(true)
        if (inside.length === minutes.length) expect(counted.toFixed(2)).toBe(other.net)
      }
    }),
  )
})

test('stretches that follow each other share each line to the cent, and a fee of several has their sum', () => {
  fc.assert(
    fc.property(lines, fc.uniqueArray(fc.integer({ min: 1, max: LENGTH - 1 }), { maxLength: 5 }), (others, cuts) => {
      const bounds = [0, ...cuts.toSorted((a, b) => a - b), LENGTH]
      const spans = bounds.slice(1).map((to, index) => [bounds[index]!, to] as const)
      const fees = spans.map((span, index) => fee(`fee ${index}`, [span]))
      const made = withPercentages([
        ...others,
        ...fees,
        fee(
          'apart',
          spans.filter((_, index) => index % 2 === 0),
        ),
      ])
      const of = (id: string, other: Line) => amountsOf(made, id).get(other.id) ?? new Big(0)
      for (const other of others) {
        const parts = spans.map((_, index) => of(`fee ${index}`, other))
        expect(parts.reduce((sum, one) => sum.plus(one), new Big(0)).toFixed(2)).toBe(other.net)
        const even = parts.filter((_, index) => index % 2 === 0)
        expect(even.reduce((sum, one) => sum.plus(one), new Big(0)).toFixed(2)).toBe(of('apart', other).toFixed(2))
      }
    }),
  )
})

test('said again, and in any order, it is the same; without one nothing is touched', () => {
  fc.assert(
    fc.property(lines, (others) => {
      const whole = [[0, LENGTH]] as const
      const once = withPercentages([fee('fee', whole), ...others, fee('other', whole)])
      expect(withPercentages(once)).toEqual(once)
      expect(baseOf(once)).toEqual(baseOf(once, 'other'))
      expect(withPercentages(others)).toEqual(others)
    }),
  )
})

const WHOLE = [[0, LENGTH]] as const
const one = line('machine', [segment(0, LENGTH, 121_000)])

test('what is charged once, another percentage and other kinds are not in the base', () => {
  const once = line('once', [segment(0, LENGTH, 5_000)], {
    one_off: { at: at(0), description: { en: '', es: '' }, project_id: null },
  })
  const setup = line('setup', [segment(0, 1, 7_000)], { component: 'service.setup', meter: 'setup' })
  const disk = line('disk', [segment(0, LENGTH, 3_000)], { component: 'volume.disk', meter: 'disk' })
  const all = [one, once, setup, disk]
  expect(baseOf(withPercentages([fee('fee', WHOLE), ...all, fee('other', WHOLE)]))).toEqual({
    amount: '124.00',
    lines: [
      { line_id: 'machine', amount: '121.00' },
      { line_id: 'disk', amount: '3.00' },
    ],
  })
  const terms = { ...fee('fee', WHOLE).price.terms, of: { kinds: ['volume' as const] } }
  expect(baseOf(withPercentages([fee('fee', WHOLE, { terms }), ...all]))?.amount).toBe('3.00')
})

test('before tax, before discounts, and of a price with tax without it', () => {
  const discounted = { ...one, gross: '121.00', net: '50.00', discounts: [] }
  const inclusive = { ...one, id: 'inclusive', gross_inclusive: '121.00', net: '100.00' }
  expect(baseOf(withPercentages([fee('fee', WHOLE), discounted, inclusive]))?.lines).toEqual([
    { line_id: 'machine', amount: '121.00' },
    { line_id: 'inclusive', amount: '100.00' },
  ])
})

test('the minimum and the maximum hold for their share of the month, tiers for the sum, and nothing of nothing is no line', () => {
  const percentage = fee('fee', WHOLE).price.terms?.percentage
  const net = (terms: object, others = [one], model: Line['price']['model'] = 'percentage') =>
    withPercentages([fee('fee', WHOLE, { model, terms }), ...others]).find(({ id }) => id === 'fee')?.net
  expect(net({ percentage })).toBe('12.10')
  // the fee holds for half a month
  expect(net({ percentage, minimum: '100' })).toBe('50.00')
  expect(net({ percentage, maximum: '10' })).toBe('5.00')
  const rate_tiers = [
    { up_to: '100', rate: '10', flat_amount: '1' },
    { up_to: null, rate: '7', flat_amount: '0' },
  ]
  // 1 + 10 + 21 × 7 %
  expect(net({ rate_tiers }, [one], 'graduated_percentage')).toBe('12.47')
  expect(net({ percentage }, [])).toBeUndefined()
  expect(net({ percentage, minimum: '2' }, [])).toBe('1.00')
})

test('another rate of the same charges is known from the line, and a share of others is not', () => {
  const [made] = withPercentages([fee('fee', WHOLE), one])
  const price = { ...fee('fee', WHOLE).price, gap_policy: 'infer' as const, amount: '0' }
  const { percentage, ...rest } = price.terms!
  const doubled = { ...rest, percentage: { ...percentage!, rate: '20' }, minimum: '1' }
  const amount = repriced([made!], { ...price, terms: doubled }, 'UTC')
  // 20 % of 121.00
  expect('amount' in amount && toDecimal(amount.amount, 6)).toBe('24.2')
  const ofVolumes = { ...doubled, of: { kinds: ['volume' as const] } }
  expect(repriced([made!], { ...price, terms: ofVolumes }, 'UTC')).toEqual({ why: 'meter' })
  expect(repriced([one], { ...price, terms: doubled }, 'UTC')).toEqual({ why: 'meter' })
})

test('what reaches out of the period counts whole where it is charged, if the fee holds then', () => {
  const next = { from: at(LENGTH), to: at(2 * LENGTH) }
  const advance = line('advance', [segment(LENGTH, 2 * LENGTH, 60_000)], { period: next, timing: 'advance' })
  const settled = line('settled', [], {
    net: '-10.00',
    settlement: { due: '20.00', advanced: '40.00', kept: '20.00', documents: [], causes: [], lines: [] },
  })
  const amounts = (from: number, to: number) =>
    baseOf(withPercentages([fee('fee', [[from, to]], {}), advance, settled]))?.lines.map(({ amount }) => amount)
  expect(amounts(LENGTH - 1, LENGTH)).toEqual(['60.00', '-20.00'])
  expect(amounts(0, LENGTH - 1)).toBeUndefined()
  // more comes back than is charged: of that nothing is charged, and nothing given back
  const back = withPercentages([fee('fee', WHOLE), settled])
  expect([baseOf(back)?.amount, back[0]?.net]).toEqual(['-20.00', '0.00'])
})
