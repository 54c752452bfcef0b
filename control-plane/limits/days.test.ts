/** Documents divided over days: they add up to the minor unit, whatever lines, taxes and currencies they hold. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Fraction, fraction } from '../base/exact.ts'
import { exponentOf, majorText } from '../base/money.ts'
import { daysOf } from '../base/time.ts'
import { taxesOf, totalsOf } from '../billing/rules.ts'
import type { DocumentLine } from '../billing/contract.ts'
import { added, divided } from './days.ts'

const zones = ['UTC', 'Europe/Madrid', 'America/New_York', 'Asia/Beirut'] as const
const FIRST = Date.parse('2026-03-01T00:00:00.000Z')
const HOUR = 3_600_000
const lineOf = (net: bigint, rate: string, currency: string) =>
  ({ net: majorText(net, currency), tax_category: 'S', tax_rate: rate, currency }) as DocumentLine

const sold = fc.record({
  net: fc.bigInt({ min: 0n, max: 10_000_000n }),
  rate: fc.constantFrom('21.00', '10.00', '0.00'),
  weights: fc.array(fc.bigInt({ min: 0n, max: 1_000n }), { maxLength: 45 }),
})
test('days add up to net and total exactly, of an invoice and of a credit note', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('EUR', 'JPY', 'KWD'),
      fc.constantFrom(...zones),
      fc.constantFrom('invoice' as const, 'credit_note' as const),
      fc.integer({ min: 0, max: 900 }),
      fc.integer({ min: 1, max: 743 }),
      fc.array(sold, { minLength: 1, maxLength: 8 }),
      (currency, zone, document_type, from, hours, list) => {
        const period = { from: FIRST + from * HOUR + 17, to: FIRST + (from + hours) * HOUR }
        const days = daysOf(period, zone)
        const lines = list.map((one) => lineOf(one.net, one.rate, currency))
        const parts = new Map<DocumentLine, Fraction[]>(
          lines.map((line, index) => [line, days.map((_, day) => fraction(list[index]!.weights[day] ?? 0n, 7n))]),
        )
        const taxes = taxesOf(lines, currency)
        const totals = totalsOf(lines, taxes, currency)
        const out = added([divided({ document_type, period, currency, lines, taxes, parts }, zone)])
        const sum = (of: 'net' | 'total') => [...out.values()].reduce((total, day) => total + day[of], 0n)
        const sign = document_type === 'credit_note' ? -1n : 1n
        expect([sum('net'), sum('total')]).toEqual([sign * totals.net, sign * totals.total])
        expect(out.size).toBe(days.length)
        expect(exponentOf(currency)).toBeLessThanOrEqual(3)
      },
    ),
    { numRuns: 300 },
  )
})

test('days begin at midnight again after a clock changed at midnight', () => {
  // in Beirut the 29th of March 2026 begins at one o'clock
  const days = daysOf(
    { from: Date.parse('2026-03-27T22:00:00Z'), to: Date.parse('2026-03-31T21:00:00Z') },
    'Asia/Beirut',
  )
  expect(days.map(({ from, to }) => (to - from) / HOUR)).toEqual([24, 23, 24, 24])
})
