/** The SQL of the catalogue. A superseded row stays for the closed cuts that knew it; one that none knew is dropped. */
import { and, asc, desc, eq, gt, isNull, lt, or, sql } from 'drizzle-orm'
import { newId } from '../base/id.ts'
import { assert } from '../base/problem.ts'
import type { Instant, Interval } from '../base/time.ts'
import { knownAt } from '../db/cut.ts'
import type { Context, Tx } from '../db/index.ts'
import { together } from '../db/together.ts'
import type { PriceRow } from './contract.ts'
import { trimmed } from './rules.ts'
import { priceBook, priceVersion } from './schema.ts'

export type PriceBook = typeof priceBook.$inferSelect
export type PriceVersion = typeof priceVersion.$inferSelect

/** Two processes that start at once make one default book. */
const BOOK_LOCK = 7_241_006
export async function lockBooks(tx: Tx): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${BOOK_LOCK})`)
}

export async function findDefaultBook(tx: Tx, legal_entity_id: string, currency: string): Promise<PriceBook | null> {
  const [book] = await tx
    .select()
    .from(priceBook)
    .where(and(eq(priceBook.legal_entity_id, legal_entity_id), eq(priceBook.currency, currency), priceBook.is_default))
  return book ?? null
}

export async function insertBook(tx: Tx, book: PriceBook): Promise<void> {
  await tx.insert(priceBook).values(book)
}

export async function findBook(tx: Tx, id: string): Promise<PriceBook | null> {
  const [book] = await tx.select().from(priceBook).where(eq(priceBook.id, id))
  return book ?? null
}

/** The book, held: decisions about its prices are taken one after the other. */
export async function lockBook(tx: Tx, id: string): Promise<PriceBook | null> {
  const [book] = await tx.select().from(priceBook).where(eq(priceBook.id, id)).for('no key update')
  return book ?? null
}

export const fromRow = (row: PriceVersion): PriceVersion => ({ ...row, amount: trimmed(row.amount) })

type PriceKey = Pick<PriceVersion, 'price_book_id' | 'kind' | 'meter'>

/** Versions of a component that no decision has superseded, whatever resources they apply to. */
export async function liveVersions(tx: Tx, key: PriceKey): Promise<PriceVersion[]> {
  const found = await tx
    .select()
    .from(priceVersion)
    .where(
      and(
        eq(priceVersion.price_book_id, key.price_book_id),
        eq(priceVersion.kind, key.kind),
        eq(priceVersion.meter, key.meter),
        isNull(priceVersion.cut_to),
      ),
    )
    .orderBy(asc(priceVersion.effective_at))
  return found.map(fromRow)
}

/** Live versions of a whole book, those of one price together, the newest first; without the past unless asked for. */
export async function listVersions(
  tx: Tx,
  price_book_id: string,
  ending_after: Instant | null,
): Promise<PriceVersion[]> {
  const found = await tx
    .select()
    .from(priceVersion)
    .where(
      and(
        eq(priceVersion.price_book_id, price_book_id),
        isNull(priceVersion.cut_to),
        ending_after === null ? undefined : or(isNull(priceVersion.ends_at), gt(priceVersion.ends_at, ending_after)),
      ),
    )
    .orderBy(asc(priceVersion.kind), asc(priceVersion.meter), desc(priceVersion.effective_at))
  return found.map(fromRow)
}

export async function insertVersion(tx: Tx, version: PriceVersion): Promise<PriceVersion> {
  const [row] = await tx.insert(priceVersion).values(version).returning()
  assert(row, 'an insert returns its row')
  return fromRow(row)
}

/** Ends a row's knowledge with the open cut. */
export async function supersede(tx: Tx, { id, cut_from }: PriceVersion, open: number): Promise<void> {
  const row = eq(priceVersion.id, id)
  if (cut_from === open) await tx.delete(priceVersion).where(row)
  else await tx.update(priceVersion).set({ cut_to: open }).where(row)
}

/** What remains of a superseded version: the same decision, over a shorter span. A row that no closed cut knew keeps its id. */
export const remainder = (version: PriceVersion, ends_at: Instant, open: number): PriceVersion => ({
  ...version,
  id: version.cut_from === open ? version.id : newId(),
  ends_at,
  cut_from: open,
})

export const versionsAt = (
  ctx: Context,
  price_book_id: string,
  { from, to }: Interval,
  cut: number,
): Promise<PriceRow[]> => versionsOnce(ctx, { price_book_id, from, to, cut }, null)
type Asked = Interval & { price_book_id: string; cut: number }
const versionsOnce = together(async ({ tx }, { price_book_id, from, to, cut }: Asked, askers: readonly null[]) => {
  const found = await tx
    .select({ version: priceVersion, currency: priceBook.currency })
    .from(priceVersion)
    .innerJoin(priceBook, eq(priceBook.id, priceVersion.price_book_id))
    .where(
      and(
        eq(priceVersion.price_book_id, price_book_id),
        lt(priceVersion.effective_at, to),
        or(isNull(priceVersion.ends_at), gt(priceVersion.ends_at, from)),
        knownAt(priceVersion.cut_from, priceVersion.cut_to, cut),
      ),
    )
    .orderBy(asc(priceVersion.kind), asc(priceVersion.meter), asc(priceVersion.effective_at))
  const list = found.map(({ version, currency }): PriceRow => {
    const {
      actor: _actor,
      reason: _reason,
      recorded_at: _at,
      cut_from: _from,
      cut_to: _to,
      applies_to,
      ...price
    } = fromRow(version)
    return { ...price, currency, ...(applies_to && { applies_to }) }
  })
  return askers.map(() => list)
})

/** `kind.meter` of every component that the book has ever priced, as decided now. */
export const componentsOf = async (ctx: Context, price_book_id: string): Promise<Set<string>> =>
  new Set(await componentsOnce(ctx, price_book_id, null))
const componentsOnce = together(async ({ tx }, price_book_id: string, askers: readonly null[]) => {
  const found = await tx
    .selectDistinct({ kind: priceVersion.kind, meter: priceVersion.meter })
    .from(priceVersion)
    .where(and(eq(priceVersion.price_book_id, price_book_id), isNull(priceVersion.cut_to)))
  const list = found.map(({ kind, meter }) => `${kind}.${meter}`)
  return askers.map(() => list)
})
