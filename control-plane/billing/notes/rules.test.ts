import fc from 'fast-check'
import { expect, test } from 'vitest'
import { majorText } from '../../base/money.ts'
import type { Line } from '../../rating/contract.ts'
import type { InvoiceContent } from '../contract.ts'
import { minorOf, signOf, taxesOf, taxOf } from '../rules.ts'
import {
  billedOf,
  chargedOf,
  type Chain,
  deltasOf,
  dueOf,
  type Issued,
  lineKey,
  netOf,
  noteLine,
  outcomeOf,
  taxesOfDeltas,
} from './rules.ts'

const PERIOD = { from: '2026-11-01T00:00:00.000Z', to: '2026-12-01T00:00:00.000Z' }
const line = (resource: string, component: string, minor: number, price: string, rate: string): Line => ({
  id: `${resource}${component}${price}`,
  service_id: 's',
  resource: { id: resource, kind: 'vm', name: resource },
  component,
  meter: 'vcpu',
  price: { id: price, model: 'per_unit', per: 'hour', unit: 'vCPU', amount: '1', effective_at: PERIOD.from },
  period: PERIOD,
  divisor: '1',
  quantity: '1',
  quantity_display: '1',
  exact: '1/1',
  net: majorText(BigInt(minor), 'EUR'),
  currency: 'EUR',
  tax_category: 'S',
  tax_rate: rate,
  unobserved_ms: 0,
  estimated: false,
  segments: [],
})
/** One rating of a period: some machines and components, each at one or two price versions. */
const rating = (rate: string) =>
  fc
    .uniqueArray(
      fc.record({
        resource: fc.constantFrom('a', 'b', 'c'),
        component: fc.constantFrom('vm.vcpu', 'vm.memory'),
        price: fc.constantFrom('p', 'q'),
        minor: fc.integer({ min: 0, max: 5_000 }),
      }),
      { selector: (one) => JSON.stringify([one.resource, one.component, one.price]), minLength: 1, maxLength: 12 },
    )
    .map((all) => all.map((one) => line(one.resource, one.component, one.minor, one.price, rate)))
const content = (cut: number, taxes: InvoiceContent['taxes']) =>
  ({ cut, engine_version: 2, currency: 'EUR', taxes }) as InvoiceContent

const sums = (lines: readonly Line[]) => {
  const out = new Map<string, bigint>()
  for (const one of lines) out.set(lineKey(one), (out.get(lineKey(one)) ?? 0n) + minorOf(one.net, 'EUR'))
  return Object.fromEntries([...out].filter(([, amount]) => amount !== 0n).toSorted())
}
const billed = (chain: Chain) =>
  Object.fromEntries([...billedOf(chain)].filter(([, amount]) => amount !== 0n).toSorted())

function noteOf(chain: Chain, fresh: readonly Line[], cut: number): Issued | null {
  const due = dueOf(chain, fresh)
  const deltas = deltasOf(chain, due)
  const outcome = outcomeOf(netOf(deltas), 0n, false)
  if (outcome !== 'credit_note' && outcome !== 'debit_note') return null
  const sign = signOf(outcome)
  const taxes = taxesOfDeltas(chain, due, deltas).map(({ base, tax, row }) => ({
    ...row,
    base: majorText(sign * base, 'EUR'),
    tax: majorText(sign * tax, 'EUR'),
  }))
  return {
    document_type: outcome,
    content: content(cut, taxes),
    lines: deltas.map((delta) => noteLine(delta, ['late_facts'], outcome)),
  }
}

const RATES = ['21.00', '10.00', '7.25', '4.00', '0.33']
test('an invoice and its notes are the fresh rating, line by line and in tax, whatever came before; the same again gives nothing', () => {
  fc.assert(
    fc.property(
      fc
        .constantFrom(...RATES)
        .chain((rate) => fc.tuple(fc.constant(rate), rating(rate), fc.array(rating('3.00'), { maxLength: 5 }))),
      ([rate, first, later]) => {
        const notes: Issued[] = []
        const chain: Chain = {
          original: { document_type: 'invoice', content: content(1, taxesOf(first, 'EUR')), lines: first },
          notes,
        }
        for (const [index, fresh] of later.entries()) {
          const note = noteOf(chain, fresh, index + 2)
          if (!note) {
            expect(netOf(deltasOf(chain, dueOf(chain, fresh)))).toBe(0n)
            continue
          }
          notes.push(note)
          expect(billed(chain)).toEqual(sums(fresh))
          expect(noteOf(chain, fresh, index + 3)).toBeNull()
          const { base, tax } = chargedOf(chain, 'S', rate)
          expect(base).toBe(fresh.reduce((sum, one) => sum + minorOf(one.net, 'EUR'), 0n))
          expect(tax).toBe(taxOf(base, rate, 'EUR'))
          expect(note.content.taxes.every((row) => row.rate === rate)).toBe(true)
          expect(note.lines.every((one) => one.tax_rate === rate)).toBe(true)
          // nothing is given back above what was billed
          for (const amount of billedOf(chain).values()) expect(amount >= 0n).toBe(true)
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('a difference below the threshold waits, one at it does not; what adds up to nothing is none', () => {
  expect([-99n, 99n, -100n, 100n, 0n].map((net) => outcomeOf(net, 100n, false))).toEqual([
    'carried',
    'carried',
    'credit_note',
    'debit_note',
    'even',
  ])
  expect(outcomeOf(500n, 0n, true)).toBe('held_back')
})

test('a corrected price is one difference, not a credit and a debit', () => {
  const original = {
    document_type: 'invoice' as const,
    content: content(1, []),
    lines: [line('a', 'vm.vcpu', 500, 'p', '21.00')],
  }
  const deltas = deltasOf({ original, notes: [] }, [
    line('a', 'vm.vcpu', 200, 'p2', '21.00'),
    line('a', 'vm.vcpu', 150, 'q', '21.00'),
  ])
  expect(deltas.map(({ billed: was, due }) => [was, due])).toEqual([[500n, 350n]])
})

test('a machine whose price changed its tax class within the month keeps each tax on its part, whatever is charged now', () => {
  const of = (minor: number, price: string, rate: string, tax_class: 'standard' | 'reduced') => ({
    ...line('a', 'vm.vcpu', minor, price, rate),
    tax_class,
  })
  const lines = [of(500, 'p', '21.00', 'standard'), of(300, 'q', '10.00', 'reduced')]
  const chain: Chain = {
    original: { document_type: 'invoice', content: content(1, taxesOf(lines, 'EUR')), lines },
    notes: [],
  }
  const due = dueOf(chain, [of(400, 'p', '27.00', 'standard'), of(250, 'q', '27.00', 'reduced')])
  const deltas = deltasOf(chain, due)
  expect(deltas.map(({ billed: was, due: is, tax }) => [was, is, tax.tax_rate])).toEqual([
    [500n, 400n, '21.00'],
    [300n, 250n, '10.00'],
  ])
  expect(taxesOfDeltas(chain, due, deltas).map(({ base, tax, row }) => [row.rate, base, tax])).toEqual([
    ['10.00', -50n, -5n],
    ['21.00', -100n, -21n],
  ])
})
