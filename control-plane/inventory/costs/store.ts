/** The SQL of what resources cost an hour: kept beside them, so that lists can be sorted by it. */
import { sql } from 'drizzle-orm'
import type { Kind, Size } from '#connectors/contract.ts'
import { among, columnar, type Context, rows } from '../../db/index.ts'
import { LIVING, resource } from '../schema.ts'

/** Accounts with resources, after one of them by id. */
export async function ownersAfter(ctx: Context, after: string | null, limit: number): Promise<string[]> {
  const found = await rows<{ id: string }>(
    ctx.tx,
    sql`select a.id from account a where a.id > coalesce(${after}::uuid, '00000000-0000-0000-0000-000000000000')
          and exists (select from resource where account_id = a.id and ${LIVING}) order by a.id limit ${limit}`,
  )
  return found.map(({ id }) => id)
}

/** What of resources nobody owns any more, or that ended, or that are covered, still says a cost is cleared. */
export async function clearCosts(ctx: Context, limit: number): Promise<number> {
  const cleared = await rows(
    ctx.tx,
    sql`update resource set cost_per_hour = null, cost_basis = null where id in (
          select id from resource where cost_basis is not null and (account_id is null or ended_at is not null or covered_by is not null)
          limit ${limit} for no key update skip locked) returning id`,
  )
  return cleared.length
}

export interface KindBasis {
  account_id: string
  kind: Kind
  basis: string
}
export interface OwnBasis {
  id: string
  basis: string
}

/** Resources of whom something else is kept than follows from these bases. Nothing but an index is read where there are none. */
export async function otherwiseCosted(
  ctx: Context,
  kinds: readonly KindBasis[],
  own: readonly OwnBasis[],
  limit: number,
): Promise<string[]> {
  const found = await rows<{ id: string }>(
    ctx.tx,
    sql`select resource.id from ${columnar(kinds, { account_id: 'uuid', kind: 'text', basis: 'text' }, 'k')} join resource on resource.account_id = k.account_id and resource.kind = k.kind
        left join ${columnar(own, { id: 'uuid', basis: 'text' }, 'o')} on o.id = resource.id
        where ${LIVING} and cost_basis is distinct from coalesce(o.basis, k.basis) || '/' || held_digest limit ${limit}`,
  )
  return found.map(({ id }) => id)
}

/** As they are now, held until the transaction ends; without those that somebody else is at: their turn comes again. */
export const lockToCost = (ctx: Context, ids: readonly string[]) =>
  rows<{ id: string; account_id: string; kind: Kind; state: string; size: Size; held_digest: string }>(
    ctx.tx,
    sql`select id, account_id, kind, state, size, held_digest from resource
        where ${among(resource.id, ids)} and ${LIVING} and account_id is not null for no key update skip locked`,
  )

export interface Cost {
  id: string
  cost_per_hour: string | null
  cost_basis: string
}
export async function putCosts(ctx: Context, list: readonly Cost[]): Promise<void> {
  if (list.length === 0) return
  await ctx.tx.execute(
    sql`update resource set cost_per_hour = i.cost_per_hour, cost_basis = i.cost_basis from ${columnar(list, {
      id: 'uuid',
      cost_per_hour: 'numeric',
      cost_basis: 'text',
    })} where resource.id = i.id`,
  )
}
