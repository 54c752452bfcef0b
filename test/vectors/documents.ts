/** Vectors of documents: commitments, prorated prices, changes of plan, tax, coupons, credit notes, invoices. */
import { type Fraction, fraction, multiply, parseDecimal, subtract, sum, toDecimal } from '#control-plane/base/exact.ts'
import { exponentOf, fromMinor, majorText, toMinor } from '#control-plane/base/money.ts'
import { sure } from '#control-plane/base/problem.ts'
import { creditNote } from '#control-plane/billing/credit-notes.ts'
import { type Coupon, discounted, leftOf, percentagesFirst } from '#control-plane/billing/discounts.ts'
import { exactTax, taxesOf, taxOf, totalsOf } from '#control-plane/billing/rules.ts'
import { committed } from '#control-plane/rating/models/commitment.ts'
import {
  billingCycles,
  type Cycle,
  dayOf,
  daysBetween,
  fixedDaysBetween,
  planChange,
  prorated,
  shareOf,
} from '#control-plane/rating/models/proration.ts'
import type { Both, Got } from './compare.ts'
import {
  count,
  type Fields,
  list,
  maybe,
  maybeCount,
  need,
  ONE,
  orZero,
  rateText,
  record,
  records,
  text,
  decimal,
} from './input.ts'
import { charged } from './models.ts'

type Vectors = (input: Fields, project: string) => Record<string, Got>
const currencyOf = (input: Fields): string => (input['currency'] === undefined ? 'EUR' : text(input, 'currency'))
const minor = (value: Fraction, input: Fields): bigint => toMinor(value, currencyOf(input))
const major = (value: bigint, input: Fields): Fraction => fromMinor(value, currencyOf(input))
const both = (exact: Fraction, input: Fields): Both => ({
  exact,
  told: major(minor(exact, input), input),
  places: exponentOf(currencyOf(input)),
})
/** Tax on a net that stands on a document, and the sum of both. */
function taxed(net: Fraction, input: Fields): Record<string, Got> {
  if (input['taxPct'] === undefined) return {}
  const base = minor(net, input)
  const tax = taxOf(base, rateText(input, 'taxPct'), currencyOf(input))
  return { tax: major(tax, input), total: major(base + tax, input) }
}
const dayAfter = (date: string) => dayOf(date).add({ days: 1 })

export const commitmentVector: Vectors = (input) => {
  const used = maybe(input, 'usage') ?? charged(text(input, 'model'), input).amount
  const period = maybeCount(input, 'periodDays')
  const share = period === null ? ONE : shareOf(maybeCount(input, 'activeDays') ?? period, period)
  const bound = (name: string) => {
    const value = maybe(input, name)
    return value && multiply(value, share)
  }
  const bounds = { minimum: bound('minimum'), maximum: bound('maximum') }
  const { top_up, discount, amount } = committed(used, bounds, orZero(input, 'alreadyBilledAmount'))
  return {
    usage: both(used, input),
    gross: both(used, input),
    topUp: both(top_up, input),
    discount: both(discount, input),
    amount: both(amount, input),
    net: both(amount, input),
    ...taxed(amount, input),
  }
}

export const prorationVector: Vectors = (input) => {
  const days = (from: string, to: string) => daysBetween(dayOf(text(input, from)), dayAfter(text(input, to)))
  const active = days('activeFrom', 'activeToInclusive')
  const trial = maybeCount(input, 'trialDays') ?? 0n
  const exact = prorated(need(input, 'price'), active, days('periodFrom', 'periodToInclusive'), trial)
  return { amount: both(exact, input), unrounded: exact, ...taxed(exact, input) }
}

const NINE_DIGITS = 9
export const fixedMonthVector: Vectors = (input) => {
  const month_days = maybeCount(input, 'fixedDaysPerMonth') ?? 30n
  const days = fixedDaysBetween(dayOf(text(input, 'from')), dayOf(text(input, 'toExclusive')), month_days)
  return { days: fraction(days), fraction: digits(fraction(days, month_days)) }
}
const digits = (value: Fraction): Fraction => sure(parseDecimal(toDecimal(value, NINE_DIGITS), NINE_DIGITS))

const CYCLES: Record<string, Cycle> = {
  daily: { months: 0, days: 1 },
  weekly: { months: 0, days: 7 },
  biweekly: { months: 0, days: 14 },
  thirty_days: { months: 0, days: 30 },
  sixty_days: { months: 0, days: 60 },
  ninety_days: { months: 0, days: 90 },
  monthly: { months: 1, days: 0 },
  bimestrial: { months: 2, days: 0 },
  quarterly: { months: 3, days: 0 },
  triannual: { months: 4, days: 0 },
  biannual: { months: 6, days: 0 },
  semiannual: { months: 6, days: 0 },
  annual: { months: 12, days: 0 },
  yearly: { months: 12, days: 0 },
  biennial: { months: 24, days: 0 },
}
export const cyclesVector: Vectors = (input) => {
  const name = text(input, 'period').toLowerCase()
  const cycle = CYCLES[name]
  if (!cycle) throw new Error(`there is no period ${name}`)
  const from = dayOf(text(input, 'from'))
  const cycles = billingCycles(cycle, {
    from,
    to: typeof input['to'] === 'string' ? dayOf(input['to']) : null,
    target: dayOf(text(input, 'targetDate')),
    bill_day: parseInt((maybeCount(input, 'billCycleDay') ?? BigInt(from.day)).toString(), 10),
  })
  // as a decimal it was printed by its source, from parts of nine digits each
  return { cyclesFraction: cycles, cycles }
}

