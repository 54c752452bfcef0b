/** Which prices a wish selects, what it makes of them, and what that would have made of the last month. Writes nothing. */
import { z } from 'zod'
import { defaultAccount, getLegalEntity } from '../accounts/index.ts'
import { permit } from '../base/actor.ts'
import { csvLine } from '../base/csv.ts'
import { majorText } from '../base/money.ts'
import { type FieldError, Problem, sure } from '../base/problem.ts'
import { fromIso, type Instant, iso, monthOf } from '../base/time.ts'
import { type HeldPrice, priceBooks, priceKey, pricesHolding } from '../catalog/index.ts'
import type { Context } from '../db/index.ts'
import { decodeCursor, encodeCursor } from '../http/index.ts'
import {
  type Mark,
  type Preview,
  type PreviewedPrice,
  type PreviewQuery,
  PRICES_MAX,
  type Recalculation,
} from './contract.ts'
import { type Effect, marksOf, total } from './effect.ts'
import { lastMonth } from './last-month.ts'
import { byFraction, changed, type Content, deltaOf, deltaText, digestOf, isSame, leadingAmount } from './rules.ts'

type Book = Awaited<ReturnType<typeof priceBooks>>[number]
/** A price and what the wish makes of it. */
export interface Wanted extends Omit<HeldPrice, 'content'> {
  book: Book
  before: Content
  after: Content
}
export interface Wish {
  effective_at: Instant
  currency: string
  books: Map<string, Book>
  decisions: Wanted[]
  unchanged: number
  digest: string
}

/** The books by name; without any, the standard book of the first company. */
async function booksIn(ctx: Context, ids: readonly string[] | undefined): Promise<Book[]> {
  const books = ids ? await priceBooks(ctx, ids) : [await standardBook(ctx)]
  const missing = ids?.find((id) => !books.some((book) => book.id === id))
  if (missing !== undefined)
    throw new Problem('not_found', `There is no price book ${missing}; GET /price-books lists them.`)
  const currencies = new Set(books.map(({ currency }) => currency))
  if (currencies.size > 1)
    throw new Problem(
      'invalid',
      `These books are in ${[...currencies].join(' and ')}: choose books in one currency at a time.`,
      [{ pointer: '/price_book_ids', detail: 'must be in one currency' }],
    )
  return books
}
/** The standard book of the first company. */
export async function standardBook(ctx: Context): Promise<Book> {
  const { legal_entity_id } = await defaultAccount(ctx)
  const { currency } = await getLegalEntity(ctx, legal_entity_id)
  const book = (await priceBooks(ctx)).find(
    (one) => one.is_default && one.legal_entity_id === legal_entity_id && one.currency === currency,
  )
  if (!book) throw new Problem('not_found', 'The first company has no price book yet: set its first price.')
  return book
}

/** The start of the next month in the zone of a book's company. */
export async function nextMonth(ctx: Context, { legal_entity_id }: Pick<Book, 'legal_entity_id'>): Promise<Instant> {
  const { zone } = await getLegalEntity(ctx, legal_entity_id)
  return monthOf(ctx.now(), zone).to
}

function assertChanges({ percent, amount, round_to }: Recalculation): void {
  const errors: FieldError[] = []
  if (percent === undefined && amount === undefined && round_to === undefined)
    errors.push({ pointer: '/percent', detail: 'a percentage, an amount or a rounding is needed' })
  if (round_to !== undefined && /^0+(\.0+)?$/.test(round_to))
    errors.push({ pointer: '/round_to', detail: 'must be above 0' })
  if (errors.length > 0) throw new Problem('invalid', 'Say how the prices change.', errors)
}

/** What the wish comes to, as the catalogue stands now. */
export async function wishOf(ctx: Context, wish: Recalculation, at: string | undefined): Promise<Wish> {
  permit(ctx, 'catalog.read')
  assertChanges(wish)
  const books = await booksIn(ctx, wish.price_book_ids)
  const effective_at = at === undefined ? await nextMonth(ctx, sure(books[0])) : fromIso(at)
  const byId = new Map(books.map((book) => [book.id, book]))
  const held = (await pricesHolding(ctx, [...byId.keys()], effective_at)).filter((price) =>
    isSelected(price, sure(byId.get(price.price_book_id)), wish),
  )
  if (held.length > PRICES_MAX)
    throw new Problem(
      'invalid',
      `${held.length} prices are selected; at most ${PRICES_MAX} can change at once: select fewer.`,
    )
  const made = held.map((price) => ({ price, after: changed(price.content, wish) }))
  refuseWorthless(made)
  const decisions = made.flatMap(({ price: { content: before, ...price }, after }) =>
    after && !isSame(before, after) ? [{ ...price, before, after, book: sure(byId.get(price.price_book_id)) }] : [],
  )
  const digest = digestOf(iso(effective_at), decisions)
  const unchanged = held.length - decisions.length
  return { effective_at, currency: sure(books[0]).currency, books: byId, decisions, unchanged, digest }
}

function isSelected({ kind, meter, content }: HeldPrice, book: Book, wish: Recalculation): boolean {
  const text = wish.text?.trim().toLowerCase() ?? ''
  return (
    (wish.kinds?.includes(kind) ?? true) &&
    (wish.meters?.includes(meter) ?? true) &&
    (wish.models?.includes(content.model) ?? true) &&
    [`${kind}.${meter}`, content.unit, book.name].some((one) => one.toLowerCase().includes(text))
  )
}

