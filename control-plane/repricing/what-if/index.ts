/** What a draft would have changed on what was issued: asked for here, worked out in the background, kept as a report. */
import { z } from 'zod'
import { InstantMs } from '#connectors/contract.ts'
import { getLegalEntity } from '../../accounts/index.ts'
import { permit } from '../../base/actor.ts'
import { csvLine } from '../../base/csv.ts'
import { newId } from '../../base/id.ts'
import { majorText } from '../../base/money.ts'
import { Problem, sure } from '../../base/problem.ts'
import { dateOf, type Instant, iso, monthOf, monthsBefore } from '../../base/time.ts'
import { accountsInvoiced } from '../../billing/index.ts'
import { priceBooks } from '../../catalog/index.ts'
import type { Context } from '../../db/index.ts'
import { append } from '../../events/index.ts'
import { decodeCursor, encodeCursor } from '../../http/index.ts'
import { Id, type Page, type PageQuery } from '../../http/contract.ts'
import { requireChange } from '../changes.ts'
import type { Mark, NewWhatIf, WhatIf, WhatIfAccount, WhatIfAccountQuery } from '../contract.ts'
import { aroundMonths } from '../last-month.ts'
import { standardBook } from '../recalculate.ts'
import { percentText } from '../rules.ts'
import { entriesOf } from '../store.ts'
import * as reports from './store.ts'

async function requireWhatIf(ctx: Context, id: string, hold = false): Promise<reports.WhatIfRow> {
  const row = await reports.findWhatIf(ctx, id, hold)
  if (!row) throw new Problem('not_found', `There is no what-if ${id}.`)
  return row
}

async function present(ctx: Context, list: readonly reports.WhatIfRow[]): Promise<WhatIf[]> {
  const facts = await reports.factsOf(
    ctx,
    list.map(({ id }) => id),
  )
  return list.map((row) => {
    const { change_name, entity_name, done, all } = sure(facts.get(row.id))
    return {
      id: row.id,
      price_change: { id: row.change_id, name: change_name },
      legal_entity: { id: row.legal_entity_id, name: entity_name },
      currency: row.currency,
      months: row.months,
      prices: row.prices.length,
      state: row.state,
      accounts: { done, all },
      started_at: iso(row.started_at),
      started_by: row.started_by,
      done_at: row.done_at === null ? null : iso(row.done_at),
      result: row.result,
    }
  })
}

/** The names of so many months that are over, the oldest first, and from when to when they are. */
function monthsOver(now: Instant, count: number, zone: string) {
  const within = { from: monthsBefore(now, count, zone), to: monthOf(now, zone).from }
  const names: string[] = []
  for (let at = within.from; at < within.to; at = monthOf(at, zone).to) names.push(dateOf(at, zone).slice(0, 7))
  return { within, names }
}

/** Begins a what-if over the last months of what was issued. It goes on in the background. */
export async function startWhatIf(ctx: Context, input: NewWhatIf): Promise<WhatIf> {
  permit(ctx, 'catalog.write')
  permit(ctx, 'billing.read')
  const change = await requireChange(ctx, input.price_change_id)
  const entries = await entriesOf(ctx, change.id)
  const books = await priceBooks(ctx, [...new Set(entries.map(({ price_book_id }) => price_book_id))])
  const sellers = new Set(books.map((book) => book.legal_entity_id))
  if (input.legal_entity_id === undefined && sellers.size > 1)
    throw new Problem(
      'invalid',
      'This draft decides about prices of several companies: name the one whose invoices are looked at.',
      [{ pointer: '/legal_entity_id', detail: 'is missing' }],
    )
  const seller = await getLegalEntity(
    ctx,
    input.legal_entity_id ?? [...sellers][0] ?? (await standardBook(ctx)).legal_entity_id,
  )
  const { within, names } = monthsOver(ctx.now(), input.months, seller.zone)
  const row: reports.WhatIfRow = {
    id: newId(),
    change_id: change.id,
    legal_entity_id: seller.id,
    currency: change.currency,
    months: names,
    within_from: aroundMonths(within).from,
    within_to: aroundMonths(within).to,
    prices: entries.map(({ price_book_id, kind, meter, before, after }) => ({
      price_book_id,
      component: `${kind}.${meter}`,
      before,
      after,
    })),
    state: 'running',
    started_at: ctx.now(),
    started_by: ctx.actor.name,
    done_at: null,
    result: null,
  }
  await reports.insertWhatIf(ctx, row)
  await reports.addAccounts(ctx, row.id, await accountsInvoiced(ctx, reports.askedBy(row)))
  await append(ctx, {
    type: 'what_if.started',
    subject: { kind: 'what_if', id: row.id },
    account_id: null,
    after: { price_change_id: change.id, name: change.name, months: names, prices: entries.length },
  })
  return sure((await present(ctx, [row]))[0])
}

