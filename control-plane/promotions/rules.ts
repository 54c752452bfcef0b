/** What is left of a redemption, and which coupons there may be: pure. */
import { parseDecimal } from '../base/exact.ts'
import { exponentOf, majorText, toMinor } from '../base/money.ts'
import { type FieldError, sure } from '../base/problem.ts'
import { fromIso } from '../base/time.ts'
import type { NewCoupon } from './contract.ts'

export interface Given {
  duration: 'once' | 'periods' | 'forever'
  periods: number | null
  amount_minor: bigint | null
}
/** `uses`: invoices that took something of it. */
export interface Used {
  uses: number
  used_minor: bigint
}
export interface Left {
  /** null: for ever */
  periods: number | null
  /** null: it is a percentage */
  minor: bigint | null
  isUsedUp: boolean
}

/** An invoice uses up one period, and of a fixed amount what it took; whichever ends first ends it. */
export function leftOf({ duration, periods, amount_minor }: Given, { uses, used_minor }: Used): Left {
  const all = duration === 'once' ? 1 : periods
  const left = duration === 'forever' || all === null ? null : Math.max(0, all - uses)
  const minor = amount_minor === null ? null : amount_minor - used_minor
  return { periods: left, minor, isUsedUp: left === 0 || (minor !== null && minor <= 0n) }
}

/** Minor units of an amount that a schema has let through; null where it has more decimals than its currency. */
export function minorOf(text: string, currency: string): bigint | null {
  const amount = parseDecimal(text, exponentOf(currency))
  return amount && toMinor(amount, currency)
}
export const amountText = (minor: bigint | null, currency: string | null): string | null =>
  minor === null || currency === null ? null : majorText(minor, currency)

/** What a schema can't know. */
export function couponErrors({ value, duration, periods, valid_from, valid_to }: NewCoupon): FieldError[] {
  const errors: FieldError[] = []
  const say = (pointer: string, detail: string) => errors.push({ pointer, detail })
  if ((duration === 'periods') !== (periods !== null))
    say('/periods', duration === 'periods' ? 'must say for how many invoices' : 'is for the duration `periods` alone')
  if (valid_from !== null && valid_to !== null && fromIso(valid_to) <= fromIso(valid_from))
    say('/valid_to', 'must be after valid_from')
  if (value.type === 'fixed' && sure(minorOf(value.amount, value.currency) ?? 0n) <= 0n)
    say('/value/amount', `must be above 0, with no more decimals than ${value.currency} has`)
  return errors
}
