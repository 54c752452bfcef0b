/** Currencies and their minor units: money is a bigint of minor units beside its currency, never a float. */
import currencies from 'currency-codes'
import { formatScaled, type Fraction, fraction, roundHalfAway } from './exact.ts'
import { remembered } from './memo.ts'
import { assert } from './problem.ts'

/** Decimals of a currency: JPY 0, EUR 2, KWD 3. */
export const exponentOf = (code: string): number => currencyOf(code).digits
const currencyOf = remembered((code) => {
  const currency = currencies.code(code)
  assert(currency, `unknown currency ${code}`)
  return currency
})

/** An exact amount in major units, rounded once, half away from zero, to minor units. */
export const toMinor = ({ num, den }: Fraction, currency: string): bigint =>
  roundHalfAway({ num: num * 10n ** BigInt(exponentOf(currency)), den })

/** Minor units as an exact amount in major units. */
export const fromMinor = (minor: bigint, currency: string): Fraction =>
  fraction(minor, 10n ** BigInt(exponentOf(currency)))

/** Decimal text in major units: (4137n, 'EUR') → "41.37". */
export const majorText = (minor: bigint, currency: string): string => formatScaled(minor, exponentOf(currency))

/**
 * Splits minor units over parts by their weights: each gets what it is owed rounded down, and the units that are left go to the
 * largest remainders, of equal ones to the first. The parts add up to the whole; a negative whole mirrors.
 */
export function spread(whole: bigint, weights: readonly bigint[]): bigint[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0n)
  if (whole < 0n) return spread(-whole, weights).map((part) => -part)
  if (total === 0n) return weights.map(() => 0n)
  const parts = weights.map((weight) => (whole * weight) / total)
  const left = whole - parts.reduce((sum, part) => sum + part, 0n)
  const remainders = weights.map((weight, index) => ({ index, left: (whole * weight) % total }))
  const first = remainders.toSorted((a, b) => (a.left === b.left ? a.index - b.index : a.left > b.left ? -1 : 1))
  const chosen = new Set(first.filter((_, place) => BigInt(place) < left).map(({ index }) => index))
  return parts.map((part, index) => (chosen.has(index) ? part + 1n : part))
}
