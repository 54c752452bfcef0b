/** Sets of decisions about prices, as they are told and listed. */
import { z } from 'zod'
import { InstantMs } from '#connectors/contract.ts'
import { permit } from '../base/actor.ts'
import { Problem, sure } from '../base/problem.ts'
import { type Instant, iso } from '../base/time.ts'
import { priceBooks, priceKey, pricesHolding } from '../catalog/index.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import { decodeCursor, encodeCursor } from '../http/index.ts'
import { Id, type Page } from '../http/contract.ts'
import type { DecidedPrice, PriceChange, PriceChangeQuery } from './contract.ts'
import { type Content, deltaOf, deltaText, isSame } from './rules.ts'
import * as store from './store.ts'

export async function requireChange(ctx: Context, id: string, hold = false): Promise<store.ChangeRow> {
  const row = await store.findChange(ctx, id, hold)
  if (!row) throw new Problem('not_found', `There is no set of price decisions ${id}.`)
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

export async function tell(ctx: Context, what: string, row: store.ChangeRow, after: object = {}): Promise<void> {
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

export async function contentsAt(ctx: Context, ids: readonly string[], at: Instant): Promise<Map<string, Content>> {
  return new Map((await pricesHolding(ctx, ids, at)).map((held) => [priceKey(held), held.content]))
}
function standingOf(now: Content | undefined, before: Content | null, after: Content): DecidedPrice['now'] {
  if (!now) return 'none'
  if (isSame(now, after)) return 'as_decided'
  return before && isSame(now, before) ? 'as_before' : 'other'
}
