/** Invariant 1 of money.md on discounts and tax: exact, whatever was sold with which tax and which coupons. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { majorText } from '../base/money.ts'
import type { Line } from '../rating/contract.ts'
import { adjusted, again } from './adjust.ts'
import type { CouponTerms, InvoiceContent } from './contract.ts'
import {
  billedOf,
  type Chain,
  chargedOf,
  deltasOf,
  dueOf,
  lineKey,
  netOf,
  noteLine,
  taxesOfDeltas,
} from './notes/rules.ts'
import { minorOf, taxesOf, taxWithin, totalsOf } from './rules.ts'
import type { InvoiceRow } from './store.ts'
import { checkTax } from './verify-tax.ts'

const CURRENCIES = ['EUR', 'JPY', 'KWD']
const TAXES = [
  ['S', '21.00'],
  ['S', '10.00'],
  ['S', '5.5'],
  ['S', '8.875'],
  ['E', '0.00'],
  ['Z', '0'],
] as const
const BOOKS = ['book-a', 'book-b']
const KINDS = ['vm.vcpu', 'vm.memory', 'disk.disk']
const line = fc.record({
  minor: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 5_000_000 })),
  tax: fc.constantFrom(...TAXES),
  inclusive: fc.boolean(),
  component: fc.constantFrom(...KINDS),
  book: fc.constantFrom(...BOOKS),
  /** what was charged in advance and not used */
  credit: fc.constantFrom(false, false, true),
})
const lines = (currency: string, hasCredits = false) =>
  fc.array(line, { minLength: 1, maxLength: 9 }).map((all) =>
    all.map(({ minor, tax, inclusive, component, book, credit }, index) => {
      const amount = majorText(BigInt(hasCredits && credit ? -minor : minor), currency)
      return {
        id: String(index),
        service_id: 's',
        resource: { id: String(index), kind: 'vm', name: 'web' },
        period: { from: '2026-11-01T00:00:00.000Z', to: '2026-12-01T00:00:00.000Z' },
        component,
        price: { price_book_id: book },
        ...(inclusive && { gross_inclusive: amount }),
        net: amount,
        currency,
        tax_category: tax[0],
        tax_rate: tax[1],
      } as unknown as Line
    }),
  )
const scope: fc.Arbitrary<CouponTerms['scope']> = fc.oneof(
  fc.constant({ type: 'account' as const }),
  fc.subarray([...KINDS, 'vm'], { minLength: 1 }).map((components) => ({ type: 'components' as const, components })),
  fc.constantFrom(...BOOKS).map((price_book_id) => ({ type: 'price_book' as const, price_book_id })),
)
const coupons = (currency: string) =>
  fc
    .array(
      fc.record({
        scope,
        percent: fc.boolean(),
        value: fc.integer({ min: 1, max: 9_999 }),
        at: fc.integer({ min: 10, max: 28 }),
      }),
      { maxLength: 5 },
    )
    .map((all) =>
      all.map((one, index): CouponTerms => ({
        redemption_id: `r${index}`,
        code: `C${index}`,
        redeemed_at: `2026-11-${one.at}T00:00:00.000Z`,
        scope: one.scope,
        ...(one.percent
          ? { type: 'percent', rate: `${Math.trunc(one.value / 100)}.${String(one.value % 100).padStart(2, '0')}` }
          : { type: 'fixed', left: majorText(BigInt(one.value), currency) }),
      })),
    )
const document = fc
  .constantFrom(...CURRENCIES)
  .chain((currency) => fc.tuple(fc.constant(currency), lines(currency), coupons(currency), lines(currency)))

const withCredits = fc
  .constantFrom(...CURRENCIES)
  .chain((currency) => fc.tuple(fc.constant(currency), lines(currency, true), coupons(currency)))

const contentOf = (currency: string, made: ReturnType<typeof adjusted>): InvoiceContent => {
  const taxes = taxesOf(made.lines, currency)
  return { currency, taxes, coupons: made.coupons, cut: 1, engine_version: 3 } as unknown as InvoiceContent
}

