/** Decisions of closing: what of a draft a person should look at. Pure. */
import { type Interval, lengthMs } from '../base/time.ts'
import type { Flag } from './contract.ts'

/** An issued bill of the same account and currency, in minor units. */
export interface PastBill {
  net: bigint
  period: Interval
}

/** More than twice the usual, or less than half of it. */
const FAR = 2n
/** Where nobody looked for more than this part of the time, a bill stands on what was before and after. */
const UNOBSERVED_PART = 20n
/** Smaller differences, in major units of the currency, are nobody's concern. */
const LEAST_MAJOR = 10n

/** What past bills make of a period: the median of their amounts for each millisecond, times its length; null without any. */
export function usualNet(past: readonly PastBill[], period: Interval): bigint | null {
  const byRate = past
    .filter((bill) => lengthMs(bill.period) > 0n)
    .toSorted((a, b) => {
      const difference = a.net * lengthMs(b.period) - b.net * lengthMs(a.period)
      return difference < 0n ? -1 : difference > 0n ? 1 : 0
    })
  const median = byRate[(byRate.length - 1) >> 1]
  return median ? (median.net * lengthMs(period)) / lengthMs(median.period) : null
}

export interface Reviewed {
  net: bigint
  period: Interval
  month: Interval
  unrated: number
  blocked: number
  /** of the line that was looked at least */
  unobserved_ms: number
  usual: bigint | null
  /** minor units in a major one */
  minor: bigint
}

export function flagsOf(it: Reviewed): Flag[] {
  const { net, usual, minor } = it
  const difference = usual === null ? 0n : net > usual ? net - usual : usual - net
  const matters = difference >= LEAST_MAJOR * minor
  const flags: [Flag, boolean][] = [
    ['unrated', it.unrated > 0],
    ['blocked_gaps', it.blocked > 0],
    ['unobserved', BigInt(it.unobserved_ms) * UNOBSERVED_PART > lengthMs(it.period)],
    ['far_more', usual !== null && matters && net > usual * FAR],
    ['far_less', usual !== null && matters && net * FAR < usual],
    ['first_bill', usual === null],
    ['earlier_month', it.period.to <= it.month.from],
  ]
  return flags.filter(([, holds]) => holds).map(([flag]) => flag)
}
