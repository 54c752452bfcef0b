/** Background of what-ifs: some accounts at a time, each batch in a transaction of its own, so that a kill at any moment loses no more than one. */
import { system } from '../../base/actor.ts'
import { majorText } from '../../base/money.ts'
import { standing, type StandingInvoice } from '../../billing/index.ts'
import { booksOfVersions } from '../../catalog/index.ts'
import { type Clock, type Context, type Database, transact } from '../../db/index.ts'
import { append } from '../../events/index.ts'
import type { WhatIfResult } from '../contract.ts'
import { type BookOf, chargesUnused, type Decisions, effectsOf, figuresOf, marksOf, summed, total } from '../effect.ts'
import {
  type AccountRow,
  allAccounts,
  askedBy,
  countWaiting,
  findWhatIf,
  keepAccounts,
  runningWhatIfs,
  takeAccounts,
  updateWhatIf,
  type WhatIfRow,
} from './store.ts'

const actor = system('what_if')
const BATCH = 40

/** One run: all that waits. Returns how many accounts were looked at. */
export async function workOnWhatIfs(db: Database, now: Clock): Promise<number> {
  const as = <T>(work: (ctx: Context) => Promise<T>) => transact(db, actor, now, work)
  let done = 0
  for (const row of await as(runningWhatIfs)) {
    const decisions: Decisions = new Map(row.prices.map((one) => [`${one.price_book_id}/${one.component}`, one.after]))
    for (let looked = 1; looked > 0; done += looked) looked = await as((ctx) => lookAtNext(ctx, row, decisions))
    await as((ctx) => finish(ctx, row.id))
  }
  return done
}

/** 0 where none is left, or it was stopped meanwhile. */
async function lookAtNext(ctx: Context, row: WhatIfRow, decisions: Decisions): Promise<number> {
  if ((await findWhatIf(ctx, row.id))?.state !== 'running') return 0
  const accounts = await takeAccounts(ctx, row.id, BATCH)
  if (accounts.length === 0) return 0
  const components = [...new Set(row.prices.map(({ component }) => component))]
  const account_ids = accounts.map(({ account_id }) => account_id)
  const found = await standing(ctx, { ...askedBy(row), account_ids, components })
  const invoices = found.filter(({ month }) => row.months.includes(month))
  const books = await booksOf(ctx, invoices)
  const byAccount = Map.groupBy(invoices, ({ account_id }) => account_id)
  await keepAccounts(
    ctx,
    accounts.map((account) => lookedAt(account, byAccount.get(account.account_id) ?? [], { row, decisions, books })),
  )
  return accounts.length
}

async function booksOf(ctx: Context, invoices: readonly StandingInvoice[]): Promise<BookOf> {
  const versions = new Set(
    invoices.flatMap(({ groups }) => groups.flatMap(({ lines }) => lines?.map(({ price }) => price.id) ?? [])),
  )
  const books = await booksOfVersions(ctx, [...versions])
  return (id) => books.get(id)
}

interface Terms {
  row: WhatIfRow
  decisions: Decisions
  books: BookOf
}
/** What is found of one account; what can't be read of it is said, and stops nobody else. */
function lookedAt(
  account: AccountRow,
  invoices: readonly StandingInvoice[],
  { row, decisions, books }: Terms,
): AccountRow {
  try {
    const bills = invoices.map((invoice) => ({
      month: invoice.month,
      effects: effectsOf(invoice, row.currency, decisions, books),
    }))
    const effects = bills.flatMap((bill) => bill.effects)
    return {
      ...account,
      state: 'done',
      before_minor: total(effects, ({ before }) => before),
      after_minor: total(effects, ({ after }) => after),
      invoices: invoices.length,
      figures: figuresOf(bills),
      marks: marksOf(effects),
    }
  } catch (error) {
    return { ...account, state: 'failed', problem: error instanceof Error ? error.message : String(error) }
  }
}

/** Once none waits, the report is summed up. */
async function finish(ctx: Context, id: string): Promise<void> {
  const row = await findWhatIf(ctx, id, true)
  if (row?.state !== 'running' || (await countWaiting(ctx, id)) > 0) return
  const result = resultOf(row, await allAccounts(ctx, id))
  await updateWhatIf(ctx, id, { state: 'done', done_at: ctx.now(), result })
  const { before, after } = result
  await append(ctx, {
    type: 'what_if.done',
    subject: { kind: 'what_if', id },
    account_id: null,
    after: { before, after },
  })
}

function resultOf({ currency, months, prices }: WhatIfRow, accounts: readonly AccountRow[]): WhatIfResult {
  const money = (minor: bigint) => majorText(minor, currency)
  const seen = accounts.filter(({ state }) => state === 'done')
  const figures = seen.flatMap((account) =>
    account.figures.map((one) => ({ ...one, before: BigInt(one.before), after: BigInt(one.after) })),
  )
  const pair = ({ before, after }: { before: bigint; after: bigint }) => ({
    before: money(before),
    after: money(after),
  })
  const byMonth = new Map(summed(figures, ({ month }) => month).map((one) => [one.name, one]))
  const count = (holds: (change: bigint) => boolean) =>
    seen.filter(({ before_minor, after_minor }) => holds(after_minor - before_minor)).length
  const marks = Map.groupBy(
    seen.flatMap((account) => account.marks),
    ({ why }) => why,
  )
  return {
    ...pair({ before: total(seen, (one) => one.before_minor), after: total(seen, (one) => one.after_minor) }),
    invoices: seen.reduce((sum, { invoices }) => sum + invoices, 0),
    pay_more: count((change) => change > 0n),
    pay_less: count((change) => change < 0n),
    pay_the_same: count((change) => change === 0n),
    failed: accounts.length - seen.length,
    by_month: months.map((month) => ({ month, ...pair(byMonth.get(month) ?? { before: 0n, after: 0n }) })),
    by_component: summed(figures, ({ component }) => component).map(({ name, ...sums }) => ({
      component: name,
      ...pair(sums),
    })),
    not_computed: [...marks].map(([why, list]) => ({
      why,
      lines: list.reduce((sum, { lines }) => sum + lines, 0),
      net: money(list.reduce((sum, { net }) => sum + BigInt(net), 0n)),
    })),
    unseen: prices.flatMap(({ component, before, after }): WhatIfResult['unseen'] => {
      if (before === null) return [{ component, why: 'not_sold' }]
      return chargesUnused(after) && !chargesUnused(before) ? [{ component, why: 'standing' }] : []
    }),
  }
}
