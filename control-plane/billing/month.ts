/** A calendar month of an account as billing has it: what was issued for it, and what of it is still open. */
import { getAccount } from '../accounts/index.ts'
import type { Account } from '../accounts/contract.ts'
import { permit } from '../base/actor.ts'
import { dateOf, fromIso, type Instant, type Interval, intersect, monthNamed, monthOf } from '../base/time.ts'
import { contractOf, type ContractInForce } from '../contracts/index.ts'
import { openCut } from '../db/cut.ts'
import type { Context } from '../db/index.ts'
import { rate } from '../rating/index.ts'
import { draft, knownTo, presentDraft, unlessEmpty } from './draft.ts'
import type { DocumentLine, Draft, InvoiceContent } from './contract.ts'
import { documentsOf } from './report/store.ts'
import { linesOfInvoice } from './store.ts'
import { withFees } from './terms/index.ts'

export interface BilledMonth {
  account: Account
  month: string
  /** of the calendar, in the account's zone */
  interval: Interval
  /** null: there was none in that month */
  contract: ContractInForce | null
  issued: { id: string; content: InvoiceContent; lines: DocumentLine[] }[]
  open: Draft | null
  /** the next invoice, whichever month it is of */
  next: Draft | null
}

/** `month` as "2026-11"; default: the present one. */
export async function billedMonth(ctx: Context, account_id: string, month?: string): Promise<BilledMonth> {
  permit(ctx, 'billing.read')
  const account = await getAccount(ctx, account_id)
  const interval = month === undefined ? monthOf(ctx.now(), account.zone) : monthNamed(month, account.zone)
  const named = dateOf(interval.from, account.zone).slice(0, 7)
  const rows = await documentsOf(ctx, account_id, interval)
  const issued: BilledMonth['issued'] = []
  for (const { id, content } of rows) {
    const lines = (await linesOfInvoice(ctx, id)).map((row) => row.content)
    issued.push({ id, content, lines })
  }
  const of = { account, month: named, interval, issued }
  return ctx.program(async (program) => {
    const at = Math.min(ctx.now(), interval.to - 1)
    const contract = await contractOf(program, account_id, at)
    const next = await draft(program, { account_id, as_of: null }).catch(unlessEmpty)
    const open = next?.month === named ? next : await openLater(program, { ...of, contract, next })
    return { ...of, contract, next, open }
  })
}

/** Of a month whose bill comes after one that is not issued yet. */
async function openLater(
  ctx: Context,
  { account, contract, interval, next }: Omit<BilledMonth, 'open'>,
): Promise<Draft | null> {
  if (!contract || !next || fromIso(next.period.from) >= interval.from) return null
  const cut = { number: await openCut(ctx.tx), closed_at: ctx.now() }
  const known: Instant = await knownTo(ctx, account.id, cut)
  const period = intersect(contract, { from: interval.from, to: Math.min(interval.to, known) })
  if (!period || period.from >= period.to) return null
  const request = { contract, period, zone: account.zone, cut: cut.number }
  const rated = await withFees(ctx, { contract, period, cut: cut.number }, await rate(ctx, request))
  return presentDraft(ctx, account, request, rated)
}
