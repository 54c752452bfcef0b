/**
 * The prices under a contract: those of its negotiated books in their time, and those of its own for the rest. Whoever reads prices of a
 * contract reads these.
 */
import type { Interval } from '../base/time.ts'
import { offered, type PriceRow, pricesAt } from '../catalog/index.ts'
import { booksUnder, type ContractInForce, type HeldBook } from '../contracts/index.ts'
import type { Context } from '../db/index.ts'
import { indexed } from './indexed.ts'
import { type Layer, layered, type Offer, offersOf } from './layers.ts'
import type { Price } from './rules.ts'
import { merged } from './versions.ts'

/** Versions of one book that are only thought of. */
export interface Instead {
  price_book_id: string
  versions: readonly PriceRow[]
}

/** What holds under a contract in an interval, as known to a cut; at each instant one version of a component at most. */
export const pricesUnder = async (
  ctx: Context,
  contract: ContractInForce,
  interval: Interval,
  cut: number,
  instead?: Instead,
): Promise<Price[]> => pricesIn(ctx, await booksUnder(ctx, contract, interval, cut), interval, cut, instead)

/** The same of books that were looked up already. */
export async function pricesIn(
  ctx: Context,
  books: readonly HeldBook[],
  interval: Interval,
  cut: number,
  instead?: Instead,
): Promise<Price[]> {
  const layers: Layer[] = []
  for (const { price_book_id, spans } of books) {
    const versions =
      instead?.price_book_id === price_book_id ? instead.versions : await pricesAt(ctx, price_book_id, interval, cut)
    layers.push({ spans, prices: await indexed(ctx, merged(versions), interval, cut) })
  }
  return layered(layers)
}

/** What some books sell, in the stretches of an interval in which that is the same. */
export async function offersIn(ctx: Context, books: readonly HeldBook[], interval: Interval): Promise<Offer[]> {
  const offers: { spans: HeldBook['spans']; sold: ReadonlySet<string> }[] = []
  for (const { price_book_id, spans } of books) offers.push({ spans, sold: await offered(ctx, price_book_id) })
  return offersOf(offers, interval)
}
