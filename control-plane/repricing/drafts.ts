/** Drafts of decisions about prices: begun empty or by a wish, changed, published or given up. */
import { permit } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import { Problem } from '../base/problem.ts'
import { fromIso, type Instant } from '../base/time.ts'
import { assertPrice, priceBooks, priceKey } from '../catalog/index.ts'
import type { Context } from '../db/index.ts'
import { contentsAt, getChange, requireChange, tell } from './changes.ts'
import type { NewDecision, NewPriceChange, PriceChange, PriceChangeEdit } from './contract.ts'
import { putInForce } from './in-force.ts'
import { nextMonth, standardBook, wishOf } from './recalculate.ts'
import * as store from './store.ts'

/** A draft, held until the transaction ends. */
async function requireDraft(ctx: Context, id: string): Promise<store.ChangeRow> {
  const row = await requireChange(ctx, id, true)
  if (row.state !== 'draft')
    throw new Problem(
      'conflict',
      `"${row.name}" was ${row.state} already; only a draft can be changed, published or discarded.`,
    )
  return row
}

/** A new set: empty, or by a wish; with `publish` in force at once. Throws `stale_review` where the wish comes to other than was reviewed. */
export async function createChange(ctx: Context, input: NewPriceChange): Promise<PriceChange> {
  permit(ctx, 'catalog.write')
  const { name, reason, recalculation, digest, publish } = input
  const wish = recalculation && (await wishOf(ctx, recalculation, input.effective_at))
  if (wish && digest !== undefined && digest !== wish.digest)
    throw new Problem('stale_review', 'The prices are no longer those that were reviewed: look at the preview again.')
  if (publish && !wish?.decisions.length)
    throw new Problem('invalid', 'No price would change: select others, or change them by more.')
  const row: store.ChangeRow = {
    id: newId(),
    name,
    state: 'draft',
    reason,
    effective_at: wish?.effective_at ?? (await beginning(ctx, input.effective_at)),
    currency: wish?.currency ?? (await standardBook(ctx)).currency,
    recalculation: recalculation ?? null,
    undoes_id: null,
    created_at: ctx.now(),
    created_by: ctx.actor.name,
    decided_at: null,
    decided_by: null,
  }
  const entries =
    wish?.decisions.map(({ price_book_id, kind, meter, before, after }) => ({
      price_book_id,
      kind,
      meter,
      before,
      after,
    })) ?? []
  await store.insertChange(ctx, row)
  await store.putEntries(ctx, row.id, entries)
  if (publish) await putInForce(ctx, row, entries)
  else await tell(ctx, 'drafted', row, { prices: entries.length })
  return getChange(ctx, row.id)
}

const beginning = async (ctx: Context, at: string | undefined): Promise<Instant> =>
  at === undefined ? nextMonth(ctx, await standardBook(ctx)) : fromIso(at)

/** All its versions in one transaction. */
export async function publishChange(ctx: Context, id: string): Promise<PriceChange> {
  permit(ctx, 'catalog.write')
  const row = await requireDraft(ctx, id)
  const entries = await store.entriesOf(ctx, id)
  if (entries.length === 0) throw new Problem('conflict', `"${row.name}" decides about no price yet.`)
  await putInForce(ctx, row, entries)
  return getChange(ctx, id)
}

export async function discardChange(ctx: Context, id: string): Promise<PriceChange> {
  permit(ctx, 'catalog.write')
  const row = await requireDraft(ctx, id)
  await store.updateChange(ctx, id, { state: 'discarded', decided_at: ctx.now(), decided_by: ctx.actor.name })
  await tell(ctx, 'discarded', row)
  return getChange(ctx, id)
}

/** Its name, its reason, or from when on it holds. */
export async function editChange(
  ctx: Context,
  id: string,
  { effective_at, ...input }: PriceChangeEdit,
): Promise<PriceChange> {
  permit(ctx, 'catalog.write')
  const row = await requireDraft(ctx, id)
  const { name = row.name, reason = row.reason } = input
  const edited = { name, reason, effective_at: effective_at === undefined ? row.effective_at : fromIso(effective_at) }
  await store.updateChange(ctx, id, edited)
  await tell(ctx, 'edited', { ...row, ...edited })
  return getChange(ctx, id)
}

/** Decides about one price of a draft, or decides otherwise. */
export async function decidePrice(ctx: Context, id: string, input: NewDecision): Promise<PriceChange> {
  permit(ctx, 'catalog.write')
  const row = await requireDraft(ctx, id)
  const { price_book_id = (await standardBook(ctx)).id, kind, meter, ...said } = input
  const [book] = await priceBooks(ctx, [price_book_id])
  if (!book) throw new Problem('not_found', `There is no price book ${price_book_id}.`)
  const prices = (await store.factsOf(ctx, [id])).get(id)?.prices ?? 0
  if (prices > 0 && book.currency !== row.currency)
    throw new Problem(
      'invalid',
      `This draft is in ${row.currency}, and ${book.name} in ${book.currency}: make another draft for it.`,
      [{ pointer: '/price_book_id', detail: `must be a book in ${row.currency}` }],
    )
  const after = assertPrice({ kind, meter, ...said })
  const before =
    (await contentsAt(ctx, [price_book_id], row.effective_at)).get(priceKey({ price_book_id, kind, meter })) ?? null
  const entry = { price_book_id, kind, meter, before, after }
  await store.putEntries(ctx, id, [entry])
  if (book.currency !== row.currency) await store.updateChange(ctx, id, { currency: book.currency })
  await tell(ctx, 'edited', { ...row, currency: book.currency }, { decided: entry })
  return getChange(ctx, id)
}

/** Takes a decision out of a draft. */
export async function withdrawDecision(ctx: Context, id: string, entry_id: string): Promise<void> {
  permit(ctx, 'catalog.write')
  const row = await requireDraft(ctx, id)
  const gone = await store.deleteEntry(ctx, id, entry_id)
  if (!gone) throw new Problem('not_found', `"${row.name}" holds no decision ${entry_id}.`)
  const { price_book_id, kind, meter } = gone
  await tell(ctx, 'edited', row, { withdrawn: { price_book_id, kind, meter } })
}
