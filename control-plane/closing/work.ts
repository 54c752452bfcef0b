/** Background of closing: some accounts at a time, each batch in a transaction of its own, so that a kill at any moment loses and doubles nothing. */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { getAccount } from '../accounts/index.ts'
import { system } from '../base/actor.ts'
import { exponentOf } from '../base/money.ts'
import { Problem, sure } from '../base/problem.ts'
import { fromIso, type Instant, type Interval, monthNamed } from '../base/time.ts'
import {
  draftAndRated,
  DRAFTED_TOGETHER,
  issuePrepared,
  pastBills,
  prepareDraft,
  type RatedDraft,
  settledCut,
  unlessEmpty,
} from '../billing/index.ts'
import type { Draft } from '../billing/contract.ts'
import { minorOf } from '../billing/rules.ts'
import { contractOf, holdContract } from '../contracts/index.ts'
import type { ClosedCut } from '../db/cut.ts'
import { attempt, type Clock, collided, type Context, type Database, isUnreachable, transact } from '../db/index.ts'
import { allOf } from '../db/together.ts'
import { append } from '../events/index.ts'
import { flagsOf, usualNet } from './rules.ts'
import * as store from './store.ts'

const actor = system('period_close')
/** Bills of the past that say what is usual. */
const PAST_BILLS = 6
/** Months that may be made up for at once, where an account has not been invoiced for long. */
const INVOICES_MAX = 24
/** Few: the series is held until they are committed, and who is killed loses no more than them. */
const ISSUED_TOGETHER = 4
/** So many transactions at once: while one of them computes, the database works for another. Numbers still come one by one. */
const LANES = { reviewing: 2, issuing: 3 }

/** What nobody foresaw, for the log: the account that it parked says no more than that. */
export type Tell = (error: unknown, account_id: string) => void

/** One run: all that waits to be reviewed or issued. Returns how many accounts. */
export async function workOnCloses(db: Database, now: Clock, tell: Tell): Promise<number> {
  const as = <T>(work: (ctx: Context) => Promise<T>) => transact(db, actor, now, work)
  let done = 0
  for (const { id, state, cut } of await as((ctx) => store.closesIn(ctx, ['preparing', 'finalising']))) {
    if (state === 'preparing' && cut === null) {
      const closed = await settledCut(db, actor, now)
      await as((ctx) => store.updateClose(ctx, id, { cut: closed.number, cut_closed_at: closed.closed_at }))
    }
    const [step, lanes] =
      state === 'preparing' ? ([reviewNext, LANES.reviewing] as const) : ([issueNext, LANES.issuing] as const)
    const lane = async () => {
      for (let some = await as((ctx) => step(ctx, id, tell)); some > 0; some = await as((ctx) => step(ctx, id, tell)))
        done += some
    }
    await allOf(Array.from({ length: lanes }, lane))
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
    await store.forgetRated(ctx, id)
    await append(ctx, { type: 'period_close.closed', subject, account_id: null, after: { month: row.month, counts } })
  }
}

const cutOf = ({ cut, cut_closed_at }: store.CloseRow): ClosedCut => ({
  number: sure(cut),
  closed_at: sure(cut_closed_at),
})

/** How many were reviewed: 0 where none is left, or the close went on meanwhile. */
async function reviewNext(ctx: Context, id: string, tell: Tell): Promise<number> {
  const close = sure(await store.findClose(ctx, id))
  const isOpen = close.state === 'preparing' && close.cut !== null
  const taken = isOpen ? await store.takeAccounts(ctx, id, 'unreviewed', DRAFTED_TOGETHER) : []
  const reviewed = await tryAll(ctx, taken, tell, (inner, some) => allOf(some.map((row) => review(inner, close, row))))
  await allOf(taken.map(async (row, index) => keepReviewed(ctx, close, row, sure(reviewed[index]))))
  return taken.length
}

async function keepReviewed(
  ctx: Context,
  close: store.CloseRow,
  row: store.AccountRow,
  tried: Tried<Partial<store.AccountRow>>,
): Promise<void> {
  if ('value' in tried) return await store.updateAccount(ctx, row, tried.value)
  const { from, to } = await monthOfAccount(ctx, close, row)
  // who is held stays held, whatever becomes of his draft: nobody may issue it by trying again
  const state = row.state === 'held' ? 'held' : 'parked'
  await store.updateAccount(ctx, row, { period_from: from, period_to: to, state, problem: tried.problem })
}

async function monthOfAccount(ctx: Context, close: store.CloseRow, row: store.AccountRow): Promise<Interval> {
  return monthNamed(close.month, (await getAccount(ctx, row.account_id)).zone)
}

async function review(ctx: Context, close: store.CloseRow, row: store.AccountRow): Promise<Partial<store.AccountRow>> {
  const month = await monthOfAccount(ctx, close, row)
  const end = { period_from: month.from, period_to: month.to }
  if (month.to > sure(close.cut_closed_at)) return { ...end, state: 'nothing', flags: ['month_not_over'] }
  const { made, rated } = (await draftOf(ctx, close, row.account_id, month.to)) ?? {}
  if (!made || isEmpty(made)) return { ...end, state: 'nothing' }
  if (rated) await store.keepRated(ctx, row, zstdCompressSync(JSON.stringify(rated)))
  return { state: row.state === 'held' ? 'held' : 'ready', ...(await figuresOf(ctx, made, month)) }
}

const isEmpty = (made: Draft): boolean => made.lines.length + made.unrated.length + made.blocked_gaps.length === 0

