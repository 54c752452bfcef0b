/** What comes into force, all or nothing: a set that is published, and another that brings back what held before. */
import { permit } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import { Problem } from '../base/problem.ts'
import { fromIso, iso } from '../base/time.ts'
import { holdPrices, type PriceDecision, priceKey, revisePrices } from '../catalog/index.ts'
import type { Context } from '../db/index.ts'
import { contentsAt, getChange, requireChange, tell } from './changes.ts'
import type { PriceChange, Undo } from './contract.ts'
import { type Content, isSame } from './rules.ts'
import * as store from './store.ts'

/** The one way into force: all or nothing, where the catalogue still says what each decision was made of. */
export async function putInForce(
  ctx: Context,
  row: store.ChangeRow,
  entries: readonly store.NewEntry[],
): Promise<void> {
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

/**
 * Brings back what held before, by another set that is published at once: new versions, and nothing is deleted. A price about which
 * somebody decided otherwise since stays as he decided; how many did is told.
 */
export async function undoChange(ctx: Context, id: string, { reason, effective_at }: Undo): Promise<PriceChange> {
  permit(ctx, 'catalog.write')
  const row = await requireChange(ctx, id, true)
  const { undone_by } = await getChange(ctx, id)
  if (row.state !== 'published' || undone_by)
    throw new Problem(
      'conflict',
      `"${row.name}" is ${undone_by ? 'undone already' : `a ${row.state} set`}: only what is in force can be undone.`,
    )
  const entries = await store.entriesOf(ctx, id)
  const books = [...new Set(entries.map(({ price_book_id }) => price_book_id))]
  const now = await holdPrices(ctx, books)
  const at = effective_at === undefined ? Math.max(now, row.effective_at) : fromIso(effective_at)
  if (at < row.effective_at)
    throw new Problem('invalid', `These prices begin at ${iso(row.effective_at)}: nothing of them is to undo before.`, [
      { pointer: '/effective_at', detail: 'must not lie before they begin' },
    ])
  const back = broughtBack(row, entries, await contentsAt(ctx, books, at))
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

/** The decisions that still hold, the other way round. */
function broughtBack(
  { name }: store.ChangeRow,
  entries: readonly store.EntryRow[],
  held: ReadonlyMap<string, Content>,
): store.NewEntry[] {
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
      `Somebody decided otherwise about each price of "${name}" since: nothing is left to undo.`,
    )
  return back
}
