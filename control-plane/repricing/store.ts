/** The SQL of repricing: sets of decisions with their prices. */
import { and, asc, desc, eq, sql } from 'drizzle-orm'
import { newId } from '../base/id.ts'
import { arrayText, columnar, type Context, rows } from '../db/index.ts'
import { priceChange, priceChangeEntry } from './schema.ts'

export type ChangeRow = typeof priceChange.$inferSelect
export type EntryRow = typeof priceChangeEntry.$inferSelect
export type NewEntry = Omit<EntryRow, 'id' | 'change_id'>

export const insertChange = async (ctx: Context, row: ChangeRow): Promise<void> => {
  await ctx.tx.insert(priceChange).values(row)
}
export async function findChange(ctx: Context, id: string, hold = false): Promise<ChangeRow | undefined> {
  const query = ctx.tx.select().from(priceChange).where(eq(priceChange.id, id))
  const [row] = await (hold ? query.for('update') : query)
  return row
}
export const updateChange = async (ctx: Context, id: string, change: Partial<ChangeRow>): Promise<void> => {
  await ctx.tx.update(priceChange).set(change).where(eq(priceChange.id, id))
}

export async function selectChanges(
  ctx: Context,
  { state, limit }: { state?: ChangeRow['state'] | undefined; limit: number },
  after: { at: number; id: string } | null,
): Promise<{ found: ChangeRow[]; total: number }> {
  const ofState = state && eq(priceChange.state, state)
  const found = await ctx.tx
    .select()
    .from(priceChange)
    .where(
      and(
        ofState,
        after
          ? sql`(${priceChange.created_at}, ${priceChange.id}) < (${new Date(after.at).toISOString()}::timestamptz, ${after.id}::uuid)`
          : undefined,
      ),
    )
    .orderBy(desc(priceChange.created_at), desc(priceChange.id))
    .limit(limit + 1)
  return { found, total: await ctx.tx.$count(priceChange, ofState) }
}

export interface ChangeFacts {
  id: string
  prices: number
  undoes_name: string | null
  undone_by_id: string | null
  undone_by_name: string | null
}
/** How many prices each decides about, and by which other it was undone. */
export async function factsOf(ctx: Context, ids: readonly string[]): Promise<Map<string, ChangeFacts>> {
  const found = await rows<ChangeFacts>(
    ctx.tx,
    sql`select c.id, (select count(*)::int4 from price_change_entry e where e.change_id = c.id) as prices, o.name as undoes_name,
          u.id as undone_by_id, u.name as undone_by_name
        from price_change c left join price_change o on o.id = c.undoes_id left join price_change u on u.undoes_id = c.id
        where c.id = any(${arrayText(ids)}::uuid[])`,
  )
  return new Map(found.map((row) => [row.id, row]))
}

const TYPES = {
  id: 'uuid',
  change_id: 'uuid',
  price_book_id: 'uuid',
  kind: 'text',
  meter: 'text',
  before: 'jsonb',
  after: 'jsonb',
} as const

/** A decision about a price that was decided about already takes its place. */
export async function putEntries(ctx: Context, change_id: string, entries: readonly NewEntry[]): Promise<void> {
  if (entries.length === 0) return
  const list = entries.map((entry) => ({
    ...entry,
    id: newId(),
    change_id,
    before: JSON.stringify(entry.before),
    after: JSON.stringify(entry.after),
  }))
  await ctx.tx.execute(
    sql`insert into price_change_entry (id, change_id, price_book_id, kind, meter, before, after)
        select id, change_id, price_book_id, kind, meter, nullif(before, 'null'::jsonb), after from ${columnar(list, TYPES)}
        on conflict (change_id, price_book_id, kind, meter) do update set before = excluded.before, after = excluded.after`,
  )
}

const inOrder = [asc(priceChangeEntry.price_book_id), asc(priceChangeEntry.kind), asc(priceChangeEntry.meter)] as const
export const entriesOf = (ctx: Context, change_id: string): Promise<EntryRow[]> =>
  ctx.tx
    .select()
    .from(priceChangeEntry)
    .where(eq(priceChangeEntry.change_id, change_id))
    .orderBy(...inOrder)

export async function pageOfEntries(
  ctx: Context,
  change_id: string,
  { limit, from }: { limit: number; from: number },
): Promise<{ found: EntryRow[]; total: number }> {
  const ofChange = eq(priceChangeEntry.change_id, change_id)
  const found = await ctx.tx
    .select()
    .from(priceChangeEntry)
    .where(ofChange)
    .orderBy(...inOrder)
    .limit(limit + 1)
    .offset(from)
  return { found, total: await ctx.tx.$count(priceChangeEntry, ofChange) }
}

export async function deleteEntry(ctx: Context, change_id: string, id: string): Promise<EntryRow | undefined> {
  const [row] = await ctx.tx
    .delete(priceChangeEntry)
    .where(and(eq(priceChangeEntry.change_id, change_id), eq(priceChangeEntry.id, id)))
    .returning()
  return row
}
