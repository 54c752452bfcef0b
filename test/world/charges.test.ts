/** Every charge model against brute force, piece by piece: random price books and usages, most of them at a bound. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compare, fraction, sum, toDecimal } from '#control-plane/base/exact.ts'
import type { Terms } from '#control-plane/catalog/contract.ts'
import { assertTerms } from '#control-plane/catalog/terms.ts'
import { charged, isLinear, WHOLE } from '#control-plane/rating/charge.ts'
import { graduatedPercentage } from '#control-plane/rating/models/graduated_percentage.ts'
import { percentage, percentagePerEvent } from '#control-plane/rating/models/percentage.ts'
import { unitPriceAt } from '#control-plane/rating/segments.ts'
import { byIndex, costs, type Model, type Pieces, takes } from './oracle/charges.ts'
import { exact } from './oracle/money.ts'

const CASES = 10_000
/** Pieces in a priced unit; all are decimals. */
const PER_UNIT = [1, 2, 5, 10, 1000] as const

const amounts = fc
  .tuple(fc.integer({ min: 0, max: 999_999 }), fc.constantFrom(0, 1, 3, 6, 12))
  .map(([digits, places]) => toDecimal(fraction(BigInt(digits), 10n ** BigInt(places)), 12))
/** Whole pieces, ascending. */
const bounds = fc
  .uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 4 })
  .map((list) => list.toSorted((a, b) => a - b))

interface Book {
  model: Model
  /** where something changes, in pieces */
  edges: number[]
}
const tiered = fc.tuple(
  fc.constantFrom('graduated' as const, 'volume' as const),
  bounds,
  fc.array(amounts, { minLength: 10, maxLength: 10 }),
)
const books: fc.Arbitrary<Book> = fc.oneof(
  tiered.map(([kind, edges, list]) => ({
    model: {
      kind,
      tiers: [...edges, null].map((up_to, i) => ({ up_to, unit: exact(list[i]!), flat: exact(list[i + 5]!) })),
    },
    edges,
  })),
  fc.tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 20 }), amounts).map(([size, free, amount]) => ({
    model: { kind: 'package' as const, size, free, amount: exact(amount) },
    edges: [free, free + size, free + 2 * size],
  })),
  fc
    .tuple(
      fc.constantFrom('all_tiers' as const, 'top_tier' as const),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 4 }), amounts), {
        minLength: 1,
        maxLength: 4,
      }),
    )
    .map(([kind, list]) => {
      let edge = 0
      const edges = list.map(([size, blocks]) => (edge += size * blocks))
      const tiers = list.map(([block_size, blocks, amount], i) => ({
        block_size,
        blocks: i === list.length - 1 ? null : blocks,
        amount: exact(amount),
      }))
      return { model: { kind, tiers }, edges }
    }),
  amounts.map((amount) => ({ model: { kind: 'per_unit' as const, amount: exact(amount) }, edges: [] })),
)

const text = ({ num, den }: { num: bigint; den: bigint }) => toDecimal(fraction(num, den), 12)
/** The same price in the catalogue's words. */
function priceOf(model: Model, per_unit: number, own: Pick<Terms, 'included' | 'minimum' | 'maximum'>) {
  const units = (pieces: number) => toDecimal(fraction(BigInt(pieces), BigInt(per_unit)), 12)
  switch (model.kind) {
    case 'per_unit':
      return { model: 'per_unit' as const, amount: text(model.amount), terms: own }
    case 'package': {
      const terms = { size: units(model.size), amount: text(model.amount), free: units(model.free) }
      return { model: 'package' as const, amount: '0', terms: { ...own, package: terms } }
    }
    case 'graduated':
    case 'volume': {
      const tiers = model.tiers.map(({ up_to, unit, flat }) => ({
        up_to: up_to === null ? null : units(up_to),
        unit_amount: text(unit),
        flat_amount: text(flat),
      }))
      return { model: model.kind, amount: '0', terms: { ...own, tiers } }
    }
    default: {
      const tiers = model.tiers.map(({ block_size, blocks, amount }) => ({
        block_size: units(block_size),
        blocks,
        amount: text(amount),
      }))
      return { model: 'stair_step' as const, amount: '0', terms: { ...own, steps: { mode: model.kind, tiers } } }
    }
  }
}

const cases = fc.record({
  book: books,
  per_unit: fc.constantFrom(...PER_UNIT),
  near: fc.integer({ min: -1, max: 1 }),
  edge: fc.nat({ max: 9 }),
  anywhere: fc.integer({ min: 0, max: 120 }),
  atEdge: fc.constantFrom(true, true, true, false),
  included: fc.constantFrom(0, 0, 1, 7, 30),
  minimum: fc.option(amounts, { nil: undefined }),
  above: fc.option(amounts, { nil: undefined }),
})

test(`${CASES} price books and usages cost what brute force says, to the last digit`, () => {
  let bounded = 0
  fc.assert(
    fc.property(cases, ({ book, per_unit, near, edge, anywhere, atEdge, included, minimum, above }) => {
      const edges = [0, ...book.edges].map((one) => one + included)
      const count = atEdge ? Math.max(0, (edges[edge % edges.length] ?? 0) + near) : anywhere
      if (atEdge) bounded += 1
      const pieces: Pieces = { count, per_unit }
      const maximum = above === undefined ? undefined : text(sumOf(exact(minimum ?? '0'), exact(above)))
      const price = priceOf(book.model, per_unit, {
        ...(included > 0 && { included: toDecimal(fraction(BigInt(included), BigInt(per_unit)), 12) }),
        ...(minimum !== undefined && { minimum }),
        ...(maximum !== undefined && { maximum }),
      })
      assertTerms({ ...price, per: 'quantity', amount: price.model === 'per_unit' ? price.amount : undefined })
      const got = charged(price, fraction(BigInt(count), BigInt(per_unit)), WHOLE).amount
      const wanted = costs(pieces, book.model, {
        included,
        minimum: minimum === undefined ? null : exact(minimum),
        maximum: maximum === undefined ? null : exact(maximum),
      })
      expect(compare(got, wanted)).toBe(0)
    }),
    { numRuns: CASES },
  )
  expect(bounded).toBeGreaterThan(CASES / 2)
}, 120_000)