/** Null where nothing is left of the month; of a contract with another company, too. */
async function draftOf(
  ctx: Context,
  close: store.CloseRow,
  account_id: string,
  to: Instant,
  rated: RatedDraft | null = null,
) {
  const contract = await contractOf(ctx, account_id)
  if (contract?.legal_entity_id !== close.legal_entity_id) return null
  await holdContract(ctx, contract.id)
  return await draftAndRated(ctx, { account_id, as_of: to, cut: cutOf(close), rated }).catch(unlessEmpty)
}

async function figuresOf(ctx: Context, made: Draft, month: Interval) {
  const period = { from: fromIso(made.period.from), to: fromIso(made.period.to) }
  const past = (await pastBills(ctx, made.account_id, PAST_BILLS))
    .filter(({ currency }) => currency === made.currency)
    .map((bill) => ({ net: bill.net_minor, period: { from: bill.period_from, to: bill.period_to } }))
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
    currency: made.currency,
    net_minor: net,
    tax_minor: minor(made.totals.tax),
    total_minor: minor(made.totals.total),
    usual_minor: usual,
    line_count: made.lines.length,
    problem: null,
  }
}

/** Issues what was reviewed of the next accounts: the same cut gives the same bill, and what it gives no more is parked. Answers how many there were. */
async function issueNext(ctx: Context, id: string, tell: Tell): Promise<number> {
  const close = sure(await store.findClose(ctx, id))
  const taken = close.state === 'finalising' ? await store.takeAccounts(ctx, id, 'ready', ISSUED_TOGETHER) : []
  const issued = await tryAll(ctx, taken, tell, (inner, some) => issueSome(inner, close, some))
  for (const [index, row] of taken.entries()) {
    const tried = sure(issued[index])
    if ('problem' in tried) await store.updateAccount(ctx, row, { state: 'parked', problem: tried.problem })
    else {
      await store.updateAccount(ctx, row, { state: 'issued', invoices: [...row.invoices, ...tried.value] })
      await store.forgetRated(ctx, id, row.account_id)
    }
  }
  return taken.length
}

/** All are drafted and their lines written before the first takes a number, so that the series is held for as short as can be. */
async function issueSome(
  ctx: Context,
  close: store.CloseRow,
  some: readonly store.AccountRow[],
): Promise<store.AccountRow['invoices'][]> {
  const ready = await allOf(some.map((row) => prepareReviewed(ctx, close, row)))
  const out: store.AccountRow['invoices'][] = []
  for (const [index, row] of some.entries()) out.push(await issueAll(ctx, close, row, sure(ready[index])))
  return out
}

/** The bill that was reviewed. */
async function prepareReviewed(ctx: Context, close: store.CloseRow, row: store.AccountRow) {
  const end = (await monthOfAccount(ctx, close, row)).to
  const { made } = (await draftOf(ctx, close, row.account_id, end, await ratedFor(ctx, row))) ?? {}
  if (!made || isEmpty(made))
    throw new Problem('nothing_to_invoice', 'Nothing is left to invoice: somebody issued it since the review.')
  refuseOther(row, made)
  return { end, made, prepared: await prepareDraft(ctx, made) }
}

async function ratedFor(ctx: Context, row: store.AccountRow): Promise<RatedDraft | null> {
  const kept = await store.findRated(ctx, row)
  return kept && (JSON.parse(zstdDecompressSync(kept).toString()) as RatedDraft)
}

/** The bill that was reviewed, and those of the months between it and the end of the month that is closed. */
async function issueAll(
  ctx: Context,
  close: store.CloseRow,
  { account_id }: store.AccountRow,
  { end, ...first }: Awaited<ReturnType<typeof prepareReviewed>>,
): Promise<store.AccountRow['invoices']> {
  let { made, prepared } = first
  const invoices: store.AccountRow['invoices'] = []
  for (;;) {
    const issued = await issuePrepared(ctx, prepared)
    invoices.push({ ...issued, net: minorOf(made.totals.net, made.currency).toString() })
    if (fromIso(made.period.to) >= end || invoices.length === INVOICES_MAX) return invoices
    const next = (await draftOf(ctx, close, account_id, end))?.made
    if (!next || isEmpty(next)) return invoices
    made = next
    prepared = await prepareDraft(ctx, made)
  }
}

function refuseOther(row: store.AccountRow, made: Draft): void {
  const net = minorOf(made.totals.net, made.currency)
  const isSame =
    made.currency === row.currency &&
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

/** All at once; where one fails, each once more for itself. */
async function tryAll<T>(
  ctx: Context,
  list: readonly store.AccountRow[],
  tell: Tell,
  work: (ctx: Context, some: readonly store.AccountRow[]) => Promise<T[]>,
): Promise<Tried<T>[]> {
  try {
    return (await attempt(ctx, (inner) => work(inner, list))).map((value) => ({ value }))
  } catch (error) {
    if (isUnreachable(error) || collided(error)) throw error
    const out: Tried<T>[] = []
    for (const row of list) out.push(await tryTo(ctx, row, tell, async (inner) => sure((await work(inner, [row]))[0])))
    return out
  }
}

type Tried<T> = { value: T } | { problem: { code: string; detail: string } }
/** What fails stops nobody else: it is undone and said. Only where the database is away, or two met in it, all waits and tries again. */
async function tryTo<T>(
  ctx: Context,
  { account_id }: store.AccountRow,
  tell: Tell,
  work: (ctx: Context) => Promise<T>,
): Promise<Tried<T>> {
  try {
    return { value: await attempt(ctx, work) }
  } catch (error) {
    if (isUnreachable(error) || collided(error)) throw error
    if (error instanceof Problem) return { problem: { code: error.code, detail: error.message } }
    tell(error, account_id)
    return {
      problem: { code: 'unexpected', detail: 'Something unexpected failed; the log of the control plane says what.' },
    }
  }
}
