/** Idle cost: what pods are allocated and what is left add up to what the node costs, whatever was asked for, used and overcommitted. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compare, fraction, multiply, subtract, sum, toDecimal } from '../../base/exact.ts'
import { minorOf } from '../../billing/rules.ts'
import {
  allocatedIn,
  type Amounts,
  type ByHour,
  type Cost,
  divided,
  mostOf,
  type Part,
  presented,
  sharesOf,
} from './rules.ts'

const HOUR = 3_600_000
const amount = fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 10n ** 6n }), fc.bigInt({ min: 0n, max: 2n ** 80n }))
const amounts: fc.Arbitrary<Amounts> = fc.record({ cpu: amount, memory: amount })
const byHour = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 5 }), amounts), { maxLength: 6 })
  .map((list): ByHour => new Map(list.map(([hour, held]) => [hour * HOUR, held])))
const pods = fc.array(byHour, { maxLength: 8 }).map((list) => new Map(list.map((held, n) => [`pod-${n}`, held])))
const placed = fc.record({ node: byHour, pods })
const minor = fc.bigInt({ min: 0n, max: 10n ** 9n })
const cost: fc.Arbitrary<Cost> = fc
  .record({ cpu: fc.oneof(fc.constant(0n), minor), memory: fc.oneof(fc.constant(0n), minor), rest: minor })
  .map(({ cpu, memory, rest }) => ({ cpu, memory, total: cpu + memory + rest }))
const total = (list: Iterable<bigint>): bigint => [...list].reduce((all, one) => all + one, 0n)

describe('a node of which the cost is divided', () => {
  test('to the cent: what its pods bear and what is idle is what it costs, and nothing is below zero', () => {
    fc.assert(
      fc.property(placed, cost, (world, spent) => {
        const { idle, pods: borne } = divided(spent, allocatedIn(world))
        expect(total(borne.values()) + idle).toBe(spent.total)
        for (const one of [idle, ...borne.values()]) expect(one).toBeGreaterThanOrEqual(0n)
      }),
    )
  })

  test('each pod bears its share to less than a cent, and idle is the rest', () => {
    fc.assert(
      fc.property(placed, cost, (world, spent) => {
        const all = allocatedIn(world)
        const [{ idle, pods: borne }, shares] = [divided(spent, all), sharesOf(all, spent)]
        const exact = [...shares.values()].map((share) => multiply(share, fraction(spent.total)))
        for (const [index, id] of [...shares.keys()].entries()) {
          const off = subtract(fraction(borne.get(id)!), exact[index]!)
          expect(compare(off, fraction(1n))).toBe(-1)
          expect(compare(off, fraction(-1n))).toBe(1)
        }
        const left = subtract(fraction(spent.total - idle), sum(exact))
        expect(compare(multiply(left, left), fraction(1n))).toBe(-1)
      }),
    )
  })

  test('in no hour more is allocated than it had, and less only where more was asked of it', () => {
    fc.assert(
      fc.property(placed, ({ node, pods: all }) => {
        for (const hour of node.keys()) {
          const only = new Map([...all].map(([id, own]) => [id, new Map([...own].filter(([at]) => at === hour))]))
          const held = allocatedIn({ node: new Map([[hour, node.get(hour)!]]), pods: only })
          for (const name of ['cpu', 'memory'] as const) {
            const had = node.get(hour)![name]
            const asked = total([...only.values()].map((own) => own.get(hour)?.[name] ?? 0n))
            const given = total([...held.pods.values()].map((one) => one[name]))
            if (had === 0n || asked <= had) expect(given).toBe(asked)
            else {
              expect(given).toBeLessThanOrEqual(had)
              // down to whole units: what is lost is less than one of each pod
              expect(given).toBeGreaterThan(had - BigInt(only.size) - 1n)
            }
          }
        }
      }),
    )
  })

  test('an hour in which more was held than it had leaves the idle time of others as it was', () => {
    const node: ByHour = new Map([0, HOUR].map((hour) => [hour, { cpu: 100n, memory: 100n }]))
    const pod: ByHour = new Map([[0, { cpu: 250n, memory: 10n }]])
    expect(
      divided({ total: 200n, cpu: 200n, memory: 200n }, allocatedIn({ node, pods: new Map([['a', pod]]) })).idle,
    ).toBe(
      // half of it is processors, which were taken for one of two hours; of the memory a twentieth
      200n - 50n - 5n,
    )
  })

  test('the order in which pods come changes nothing', () => {
    fc.assert(
      fc.property(placed, cost, (world, spent) => {
        const turned = { ...world, pods: new Map([...world.pods].toReversed()) }
        const sorted = (all: ReadonlyMap<string, bigint>) => [...all].toSorted(([a], [b]) => (a < b ? -1 : 1))
        const [one, other] = [divided(spent, allocatedIn(world)), divided(spent, allocatedIn(turned))]
        expect([sorted(other.pods), other.idle]).toEqual([sorted(one.pods), one.idle])
      }),
    )
  })

  test('what was asked for and what was used is allocated by the larger, so that neither is above it', () => {
    fc.assert(
      fc.property(amounts, amounts, (asked, used) => {
        const held = mostOf(asked, used)
        for (const name of ['cpu', 'memory'] as const) {
          expect(held[name]).toBeGreaterThanOrEqual(asked[name])
          expect(held[name]).toBeGreaterThanOrEqual(used[name])
          expect([asked[name], used[name]]).toContain(held[name])
        }
      }),
    )
  })
})

const NODE: Amounts = { cpu: 10n, memory: 100n }
const of = (held: Record<string, Amounts>) => ({ node: NODE, pods: new Map(Object.entries(held)) })
const shares = (held: Record<string, Amounts>, spent: Cost) =>
  [...sharesOf(of(held), spent)].map(([id, share]) => [id, toDecimal(share, 4)])

test('where both are priced, the cost is split as the prices are: processors 3 to memory 1', () => {
  const spent = { total: 1000n, cpu: 300n, memory: 100n }
  expect(shares({ a: { cpu: 5n, memory: 0n }, b: { cpu: 0n, memory: 50n } }, spent)).toEqual([
    ['a', '0.375'],
    ['b', '0.125'],
  ])
})

test('where they are not, the node is taken as far as its dominant resource is, and pods bear it by their dominant shares', () => {
  const spent = { total: 1000n, cpu: 0n, memory: 0n }
  // of both together 6 of 10 are held: two pods that hold half of something each bear 3 of 10 each
  expect(shares({ a: { cpu: 5n, memory: 10n }, b: { cpu: 1n, memory: 50n } }, spent)).toEqual([
    ['a', '0.3'],
    ['b', '0.3'],
  ])
  expect(shares({ a: { cpu: 0n, memory: 0n } }, spent)).toEqual([['a', '0']])
})

test('a node without pods is idle, and one that does not say what it has is held by what pods hold', () => {
  const spent = { total: 7n, cpu: 0n, memory: 0n }
  expect(divided(spent, allocatedIn({ node: new Map([[0, NODE]]), pods: new Map() })).idle).toBe(7n)
  const pod: ByHour = new Map([[0, { cpu: 1n, memory: 0n }]])
  expect(divided(spent, allocatedIn({ node: new Map(), pods: new Map([['a', pod]]) }))).toEqual({
    idle: 0n,
    pods: new Map([['a', 7n]]),
  })
})

test('nodes, namespaces and totals say one sum in each currency', () => {
  const part = fc.record({ placed, cost, currency: fc.constantFrom('EUR', 'JPY'), node: fc.constantFrom('n-1', 'n-2') })
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), (list) => {
      const parts = list.map((one): Part => ({
        node: { id: one.node, name: one.node, realm: 'cluster' },
        currency: one.currency,
        basis: 'cost_book',
        is_partial: false,
        cost: one.cost,
        placed: allocatedIn(one.placed),
        namespaces: new Map([...one.placed.pods.keys()].map((id, n) => [id, `team-${n % 2}`])),
      }))
      const { nodes, namespaces, totals } = presented(parts)
      for (const { currency, cost: all, allocated, idle } of totals) {
        const money = (text: string) => minorOf(text, currency)
        const own = nodes.filter((row) => row.currency === currency)
        expect(total(own.map((row) => money(row.cost)))).toBe(money(all))
        expect(total(own.map((row) => money(row.idle)))).toBe(money(idle))
        expect(total(own.map((row) => money(row.allocated)))).toBe(money(allocated))
        const spaces = namespaces.filter((row) => row.currency === currency)
        expect(total(spaces.map((row) => money(row.cost)))).toBe(money(all))
        expect(money(spaces.find((row) => row.namespace === null)!.cost)).toBe(money(idle))
      }
      expect(new Set(nodes.map(({ currency }) => currency)).size).toBe(totals.length)
    }),
  )
})
