/**
 * How the cost of a node is divided over the pods that ran on it, and what is left idle: exact, and to the cent in sum. Pure.
 *
 * A pod is allocated the larger of what it asked for and what it used (https://opencost.io/docs/specification). Where processors and
 * memory of a node are both priced, its cost is split as these prices say, and each part by how much of the node's time × amount pods
 * were allocated. Where they are not, the node is taken as far as its dominant resource is (the one that is allocated the most, for
 * without it nothing more fits), and pods bear that by their own dominant shares (Ghodsi et al., Dominant Resource Fairness, NSDI 2011).
 */
import {
  add,
  divide,
  type Fraction,
  fraction,
  larger,
  multiply,
  subtract,
  sum,
  toDecimal,
  weightsOf,
  ZERO,
} from '../../base/exact.ts'
import { majorText, spread } from '../../base/money.ts'
import { sure } from '../../base/problem.ts'
import type { Instant } from '../../base/time.ts'
import type { IdleBasis, IdleCosts, IdleNamespace, IdleNode } from '../contract.ts'

/** Thousandths of a processor, and bytes, each × milliseconds. */
export interface Amounts {
  cpu: bigint
  memory: bigint
}
const RESOURCES = ['cpu', 'memory'] as const
export const NOTHING: Readonly<Amounts> = { cpu: 0n, memory: 0n }
const most = (a: bigint, b: bigint): bigint => (a > b ? a : b)
/** The larger of each: what was asked for and what readings held are both too little where one is not known of all the time. */
export const mostOf = (a: Amounts, b: Amounts): Amounts => ({
  cpu: most(a.cpu, b.cpu),
  memory: most(a.memory, b.memory),
})
export const plus = (a: Amounts, b: Amounts): Amounts => ({ cpu: a.cpu + b.cpu, memory: a.memory + b.memory })

export type ByHour = ReadonlyMap<Instant, Amounts>
/** What a node had, and what each pod on it was allocated, hour by hour. */
export interface Placed {
  node: ByHour
  pods: ReadonlyMap<string, ByHour>
}
/** The same in all. */
export interface Allocated {
  node: Amounts
  pods: Map<string, Amounts>
}

/**
 * Of each hour no more than the node had is allocated: what pods were allocated beyond that is taken off them in proportion, down to
 * whole units. A node that doesn't say what it has, has what is allocated of it.
 */
export function allocatedIn({ node, pods }: Placed): Allocated {
  const held = new Map<Instant, Amounts>()
  for (const own of pods.values())
    for (const [hour, amounts] of own) held.set(hour, plus(held.get(hour) ?? NOTHING, amounts))
  const had = (hour: Instant, name: 'cpu' | 'memory'): bigint =>
    node.get(hour)?.[name] || (held.get(hour)?.[name] ?? 0n)
  const within = (hour: Instant, name: 'cpu' | 'memory', amount: bigint): bigint => {
    const [whole, all] = [had(hour, name), held.get(hour)?.[name] ?? 0n]
    return all <= whole ? amount : (amount * whole) / all
  }
  const out: Allocated = { node: NOTHING, pods: new Map() }
  for (const hour of new Set([...node.keys(), ...held.keys()]))
    out.node = plus(out.node, { cpu: had(hour, 'cpu'), memory: had(hour, 'memory') })
  for (const [id, own] of pods) {
    let total: Amounts = NOTHING
    for (const [hour, { cpu, memory }] of own)
      total = plus(total, { cpu: within(hour, 'cpu', cpu), memory: within(hour, 'memory', memory) })
    out.pods.set(id, total)
  }
  return out
}

/** Minor units of what a node costs: how much of it is the price of its processors, and of its memory. */
export interface Cost {
  total: bigint
  cpu: bigint
  memory: bigint
}

/** Which part of the node's cost each pod bears: together at most all of it. */
export function sharesOf({ node, pods }: Allocated, { cpu, memory }: Cost): Map<string, Fraction> {
  const of = (amounts: Amounts, name: 'cpu' | 'memory') =>
    node[name] === 0n ? ZERO : fraction(amounts[name], node[name])
  if (cpu > 0n && memory > 0n) {
    const price = { cpu: fraction(cpu, cpu + memory), memory: fraction(memory, cpu + memory) }
    const share = (amounts: Amounts) => sum(RESOURCES.map((name) => multiply(price[name], of(amounts, name))))
    return new Map([...pods].map(([id, amounts]) => [id, share(amounts)]))
  }
  const all = [...pods.values()].reduce(plus, NOTHING)
  const taken = larger(of(all, 'cpu'), of(all, 'memory'))
  const dominant = new Map([...pods].map(([id, amounts]) => [id, larger(of(amounts, 'cpu'), of(amounts, 'memory'))]))
  const whole = [...dominant.values()].reduce(add, ZERO)
  if (whole.num === 0n) return dominant
  const scale = divide(taken, whole)
  return new Map([...dominant].map(([id, share]) => [id, multiply(share, scale)]))
}

