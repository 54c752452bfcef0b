/** Who buys through whom: a reseller's companies sell to accounts below him, and what these use is rated for him as well. */
import { permit } from '../../base/actor.ts'
import { Problem } from '../../base/problem.ts'
import type { Context } from '../../db/index.ts'
import { together } from '../../db/together.ts'
import type { LegalEntity } from '../contract.ts'
import { ancestorsOf, chainsBelow, resellersAbove } from './store.ts'

export interface Customer {
  id: string
  name: string
}

/**
 * The accounts that buy from a company of each of these, or from one of such a buyer, and so on. It holds for all time: with whom an
 * account was opened, and whose a company is, never changes.
 */
export async function resoldBy(ctx: Context, account_id: string): Promise<Customer[]> {
  permit(ctx, 'accounts.read')
  return await resoldByEach(ctx, null, account_id)
}
const resoldByEach = together(async (ctx, _all: null, account_ids: readonly string[]) => {
  const byReseller = Map.groupBy(await chainsBelow(ctx, [...new Set(account_ids)]), ({ reseller_id }) => reseller_id)
  return account_ids.map((id) => (byReseller.get(id) ?? []).map(({ id: own, name }) => ({ id: own, name })))
})

/** Whether what an account uses is bought through a reseller: asked from below, seller by seller. */
export async function isResoldBy(ctx: Context, account_id: string, reseller_id: string): Promise<boolean> {
  permit(ctx, 'accounts.read')
  return (await resellersAbove(ctx, account_id)).includes(reseller_id)
}

/** A reseller's company sells to accounts below him alone: so nobody buys from himself, and chains have no circle. */
export async function requireBelow(ctx: Context, seller: LegalEntity, parent_id: string | null): Promise<void> {
  const { reseller_account_id, name } = seller
  if (reseller_account_id === null) return
  const above = parent_id === null ? [] : await ctx.program((program) => ancestorsOf(program, parent_id))
  if (above.includes(reseller_account_id)) return
  throw new Problem(
    'invalid',
    `${name} is the company of a reseller: only accounts that he brought buy from it. Open the account below him, or choose another company.`,
    [{ pointer: '/parent_id', detail: 'must be the reseller of this company, or an account below him' }],
  )
}
