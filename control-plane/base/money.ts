/** Currencies and their minor units: money is a bigint of minor units beside its currency, never a float. */
import currencies from 'currency-codes'
import { formatScaled, type Fraction, roundHalfAway } from './exact.ts'
import { assert } from './problem.ts'

/** Decimals of a currency: JPY 0, EUR 2, KWD 3. */
export function exponentOf(code: string): number {
  const currency = currencies.code(code)
  assert(currency, `unknown currency ${code}`)
  return currency.digits
}

/** An exact amount in major units, rounded once, half away from zero, to minor units. */
export const toMinor = ({ num, den }: Fraction, currency: string): bigint =>
  roundHalfAway({ num: num * 10n ** BigInt(exponentOf(currency)), den })

/** Decimal text in major units: (4137n, 'EUR') → "41.37". */
export const majorText = (minor: bigint, currency: string): string => formatScaled(minor, exponentOf(currency))
