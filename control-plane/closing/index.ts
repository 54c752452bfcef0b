/** Verbs of closing: open the month of a company, look through what would be issued, hold accounts back, issue the rest. */
import { z } from 'zod'
import { InstantMs } from '#connectors/contract.ts'
import { defaultAccount, getLegalEntity } from '../accounts/index.ts'
import { permit } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import { majorText } from '../base/money.ts'
import { Problem, sure } from '../base/problem.ts'
import { HOUR_MS, type Instant, iso, monthNamed } from '../base/time.ts'
import { allAccounts, sendIssued } from '../billing/index.ts'
import { totalsText } from '../billing/rules.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import { decodeCursor, encodeCursor } from '../http/index.ts'
import { Id, type Page, type PageQuery } from '../http/contract.ts'
import type { AccountQuery, Close, ClosingAccount, Finalise, Hold, MailedClose, NewClose } from './contract.ts'
import * as store from './store.ts'

export { workOnCloses } from './work.ts'

async function requireClose(ctx: Context, id: string, hold = false): Promise<store.CloseRow> {
  const row = await store.findClose(ctx, id, hold)
  if (!row) throw new Problem('not_found', `There is no close of a month ${id}.`)
  return row
}

const orNull = (at: Instant | null): string | null => (at === null ? null : iso(at))

async function present(ctx: Context, list: readonly store.CloseRow[]): Promise<Close[]> {
  const tallies = await store.tallies(
    ctx,
    list.map(({ id }) => id),
  )
  const names = new Map<string, string>()
  for (const { legal_entity_id: id } of list) if (!names.has(id)) names.set(id, (await getLegalEntity(ctx, id)).name)
  return list.map((row) => {
    const { counts, flagged, sums } = sure(tallies.get(row.id))
    const others = [...sums].filter(([currency]) => currency !== row.currency)
    return {
      id: row.id,
      legal_entity: { id: row.legal_entity_id, name: sure(names.get(row.legal_entity_id)) },
      month: row.month,
      state: row.state,
      cut: row.cut,
      reviewed_at: orNull(row.cut_closed_at),
      grace_ends_at: iso(row.grace_ends_at),
      currency: row.currency,
      counts,
      flagged,
      ...netsIn(row.currency, sums.get(row.currency)),
      ...(others.length > 0 && {
        others: others.map(([currency, of]) => ({ currency, count: of.accounts, ...netsIn(currency, of) })),
      }),
      opened_at: iso(row.opened_at),
      opened_by: row.opened_by,
      closed_at: orNull(row.closed_at),
    }
  })
}

const netsIn = (currency: string, { ready_minor, issued_minor } = store.NO_SUMS) => ({
  ready_net: majorText(ready_minor, currency),
  issued_net: majorText(issued_minor, currency),
})

const subjectOf = ({ id }: store.CloseRow) => ({ kind: 'period_close', id })
async function tell(ctx: Context, what: string, row: store.CloseRow, after: object = {}): Promise<void> {
  const { month, legal_entity_id } = row
  await append(ctx, {
    type: `period_close.${what}`,
    subject: subjectOf(row),
    account_id: null,
    after: { month, legal_entity_id, ...after },
  })
}

/** Opens the month of a company: drafts of all its accounts are made in the background. */
export async function openClose(ctx: Context, { month, legal_entity_id, grace_hours }: NewClose): Promise<Close> {
  permit(ctx, 'billing.write')
  const entity = await getLegalEntity(ctx, legal_entity_id ?? (await defaultAccount(ctx)).legal_entity_id)
  const { to } = monthNamed(month, entity.zone)
  if (to > ctx.now())
    throw new Problem('invalid', `The month ${month} ends at ${iso(to)}; it can be closed after that.`, [
      { pointer: '/month', detail: 'must be over' },
    ])
  await store.lockCloses(ctx)
  const there = await store.closeOf(ctx, entity.id, month)
  if (there)
    throw new Problem('conflict', `${month} of ${entity.name} was opened already: go on there, or review it again.`)
  const row: store.CloseRow = {
    id: newId(),
    legal_entity_id: entity.id,
    month,
    state: 'preparing',
    currency: entity.currency,
    cut: null,
    cut_closed_at: null,
    grace_ends_at: to + grace_hours * HOUR_MS,
    opened_at: ctx.now(),
    opened_by: ctx.actor.name,
    closed_at: null,
  }
  await store.insertClose(ctx, row)
  await addAccounts(ctx, row)
  await tell(ctx, 'opened', row, { grace_ends_at: iso(row.grace_ends_at) })
  return sure((await present(ctx, [row]))[0])
}

