/** The bill of a month growing by the day, with what it comes to at this pace and what its allowances hold. */
import { permit } from '../base/actor.ts'
import { toDecimal } from '../base/exact.ts'
import { majorText } from '../base/money.ts'
import { dateOf, daysOf, fromIso, type Interval, nextDay } from '../base/time.ts'
import { type BilledMonth, billedMonth } from '../billing/index.ts'
import { minorOf, signOf } from '../billing/rules.ts'
import type { Draft } from '../billing/contract.ts'
import type { Context } from '../db/index.ts'
import { partsByDay } from '../rating/index.ts'
import type { Line } from '../rating/contract.ts'
import type { MonthBill, Overage } from './contract.ts'
import { added, type DayAmount, divided } from './days.ts'
import { forecast, type KnownDay } from './forecast.ts'
import { type Allowance, allowanceKey, allowancesOf } from './overage.ts'
import { standingsOf } from './store.ts'

type Totals = Draft['totals']
const PLACES = 6
/** As bills show quantities. */
export const quantityText = (value: Parameters<typeof toDecimal>[0]): string => toDecimal(value, PLACES)

export async function monthBill(ctx: Context, account_id: string, month?: string): Promise<MonthBill> {
  permit(ctx, 'billing.read')
  const billed = await billedMonth(ctx, account_id, month)
  const { account, interval, issued, open } = billed
  const currency = open?.currency ?? issued[0]?.content.currency ?? billed.contract?.currency ?? null
  const amounts = added(await ctx.program((program) => dividedAll(program, billed)))
  const text = (minor: bigint) => (currency === null ? '0' : majorText(minor, currency))
  const overage = await overageOf(ctx, billed, text)
  return {
    account_id,
    month: billed.month,
    zone: account.zone,
    currency,
    issued: issued.map(({ id, content }) => ({
      invoice_id: id,
      number: content.number,
      issued_at: content.issued_at,
      document_type: content.document_type,
      totals: signed(content.totals, content.currency, signOf(content.document_type)),
    })),
    open: open && { period: open.period, totals: open.totals },
    totals: totalsOf(billed, text),
    days: cumulated(amounts, text),
    forecast: forecastOf(billed, amounts, text),
    overage: overage.items,
    overage_amount: currency === null ? null : text(overage.amount),
    last_day: dateOf(interval.to - 1, account.zone),
  }
}

const signed = (totals: Totals, currency: string, sign: bigint): Totals => ({
  net: majorText(sign * minorOf(totals.net, currency), currency),
  tax: majorText(sign * minorOf(totals.tax, currency), currency),
  total: majorText(sign * minorOf(totals.total, currency), currency),
})

/** What was issued and what is open together, in minor units. */
export function sumOf({ issued, open }: Pick<BilledMonth, 'issued' | 'open'>, of: keyof Totals): bigint {
  const before = issued.reduce(
    (sum, { content }) => sum + signOf(content.document_type) * minorOf(content.totals[of], content.currency),
    0n,
  )
  return before + (open ? minorOf(open.totals[of], open.currency) : 0n)
}
const totalsOf = (billed: BilledMonth, text: (minor: bigint) => string): Totals => ({
  net: text(sumOf(billed, 'net')),
  tax: text(sumOf(billed, 'tax')),
  total: text(sumOf(billed, 'total')),
})

/** Each document over its days, by what its lines were on each of them under the facts that it was made of. */
async function dividedAll(ctx: Context, { account, issued, open }: BilledMonth) {
  const documents = [
    ...issued.map(({ content, lines }) => ({ ...content, lines })),
    ...(open ? [{ ...open, document_type: 'invoice' as const }] : []),
  ]
  const out: Map<string, DayAmount>[] = []
  for (const { document_type, lines, taxes, currency, cut, period: of } of documents) {
    const period = { from: fromIso(of.from), to: fromIso(of.to) }
    // what is billed for its use; a note's line is a difference, and a fee is of a billing period: they lie on all days alike
    const used = lines.filter((line): line is Line => !('correction' in line) && line.basis === undefined)
    const parts = await partsByDay(ctx, used, { period, zone: account.zone, cut })
    out.push(divided({ document_type, period, currency, lines, taxes, parts }, account.zone))
  }
  return out
}

function cumulated(amounts: ReadonlyMap<string, DayAmount>, text: (minor: bigint) => string): MonthBill['days'] {
  let [net, total] = [0n, 0n]
  return [...amounts].map(([date, day]) => {
    net += day.net
    total += day.total
    return { date, net: text(day.net), total: text(day.total), so_far: { net: text(net), total: text(total) } }
  })
}

const isMidnight = (at: number, zone: string) => nextDay(at - 1, zone) === at

/** Of the month that runs: what is open reaches to what is known. */
function forecastOf(
  billed: BilledMonth,
  amounts: ReadonlyMap<string, DayAmount>,
  text: (minor: bigint) => string,
): MonthBill['forecast'] {
  const { account, interval, contract, open } = billed
  if (!open || !contract) return null
  // before anything was used no pace can be seen
  const begun = linesIn(billed).flatMap((line) => line.segments.map((segment) => fromIso(segment.from)))
  const known_to = fromIso(open.period.to)
  const known: Interval = { from: begun.reduce((first, at) => Math.min(first, at), known_to), to: known_to }
  const days: KnownDay[] = daysOf(known, account.zone).map((day) => ({
    day,
    ...(amounts.get(dateOf(day.from, account.zone)) ?? { net: 0n, total: 0n }),
  }))
  const isWhole = ({ day }: KnownDay) =>
    isMidnight(day.from, account.zone) && day.to === nextDay(day.from, account.zone)
  const ends_at = Math.min(interval.to, contract.to ?? interval.to)
  const made = forecast(days, days.filter(isWhole), ends_at)
  return made && { ...made, net: text(made.net), total: text(made.total), per_day: text(made.per_day) }
}

/** All lines of a month that charge for use: what was issued, and what is open. */
export const linesIn = ({ issued, open }: Pick<BilledMonth, 'issued' | 'open'>): Line[] => [
  ...issued.flatMap(({ content, lines }) => (content.document_type === 'invoice' ? lines : [])),
  ...(open?.lines ?? []),
]

async function overageOf(ctx: Context, billed: BilledMonth, text: (minor: bigint) => string) {
  const known_to = billed.open ? fromIso(billed.open.period.to) : null
  const allowances = allowancesOf(linesIn(billed), billed.interval, known_to)
  const states = new Map((await standingsOf(ctx, billed.account.id)).map((row) => [row.key, row]))
  const stateOf = (one: Allowance) => {
    const row = states.get(allowanceKey(one))
    return row?.month === billed.month ? row.state : null
  }
  const items: Overage[] = allowances.map((one) => ({
    resource: one.resource,
    component: one.component,
    meter: one.meter,
    unit: one.unit,
    per: one.per,
    included: quantityText(one.included),
    included_month: quantityText(one.included_month),
    used: quantityText(one.used),
    over: quantityText(one.over),
    amount: text(one.amount),
    state: stateOf(one),
  }))
  return {
    items: items.toSorted((a, b) =>
      a.resource.name < b.resource.name ? -1 : a.resource.name > b.resource.name ? 1 : 0,
    ),
    amount: allowances.reduce((sum, one) => sum + one.amount, 0n),
  }
}
