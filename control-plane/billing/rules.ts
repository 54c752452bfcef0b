/** The arithmetic of a document: tax per category on the category's base, totals, number, and the hash that freezes it. */
import { canonical, sha256 } from '#connectors/contract.ts'
import { parseDecimal } from '../base/exact.ts'
import { exponentOf, majorText, toMinor } from '../base/money.ts'
import { assert, sure } from '../base/problem.ts'
import type { Line } from '../rating/contract.ts'
import type { Draft, InvoiceContent } from './contract.ts'

/** Minor units of decimal text of a currency. */
export function minorOf(text: string, currency: string): bigint {
  const amount = parseDecimal(text, exponentOf(currency))
  assert(amount, `${text} is an amount in ${currency}`)
  return toMinor(amount, currency)
}

/** EN 16931: the base of each category and rate is the sum of its line nets; its tax is rounded there, half away from zero. */
export function taxesOf(
  lines: readonly Pick<Line, 'net' | 'tax_category' | 'tax_rate'>[],
  currency: string,
): Draft['taxes'] {
  const bases = Map.groupBy(lines, (line) => `${line.tax_category}\n${line.tax_rate}`)
  return [...bases.values()]
    .map((group) => {
      const { tax_category: category, tax_rate: rate } = sure(group[0])
      const base = group.reduce((sum, line) => sum + minorOf(line.net, currency), 0n)
      return { category, rate, base: majorText(base, currency), tax: majorText(taxOf(base, rate, currency), currency) }
    })
    .toSorted((a, b) => (a.category + a.rate < b.category + b.rate ? -1 : 1))
}

function taxOf(base: bigint, rate: string, currency: string): bigint {
  const percent = parseDecimal(rate, 2)
  assert(percent, `${rate} is a tax rate`)
  return toMinor({ num: base * percent.num, den: percent.den * 100n * 10n ** BigInt(exponentOf(currency)) }, currency)
}

export interface MinorTotals {
  net: bigint
  tax: bigint
  total: bigint
}
/** net = Σ lines, tax = Σ categories, total = net + tax. */
export function totalsOf(lines: readonly Pick<Line, 'net'>[], taxes: Draft['taxes'], currency: string): MinorTotals {
  const net = lines.reduce((sum, line) => sum + minorOf(line.net, currency), 0n)
  const tax = taxes.reduce((sum, row) => sum + minorOf(row.tax, currency), 0n)
  return { net, tax, total: net + tax }
}

export const totalsText = ({ net, tax, total }: MinorTotals, currency: string): Draft['totals'] => ({
  net: majorText(net, currency),
  tax: majorText(tax, currency),
  total: majorText(total, currency),
})

/** "A-2026-000001": prefix, year of issue in the entity's zone, gapless number. */
export const numberText = (prefix: string, year: number, number: number): string =>
  `${prefix}${year}-${number.toString().padStart(6, '0')}`

/** SHA-256 over content, lines and the hash of the document before it in its series. */
export const contentHash = (content: InvoiceContent, lines: readonly Line[], previous_hash: string): string =>
  sha256(canonical([content, lines, previous_hash]))

/** What binds a rendered file to its invoice and language: no file passes as another's. */
export const documentBinding = (content_hash: string, language: string, file_sha256: string): string =>
  sha256(canonical([content_hash, language, file_sha256]))
