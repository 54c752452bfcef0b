/** The round: each account's bill and how near it is to its limits, looked at again and again; what changed is an event. */
import { system } from '../base/actor.ts'
import { add, type Fraction, fraction, parseDecimal, ZERO } from '../base/exact.ts'
import { majorText } from '../base/money.ts'
import { sure } from '../base/problem.ts'
import { fromIso, HOUR_MS } from '../base/time.ts'
import { type BilledMonth, billedMonth } from '../billing/index.ts'
import { minorOf } from '../billing/rules.ts'
import { type Clock, type Context, type Database, transact } from '../db/index.ts'
import { append } from '../events/index.ts'
import { isOverTime, type MeterName, meterOf } from '../metering/contract.ts'
import type { Line } from '../rating/contract.ts'
import type { LimitState, StandingKind } from './contract.ts'
import { linesIn, quantityText, sumOf } from './month.ts'
import { allowanceKey, allowancesOf } from './overage.ts'
import { isWorse, nextState } from './rules.ts'
import {
  accountsToRate,
  type BillRow,
  deleteStanding,
  holdBill,
  type LimitRow,
  limitsOf,
  putBill,
  putStanding,
  type StandingRow,
  standingsOf,
} from './store.ts'

/** A bill is looked at once in this time, as far as the task's share of the processor reaches. */
export const RATED_EVERY_MS = 60_000
const AT_ONCE = 20
/** A run of large accounts ends with the one in work then: who changes a limit waits for the rest that follows. */
const LONGEST_RUN_MS = 2_000

/** One account a transaction: who fails stops nobody else. Returns how many were looked at. */
export async function standAll(db: Database, now: Clock): Promise<number> {
  const actor = system('watch_limits')
  const before = now() - RATED_EVERY_MS
  const due = await transact(db, actor, now, (ctx) => accountsToRate(ctx, before, AT_ONCE))
  const ends = performance.now() + LONGEST_RUN_MS
  let [failure, looked]: [unknown, number] = [null, 0]
  for (const { id } of due) {
    if (looked > 0 && performance.now() > ends) break
    looked += 1
    await transact(db, actor, now, (ctx) => stand(ctx, id)).catch(async (error: unknown) => {
      failure = error
      // its turn comes again after the others', and until then it says nothing rather than something old
      await transact(db, actor, now, (ctx) => putBill(ctx, unknown(id, now())))
    })
  }
  if (failure !== null) throw failure
  return looked
}

const unknown = (account_id: string, rated_at: number): BillRow => ({
  account_id,
  currency: null,
  period_from: null,
  period_to: null,
  net_minor: null,
  tax_minor: null,
  total_minor: null,
  rated_at,
})

/** Rates the account, and judges its budget, limits and allowances of the present month. */
export async function stand(ctx: Context, account_id: string): Promise<void> {
  if (!(await holdBill(ctx, account_id))) return
  const billed = await billedMonth(ctx, account_id)
  const { next } = billed
  const minor = (of: 'net' | 'tax' | 'total') => next && minorOf(next.totals[of], next.currency)
  await putBill(ctx, {
    account_id,
    currency: next?.currency ?? null,
    period_from: next && fromIso(next.period.from),
    period_to: next && fromIso(next.period.to),
    net_minor: minor('net'),
    tax_minor: minor('tax'),
    total_minor: minor('total'),
    rated_at: ctx.now(),
  })
  await judge(ctx, billed)
}

interface Measured {
  key: string
  kind: StandingKind
  limit_id: string | null
  resource_id: string | null
  meter: StandingRow['meter']
  unit: string
  used: Fraction
  limit: Fraction
  used_text: string
  limit_text: string
}

async function judge(ctx: Context, billed: BilledMonth): Promise<void> {
  const { account, month } = billed
  const before = new Map((await standingsOf(ctx, account.id)).map((row) => [row.key, row]))
  const measured = measure(billed, await limitsOf(ctx, account.id))
  for (const one of measured) await settle(ctx, account.id, month, one, before.get(one.key))
  const present = new Set(measured.map(({ key }) => key))
  for (const key of before.keys()) if (!present.has(key)) await deleteStanding(ctx, account.id, key)
}

