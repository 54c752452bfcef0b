/** SQL of reseller chains: down from resellers to all who buy through them, and up from a buyer. */
import { eq, sql } from 'drizzle-orm'
import { arrayText, type Context, rows } from '../../db/index.ts'
import { accountTree } from '../schema.ts'

/** Ends on any data: a row that was found is not found again. */
export const chainsBelow = (ctx: Context, reseller_ids: readonly string[]) =>
  rows<{ reseller_id: string; id: string; name: string }>(
    ctx.tx,
    sql`with recursive sold as (
          select e.reseller_account_id as reseller_id, a.id from legal_entity e join account a on a.legal_entity_id = e.id
            where e.reseller_account_id = any(${arrayText(reseller_ids)}::uuid[])
          union
          select s.reseller_id, a.id from sold s join legal_entity e on e.reseller_account_id = s.id join account a on a.legal_entity_id = e.id)
        select s.reseller_id, a.id, a.name from sold s join account a on a.id = s.id where a.id <> s.reseller_id order by a.name, a.id`,
  )

/** Through whom an account buys, the nearest first. */
export async function resellersAbove(ctx: Context, account_id: string): Promise<string[]> {
  const found = await rows<{ id: string }>(
    ctx.tx,
    sql`with recursive above as (
          select e.reseller_account_id as id from account a join legal_entity e on e.id = a.legal_entity_id where a.id = ${account_id}
          union
          select e.reseller_account_id from above b join account a on a.id = b.id join legal_entity e on e.id = a.legal_entity_id)
        select id from above where id is not null`,
  )
  return found.map(({ id }) => id)
}

/** An account and those above it. */
export async function ancestorsOf({ tx }: Context, account_id: string): Promise<string[]> {
  const found = await tx
    .select({ id: accountTree.ancestor_id })
    .from(accountTree)
    .where(eq(accountTree.account_id, account_id))
  return found.map(({ id }) => id)
}