const sumOf = (a: { num: bigint; den: bigint }, b: { num: bigint; den: bigint }) => ({
  num: a.num * b.den + b.num * a.den,
  den: a.den * b.den,
})

const payments = fc.record({
  events: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 6 }),
  rate: amounts,
  fixed: amounts,
  free_events: fc.integer({ min: 0, max: 7 }),
  free_cents: fc.constantFrom(0, 0, 10, 40, 41, 80),
  low: fc.option(amounts, { nil: null }),
  above: fc.option(amounts, { nil: null }),
})
const cents = (count: number) => fraction(BigInt(count), 100n)

test(`${CASES} percentages cost what each cent for itself says`, () => {
  fc.assert(
    fc.property(payments, ({ events, rate, fixed, free_events, free_cents, low, above }) => {
      const high = above === null ? null : sumOf(exact(low ?? '0'), exact(above))
      const bounds = { low: low === null ? null : exact(low), high }
      const terms = {
        rate: exact(rate),
        fixed_per_event: exact(fixed),
        free_events: BigInt(free_events),
        free_amount: cents(free_cents),
        min_per_event: bounds.low,
        max_per_event: bounds.high,
      }
      const given = { rate: exact(rate), fixed: exact(fixed), free_events, free_cents }
      expect(compare(percentagePerEvent(events.map(cents), terms).amount, takes(events, { ...given, ...bounds }))).toBe(
        0,
      )
      const running_totals = events.map((_, index) => cents(total(events.slice(0, index + 1))))
      const onSum = percentage({ amount: cents(total(events)), events: BigInt(events.length), running_totals }, terms)
      expect(compare(onSum.amount, takes(events, { ...given, low: null, high: null }))).toBe(0)
    }),
    { numRuns: CASES },
  )
}, 120_000)
const total = (list: readonly number[]) => list.reduce((sum, one) => sum + one, 0)

test('a graduated percentage is a graduated price of each cent', () => {
  const rates = fc.tuple(
    bounds,
    fc.array(amounts, { minLength: 10, maxLength: 10 }),
    fc.nat({ max: 4 }),
    fc.integer({ min: -1, max: 1 }),
  )
  fc.assert(
    fc.property(rates, ([edges, list, edge, near]) => {
      const count = Math.max(0, ([0, ...edges][edge % (edges.length + 1)] ?? 0) + near)
      const tiers = [...edges, null].map((up_to, i) => ({ up_to, unit: exact(list[i]!), flat: exact(list[i + 5]!) }))
      const got = graduatedPercentage(
        cents(count),
        tiers.map(({ up_to, unit, flat }) => ({ up_to: up_to === null ? null : cents(up_to), rate: unit, flat })),
      )
      const perCent = tiers.map((tier) => ({ ...tier, unit: { num: tier.unit.num, den: tier.unit.den * 100n } }))
      const wanted = costs(
        { count, per_unit: 100 },
        { kind: 'graduated', tiers: perCent },
        { included: 0, minimum: null, maximum: null },
      )
      expect(compare(got.amount, wanted)).toBe(0)
    }),
    { numRuns: CASES },
  )
}, 120_000)

/** Also below zero, as exchanges know them. */
const signed = fc
  .tuple(amounts, fc.boolean())
  .map(([amount, isBelow]) => (isBelow && /[1-9]/.test(amount) ? `-${amount}` : amount))
const indexed = fc.record({
  hours: fc.array(fc.record({ value: signed, count: fc.nat({ max: 9 }) }), { minLength: 1, maxLength: 6 }),
  per_unit: fc.constantFrom(...PER_UNIT),
  factor: amounts,
  surcharge: signed,
  low: fc.option(signed, { nil: null }),
  above: fc.option(amounts, { nil: null }),
})

test(`${CASES} prices by an index cost what each piece in its hour says`, () => {
  let bounded = 0
  fc.assert(
    fc.property(indexed, ({ hours, per_unit, factor, surcharge, low, above }) => {
      const floor = low === null ? {} : { floor: low }
      const ceiling = above === null ? {} : { ceiling: text(sumOf(exact(low ?? '0'), exact(above))) }
      const index = { id: '00000000-0000-4000-8000-000000000000', factor, surcharge, ...floor, ...ceiling }
      const price = { model: 'dynamic' as const, amount: '0', terms: { index } }
      assertTerms({ ...price, per: 'quantity', amount: undefined })
      expect(isLinear(price)).toBe(true)
      const each = hours.map(({ value, count }) => {
        const unit = unitPriceAt(price, value)
        if (low !== null && compare(unit, exact(low)) === 0) bounded += 1
        return fraction(unit.num * BigInt(count), unit.den * BigInt(per_unit))
      })
      const wanted = byIndex(
        hours.map(({ value, count }) => ({ value: exact(value), count })),
        per_unit,
        {
          factor: exact(factor),
          surcharge: exact(surcharge),
          floor: low === null ? null : exact(low),
          ceiling: index.ceiling === undefined ? null : exact(index.ceiling),
        },
      )
      expect(compare(sum(each), wanted)).toBe(0)
    }),
    { numRuns: CASES },
  )
  expect(bounded).toBeGreaterThan(CASES / 10)
}, 120_000)