test('lines, discounts, categories and totals add up exactly; a gross price stays what it was; the verifier agrees', () => {
  fc.assert(
    fc.property(withCredits, ([currency, rated, terms]) => {
      const made = adjusted(rated, terms, currency)
      const of = (text: string | undefined) => minorOf(text ?? '0', currency)
      const taxes = taxesOf(made.lines, currency)
      const { net, tax, total } = totalsOf(made.lines, taxes, currency)
      // BR-CO-10, BR-CO-14, BR-CO-15
      expect(net).toBe(made.lines.reduce((sum, one) => sum + of(one.net), 0n))
      expect(tax).toBe(taxes.reduce((sum, one) => sum + of(one.tax), 0n))
      expect(total).toBe(net + tax)
      expect(taxes.reduce((sum, one) => sum + of(one.base), 0n)).toBe(net)
      for (const [index, one] of made.lines.entries()) {
        const off = (one.discounts ?? []).reduce((sum, each) => sum + of(each.amount), 0n)
        expect(of(one.gross_inclusive ?? one.net)).toBe(of(rated[index]!.net) - off)
        // a credit is discounted already
        if (of(rated[index]!.net) < 0n) expect([of(one.net) <= 0n, off]).toEqual([true, 0n])
        else expect(of(one.net) >= 0n && off >= 0n).toBe(true)
      }
      for (const one of made.coupons) {
        const taken = made.lines
          .flatMap((each) => each.discounts ?? [])
          .filter((each) => each.redemption_id === one.redemption_id)
        expect(taken.reduce((sum, each) => sum + of(each.amount), 0n)).toBe(of(one.used))
        if (one.left !== undefined) expect(of(one.used) <= of(one.left)).toBe(true)
      }
      for (const row of taxes) {
        const own = made.lines.filter((one) => one.tax_category === row.category && one.tax_rate === row.rate)
        const inclusive = own.filter((one) => one.gross_inclusive !== undefined)
        const gross = inclusive.reduce((sum, one) => sum + of(one.gross_inclusive), 0n)
        expect(inclusive.reduce((sum, one) => sum + of(one.net), 0n)).toBe(gross - taxWithin(gross, row.rate, currency))
        // BR-CO-17 to within what two roundings leave
        const [whole = '0', decimals = ''] = row.rate.split('.')
        const beside = of(row.tax) * 100n * 10n ** BigInt(decimals.length) - of(row.base) * BigInt(whole + decimals)
        expect(
          beside < 2n * 100n * 10n ** BigInt(decimals.length) && -beside < 2n * 100n * 10n ** BigInt(decimals.length),
        ).toBe(true)
      }
      const found: string[] = []
      const row = {
        number: 'A-1',
        document_type: 'invoice',
        content: { ...contentOf(currency, made), seller: { tax_id: 'a' }, buyer: { tax_id: 'b' } },
      }
      checkTax(row as unknown as InvoiceRow, made.lines, (check, _subject, detail) => found.push(`${check}: ${detail}`))
      expect(found).toEqual([])
    }),
    { numRuns: 500 },
  )
})

test('rated again as it was, a document has no difference, though its coupons have been used up since', () => {
  fc.assert(
    fc.property(document, ([currency, rated, terms]) => {
      const made = adjusted(rated, terms, currency)
      expect(adjusted(rated, again(made.coupons), currency).lines).toEqual(made.lines)
      const chain = {
        original: { document_type: 'invoice' as const, content: contentOf(currency, made), lines: made.lines },
        notes: [],
      }
      expect(deltasOf(chain, dueOf(chain, rated))).toEqual([])
    }),
    { numRuns: 500 },
  )
})

