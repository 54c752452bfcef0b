/** Verbs of price indexes: published prices by which a price of the model `dynamic` goes, and their values. */
import { z } from 'zod'
import { defaultAccount, getLegalEntity } from '../accounts/index.ts'
import { permit } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import { Problem, sure } from '../base/problem.ts'
import { fromIso, type Interval, iso, isZone } from '../base/time.ts'
import { openCut } from '../db/cut.ts'
import { type Context, databaseError } from '../db/index.ts'
import { together } from '../db/together.ts'
import { append } from '../events/index.ts'
import { decodeCursor, encodeCursor } from '../http/index.ts'
import type { Page } from '../http/contract.ts'
import type {
  IndexValue,
  IndexValueQuery,
  KnownIndex,
  NewIndexValues,
  NewPriceIndex,
  PriceIndex,
  PublishedValues,
} from './contract.ts'
import { holdingIn, published } from './rules.ts'
import {
  endValues,
  type IndexRow,
  insertIndex,
  insertValues,
  liveFrom,
  lockIndex,
  newest,
  selectIndexes,
  selectValues,
  trimmed,
  type ValueRow,
  valuesKnown,
} from './store.ts'

/** Throws `conflict` where one is called so already. */
export async function createIndex(ctx: Context, { zone: asked, ...input }: NewPriceIndex): Promise<PriceIndex> {
  permit(ctx, 'catalog.write')
  const zone = asked ?? (await getLegalEntity(ctx, (await defaultAccount(ctx)).legal_entity_id)).zone
  if (!isZone(zone))
    throw new Problem('invalid', `${zone} is no time zone: take one such as Europe/Madrid.`, [
      { pointer: '/zone', detail: 'must be an IANA time zone' },
    ])
  const row = { ...input, zone, id: newId(), created_at: ctx.now() }
  try {
    await insertIndex(ctx.tx, row)
  } catch (error) {
    if (databaseError(error)?.constraint !== 'price_index_name_index') throw error
    throw new Problem(
      'conflict',
      `There is an index ${row.name} already: publish its values there, or call this one otherwise.`,
      [{ pointer: '/name', detail: 'is taken' }],
    )
  }
  const made = { ...row, created_at: iso(row.created_at), current: null, known_to: null }
  await append(ctx, { type: 'price_index.created', subject: { kind: 'price_index', id: row.id }, after: made })
  return made
}

/** All of them by name, with what they say now. */
export async function listIndexes(ctx: Context): Promise<PriceIndex[]> {
  permit(ctx, 'catalog.read')
  return presented(ctx, await selectIndexes(ctx.tx))
}

export async function getIndex(ctx: Context, id: string): Promise<PriceIndex> {
  permit(ctx, 'catalog.read')
  return sure((await presented(ctx, [await required(ctx, id)]))[0])
}

async function presented(ctx: Context, list: readonly IndexRow[]): Promise<PriceIndex[]> {
  if (list.length === 0) return []
  const { to, amount } = await newest(
    ctx.tx,
    list.map(({ id }) => id),
    ctx.now(),
  )
  return list.map((row) => {
    const known_to = to.get(row.id)
    return {
      ...row,
      created_at: iso(row.created_at),
      current: amount.get(row.id) ?? null,
      known_to: known_to === undefined ? null : iso(known_to),
    }
  })
}

async function required(ctx: Context, id: string): Promise<IndexRow> {
  const [row] = await selectIndexes(ctx.tx, [id])
  return row ?? missing(id)
}
function missing(id: string): never {
  throw new Problem('not_found', `There is no price index ${id}; GET /price-indexes lists them.`)
}

const Cursor = z.object({ after: z.int() })
/** Values in the order of time, as known now or to a cut. */
export async function listValues(
  ctx: Context,
  price_index_id: string,
  { from, to, cut, cursor, limit }: IndexValueQuery,
): Promise<Page<IndexValue>> {
  permit(ctx, 'catalog.read')
  await required(ctx, price_index_id)
  const found = await selectValues(ctx.tx, {
    price_index_id,
    from: from === undefined ? null : fromIso(from),
    to: to === undefined ? null : fromIso(to),
    cut: cut ?? null,
    after: decodeCursor(cursor, Cursor)?.after ?? null,
    limit: limit + 1,
  })
  const shown = found.slice(0, limit)
  const last = shown.at(-1)
  const next_cursor = found.length > limit && last ? encodeCursor({ after: last.valid_from }) : null
  return { items: shown.map(toValue), next_cursor, total: null }
}

const toValue = ({ id, valid_from, valid_to, amount, actor, reason, recorded_at }: ValueRow): IndexValue => ({
  id,
  from: iso(valid_from),
  to: valid_to === null ? null : iso(valid_to),
  amount,
  actor,
  reason,
  recorded_at: iso(recorded_at),
})

