/** Coupons over the lines of a document, before tax (money.md's order): each on what is left, spread over the lines, the whole rounded once. Pure. */
import {
  add,
  floorDivide,
  type Fraction,
  fraction,
  multiply,
  percentOf,
  smaller,
  subtract,
  sum,
  weightsOf,
  ZERO,
} from '../base/exact.ts'
import { exponentOf, fromMinor, spread, toMinor } from '../base/money.ts'

export type Coupon = { scope?: readonly number[] } & (
  | { type: 'percent'; rate: Fraction }
  /** `left`: what of it was not used up before */
  | { type: 'fixed'; left: Fraction }
)
export interface Discounts {
  /** in minor units, in the order of the coupons */
  discounts: bigint[]
  total: bigint
  /** what each line bears, exactly */
  shares: Fraction[]
  /** and in minor units: the total by the largest remainder of those shares */
  per_line: bigint[]
}

/**
 * One coupon after the other. `scope` names the lines that it is for, by their place; default: all. Its discount is rounded once,
 * never above what its lines still have, and borne by them in proportion to that.
 */
export function discounted(lines: readonly bigint[], coupons: readonly Coupon[], currency: string): Discounts {
  let left = lines.map((line) => fromMinor(line, currency))
  const discounts: bigint[] = []
  for (const coupon of coupons) {
    const base = left.map((line, index) => (coupon.scope?.includes(index) === false ? ZERO : line))
    const whole = sum(base)
    const discount = discountOf(coupon, whole, currency)
    discounts.push(discount)
    if (discount === 0n) continue
    const ratio = multiply(fromMinor(discount, currency), fraction(whole.den, whole.num))
    left = left.map((line, index) => subtract(line, multiply(base[index] ?? ZERO, ratio)))
  }
  const shares = lines.map((line, index) => subtract(fromMinor(line, currency), left[index] ?? ZERO))
  const total = discounts.reduce((all, one) => all + one, 0n)
  return { discounts, total, shares, per_line: spread(total, weightsOf(shares)) }
}

function discountOf(coupon: Coupon, whole: Fraction, currency: string): bigint {
  if (whole.num <= 0n) return 0n
  const most = floorDivide(whole.num * 10n ** BigInt(exponentOf(currency)), whole.den)
  const wanted = toMinor(
    coupon.type === 'percent' ? percentOf(whole, coupon.rate) : smaller(coupon.left, whole),
    currency,
  )
  return wanted < most ? wanted : most
}

/** Percentages come first and fixed amounts after them, in the order in which they were given. */
export const percentagesFirst = <T extends Coupon>(coupons: readonly T[]): T[] => [
  ...coupons.filter(({ type }) => type === 'percent'),
  ...coupons.filter(({ type }) => type === 'fixed'),
]

/** What is left of fixed coupons after they were applied. */
export const leftOf = (coupons: readonly Coupon[], { discounts }: Discounts, currency: string): Fraction =>
  coupons.reduce(
    (left, coupon, index) =>
      coupon.type === 'fixed' ? add(left, subtract(coupon.left, fromMinor(discounts[index] ?? 0n, currency))) : left,
    ZERO,
  )
