/** How many prices change at once: factor, amount and rounding on every amount of a price; what changed, in per cent; and what a review binds. Pure. */
import { canonical, sha256 } from '#connectors/contract.ts'
import {
  add,
  ceiling,
  compare,
  divide,
  type Fraction,
  fraction,
  larger,
  multiply,
  parseDecimal,
  percentOf,
  roundHalfAway,
  smaller,
  subtract,
  toDecimal,
  ZERO,
} from '../base/exact.ts'
import { sure } from '../base/problem.ts'
import type { Price, Terms } from '../catalog/contract.ts'
import { AMOUNT_PLACES } from '../catalog/rules.ts'
import type { Change } from './contract.ts'

export type Content = Pick<Price, 'model' | 'per' | 'unit' | 'amount' | 'terms' | 'gap_policy'>
const exact = (text: string): Fraction => sure(parseDecimal(text, AMOUNT_PLACES))

/** One amount after the change: percentage, then amount, then rounding. What is free stays free. */
function changedAmount(text: string, { percent, amount, round_to, rounding }: Change): Fraction {
  const was = exact(text)
  if (was.num === 0n) return ZERO
  const scaled = percent === undefined ? was : add(was, percentOf(was, exact(percent)))
  const moved = amount === undefined ? scaled : add(scaled, exact(amount))
  const step = round_to === undefined ? fraction(1n, 10n ** BigInt(AMOUNT_PLACES)) : exact(round_to)
  return multiply(fraction(inSteps(divide(moved, step), rounding)), step)
}
function inSteps(steps: Fraction, rounding: Change['rounding']): bigint {
  if (rounding === 'up') return ceiling(steps)
  return rounding === 'down' ? -ceiling(subtract(ZERO, steps)) : roundHalfAway(steps)
}

/** Every amount of money in a price, through a function; quantities, shares and bounds of tiers stay. */
function mapAmounts({ amount, terms, ...rest }: Content, map: (text: string) => string): Content {
  const kept = terms ?? {}
  const orNull = (text: string | null) => (text === null ? null : map(text))
  const made: Terms = {
    ...kept,
    ...(kept.tiers && {
      tiers: kept.tiers.map((tier) => ({
        ...tier,
        unit_amount: map(tier.unit_amount),
        flat_amount: map(tier.flat_amount),
      })),
    }),
    ...(kept.package && { package: { ...kept.package, amount: map(kept.package.amount) } }),
    ...(kept.steps && {
      steps: { ...kept.steps, tiers: kept.steps.tiers.map((tier) => ({ ...tier, amount: map(tier.amount) })) },
    }),
    ...(kept.percentage && {
      percentage: {
        ...kept.percentage,
        fixed_per_event: map(kept.percentage.fixed_per_event),
        min_per_event: orNull(kept.percentage.min_per_event),
        max_per_event: orNull(kept.percentage.max_per_event),
      },
    }),
    ...(kept.rate_tiers && {
      rate_tiers: kept.rate_tiers.map((tier) => ({ ...tier, flat_amount: map(tier.flat_amount) })),
    }),
    ...(kept.minimum !== undefined && { minimum: map(kept.minimum) }),
    ...(kept.maximum !== undefined && { maximum: map(kept.maximum) }),
  }
  return { ...rest, amount: map(amount), terms: terms && made }
}

/** The price after the change; null where an amount would become 0 or less, which nobody means. */
export function changed(content: Content, change: Change): Content | null {
  let isWorthless = false
  const made = mapAmounts(content, (text) => {
    const value = changedAmount(text, change)
    if (exact(text).num !== 0n && value.num <= 0n) isWorthless = true
    return toDecimal(value, AMOUNT_PLACES)
  })
  return isWorthless ? null : made
}

const FIELDS = ['model', 'per', 'unit', 'amount', 'gap_policy'] as const
export const isSame = (a: Content, b: Content): boolean =>
  FIELDS.every((field) => a[field] === b[field]) &&
  (a.terms === null || b.terms === null ? a.terms === b.terms : canonical(a.terms) === canonical(b.terms))

const amountsOf = (content: Content): string[] => {
  const out: string[] = []
  mapAmounts(content, (text) => {
    out.push(text)
    return text
  })
  return out
}
const HUNDRED = fraction(100n)
const PERCENT_PLACES = 2

/** By how many per cent the amounts of a price change, from the least to the most; null where they are not the same amounts. */
export function deltaOf(before: Content | null, after: Content): { least: Fraction; most: Fraction } | null {
  if (before?.model !== after.model || before.per !== after.per || before.unit !== after.unit) return null
  const [old, fresh] = [amountsOf(before), amountsOf(after)]
  if (old.length !== fresh.length) return null
  const changes = old.flatMap((text, index) => {
    const [was, is] = [exact(text), exact(sure(fresh[index]))]
    return was.num === 0n ? [] : [multiply(divide(subtract(is, was), was), HUNDRED)]
  })
  const [first] = changes
  return first ? { least: changes.reduce(smaller, first), most: changes.reduce(larger, first) } : null
}
export const deltaText = (delta: ReturnType<typeof deltaOf>): { least: string; most: string } | null =>
  delta && { least: toDecimal(delta.least, PERCENT_PLACES), most: toDecimal(delta.most, PERCENT_PLACES) }
/** In per cent of what was; null where that was nothing. */
export const percentText = (before: bigint, after: bigint): string | null =>
  before === 0n ? null : toDecimal(fraction((after - before) * 100n, before), PERCENT_PLACES)

/** What is sorted by the amount of a price: the amount itself, or the first within its terms. */
export const leadingAmount = (content: Content): Fraction =>
  amountsOf(content)
    .map(exact)
    .find(({ num }) => num !== 0n) ?? ZERO
export const byFraction = compare

interface Bound {
  price_book_id: string
  kind: string
  meter: string
  before: Content | null
  after: Content
}
/** Over what is decided: equal as long as the same prices become the same from the same instant on. */
export const digestOf = (effective_at: string, decisions: readonly Bound[]): string =>
  sha256(
    canonical([
      effective_at,
      decisions
        .map(({ price_book_id, kind, meter, before, after }) => [price_book_id, kind, meter, before, after] as const)
        .toSorted((a, b) => (a.slice(0, 3).join('/') < b.slice(0, 3).join('/') ? -1 : 1)),
    ]),
  )