async function addAccounts(ctx: Context, { id, legal_entity_id }: store.CloseRow): Promise<void> {
  const accounts = (await allAccounts(ctx)).filter((account) => account.legal_entity_id === legal_entity_id)
  await store.addAccounts(ctx, id, accounts)
}

const Cursor = z.object({ at: InstantMs, id: Id })
export async function listCloses(ctx: Context, query: z.infer<typeof PageQuery>): Promise<Page<Close>> {
  permit(ctx, 'billing.write')
  const found = await store.selectCloses(ctx, query.limit, decodeCursor(query.cursor, Cursor))
  const shown = found.slice(0, query.limit)
  const last = found.length > query.limit ? shown.at(-1) : undefined
  return {
    items: await present(ctx, shown),
    next_cursor: last ? encodeCursor({ at: last.opened_at, id: last.id }) : null,
    total: await store.countCloses(ctx),
  }
}

export async function getClose(ctx: Context, id: string): Promise<Close> {
  permit(ctx, 'billing.write')
  return sure((await present(ctx, [await requireClose(ctx, id)]))[0])
}

const NameCursor = z.object({ name: z.string(), id: Id })
export async function listClosing(ctx: Context, id: string, query: AccountQuery): Promise<Page<ClosingAccount>> {
  permit(ctx, 'billing.write')
  const close = await requireClose(ctx, id)
  const flagged = query.flagged === undefined ? undefined : query.flagged === 'true'
  const filter = { state: query.state, flagged, limit: query.limit }
  const { found, total } = await store.selectAccounts(ctx, id, filter, decodeCursor(query.cursor, NameCursor))
  const shown = found.slice(0, query.limit)
  const last = found.length > query.limit ? shown.at(-1) : undefined
  return {
    items: shown.map((row) => fromRow(row, close.currency)),
    next_cursor: last ? encodeCursor({ name: last.account_name, id: last.account_id }) : null,
    total,
  }
}

function fromRow(row: store.AccountRow, ofCompany: string): ClosingAccount {
  const currency = row.currency ?? ofCompany
  const { period_from, period_to, net_minor, tax_minor, total_minor, usual_minor } = row
  const isDrafted = net_minor !== null && tax_minor !== null && total_minor !== null
  return {
    account: { id: row.account_id, name: row.account_name },
    state: row.state,
    flags: row.flags,
    period: period_from === null || period_to === null ? null : { from: iso(period_from), to: iso(period_to) },
    currency,
    totals: isDrafted ? totalsText({ net: net_minor, tax: tax_minor, total: total_minor }, currency) : null,
    usual_net: usual_minor === null ? null : majorText(usual_minor, currency),
    line_count: row.line_count,
    reason: row.reason,
    problem: row.problem,
    invoices: row.invoices.map(({ id, number }) => ({ id, number })),
  }
}

/** The close, held until the transaction ends, in one of the states in which this may be done. */
async function closeIn(ctx: Context, id: string, states: store.CloseRow['state'][], what: string) {
  permit(ctx, 'billing.write')
  const row = await requireClose(ctx, id, true)
  if (!states.includes(row.state))
    throw new Problem(
      'conflict',
      `This month is in the state "${row.state}"; it can be ${what} while it is ${states.join(' or ')}.`,
    )
  return row
}

