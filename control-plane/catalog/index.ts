/** The verbs of the catalogue: price books, decisions about prices, and the prices that a cut knows. */
import { defaultAccount, getLegalEntity } from '../accounts/index.ts'
import { permit } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import { Problem } from '../base/problem.ts'
import { fromIso, type Instant, type Interval, iso, monthOf } from '../base/time.ts'
import { LIVE, openCut } from '../db/cut.ts'
import { type Context, databaseError } from '../db/index.ts'
import { append } from '../events/index.ts'
import { assertIndex, indexNames } from '../indexes/index.ts'
import { METER_NAMES, meterOf } from '../metering/contract.ts'
import type {
  MeterDescription,
  NewPrice,
  NewPriceBook,
  Price,
  PriceBook as PriceBookShown,
  PriceList,
  PriceRow,
} from './contract.ts'
import { priceBooks } from './revision/index.ts'
import {
  assertFits,
  assertMayHold,
  type Change,
  choicesOf,
  conditionKey,
  decide,
  overlap,
  type Span,
  stateOf,
} from './rules.ts'
import { assertTerms, keptTerms } from './terms.ts'
import { assertCost, assertOneAttribute, assertUnconditional } from './costs/rules.ts'
import { isBookOfPlan } from './plans/store.ts'
import {
  componentsOf,
  findBook,
  findDefaultBook,
  insertBook,
  insertVersion,
  listVersions,
  liveVersions,
  lockBook,
  lockBooks,
  type PriceBook,
  type PriceVersion,
  remainder,
  supersede,
  versionsAt,
} from './store.ts'

export type { PriceRow } from './contract.ts'
export {
  assertPrice,
  booksOfVersions,
  contentOf,
  type HeldPrice,
  holdPrices,
  priceBooks,
  type PriceContent,
  type PriceDecision,
  type PriceKey,
  priceKey,
  pricesHolding,
  revisePrices,
} from './revision/index.ts'
export { changeCostBook, costBooks, createCostBook, listCostBooks } from './costs/index.ts'
export { changePlan, createPlan, getPlan, listPlans, plansById, publishPlan, retirePlan } from './plans/index.ts'

/** The price book of a legal entity in a currency (default: its own) that contracts use unless told otherwise; made at the first call. */
export async function createDefaultBook(ctx: Context, legal_entity_id: string, asked?: string): Promise<string> {
  permit(ctx, 'catalog.write')
  await lockBooks(ctx.tx)
  const entity = await getLegalEntity(ctx, legal_entity_id)
  const currency = asked ?? entity.currency
  const existing = await findDefaultBook(ctx.tx, legal_entity_id, currency)
  if (existing) return existing.id
  const name = currency === entity.currency ? 'Standard' : `Standard ${currency}`
  return (await made(ctx, { legal_entity_id, name, currency, is_default: true, negotiated_for: null })).id
}

async function made(ctx: Context, content: Omit<PriceBook, 'id' | 'created_at' | 'side'>): Promise<PriceBook> {
  const book = { ...content, id: newId(), side: 'sale' as const, created_at: ctx.now() }
  await insertBook(ctx.tx, book)
  await append(ctx, { type: 'price_book.created', subject: { kind: 'price_book', id: book.id }, after: book })
  return book
}

/** A book for negotiated prices, or the standard book of another currency. Throws `conflict` where that is there already. */
export async function createBook(ctx: Context, input: NewPriceBook): Promise<PriceBookShown> {
  permit(ctx, 'catalog.write')
  await lockBooks(ctx.tx)
  const entity = await getLegalEntity(ctx, input.legal_entity_id ?? (await defaultAccount(ctx)).legal_entity_id)
  const { name, negotiated_for, currency = entity.currency } = input
  const is_default = negotiated_for === null
  if (is_default && (await findDefaultBook(ctx.tx, entity.id, currency)))
    throw new Problem('conflict', `${entity.name} has a standard book in ${currency} already.`, [
      { pointer: '/currency', detail: 'has its standard book' },
    ])
  const book = await made(ctx, { legal_entity_id: entity.id, name, currency, is_default, negotiated_for })
  return { ...book, created_at: iso(book.created_at) }
}

/** What can be priced, and in which units. */
export function listMeters(): MeterDescription[] {
  return METER_NAMES.map((name) => {
    const { kind, counts, of = 'resource' } = meterOf(name)
    const { units, models, gap_policies } = choicesOf(name)
    return { name, kind, of, counts: counts ?? null, units, models, gap_policies }
  })
}

/** All price books by name. */
export async function listBooks(ctx: Context): Promise<PriceBookShown[]> {
  permit(ctx, 'catalog.read')
  return (await priceBooks(ctx)).map((book) => ({ ...book, created_at: iso(book.created_at) }))
}

export interface ListedPrices {
  history: boolean
  price_book_id?: string | undefined
  /** whose standard book, where none is named */
  legal_entity_id?: string | undefined
  /** of that standard book; default: the company's own */
  currency?: string | undefined
}

