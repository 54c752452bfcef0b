/** Sets of decisions about prices: drafted, published in one transaction, discarded, and undone by another set. */
import { z } from 'zod'
import { InstantMs } from '#connectors/contract.ts'
import { permit } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import { Problem, sure } from '../base/problem.ts'
import { fromIso, type Instant, iso } from '../base/time.ts'
import {
  assertPrice,
  holdPrices,
  priceBooks,
  type PriceDecision,
  priceKey,
  pricesHolding,
  revisePrices,
} from '../catalog/index.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import { decodeCursor, encodeCursor } from '../http/index.ts'
import { Id, type Page } from '../http/contract.ts'
import type {
  DecidedPrice,
  NewDecision,
  NewPriceChange,
  PriceChange,
  PriceChangeEdit,
  PriceChangeQuery,
  Undo,
} from './contract.ts'
import { nextMonth, standardBook, wishOf } from './recalculate.ts'
import { type Content, deltaOf, deltaText, isSame } from './rules.ts'
import * as store from './store.ts'

export async function requireChange(ctx: Context, id: string, hold = false): Promise<store.ChangeRow> {
  const row = await store.findChange(ctx, id, hold)
  if (!row) throw new Problem('not_found', `There is no set of price decisions ${id}.`)
  return row
}
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

async function present(ctx: Context, list: readonly store.ChangeRow[]): Promise<PriceChange[]> {
  const facts = await store.factsOf(
    ctx,
    list.map(({ id }) => id),
  )
  return list.map(({ undoes_id, effective_at, created_at, decided_at, ...row }) => {
    const { prices, undoes_name, undone_by_id, undone_by_name } = sure(facts.get(row.id))
    return {
      ...row,
      prices,
      undoes: undoes_id === null ? null : { id: undoes_id, name: undoes_name ?? '' },
      undone_by: undone_by_id === null ? null : { id: undone_by_id, name: undone_by_name ?? '' },
      effective_at: iso(effective_at),
      created_at: iso(created_at),
      decided_at: decided_at === null ? null : iso(decided_at),
    }
  })
}

async function tell(ctx: Context, what: string, row: store.ChangeRow, after: object = {}): Promise<void> {
  const { name, reason, effective_at, currency } = row
  await append(ctx, {
    type: `price_change.${what}`,
    subject: { kind: 'price_change', id: row.id },
    account_id: null,
    after: { name, reason, effective_at: iso(effective_at), currency, ...after },
  })
}

const Cursor = z.object({ at: InstantMs, id: Id })
/** The newest first. */
export async function listChanges(ctx: Context, query: z.infer<typeof PriceChangeQuery>): Promise<Page<PriceChange>> {
  permit(ctx, 'catalog.read')
  const { found, total } = await store.selectChanges(ctx, query, decodeCursor(query.cursor, Cursor))
  const shown = found.slice(0, query.limit)
  const last = found.length > query.limit ? shown.at(-1) : undefined
  return {
    items: await present(ctx, shown),
    next_cursor: last ? encodeCursor({ at: last.created_at, id: last.id }) : null,
    total,
  }
}
export async function getChange(ctx: Context, id: string): Promise<PriceChange> {
  permit(ctx, 'catalog.read')
  return sure((await present(ctx, [await requireChange(ctx, id)]))[0])
}

