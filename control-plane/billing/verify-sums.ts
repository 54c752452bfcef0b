/** The verifier's own arithmetic of amounts: digits and products, never a division. */
import { exponentOf } from '../base/money.ts'

/** Says what was found, and of what. */
export type Report = (check: string, subject: string, detail: string) => void

/** Decimal text as an integer of minor units, digit by digit. */
export function units(text: string, currency: string): bigint {
  const [whole = '0', decimals = ''] = text.replace('-', '').split('.')
  const magnitude = BigInt(whole + decimals.padEnd(exponentOf(currency), '0').slice(0, exponentOf(currency)))
  return text.startsWith('-') ? -magnitude : magnitude
}

/** True where `rounded × den` is `num` to within half of `den`, halves away from zero: rounding checked without dividing. */
export function isRounded(rounded: bigint, num: bigint, den: bigint): boolean {
  const [n, r] = num < 0n ? [-num, -rounded] : [num, rounded]
  const twice = 2n * n - 2n * r * den
  return twice < den && twice >= -den
}
