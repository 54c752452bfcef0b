/** Verbs of re-rating: what differs from what was billed, and the notes that settle it. */
import { listAccounts } from '../../accounts/index.ts'
import type { Account } from '../../accounts/contract.ts'
import { type Actor, permit } from '../../base/actor.ts'
import { majorText } from '../../base/money.ts'
import { Problem } from '../../base/problem.ts'
import { type ClosedCut, openCut } from '../../db/cut.ts'
import { type Clock, type Context, type Database, transact } from '../../db/index.ts'
import type { Page, PageQuery } from '../../http/contract.ts'
import type { z } from 'zod'
import type { NewReRating, OpenDifference, ReRating } from '../contract.ts'
import { settledCut } from '../finalise.ts'
import { requireCut } from './issue.ts'
import { review } from './re-rate.ts'
import { netOf } from './rules.ts'

export { issueNotes } from './issue.ts'

/** What comes before `reRate`, in transactions of its own: the cut that was asked for, or a new one under all that is known. */
export async function readyToReRate(
  db: Database,
  actor: Actor,
  now: Clock,
  input: z.infer<typeof NewReRating>,
): Promise<ClosedCut> {
  const { cut } = input
  const asked = await transact(db, actor, now, async (ctx) => {
    permit(ctx, 'billing.write')
    return cut === undefined ? null : requireCut(ctx, cut)
  })
  return asked ?? settledCut(db, actor, now)
}

/** How the account's invoices differ from what the cut makes of their periods, and what would be issued. Writes nothing. */
export async function reRate(ctx: Context, account_id: string, cut: ClosedCut): Promise<ReRating> {
  permit(ctx, 'billing.write')
  return (await review(ctx, account_id, cut)).shown
}

/** Accounts whose invoices differ from what is known now; a page looks at so many accounts. One that fails says so beside the others. */
export async function openDifferences(ctx: Context, query: z.infer<typeof PageQuery>): Promise<Page<OpenDifference>> {
  permit(ctx, 'billing.write')
  const { items, next_cursor } = await listAccounts(ctx, query)
  const cut = { number: await openCut(ctx.tx), closed_at: ctx.now() }
  const found: OpenDifference[] = []
  for (const account of items) found.push(...(await differenceOf(ctx, account, cut)))
  return { items: found, next_cursor, total: null }
}

async function differenceOf(ctx: Context, account: Account, cut: ClosedCut): Promise<OpenDifference[]> {
  const shown = { account: { id: account.id, name: account.name } }
  try {
    // in a savepoint: what the database refuses of one account isn't refused of the next
    const { found } = await ctx.tx.transaction((tx) => review({ ...ctx, tx }, account.id, cut))
    const currency = found[0]?.contract.currency
    if (currency === undefined) return []
    const net = found.reduce((sum, { deltas }) => sum + netOf(deltas), 0n)
    return [{ ...shown, document_count: found.length, currency, net: majorText(net, currency), problem: null }]
  } catch (error) {
    const problem = error instanceof Problem ? error.message : `${account.name} could not be rated again.`
    return [{ ...shown, document_count: 0, currency: null, net: null, problem }]
  }
}
