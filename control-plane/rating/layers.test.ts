/** Price books over each other: at each instant exactly one price holds, of the most specific book that has one then. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type HeldBook, inOrder } from '../contracts/books/rules.ts'
import type { PriceRow } from '../catalog/contract.ts'
import { layered, offersOf } from './layers.ts'
import { within } from './times.ts'
import { merged } from './versions.ts'

const END = 24
const METERS = ['vcpu', 'memory'] as const

/** Cuts of a time into pieces that follow each other, some of them left out. */
const pieces = fc
  .array(fc.record({ length: fc.integer({ min: 1, max: 9 }), name: fc.constantFrom('a', 'b', null) }), { maxLength: 6 })
  .map((list) => {
    let at = 0
    return list.flatMap(({ length, name }, index) => {
      const [from, to] = [at, (at += length)]
      return name === null ? [] : [{ from, to: index === 5 ? null : to, name }]
    })
  })
type Piece = { from: number; to: number | null; name: string }
const holds = ({ from, to }: Pick<Piece, 'from' | 'to'>, at: number) => from <= at && (to === null || at < to)

const versionsOf = (book: string, meter: PriceRow['meter'], list: readonly Piece[]): PriceRow[] =>
  list.map(({ from, to, name }) => ({
    id: `${book}/${meter}/${from}`,
    kind: 'vm',
    meter,
    model: 'per_unit',
    per: 'hour',
    unit: 'x',
    // versions that follow each other may say the same, and are one then
    amount: name,
    terms: null,
    gap_policy: 'infer',
    tax_class: 'standard',
    tax_inclusive: false,
    price_book_id: book,
    effective_at: from,
    ends_at: to,
    currency: 'EUR',
  }))

const BOOKS = ['customer/a', 'customer/b', 'group/a', 'group/b', 'own']
const world = fc.record({
  customer: pieces,
  group: pieces,
  versions: fc.array(fc.tuple(pieces, pieces), { minLength: BOOKS.length, maxLength: BOOKS.length }),
})

function heldBooks(customer: readonly Piece[], group: readonly Piece[]): HeldBook[] {
  const rows = (negotiated_for: 'customer' | 'group', list: readonly Piece[]) =>
    list.map(({ from, to, name }) => ({
      price_book_id: `${negotiated_for}/${name}`,
      negotiated_for,
      valid_from: from,
      valid_to: to,
    }))
  return inOrder([...rows('group', group), ...rows('customer', customer)], 'own')
}

test('at each instant exactly one price of a component holds: of the most specific book that has one', () => {
  fc.assert(
    fc.property(world, ({ customer, group, versions }) => {
      const rows = BOOKS.flatMap((book, index) =>
        METERS.flatMap((meter, which) => versionsOf(book, meter, versions[index]![which as 0 | 1])),
      )
      const books = heldBooks(customer, group)
      const prices = layered(
        books.map(({ price_book_id, spans }) => ({
          spans,
          prices: merged(rows.filter((row) => row.price_book_id === price_book_id)),
        })),
      )
      expect(new Set(prices.map(({ id }) => id)).size).toBe(prices.length)
      for (let at = -1; at <= END; at += 1)
        for (const meter of METERS) {
          const had = [
            ...customer.filter((one) => holds(one, at)).map(({ name }) => `customer/${name}`),
            ...group.filter((one) => holds(one, at)).map(({ name }) => `group/${name}`),
            'own',
          ]
          const [expected] = had.flatMap((book) =>
            rows.filter(
              (row) =>
                row.price_book_id === book &&
                row.meter === meter &&
                holds({ from: row.effective_at, to: row.ends_at }, at),
            ),
          )
          const found = prices.filter((one) => one.meter === meter && within(one, { from: at, to: at + 1 }).length > 0)
          expect(found.map((one) => [one.price_book_id, one.amount])).toEqual(
            expected ? [[expected.price_book_id, expected.amount]] : [],
          )
        }
    }),
    { numRuns: 500 },
  )
})

test('without negotiated books nothing is clipped: prices stand as their versions do', () => {
  const rows = versionsOf('own', 'vcpu', [
    { from: 0, to: 5, name: 'a' },
    { from: 5, to: null, name: 'b' },
  ])
  expect(layered([{ spans: [{ from: null, to: null }], prices: rows }])).toEqual(rows)
})

test('what is sold is what the books sell that are had then, without a gap', () => {
  fc.assert(
    fc.property(pieces, pieces, (customer, group) => {
      const whole = { from: 2, to: 20 }
      const offers = offersOf(
        heldBooks(customer, group).map(({ price_book_id, spans }) => ({ spans, sold: new Set([price_book_id]) })),
        whole,
      )
      expect([offers[0]!.from, offers.at(-1)!.to]).toEqual([whole.from, whole.to])
      for (let at = whole.from; at < whole.to; at += 1) {
        const found = offers.filter((one) => holds(one, at))
        const sold = [
          ...customer.filter((one) => holds(one, at)).map(({ name }) => `customer/${name}`),
          ...group.filter((one) => holds(one, at)).map(({ name }) => `group/${name}`),
          'own',
        ]
        expect(found.map(({ offered }) => [...offered].toSorted())).toEqual([sold.toSorted()])
      }
    }),
  )
})