test('whatever is rated later, an invoice and its notes come to what is due, line by line and in tax; nothing is credited above its line', () => {
  const later = fc
    .constantFrom(...CURRENCIES)
    .chain((currency) =>
      fc.tuple(fc.constant(currency), lines(currency), coupons(currency), fc.array(lines(currency), { maxLength: 4 })),
    )
  fc.assert(
    fc.property(later, ([currency, rated, terms, ratings]) => {
      const made = adjusted(rated, terms, currency)
      const notes: Chain['original'][] = []
      const chain: Chain = {
        original: { document_type: 'invoice', content: contentOf(currency, made), lines: made.lines },
        notes,
      }
      for (const [index, fresh] of ratings.entries()) {
        const due = dueOf(chain, fresh)
        const deltas = deltasOf(chain, due)
        const net = netOf(deltas)
        if (net === 0n) continue
        const document_type = net < 0n ? 'credit_note' : 'debit_note'
        const sign = net < 0n ? -1n : 1n
        const taxes = taxesOfDeltas(chain, due, deltas).map(({ base, tax, row }) => ({
          ...row,
          base: majorText(sign * base, currency),
          tax: majorText(sign * tax, currency),
        }))
        const content = {
          ...chain.original.content,
          cut: index + 2,
          taxes,
          coupons: undefined,
        } as unknown as InvoiceContent
        notes.push({ document_type, content, lines: deltas.map((one) => noteLine(one, ['late_facts'], document_type)) })
        const wanted = new Map<string, bigint>()
        for (const one of due) wanted.set(lineKey(one), (wanted.get(lineKey(one)) ?? 0n) + minorOf(one.net, currency))
        for (const [key, amount] of billedOf(chain)) {
          expect(amount).toBe(wanted.get(key) ?? 0n)
          expect(amount >= 0n).toBe(true)
        }
        for (const row of taxesOf(due, currency)) {
          const charged = chargedOf(chain, row.category, row.rate)
          expect([charged.base, charged.tax]).toEqual([minorOf(row.base, currency), minorOf(row.tax, currency)])
        }
        expect(deltasOf(chain, dueOf(chain, fresh))).toEqual([])
        // a note's own lines are its bases, too
        for (const row of taxes) {
          const own = notes
            .at(-1)!
            .lines.filter((one) => one.tax_category === row.category && one.tax_rate === row.rate)
          expect(own.reduce((sum, one) => sum + minorOf(one.net, currency), 0n)).toBe(minorOf(row.base, currency))
        }
      }
    }),
    { numRuns: 200 },
  )
})

test('one cent moved in a discount, a net or a tax is found', () => {
  const [currency, cent] = ['EUR', (text: string) => majorText(minorOf(text, 'EUR') + 1n, 'EUR')]
  const base = {
    service_id: 's',
    resource: { id: 'r', kind: 'vm', name: 'web' },
    currency,
    tax_category: 'S',
    tax_rate: '21.00',
  }
  const rated = [
    { ...base, id: '1', component: 'vm.vcpu', price: {}, net: '33.33' },
    { ...base, id: '2', component: 'vm.memory', price: {}, net: '66.67', gross_inclusive: '66.67' },
    { ...base, id: '3', component: 'disk.disk', price: {}, net: '12.10', gross_inclusive: '12.10' },
  ] as unknown as Line[]
  const shared = { redeemed_at: '2026-11-10T00:00:00.000Z', scope: { type: 'account' as const } }
  const made = adjusted(
    rated,
    [
      { ...shared, redemption_id: 'p', code: 'P', type: 'percent', rate: '10' },
      { ...shared, redemption_id: 'f', code: 'F', type: 'fixed', left: '7.77' },
    ],
    currency,
  )
  const findings = (all: readonly Line[], content: object = {}) => {
    const found = new Set<string>()
    const whole = { ...contentOf(currency, made), seller: { tax_id: '' }, buyer: { tax_id: '' }, ...content }
    const row = { number: 'A-1', document_type: 'invoice', content: whole } as unknown as InvoiceRow
    checkTax(row, all, (check) => found.add(check))
    return [...found].toSorted()
  }
  const altered = (change: (one: Line) => Line) => made.lines.map((one, index) => (index === 1 ? change(one) : one))
  expect(findings(made.lines)).toEqual([])
  expect(findings(altered((one) => ({ ...one, net: cent(one.net) })))).toEqual(['tax'])
  expect(findings(altered((one) => ({ ...one, gross_inclusive: cent(one.gross_inclusive!) })))).toContain('discount')
  expect(
    findings(
      altered((one) => ({
        ...one,
        discounts: [{ ...one.discounts![0]!, amount: cent(one.discounts![0]!.amount) }, one.discounts![1]!],
      })),
    ),
  ).toEqual(['discount'])
  const taxes = contentOf(currency, made).taxes.map((row) => ({ ...row, tax: cent(row.tax) }))
  expect(findings(made.lines, { taxes })).toEqual(['tax'])
  expect(findings(made.lines, { coupons: made.coupons.map((one) => ({ ...one, used: cent(one.used) })) })).toEqual([
    'discount',
  ])
  expect(findings(made.lines, { coupons: [] })).toEqual(['discount'])
})

