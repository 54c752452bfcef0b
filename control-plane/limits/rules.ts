/** How near to a limit something is, and how a state changes: with hysteresis, so that what hovers at a bound is not told again and again. Pure. */
import { compare, type Fraction, fraction, multiply } from '../base/exact.ts'
import type { LimitState } from './contract.ts'

/**
 * In per cent of the limit. 80 leaves a fifth of the month's use to react in; 100 is the limit itself. Late facts and corrections move
 * what was used a little both ways: what is over must fall by 5 points to be called approaching again, and what approaches by 5 below
 * where that begins to be called normal.
 */
export const THRESHOLDS = { approaching: 80n, over: 100n, back_to_approaching: 95n, back_to_normal: 75n } as const

/** Whether `used` is at least so many per cent of `limit`. */
const reaches = (used: Fraction, limit: Fraction, percent: bigint): boolean =>
  compare(multiply(used, fraction(100n)), multiply(limit, fraction(percent))) >= 0

/** The state after `previous`; a limit of nothing is over as soon as anything is used. */
export function nextState(previous: LimitState, used: Fraction, limit: Fraction): LimitState {
  if (limit.num <= 0n) return used.num > 0n ? 'over' : 'normal'
  const at = (percent: bigint) => reaches(used, limit, percent)
  if (at(THRESHOLDS.over)) return 'over'
  if (previous === 'over' && at(THRESHOLDS.back_to_approaching)) return 'over'
  if (at(THRESHOLDS.approaching)) return 'approaching'
  return previous !== 'normal' && at(THRESHOLDS.back_to_normal) ? 'approaching' : 'normal'
}

/** Of several states the one to show. */
const RANK: Record<LimitState, number> = { normal: 0, approaching: 1, over: 2 }
export const worst = (states: readonly LimitState[]): LimitState =>
  states.reduce((most, state) => (RANK[state] > RANK[most] ? state : most), 'normal')
/** Whether a change is worth a mail: only what got worse. */
export const isWorse = (state: LimitState, than: LimitState): boolean => RANK[state] > RANK[than]
