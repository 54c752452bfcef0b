/** Issues what a re-rating was reviewed for: one note for each invoice that differs, an invoice for a period that was passed over. */
import { getLegalEntity } from '../../accounts/index.ts'
import { permit } from '../../base/actor.ts'
import { Problem } from '../../base/problem.ts'
import { iso } from '../../base/time.ts'
import { contractOf, holdContract } from '../../contracts/index.ts'
import { type ClosedCut, closedCut } from '../../db/cut.ts'
import type { Context } from '../../db/index.ts'
import { append } from '../../events/index.ts'
import type { DocumentType, NewNotes } from '../contract.ts'
import { party, presentDraft } from '../draft.ts'
import { type Freezable, freeze } from '../finalise.ts'
import { majorText } from '../../base/money.ts'
import { signOf, totalsText } from '../rules.ts'
import type { InvoiceRow } from '../store.ts'
import type { z } from 'zod'
import { type Found, review, type Review } from './re-rate.ts'
import { type Chain, netOf, noteLine, taxesOfDeltas } from './rules.ts'
import { invoicedPeriods } from './store.ts'

/** The closed cut of a request; the problem `invalid` where it isn't one. */
export async function requireCut(ctx: Context, number: number): Promise<ClosedCut> {
  const cut = await closedCut(ctx.tx, number)
  if (cut) return cut
  throw new Problem(
    'invalid',
    `${number} is no closed cut: rate again without one, and take the cut that this names.`,
    [{ pointer: '/cut', detail: 'must be the cut of a re-rating' }],
  )
}

/**
 * Issues the notes of one account at the cut of their review, all of them or none; returns their ids in the order of issue. What was
 * issued already is not issued again. Throws `stale_review` where notes at a later cut, or a digest that differs, contradict the review.
 */
export async function issueNotes(ctx: Context, account_id: string, input: z.infer<typeof NewNotes>): Promise<string[]> {
  permit(ctx, 'billing.write')
  const cut = await requireCut(ctx, input.cut)
  await holdContracts(ctx, account_id)
  const reviewed = await review(ctx, account_id, cut)
  if (input.digest !== undefined && input.digest !== reviewed.shown.digest)
    throw new Problem(
      'stale_review',
      `What was reviewed at cut ${cut.number} has changed since, or was issued already: rate ${reviewed.account.name} again and review that.`,
    )
  const ids: string[] = []
  for (const found of inOrder(reviewed.found)) {
    const row = await freeze(ctx, await documentOf(ctx, reviewed, found))
    ids.push(row.id)
    await tell(ctx, row, found)
  }
  return ids
}

/** Documents of an account are made one after the other, whoever makes them. */
async function holdContracts(ctx: Context, account_id: string): Promise<void> {
  const current = await contractOf(ctx, account_id)
  const ids = new Set((await invoicedPeriods(ctx, account_id)).map((row) => row.contract_id))
  if (current) ids.add(current.id)
  for (const id of [...ids].toSorted()) await holdContract(ctx, id)
}

const ISSUED: readonly string[] = ['credit_note', 'debit_note', 'invoice'] satisfies DocumentType[]
/** Series are locked in one order everywhere, so that two who issue never wait for each other; within one, the oldest period first. */
const inOrder = (found: readonly Found[]): Found[] =>
  found
    .filter(({ outcome }) => ISSUED.includes(outcome))
    .toSorted((a, b) => ISSUED.indexOf(a.outcome) - ISSUED.indexOf(b.outcome) || a.period.from - b.period.from)

async function documentOf(ctx: Context, { account, cut }: Review, found: Found): Promise<Freezable> {
  const { contract, period, zone, rated, chain } = found
  if (chain) return noteOf(ctx, { account, cut }, { ...found, chain })
  const {
    unrated: _none,
    blocked_gaps: _nothing,
    month: _month,
    ...whole
  } = await presentDraft(ctx, account, { contract, period, zone, cut: cut.number }, rated)
  return { ...whole, document_type: 'invoice' }
}

/** To whom the invoice went, as they are named now; its zone and currency, the tax of its lines. */
async function noteOf(
  ctx: Context,
  { account, cut }: Pick<Review, 'account' | 'cut'>,
  { contract, period, zone, chain, corrects, due, deltas, causes, outcome }: Found & { chain: Chain },
): Promise<Freezable> {
  const { currency } = contract
  const document_type = outcome === 'credit_note' ? 'credit_note' : 'debit_note'
  const sign = signOf(document_type)
  const rows = taxesOfDeltas(chain, due, deltas)
  const [net, tax] = [netOf(deltas), rows.reduce((sum, row) => sum + row.tax, 0n)]
  const money = (minor: bigint) => majorText(sign * minor, currency)
  return {
    document_type,
    ...(corrects && { corrects }),
    account_id: account.id,
    contract_id: contract.id,
    period: { from: iso(period.from), to: iso(period.to) },
    cut: cut.number,
    currency,
    seller: party(await getLegalEntity(ctx, contract.legal_entity_id)),
    buyer: party(account),
    language: account.language,
    zone,
    lines: deltas.map((delta, index) => noteLine(delta, causes[index] ?? [], document_type)),
    taxes: rows.map(({ base, tax: of, row }) => ({ ...row, base: money(base), tax: money(of) })),
    totals: totalsText({ net: sign * net, tax: sign * tax, total: sign * (net + tax) }, currency),
  }
}

async function tell(ctx: Context, row: InvoiceRow, { corrects, causes }: Found): Promise<void> {
  const { number, currency, content } = row
  const after = { number, total: content.totals.total, currency }
  const subject = { kind: 'invoice', id: row.id }
  const { account_id } = row
  if (!corrects) await append(ctx, { type: 'invoice.finalised', subject, account_id, after })
  else
    await append(ctx, {
      type: row.document_type === 'credit_note' ? 'credit_note.issued' : 'debit_note.issued',
      subject,
      account_id,
      after: { ...after, corrects: corrects.number, causes: [...new Set(causes.flat())].toSorted() },
    })
}