export const planChangeVector: Vectors = (input) => {
  const end = input['periodEnd'] === 'endInclusive' ? dayAfter(text(input, 'periodTo')) : dayOf(text(input, 'periodTo'))
  const { credit, charge } = planChange({
    old_price: need(input, 'oldPrice'),
    new_price: need(input, 'newPrice'),
    remaining_days: daysBetween(dayOf(text(input, 'changeOn')), end),
    period_days: daysBetween(dayOf(text(input, 'periodFrom')), end),
    new_period_days: maybeCount(input, 'newPeriodDays') ?? undefined,
  })
  const net = major(minor(credit, input) + minor(charge, input), input)
  return { credit: both(credit, input), charge: both(charge, input), net, ...taxed(net, input) }
}

export const taxVector: Vectors = (input) => {
  const net = minor(need(input, 'net'), input)
  const tax = taxOf(net, rateText(input, 'ratePct'), currencyOf(input))
  return { net: major(net, input), tax: major(tax, input), total: major(net + tax, input) }
}

function couponOf(fields: Fields): Coupon {
  const type = text(fields, 'type')
  if (type.startsWith('percent')) return { type: 'percent', rate: maybe(fields, 'pct') ?? need(fields, 'amount') }
  if (type.startsWith('fixed'))
    return { type: 'fixed', left: subtract(need(fields, 'amount'), orZero(fields, 'alreadyUsed')) }
  throw new Error(`a coupon is fixed or percent, not ${type}`)
}
const zip = (exact: readonly Fraction[], told: readonly bigint[], input: Fields): Both[] =>
  exact.map((value, index) => ({ ...both(value, input), told: major(told[index] ?? 0n, input) }))

export const couponVector: Vectors = (input) => {
  const lines = list(input, 'lines').map((line, index) =>
    decimal(typeof line === 'object' ? record(line, 'lines')['amount'] : line, `lines[${index}]`),
  )
  const given = input['coupons'] === undefined ? [record(input['coupon'], 'coupon')] : records(input, 'coupons')
  const coupons = percentagesFirst(given.map(couponOf))
  const nets = lines.map((line) => minor(line, input))
  const made = discounted(nets, coupons, currencyOf(input))
  const after = made.per_line.map((one, index) => sure(nets[index]) - one)
  const exactAfter = made.shares.map((share, index) => subtract(sure(lines[index]), share))
  return {
    discount: major(made.total, input),
    perLine: zip(made.shares, made.per_line, input),
    perLineAfter: zip(exactAfter, after, input),
    remaining: leftOf(coupons, made, currencyOf(input)),
  }
}

export const creditNoteVector: Vectors = (input) => {
  const isUnused = input['originalNet'] === undefined
  const original = minor(need(input, isUnused ? 'price' : 'originalNet'), input)
  const exact = isUnused
    ? prorated(need(input, 'price'), count(input, 'unusedDays'), count(input, 'periodDays'))
    : need(input, 'creditNet')
  const earlier = (input['earlierCredits'] === undefined ? [] : records(input, 'earlierCredits')).map((note) => {
    const net = minor(need(note, 'net'), input)
    return { net, tax: minor(need(note, 'total'), input) - net }
  })
  const note = creditNote(original, minor(exact, input), rateText(input, 'taxPct'), currencyOf(input), earlier)
  return { net: major(note.net, input), tax: major(note.tax, input), total: major(note.total, input) }
}

/** Coupons for metrics come first, then those for plans, then those for everything. */
const RANKS = ['metrics', 'plans'] as const
export const invoiceVector: Vectors = (input, project) => {
  const currency = currencyOf(input)
  const lines = records(input, 'lines')
  const nets = lines.map((line) => minor(need(line, 'net'), input))
  const coupons = (input['coupons'] === undefined ? [] : records(input, 'coupons'))
    .map((fields) => ({ fields, rank: rankOf(fields) }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ fields }) => ({ ...couponOf(fields), scope: scopeOf(fields, lines) }))
  const made = discounted(nets, coupons, currency)
  const billed = lines.map((line, index) => ({
    net: majorText(sure(nets[index]) - sure(made.per_line[index]), currency),
    tax_category: 'S' as const,
    tax_rate: rateText(line, 'taxPct'),
  }))
  const taxes = taxesOf(billed, currency)
  const totals = totalsOf(billed, taxes, currency)
  const tax = project === 'lago' ? minor(taxOfAll(lines, nets, made.shares, input), input) : totals.tax
  return {
    gross: major(totals.net + made.total, input),
    discount: major(made.total, input),
    net: major(totals.net, input),
    tax: major(tax, input),
    total: major(totals.net + tax, input),
    perLineDiscount: zip(made.shares, made.per_line, input),
  }
}
/** Lago's convention: the tax of each line on its exact base, and one rounding for the whole document. */
const taxOfAll = (lines: Fields[], nets: bigint[], shares: Fraction[], input: Fields): Fraction =>
  sum(
    lines.map((line, index) =>
      exactTax(subtract(major(sure(nets[index]), input), sure(shares[index])), rateText(line, 'taxPct')),
    ),
  )
const isLimited = (fields: Fields, by: string): boolean => Array.isArray(fields[by]) && fields[by].length > 0
const rankOf = (fields: Fields): number => [...RANKS.map((by) => isLimited(fields, by)), true].indexOf(true)
const scopeOf = (fields: Fields, lines: Fields[]): number[] =>
  [...lines.keys()].filter((index) =>
    RANKS.every((by) => !isLimited(fields, by) || list(fields, by).includes(lines[index]?.[by.slice(0, -1)])),
  )
