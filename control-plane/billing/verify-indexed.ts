/**
 * Lines of prices by an index, by other arithmetic than the engine's: each unit price made anew from the frozen value and terms, digit by
 * digit and without dividing; and the values against the index, as the invoice's cut knew it.
 */
import { exponentOf } from '../base/money.ts'
import { sure } from '../base/problem.ts'
import { fromIso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { indexesAt } from '../indexes/index.ts'
import type { Line, Segment } from '../rating/contract.ts'
import { pricedAmount } from './adjust.ts'
import { isRounded, type Report, units } from './verify-sums.ts'

/** Twice the twelve places that a value and its factor may have: all unit prices are integers of it. */
const PLACES = 24
const SCALE = 10n ** BigInt(PLACES)
/** Decimal text as an integer of so many implied decimals, digit by digit. */
function scaled(text: string, places: number): bigint {
  const [whole = '0', decimals = ''] = text.replace('-', '').split('.')
  const magnitude = BigInt(whole + decimals.padEnd(places, '0'))
  return text.startsWith('-') ? -magnitude : magnitude
}

/** What a unit costs at the value of a segment, × SCALE. */
function unitOf({ price }: Line, { index_value }: Segment): bigint {
  const { factor, surcharge, floor, ceiling } = sure(price.terms?.index)
  const unit = scaled(index_value ?? '0', PLACES / 2) * scaled(factor, PLACES / 2) + scaled(surcharge, PLACES)
  const low = floor === undefined ? unit : scaled(floor, PLACES)
  const high = ceiling === undefined ? unit : scaled(ceiling, PLACES)
  if (ceiling !== undefined && unit > high) return high
  return floor !== undefined && unit < low ? low : unit
}

/** Σ quantity × unit price over the segments against the net, and each of them against what it says. */
export function checkByIndex(line: Line, subject: string, report: Report): void {
  let sum = 0n
  for (const segment of line.segments) {
    const [unit, quantity, den] = [unitOf(line, segment), BigInt(segment.quantity), BigInt(line.divisor) * SCALE]
    sum += quantity * unit
    if (segment.index_value === undefined || !isFraction(segment.unit_amount ?? '0/1', unit, SCALE))
      report('net', subject, `The index and the terms do not give the unit price of the stretch from ${segment.from}.`)
    if (!isFraction(segment.amount, quantity * unit, den))
      report('net', subject, `The stretch from ${segment.from} is not its quantity × its unit price.`)
  }
  const amount = pricedAmount(line)
  const num = sum * 10n ** BigInt(exponentOf(line.currency))
  if (!isFraction(line.exact, sum, BigInt(line.divisor) * SCALE))
    report('net', subject, 'The stretches do not add up to the line.')
  if (!isRounded(units(amount, line.currency), num, BigInt(line.divisor) * SCALE))
    report('net', subject, `The stretches at their unit prices do not round to ${amount} ${line.currency}.`)
}

/** "n/d" is num ÷ den. */
function isFraction(text: string, num: bigint, den: bigint): boolean {
  const [n = '0', d = '1'] = text.split('/')
  return BigInt(n) * den === num * BigInt(d)
}

/** Each stretch was charged by what its index said then, as the cut knew it. */
export async function checkIndexes(ctx: Context, lines: readonly Line[], cut: number, number: string, report: Report) {
  const asked = new Map<string, ReturnType<typeof indexesAt>>()
  for (const line of lines.filter(({ price }) => price.model === 'dynamic')) {
    const subject = `${number}/${line.id}`
    const period = { from: fromIso(line.period.from), to: fromIso(line.period.to) }
    const id = sure(line.price.terms?.index).id
    const key = `${id}/${line.period.from}/${line.period.to}`
    const known = asked.get(key) ?? indexesAt(ctx, [id], period, cut)
    asked.set(key, known)
    const index = (await known).get(id)
    if (index?.name !== line.price.index?.name || index?.unit !== line.price.index?.unit)
      report('index', subject, `The index by which it was charged is gone, or called otherwise.`)
    for (const { from, to, index_value } of line.segments) {
      const [begin, end] = [fromIso(from), fromIso(to)]
      if (!index?.values.some((one) => one.from <= begin && one.to >= end && one.amount === index_value))
        report('index', subject, `The index does not say ${index_value ?? 'anything'} in the stretch from ${from}.`)
    }
  }
}
