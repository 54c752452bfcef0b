/** Rates what was invoiced again, at a cut: what each invoice would be now, line by line, and what was passed over. Writes nothing. */
import { canonical, sha256 } from '#connectors/contract.ts'
import { getAccount, getLegalEntity } from '../../accounts/index.ts'
import type { Account } from '../../accounts/contract.ts'
import { majorText } from '../../base/money.ts'
import { assert, Problem } from '../../base/problem.ts'
import { type Instant, type Interval, intersect, iso, monthOf, monthsBefore } from '../../base/time.ts'
import { type ContractInForce, contractOf, servicesIn } from '../../contracts/index.ts'
import type { ClosedCut } from '../../db/cut.ts'
import type { Context } from '../../db/index.ts'
import { ownership } from '../../inventory/index.ts'
import { ENGINE_VERSION, type Line } from '../../rating/contract.ts'
import { chargesOn } from '../../charges/index.ts'
import { presentBlocked, presentMissing, rate, type RatedPeriod, type RatingRequest } from '../../rating/index.ts'
import { couponsOn } from '../../promotions/index.ts'
import { adjusted } from '../adjust.ts'
import { chargeLines } from '../charge-lines.ts'
import type { Cause, DocumentRef, Outcome, ReRated, ReRating } from '../contract.ts'
import { taxesOf, totalsOf, totalsText } from '../rules.ts'
import { type InvoiceRow, linesOfInvoice } from '../store.ts'
import { withFees } from '../terms/index.ts'
import { causesOf } from './causes.ts'
import {
  type Chain,
  type Delta,
  deltasOf,
  dueOf,
  type Issued,
  missedDeltas,
  netOf,
  outcomeOf,
  taxesOfDeltas,
} from './rules.ts'
import { documentsSince, invoicedPeriods, noteAfter } from './store.ts'

/** What was found of one invoice, with all that its note is made of. */
export interface Found {
  contract: ContractInForce
  period: Interval
  zone: string
  /** null: nothing was invoiced for this period */
  chain: Chain | null
  corrects: DocumentRef | null
  /** with the names, taxes and coupons of the invoice */
  due: Line[]
  deltas: Delta[]
  causes: Cause[][]
  rated: RatedPeriod
  outcome: Outcome
}
export interface Review {
  account: Account
  cut: ClosedCut
  found: Found[]
  shown: ReRating
}

export const refOf = ({ id, number, issued_at }: InvoiceRow): DocumentRef => ({
  invoice_id: id,
  number,
  issued_at: iso(issued_at),
})

/** Everything of an account that is rated otherwise at this cut than it was billed. Throws `stale_review` where notes know more. */
export async function review(ctx: Context, account_id: string, cut: ClosedCut): Promise<Review> {
  const account = await getAccount(ctx, account_id)
  const newer = await noteAfter(ctx, account_id, cut.number)
  if (newer)
    throw new Problem(
      'stale_review',
      `${newer} was issued at a later cut than ${cut.number}: rate ${account.name} again and review that.`,
    )
  const { note_threshold, re_rating_months } = await getLegalEntity(ctx, account.legal_entity_id)
  const since = monthsBefore(cut.closed_at, re_rating_months, account.zone)
  const rows = await documentsSince(ctx, account_id, since, cut.number)
  const found: Found[] = []
  for (const original of rows.filter((row) => row.document_type === 'invoice')) {
    const notes = rows.filter((row) => row.corrects_id === original.id)
    found.push(...(await corrected(ctx, original, notes, cut.number, BigInt(note_threshold))))
  }
  for (const missed of await passedOver(ctx, account, { since, cut: cut.number }))
    found.push(...(await supplement(ctx, account, missed, cut.number, BigInt(note_threshold))))
  const compared = rows.filter((row) => row.document_type === 'invoice').length
  return { account, cut, found, shown: await present(ctx, account, cut, { since, found, compared }) }
}

const NOTHING: RatedPeriod = { lines: [], unrated: [], blocked: [], fees: [] }

const issuedOf = async (ctx: Context, row: InvoiceRow): Promise<Issued> => ({
  document_type: row.document_type,
  content: row.content,
  lines: (await linesOfInvoice(ctx, row.id)).map((line) => line.content),
})

/** An invoice and its notes against what the cut makes of its period; nothing where they are equal. */
async function corrected(
  ctx: Context,
  row: InvoiceRow,
  noteRows: readonly InvoiceRow[],
  cut: number,
  threshold: bigint,
): Promise<Found[]> {
  const contract = await contractAt(ctx, row.account_id, row.period_from)
  assert(contract.id === row.contract_id, `${row.number} was issued under the contract of its time`)
  const period = { from: row.period_from, to: row.period_to }
  const { zone } = row.content
  const once = await chargeLines(ctx, contract, row.content.language, await chargesOn(ctx, row.id, cut))
  const notes: Issued[] = []
  for (const note of noteRows) notes.push(await issuedOf(ctx, note))
  const chain = { original: await issuedOf(ctx, row), notes }
  const used = row.one_off ? NOTHING : await ratedAgain(ctx, { contract, period, zone, cut }, chain.original.lines)
  const rated = { ...used, lines: [...used.lines, ...once] }
  const due = dueOf(chain, rated.lines)
  const deltas = deltasOf(chain, due)
  const isHeldBack = rated.unrated.length + (deltas.length > 0 ? rated.blocked.length : 0) > 0
  if (deltas.length === 0 && !isHeldBack) return []
  const causes = await causesOf(ctx, { contract, period, cut }, deltas)
  const outcome = outcomeOf(netOf(deltas), threshold, isHeldBack)
  return [{ contract, period, zone, chain, corrects: refOf(row), due, deltas, causes, rated, outcome }]
}

