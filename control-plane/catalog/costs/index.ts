/** Verbs of cost books: at which prices the machines of a realm cost us, and when. */
import { defaultAccount, getLegalEntity } from '../../accounts/index.ts'
import { permit } from '../../base/actor.ts'
import { newId } from '../../base/id.ts'
import { Problem } from '../../base/problem.ts'
import { fromIso, type Interval, iso, monthOf } from '../../base/time.ts'
import { type Context, databaseError } from '../../db/index.ts'
import { append } from '../../events/index.ts'
import type { CostBook, CostBookChange, NewCostBook } from '../contract.ts'
import { insertBook } from '../store.ts'
import { insertCostBook, knownRealms, type NamedRow, selectCostBooks, updateCostBook } from './store.ts'

const toCostBook = ({ id, price_book_id, name, currency, realm, valid_from, valid_to }: NamedRow): CostBook => ({
  id,
  price_book_id,
  name,
  currency,
  realm,
  from: iso(valid_from),
  to: valid_to === null ? null : iso(valid_to),
})

export async function listCostBooks(ctx: Context): Promise<{ items: CostBook[]; realms: string[] }> {
  permit(ctx, 'margins.read')
  return { items: (await selectCostBooks(ctx)).map(toCostBook), realms: await knownRealms(ctx) }
}

/** Those that hold in a part of an interval, as a rating of costs reads them. */
export async function costBooks(ctx: Context, within: Interval): Promise<NamedRow[]> {
  permit(ctx, 'margins.read')
  return selectCostBooks(ctx, within)
}

/** With a price book of its own, into which costs are recorded like prices. */
export async function createCostBook(ctx: Context, { name, realm, ...input }: NewCostBook): Promise<CostBook> {
  permit(ctx, 'margins.read')
  permit(ctx, 'catalog.write')
  const entity = await getLegalEntity(ctx, (await defaultAccount(ctx)).legal_entity_id)
  const [created_at, currency] = [ctx.now(), input.currency ?? entity.currency]
  const valid_from = input.from === undefined ? monthOf(created_at, entity.zone).from : fromIso(input.from)
  const book = {
    id: newId(),
    legal_entity_id: entity.id,
    name,
    currency,
    is_default: false,
    negotiated_for: null,
    side: 'cost' as const,
  }
  await insertBook(ctx.tx, { ...book, created_at })
  const held = { valid_from, valid_to: null, actor: ctx.actor.name, created_at }
  const row = { id: newId(), price_book_id: book.id, realm, ...held }
  await onceInForce(insertCostBook(ctx, row))
  const made = toCostBook({ ...row, name, currency, legal_entity_id: entity.id })
  await append(ctx, { type: 'cost_book.opened', subject: { kind: 'cost_book', id: row.id }, after: made })
  return made
}

export async function changeCostBook(ctx: Context, id: string, { to }: CostBookChange): Promise<CostBook> {
  permit(ctx, 'margins.read')
  permit(ctx, 'catalog.write')
  const row = (await selectCostBooks(ctx)).find((one) => one.id === id)
  if (!row) throw new Problem('not_found', `There is no cost book ${id}.`)
  const valid_to = to === null ? null : fromIso(to)
  if (valid_to !== null && valid_to <= row.valid_from)
    throw new Problem('invalid', 'A cost book ends after it begins.', [
      { pointer: '/to', detail: `must be after ${iso(row.valid_from)}` },
    ])
  await onceInForce(updateCostBook(ctx, id, valid_to))
  const after = toCostBook({ ...row, valid_to })
  const subject = { kind: 'cost_book', id }
  await append(ctx, { type: 'cost_book.changed', subject, before: toCostBook(row), after })
  return after
}

/** The database refuses two of one realm at a time. */
async function onceInForce(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (databaseError(error)?.constraint !== 'cost_book_no_overlap') throw error
    throw new Problem('conflict', 'Another cost book holds for this realm then: end that one first.', [
      { pointer: '/realm', detail: 'must have no cost book at that time' },
    ])
  }
}
