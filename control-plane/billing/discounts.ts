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
  /** in minor units: what each coupon takes off each line, by the largest remainder of what the lines still have */
  cells: bigint[][]
  /** and of all coupons together */
  per_line: bigint[]
}

/**
 * One coupon after the other. `scope` names the lines that it is for, by their place; default: all. Its discount is rounded once, never
 * above what its lines still have, and borne by them in proportion to that.
 */
export function discounted(lines: readonly bigint[], coupons: readonly Coupon[], currency: string): Discounts {
  let left = [...lines]
  let exactly = lines.map((line) => fromMinor(line, currency))
  const [discounts, cells]: [bigint[], bigint[][]] = [[], []]
  for (const coupon of coupons) {
    const isFor = (index: number) => coupon.scope?.includes(index) !== false
    const bases = left.map((line, index) => (isFor(index) ? line : 0n))
    const whole = bases.reduce((all, one) => all + one, 0n)
    const discount = discountOf(coupon, fromMinor(whole, currency), currency)
    const cell = spread(discount, bases)
    discounts.push(discount)
    cells.push(cell)
    left = left.map((line, index) => line - (cell[index] ?? 0n))
    const base = sum(exactly.filter((_, index) => isFor(index)))
    if (discount === 0n || base.num === 0n) continue
    const ratio = multiply(fromMinor(discount, currency), fraction(base.den, base.num))
    exactly = exactly.map((line, index) => (isFor(index) ? subtract(line, multiply(line, ratio)) : line))
  }
  return {
    discounts,
    total: discounts.reduce((all, one) => all + one, 0n),
    shares: lines.map((line, index) => subtract(fromMinor(line, currency), exactly[index] ?? ZERO)),
    cells,
    per_line: lines.map((line, index) => line - (left[index] ?? 0n)),
  }
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
