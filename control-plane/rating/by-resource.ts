/** The facts of an account, dealt out to its resources once: who then filters by resource looks at a few rows, not at all of them. Pure. */
import type { Facts, RatedResource } from './rules.ts'

/** Each resource with the facts that are about it, in their order; what is of the account stays as it is. */
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
      owned: owned.get(id) ?? [],
      observed: observed.get(id) ?? [],
      losses: losses.get(id) ?? [],
      accepted: accepted.get(id) ?? [],
      consumed: consumed.get(id) ?? [],
      prices: prices.get(kind) ?? [],
    }
    yield [resource, { ...facts, ...own }]
  }
}
