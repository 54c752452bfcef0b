/** Finalising: a draft becomes a frozen invoice with the next number of its series. */
import { canonical } from '#connectors/contract.ts'
import { getAccount, getLegalEntity } from '../accounts/index.ts'
import type { LegalEntity } from '../accounts/contract.ts'
import { type Actor, permit } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import { Problem, sure } from '../base/problem.ts'
import { addDays, fromIso, type Instant, iso, monthOf, yearOf } from '../base/time.ts'
import { contractOf, holdContract } from '../contracts/index.ts'
import { type ClosedCut, closeCut } from '../db/cut.ts'
import { type Clock, type Context, type Database, transact } from '../db/index.ts'
import { append } from '../events/index.ts'
import { pendingWork, settle, settleHere } from '../ingest/index.ts'
import { useCoupons } from '../promotions/index.ts'
import { ENGINE_VERSION } from '../rating/contract.ts'
import {
  CONTENT_SCHEMA_VERSION,
  type DocumentLine,
  type DocumentRef,
  type DocumentType,
  type Draft,
  type InvoiceContent,
  type NewInvoice,
} from './contract.ts'
import type { z } from 'zod'
import { markBilled } from '../charges/index.ts'
import { queueMails } from '../mails/index.ts'
import { credit, openSettlement, type Owed } from '../settlements/index.ts'
import { chargesIn } from './charge-lines.ts'
import { draft, openSince } from './draft.ts'
import { mailingOf } from './letter-text.ts'
import { contentHashOf, minorOf, numberText, refuseMixed } from './rules.ts'
import * as store from './store.ts'

/** Tries to close the cut with nothing left to settle, before new facts are held up for it. */
const PATIENT_TRIES = 3

/** Closes the cut once all that derives from its facts is settled: nothing in flight slips under. */
export async function settledCut(db: Database, actor: Actor, now: Clock): Promise<ClosedCut> {
  for (let attempt = 0; attempt < PATIENT_TRIES; attempt += 1) {
    await settle(db, now)
    const cut = await transact(db, actor, now, (ctx) => closeCut(ctx, async () => (await pendingWork(ctx)).count === 0))
    if (cut) return cut
  }
  const settled = async (ctx: Context) => {
    await settleHere(ctx)
    return true
  }
  return sure(await transact(db, actor, now, (ctx) => closeCut(ctx, () => settled(ctx))))
}

/**
 * Turns the draft of an account into an invoice: closes a cut, rates at it, and in one transaction takes the next number as the last
 * step. Throws `unrated`, `gap_blocked`, `nothing_to_invoice`, `invalid` (a period end outside the month or in the future).
 */
export async function finalise(
  db: Database,
  actor: Actor,
  now: Clock,
  request_id: string,
  input: z.infer<typeof NewInvoice>,
): Promise<string> {
  const cut = await readyToInvoice(db, actor, now, input)
  return transact(db, actor, now, (ctx) => issue(ctx, input, cut), request_id)
}

/** What comes before `issue`, in transactions of its own: a cut under the facts. One that nobody uses harms nothing. */
export async function readyToInvoice(
  db: Database,
  actor: Actor,
  now: Clock,
  input: z.infer<typeof NewInvoice>,
): Promise<ClosedCut> {
  await transact(db, actor, now, (ctx) => checkRequest(ctx, input))
  return settledCut(db, actor, now)
}

async function checkRequest(ctx: Context, { account_id, to }: z.infer<typeof NewInvoice>): Promise<void> {
  permit(ctx, 'billing.write')
  const account = await getAccount(ctx, account_id)
  const contract = await contractOf(ctx, account_id)
  const from = contract && (await openSince(ctx, contract))
  if (from === null || from >= ctx.now())
    throw new Problem('nothing_to_invoice', `There is nothing to invoice to ${account.name} yet.`)
  if (to === undefined) return
  const end = fromIso(to)
  if (end <= from || end > ctx.now()) refuseEnd(from, Math.min(monthOf(from, account.zone).to, ctx.now()))
  // beyond the first month it may lie only where nothing was used before
  if (end > monthOf(from, account.zone).to) checkEnd(await draft(ctx, { account_id, as_of: end }), end)
}

