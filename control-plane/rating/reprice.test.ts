/** Lines say what they would be under another price: the same as rating it anew from the facts, or why they don't. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fractionText, parseFraction, sum } from '../base/exact.ts'
import type { PriceRow, Terms } from '../catalog/contract.ts'
import type { Line } from './contract.ts'
import { repriced } from './reprice.ts'
import { type Consumed, type Facts, linesOf } from './rules.ts'
import { merged } from './versions.ts'
import { oneTax } from '#test/setup/one-tax.ts'

const ZONE = 'Europe/Madrid'
const MONTH = { from: Date.parse('2026-10-01T00:00:00+02:00'), to: Date.parse('2026-11-01T00:00:00+01:00') }
const LENGTH = MONTH.to - MONTH.from
const GIB = 2 ** 30
const at = (part: number) => MONTH.from + Math.floor(LENGTH * part)

const base: PriceRow = {
  id: 'p1',
  kind: 'vm',
  meter: 'memory',
  model: 'per_unit',
  per: 'hour',
  unit: 'GiB',
  amount: '0.0125',
  terms: null,
  gap_policy: 'infer',
  tax_class: 'standard',
  tax_inclusive: false,
  price_book_id: 'book',
  effective_at: 0,
  ends_at: null,
  currency: 'EUR',
}
const amount = fc.integer({ min: 1, max: 99_999 }).map((n) => `0.${n.toString().padStart(5, '0')}`)
const quantity = fc.integer({ min: 1, max: 40_000 }).map((n) => (n / 10).toString())
const tiers = fc.tuple(amount, amount, quantity).map(([a, b, up_to]) => [
  { up_to, unit_amount: a, flat_amount: '0' },
  { up_to: null, unit_amount: b, flat_amount: '0.5' },
])
const bounds = fc.record(
  { included: quantity, minimum: fc.constantFrom('1', '3.5'), maximum: fc.constantFrom('40', '75.25') },
  { requiredKeys: [] },
)
type Content = Pick<PriceRow, 'model' | 'per' | 'unit' | 'amount' | 'terms' | 'gap_policy'>
const termsOf = (terms: Terms): Terms | null => (Object.keys(terms).length > 0 ? terms : null)
const held: fc.Arbitrary<Content> = fc
  .tuple(
    fc.constantFrom('flat', 'per_unit', 'graduated', 'volume', 'package'),
    fc.constantFrom('hour', 'month'),
    fc.constantFrom('GiB', 'MB'),
    amount,
    tiers,
    bounds,
    fc.constantFrom(undefined, 'day', 'none'),
    fc.constantFrom('infer', 'skip', 'block'),
  )
  .map(([model, per, unit, price, list, { included, ...bound }, proration, gap_policy]) => ({
    model: model as Content['model'],
    per: per as Content['per'],
    unit,
    gap_policy: gap_policy as Content['gap_policy'],
    amount: model === 'flat' || model === 'per_unit' ? price : '0',
    terms: termsOf({
      ...bound,
      ...(model !== 'flat' && included !== undefined && { included }),
      ...((model === 'graduated' || model === 'volume') && { tiers: list }),
      ...(model === 'package' && { package: { size: '100', amount: price, free: '10' } }),
      ...(per === 'month' && proration && { proration: proration as 'day' | 'none' }),
    }),
  }))

const observed = (from: number, to: number | null, memory_bytes: number, state = 'running') => ({
  id: `v${from}`,
  resource_id: 'vm-1',
  from,
  to,
  state,
  size: { memory_bytes },
  scope_id: 's',
})
const world = fc.record({
  born: fc.constantFrom(-0.2, 0, 0.2),
  resized: fc.constantFrom(0.4, 0.6),
  state: fc.constantFrom('running', 'stopped'),
  sizes: fc.tuple(fc.constantFrom(1, 2, 3), fc.constantFrom(2, 8)),
  gap: fc.boolean(),
  cut: fc.constantFrom(0, 0.5),
  end: fc.constantFrom(0.7, 1),
})
type World = typeof world extends fc.Arbitrary<infer T> ? T : never

function facts({ born, resized, state, sizes, gap, cut, end }: World, prices: readonly PriceRow[]): Facts {
  const period = { from: at(cut), to: at(end) }
  const assignment = { from: at(born), to: null }
  return {
    period,
    month: MONTH,
    zone: ZONE,
    currency: 'EUR',
    service_id: 'service',
    tax: oneTax('21'),
    resources: [{ id: 'vm-1', kind: 'vm', name: 'web' }],
    owned: [{ id: 'a1', resource_id: 'vm-1', ...assignment, assignment }],
    observed: [
      observed(at(born), at(resized), sizes[0] * GIB),
      observed(at(resized), at(0.65), sizes[1] * GIB, state),
      observed(at(0.65), null, sizes[0] * GIB),
    ],
    gaps: gap ? [{ scope_id: 's', from: at(0.55), to: at(0.58) }] : [],
    losses: [],
    accepted: [],
    prices: merged(prices),
    consumed: [],
  }
}
const row = (content: Content, over: Partial<PriceRow> = {}): PriceRow => ({ ...base, ...content, ...over })
const totalOf = (lines: readonly Line[]): string => fractionText(sum(lines.map((line) => parseFraction(line.exact))))

test('what is held is the same from its lines as from the facts, under any other price, even where two versions billed it', () => {
  const outcomes = new Map<string, number>()
  fc.assert(
    fc.property(world, held, held, held, fc.boolean(), (facts_, first, second, wanted, changes) => {
      const versions = changes
        ? [row(first, { ends_at: at(0.62) }), row(second, { id: 'p2', effective_at: at(0.62) })]
        : [row(first)]
      const { lines } = linesOf(facts(facts_, versions))
      fc.pre(lines.length > 0)
      const made = repriced(lines, wanted, ZONE)
      const outcome = 'why' in made ? made.why : 'amount'
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      if ('amount' in made) expect(fractionText(made.amount)).toBe(totalOf(linesOf(facts(facts_, [row(wanted)])).lines))
    }),
    { numRuns: 3_000, seed: 7 },
  )
  // each way is taken, and most is known
  for (const outcome of ['amount', 'gaps', 'share', 'proration'])
    expect([outcome, (outcomes.get(outcome) ?? 0) > 20]).toEqual([outcome, true])
  expect(outcomes.get('amount')).toBeGreaterThan(1_000)
})

test('what is consumed is the same from its lines, and an allowance is known where the lines say for how long it was owned', () => {
  const consumed = (quantities: readonly bigint[]): Consumed[] =>
    quantities.map((used) => ({
      resource_id: 'vm-1',
      meter: 'network_transmit_bytes',
      stretch: { from: at(0), to: at(1) },
      owned_id: 'a1',
      digest: '',
      leaves: [{ from: at(0), to: at(1), quantity: used, digest: 'd', estimated: false, gaps: [] }],
    }))
  const network: Content = { ...base, per: 'quantity', unit: 'GiB', gap_policy: 'total' }
  const whole: World = { born: 0, resized: 0.4, state: 'running', sizes: [1, 2], gap: false, cut: 0, end: 1 }
  const linesUnder = (content: Content, used: bigint) =>
    linesOf({
      ...facts(whole, [row(content, { meter: 'network_transmit_bytes' })]),
      consumed: consumed([used]),
    }).lines
  const tiered: Content = {
    ...network,
    model: 'graduated',
    amount: '0',
    terms: {
      tiers: [
        { up_to: '10', unit_amount: '0.5', flat_amount: '0' },
        { up_to: null, unit_amount: '0.1', flat_amount: '1' },
      ],
    },
  }
  const allowing: Content = { ...network, terms: { included: '5' } }
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 10n ** 12n }), (used) => {
      for (const [from, to] of [
        [network, tiered],
        [tiered, network],
        [tiered, allowing],
        [allowing, tiered],
      ] as const) {
        const made = repriced(linesUnder(from, used), to, ZONE)
        if (!('amount' in made)) throw new Error(made.why)
        expect(fractionText(made.amount)).toBe(totalOf(linesUnder(to, used)))
      }
      expect(repriced(linesUnder(network, used), allowing, ZONE)).toEqual({ why: 'share' })
    }),
    { numRuns: 100 },
  )
})

test('a line that was discounted, or is measured by nothing, is left as it is', () => {
  const [line] = linesOf(
    facts({ born: 0, resized: 0.4, state: 'running', sizes: [1, 2], gap: false, cut: 0, end: 1 }, [row(base)]),
  ).lines
  expect(repriced([{ ...line!, discounts: [{ percent: '10' }] } as unknown as Line], base, ZONE)).toEqual({
    why: 'discounts',
  })
  expect(repriced([{ ...line!, meter: 'tokens' } as unknown as Line], base, ZONE)).toEqual({ why: 'meter' })
})
