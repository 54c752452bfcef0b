/** The SQL of closing. */
import { and, asc, desc, eq, gt, inArray, ne, or, type SQL, sql } from 'drizzle-orm'
import { sure } from '../base/problem.ts'
import { type Context, rows } from '../db/index.ts'
import { together } from '../db/together.ts'
import type { AccountState, Counts } from './contract.ts'
import { periodClose, periodCloseAccount, periodCloseRated } from './schema.ts'

export type CloseRow = typeof periodClose.$inferSelect
export type AccountRow = typeof periodCloseAccount.$inferSelect

const CLOSES_LOCK = 7_241_020
/** Whoever opens a close waits for the other: a month of a company is closed once at a time. */
export const lockCloses = async (ctx: Context): Promise<void> => {
  await ctx.tx.execute(sql`select pg_advisory_xact_lock(${CLOSES_LOCK})`)
}

export async function closeOf(ctx: Context, legal_entity_id: string, month: string): Promise<CloseRow | undefined> {
  const [row] = await ctx.tx
    .select()
    .from(periodClose)
    .where(
      and(
        eq(periodClose.legal_entity_id, legal_entity_id),
        eq(periodClose.month, month),
        ne(periodClose.state, 'cancelled'),
      ),
    )
  return row
}

export const insertClose = async (ctx: Context, row: CloseRow): Promise<void> => {
  await ctx.tx.insert(periodClose).values(row)
}
export async function findClose(ctx: Context, id: string, hold = false): Promise<CloseRow | undefined> {
  const query = ctx.tx.select().from(periodClose).where(eq(periodClose.id, id))
  const [row] = await (hold ? query.for('update') : query)
  return row
}
export const updateClose = async (ctx: Context, id: string, change: Partial<CloseRow>): Promise<void> => {
  await ctx.tx.update(periodClose).set(change).where(eq(periodClose.id, id))
}

export const selectCloses = (ctx: Context, limit: number, after: { at: number; id: string } | null) =>
  ctx.tx
    .select()
    .from(periodClose)
    .where(
      after
        ? sql`(${periodClose.opened_at}, ${periodClose.id}) < (${new Date(after.at).toISOString()}::timestamptz, ${after.id}::uuid)`
        : undefined,
    )
    .orderBy(desc(periodClose.opened_at), desc(periodClose.id))
    .limit(limit + 1)
export const countCloses = (ctx: Context): Promise<number> => ctx.tx.$count(periodClose)

/** Closes that have something to do in the background, the oldest first. */
export const closesIn = (ctx: Context, states: CloseRow['state'][]): Promise<CloseRow[]> =>
  ctx.tx
    .select()
    .from(periodClose)
    .where(inArray(periodClose.state, states))
    .orderBy(asc(periodClose.opened_at), asc(periodClose.id))

const BLANK = {
  state: 'waiting' as const,
  flags: [],
  period_from: null,
  period_to: null,
  currency: null,
  net_minor: null,
  tax_minor: null,
  total_minor: null,
  usual_minor: null,
  line_count: 0,
  problem: null,
}

/** Accounts that a close asks about; those that it knows stay as they are. */
export async function addAccounts(
  ctx: Context,
  close_id: string,
  accounts: readonly { id: string; name: string }[],
): Promise<void> {
  for (let start = 0; start < accounts.length; start += 500)
    await ctx.tx
      .insert(periodCloseAccount)
      .values(
        accounts.slice(start, start + 500).map(({ id, name }) => ({
          ...BLANK,
          close_id,
          account_id: id,
          account_name: name,
          reason: '',
          invoices: [],
        })),
      )
      .onConflictDoNothing()
}

