/** What a percentile of a rate costs: exactly its price for a whole month, each part for its time, and nothing for a gap but what is known. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { add, compare, fraction, multiply, parseFraction, sum } from '../base/exact.ts'
import { HOUR_MS, iso, lengthMs } from '../base/time.ts'
import { assertFits } from '../catalog/rules.ts'
import { assertTerms } from '../catalog/terms.ts'
import { oneTax } from '#test/setup/one-tax.ts'
import type { PriceRow, Terms } from '../catalog/contract.ts'
import type { Peak } from '../metering/contract.ts'
import { byTime } from './percentile.ts'
import { costPerHour } from './cost.ts'
import { type Consumed, type Facts, linesOf } from './rules.ts'

const MONTH = { from: Date.parse('2026-11-01T00:00:00Z'), to: Date.parse('2026-12-01T00:00:00Z') }
const DAY = 24 * HOUR_MS
const resource = { id: 'host-1', kind: 'host' as const, name: 'metal' }
const assignment = { from: null, to: null }

const price = (over: Partial<PriceRow> = {}): PriceRow => ({
  id: 'p1',
  kind: 'host',
  meter: 'network_p95',
  model: 'per_unit',
  per: 'month',
  unit: 'Mbit/s',
  amount: '1.7',
  terms: null,
  gap_policy: 'total',
  tax_class: 'standard',
  tax_inclusive: false,
  price_book_id: 'book',
  effective_at: 0,
  ends_at: null,
  currency: 'EUR',
  ...over,
})
/** So many Mbit/s are this many bytes in five minutes. */
const mbit = (rate: number) => BigInt(rate) * 37_500_000n
const peak = (over: Partial<Peak> = {}): Peak => ({
  in: mbit(80),
  out: mbit(100),
  rank: 8208,
  slots: 8640,
  missing: 0,
  spread: 0,
  estimated: false,
  unseen: [],
  ...over,
})
const used = (from: number, to: number, of: Peak, owned_id = 'a1'): Consumed => ({
  resource_id: 'host-1',
  meter: 'network_p95',
  stretch: { from, to },
  owned_id,
  digest: '',
  leaves: [{ from, to: from + HOUR_MS, quantity: 1n, digest: 'd', estimated: false, gaps: [] }],
  peak: of,
})
const facts = (prices: readonly PriceRow[], consumed: readonly Consumed[], over: Partial<Facts> = {}): Facts => ({
  period: MONTH,
  month: MONTH,
  zone: 'UTC',
  currency: 'EUR',
  service_id: 'service',
  tax: oneTax('21'),
  resources: [resource],
  owned: [{ id: 'a1', resource_id: 'host-1', from: null, to: null, assignment }],
  observed: [{ id: 'v1', resource_id: 'host-1', from: 0, to: null, state: 'running', size: {}, scope_id: 's' }],
  gaps: [],
  losses: [],
  accepted: [],
  prices,
  consumed,
  ...over,
})
const whole = (terms: Terms | null, model: PriceRow['model'] = 'per_unit') =>
  linesOf(
    facts(
      [price({ model, terms, ...(model !== 'per_unit' && { amount: '0' }) })],
      [used(MONTH.from, MONTH.to, peak())],
    ),
  ).lines[0]!

test('a whole month at one price costs the percentile times the price, by each model', () => {
  expect(whole(null)).toMatchObject({ exact: '170/1', quantity_display: '100', net: '170.00' })
  const tiers = [
    { up_to: '30', unit_amount: '2', flat_amount: '0' },
    { up_to: null, unit_amount: '0.5', flat_amount: '5' },
  ]
  expect(whole({ tiers }, 'graduated')).toMatchObject({ exact: '100/1' })
  expect(whole({ tiers }, 'volume')).toMatchObject({ exact: '55/1' })
  // committed 60, the rest is overage
  expect(whole({ included: '60' })).toMatchObject({ exact: '68/1', charge: { included: '60/1' } })
  expect(whole({ minimum: '200' })).toMatchObject({ exact: '200/1', charge: { top_up: '30/1' } })
})

test('in and out stand on the line exactly, with rank, slots and what is missing; the larger is charged', () => {
  const odd = peak({ in: 1_000_001n, out: 7n, missing: 3, spread: 2 })
  const [line] = linesOf(facts([price()], [used(MONTH.from, MONTH.to, odd)])).lines
  expect(line!.percentile).toEqual({ in: '2000002/75', out: '14/75', rank: 8208, slots: 8640, missing: 3, spread: 2 })
  expect(line!.segments[0]!.quantity).toBe((2_000_002n * lengthMs(MONTH)).toString())
  expect(line!.segments[0]!.size).toBe('2000002')
  const only = linesOf(facts([price()], [used(MONTH.from, MONTH.to, peak({ in: null }))])).lines[0]!
  expect([only.percentile!.in, only.net]).toEqual([null, '170.00'])
})