const Cursor = z.object({ at: InstantMs, id: Id })
/** The newest first. */
export async function listWhatIfs(ctx: Context, query: z.infer<typeof PageQuery>): Promise<Page<WhatIf>> {
  permit(ctx, 'catalog.write')
  permit(ctx, 'billing.read')
  const { found, total } = await reports.selectWhatIfs(ctx, query.limit, decodeCursor(query.cursor, Cursor))
  const shown = found.slice(0, query.limit)
  const last = found.length > query.limit ? shown.at(-1) : undefined
  return {
    items: await present(ctx, shown),
    next_cursor: last ? encodeCursor({ at: last.started_at, id: last.id }) : null,
    total,
  }
}
export async function getWhatIf(ctx: Context, id: string): Promise<WhatIf> {
  permit(ctx, 'catalog.write')
  permit(ctx, 'billing.read')
  return sure((await present(ctx, [await requireWhatIf(ctx, id)]))[0])
}

const From = z.object({ from: z.int().min(0) })
/** Who would have paid more, who less; while it runs, those who were looked at so far. */
export async function listWhatIfAccounts(
  ctx: Context,
  id: string,
  query: WhatIfAccountQuery,
): Promise<Page<WhatIfAccount>> {
  permit(ctx, 'catalog.write')
  permit(ctx, 'billing.read')
  const { currency } = await requireWhatIf(ctx, id)
  const from = decodeCursor(query.cursor, From)?.from ?? 0
  const { found, total } = await reports.selectAccounts(ctx, id, query, { limit: query.limit + 1, from })
  return {
    items: found.slice(0, query.limit).map((row) => fromRow(row, currency)),
    next_cursor: found.length > query.limit ? encodeCursor({ from: from + query.limit }) : null,
    total,
  }
}

export const marksText = (marks: reports.AccountRow['marks'], currency: string): Mark[] =>
  marks.map(({ why, lines, net }) => ({ why, lines, net: majorText(BigInt(net), currency) }))

const fromRow = (row: reports.AccountRow, currency: string): WhatIfAccount => ({
  account: { id: row.account_id, name: row.account_name },
  before: majorText(row.before_minor, currency),
  after: majorText(row.after_minor, currency),
  delta: majorText(row.after_minor - row.before_minor, currency),
  percent: percentText(row.before_minor, row.after_minor),
  invoices: row.invoices,
  not_computed: marksText(row.marks, currency),
  problem: row.problem,
})

const CSV_MAX = 100_000
/** All customers of a what-if (RFC 4180). */
export async function whatIfCsv(ctx: Context, id: string, query: WhatIfAccountQuery): Promise<string> {
  permit(ctx, 'catalog.write')
  permit(ctx, 'billing.read')
  const { currency } = await requireWhatIf(ctx, id)
  const { found } = await reports.selectAccounts(ctx, id, query, { limit: CSV_MAX, from: 0 })
  const lines = found.map((row) => {
    const { account, before, after, delta, percent, invoices, not_computed } = fromRow(row, currency)
    const marked = not_computed.reduce((sum, { lines: count }) => sum + count, 0)
    return csvLine([account.id, account.name, invoices, before, after, delta, percent, marked, currency])
  })
  return `${['account_id,customer,invoices,net_before,net_after,delta,delta_percent,lines_not_computed,currency', ...lines].join('\r\n')}\r\n`
}

/** Stops a what-if that still runs. */
export async function cancelWhatIf(ctx: Context, id: string): Promise<WhatIf> {
  permit(ctx, 'catalog.write')
  const row = await requireWhatIf(ctx, id, true)
  if (row.state !== 'running')
    throw new Problem('conflict', `This what-if is ${row.state}: only one that runs can be stopped.`)
  await reports.updateWhatIf(ctx, id, { state: 'cancelled', done_at: ctx.now() })
  await append(ctx, { type: 'what_if.cancelled', subject: { kind: 'what_if', id }, account_id: null })
  return getWhatIf(ctx, id)
}
