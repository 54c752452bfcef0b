/** Usage of an account by local day and priced component, as the next invoice counts it: each day is rated by itself, and what is charged for a whole month is spread over its days. */
import type { z } from 'zod'
import { getAccount, requireProject } from '../accounts/index.ts'
import type { Account } from '../accounts/contract.ts'
import { permit } from '../base/actor.ts'
import { csvLine } from '../base/csv.ts'
import {
  add,
  divide,
  type Fraction,
  fraction,
  fractionText,
  multiply,
  parseFraction,
  sum,
  toDecimal,
  ZERO,
} from '../base/exact.ts'
import { sure } from '../base/problem.ts'
import { dateOf, daysOf, type Interval, intersect, monthNamed, monthOf } from '../base/time.ts'
import { contractOf } from '../contracts/index.ts'
import { openCut } from '../db/cut.ts'
import type { Context } from '../db/index.ts'
import { projectOfEach } from '../inventory/index.ts'
import { isLinear } from './charge.ts'
import { type MeterName, meterOf } from '../metering/contract.ts'
import type { AccountUsage, AccountUsageQuery, DayUsage, Line } from './contract.ts'
import { byTime } from './percentile.ts'
import { pricesUnder } from './prices.ts'
import { type Part, partsOf } from './projects.ts'
import { rate } from './rate.ts'

/** Digits after the point: an hour of a cheap thing is a fraction of a cent. */
const PLACES = 6

/** The days of a local month, up to now; amounts are for those who may see the bill. */
export async function usageByDay(
  ctx: Context,
  account_id: string,
  { month, project_id }: Asked = {},
): Promise<AccountUsage> {
  permit(ctx, 'usage.read')
  const account = await getAccount(ctx, account_id)
  if (project_id !== undefined && project_id !== 'none') await requireProject(ctx, account_id, project_id)
  const showsAmounts = ctx.actor.permissions.has('billing.read')
  const { from, to } = month === undefined ? monthOf(ctx.now(), account.zone) : monthNamed(month, account.zone)
  const days = daysOf({ from, to: Math.min(to, ctx.now()) }, account.zone)
  const counts = countsOf(ctx.actor.project_ids, project_id)
  const { currency, rated } = await ctx.program((program) => ratedDays(program, account, days, counts !== null))
  return {
    account_id,
    zone: account.zone,
    month: dateOf(from, account.zone).slice(0, 7),
    currency,
    days: days.map((day, index) =>
      dayUsage(
        dateOf(day.from, account.zone),
        (rated[index] ?? []).flatMap((one) => borne(one, counts)),
        showsAmounts,
      ),
    ),
  }
}

type Asked = z.infer<typeof AccountUsageQuery>
/** Which projects are asked for: null is all of the account, and a null in it what is in no project. */
type Counts = ReadonlySet<string | null> | null

/** One who is narrowed is told of his own projects alone, whatever he asks. */
function countsOf(own: readonly string[] | undefined, asked: string | undefined): Counts {
  if (asked === undefined) return own ? new Set(own) : null
  const wanted = asked === 'none' ? null : asked
  return new Set(own && (wanted === null || !own.includes(wanted)) ? [] : [wanted])
}

/** A line with the project of each of its segments, where that is asked. */
interface Rated {
  line: Line
  parts: ReturnType<typeof partsOf> | null
}
interface Borne extends Part {
  line: Line
}
function borne({ line, parts }: Rated, counts: Counts): Borne[] {
  if (counts === null || parts === null)
    return [{ line, quantity: BigInt(line.quantity), exact: parseFraction(line.exact) }]
  return [...parts].flatMap(([project, part]) => (counts.has(project) ? [{ line, ...part }] : []))
}

