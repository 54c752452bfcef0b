/** The SQL of many decisions at once: arrays in, one statement for all rows. */
import { and, asc, eq, gte, inArray, isNull, or, sql } from 'drizzle-orm'
import { type Instant, iso } from '../../base/time.ts'
import { arrayText, columnar, rows, type Tx } from '../../db/index.ts'
import { priceBook, priceVersion } from '../schema.ts'
import { fromRow, type PriceBook, type PriceVersion } from '../store.ts'

const ids = (list: readonly string[]) => sql`${arrayText(list)}::uuid[]`

/** By name. */
export const booksNamed = (tx: Tx, list?: readonly string[]): Promise<PriceBook[]> =>
  tx
    .select()
    .from(priceBook)
    .where(and(eq(priceBook.side, 'sale'), list && sql`${priceBook.id} = any(${ids(list)})`))
    .orderBy(asc(priceBook.name), asc(priceBook.id))

/** In one order everywhere, so that two who decide never wait for each other. */
export const lockBooks = (tx: Tx, list: readonly string[]) =>
  tx
    .select({ id: priceBook.id })
    .from(priceBook)
    .where(sql`${priceBook.id} = any(${ids(list)})`)
    .orderBy(asc(priceBook.id))
    .for('no key update')

/** Live versions of some books that hold at an instant, end at it, or begin after it. */
export async function liveAfter(tx: Tx, price_book_ids: readonly string[], at: Instant): Promise<PriceVersion[]> {
  if (price_book_ids.length === 0) return []
  const found = await tx
    .select()
    .from(priceVersion)
    .where(
      and(
        inArray(priceVersion.price_book_id, [...price_book_ids]),
        isNull(priceVersion.cut_to),
        or(isNull(priceVersion.ends_at), gte(priceVersion.ends_at, at)),
      ),
    )
    .orderBy(
      asc(priceVersion.price_book_id),
      asc(priceVersion.kind),
      asc(priceVersion.meter),
      asc(priceVersion.effective_at),
    )
  return found.map(fromRow)
}

/** No cut knows them from the open one on; the rows stay. */
export const endKnowledge = async (tx: Tx, list: readonly { id: string }[], open: number): Promise<void> => {
  if (list.length === 0) return
  await tx
    .update(priceVersion)
    .set({ cut_to: open })
    .where(sql`${priceVersion.id} = any(${ids(list.map(({ id }) => id))})`)
}
export const endVersions = async (tx: Tx, list: readonly string[], ends_at: Instant): Promise<void> => {
  if (list.length === 0) return
  await tx
    .update(priceVersion)
    .set({ ends_at })
    .where(sql`${priceVersion.id} = any(${ids(list)})`)
}

const TYPES = {
  id: 'uuid',
  price_book_id: 'uuid',
  kind: 'text',
  meter: 'text',
  model: 'text',
  per: 'text',
  unit: 'text',
  amount: 'numeric',
  terms: 'jsonb',
  gap_policy: 'text',
  effective_at: 'timestamptz',
  ends_at: 'timestamptz',
  actor: 'text',
  reason: 'text',
  recorded_at: 'timestamptz',
  cut_from: 'int4',
} as const
const NAMES = sql.raw(Object.keys(TYPES).join(', '))

export async function insertVersions(tx: Tx, versions: readonly PriceVersion[]): Promise<void> {
  if (versions.length === 0) return
  const list = versions.map((version) => ({
    ...version,
    // an array of JSON holds no null of SQL
    terms: JSON.stringify(version.terms),
    effective_at: iso(version.effective_at),
    ends_at: version.ends_at === null ? null : iso(version.ends_at),
    recorded_at: iso(version.recorded_at),
  }))
  await tx.execute(
    sql`insert into price_version (${NAMES}) select ${sql.raw(
      Object.keys(TYPES)
        .map((name) => (name === 'terms' ? `nullif(terms, 'null'::jsonb)` : name))
        .join(', '),
    )} from ${columnar(list, TYPES)}`,
  )
}

/** To which book each version belongs, superseded ones too: by it a line that was issued long ago is one of a book. */
export async function booksOf(tx: Tx, list: readonly string[]): Promise<Map<string, string>> {
  if (list.length === 0) return new Map()
  const found = await rows<{ id: string; price_book_id: string }>(
    tx,
    sql`select id, price_book_id from price_version where id = any(${ids(list)})`,
  )
  return new Map(found.map(({ id, price_book_id }) => [id, price_book_id]))
}
