/** What of the allowances of prices was used, and what goes beyond them costs. Pure. */
import {
  add,
  atLeastZero,
  type Fraction,
  fraction,
  multiply,
  parseDecimal,
  parseFraction,
  subtract,
  ZERO,
} from '../base/exact.ts'
import { toMinor } from '../base/money.ts'
import { sure } from '../base/problem.ts'
import { fromIso, type Interval, lengthMs } from '../base/time.ts'
import type { MeterName } from '../metering/contract.ts'
import type { Line } from '../rating/contract.ts'

const PLACES = 12
const decimal = (text: string | undefined): Fraction => (text === undefined ? ZERO : sure(parseDecimal(text, PLACES)))

export interface Allowance {
  resource: Line['resource']
  component: string
  meter: MeterName
  unit: string
  per: Line['price']['per']
  included: Fraction
  /** to the month's end, where the resource is kept until then */
  included_month: Fraction
  used: Fraction
  over: Fraction
  /** minor units, before tax */
  amount: bigint
}
type Keyed = Pick<Allowance, 'resource' | 'component' | 'meter' | 'unit' | 'per'>
export const allowanceKey = ({ resource, component, meter, unit, per }: Keyed): string =>
  // of all resources of a kind together the component says which kind
  ['allowance', resource.id, resource.kind === 'pool' ? component : meter, unit, per].join('/')

/**
 * Of each resource and component whose price includes something. An allowance holds for the part of the month in which the resource was
 * owned at that price, so it grows with the month: a state is judged by what it will have grown to at the month's end, or every month
 * would begin with everybody over. What is over now, and costs, is what the bill of today counts.
 */
export function allowancesOf(lines: readonly Line[], month: Interval, known_to: number | null): Allowance[] {
  const out = new Map<string, Allowance>()
  for (const line of lines) {
    const one = allowanceOf(line, month, known_to)
    if (!one) continue
    const key = allowanceKey(one)
    const known = out.get(key)
    out.set(key, known ? together(known, one) : one)
  }
  return [...out.values()].toSorted((a, b) => (a.over.num > 0n === b.over.num > 0n ? 0 : a.over.num > 0n ? -1 : 1))
}

function allowanceOf(line: Line, month: Interval, known_to: number | null): Allowance | null {
  const { charge, price } = line
  const monthly = decimal(price.terms?.included)
  const free = decimal(price.terms?.package?.free)
  if (!charge || (monthly.num === 0n && free.num === 0n)) return null
  const share = parseFraction(charge.share)
  const rest = goesOn(line, known_to) ? restOf(line, month, sure(known_to)) : ZERO
  const included = add(multiply(monthly, share), free)
  const used = parseFraction(charge.quantity)
  const over = atLeastZero(subtract(used, included))
  const paid = subtract(parseFraction(charge.used), parseFraction(charge.discount))
  return {
    resource: line.resource,
    component: line.component,
    meter: sure(line.meter),
    unit: line.price.model === 'flat' ? '' : price.unit,
    per: price.per,
    included,
    included_month: add(multiply(monthly, add(share, rest)), free),
    used,
    over,
    // what a minimum adds is no overage
    amount: over.num > 0n ? toMinor(paid, line.currency) : 0n,
  }
}

/** Whether the resource was still there at the end of what is known. */
const goesOn = ({ period, segments }: Line, known_to: number | null): boolean =>
  known_to !== null &&
  fromIso(period.to) === known_to &&
  (segments.length === 0 || segments.some((segment) => fromIso(segment.to) === known_to))

/** The part of the month for which the allowance is still to come. */
function restOf({ price }: Line, month: Interval, known_to: number): Fraction {
  const ends_at = price.ends_at === undefined ? month.to : Math.min(month.to, fromIso(price.ends_at))
  return fraction(BigInt(Math.max(0, ends_at - known_to)), lengthMs(month))
}

const together = (a: Allowance, b: Allowance): Allowance => ({
  ...a,
  included: add(a.included, b.included),
  included_month: add(a.included_month, b.included_month),
  used: add(a.used, b.used),
  over: add(a.over, b.over),
  amount: a.amount + b.amount,
})