const From = z.object({ from: z.int().min(0) })
/** Its decisions by book, kind and meter, each beside what the catalogue says now. */
export async function listDecided(
  ctx: Context,
  id: string,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<Page<DecidedPrice>> {
  permit(ctx, 'catalog.read')
  const change = await requireChange(ctx, id)
  const from = decodeCursor(cursor, From)?.from ?? 0
  const { found, total } = await store.pageOfEntries(ctx, id, { limit, from })
  const shown = found.slice(0, limit)
  const ids = [...new Set(shown.map(({ price_book_id }) => price_book_id))]
  const books = new Map((await priceBooks(ctx, ids)).map((book) => [book.id, book.name]))
  const now = await contentsAt(ctx, ids, Math.max(change.effective_at, ctx.now()))
  return {
    items: shown.map(({ id: entry, price_book_id, kind, meter, before, after }) => ({
      id: entry,
      price_book: { id: price_book_id, name: books.get(price_book_id) ?? '' },
      kind,
      meter,
      before,
      after,
      delta: deltaText(deltaOf(before, after)),
      now: standingOf(now.get(priceKey({ price_book_id, kind, meter })), before, after),
    })),
    next_cursor: found.length > limit ? encodeCursor({ from: from + limit }) : null,
    total,
  }
}

async function contentsAt(ctx: Context, ids: readonly string[], at: Instant): Promise<Map<string, Content>> {
  return new Map((await pricesHolding(ctx, ids, at)).map((held) => [priceKey(held), held.content]))
}
function standingOf(now: Content | undefined, before: Content | null, after: Content): DecidedPrice['now'] {
  if (!now) return 'none'
  if (isSame(now, after)) return 'as_decided'
  return before && isSame(now, before) ? 'as_before' : 'other'
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

/** The one way into force: all or nothing, where the catalogue still says what each decision was made of. */
async function putInForce(ctx: Context, row: store.ChangeRow, entries: readonly store.NewEntry[]): Promise<void> {
  if (row.reason === '')
    throw new Problem('invalid', 'Say why the prices change: it stands in their history.', [
      { pointer: '/reason', detail: 'is missing' },
    ])
  const books = [...new Set(entries.map(({ price_book_id }) => price_book_id))]
  const now = await holdPrices(ctx, books)
  const held = await contentsAt(ctx, books, row.effective_at)
  const stale = entries.filter((entry) => {
    const present = held.get(priceKey(entry))
    return entry.before === null ? present !== undefined : !present || !isSame(present, entry.before)
  })
  refuseStale(stale)
  const { effective_at, reason } = row
  await revisePrices(ctx, { effective_at, now, reason, replaces: false }, entries.map(toDecision))
  await store.updateChange(ctx, row.id, { state: 'published', decided_at: now, decided_by: ctx.actor.name })
  await tell(ctx, 'published', row, { prices: entries.length })
}
const toDecision = ({ price_book_id, kind, meter, after }: store.NewEntry): PriceDecision => ({
  price_book_id,
  kind,
  meter,
  content: after,
})

const NAMED = 5
function refuseStale(stale: readonly store.NewEntry[]): void {
  if (stale.length === 0) return
  const names = stale.slice(0, NAMED).map(({ kind, meter }) => `${kind}.${meter}`)
  const more = stale.length > NAMED ? ` and ${stale.length - NAMED} more` : ''
  throw new Problem(
    'stale_review',
    `The catalogue says other than when these were decided: ${names.join(', ')}${more}. Decide about them again, or take them out.`,
  )
}

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

/**
 * Brings back what held before, by another set that is published at once: new versions, and nothing is deleted. A price about which
 * somebody decided otherwise since stays as he decided; how many did is told.
 */
export async function undoChange(ctx: Context, id: string, { reason, effective_at }: Undo): Promise<PriceChange> {
  permit(ctx, 'catalog.write')
  const row = await requireChange(ctx, id, true)
  const [shown] = await present(ctx, [row])
  if (row.state !== 'published' || shown?.undone_by)
    throw new Problem(
      'conflict',
      `"${row.name}" is ${shown?.undone_by ? 'undone already' : `a ${row.state} set`}: only what is in force can be undone.`,
    )
  const entries = await store.entriesOf(ctx, id)
  const books = [...new Set(entries.map(({ price_book_id }) => price_book_id))]
  const now = await holdPrices(ctx, books)
  const at = effective_at === undefined ? Math.max(now, row.effective_at) : fromIso(effective_at)
  if (at < row.effective_at)
    throw new Problem('invalid', `These prices begin at ${iso(row.effective_at)}: nothing of them is to undo before.`, [
      { pointer: '/effective_at', detail: 'must not lie before they begin' },
    ])
  const held = await contentsAt(ctx, books, at)
  const back = entries.flatMap((entry) => {
    const { before, after, price_book_id, kind, meter } = entry
    const present = held.get(priceKey(entry))
    return before && present && isSame(present, after)
      ? [{ price_book_id, kind, meter, before: after, after: before }]
      : []
  })
  if (back.length === 0)
    throw new Problem(
      'conflict',
      `Somebody decided otherwise about each price of "${row.name}" since: nothing is left to undo.`,
    )
  const undo: store.ChangeRow = {
    ...row,
    id: newId(),
    state: 'published',
    reason,
    effective_at: at,
    recalculation: null,
    undoes_id: id,
    created_at: now,
    created_by: ctx.actor.name,
    decided_at: now,
    decided_by: ctx.actor.name,
  }
  await store.insertChange(ctx, undo)
  await store.putEntries(ctx, undo.id, back)
  const replaces = at === row.effective_at
  await revisePrices(ctx, { effective_at: at, now, reason, replaces }, back.map(toDecision))
  await tell(ctx, 'published', undo, { undoes: id, prices: back.length, left_alone: entries.length - back.length })
  return getChange(ctx, undo.id)
}