/** Prices of a book, current and scheduled; with `history` also the past ones. */
export async function listPrices(
  ctx: Context,
  { history, price_book_id, legal_entity_id, currency }: ListedPrices,
): Promise<PriceList> {
  permit(ctx, 'catalog.read')
  const now = ctx.now()
  const id = price_book_id ?? (await standardBook(ctx, legal_entity_id, currency))
  const book = required(await findBook(ctx.tx, id), id)
  mayRead(ctx, book)
  const versions = await listVersions(ctx.tx, book.id, history ? null : now)
  const indexes = await indexNames(
    ctx,
    versions.flatMap(({ terms }) => terms?.index?.id ?? []),
  )
  const items = versions.map((version) => {
    const index = version.terms?.index && indexes.get(version.terms.index.id)
    return { ...toPrice(version, book, now), ...(index && { index }) }
  })
  return { items, currency: book.currency, price_book_id: book.id }
}

/**
 * Records a decision about a price. It holds until the next version of that price begins.
 * Refused: a unit that doesn't fit (`wrong_unit`), a changed past without a reasoned correction (`past_price`), an instant
 * at which another version begins (`price_overlap`).
 */
export async function addPrice(ctx: Context, input: NewPrice): Promise<Price> {
  permit(ctx, 'catalog.write')
  assertFits(input)
  assertTerms(input)
  const id = input.price_book_id ?? (await standardBook(ctx))
  const book = required(await lockBook(ctx.tx, id), id)
  mayRead(ctx, book)
  await assertSells(ctx, input, book)
  await assertIndex(ctx, input.terms?.index?.id, book.currency)
  // The clock is read under the lock: decisions without an instant hold in the order in which they are recorded.
  const now = ctx.now()
  const all = await liveVersions(ctx.tx, { price_book_id: book.id, kind: input.kind, meter: input.meter })
  const { effective_at, change } = await decided(ctx, input, book, all, now)
  const open = await openCut(ctx.tx)
  for (const version of change.supersede) await supersede(ctx.tx, version, open)
  if (change.shorten) await record(ctx, remainder(change.shorten.version, change.shorten.ends_at, open))
  const version = await record(ctx, toRow(ctx, input, book, { ...change.span, now, open }))
  const price = toPrice(version, book, now)
  const replaced = change.supersede[0]
  await append(ctx, {
    type: replaced && effective_at < now ? 'price.corrected' : 'price.added',
    subject: { kind: 'price', id: price.id },
    ...(replaced && { before: toPrice(replaced, book, now) }),
    after: price,
  })
  return price
}

/** What a decision changes among the live versions of its component. Throws where it may not be. */
export async function decided(
  ctx: Context,
  input: NewPrice,
  book: PriceBook,
  all: readonly PriceVersion[],
  now: Instant,
): Promise<{ effective_at: Instant; change: Change<PriceVersion> }> {
  assertOneAttribute(input.applies_to, all)
  const live = alike(input, all)
  const effective_at = await beginning(ctx, input, book, live, now)
  const change = decide(live, effective_at, input.correction)
  if (change.supersede.length > 0 || book.negotiated_for !== null) assertMayHold({ ...input, effective_at }, now)
  return { effective_at, change }
}

/** Those that a decision is a version of. */
const alike = ({ applies_to }: NewPrice, all: readonly PriceVersion[]): PriceVersion[] =>
  all.filter((one) => conditionKey(one.applies_to) === conditionKey(applies_to))

/** What machines cost us is for those alone who may see margins. */
function mayRead(ctx: Context, { side }: PriceBook): void {
  if (side === 'cost') permit(ctx, 'margins.read')
}

/** Services are sold by plans: a fee stands in the price book of one. What a plan prices, it prices for each resource by itself. */
async function assertSells(ctx: Context, input: NewPrice, { id, side }: PriceBook): Promise<void> {
  const { kind, model, terms } = input
  if (side === 'cost') assertCost(input)
  else assertUnconditional(input)
  const isOfPlan = await isBookOfPlan(ctx.tx, id)
  if (isOfPlan && (model === 'allocation_pool' || terms?.pool))
    throw new Problem(
      'wrong_unit',
      'A plan has no price for all resources together: record it without a pool, or in the price book of the contract.',
      [{ pointer: terms?.pool ? '/terms/pool' : '/model', detail: 'must charge each resource by itself' }],
    )
  if (kind === 'service' && !isOfPlan)
    throw new Problem('wrong_unit', 'A fee is a price of a plan: record it in the price book of one.', [
      { pointer: '/price_book_id', detail: 'must be the price book of a plan' },
    ])
}

/** When a decision begins: as asked, else now; the first price of a component from the start of this month, which it contradicts nowhere. */
async function beginning(
  ctx: Context,
  input: NewPrice,
  book: PriceBook,
  live: readonly PriceVersion[],
  now: Instant,
): Promise<Instant> {
  if (input.effective_at !== undefined) return fromIso(input.effective_at)
  // what was negotiated goes before other prices: it changes no past by itself
  if (live.length > 0 || book.negotiated_for !== null) return now
  const { zone } = await getLegalEntity(ctx, book.legal_entity_id)
  return monthOf(now, zone).from
}