async function ratedDays(ctx: Context, account: Account, days: readonly Interval[], byProject: boolean) {
  const contract = days.length === 0 ? null : await contractOf(ctx, account.id, sure(days.at(-1)).to - 1)
  const month = contract && intersect(contract, { from: sure(days[0]).from, to: sure(days.at(-1)).to })
  if (!contract || !month) return { currency: null, rated: [] }
  const cut = await openCut(ctx.tx)
  // the same versions for each day and for the month, under the same ids
  const prices = await pricesUnder(ctx, contract, month, cut)
  const terms = { contract, zone: account.zone, cut, prices, accrued: true as const }
  const each: Line[][] = []
  // a day's own percentile is no part of the month's
  const daily = { ...terms, prices: prices.filter((price) => !isPercentile(price)) }
  for (const day of days) {
    const period = intersect(contract, day)
    each.push(period ? (await rate(ctx, { ...daily, period })).lines : [])
  }
  // prices of plans have terms of their own
  const isByDay =
    prices.every((price) => isLinear(price) && !isPercentile(price)) &&
    !each.flat().some((line) => line.charge || isPercentile(line))
  // a day's own percentile is no part of the month's
  const sums = each.map((list) => list.filter((line) => !isPercentile(line)))
  const lines = isByDay ? each : dailyShares(sums, days, (await rate(ctx, { ...terms, period: month })).lines)
  const ids = lines.flat().flatMap((line) => line.segments.map((segment) => segment.assignment_id))
  const projectOf = byProject ? await projectOfEach(ctx, account.id, ids) : null
  const rated = lines.map((list) => list.map((line) => ({ line, parts: projectOf && partsOf(line, projectOf) })))
  return { currency: contract.currency, rated }
}

const isPercentile = ({ meter }: { meter?: MeterName | undefined }): boolean =>
  meter !== undefined && meterOf(meter).kind === 'percentile'
const keyOf = (line: Line): string =>
  `${line.service_id}/${line.resource.id}/${line.price.id}/${line.for_account?.id ?? ''}`
/**
 * Lines of days whose prices charge the whole month: each bears its part of the month's amount, by quantity or else by time. A percentile
 * is of all the month, so each day bears it for its time.
 */
function dailyShares(days: readonly Line[][], spans: readonly Interval[], month: readonly Line[]): Line[][] {
  const parts = month.filter(isPercentile).map((line) => byTime(line, spans))
  const wholes = new Map(month.filter((line) => line.charge).map((line) => [keyOf(line), line]))
  const measured = Map.groupBy(
    days.flat().filter((line) => line.charge),
    keyOf,
  )
  const totals = new Map(
    [...measured].map(([key, lines]) => {
      const used = sum(lines.map((line) => parseFraction(sure(line.charge).quantity)))
      const by: 'quantity' | 'share' = used.num > 0n ? 'quantity' : 'share'
      return [key, { by, total: sum(lines.map((line) => parseFraction(sure(line.charge)[by]))) }]
    }),
  )
  return days.map((lines, day) => [
    ...lines.map((line) => {
      const [whole, of] = [wholes.get(keyOf(line)), totals.get(keyOf(line))]
      if (!line.charge || !whole || !of || of.total.num === 0n) return line
      const part = divide(parseFraction(line.charge[of.by]), of.total)
      return { ...line, exact: fractionText(multiply(parseFraction(whole.exact), part)) }
    }),
    ...parts.flatMap((list) => list[day] ?? []),
  ])
}

interface Sum {
  component: string
  unit: string
  per: Line['price']['per']
  quantity: Fraction
  amount: Fraction
}

function dayUsage(date: string, list: readonly Borne[], showsAmounts: boolean): DayUsage {
  const sums = new Map<string, Sum>()
  for (const { line, quantity, exact } of list) {
    const { component, divisor, price } = line
    const { unit, per } = price
    const key = `${component}/${unit}/${per}`
    const known = sums.get(key) ?? { component, unit, per, quantity: ZERO, amount: ZERO }
    sums.set(key, {
      ...known,
      quantity: add(known.quantity, fraction(quantity, BigInt(divisor))),
      amount: add(known.amount, exact),
    })
  }
  const items = [...sums.values()].toSorted((a, b) => (a.component < b.component ? -1 : 1))
  const textOf = (amount: Fraction) => (showsAmounts ? toDecimal(amount, PLACES) : null)
  return {
    date,
    amount: textOf(sum(items.map((one) => one.amount))),
    items: items.map((one) => ({ ...one, quantity: toDecimal(one.quantity, PLACES), amount: textOf(one.amount) })),
  }
}

/** One row a day and component (RFC 4180). */
export const usageCsv = ({ days, currency }: AccountUsage): string =>
  [
    'date,component,quantity,unit,per,amount,currency',
    ...days.flatMap(({ date, items }) =>
      items.map((one) => csvLine([date, one.component, one.quantity, one.unit, one.per, one.amount, currency])),
    ),
  ].join('\r\n') + '\r\n'