/** Drafts are made anew of all that were not issued; who is held stays held. */
export const forgetReview = async (ctx: Context, close_id: string): Promise<void> => {
  const { state: _waiting, ...blank } = BLANK
  await ctx.tx
    .update(periodCloseAccount)
    .set({ ...blank, state: sql`case when ${periodCloseAccount.state} = 'held' then 'held' else 'waiting' end` })
    .where(and(eq(periodCloseAccount.close_id, close_id), ne(periodCloseAccount.state, 'issued')))
  await forgetRated(ctx, close_id)
}

type Place = Pick<AccountRow, 'close_id' | 'account_id'>
/** What was rated for a review is kept until it is issued: it needn't be rated twice. */
export const keepRated = async (ctx: Context, { close_id, account_id }: Place, content: Uint8Array): Promise<void> => {
  await ctx.tx
    .insert(periodCloseRated)
    .values({ close_id, account_id, content })
    .onConflictDoUpdate({ target: [periodCloseRated.close_id, periodCloseRated.account_id], set: { content } })
}
const ofRated = (close_id: string, account_id?: string) =>
  and(
    eq(periodCloseRated.close_id, close_id),
    account_id === undefined ? undefined : eq(periodCloseRated.account_id, account_id),
  )
export const findRated = (ctx: Context, { close_id, account_id }: Place): Promise<Uint8Array | null> =>
  ratedOfEach(ctx, close_id, account_id)
const ratedOfEach = together(async ({ tx }, close_id: string, account_ids: readonly string[]) => {
  const some = and(eq(periodCloseRated.close_id, close_id), inArray(periodCloseRated.account_id, [...account_ids]))
  const kept = new Map((await tx.select().from(periodCloseRated).where(some)).map((row) => [row.account_id, row]))
  return account_ids.map((id) => kept.get(id)?.content ?? null)
})
/** Of one account, or of the whole close. */
export const forgetRated = async (ctx: Context, close_id: string, account_id?: string): Promise<void> => {
  await ctx.tx.delete(periodCloseRated).where(ofRated(close_id, account_id))
}

/** Takes the next accounts in one of these states; several workers never take the same. `unreviewed`: also who is held without figures. */
export async function takeAccounts(
  ctx: Context,
  close_id: string,
  which: 'unreviewed' | 'ready',
  limit: number,
): Promise<AccountRow[]> {
  const asked =
    which === 'ready'
      ? eq(periodCloseAccount.state, 'ready')
      : or(
          eq(periodCloseAccount.state, 'waiting'),
          and(eq(periodCloseAccount.state, 'held'), sql`${periodCloseAccount.period_to} is null`),
        )
  return await ctx.tx
    .select()
    .from(periodCloseAccount)
    .where(and(eq(periodCloseAccount.close_id, close_id), asked))
    .orderBy(asc(periodCloseAccount.account_name), asc(periodCloseAccount.account_id))
    .limit(limit)
    .for('update', { skipLocked: true })
}

const one = (close_id: string, account_id: string) =>
  and(eq(periodCloseAccount.close_id, close_id), eq(periodCloseAccount.account_id, account_id))

export async function findAccount(ctx: Context, close_id: string, account_id: string): Promise<AccountRow | undefined> {
  const [row] = await ctx.tx.select().from(periodCloseAccount).where(one(close_id, account_id)).for('update')
  return row
}
export const updateAccount = async (
  ctx: Context,
  { close_id, account_id }: Place,
  change: Partial<AccountRow>,
): Promise<void> => {
  await ctx.tx.update(periodCloseAccount).set(change).where(one(close_id, account_id))
}
export async function moveAccounts(
  ctx: Context,
  close_id: string,
  from: AccountState,
  to: AccountState,
): Promise<number> {
  const moved = await ctx.tx
    .update(periodCloseAccount)
    .set({ state: to, problem: null })
    .where(and(eq(periodCloseAccount.close_id, close_id), eq(periodCloseAccount.state, from)))
    .returning({ id: periodCloseAccount.account_id })
  return moved.length
}

const FLAGGED = sql`jsonb_array_length(${periodCloseAccount.flags}) > 0`