/** Drafts are made anew at a new cut: after a price was set, a gap accepted, or late facts came. What was issued stays. */
export async function reviewAgain(ctx: Context, id: string): Promise<Close> {
  const row = await closeIn(ctx, id, ['review', 'closed'], 'reviewed again')
  await addAccounts(ctx, row)
  await store.forgetReview(ctx, id)
  await store.updateClose(ctx, id, { state: 'preparing', cut: null, cut_closed_at: null, closed_at: null })
  await tell(ctx, 'review_begun', row)
  return getClose(ctx, id)
}

/** Keeps an account out of the batch, or lets it in again. */
export async function holdAccount(ctx: Context, id: string, account_id: string, input: Hold): Promise<ClosingAccount> {
  const close = await closeIn(ctx, id, ['review', 'finalising'], 'changed')
  const row = await store.findAccount(ctx, id, account_id)
  if (!row) throw new Problem('not_found', `There is no account ${account_id} in this close.`)
  const [from, to] = input.held ? (['ready', 'held'] as const) : (['held', 'ready'] as const)
  if (row.state !== from)
    throw new Problem('conflict', `${row.account_name} is ${row.state}: only who is ${from} can become ${to}.`)
  if (input.held && input.reason === '')
    throw new Problem('invalid', 'Say why this account is held back.', [{ pointer: '/reason', detail: 'is missing' }])
  const change = { state: to, reason: input.held ? input.reason : '' }
  await store.updateAccount(ctx, row, change)
  await append(ctx, {
    type: input.held ? 'period_close.account_held' : 'period_close.account_released',
    subject: subjectOf(close),
    account_id: null,
    after: { account_id, account_name: row.account_name, reason: change.reason },
  })
  return fromRow({ ...row, ...change }, close.currency)
}

/** Issues every account that is ready, in the background. */
export async function finaliseClose(ctx: Context, id: string, { early }: z.infer<typeof Finalise>): Promise<Close> {
  const row = await closeIn(ctx, id, ['review'], 'finalised')
  if (ctx.now() < row.grace_ends_at && !early)
    throw new Problem(
      'conflict',
      `Late facts of ${row.month} are waited for until ${iso(row.grace_ends_at)}. Wait, or say \`early\`: what comes later is billed by notes.`,
    )
  await store.updateClose(ctx, id, { state: 'finalising' })
  await tell(ctx, 'finalising', row, { early: ctx.now() < row.grace_ends_at })
  return getClose(ctx, id)
}

/** Tries once more to issue what was parked, as it was reviewed. */
export async function retryParked(ctx: Context, id: string): Promise<Close> {
  const row = await closeIn(ctx, id, ['closed'], 'tried again')
  const accounts = await store.moveAccounts(ctx, id, 'parked', 'ready')
  if (accounts === 0) throw new Problem('conflict', 'No account of this month is parked.')
  await store.updateClose(ctx, id, { state: 'finalising', closed_at: null })
  await tell(ctx, 'retried', row, { accounts })
  return getClose(ctx, id)
}

/** Gives it up before anything was issued; the month can be opened anew. */
export async function cancelClose(ctx: Context, id: string): Promise<Close> {
  const row = await closeIn(ctx, id, ['preparing', 'review'], 'cancelled')
  const { counts } = sure((await store.tallies(ctx, [id])).get(id))
  if (counts.issued > 0)
    throw new Problem(
      'conflict',
      `${counts.issued} accounts of this month were invoiced already: it can't be given up.`,
    )
  await store.updateClose(ctx, id, { state: 'cancelled', closed_at: ctx.now() })
  await store.forgetRated(ctx, id)
  await tell(ctx, 'cancelled', row)
  return getClose(ctx, id)
}

/** Sends everything that it issued and nobody has sent yet. */
export async function mailClose(ctx: Context, id: string): Promise<MailedClose> {
  permit(ctx, 'billing.write')
  const row = await requireClose(ctx, id, true)
  const queued = await sendIssued(ctx, await store.issuedBy(ctx, id))
  if (queued > 0) await tell(ctx, 'mailed', row, { documents: queued })
  return { queued }
}