/** An invoice ends within the month in which its first usage lies. */
function checkEnd({ period }: Draft, end: Instant): void {
  if (fromIso(period.to) !== end) refuseEnd(fromIso(period.from), fromIso(period.to))
}

function refuseEnd(from: Instant, latest: Instant): never {
  throw new Problem(
    'invalid',
    `The period begins at ${iso(from)}; it must end after that, by ${iso(latest)} and not in the future.`,
    [{ pointer: '/to', detail: `must be after ${iso(from)} and at most ${iso(latest)}` }],
  )
}

/** The invoice itself; returns its id. */
export async function issue(ctx: Context, input: z.infer<typeof NewInvoice>, cut: ClosedCut): Promise<string> {
  permit(ctx, 'billing.write')
  const contract = await contractOf(ctx, input.account_id)
  await holdContract(ctx, sure(contract).id)
  const as_of = input.to ? fromIso(input.to) : null
  const made = await draft(ctx, { account_id: input.account_id, as_of, cut })
  if (as_of !== null) checkEnd(made, as_of)
  return (await issueDraft(ctx, made)).id
}

/** Freezes a draft that was made in this transaction, under its contract's lock, at a closed cut. */
export const issueDraft = async (ctx: Context, made: Draft): Promise<Issued> =>
  await issuePrepared(ctx, await prepareDraft(ctx, made))

/** All of it but the number, which others may wait for. Throws where the draft can't be issued. */
export async function prepareDraft(ctx: Context, made: Draft): Promise<Prepared> {
  permit(ctx, 'billing.write')
  refuseUnrated(made)
  refuseBlocked(made)
  refuseMixed(made)
  if (made.lines.length === 0)
    throw new Problem('nothing_to_invoice', 'The draft has no lines: nothing that has a price was used in its period.')
  const { unrated: _none, blocked_gaps: _accepted, month: _month, ...whole } = made
  return await prepare(ctx, { ...whole, document_type: 'invoice' })
}

export interface Issued {
  id: string
  number: string
}
export async function issuePrepared(ctx: Context, prepared: Prepared): Promise<Issued> {
  permit(ctx, 'billing.write')
  const { id, number, account_id, currency, content } = await giveNumber(ctx, prepared)
  await append(ctx, {
    type: 'invoice.finalised',
    subject: { kind: 'invoice', id },
    account_id,
    after: { number, total: content.totals.total, currency },
  })
  return { id, number }
}

export function refuseUnrated(made: Draft): void {
  if (made.unrated.length === 0) return
  const some = made.unrated
    .slice(0, 3)
    .map((missing) => `${missing.resource.name} (${missing.resource.kind}.${missing.meter})`)
  throw new Problem(
    'unrated',
    `${made.unrated.length} used components have no price for all of the period: ${some.join(', ')}${made.unrated.length > 3 ? ', …' : ''}. Set their prices; a price of 0 is a price.`,
  )
}

function refuseBlocked({ blocked_gaps }: Draft): void {
  const [gap] = blocked_gaps
  if (!gap) return
  const { resource, meter, from, to } = gap
  throw new Problem(
    'gap_blocked',
    `${blocked_gaps.length} gaps hold this invoice back, by the policy of their prices; the first: ${resource.name} (${resource.kind}.${meter}) was not observed from ${from} to ${to}. Wait for late reports, or accept the gaps with a reason.`,
  )
}

/** What is frozen: a draft, or the lines that correct an invoice. */
export type Freezable = Omit<Draft, 'lines' | 'unrated' | 'blocked_gaps' | 'month' | 'by_project'> & {
  lines: readonly DocumentLine[]
  document_type: DocumentType
  corrects?: DocumentRef
  one_off?: true
}

