/** Verbs of idle cost: what nodes of clusters cost, and what of that nobody was allocated. Computed when asked, never stored. */
import { defaultAccount, getLegalEntity } from '../../accounts/index.ts'
import { permit } from '../../base/actor.ts'
import { type CsvColumns, csvTable } from '../../base/csv.ts'
import { dateOf, hourOf, type Interval, intersect, iso, monthNamed, monthOf } from '../../base/time.ts'
import { contractOf } from '../../contracts/index.ts'
import { openCut } from '../../db/cut.ts'
import type { Context } from '../../db/index.ts'
import { placedOfKind, type PlacedResource } from '../../inventory/index.ts'
import { usageOf } from '../../metering/index.ts'
import { joined } from '../../metering/rules.ts'
import { booksIn } from '../cost.ts'
import type { IdleCosts, IdleNamespace, IdleNode, IdleQuery } from '../contract.ts'
import { type Asked, nodeCosts } from './cost.ts'
import { heldByHour, mostByHour, readByHour } from './hours.ts'
import { allocatedIn, type ByHour, type Part, presented } from './rules.ts'

/** The idle costs of a month, as far as whole hours have passed. */
export async function idleCosts(ctx: Context, query: IdleQuery): Promise<IdleCosts> {
  permit(ctx, 'margins.read')
  const account = await defaultAccount(ctx)
  const { zone } = await getLegalEntity(ctx, account.legal_entity_id)
  const month = query.month === undefined ? monthOf(ctx.now(), zone) : monthNamed(query.month, zone)
  const window = { from: month.from, to: Math.max(month.from, Math.min(month.to, hourOf(ctx.now()))) }
  const about = { month: dateOf(month.from, zone).slice(0, 7), from: iso(window.from), to: iso(window.to) }
  const contract = window.from < window.to ? await contractOf(ctx, account.id, window.to - 1) : null
  const cut = await openCut(ctx.tx)
  const isAsked = ({ realm }: PlacedResource) => query.realm === undefined || realm === query.realm
  const nodes = (await placedOfKind(ctx, 'node', window, cut)).filter(isAsked)
  const pods = byNode((await placedOfKind(ctx, 'pod', window, cut)).filter(isAsked))
  const parts = contract ? await partsOf(ctx, { nodes, pods, window }, { contract, zone, cut }) : []
  const known = new Set(parts.map(({ node }) => node.id))
  const unknown = nodes.filter(({ id }) => !known.has(id)).map(({ id, name, realm }) => ({ id, name, realm }))
  return { ...about, ...presented(parts), unknown }
}

type PodsByNode = ReadonlyMap<string, readonly PlacedResource[]>
/** Pods by the nodes that they ran on, each with the versions in which it did. */
function byNode(pods: readonly PlacedResource[]): PodsByNode {
  const out = new Map<string, PlacedResource[]>()
  for (const pod of pods) {
    const running = Map.groupBy(
      pod.versions.filter(({ state }) => state === 'running'),
      ({ host_id }) => host_id ?? '',
    )
    for (const [host_id, versions] of running) out.set(host_id, [...(out.get(host_id) ?? []), { ...pod, versions }])
  }
  return out
}

interface World {
  nodes: readonly PlacedResource[]
  pods: PodsByNode
  window: Interval
}
async function partsOf(ctx: Context, { nodes, pods, window }: World, asked: Asked): Promise<Part[]> {
  const out: Part[] = []
  for (const part of await booksIn(ctx, window)) {
    const there = nodes.filter(({ versions }) => versions.some((one) => intersect(one, part.stretch)))
    const costs = await nodeCosts(ctx, there, part, asked)
    for (const node of there) {
      const cost = costs.get(node.id)
      if (!cost) continue
      const own = await allocations(ctx, pods.get(node.id) ?? [], part.stretch, asked.cut)
      out.push({
        node: { id: node.id, name: node.name, realm: node.realm },
        ...cost,
        placed: allocatedIn({ node: heldByHour(node.versions, part.stretch), pods: own.byPod }),
        namespaces: own.namespaces,
      })
    }
  }
  return out
}

/** What each pod was allocated hour by hour, by the larger of what it asked for and what its readings held. */
async function allocations(ctx: Context, pods: readonly PlacedResource[], stretch: Interval, cut: number) {
  const wanted = pods.flatMap(({ id, versions }) => {
    const intervals = joined(versions.flatMap((version) => intersect(version, stretch) ?? []))
    return intervals.length > 0 ? [{ resource_id: id, intervals }] : []
  })
  const used = await usageOf(ctx, wanted, cut)
  const read = new Map(wanted.map(({ resource_id }, index) => [resource_id, readByHour(used[index]?.values() ?? [])]))
  const there = pods.filter(({ id }) => read.has(id))
  const none: ByHour = new Map()
  return {
    byPod: new Map(
      there.map(({ id, versions }) => [id, mostByHour(heldByHour(versions, stretch), read.get(id) ?? none)]),
    ),
    namespaces: new Map(there.map(({ id, external_id }) => [id, external_id.split('/')[0] ?? ''])),
  }
}

const NODE_COLUMNS = (month: string): CsvColumns<IdleNode> => ({
  month: () => month,
  realm: ({ realm }) => realm,
  resource_id: ({ resource }) => resource.id,
  node: ({ resource }) => resource.name,
  currency: ({ currency }) => currency,
  basis: ({ basis }) => basis,
  is_partial: ({ is_partial }) => is_partial,
  cost: ({ cost }) => cost,
  allocated: ({ allocated }) => allocated,
  idle: ({ idle }) => idle,
  idle_percent: ({ idle_percent }) => idle_percent,
  pods: ({ pods }) => pods,
  cpu_percent: ({ cpu_percent }) => cpu_percent,
  memory_percent: ({ memory_percent }) => memory_percent,
})
const NAMESPACE_COLUMNS = (month: string): CsvColumns<IdleNamespace> => ({
  month: () => month,
  realm: ({ realm }) => realm,
  namespace: ({ namespace }) => namespace ?? IDLE,
  currency: ({ currency }) => currency,
  cost: ({ cost }) => cost,
  percent: ({ percent }) => percent,
  pods: ({ pods }) => pods,
})
/** No namespace is called so. */
const IDLE = '(idle)'

/** The rows as a page shows them. */
export const idleCsv = ({ month, nodes, namespaces }: IdleCosts, by: IdleQuery['by']): string =>
  by === 'node' ? csvTable(NODE_COLUMNS(month), nodes) : csvTable(NAMESPACE_COLUMNS(month), namespaces)