export interface AccountFilter {
  state?: AccountState | undefined
  flagged?: boolean | undefined
}
const filtered = (close_id: string, { state, flagged }: AccountFilter): SQL | undefined =>
  and(
    eq(periodCloseAccount.close_id, close_id),
    state && eq(periodCloseAccount.state, state),
    flagged === undefined ? undefined : flagged ? FLAGGED : sql`not ${FLAGGED}`,
  )

/** By name. */
export async function selectAccounts(
  ctx: Context,
  close_id: string,
  filter: AccountFilter & { limit: number },
  after: { name: string; id: string } | null,
): Promise<{ found: AccountRow[]; total: number }> {
  const where = filtered(close_id, filter)
  const { account_name: name, account_id: id } = periodCloseAccount
  const found = await ctx.tx
    .select()
    .from(periodCloseAccount)
    .where(and(where, after ? or(gt(name, after.name), and(eq(name, after.name), gt(id, after.id))) : undefined))
    .orderBy(asc(name), asc(id))
    .limit(filter.limit + 1)
  return { found, total: await ctx.tx.$count(periodCloseAccount, where) }
}

export interface Sums {
  accounts: number
  ready_minor: bigint
  issued_minor: bigint
}
export interface Tally {
  counts: Counts
  flagged: number
  /** by currency: amounts of two are never added */
  sums: Map<string, Sums>
}
/** What became of the accounts of each close so far. */
export async function tallies(ctx: Context, close_ids: readonly string[]): Promise<Map<string, Tally>> {
  const empty = (): Tally => ({
    counts: { waiting: 0, ready: 0, held: 0, nothing: 0, issued: 0, parked: 0 },
    flagged: 0,
    sums: new Map(),
  })
  const out = new Map(close_ids.map((id) => [id, empty()]))
  if (close_ids.length === 0) return out
  const found = await rows<{
    close_id: string
    state: AccountState
    currency: string | null
    n: string
    flagged: string
    net: string
    issued: string
  }>(
    ctx.tx,
    sql`select close_id, state, currency, count(*) as n, count(*) filter (where ${FLAGGED}) as flagged, coalesce(sum(net_minor), 0) as net,
          coalesce(sum((select sum((i->>'net')::numeric) from jsonb_array_elements(invoices) as i)), 0)::text as issued
        from period_close_account where ${inArray(periodCloseAccount.close_id, [...close_ids])} group by 1, 2, 3 order by 3`,
  )
  for (const row of found) {
    const tally = sure(out.get(row.close_id))
    tally.counts[row.state] += countOf(row.n)
    if (row.state === 'ready') tally.flagged += countOf(row.flagged)
    // whose draft isn't made has no currency, and no amount
    if (row.currency !== null) tally.sums.set(row.currency, added(tally.sums.get(row.currency) ?? NO_SUMS, row))
  }
  return out
}
export const NO_SUMS: Sums = { accounts: 0, ready_minor: 0n, issued_minor: 0n }
const added = (to: Sums, row: { state: AccountState; n: string; net: string; issued: string }): Sums => ({
  accounts: to.accounts + countOf(row.n),
  ready_minor: to.ready_minor + (row.state === 'ready' ? BigInt(row.net) : 0n),
  issued_minor: to.issued_minor + BigInt(row.issued),
})
const countOf = (text: string): number => Number.parseInt(text, 10)

/** Every document that a close issued. */
export async function issuedBy(ctx: Context, close_id: string): Promise<string[]> {
  const found = await ctx.tx
    .select({ invoices: periodCloseAccount.invoices })
    .from(periodCloseAccount)
    .where(and(eq(periodCloseAccount.close_id, close_id), eq(periodCloseAccount.state, 'issued')))
    .orderBy(asc(periodCloseAccount.account_name), asc(periodCloseAccount.account_id))
  return found.flatMap(({ invoices }) => invoices.map(({ id }) => id))
}