/**
 * Records values of an index. What was published is changed only by a correction with its reason: closed cuts know it as it was, and
 * months that were billed by it are re-rated. Sent twice, the same values are recorded once.
 */
export async function publishValues(
  ctx: Context,
  price_index_id: string,
  { values, correction, reason: said }: NewIndexValues,
): Promise<PublishedValues> {
  permit(ctx, 'catalog.write')
  const reason = said.trim()
  if (correction && reason === '')
    throw new Problem('invalid', 'A correction of published values needs a reason, which stands in their history.', [
      { pointer: '/reason', detail: 'must say why the past is changed' },
    ])
  const index = (await lockIndex(ctx.tx, price_index_id)) ?? missing(price_index_id)
  const sent = values.map(({ from, to, amount }) => ({
    from: fromIso(from),
    to: to ? fromIso(to) : null,
    amount: trimmed(amount),
  }))
  const live = await liveFrom(ctx.tx, price_index_id, Math.min(...sent.map(({ from }) => from)))
  const change = published(live, sent, correction)
  const counts = { recorded: change.fresh.length, unchanged: change.unchanged, replaced: change.supersede.length }
  if (change.fresh.length === 0) return counts
  const open = await openCut(ctx.tx)
  await endValues(ctx.tx, change.supersede, open)
  const known = { cut_from: open, cut_to: null }
  const written = { price_index_id, actor: ctx.actor.name, reason, recorded_at: ctx.now(), ...known }
  await insertValues(ctx.tx, [
    ...change.remainders.map(({ value, ...span }) => ({ ...value, ...span, ...known, id: newId() })),
    ...change.fresh.map((value) => ({ ...written, ...value, id: newId() })),
  ])
  const froms = change.fresh.map((one) => one.valid_from)
  const span = { from: iso(Math.min(...froms)), last: iso(Math.max(...froms)) }
  await append(ctx, {
    type: correction ? 'price_index.corrected' : 'price_index.published',
    subject: { kind: 'price_index', id: price_index_id },
    ...(correction && { before: { values: change.supersede.slice(0, TOLD_VALUES).map(toValue) } }),
    after: { name: index.name, ...counts, ...span, ...(correction && { reason }) },
  })
  return counts
}
/** An event tells so many of the values that it replaced; their rows keep all of them. */
const TOLD_VALUES = 50

/** Indexes with the values that a cut knew; equal values that follow each other are one. */
export async function indexesAt(
  ctx: Context,
  ids: readonly string[],
  interval: Interval,
  cut: number,
): Promise<Map<string, KnownIndex>> {
  permit(ctx, 'catalog.read')
  return indexesOnce(ctx, { ...interval, cut }, ids)
}
const indexesOnce = together(
  async (ctx, { cut, ...interval }: Interval & { cut: number }, asked: readonly (readonly string[])[]) => {
    const ids = [...new Set(asked.flat())]
    const values = Map.groupBy(await valuesKnown(ctx, ids, interval, cut), (row) => row.price_index_id)
    const found = (await selectIndexes(ctx.tx, ids)).map(({ id, name, unit }): KnownIndex => ({
      id,
      name,
      unit,
      values: holdingIn(values.get(id) ?? [], interval),
    }))
    const known = new Map(found.map((one) => [one.id, one]))
    return asked.map(() => known)
  },
)

/** How indexes are called, for those who show prices. */
export async function indexNames(
  ctx: Context,
  ids: readonly string[],
): Promise<Map<string, Pick<KnownIndex, 'name' | 'unit'>>> {
  permit(ctx, 'catalog.read')
  const found = ids.length === 0 ? [] : await selectIndexes(ctx.tx, [...new Set(ids)])
  return new Map(found.map(({ id, name, unit }) => [id, { name, unit }]))
}

/** Throws `wrong_unit` where a price would go by an index that is not there or is of another currency than its book. */
export async function assertIndex(ctx: Context, id: string | undefined, currency: string): Promise<void> {
  permit(ctx, 'catalog.read')
  if (id === undefined) return
  const [index] = await selectIndexes(ctx.tx, [id])
  const refuse = (detail: string, wanted: string): never => {
    throw new Problem('wrong_unit', detail, [{ pointer: '/terms/index/id', detail: wanted }])
  }
  if (!index) return refuse(`There is no price index ${id}; GET /price-indexes lists them.`, 'must be a price index')
  if (index.currency !== currency)
    refuse(
      `The index ${index.name} is in ${index.currency}, the price book in ${currency}: take an index in ${currency}, or a book in ${index.currency}.`,
      `must be an index in ${currency}`,
    )
}
