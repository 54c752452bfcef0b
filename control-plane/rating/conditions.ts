/** Gathers what sources told of resources, where prices of a cost book apply to some of them alone. */
import { attributePath } from '../catalog/rules.ts'
import type { Context } from '../db/index.ts'
import { attributesIn } from '../inventory/index.ts'
import { listPrices } from './list-prices.ts'
import type { Facts, Price } from './rules.ts'

/** Facts in which each resource of a kind with such prices has its own; where there are none, nothing is asked. */
export async function withConditions(ctx: Context, facts: Facts, cut: number): Promise<Facts> {
  const conditional = facts.prices.filter((price) => price.applies_to)
  if (conditional.length === 0) return facts
  const attributes = [...new Set(conditional.flatMap(({ applies_to }) => applies_to?.attribute ?? []))]
  const kinds = new Set(conditional.map(({ kind }) => kind))
  const resources = facts.resources.filter(({ kind }) => kinds.has(kind))
  const ids = resources.map(({ id }) => id)
  const told = await attributesIn(ctx, ids, attributes.map(attributePath), facts.period, cut)
  const byResource = Map.groupBy(told, ({ resource_id }) => resource_id)
  const tariffs = resources.map(({ id, kind }): [string, Price[]] => {
    const own = facts.prices.filter((price) => price.kind === kind)
    const versions = (byResource.get(id) ?? []).map(({ from, to, values }) => ({
      from,
      to,
      said: new Map(attributes.map((attribute, index) => [attribute, values[index] ?? null])),
    }))
    return [id, listPrices(own, versions)]
  })
  return { ...facts, tariffs: new Map(tariffs) }
}
