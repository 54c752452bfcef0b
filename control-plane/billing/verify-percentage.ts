/**
 * Percentages of what else a document charges, by other arithmetic than the engine's: which lines are in the base and with how much of
 * their time, added up in pairs of integers from what stands on those lines.
 */
import { exponentOf } from '../base/money.ts'
import { fromIso } from '../base/time.ts'
import type { Line } from '../rating/contract.ts'
import { pricedAmount } from './adjust.ts'
import { decimal, minus, NONE, type Pair, pair, plus, times } from './verify-pairs.ts'
import { type Report, units } from './verify-sums.ts'

type Span = readonly [number, number]
const isShare = ({ price }: Line): boolean => price.model === 'percentage' || price.model === 'graduated_percentage'

/**
 * Each percentage among the lines of a document against the others. `isWhole`: these are all; else a note, whose other lines stand on
 * the documents before it, and all of whose amounts are proven by rating its period again.
 */
export function checkPercentages(number: string, lines: readonly Line[], isWhole: boolean, report: Report): void {
  for (const line of lines) {
    const subject = `${number}/${line.id}`
    if (isShare(line) !== (line.percentage_of !== undefined))
      report('percentage', subject, 'It does not say what it is a percentage of, or is none.')
    else if (line.percentage_of) checkBase(line, line.percentage_of, lines, { isWhole, subject }, report)
  }
}

function checkBase(
  line: Line,
  { amount, lines: named }: NonNullable<Line['percentage_of']>,
  lines: readonly Line[],
  { isWhole, subject }: { isWhole: boolean; subject: string },
  report: Report,
): void {
  const of = (text: string) => units(text, line.currency)
  const said = new Map(named.map((one) => [one.line_id, of(one.amount)]))
  if (said.size < named.length || [...said.values()].reduce((sum, one) => sum + one, 0n) !== of(amount))
    report('percentage', subject, `The lines that it names do not add up to ${amount} ${line.currency}.`)
  for (const other of lines) {
    const [is, was] = [dueOf(other, line), said.get(other.id) ?? 0n]
    said.delete(other.id)
    if (is !== was)
      report('percentage', subject, `Of ${other.resource.name} (${other.component}) it does not count what that costs.`)
  }
  if (isWhole && said.size > 0) report('percentage', subject, 'It counts lines that are not on the document.')
}

/** What of a line belongs into the base, in minor units: its amount up to the end of each stretch less that up to its beginning. */
function dueOf(other: Line, { segments, period, price }: Line): bigint {
  const [kind] = other.component.split('.')
  const kinds: readonly (string | undefined)[] | undefined = price.terms?.of?.kinds
  if (isShare(other) || other.one_off || other.meter === 'setup' || kinds?.includes(kind) === false) return 0n
  const held = segments.filter(({ trial }) => !trial).map(({ from, to }): Span => [fromIso(from), fromIso(to)])
  const [begin, end] = [fromIso(other.period.from), fromIso(other.period.to)]
  const [first, last] = [fromIso(period.from), fromIso(period.to)]
  const isOutside = other.timing !== undefined || other.settlement !== undefined || begin < first || end > last
  if (isOutside) {
    const at = other.timing === 'advance' ? begin : end < last ? end : last
    return held.some(([from, to]) => from < at && at <= to) ? rounded(other, whole(other)) : 0n
  }
  const bounds = held.flatMap(([from, to]) => [
    { at: from, sign: -1n },
    { at: to, sign: 1n },
  ])
  return bounds.reduce((sum, { at, sign }) => sum + sign * costBy(other, at), 0n)
}

/** What a line had cost by an instant: all of it is what it is charged at, proven by itself. */
function costBy(line: Line, at: number): bigint {
  if (at <= fromIso(line.period.from)) return 0n
  if (at < fromIso(line.period.to)) return rounded(line, until(line, at))
  return line.gross_inclusive === undefined ? units(pricedAmount(line), line.currency) : rounded(line, pair(line.exact))
}

const whole = ({ settlement, exact }: Line): Pair =>
  settlement ? minus(decimal(settlement.due), decimal(settlement.advanced)) : pair(exact)

/** Within its time, segment by segment. */
function until({ exact, period, segments }: Line, at: number): Pair {
  const pieces = segments.length === 0 ? [{ ...period, amount: exact }] : segments
  return pieces.reduce((sum, { from, to, amount }): Pair => {
    const [begin, length] = [fromIso(from), fromIso(to) - fromIso(from)]
    const held = Math.min(Math.max(at - begin, 0), length)
    const share: Pair = held === length ? [1n, 1n] : [BigInt(held), BigInt(length)]
    return held === 0 ? sum : plus(sum, times(pair(amount), share))
  }, NONE)
}

/** Without the tax, where the line has one in it; halves away from zero. */
function rounded({ currency, gross_inclusive, tax_rate }: Line, amount: Pair): bigint {
  const [rate, unit] = decimal(tax_rate)
  const [n, d] = gross_inclusive === undefined ? amount : times(amount, [100n * unit, 100n * unit + rate])
  const scaled = (n < 0n ? -n : n) * 10n ** BigInt(exponentOf(currency))
  const most = (2n * scaled + d) / (2n * d)
  return n < 0n ? -most : most
}
