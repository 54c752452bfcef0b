/** Rows of limits: what bills stand at, what accounts set themselves, and how near they are to it. */
import { and, eq, isNotNull, ne, notInArray, sql } from 'drizzle-orm'
import type { Kind } from '#connectors/contract.ts'
import type { Instant } from '../base/time.ts'
import { ofWholeAccounts, withinReach } from '../db/fence.ts'
import { among, type Context, rows } from '../db/index.ts'
import { billStanding, limitStanding, usageLimit } from './schema.ts'

export type BillRow = typeof billStanding.$inferSelect
export type LimitRow = typeof usageLimit.$inferSelect
export type StandingRow = typeof limitStanding.$inferSelect

/** So much sooner than others those are looked at whose limits wait for it. */
const AHEAD = '15 minutes'
/** Accounts whose bill was not looked at since `before`, or that changed a limit since: these and the longest waiting first. */
export const accountsToRate = (ctx: Context, before: Instant, limit: number) =>
  rows<{ id: string }>(
    ctx.tx,
    sql`select a.id from account a left join bill_standing b on b.account_id = a.id
        where b.rated_at is null or b.rated_at < ${new Date(before).toISOString()}::timestamptz
          or exists (select 1 from usage_limit l where l.account_id = a.id and l.changed_at >= b.rated_at)
        order by b.rated_at - case
            when exists (select from usage_limit l where l.account_id = a.id and l.changed_at >= b.rated_at)
              then interval '1 day'
            when exists (select from usage_limit l where l.account_id = a.id)
              or exists (select from limit_standing s where s.account_id = a.id) then ${AHEAD}::interval
            else interval '0' end nulls first, a.id
        limit ${limit}`,
  )

/** The row of an account's bill, held until the transaction ends; false where somebody else is at it. */
export async function holdBill(ctx: Context, account_id: string): Promise<boolean> {
  await ctx.tx.insert(billStanding).values({ account_id, rated_at: 0 }).onConflictDoNothing()
  const held = await ctx.tx
    .select({ id: billStanding.account_id })
    .from(billStanding)
    .where(eq(billStanding.account_id, account_id))
    .for('update', { skipLocked: true })
  return held.length > 0
}
export const putBill = (ctx: Context, row: BillRow) =>
  ctx.tx.insert(billStanding).values(row).onConflictDoUpdate({ target: billStanding.account_id, set: row })

export async function billOf(ctx: Context, account_id: string): Promise<BillRow | undefined> {
  const [row] = await ctx.tx
    .select()
    .from(billStanding)
    .where(
      and(eq(billStanding.account_id, account_id), withinReach(ctx, billStanding.account_id), ofWholeAccounts(ctx)),
    )
  return row
}

/** Bills that stand at something, by account, with the account's name. */
export const bills = (ctx: Context) =>
  rows<{ account_id: string; account: string; currency: string; tax: string; total: string; rated_at: string }>(
    ctx.tx,
    sql`select b.account_id, a.name as account, b.currency, b.tax_minor::text as tax, b.total_minor::text as total,
          extract(epoch from b.rated_at)::text as rated_at
        from bill_standing b join account a on a.id = b.account_id
        where b.currency is not null and ${and(withinReach(ctx, sql`b.account_id`), ofWholeAccounts(ctx)) ?? sql`true`}
        order by b.account_id`,
  )

export const limitsOf = (ctx: Context, account_id: string) =>
  ctx.tx
    .select()
    .from(usageLimit)
    .where(and(eq(usageLimit.account_id, account_id), withinReach(ctx, usageLimit.account_id), ofWholeAccounts(ctx)))
    .orderBy(usageLimit.id)

export async function findLimit(ctx: Context, id: string): Promise<LimitRow | undefined> {
  const [row] = await ctx.tx
    .select()
    .from(usageLimit)
    .where(and(eq(usageLimit.id, id), withinReach(ctx, usageLimit.account_id), ofWholeAccounts(ctx)))
  return row
}
/** One of each: the same limit again takes the place of the one before. */
export async function putLimit(ctx: Context, row: LimitRow): Promise<LimitRow> {
  const { amount, unit, changed_at } = row
  const [kept] = await ctx.tx
    .insert(usageLimit)
    .values(row)
    .onConflictDoUpdate({
      target: [usageLimit.account_id, usageLimit.resource_id, usageLimit.meter],
      set: { amount, unit, changed_at },
    })
    .returning()
  return kept ?? row
}
export const deleteLimit = (ctx: Context, id: string) => ctx.tx.delete(usageLimit).where(eq(usageLimit.id, id))

export const standingsOf = (ctx: Context, account_id: string): Promise<StandingRow[]> =>
  ctx.tx
    .select()
    .from(limitStanding)
    .where(
      and(eq(limitStanding.account_id, account_id), withinReach(ctx, limitStanding.account_id), ofWholeAccounts(ctx)),
    )
    .orderBy(limitStanding.key)
export const putStanding = (ctx: Context, row: StandingRow) =>
  ctx.tx
    .insert(limitStanding)
    .values(row)
    .onConflictDoUpdate({ target: [limitStanding.account_id, limitStanding.key], set: row })
export const deleteStanding = (ctx: Context, account_id: string, key: string) =>
  ctx.tx.delete(limitStanding).where(and(eq(limitStanding.account_id, account_id), eq(limitStanding.key, key)))

/** Every resource that isn't normal, or every such among these, and how it stands, of those that the caller reaches. */
export const standingResources = (ctx: Context, ids?: readonly string[]) =>
  ctx.tx
    .select({ resource_id: limitStanding.resource_id, state: limitStanding.state })
    .from(limitStanding)
    .where(
      and(
        ne(limitStanding.state, 'normal'),
        ids && among(limitStanding.resource_id, ids),
        withinReach(ctx, limitStanding.account_id),
        ofWholeAccounts(ctx),
      ),
    )

/** What resources are called, whoever has them now. */
export const namesOf = (ctx: Context, ids: readonly string[]) =>
  ids.length === 0
    ? Promise.resolve([])
    : rows<{ id: string; kind: Kind; name: string }>(
        ctx.tx,
        sql`select id, kind, name from resource where id in (${sql.join(
          [...ids].map((id) => sql`${id}::uuid`),
          sql`, `,
        )})`,
      )

/** The longest waiting of whom a budget is to be told by mail, held until the transaction ends; not those in `but`. */
export async function holdUntold(ctx: Context, but: readonly string[]): Promise<StandingRow | undefined> {
  const [row] = await ctx.tx
    .select()
    .from(limitStanding)
    .where(
      and(
        isNotNull(limitStanding.to_tell),
        but.length === 0 ? undefined : notInArray(limitStanding.account_id, [...but]),
      ),
    )
    .orderBy(limitStanding.since)
    .limit(1)
    .for('update', { skipLocked: true })
  return row
}
export const noteTold = (ctx: Context, { account_id, key }: Pick<StandingRow, 'account_id' | 'key'>) =>
  ctx.tx
    .update(limitStanding)
    .set({ to_tell: null })
    .where(and(eq(limitStanding.account_id, account_id), eq(limitStanding.key, key)))