/** A month begins anew: what was over in the last one is normal at first, and crossing again is told again. */
async function settle(
  ctx: Context,
  account_id: string,
  month: string,
  one: Measured,
  before: StandingRow | undefined,
): Promise<void> {
  const was: LimitState = before?.month === month ? before.state : 'normal'
  const state = nextState(was, one.used, one.limit)
  const changed = state !== (before?.state ?? 'normal')
  const { key, kind, limit_id, resource_id, meter, unit } = one
  const told = isWorse(state, was) ? state : state === was ? (before?.to_tell ?? null) : null
  const row: StandingRow = {
    account_id,
    key,
    kind,
    limit_id,
    resource_id,
    meter,
    unit,
    month,
    state,
    used: one.used_text,
    limit_amount: one.limit_text,
    since: changed || !before ? ctx.now() : before.since,
    to_tell: kind === 'budget' ? told : null,
  }
  if (before && sameAs(before, row)) return
  await putStanding(ctx, row)
  if (!changed) return
  const subject = resource_id === null ? { kind: 'account', id: account_id } : { kind: 'resource', id: resource_id }
  const after = { kind, state, month, meter, used: row.used, limit_amount: row.limit_amount, unit }
  await append(ctx, {
    type: 'limit.state_changed',
    subject,
    account_id,
    before: { state: before?.state ?? 'normal', month: before?.month ?? month },
    after,
  })
}

const sameAs = (a: StandingRow, b: StandingRow): boolean =>
  (Object.keys(b) as (keyof StandingRow)[]).every((name) => a[name] === b[name])

const PLACES = 12
const decimal = (text: string): Fraction => sure(parseDecimal(text, PLACES))

/** Everything of the account that has a limit, with what was used of it this month. */
function measure(billed: BilledMonth, limits: readonly LimitRow[]): Measured[] {
  const lines = linesIn(billed)
  const known_to = billed.open ? fromIso(billed.open.period.to) : null
  const allowances = allowancesOf(lines, billed.interval, known_to).map((one) => ({
    key: allowanceKey(one),
    kind: 'allowance' as const,
    limit_id: null,
    resource_id: one.resource.kind === 'pool' ? null : one.resource.id,
    meter: one.meter,
    unit: one.per === 'quantity' ? one.unit : `${one.unit}·${one.per}`,
    used: one.used,
    limit: one.included_month,
    used_text: quantityText(one.used),
    limit_text: quantityText(one.included_month),
  }))
  return [...allowances, ...limits.flatMap((limit) => limited(billed, lines, limit))]
}

function limited(billed: BilledMonth, lines: readonly Line[], limit: LimitRow): Measured[] {
  const { id: limit_id, resource_id, meter, unit } = limit
  const shared = { limit_id, resource_id, meter, limit: decimal(limit.amount), limit_text: limit.amount }
  if (resource_id === null || meter === null || unit === null) {
    const currency = billed.open?.currency ?? billed.contract?.currency
    if (currency === undefined) return []
    const text = majorText(sumOf(billed, 'total'), currency)
    return [{ ...shared, key: 'budget', kind: 'budget', unit: currency, used: decimal(text), used_text: text }]
  }
  const used = lines
    .filter((line) => line.resource.id === resource_id && line.meter === meter)
    .reduce((sum, line) => add(sum, usedOf(line, meter, unit)), ZERO)
  const shown = isOverTime(meterOf(meter)) ? `${unit}·hour` : unit
  return [{ ...shared, key: limit_id, kind: 'limit', unit: shown, used, used_text: quantityText(used) }]
}

/** In units of the limit, whatever its price is in; what is held × hours. */
function usedOf(line: Line, meter: MeterName, unit: string): Fraction {
  const how = meterOf(meter)
  return fraction(BigInt(line.quantity), sure(how.units[unit]) * (isOverTime(how) ? BigInt(HOUR_MS) : 1n))
}