/** The prices of an interval as they would be with one more decision. Writes nothing. */
export async function hypothetical(
  ctx: Context,
  price_book_id: string,
  input: NewPrice,
  interval: Interval,
): Promise<PriceRow[]> {
  permit(ctx, 'catalog.read')
  assertFits(input)
  assertTerms(input)
  const book = required(await findBook(ctx.tx, price_book_id), price_book_id)
  await assertIndex(ctx, input.terms?.index?.id, book.currency)
  if (book.side !== 'cost') assertUnconditional(input)
  const now = ctx.now()
  const live = alike(input, await liveVersions(ctx.tx, { price_book_id, kind: input.kind, meter: input.meter }))
  const { supersede: gone, shorten, span } = decide(live, await beginning(ctx, input, book, live, now), true)
  const kept = (await pricesAt(ctx, price_book_id, interval, LIVE)).filter(
    (price) => !gone.some((version) => version.id === price.id),
  )
  const row = toRow(ctx, input, book, { ...span, now, open: LIVE })
  const fresh = [...(shorten ? [remainder(shorten.version, shorten.ends_at, LIVE)] : []), row]
  const held = fresh.map(({ applies_to, ...version }) => ({
    ...version,
    currency: book.currency,
    ...(applies_to && { applies_to }),
  }))
  return [...kept, ...held].filter(
    (price) => price.effective_at < interval.to && (price.ends_at ?? Infinity) > interval.from,
  )
}

/** A decision that is only thought of: checked, as rating takes it, with its currency. Writes nothing. */
export async function considered(
  ctx: Context,
  input: NewPrice,
): Promise<Pick<PriceRow, 'model' | 'amount' | 'terms' | 'currency'>> {
  permit(ctx, 'catalog.read')
  assertFits(input)
  assertTerms(input)
  const id = input.price_book_id ?? (await standardBook(ctx))
  const { currency, side } = required(await findBook(ctx.tx, id), id)
  if (side !== 'cost') assertUnconditional(input)
  return { model: input.model, amount: input.amount ?? '0', terms: keptTerms(input.terms), currency }
}

/** Prices that a cut knew, for the part of time that they hold in the interval; oldest first for each kind and meter. */
export async function pricesAt(
  ctx: Context,
  price_book_id: string,
  interval: Interval,
  cut: number,
): Promise<PriceRow[]> {
  permit(ctx, 'catalog.read')
  return versionsAt(ctx, price_book_id, interval, cut)
}

/** Components (`kind.meter`) that a price book offers at any time: the others aren't sold under it. */
export async function offered(ctx: Context, price_book_id: string): Promise<Set<string>> {
  permit(ctx, 'catalog.read')
  return componentsOf(ctx, price_book_id)
}

async function standardBook(ctx: Context, legal_entity_id?: string, currency?: string): Promise<string> {
  const entity = await getLegalEntity(ctx, legal_entity_id ?? (await defaultAccount(ctx)).legal_entity_id)
  const book = await findDefaultBook(ctx.tx, entity.id, currency ?? entity.currency)
  return book?.id ?? createDefaultBook(ctx, entity.id, currency)
}

/** The currency and legal entity of a price book, for contracts. */
export async function getBook(ctx: Context, id: string): Promise<{ currency: string; legal_entity_id: string }> {
  permit(ctx, 'catalog.read')
  const { currency, legal_entity_id } = required(await findBook(ctx.tx, id), id)
  return { currency, legal_entity_id }
}

function required(book: PriceBook | null, id: string): PriceBook {
  if (!book) throw new Problem('not_found', `There is no price book ${id}; GET /prices names the standard one.`)
  return book
}

/** The database itself refuses overlapping versions: what two programs decide at once ends here. */
async function record(ctx: Context, version: PriceVersion): Promise<PriceVersion> {
  try {
    return await insertVersion(ctx.tx, version)
  } catch (error) {
    if (databaseError(error)?.constraint === 'price_version_no_overlap') throw overlap()
    throw error
  }
}

const toRow = (
  ctx: Context,
  { kind, meter, model, per, unit, amount, terms, applies_to, gap_policy, tax_class, tax_inclusive, reason }: NewPrice,
  book: PriceBook,
  { now, open, ...span }: Span & { now: Instant; open: number },
): PriceVersion => ({
  ...span,
  id: newId(),
  price_book_id: book.id,
  kind,
  meter,
  model,
  per,
  unit,
  amount: amount ?? '0',
  terms: keptTerms(terms),
  applies_to: applies_to ?? null,
  gap_policy: gap_policy ?? choicesOf(meter).gap_policies[0],
  tax_class,
  tax_inclusive,
  actor: ctx.actor.name,
  reason: reason.trim(),
  recorded_at: now,
  cut_from: open,
  cut_to: null,
})

function toPrice(row: PriceVersion, book: PriceBook, now: Instant): Price {
  const { cut_from: _from, cut_to: _to, applies_to, ...version } = row
  return {
    ...version,
    ...(applies_to && { applies_to }),
    currency: book.currency,
    effective_at: iso(version.effective_at),
    ends_at: version.ends_at === null ? null : iso(version.ends_at),
    state: stateOf(version, now),
    recorded_at: iso(version.recorded_at),
  }
}