test('each price has its own percentile, for its time: the parts add up exactly', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 * DAY - 1 }),
      fc.integer({ min: 0, max: 500 }),
      fc.integer({ min: 0, max: 500 }),
      (after, a, b) => {
        const at = MONTH.from + after
        const prices = [price({ ends_at: at }), price({ id: 'p2', effective_at: at, amount: '3' })]
        const [first, second] = [peak({ out: mbit(a), in: 0n }), peak({ out: mbit(b), in: 0n })]
        const made = linesOf(facts(prices, [used(MONTH.from, at, first), used(at, MONTH.to, second)])).lines
        const share = fraction(BigInt(after), lengthMs(MONTH))
        const rest = fraction(lengthMs(MONTH) - BigInt(after), lengthMs(MONTH))
        const expected = add(multiply(share, fraction(BigInt(a) * 17n, 10n)), multiply(rest, fraction(BigInt(b) * 3n)))
        expect(made).toHaveLength(2)
        expect(compare(sum(made.map((line) => parseFraction(line.exact))), expected)).toBe(0)
      },
    ),
  )
})

test('one percentile over several stretches of an owner costs what it costs in one', () => {
  const at = MONTH.from + 11 * DAY + 1
  const parts = [used(MONTH.from, at, peak()), used(at, MONTH.to, peak(), 'a2')]
  const owned = (id: string, from: number, to: number) => ({ id, resource_id: 'host-1', from, to, assignment })
  const both = [owned('a1', MONTH.from, at), owned('a2', at, MONTH.to)]
  const [line] = linesOf(facts([price()], parts, { owned: both })).lines
  expect([line!.exact, line!.segments.length]).toEqual(['170/1', 2])
})

test('the days of a line add up to it, also where terms made its amount', () => {
  const at = MONTH.from + 20 * DAY + 12_345
  const days = Array.from({ length: 30 }, (_, n) => ({ from: MONTH.from + n * DAY, to: MONTH.from + (n + 1) * DAY }))
  for (const terms of [null, { included: '60', minimum: '90' }]) {
    const [line] = linesOf(facts([price({ terms })], [used(MONTH.from, at, peak())])).lines
    const parts = byTime(line!, days)
    expect(compare(sum(parts.map((one) => parseFraction(one?.exact ?? '0/1'))), parseFraction(line!.exact))).toBe(0)
    expect(parts.reduce((total, one) => total + BigInt(one?.quantity ?? '0'), 0n).toString()).toBe(line!.quantity)
    expect([parts[20]?.segments[0]?.to, parts[21]]).toEqual([iso(at), null])
  }
})

test('slots of which nothing is known are a gap that no total fills: not counted, or it holds the invoice back', () => {
  const gap = { from: MONTH.from + DAY, to: MONTH.from + 2 * DAY }
  const silent = used(MONTH.from, MONTH.to, peak({ missing: 288, unseen: [gap] }))
  const [line] = linesOf(facts([price()], [silent])).lines
  expect(line).toMatchObject({ unobserved_ms: DAY, net: '170.00' })
  expect(line!.gaps).toEqual([{ from: iso(gap.from), to: iso(gap.to), cause: 'silent', policy: 'skip' }])
  const held = linesOf(facts([price({ gap_policy: 'block' })], [silent]))
  expect(held.blocked).toMatchObject([{ ...gap, cause: 'silent', meter: 'network_p95' }])
})

test('what traffic will cost is no cost per hour', () => {
  const running = { kind: 'host' as const, state: 'running', size: {} }
  expect(costPerHour(running, [price()], MONTH)).toBeNull()
  const held = price({ meter: 'instance', unit: 'instance', per: 'hour', amount: '2' })
  expect(costPerHour(running, [price({ terms: { included: '1' } }), held], MONTH)).toEqual(
    costPerHour(running, [held], MONTH),
  )
})

test('a percentile is priced by the month, in rates, by its time', () => {
  const said = (over: Partial<PriceRow>) => () => assertFits(price(over))
  expect(said({})).not.toThrow()
  expect(said({ model: 'volume', unit: 'Gbit/s' })).not.toThrow()
  expect(said({ per: 'hour' })).toThrow(/per must be month, not hour/)
  expect(said({ per: 'quantity' })).toThrow(/per must be month/)
  expect(said({ unit: 'GB' })).toThrow(/unit must be bit\/s, kbit\/s, Mbit\/s, Gbit\/s, not GB/)
  expect(said({ model: 'flat' })).toThrow(/model must be per_unit, graduated, volume, not flat/)
  expect(said({ gap_policy: 'infer' })).toThrow(/gap_policy must be total, skip, block/)
  const terms = (proration: Terms['proration']) => () => assertTerms({ ...price(), terms: { proration } })
  expect(terms('exact')).not.toThrow()
  expect(terms('none')).toThrow(/proration must be exact/)
  expect(terms('day')).toThrow(/proration must be exact/)
})
