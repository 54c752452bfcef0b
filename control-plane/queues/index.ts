/** Verbs of queues: what waits for a person, the most money first. They read, and change nothing. */
import { z } from 'zod'
import { defaultAccount, getLegalEntity } from '../accounts/index.ts'
import { permit } from '../base/actor.ts'
import { compare, type Fraction, fraction, toDecimal } from '../base/exact.ts'
import { majorText, toMinor } from '../base/money.ts'
import { HOUR_MS, type Interval, iso, monthOf } from '../base/time.ts'
import { listPrices, offered, pricesAt, type PriceRow } from '../catalog/index.ts'
import { LIVE } from '../db/cut.ts'
import type { Context } from '../db/index.ts'
import { decodeCursor, encodeCursor } from '../http/index.ts'
import type { Page } from '../http/contract.ts'
import { indexNames } from '../indexes/index.ts'
import { meterOf } from '../metering/contract.ts'
import { costPerMonth } from '../rating/index.ts'
import { charging, PARTS } from '../rating/rules.ts'
import type { QueueCounts, QueueQuery, StuckAccount, UnownedResource, UnratedUsage } from './contract.ts'
import { byMoney, isLinearPrice, lacks } from './rules.ts'
import * as store from './store.ts'

/** Pages are counted off: money has no stable key, and what is seen to leaves the queue. */
const Cursor = z.object({ offset: z.int().min(0).max(10_000_000) })
const offsetOf = ({ cursor }: QueueQuery): number => decodeCursor(cursor, Cursor)?.offset ?? 0
function paged<T>(found: readonly T[], { limit }: QueueQuery, offset: number, total: number | null): Page<T> {
  const hasMore = found.length > limit
  return {
    items: found.slice(0, limit),
    next_cursor: hasMore ? encodeCursor({ offset: offset + limit }) : null,
    total,
  }
}

/** What of the company's standard book in a currency (default: its own) is comparable: its newest word on a component. */
async function standardPrices(ctx: Context, legal_entity_id: string, currency?: string): Promise<PriceRow[]> {
  const { price_book_id } = await listPrices(ctx, { history: false, legal_entity_id, currency })
  const all = await pricesAt(ctx, price_book_id, { from: 0, to: ctx.now() }, LIVE)
  const newest = new Map<string, PriceRow>()
  for (const price of all.toSorted((a, b) => a.effective_at - b.effective_at))
    newest.set(`${price.kind}.${price.meter}`, price)
  return [...newest.values()]
}

const moneyOf = (exact: Fraction | null, currency: string) =>
  exact && { amount: majorText(toMinor(exact, currency), currency), currency }

/** Owned usage without a price, in the time that is not invoiced yet: each component of each account. */
export async function unratedUsage(ctx: Context, query: QueueQuery): Promise<Page<UnratedUsage>> {
  permit(ctx, 'billing.write')
  const all = await allUnrated(ctx)
  const sorted = query.sort === 'money' ? all.toSorted(byMoney) : all.toSorted((a, b) => (a.since < b.since ? -1 : 1))
  const offset = offsetOf(query)
  const found = sorted.slice(offset, offset + query.limit + 1).map(({ exact: _exact, ...shown }) => shown)
  return paged(found, query, offset, all.length)
}

type Found = UnratedUsage & { exact: Fraction | null }
async function allUnrated(ctx: Context): Promise<Found[]> {
  const standard = new Map<string, { prices: PriceRow[]; month: Interval }>()
  const standardOf = async ({ legal_entity_id: id, currency }: store.Lacking) => {
    const key = `${id}/${currency}`
    const known = standard.get(key) ?? {
      prices: await standardPrices(ctx, id, currency),
      month: monthOf(ctx.now(), (await getLegalEntity(ctx, id)).zone),
    }
    standard.set(key, known)
    return known
  }
  const out: Found[] = []
  const components = await candidates(ctx)
  const namesOf = await namesIn(ctx, components)
  for (const component of components) {
    const { kind, meter } = component
    const index = namesOf(component)
    const how = meterOf(meter)
    const lacking =
      how.kind === 'allocation'
        ? await store.heldWithout(ctx, component, how)
        : await store.consumedWithout(ctx, component)
    for (const row of lacking) {
      const { prices, month } = await standardOf(row)
      const price = prices.find((one) => one.kind === kind && one.meter === meter)
      const quantity = BigInt(price?.model === 'flat' ? row.held_ms : row.quantity)
      const exact = price && isLinearPrice(price) ? charging(price, month)(quantity) : null
      out.push({
        account: { id: row.account_id, name: row.account_name },
        kind,
        meter,
        resources: row.resources,
        hours: toDecimal(fraction(BigInt(row.held_ms), BigInt(HOUR_MS)), 2),
        since: iso(Number(row.since)),
        estimate: moneyOf(exact, row.currency),
        ...(index !== '' && { index }),
        exact,
      })
    }
  }
  return out
}

