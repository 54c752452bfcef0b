/** What the things of an account cost us in a stretch of time: rated by the same functions as its bill, at the prices of cost books. */
import { type Interval, intersect, splitAt } from '../base/time.ts'
import { minorOf } from '../billing/rules.ts'
import { costBooks, offered } from '../catalog/index.ts'
import type { ContractInForce } from '../contracts/index.ts'
import type { Context } from '../db/index.ts'
import { labelsOf } from '../inventory/index.ts'
import { rate } from '../rating/index.ts'

type Book = Awaited<ReturnType<typeof costBooks>>[number]
export interface Label {
  kind: string
  name: string
  realm: string
}
export interface Costs {
  /** minor units by resource, each in the currency of its book */
  items: { resource_id: string; currency: string; cost: bigint }[]
  /** used, and without a price in its cost book for all of the time */
  unpriced: ReadonlySet<string>
  /** whether the cost of such a thing is known for all of the time, in a currency */
  isKnown: (label: Label, currency: string) => boolean
}

interface Asked {
  contract: ContractInForce
  period: Interval
  zone: string
  cut: number
}
/** A stretch in which the same books hold. */
export interface Part {
  stretch: Interval
  books: readonly Book[]
}

/** The book of a realm: its own, or that of all which have none. */
export const bookOf = ({ books }: Part, realm: string): Book | undefined =>
  books.find((one) => one.realm === realm) ?? books.find((one) => one.realm === null)

/** A period cut where another cost book begins or ends to hold. */
export async function booksIn(ctx: Context, period: Interval): Promise<Part[]> {
  const all = await costBooks(ctx, period)
  const bounds = all.flatMap(({ valid_from, valid_to }) => [valid_from, ...(valid_to === null ? [] : [valid_to])])
  return splitAt(period, bounds).map((stretch) => ({
    stretch,
    books: all.filter(({ valid_from: from, valid_to: to }) => intersect({ from, to }, stretch)),
  }))
}

export async function costsOf(ctx: Context, { contract, period, zone, cut }: Asked): Promise<Costs> {
  const parts = await booksIn(ctx, period)
  const items: Costs['items'] = []
  const unpriced = new Set<string>()
  for (const part of parts)
    for (const book of part.books) {
      const terms = { price_book_id: book.price_book_id, currency: book.currency, service_id: book.id }
      const rated = await rate(ctx, {
        contract: { ...contract, ...terms },
        period: part.stretch,
        zone,
        cut,
        within: (realm) => bookOf(part, realm) === book,
      })
      for (const { resource, net, currency } of rated.lines)
        items.push({ resource_id: resource.id, currency, cost: minorOf(net, currency) })
      for (const { resource } of rated.unrated) unpriced.add(resource.id)
    }
  const kinds = new Map<string, ReadonlySet<string>>()
  for (const { price_book_id } of parts.flatMap(({ books }) => books))
    kinds.set(price_book_id, new Set([...(await offered(ctx, price_book_id))].map((one) => one.split('.')[0] ?? '')))
  const isKnown = ({ kind, realm }: Label, currency: string) =>
    parts.every((part) => {
      const book = bookOf(part, realm)
      return book?.currency === currency && (kinds.get(book.price_book_id)?.has(kind) ?? false)
    })
  return { items, unpriced, isKnown }
}

/** Kind, name and realm of things, where they are machines. */
export const labelled = (ctx: Context, ids: Iterable<string>): Promise<Map<string, Label>> =>
  labelsOf(ctx, [...new Set(ids)])
