/** Background of closing: one account at a time, each in a transaction of its own, so that a kill at any moment loses and doubles nothing. */
import { getAccount } from '../accounts/index.ts'
import { system } from '../base/actor.ts'
import { exponentOf } from '../base/money.ts'
import { Problem, sure } from '../base/problem.ts'
import { fromIso, type Instant, type Interval, monthNamed } from '../base/time.ts'
import { draft, getInvoice, issueDraft, listInvoices, settledCut, unlessEmpty } from '../billing/index.ts'
import type { Draft } from '../billing/contract.ts'
import { minorOf } from '../billing/rules.ts'
import { contractOf, holdContract } from '../contracts/index.ts'
import type { ClosedCut } from '../db/cut.ts'
import { attempt, type Clock, type Context, type Database, isUnreachable, transact } from '../db/index.ts'
import { append } from '../events/index.ts'
import { flagsOf, usualNet } from './rules.ts'
import * as store from './store.ts'

const actor = system('period_close')
/** Bills of the past that say what is usual. */
const PAST_BILLS = 6
/** Months that may be made up for at once, where an account has not been invoiced for long. */
const INVOICES_MAX = 24

/** One run: all that waits to be reviewed or issued. Returns how many accounts. */
export async function workOnCloses(db: Database, now: Clock): Promise<number> {
  const as = <T>(work: (ctx: Context) => Promise<T>) => transact(db, actor, now, work)
  let done = 0
  for (const { id, state, cut } of await as((ctx) => store.closesIn(ctx, ['preparing', 'finalising']))) {
    if (state === 'preparing' && cut === null) {
      const closed = await settledCut(db, actor, now)
      await as((ctx) => store.updateClose(ctx, id, { cut: closed.number, cut_closed_at: closed.closed_at }))
    }
    const step = state === 'preparing' ? reviewNext : issueNext
    while (await as((ctx) => step(ctx, id))) done += 1
    await as((ctx) => advance(ctx, id))
  }
  return done
}

/** What the close goes on to, once none of its accounts is left in this step. */
async function advance(ctx: Context, id: string): Promise<void> {
  const row = sure(await store.findClose(ctx, id, true))
  const { counts } = sure((await store.tallies(ctx, [id])).get(id))
  const subject = { kind: 'period_close', id }
  if (row.state === 'preparing' && counts.waiting === 0) {
    await store.updateClose(ctx, id, { state: 'review' })
    await append(ctx, { type: 'period_close.reviewed', subject, account_id: null, after: { month: row.month, counts } })
  } else if (row.state === 'finalising' && counts.ready === 0) {
    await store.updateClose(ctx, id, { state: 'closed', closed_at: ctx.now() })
    await append(ctx, { type: 'period_close.closed', subject, account_id: null, after: { month: row.month, counts } })
  }
}

const cutOf = ({ cut, cut_closed_at }: store.CloseRow): ClosedCut => ({
  number: sure(cut),
  closed_at: sure(cut_closed_at),
})

/** False where none is left, or the close went on meanwhile. */
async function reviewNext(ctx: Context, id: string): Promise<boolean> {
  const close = sure(await store.findClose(ctx, id))
  const row = close.state === 'preparing' && close.cut !== null ? await store.takeAccount(ctx, id, 'unreviewed') : null
  if (!row) return false
  const account = await getAccount(ctx, row.account_id)
  const month = monthNamed(close.month, account.zone)
  const keep = (change: Partial<store.AccountRow>) => store.updateAccount(ctx, row, change)
  const state = row.state === 'held' ? 'held' : 'ready'
  const end = { period_from: month.from, period_to: month.to }
  if (month.to > sure(close.cut_closed_at)) {
    await keep({ ...end, state: 'nothing', flags: ['month_not_over'] })
    return true
  }
  const tried = await tryTo(ctx, (inner) => draftOf(inner, close, row.account_id, month.to))
  if ('problem' in tried) await keep({ ...end, state: 'parked', problem: tried.problem })
  else if (!tried.value || isEmpty(tried.value)) await keep({ ...end, state: 'nothing' })
  else await keep({ state, ...(await figuresOf(ctx, tried.value, month)) })
  return true
}

const isEmpty = (made: Draft): boolean => made.lines.length + made.unrated.length + made.blocked_gaps.length === 0

