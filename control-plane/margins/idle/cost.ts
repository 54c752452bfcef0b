/** What nodes cost in a stretch of time: rated like what is sold, at cost books, or at the standard prices where there is none. */
import { type Interval, intersect, splitAt } from '../../base/time.ts'
import { minorOf } from '../../billing/rules.ts'
import { offered } from '../../catalog/index.ts'
import type { ContractInForce } from '../../contracts/index.ts'
import type { Context } from '../../db/index.ts'
import { coveredIn, labelsOf, type PlacedResource, type Thing } from '../../inventory/index.ts'
import { rate } from '../../rating/index.ts'
import type { Line } from '../../rating/contract.ts'
import { bookOf, type Part as Books } from '../cost.ts'
import type { Cost, Part } from './rules.ts'

export type NodeCost = Pick<Part, 'currency' | 'basis' | 'is_partial' | 'cost'>
export interface Asked {
  /** of the first account: whose prices are the standard ones, and whose taxes are taken out of them */
  contract: ContractInForce
  zone: string
  cut: number
}
/** A node with what is billed for it: itself, or the machine that it runs on. */
interface Costed {
  node: PlacedResource
  things: (Thing & { kind: string })[]
}

/** The cost of each node in the stretch of these books; none where no price is known. */
export async function nodeCosts(
  ctx: Context,
  nodes: readonly PlacedResource[],
  part: Books,
  asked: Asked,
): Promise<Map<string, NodeCost>> {
  const costed = await billedFor(ctx, nodes, part.stretch, asked.cut)
  const out = new Map<string, NodeCost>()
  for (const book of part.books) {
    const own = costed.filter(({ node }) => bookOf(part, node.realm) === book)
    const terms = { price_book_id: book.price_book_id, currency: book.currency, service_id: book.id }
    for (const [id, cost] of await ratedAt(
      ctx,
      own,
      { ...asked, contract: { ...asked.contract, ...terms } },
      part.stretch,
    ))
      out.set(id, { ...cost, basis: 'cost_book' })
  }
  const rest = costed.filter(({ node }) => !out.has(node.id))
  for (const [id, cost] of await ratedAt(ctx, rest, asked, part.stretch)) out.set(id, { ...cost, basis: 'list' })
  return out
}

async function billedFor(
  ctx: Context,
  nodes: readonly PlacedResource[],
  stretch: Interval,
  cut: number,
): Promise<Costed[]> {
  const covers = Map.groupBy(
    await coveredIn(
      ctx,
      nodes.map(({ id }) => id),
      stretch,
      cut,
    ),
    ({ resource_id }) => resource_id,
  )
  const all = nodes.map((node) => {
    const own = covers.get(node.id) ?? []
    const bounds = own.flatMap(({ from, to }) => [from, ...(to === null ? [] : [to])])
    const there = node.versions.flatMap((version) => intersect(version, stretch) ?? [])
    const times = there.flatMap((time) => splitAt(time, bounds))
    const billed = (time: Interval) => own.find((cover) => intersect(cover, time))?.billed_id ?? node.id
    return { node, things: times.map((time): Thing => ({ resource_id: billed(time), ...time })) }
  })
  const labels = await labelsOf(ctx, [...new Set(all.flatMap(({ things }) => things.map((one) => one.resource_id)))])
  return all.map(({ node, things }) => ({
    node,
    things: things.map((one) => ({ ...one, kind: labels.get(one.resource_id)?.kind ?? '' })),
  }))
}

async function ratedAt(
  ctx: Context,
  costed: readonly Costed[],
  { contract, zone, cut }: Asked,
  period: Interval,
): Promise<Map<string, Omit<NodeCost, 'basis'>>> {
  if (costed.length === 0) return new Map()
  const kinds = new Set([...(await offered(ctx, contract.price_book_id))].map((one) => one.split('.')[0] ?? ''))
  const known = costed.filter(({ things }) => things.every(({ kind }) => kinds.has(kind)))
  const things = known.flatMap((one) => one.things)
  if (things.length === 0) return new Map()
  const rated = await rate(ctx, { contract, period, zone, cut, within: () => true, things })
  const lines = Map.groupBy(rated.lines, ({ resource }) => resource.id)
  const lacking = new Set(rated.unrated.map(({ resource }) => resource.id))
  return new Map(
    known.map(({ node, things: own }) => {
      const ids = [...new Set(own.map(({ resource_id }) => resource_id))]
      const cost = costOf(ids.flatMap((id) => lines.get(id) ?? []))
      return [node.id, { currency: contract.currency, is_partial: ids.some((id) => lacking.has(id)), cost }]
    }),
  )
}

function costOf(lines: readonly Line[]): Cost {
  const of = (isOne: (line: Line) => boolean) =>
    lines.filter(isOne).reduce((sum, { net, currency }) => sum + minorOf(net, currency), 0n)
  return {
    total: of(() => true),
    cpu: of(({ meter }) => meter === 'vcpu' || meter === 'cpu'),
    memory: of(({ meter }) => meter === 'memory'),
  }
}
