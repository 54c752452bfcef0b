/** Exact numbers: fractions of big integers, decimals as text, and the one rounding rule of the product. */
import { assert } from './problem.ts'

/** `num / den`, den > 0; not kept in lowest terms. */
export interface Fraction {
  num: bigint
  den: bigint
}

export const ZERO: Fraction = { num: 0n, den: 1n }

export const fraction = (num: bigint, den = 1n): Fraction => {
  assert(den !== 0n, 'a fraction has no zero denominator')
  return den < 0n ? { num: -num, den: -den } : { num, den }
}

/** Sums share a denominator where they can, so that a long sum doesn't grow digits: nothing added leaves it as it is. */
export function add(a: Fraction, b: Fraction): Fraction {
  if (a.den === b.den) return { num: a.num + b.num, den: a.den }
  if (a.num === 0n) return b
  if (b.num === 0n) return a
  return reduce({ num: a.num * b.den + b.num * a.den, den: a.den * b.den })
}

export const multiply = (a: Fraction, b: Fraction): Fraction => reduce({ num: a.num * b.num, den: a.den * b.den })
export const subtract = (a: Fraction, b: Fraction): Fraction => add(a, { num: -b.num, den: b.den })
export const divide = (a: Fraction, b: Fraction): Fraction => multiply(a, fraction(b.den, b.num))
/** Below 0, 0 or above 0, as `toSorted` wants it. */
export const compare = (a: Fraction, b: Fraction): -1 | 0 | 1 => {
  const [left, right] = [a.num * b.den, b.num * a.den]
  return left < right ? -1 : left > right ? 1 : 0
}
export const smaller = (a: Fraction, b: Fraction): Fraction => (compare(a, b) <= 0 ? a : b)
export const larger = (a: Fraction, b: Fraction): Fraction => (compare(a, b) >= 0 ? a : b)
/** What is left of something that can't be used up twice. */
export const atLeastZero = (value: Fraction): Fraction => larger(value, ZERO)
/** Fractions as integers that stand to each other as they do. */
export function weightsOf(parts: readonly Fraction[]): bigint[] {
  const shared = parts.reduce((common, { den }) => (common / gcd(common, den)) * den, 1n)
  return parts.map(({ num, den }) => num * (shared / den))
}
/** The smallest integer that is not below the fraction. */
export const ceiling = ({ num, den }: Fraction): bigint => -floorDivide(-num, den)
/** So many per cent of an amount. */
export const percentOf = (amount: Fraction, rate: Fraction): Fraction =>
  multiply(amount, multiply(rate, fraction(1n, 100n)))
export const sum = (parts: Iterable<Fraction>): Fraction => [...parts].reduce(add, ZERO)

export function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b]
  while (y !== 0n) [x, y] = [y, x % y]
  return x
}

export function reduce({ num, den }: Fraction): Fraction {
  const common = gcd(num, den)
  return common > 1n ? { num: num / common, den: den / common } : { num, den }
}

/** To the nearest integer; halves go away from zero, so that a credit note mirrors its invoice. */
export function roundHalfAway({ num, den }: Fraction): bigint {
  const magnitude = num < 0n ? -num : num
  const rounded = (2n * magnitude + den) / (2n * den)
  return num < 0n ? -rounded : rounded
}

/** The largest integer that is not above n ÷ d, for d > 0, also where n is negative. */
export const floorDivide = (n: bigint, d: bigint): bigint => (n >= 0n ? n / d : -((-n + d - 1n) / d))

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/

/** Reads decimal text such as "0.012"; null where it isn't one or has more than `places` decimals. */
export function parseDecimal(text: string, places: number): Fraction | null {
  const [, sign, whole, decimals = ''] = DECIMAL.exec(text) ?? []
  if (whole === undefined || decimals.length > places) return null
  const num = BigInt(whole + decimals)
  return fraction(sign === '-' ? -num : num, 10n ** BigInt(decimals.length))
}

/** Decimal text of an integer of `places` implied decimals: (1234, 2) → "12.34". */
export function formatScaled(scaled: bigint, places: number): string {
  const sign = scaled < 0n ? '-' : ''
  const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(places + 1, '0')
  return places === 0 ? sign + digits : `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}`
}

/** Decimal text rounded half away from zero to at most `places`, without trailing zeros. For people, never for sums. */
export function toDecimal(value: Fraction, places: number): string {
  const text = formatScaled(roundHalfAway({ num: value.num * 10n ** BigInt(places), den: value.den }), places)
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

/** Exact text of a fraction in lowest terms, "n/d": what frozen documents keep. */
export function fractionText(value: Fraction): string {
  const { num, den } = reduce(value)
  return `${num}/${den}`
}
export function parseFraction(text: string): Fraction {
  const [num, den] = text.split('/')
  assert(num !== undefined && den !== undefined, `not a fraction: ${text}`)
  return fraction(BigInt(num), BigInt(den))
}
