/** The facts of an account, dealt out to its resources once: who then filters by resource looks at a few rows, not at all of them. Pure. */
import type { Facts, Owned, RatedResource } from './rules.ts'

/**
 * Each resource with the facts that are about it, in their order; what is of the account stays as it is. What customers own who buy
 * through the account comes once for each of them, by the time that it was his: it is a thing of its own, as it is on his own bill.
 */
export function* byResource(facts: Facts): Iterable<[RatedResource, Facts]> {
  const owned = Map.groupBy(facts.owned, (row) => row.resource_id)
  const observed = Map.groupBy(facts.observed, (row) => row.resource_id)
  const losses = Map.groupBy(facts.losses, (row) => row.resource_id)
  const accepted = Map.groupBy(facts.accepted, (row) => row.resource_id)
  const consumed = Map.groupBy(facts.consumed, (row) => row.resource_id)
  const prices = Map.groupBy(facts.prices, (row) => row.kind)
  for (const resource of facts.resources) {
    const { id, kind } = resource
    const own = {
      observed: observed.get(id) ?? [],
      losses: losses.get(id) ?? [],
      accepted: accepted.get(id) ?? [],
      prices: facts.tariffs?.get(id) ?? prices.get(kind) ?? [],
    }
    const all = consumed.get(id) ?? []
    const parts = byCustomer(owned.get(id) ?? [])
    for (const held of parts) {
      const ids = new Set(held.map((row) => row.id))
      const used = parts.length === 1 ? all : all.filter((row) => ids.has(row.owned_id))
      const [first] = held
      const named = first?.for_account ? { ...resource, for_account: first.for_account } : resource
      yield [named, { ...facts, ...own, owned: held, consumed: used }]
    }
  }
}

/** Who had it first comes first: what is charged once a month is charged for him. */
function byCustomer(owned: readonly Owned[]): Owned[][] {
  if (owned.every((row) => row.for_account === undefined)) return [[...owned]]
  const since = (rows: readonly Owned[]) => Math.min(...rows.map(({ from }) => from ?? -Infinity))
  return [...Map.groupBy(owned, (row) => row.for_account?.id ?? '').values()].toSorted((a, b) => since(a) - since(b))
}
