/** Rows of the intake. */
import { sure } from '../base/problem.ts'
import { and, eq, gt, lt, lte, sql } from 'drizzle-orm'
import { newId } from '../base/id.ts'
import { hourOf, type Instant, type Interval } from '../base/time.ts'
import { among, type Context, ms, rows } from '../db/index.ts'
import { together } from '../db/together.ts'
import type { GapCause } from '../metering/contract.ts'
import { batch, intakeHour, lostRange, quarantine, spool } from './schema.ts'

export type SpoolRow = typeof spool.$inferSelect
export type BatchRow = typeof batch.$inferSelect

/** The spool's row, locked: batches of one spool are taken one after the other. */
export async function lockSpool(ctx: Context, id: string, agent_id: string): Promise<SpoolRow> {
  await ctx.tx.insert(spool).values({ id, agent_id, watermark: 0, created_at: ctx.now() }).onConflictDoNothing()
  const [row] = await ctx.tx.select().from(spool).where(eq(spool.id, id)).for('update')
  return sure(row)
}
export async function findBatch(ctx: Context, spool_id: string, sequence: number): Promise<BatchRow | undefined> {
  const [row] = await ctx.tx
    .select()
    .from(batch)
    .where(and(eq(batch.spool_id, spool_id), eq(batch.sequence, sequence)))
  return row
}
export const insertBatch = (ctx: Context, row: Omit<BatchRow, 'stored_at'>) =>
  ctx.tx.insert(batch).values({ ...row, stored_at: ctx.now() })

export async function sequencesAbove(ctx: Context, spool_id: string, watermark: number): Promise<number[]> {
  const found = await ctx.tx
    .select({ sequence: batch.sequence })
    .from(batch)
    .where(and(eq(batch.spool_id, spool_id), gt(batch.sequence, watermark)))
  return found.map((row) => row.sequence)
}
export async function lostSequences(ctx: Context, spool_id: string): Promise<{ first: number; last: number }[]> {
  const found = await ctx.tx
    .select({ sequences: lostRange.sequences })
    .from(lostRange)
    .where(eq(lostRange.spool_id, spool_id))
  return found.map((row) => row.sequences).filter((range) => range !== null)
}
export const setWatermark = (ctx: Context, id: string, watermark: number) =>
  ctx.tx.update(spool).set({ watermark }).where(eq(spool.id, id))
export const markCloned = (ctx: Context, id: string) =>
  ctx.tx.update(spool).set({ cloned_at: ctx.now() }).where(eq(spool.id, id))
export const insertLost = (ctx: Context, row: Omit<typeof lostRange.$inferInsert, 'id' | 'stored_at'>) =>
  ctx.tx.insert(lostRange).values({ ...row, id: newId(), stored_at: ctx.now() })
/** Losses that agents admitted of these sources, where they touch an interval. */
export const lostIn = (ctx: Context, source_ids: readonly string[], { from, to }: Interval, cut: number) =>
  lostOfEach(ctx, { from, to, cut }, source_ids)
const lostOfEach = together(
  async ({ tx }, { from, to, cut }: Interval & { cut: number }, lists: readonly (readonly string[])[]) => {
    const ids = new Set(lists.flat())
    const found =
      ids.size === 0
        ? []
        : await tx
            .select({
              source_id: lostRange.source_id,
              from: lostRange.from_at,
              to: lostRange.to_at,
              cause: sql<GapCause>`${lostRange.cause}`,
            })
            .from(lostRange)
            .where(
              and(
                among(lostRange.source_id, ids),
                lt(lostRange.from_at, to),
                gt(lostRange.to_at, from),
                lte(lostRange.cut, cut),
              ),
            )
    return lists.map((own) => found.filter(({ source_id }) => own.includes(source_id)))
  },
)

