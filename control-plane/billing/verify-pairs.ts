/** The verifier's fractions: pairs of integers over one denominator, never shortened. */

/** `[n, d]` is n ÷ d. */
export type Pair = readonly [bigint, bigint]
export const NONE: Pair = [0n, 1n]
export const plus = ([a, b]: Pair, [c, d]: Pair): Pair => (b === d ? [a + c, b] : [a * d + c * b, b * d])
export const minus = (a: Pair, [c, d]: Pair): Pair => plus(a, [-c, d])
export const times = ([a, b]: Pair, [c, d]: Pair): Pair => [a * c, b * d]
export const isMore = (a: Pair, b: Pair): boolean => minus(a, b)[0] > 0n
export const isSame = (a: Pair, b: Pair): boolean => minus(a, b)[0] === 0n
export const positive = (a: Pair): Pair => (a[0] > 0n ? a : NONE)
export const least = (a: Pair, b: Pair): Pair => (isMore(a, b) ? b : a)
export const pair = (text: string): Pair => {
  const [n = '0', d = '1'] = text.split('/')
  return [BigInt(n), BigInt(d)]
}
/** Decimal text, digit by digit. */
export const decimal = (text: string): Pair => {
  const [whole = '0', decimals = ''] = text.split('.')
  return [BigInt(whole + decimals), 10n ** BigInt(decimals.length)]
}