const ratedAgain = async (ctx: Context, request: RatingRequest, issued: readonly Line[]) =>
  withFees(ctx, { ...request, issued }, await rate(ctx, request))

async function contractAt(ctx: Context, account_id: string, at: Instant): Promise<ContractInForce> {
  const contract = await contractOf(ctx, account_id, at)
  assert(contract, `account ${account_id} had a contract when it was invoiced`)
  return contract
}

interface Missed {
  contract: ContractInForce
  period: Interval
  /** the cut of the invoice that passed it over */
  passed_at: number
}

/** Months, or parts of them, that lie before what was invoiced and were left out of it because nothing was used in them then. */
async function passedOver(
  ctx: Context,
  account: Account,
  { since, cut }: { since: Instant; cut: number },
): Promise<Missed[]> {
  const invoiced = await invoicedPeriods(ctx, account.id)
  const out: Missed[] = []
  for (const [contract_id, own] of Map.groupBy(invoiced, (row) => row.contract_id)) {
    const contract = await contractAt(ctx, account.id, own[0]?.from ?? 0)
    assert(contract.id === contract_id, 'an invoice lies within its contract')
    let from = contract.from
    for (const { from: begin, to, cut: passed_at } of own) {
      if (passed_at <= cut)
        for (const period of monthsIn({ from: Math.max(from, since), to: begin }, account.zone))
          out.push({ contract, period, passed_at })
      from = to
    }
  }
  return out
}

function monthsIn({ from, to }: Interval, zone: string): Interval[] {
  const out: Interval[] = []
  for (let at = from; at < to; at = monthOf(at, zone).to) {
    const month = intersect(monthOf(at, zone), { from, to })
    if (month) out.push(month)
  }
  return out
}

/** A period that was passed over and isn't empty any more is invoiced by itself: no later invoice reaches back to it. */
async function supplement(
  ctx: Context,
  account: Account,
  { contract, period, passed_at }: Missed,
  cut: number,
  threshold: bigint,
): Promise<Found[]> {
  const owned = await ownership(ctx, { account_id: account.id }, period, cut)
  const { versions } = await servicesIn(ctx, account.id, period, cut)
  if (owned.length + versions.length === 0) return []
  // what is charged in advance after it was left to the documents after it
  const rated = await ratedAgain(ctx, { contract, period, zone: account.zone, cut }, [])
  const { lines: due } = adjusted(
    rated.lines,
    await couponsOn(ctx, { account_id: account.id, currency: contract.currency }),
    contract.currency,
  )
  const deltas = missedDeltas(due, { cut: passed_at, engine_version: ENGINE_VERSION })
  const isHeldBack = rated.unrated.length + rated.blocked.length > 0
  if (deltas.length === 0 && !isHeldBack) return []
  const outcome = outcomeOf(netOf(deltas), threshold, isHeldBack)
  return [
    {
      contract,
      period,
      zone: account.zone,
      chain: null,
      corrects: null,
      due,
      deltas,
      causes: await causesOf(ctx, { contract, period, cut }, deltas),
      rated,
      outcome: outcome === 'debit_note' ? 'invoice' : outcome,
    },
  ]
}

function shownOf({
  contract,
  period,
  zone,
  chain,
  corrects,
  due: all_due,
  deltas,
  causes,
  rated,
  outcome,
}: Found): ReRated {
  const { currency } = contract
  const money = (minor: bigint) => majorText(minor, currency)
  const lines = deltas.map(({ sample, billed, due }, index) => ({
    service_id: sample.service_id,
    resource: sample.resource,
    ...(sample.for_account && { for_account: sample.for_account }),
    component: sample.component,
    ...(sample.meter && { meter: sample.meter }),
    billed: money(billed),
    due: money(due),
    delta: money(due - billed),
    causes: causes[index] ?? [],
  }))
  const [taxes, totals] = chain ? onNote(chain, all_due, deltas) : onInvoice(all_due, currency)
  return {
    corrects,
    period: { from: iso(period.from), to: iso(period.to) },
    currency,
    zone,
    outcome,
    lines,
    taxes,
    totals: totalsText(totals, currency),
    unrated: rated.unrated.map(presentMissing),
    blocked_gaps: outcome === 'held_back' ? rated.blocked.map(presentBlocked) : [],
  }
}

function onNote(chain: Chain, due: readonly Line[], deltas: readonly Delta[]) {
  const rows = taxesOfDeltas(chain, due, deltas)
  const [net, tax] = [netOf(deltas), rows.reduce((sum, row) => sum + row.tax, 0n)]
  return [rows.map(({ row }) => row), { net, tax, total: net + tax }] as const
}
function onInvoice(lines: readonly Line[], currency: string) {
  const taxes = taxesOf(lines, currency)
  return [taxes, totalsOf(lines, taxes, currency)] as const
}

async function present(
  ctx: Context,
  { id, name, zone, legal_entity_id }: Account,
  cut: ClosedCut,
  { since, found, compared }: { since: Instant; found: readonly Found[]; compared: number },
): Promise<ReRating> {
  const { note_threshold, re_rating_months, ...seller } = await getLegalEntity(ctx, legal_entity_id)
  const currency = (await contractOf(ctx, id))?.currency ?? seller.currency
  const whole = {
    account: { id, name },
    cut: cut.number,
    since: iso(since),
    months: re_rating_months,
    zone,
    currency,
    threshold: majorText(BigInt(note_threshold), currency),
    compared,
    documents: found.map(shownOf),
  }
  return { ...whole, digest: sha256(canonical(whole)) }
}
