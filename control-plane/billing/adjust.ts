/** What rated lines come to on a document, in the order of the law: discounts, then the tax out of the prices that include it. Pure. */
import { add, divide, floorDivide, type Fraction, fraction, parseDecimal } from '../base/exact.ts'
import { majorText, spread } from '../base/money.ts'
import { sure } from '../base/problem.ts'
import type { Line } from '../rating/contract.ts'
import type { AppliedCoupon, CouponTerms } from './contract.ts'
import { type Coupon, discounted } from './discounts.ts'
import { exactTax, minorOf, taxWithin } from './rules.ts'

/** A line's amount as it was priced: before discounts, of a price that includes the tax with it. */
export const pricedAmount = (line: Pick<Line, 'gross' | 'gross_inclusive' | 'net'>): string =>
  line.gross ?? line.gross_inclusive ?? line.net

/** Coupons for components come first, then those for plans, then those for everything; within each, percentages before fixed amounts. */
const RANKS: readonly CouponTerms['scope']['type'][] = ['components', 'price_book', 'account']
const rankOf = ({ scope, type }: CouponTerms): number => 2 * RANKS.indexOf(scope.type) + (type === 'percent' ? 0 : 1)
export const inOrder = <T extends CouponTerms>(coupons: readonly T[]): T[] =>
  coupons.toSorted(
    (a, b) =>
      rankOf(a) - rankOf(b) ||
      (a.redeemed_at === b.redeemed_at ? 0 : a.redeemed_at < b.redeemed_at ? -1 : 1) ||
      (a.redemption_id < b.redemption_id ? -1 : 1),
  )

export function isFor({ scope }: Pick<CouponTerms, 'scope'>, line: Pick<Line, 'component' | 'price'>): boolean {
  if (scope.type === 'components')
    return scope.components.some((one) => one === line.component || one === line.component.split('.')[0])
  return scope.type === 'account' || scope.price_book_id === line.price.price_book_id
}

const isCredit = ({ net }: Pick<Line, 'net'>): boolean => net.startsWith('-')

const PLACES = 6
const exact = (text: string): Fraction => sure(parseDecimal(text, PLACES))
const couponOf = (coupon: CouponTerms, lines: readonly Line[]): Coupon => ({
  // what is given back was discounted when it was charged
  scope: [...lines.keys()].filter((index) => isFor(coupon, sure(lines[index])) && !isCredit(sure(lines[index]))),
  ...(coupon.type === 'percent'
    ? { type: 'percent', rate: exact(sure(coupon.rate)) }
    : { type: 'fixed', left: exact(sure(coupon.left)) }),
})

export interface Adjusted {
  lines: Line[]
  /** those that took something off */
  coupons: AppliedCoupon[]
}

/** `rated` as rating gives them. What the coupons take off is named; nothing is used up here. */
export function adjusted(rated: readonly Line[], terms: readonly CouponTerms[], currency: string): Adjusted {
  const coupons = inOrder(terms)
  const amounts = rated.map((line) => minorOf(line.net, currency))
  const { discounts, cells } = discounted(
    amounts,
    coupons.map((coupon) => couponOf(coupon, rated)),
    currency,
  )
  const lines = rated.map((line, index): Line => {
    const off = coupons.flatMap(({ redemption_id, code }, at) => {
      const amount = cells[at]?.[index] ?? 0n
      return amount === 0n ? [] : [{ redemption_id, code, amount }]
    })
    if (off.length === 0) return line
    const left = majorText(
      off.reduce((rest, { amount }) => rest - amount, sure(amounts[index])),
      currency,
    )
    const shown = off.map((one) => ({ ...one, amount: majorText(one.amount, currency) }))
    return {
      ...line,
      gross: line.net,
      discounts: shown,
      ...(line.gross_inclusive !== undefined && { gross_inclusive: left }),
      net: left,
    }
  })
  const used = coupons.flatMap((coupon, at) => {
    const minor = discounts[at] ?? 0n
    return minor === 0n ? [] : [{ ...coupon, used: majorText(minor, currency) }]
  })
  return { lines: withoutTax(lines, currency), coupons: used }
}

/** Of each category the gross is fixed; what is left of it after its tax is split over the lines by the largest remainder. */
function withoutTax(lines: readonly Line[], currency: string): Line[] {
  const nets = new Map<Line, string>()
  const inclusive = lines.filter((line) => line.gross_inclusive !== undefined)
  for (const [, group] of Map.groupBy(inclusive, (line) => `${line.tax_category}\n${line.tax_rate}`)) {
    const gross = group.map((line) => minorOf(sure(line.gross_inclusive), currency))
    const whole = gross.reduce((sum, one) => sum + one, 0n)
    const { tax_rate } = sure(group[0])
    const net = whole - taxWithin(whole, tax_rate, currency)
    const parts = gross.some((one) => one < 0n) ? spreadSigned(net, gross, tax_rate) : spread(net, gross)
    for (const [index, line] of group.entries()) nets.set(line, majorText(sure(parts[index]), currency))
  }
  return lines.map((line) => (nets.has(line) ? { ...line, net: sure(nets.get(line)) } : line))
}

/** Charges and credits together: each its own amount without its tax, rounded down, and the units that are left by the largest remainder. */
function spreadSigned(net: bigint, gross: readonly bigint[], rate: string): bigint[] {
  const { num, den } = divide(fraction(1n), add(fraction(1n), exactTax(fraction(1n), rate)))
  const parts = gross.map((one) => floorDivide(one * num, den))
  const remainders = gross.map((one, index) => ({ index, left: one * num - sure(parts[index]) * den }))
  const left = net - parts.reduce((sum, one) => sum + one, 0n)
  const first = remainders.toSorted((a, b) => (a.left === b.left ? a.index - b.index : a.left > b.left ? -1 : 1))
  const chosen = new Set(first.filter((_, place) => BigInt(place) < left).map(({ index }) => index))
  return parts.map((part, index) => (chosen.has(index) ? part + 1n : part))
}

/** A document rated again has what it had: of a fixed amount what it used, and no more. */
export const again = (coupons: readonly AppliedCoupon[]): CouponTerms[] =>
  coupons.map(({ used, ...coupon }) => (coupon.type === 'fixed' ? { ...coupon, left: used } : coupon))