const NAMED = 5
function refuseWorthless(made: readonly { price: HeldPrice; after: Content | null }[]): void {
  const worthless = made.filter(({ after }) => after === null).map(({ price }) => `${price.kind}.${price.meter}`)
  if (worthless.length === 0) return
  const more = worthless.length > NAMED ? ` and ${worthless.length - NAMED} more` : ''
  throw new Problem(
    'invalid',
    `An amount of these prices would become 0 or less: ${worthless.slice(0, NAMED).join(', ')}${more}. Change by less, round to a smaller step, or select others.`,
    [{ pointer: '/percent', detail: 'makes some amounts 0 or less' }],
  )
}

/** Prices with what the last month would have been under them. */
async function rated(ctx: Context, wish: Wish) {
  const month = await lastMonth(ctx, wish)
  const byKey = Map.groupBy(month.bills, ({ effect }) => effect.key ?? '')
  const items = wish.decisions.map((one) => {
    const own = byKey.get(priceKey(one)) ?? []
    const effects = own.map(({ effect }) => effect)
    return {
      one,
      delta: deltaOf(one.before, one.after),
      accounts: new Set(own.map(({ account_id }) => account_id)).size,
      before: total(effects, ({ before }) => before),
      after: total(effects, ({ after }) => after),
    }
  })
  return { month, items }
}
type Item = Awaited<ReturnType<typeof rated>>['items'][number]

const nameOf = ({ one }: Item): string => [one.book.name, one.kind, one.meter, one.book.id].join('\n')
const ORDERS: Record<PreviewQuery['sort'], (a: Item, b: Item) => number> = {
  name: () => 0,
  price: (a, b) => byFraction(leadingAmount(a.one.before), leadingAmount(b.one.before)),
  delta: (a, b) => (a.delta && b.delta ? byFraction(a.delta.most, b.delta.most) : 0),
  accounts: (a, b) => a.accounts - b.accounts,
  revenue: (a, b) => {
    const difference = a.after - a.before - (b.after - b.before)
    return difference < 0n ? -1 : difference > 0n ? 1 : 0
  },
}
function sorted(items: readonly Item[], { sort, order }: Pick<PreviewQuery, 'sort' | 'order'>): Item[] {
  const sign = order === 'asc' ? 1 : -1
  const byName = (a: Item, b: Item) => (nameOf(a) < nameOf(b) ? -1 : 1)
  return items.toSorted((a, b) => sign * (ORDERS[sort](a, b) || (sort === 'name' ? byName(a, b) : 0)) || byName(a, b))
}

const toPrice = ({ one, delta, accounts, before, after }: Item, currency: string): PreviewedPrice => ({
  price_book: { id: one.book.id, name: one.book.name },
  kind: one.kind,
  meter: one.meter,
  before: one.before,
  after: one.after,
  delta: deltaText(delta),
  until: one.ends_at === null ? null : iso(one.ends_at),
  accounts,
  revenue_before: majorText(before, currency),
  revenue_after: majorText(after, currency),
})

export const toMarks = (effects: readonly Effect[], currency: string): Mark[] =>
  marksOf(effects).map(({ why, lines, net }) => ({ why, lines, net: majorText(BigInt(net), currency) }))

const Cursor = z.object({ from: z.int().min(0) })
/** What a recalculation would do. Writes nothing. */
export async function previewRecalculation(ctx: Context, query: PreviewQuery): Promise<Preview> {
  permit(ctx, 'catalog.write')
  permit(ctx, 'billing.read')
  const wish = await wishOf(ctx, query, query.effective_at)
  const { month, items } = await rated(ctx, wish)
  const from = decodeCursor(query.cursor, Cursor)?.from ?? 0
  const to = from + query.limit
  const effects = month.bills.map(({ effect }) => effect)
  return {
    effective_at: iso(wish.effective_at),
    currency: wish.currency,
    digest: wish.digest,
    prices: wish.decisions.length,
    unchanged: wish.unchanged,
    month: month.name,
    accounts: new Set(month.bills.map(({ account_id }) => account_id)).size,
    revenue_before: majorText(
      total(effects, ({ before }) => before),
      wish.currency,
    ),
    revenue_after: majorText(
      total(effects, ({ after }) => after),
      wish.currency,
    ),
    not_computed: toMarks(effects, wish.currency),
    not_rated: month.not_rated,
    items: sorted(items, query)
      .slice(from, to)
      .map((item) => toPrice(item, wish.currency)),
    next_cursor: to < items.length ? encodeCursor({ from: to }) : null,
    total: items.length,
  }
}

const HEADER =
  'price_book,kind,meter,model,unit,per,amount_before,amount_after,terms_before,terms_after,delta_percent_least,delta_percent_most,customers,revenue_before,revenue_after,currency'
const termsText = ({ terms }: Content): string => (terms ? JSON.stringify(terms) : '')
/** All rows of the preview (RFC 4180). */
export async function previewCsv(ctx: Context, query: PreviewQuery): Promise<string> {
  permit(ctx, 'catalog.write')
  permit(ctx, 'billing.read')
  const wish = await wishOf(ctx, query, query.effective_at)
  const { items } = await rated(ctx, wish)
  const lines = sorted(items, query).map((item) => {
    const { price_book, kind, meter, before, after, delta, accounts, revenue_before, revenue_after } = toPrice(
      item,
      wish.currency,
    )
    const [old, fresh] = [sure(before), after]
    const price = [
      price_book.name,
      kind,
      meter,
      fresh.model,
      fresh.unit,
      fresh.per,
      old.amount,
      fresh.amount,
      termsText(old),
      termsText(fresh),
    ]
    return csvLine([...price, delta?.least, delta?.most, accounts, revenue_before, revenue_after, wish.currency])
  })
  return `${[HEADER, ...lines].join('\r\n')}\r\n`
}