const RAW_CHARS = 2_000
export interface NewQuarantine {
  agent_id: string | null
  source_id: string | null
  spool_id: string | null
  sequence: number | null
  reason: string
  detail: string
  readings: number
  raw: string
}
export async function insertQuarantine(ctx: Context, list: readonly NewQuarantine[]): Promise<void> {
  const stored_at = ctx.now()
  const clean = (text: string) => text.replaceAll('\u0000', '\uFFFD').slice(0, RAW_CHARS)
  for (let start = 0; start < list.length; start += 500)
    await ctx.tx
      .insert(quarantine)
      .values(
        list
          .slice(start, start + 500)
          .map((row) => ({ ...row, raw: clean(row.raw), detail: clean(row.detail), id: newId(), stored_at })),
      )
}
export async function recentQuarantine(
  ctx: Context,
  agent_id: string,
  reason: string,
  since: Instant,
): Promise<number> {
  return ctx.tx.$count(
    quarantine,
    and(eq(quarantine.agent_id, agent_id), eq(quarantine.reason, reason), gt(quarantine.stored_at, since)),
  )
}

/** Adds to the counts of this arrival hour. */
export async function countIntake(
  ctx: Context,
  counts: ReadonlyMap<string, number>,
  duplicate: boolean,
): Promise<void> {
  const hour = hourOf(ctx.now())
  const values = [...counts]
    .filter(([, n]) => n > 0)
    .map(([source_id, n]) => ({ source_id, hour, received: n, duplicate: duplicate ? n : 0 }))
  if (values.length > 0)
    await ctx.tx
      .insert(intakeHour)
      .values(values.toSorted((a, b) => (a.source_id < b.source_id ? -1 : 1)))
      .onConflictDoUpdate({
        target: [intakeHour.source_id, intakeHour.hour],
        set: {
          received: sql`${intakeHour.received} + excluded.received`,
          duplicate: sql`${intakeHour.duplicate} + excluded.duplicate`,
        },
      })
}

export const intakeSince = (ctx: Context, from: Instant) =>
  ctx.tx
    .select()
    .from(intakeHour)
    .where(sql`${intakeHour.hour} >= ${new Date(from).toISOString()}::timestamptz`)
export async function quarantinedSince(
  ctx: Context,
  from: Instant,
): Promise<{ source_id: string; hour: Instant; readings: number }[]> {
  const found = await rows<{ source_id: string; hour: string; readings: string }>(
    ctx.tx,
    sql`select source_id, ${ms(sql`date_trunc('hour', stored_at, 'UTC')`)} as hour, sum(readings) as readings from quarantine
        where source_id is not null and stored_at >= ${new Date(from).toISOString()}::timestamptz group by 1, 2`,
  )
  return found.map((row) => ({ source_id: row.source_id, hour: Number(row.hour), readings: Number(row.readings) }))
}

export async function listQuarantine(
  ctx: Context,
  query: { source_id?: string; agent_id?: string; limit: number },
  after: string | null,
) {
  const filter = and(
    query.source_id ? eq(quarantine.source_id, query.source_id) : undefined,
    query.agent_id ? eq(quarantine.agent_id, query.agent_id) : undefined,
  )
  const found = await ctx.tx
    .select({
      item: quarantine,
      agent_name: sql<string | null>`(select a.name from agent a where a.id = quarantine.agent_id)`,
    })
    .from(quarantine)
    .where(and(filter, after ? sql`${quarantine.id} < ${after}::uuid` : undefined))
    .orderBy(sql`${quarantine.id} desc`)
    .limit(query.limit + 1)
  return { found, total: await ctx.tx.$count(quarantine, filter) }
}
export const quarantineTotal = (ctx: Context) => ctx.tx.$count(quarantine)

/** Forgets keys far below the watermark: a batch that old is a duplicate by its number alone. */
export async function forgetOld(ctx: Context, before: Instant, limit: number): Promise<void> {
  const old = new Date(before).toISOString()
  await ctx.tx.execute(sql`delete from batch where ctid in (select b.ctid from batch b join spool s on s.id = b.spool_id
    where b.stored_at < ${old}::timestamptz and b.sequence < s.watermark limit ${limit})`)
}