const plain = (id: string, net: string, over: object = {}) =>
  ({
    id,
    service_id: 's',
    resource: { id, kind: 'vm', name: id },
    component: 'vm.vcpu',
    price: {},
    net,
    currency: 'EUR',
    tax_category: 'S',
    tax_rate: '21.00',
    ...over,
  }) as unknown as Line

test('coupons for components come first, then those for plans, then those for all; within each, percentages before amounts', () => {
  const base = { redeemed_at: '2026-11-10T00:00:00.000Z' }
  const account = { type: 'account' } as const
  const given: CouponTerms[] = [
    { ...base, redemption_id: '1', code: 'ALL-5', scope: account, type: 'fixed', left: '5.00' },
    { ...base, redemption_id: '2', code: 'ALL-HALF', scope: account, type: 'percent', rate: '50' },
    {
      ...base,
      redemption_id: '3',
      code: 'BOOK-1',
      scope: { type: 'price_book', price_book_id: 'b' },
      type: 'fixed',
      left: '1.00',
    },
    {
      ...base,
      redemption_id: '4',
      code: 'BOOK-10',
      scope: { type: 'price_book', price_book_id: 'b' },
      type: 'percent',
      rate: '10',
    },
    {
      ...base,
      redemption_id: '5',
      code: 'VCPU-8',
      scope: { type: 'components', components: ['vm.vcpu'] },
      type: 'fixed',
      left: '8.00',
    },
    {
      ...base,
      redemption_id: '6',
      code: 'VM-20',
      scope: { type: 'components', components: ['vm'] },
      type: 'percent',
      rate: '20',
    },
  ]
  const made = adjusted([plain('a', '100.00', { price: { price_book_id: 'b' } })], given, 'EUR')
  // 100 less 20, 8, a tenth of 72, 1, half of 63.80, 5
  expect(made.coupons.map(({ code, used }) => [code, used])).toEqual([
    ['VM-20', '20.00'],
    ['VCPU-8', '8.00'],
    ['BOOK-10', '7.20'],
    ['BOOK-1', '1.00'],
    ['ALL-HALF', '31.90'],
    ['ALL-5', '5.00'],
  ])
  expect(made.lines[0]!.net).toBe('26.90')
})

test('rated again, a voucher gives what its invoice took of it and no more: the rest may be another invoice’s by now', () => {
  const voucher: CouponTerms = {
    redemption_id: 'v',
    code: 'V',
    redeemed_at: '2026-11-10T00:00:00.000Z',
    scope: { type: 'account' },
    type: 'fixed',
    left: '100.00',
  }
  const made = adjusted([plain('a', '60.00')], [voucher], 'EUR')
  expect([made.lines[0]!.net, made.coupons[0]!.used]).toEqual(['0.00', '60.00'])
  const anew = (net: string) => adjusted([plain('a', net)], again(made.coupons), 'EUR').lines[0]!.net
  expect([anew('80.00'), anew('50.00')]).toEqual(['20.00', '0.00'])
})