export interface Divided {
  idle: bigint
  pods: Map<string, bigint>
}
/** Minor units that add up to the cost: by the largest remainder, ties by the order of ids, and idle last. */
export function divided(cost: Cost, placed: Allocated): Divided {
  const shares = [...sharesOf(placed, cost)].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const idle = subtract(fraction(1n), sum(shares.map(([, share]) => share)))
  const parts = spread(cost.total, weightsOf([...shares.map(([, share]) => share), idle]))
  return { idle: sure(parts.at(-1)), pods: new Map(shares.map(([id], index) => [id, sure(parts[index])])) }
}

/** A node in a stretch of time in which its prices are of one kind. */
export interface Part {
  node: { id: string; name: string; realm: string }
  currency: string
  basis: 'cost_book' | 'list'
  is_partial: boolean
  cost: Cost
  placed: Allocated
  /** of each pod that ran on it: its namespace */
  namespaces: ReadonlyMap<string, string>
}

const PERCENT_PLACES = 2
const percent = (part: bigint, whole: bigint): string | null =>
  whole > 0n ? toDecimal(fraction(part * 100n, whole), PERCENT_PLACES) : null
const mostFirst = (a: bigint, b: bigint): number => (a === b ? 0 : a > b ? -1 : 1)
const total = (list: readonly bigint[]): bigint => list.reduce((all, one) => all + one, 0n)

interface Summed {
  cost: bigint
  idle: bigint
}
const shown = ({ cost, idle }: Summed, currency: string) => ({
  currency,
  cost: majorText(cost, currency),
  allocated: majorText(cost - idle, currency),
  idle: majorText(idle, currency),
  idle_percent: percent(idle, cost),
})

export function presented(parts: readonly Part[]): Pick<IdleCosts, 'nodes' | 'namespaces' | 'totals'> {
  const all = parts.map((part) => ({ part, of: divided(part.cost, part.placed) }))
  const byNode = Map.groupBy(all, ({ part }) => `${part.node.id}/${part.currency}`)
  const byCurrency = [...Map.groupBy(all, ({ part }) => part.currency)].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return {
    nodes: [...byNode.values()]
      .map((own) => ({ own, ...summed(own) }))
      .toSorted((a, b) => byCurrencyOf(a.own, b.own) || mostFirst(a.idle, b.idle))
      .map(({ own }) => nodeRow(own)),
    namespaces: [...Map.groupBy(all, ({ part }) => `${part.node.realm}\n${part.currency}`).values()].flatMap(
      namespaceRows,
    ),
    totals: byCurrency.map(([currency, own]) => shown(summed(own), currency)),
  }
}
interface Both {
  part: Part
  of: Divided
}
const summed = (list: readonly Both[]): Summed => ({
  cost: total(list.map(({ part }) => part.cost.total)),
  idle: total(list.map(({ of }) => of.idle)),
})
/** Amounts of two currencies are not compared. */
function byCurrencyOf([a]: readonly Both[], [b]: readonly Both[]): number {
  const [one, other] = [sure(a).part.currency, sure(b).part.currency]
  return one < other ? -1 : one > other ? 1 : 0
}

function nodeRow(own: readonly Both[]): IdleNode {
  const { node, currency } = sure(own[0]).part
  const bases = new Set(own.map(({ part }) => part.basis))
  const basis: IdleBasis = bases.size > 1 ? 'mixed' : sure(own[0]).part.basis
  const had = own.map(({ part }) => part.placed.node).reduce(plus, NOTHING)
  const held = own.flatMap(({ part }) => [...part.placed.pods.values()]).reduce(plus, NOTHING)
  return {
    resource: { id: node.id, name: node.name },
    realm: node.realm,
    basis,
    is_partial: own.some(({ part }) => part.is_partial),
    pods: new Set(own.flatMap(({ part }) => [...part.placed.pods.keys()])).size,
    cpu_percent: percent(held.cpu, had.cpu),
    memory_percent: percent(held.memory, had.memory),
    ...shown(summed(own), currency),
  }
}

/** What each namespace of a cluster bears, the dearest first, and last what nothing held. */
function namespaceRows(own: readonly Both[]): IdleNamespace[] {
  const { node, currency } = sure(own[0]).part
  const all = summed(own)
  const borne = own.flatMap(({ part, of }) =>
    [...of.pods].map(([id, minor]) => ({ id, minor, namespace: part.namespaces.get(id) ?? '' })),
  )
  const row = (namespace: string | null, minor: bigint, pods: number) => ({
    realm: node.realm,
    namespace,
    currency,
    cost: majorText(minor, currency),
    percent: percent(minor, all.cost),
    pods,
  })
  const rows = [...Map.groupBy(borne, ({ namespace }) => namespace)]
    .map(([namespace, list]) => ({ namespace, list, minor: total(list.map(({ minor }) => minor)) }))
    .toSorted((a, b) => mostFirst(a.minor, b.minor) || (a.namespace < b.namespace ? -1 : 1))
  return [
    ...rows.map(({ namespace, list, minor }) => row(namespace, minor, new Set(list.map(({ id }) => id)).size)),
    row(null, all.idle, 0),
  ]
}