/** A document that lacks nothing but its number: its lines are written, and no series is held for it yet. */
export interface Prepared {
  id: string
  made: Freezable
  entity: LegalEntity
  /** each line's JSON, written once, for the hash and for the row */
  texts: readonly string[]
}

/** Writes what never changes again. */
export const freeze = async (ctx: Context, made: Freezable): Promise<store.InvoiceRow> =>
  await giveNumber(ctx, await prepare(ctx, made))

async function prepare(ctx: Context, made: Freezable): Promise<Prepared> {
  const [id, texts] = [newId(), made.lines.map(canonical)]
  const entity = await getLegalEntity(ctx, made.seller.id)
  const minor = (text: string) => minorOf(text, made.currency)
  await store.insertLines(
    ctx,
    { id, account_id: made.account_id },
    made.lines.map((line, index) => ({
      position: index + 1,
      line_id: line.id,
      resource_id: line.resource.id,
      net_minor: minor(line.net),
      content: sure(texts[index]),
    })),
  )
  return { id, made, entity, texts }
}

/** Takes the number under the series' lock: from here to the end of the transaction nobody else of the company issues. */
async function giveNumber(ctx: Context, { id, made, entity, texts }: Prepared): Promise<store.InvoiceRow> {
  const { lines, account_id, document_type, ...frozen } = made
  const series = await store.lockSeries(ctx, {
    legal_entity_id: entity.id,
    document_type,
    year: yearOf(ctx.now(), entity.zone),
  })
  const issued_at: Instant = Math.max(ctx.now(), await store.lastIssuedAt(ctx, entity.id))
  const number = numberText(entity.invoice_prefix, document_type, series.year, series.next_number)
  const content: InvoiceContent = {
    ...frozen,
    schema_version: CONTENT_SCHEMA_VERSION,
    engine_version: ENGINE_VERSION,
    number,
    document_type,
    issued_at: iso(issued_at),
    // of a credit nothing is due from the customer
    due_at: iso(addDays(issued_at, document_type === 'credit_note' ? 0 : entity.payment_terms_days, entity.zone)),
  }
  const minor = (text: string) => minorOf(text, made.currency)
  const row: store.InvoiceRow = {
    id,
    legal_entity_id: entity.id,
    account_id,
    contract_id: made.contract_id,
    document_type,
    series_year: series.year,
    series_number: series.next_number,
    number,
    issued_at,
    period_from: fromIso(made.period.from),
    period_to: fromIso(made.period.to),
    currency: made.currency,
    net_minor: minor(made.totals.net),
    tax_minor: minor(made.totals.tax),
    total_minor: minor(made.totals.total),
    line_count: lines.length,
    cut: made.cut,
    content,
    previous_hash: series.last_hash,
    content_hash: contentHashOf(content, texts, series.last_hash),
    corrects_id: made.corrects?.invoice_id ?? null,
    one_off: made.one_off ?? false,
  }
  await store.insertInvoice(ctx, row)
  // a note has the coupons of its invoice, and uses nothing up
  if (document_type === 'invoice')
    await useCoupons(ctx, { invoice_id: row.id, account_id, currency: made.currency }, made.coupons ?? [])
  await store.advanceSeries(ctx, series, row.content_hash)
  await markBilled(ctx, row, chargesIn(row, lines))
  if (row.document_type === 'credit_note') await credit(ctx, sure(row.corrects_id), row.total_minor)
  else await openSettlement(ctx, owedBy(row))
  if (entity.send_automatically) await queueMails(ctx, mailingOf(row, content.buyer.email))
  return row
}

const owedBy = ({ id, account_id, number, currency, total_minor }: store.InvoiceRow): Owed => ({
  invoice_id: id,
  account_id,
  number,
  currency,
  total_minor,
})
