/** What a rating needs of accounts' resources, read for many accounts at once and dealt out to them. */
import type { Kind } from '#connectors/contract.ts'
import { type Customer, resoldBy } from '../../accounts/index.ts'
import { permit } from '../../base/actor.ts'
import type { Interval } from '../../base/time.ts'
import type { Context } from '../../db/index.ts'
import { allOf, together } from '../../db/together.ts'
import { coversIn } from '../eyes/index.ts'
import { uncovered } from '../ownership.ts'
import { namesOf, unobservedIn } from '../store.ts'
import * as store from './store.ts'

export type { PlacedResource } from './store.ts'

/** What is rated for an account: what it owned, and what its customers did who buy through it. */
export interface Held extends store.Ownership {
  /** of a customer's: who owned it */
  for_account?: Customer
}

/** What an account owned or resold, as known to a cut. */
export const ownership = (
  ctx: Context,
  { account_id }: { account_id: string },
  { from, to }: Interval,
  cut: number,
): Promise<Held[]> => ownedByEach(ctx, { from, to, cut }, account_id)
const ownedByEach = together((ctx, { from, to, cut }: Interval & { cut: number }, account_ids: readonly string[]) =>
  ownershipOfEach(ctx, account_ids, { from, to }, cut),
)

/** The one place that says what is rated for whom. */
async function ownershipOfEach(
  ctx: Context,
  account_ids: readonly string[],
  interval: Interval,
  cut: number,
): Promise<Held[][]> {
  const customers = await allOf(account_ids.map((id) => resoldBy(ctx, id)))
  const all = new Set([...account_ids, ...customers.flat().map(({ id }) => id)])
  const owned = Map.groupBy(await store.ownedBy(ctx, [...all], interval, cut), (row) => row.account_id)
  return account_ids.map((id, index) => [
    ...(owned.get(id) ?? []),
    ...(customers[index] ?? []).flatMap((for_account) =>
      (owned.get(for_account.id) ?? []).map((row) => ({ ...row, for_account })),
    ),
  ])
}

/** Everything a rating needs of an account's resources in an interval, as known to a cut: without what another eye is billed for. */
export async function holdings(ctx: Context, account_id: string, { from, to }: Interval, cut: number) {
  permit(ctx, 'inventory.read')
  return await holdingsOfEach(ctx, { from, to, cut }, account_id)
}

const holdingsOfEach = together(
  async (ctx, { from, to, cut }: Interval & { cut: number }, account_ids: readonly string[]) => {
    const interval = { from, to }
    const assigned = await ownershipOfEach(ctx, account_ids, interval, cut)
    const ids = [...new Set(assigned.flat().map((row) => row.resource_id))]
    const covers = await coversIn(ctx, ids, interval, cut)
    const { observed, gaps } = await observations(ctx, ids, interval, cut)
    const of = {
      observed: Map.groupBy(observed, (row) => row.resource_id),
      gaps: Map.groupBy(gaps, (row) => row.scope_id),
      names: new Map((await namesOf(ctx, ids)).map((row) => [row.id, row])),
      sources: Map.groupBy(await store.sourcesOf(ctx, ids, cut), (row) => row.resource_id),
    }
    return assigned.map((rows) => {
      // the same question has the same answer, to the order
      const own = [...new Set(rows.map((row) => row.resource_id))].toSorted()
      const seen = own.flatMap((id) => of.observed.get(id) ?? [])
      return {
        owned: uncovered(rows, covers),
        observed: seen,
        gaps: [...new Set(seen.map((row) => row.scope_id))].flatMap((scope) => of.gaps.get(scope) ?? []),
        names: own.flatMap((id) => of.names.get(id) ?? []),
        sources: own.flatMap((id) => of.sources.get(id) ?? []),
      }
    })
  },
)

/** What sources told of some attributes of resources, and when, as known to a cut: values stand as the paths do. */
export async function attributesIn(
  ctx: Context,
  ids: readonly string[],
  paths: readonly (readonly string[])[],
  interval: Interval,
  cut: number,
): Promise<store.Told[]> {
  permit(ctx, 'inventory.read')
  return await toldOfEach(ctx, { paths, from: interval.from, to: interval.to, cut }, ids)
}
const toldOfEach = together(
  async (
    ctx,
    { paths, from, to, cut }: Interval & { paths: readonly (readonly string[])[]; cut: number },
    lists: readonly (readonly string[])[],
  ) => {
    const told = await store.toldIn(ctx, [...new Set(lists.flat())], paths, { from, to }, cut)
    const byResource = Map.groupBy(told, (row) => row.resource_id)
    return lists.map((ids) => ids.flatMap((id) => byResource.get(id) ?? []))
  },
)

/** What was observed of resources in an interval, and when nobody looked, as known to a cut. */
export async function observations(ctx: Context, ids: readonly string[], interval: Interval, cut: number) {
  permit(ctx, 'inventory.read')
  const observed = await store.observedIn(ctx, ids, interval, cut)
  const gaps = await unobservedIn(ctx, [...new Set(observed.map((row) => row.scope_id))], interval, cut)
  return { observed, gaps }
}

/** A thing in some of its time. */
export interface Thing extends Interval {
  resource_id: string
}
/** What `holdings` says, of these things, whoever owned them then. */
export async function things(ctx: Context, list: readonly Thing[], interval: Interval, cut: number) {
  permit(ctx, 'inventory.read')
  const ids = [...new Set(list.map(({ resource_id }) => resource_id))].toSorted()
  const owned = list.map(({ resource_id, from, to }) => ({
    id: resource_id,
    resource_id,
    from,
    to,
    assignment: { from, to },
  }))
  const seen = await observations(ctx, ids, interval, cut)
  return { owned, ...seen, names: await namesOf(ctx, ids), sources: await store.sourcesOf(ctx, ids, cut) }
}

/** All resources of a kind that were there in an interval with where each was placed, whoever owned them, as known to a cut. */
export async function placedOfKind(ctx: Context, kind: Kind, interval: Interval, cut: number) {
  permit(ctx, 'inventory.read')
  return store.placedOfKind(ctx, kind, interval, cut)
}