/** Null where nothing is left of the month; of a contract with another company, too. */
async function draftOf(ctx: Context, close: store.CloseRow, account_id: string, to: Instant): Promise<Draft | null> {
  const contract = await contractOf(ctx, account_id)
  if (contract?.legal_entity_id !== close.legal_entity_id) return null
  await holdContract(ctx, contract.id)
  return await draft(ctx, { account_id, as_of: to, cut: cutOf(close) }).catch(unlessEmpty)
}

async function figuresOf(ctx: Context, made: Draft, month: Interval) {
  const period = { from: fromIso(made.period.from), to: fromIso(made.period.to) }
  const { items } = await listInvoices(ctx, { account_id: made.account_id, limit: PAST_BILLS })
  const past = items
    .filter(({ currency }) => currency === made.currency)
    .map((bill) => ({
      net: minorOf(bill.totals.net, bill.currency),
      period: { from: fromIso(bill.period.from), to: fromIso(bill.period.to) },
    }))
  const minor = (text: string) => minorOf(text, made.currency)
  const [net, usual] = [minor(made.totals.net), usualNet(past, period)]
  const flags = flagsOf({
    net,
    usual,
    period,
    month,
    unrated: made.unrated.length,
    blocked: made.blocked_gaps.length,
    unobserved_ms: Math.max(0, ...made.lines.map((line) => line.unobserved_ms)),
    minor: 10n ** BigInt(exponentOf(made.currency)),
  })
  return {
    flags,
    period_from: period.from,
    period_to: period.to,
    net_minor: net,
    tax_minor: minor(made.totals.tax),
    total_minor: minor(made.totals.total),
    usual_minor: usual,
    line_count: made.lines.length,
    problem: null,
  }
}

/** Issues what was reviewed of the next account: the same cut gives the same bill, and what it gives no more is parked. */
async function issueNext(ctx: Context, id: string): Promise<boolean> {
  const close = sure(await store.findClose(ctx, id))
  const row = close.state === 'finalising' ? await store.takeAccount(ctx, id, 'ready') : null
  if (!row) return false
  const { zone } = await getAccount(ctx, row.account_id)
  const end = monthNamed(close.month, zone).to
  const tried = await tryTo(ctx, (inner) => issueAll(inner, close, row, end))
  if ('problem' in tried) await store.updateAccount(ctx, row, { state: 'parked', problem: tried.problem })
  else await store.updateAccount(ctx, row, { state: 'issued', invoices: [...row.invoices, ...tried.value] })
  return true
}

/** The bill that was reviewed, and those of the months between it and the end of the month that is closed. */
async function issueAll(ctx: Context, close: store.CloseRow, row: store.AccountRow, end: Instant) {
  const invoices: store.AccountRow['invoices'] = []
  while (invoices.length < INVOICES_MAX) {
    const made = await draftOf(ctx, close, row.account_id, end)
    if (!made || isEmpty(made)) break
    if (invoices.length === 0) refuseOther(row, made)
    const { id, number } = await getInvoice(ctx, await issueDraft(ctx, made))
    invoices.push({ id, number, net: minorOf(made.totals.net, made.currency).toString() })
    if (fromIso(made.period.to) >= end) break
  }
  if (invoices.length === 0)
    throw new Problem('nothing_to_invoice', 'Nothing is left to invoice: somebody issued it since the review.')
  return invoices
}

function refuseOther(row: store.AccountRow, made: Draft): void {
  const net = minorOf(made.totals.net, made.currency)
  const isSame =
    net === row.net_minor &&
    fromIso(made.period.from) === row.period_from &&
    fromIso(made.period.to) === row.period_to &&
    made.lines.length === row.line_count
  if (!isSame)
    throw new Problem(
      'conflict',
      `The bill is not what was reviewed: it would be ${made.totals.net} ${made.currency} net for ${made.period.from} to ${made.period.to} now. A part was invoiced since; review the month again.`,
    )
}

type Tried<T> = { value: T } | { problem: { code: string; detail: string } }
/** What fails stops nobody else: it is undone and said. Only where the database is away all waits for it. */
async function tryTo<T>(ctx: Context, work: (ctx: Context) => Promise<T>): Promise<Tried<T>> {
  try {
    return { value: await attempt(ctx, work) }
  } catch (error) {
    if (isUnreachable(error)) throw error
    if (error instanceof Problem) return { problem: { code: error.code, detail: error.message } }
    return {
      problem: { code: 'unexpected', detail: 'Something unexpected failed; the log of the control plane says what.' },
    }
  }
}
