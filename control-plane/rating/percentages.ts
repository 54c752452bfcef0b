/**
 * Fees that are a percentage of what else is charged on the same document: the base, line by line, and what they come to. Pure.
 *
 * The base is what other lines cost in the time in which the fee holds, before discounts and before tax, each without what was charged
 * for once. Of a line that holds longer it is the part of that time: what its segments come to up to the end of it, rounded, less the
 * same up to its beginning. So stretches that follow each other share a line to the cent, however its time is cut.
 *
 * What is charged by billing periods that reach out of the document's (in advance, or settled later) counts whole where it is charged, if
 * the fee holds then, and so does what is given back of it: what was advanced and settled is in sum what was due.
 */
import {
  add,
  atLeastZero,
  divide,
  type Fraction,
  fraction,
  fractionText,
  multiply,
  parseDecimal,
  parseFraction,
  percentOf,
  subtract,
  sum,
  ZERO,
} from '../base/exact.ts'
import { fromMinor, majorText, toMinor } from '../base/money.ts'
import { sure } from '../base/problem.ts'
import { fromIso, type Instant, type Interval, lengthMs } from '../base/time.ts'
import { isPercentage } from '../catalog/rules.ts'
import { charged, chargeText } from './charge.ts'
import type { Line } from './contract.ts'
import type { Facts } from './rules.ts'
import { boundsOf, joinedTimes } from './times.ts'
import { inProportion } from './whole.ts'

/** Lines of a document with its percentages as those lines make them; where none is, as they are. One that charges nothing of nothing is left out. */
export function withPercentages<T extends Line>(lines: T[]): T[] {
  if (!lines.some(({ price }) => isPercentage(price))) return lines
  const others = lines.filter(isRunning)
  return lines.flatMap((line) => {
    if (!isPercentage(line.price)) return [line]
    const made = over(line, others)
    const isNothing = made.exact === NOTHING && made.percentage_of.lines.length === 0
    return isNothing && !line.segments.some(({ trial }) => trial) ? [] : [made]
  })
}
const NOTHING = '0/1'

/** Neither a percentage itself nor charged for once, as setting up is. */
const isRunning = ({ price, meter, one_off }: Line): boolean => !isPercentage(price) && meter !== 'setup' && !one_off

function over<T extends Line>(line: T, others: readonly Line[]) {
  const { currency, price, segments } = line
  const stretches = heldIn(line)
  const kinds: readonly string[] | undefined = price.terms?.of?.kinds
  const amounts = others
    .filter(({ component }) => kinds?.includes(kindOf(component)) !== false)
    .map((other) => ({ line_id: other.id, minor: baseOf(other, line, stretches) }))
    .filter(({ minor }) => minor !== 0n)
  const base = amounts.reduce((total, { minor }) => total + minor, 0n)
  const share = parseFraction(sure(line.charge).share)
  // what was given back may be more than what was charged: of that nothing is charged, and nothing given back
  const made = charged({ ...price, terms: price.terms ?? null }, atLeastZero(fromMinor(base, currency)), share)
  const times = segments.map(({ from, to, trial }) => (trial ? ZERO : fraction(BigInt(fromIso(to) - fromIso(from)))))
  const parts = inProportion(made.amount, times, segments)
  return {
    ...line,
    exact: fractionText(made.amount),
    charge: chargeText(made),
    percentage_of: {
      amount: majorText(base, currency),
      lines: amounts.map(({ line_id, minor }) => ({ line_id, amount: majorText(minor, currency) })),
    },
    net: majorText(toMinor(made.amount, currency), currency),
    segments: segments.map((segment, index) => ({ ...segment, amount: fractionText(parts[index] ?? ZERO) })),
  }
}

/** Where a percentage begins or ends to hold: what is consumed before and after is known apart. */
export const percentageBounds = ({ tariffs }: Pick<Facts, 'tariffs'>): Instant[] =>
  [...(tariffs?.values() ?? [])].flatMap((prices) => prices.filter(isPercentage).flatMap(boundsOf))

const kindOf = (component: string): string => component.slice(0, component.indexOf('.'))

/** The stretches in which the fee holds and isn't free, in order. */
const heldIn = ({ segments }: Line): Interval[] =>
  joinedTimes(
    segments
      .filter(({ trial }) => !trial)
      .map(({ from, to }) => ({ from: fromIso(from), to: fromIso(to), trial: false })),
  ).map(({ from, to }) => ({ from: sure(from), to: sure(to) }))

/** What of a line is in the base of another, in minor units. */
function baseOf(line: Line, { period }: Line, stretches: readonly Interval[]): bigint {
  const [begin, end] = [fromIso(period.from), fromIso(period.to)]
  const [from, to] = [fromIso(line.period.from), fromIso(line.period.to)]
  const minor = (amount: Fraction) => toMinor(withoutTax(line, amount), line.currency)
  if (line.timing || line.settlement || from < begin || to > end) {
    const at = line.timing ? from : Math.min(to, end)
    const isHeld = stretches.some((one) => one.from < at && at <= one.to)
    return isHeld ? minor(wholeOf(line)) : 0n
  }
  return stretches.reduce(
    (total, one) =>
      one.to <= from || one.from >= to ? total : total + minor(upTo(line, one.to)) - minor(upTo(line, one.from)),
    0n,
  )
}

/** Before discounts: of a settlement also where what is given back of an advance is less. */
const wholeOf = ({ settlement, exact }: Line): Fraction =>
  settlement ? subtract(decimal(settlement.due), decimal(settlement.advanced)) : parseFraction(exact)
const PLACES = 12
const decimal = (text: string): Fraction => sure(parseDecimal(text, PLACES))

const withoutTax = ({ gross_inclusive, tax_rate }: Line, amount: Fraction): Fraction =>
  gross_inclusive === undefined ? amount : netOf(amount, tax_rate)
/** What of an amount is left without the tax in it; `tax_rate` in per cent. */
export const netOf = (amount: Fraction, tax_rate: string): Fraction =>
  divide(amount, add(fraction(1n), percentOf(fraction(1n), decimal(tax_rate))))

/** What a line costs up to an instant: its segments by their time, or where it has none all of its period alike. */
function upTo({ segments, period, exact }: Line, at: Instant): Fraction {
  if (at >= fromIso(period.to)) return parseFraction(exact)
  if (at <= fromIso(period.from)) return ZERO
  const pieces = segments.length > 0 ? segments : [{ ...period, amount: exact }]
  return sum(
    pieces.map(({ amount, ...piece }) => {
      const [from, to] = [fromIso(piece.from), fromIso(piece.to)]
      if (at >= to) return parseFraction(amount)
      return at <= from
        ? ZERO
        : multiply(parseFraction(amount), fraction(lengthMs({ from, to: at }), lengthMs({ from, to })))
    }),
  )
}