/** The indexes by which a component is priced. */
async function namesIn(ctx: Context, components: readonly store.Component[]) {
  const known = await indexNames(
    ctx,
    components.flatMap(({ index_ids }) => index_ids),
  )
  return ({ index_ids }: store.Component): string =>
    [...new Set(index_ids)].flatMap((id) => known.get(id)?.name ?? []).join(', ')
}

/** Components that may lack a price somewhere: only these are looked for among the resources. */
async function candidates(ctx: Context): Promise<store.Component[]> {
  const out = new Map<string, store.Component>()
  const add = ({ kind, meter, is_unsold, index_ids }: Omit<store.Component, 'books'>, book: string) => {
    const key = `${kind}.${meter}/${is_unsold}`
    const known = out.get(key) ?? { kind, meter, is_unsold, books: [], index_ids: [] }
    out.set(key, { ...known, books: [...known.books, book], index_ids: [...known.index_ids, ...index_ids] })
  }
  for (const [book, kinds] of Map.groupBy(await store.ownedKinds(ctx), (row) => row.price_book_id)) {
    const sold = await offered(ctx, book)
    const from = Math.min(...kinds.map(({ since }) => Number(since)))
    const prices = await pricesAt(ctx, book, { from, to: ctx.now() }, LIVE)
    for (const { kind, since, is_own } of kinds)
      for (const meter of lacks(kind, sold, prices, { from: Number(since), to: ctx.now() })) {
        const is_unsold = !sold.has(`${kind}.${meter}`)
        const own = prices.filter((price) => price.kind === kind && price.meter === meter)
        const index_ids = own.flatMap(({ terms }) => terms?.index?.id ?? [])
        if (is_own || !is_unsold) add({ kind, meter, is_unsold, index_ids }, book)
      }
  }
  return [...out.values()]
}

/** Machines that nobody owns, by what they would cost in a month at the standard prices of the first company. */
export async function unownedResources(ctx: Context, query: QueueQuery): Promise<Page<UnownedResource>> {
  permit(ctx, 'billing.write')
  const { legal_entity_id } = await defaultAccount(ctx)
  const { zone, currency } = await getLegalEntity(ctx, legal_entity_id)
  const [prices, month] = [await standardPrices(ctx, legal_entity_id), monthOf(ctx.now(), zone)]
  const alike = (await store.unownedAlike(ctx, PARTS))
    .map((one) => ({
      ...one,
      exact: costPerMonth(
        one,
        prices.filter((price) => price.kind === one.kind),
        month,
      ),
    }))
    .toSorted((a, b) => compareMoney(a.exact, b.exact))
  const offset = offsetOf(query)
  const found = await store.selectUnowned(ctx, PARTS, alike, { sort: query.sort, offset, limit: query.limit })
  const shown = found.map(({ id, kind, name, since, place }) => ({
    resource: { id, kind, name },
    since: since === null ? null : iso(Number(since)),
    estimate: moneyOf(alike[place]?.exact ?? null, currency),
  }))
  return paged(
    shown,
    query,
    offset,
    alike.reduce((sum, { count }) => sum + count, 0),
  )
}
/** The most first, what has no price last. */
function compareMoney(a: Fraction | null, b: Fraction | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null)
  return compare(b, a)
}

/** Accounts of closed months that are parked, or held back by gaps. */
export async function stuckAccounts(
  ctx: Context,
  which: 'parked' | 'blocked',
  query: QueueQuery,
): Promise<Page<StuckAccount>> {
  permit(ctx, 'billing.write')
  const offset = offsetOf(query)
  const found = await store.selectStuck(ctx, which, { sort: query.sort, offset, limit: query.limit })
  const shown = found.map((row) => ({
    close: { id: row.close_id, month: row.month, legal_entity: row.legal_entity },
    account: { id: row.account_id, name: row.account_name },
    problem: row.problem,
    net: row.net_minor === null ? null : majorText(BigInt(row.net_minor), row.currency),
    currency: row.currency,
  }))
  return paged(shown, query, offset, null)
}

/** How many wait in each. */
export async function queueCounts(ctx: Context): Promise<QueueCounts> {
  permit(ctx, 'billing.write')
  return { unrated: (await allUnrated(ctx)).length, ...(await store.counts(ctx, PARTS)) }
}
