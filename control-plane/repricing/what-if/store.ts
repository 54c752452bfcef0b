/** The SQL of what-ifs: reports, and what they found of each account. */
import { and, asc, desc, eq, ne, type SQL, sql } from 'drizzle-orm'
import { arrayText, columnar, type Context, rows } from '../../db/index.ts'
import type { WhatIfAccountQuery } from '../contract.ts'
import { whatIf, whatIfAccount } from '../schema.ts'

export type WhatIfRow = typeof whatIf.$inferSelect
export type AccountRow = typeof whatIfAccount.$inferSelect

/** What was issued when it was asked: what is issued meanwhile changes nothing. */
export const askedBy = ({ legal_entity_id, currency, within_from, within_to, started_at }: WhatIfRow) => ({
  legal_entity_id,
  currency,
  within: { from: within_from, to: within_to },
  issued_until: started_at,
})

export const insertWhatIf = async (ctx: Context, row: WhatIfRow): Promise<void> => {
  await ctx.tx.insert(whatIf).values(row)
}
export async function findWhatIf(ctx: Context, id: string, hold = false): Promise<WhatIfRow | undefined> {
  const query = ctx.tx.select().from(whatIf).where(eq(whatIf.id, id))
  const [row] = await (hold ? query.for('update') : query)
  return row
}
export const updateWhatIf = async (ctx: Context, id: string, change: Partial<WhatIfRow>): Promise<void> => {
  await ctx.tx.update(whatIf).set(change).where(eq(whatIf.id, id))
}
export async function selectWhatIfs(
  ctx: Context,
  limit: number,
  after: { at: number; id: string } | null,
): Promise<{ found: WhatIfRow[]; total: number }> {
  const found = await ctx.tx
    .select()
    .from(whatIf)
    .where(
      after
        ? sql`(${whatIf.started_at}, ${whatIf.id}) < (${new Date(after.at).toISOString()}::timestamptz, ${after.id}::uuid)`
        : undefined,
    )
    .orderBy(desc(whatIf.started_at), desc(whatIf.id))
    .limit(limit + 1)
  return { found, total: await ctx.tx.$count(whatIf) }
}
/** Those that go on in the background, the oldest first. */
export const runningWhatIfs = (ctx: Context): Promise<WhatIfRow[]> =>
  ctx.tx.select().from(whatIf).where(eq(whatIf.state, 'running')).orderBy(asc(whatIf.started_at), asc(whatIf.id))

interface Facts {
  id: string
  change_name: string
  entity_name: string
  done: number
  all: number
}
/** Names, and how far each is. */
export async function factsOf(ctx: Context, ids: readonly string[]): Promise<Map<string, Facts>> {
  const found = await rows<Facts>(
    ctx.tx,
    sql`select w.id, c.name as change_name, e.name as entity_name, count(a.account_id) filter (where a.state <> 'waiting')::int4 as done, count(a.account_id)::int4 as all
        from what_if w join price_change c on c.id = w.change_id join legal_entity e on e.id = w.legal_entity_id
        left join what_if_account a on a.what_if_id = w.id where w.id = any(${arrayText(ids)}::uuid[]) group by w.id, c.name, e.name`,
  )
  return new Map(found.map((row) => [row.id, row]))
}

export async function addAccounts(
  ctx: Context,
  what_if_id: string,
  accounts: readonly { id: string; name: string }[],
): Promise<void> {
  if (accounts.length === 0) return
  const list = accounts.map(({ id, name }) => ({ account_id: id, account_name: name, what_if_id }))
  await ctx.tx.execute(
    sql`insert into what_if_account (what_if_id, account_id, account_name, state, before_minor, after_minor, invoices, figures, marks)
        select what_if_id, account_id, account_name, 'waiting', 0, 0, 0, '[]', '[]'
        from ${columnar(list, { account_id: 'uuid', account_name: 'text', what_if_id: 'uuid' })}`,
  )
}

/** The next accounts that wait; several workers never take the same. */
export const takeAccounts = (ctx: Context, what_if_id: string, limit: number): Promise<AccountRow[]> =>
  ctx.tx
    .select()
    .from(whatIfAccount)
    .where(and(eq(whatIfAccount.what_if_id, what_if_id), eq(whatIfAccount.state, 'waiting')))
    .orderBy(asc(whatIfAccount.account_name), asc(whatIfAccount.account_id))
    .limit(limit)
    .for('update', { skipLocked: true })

const TYPES = {
  account_id: 'uuid',
  what_if_id: 'uuid',
  state: 'text',
  before_minor: 'int8',
  after_minor: 'int8',
  invoices: 'int4',
  figures: 'jsonb',
  marks: 'jsonb',
  problem: 'text',
} as const
export async function keepAccounts(ctx: Context, list: readonly AccountRow[]): Promise<void> {
  const cells = list.map((row) => ({
    ...row,
    before_minor: row.before_minor.toString(),
    after_minor: row.after_minor.toString(),
    figures: JSON.stringify(row.figures),
    marks: JSON.stringify(row.marks),
  }))
  await ctx.tx.execute(
    sql`update what_if_account a set state = i.state, before_minor = i.before_minor, after_minor = i.after_minor, invoices = i.invoices,
          figures = i.figures, marks = i.marks, problem = i.problem
        from ${columnar(cells, TYPES)} where a.what_if_id = i.what_if_id and a.account_id = i.account_id`,
  )
}

export const countWaiting = (ctx: Context, what_if_id: string): Promise<number> =>
  ctx.tx.$count(whatIfAccount, and(eq(whatIfAccount.what_if_id, what_if_id), eq(whatIfAccount.state, 'waiting')))
export const allAccounts = (ctx: Context, what_if_id: string): Promise<AccountRow[]> =>
  ctx.tx.select().from(whatIfAccount).where(eq(whatIfAccount.what_if_id, what_if_id))

const DELTA = sql`${whatIfAccount.after_minor} - ${whatIfAccount.before_minor}`
const KEYS: Record<WhatIfAccountQuery['sort'], SQL> = {
  name: sql`${whatIfAccount.account_name}`,
  delta: DELTA,
  before: sql`${whatIfAccount.before_minor}`,
}
export async function selectAccounts(
  ctx: Context,
  what_if_id: string,
  { sort, order }: Pick<WhatIfAccountQuery, 'sort' | 'order'>,
  { limit, from }: { limit: number; from: number },
): Promise<{ found: AccountRow[]; total: number }> {
  const looked = and(eq(whatIfAccount.what_if_id, what_if_id), ne(whatIfAccount.state, 'waiting'))
  const found = await ctx.tx
    .select()
    .from(whatIfAccount)
    .where(looked)
    .orderBy((order === 'asc' ? asc : desc)(KEYS[sort]), asc(whatIfAccount.account_name), asc(whatIfAccount.account_id))
    .limit(limit)
    .offset(from)
  return { found, total: await ctx.tx.$count(whatIfAccount, looked) }
}
