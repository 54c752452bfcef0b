/** Lines of linear prices are what each hour and each version come to for itself: added as fractions in lowest terms, rounded once. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Fraction, fractionText, gcd, parseDecimal } from '../base/exact.ts'
import { majorText, toMinor } from '../base/money.ts'
import { sure } from '../base/problem.ts'
import { HOUR_MS, type Interval, intersect } from '../base/time.ts'
import type { MeterName } from '../metering/contract.ts'
import { type Facts, held, linesOf, type Price } from './rules.ts'
import { stretchesOf } from './segments.ts'
import { meterOf } from '../metering/contract.ts'
import { oneTax } from '#test/setup/one-tax.ts'

const MONTH = { from: Date.parse('2026-11-01T00:00:00Z'), to: Date.parse('2026-12-01T00:00:00Z') }
const HOURS = (MONTH.to - MONTH.from) / HOUR_MS
const OPEN = { from: null, to: null }

const instants = fc.uniqueArray(fc.integer({ min: 1, max: MONTH.to - MONTH.from - 1 }), { maxLength: 5 })
/** The month in pieces. */
const cutAt = (offsets: readonly number[], step = 1): Interval[] => {
  const inside = offsets.map((at) => MONTH.from + Math.ceil(at / step) * step)
  const bounds = [...new Set([MONTH.from, ...inside, MONTH.to])].toSorted((a, b) => a - b)
  return bounds.slice(1).map((to, index) => ({ from: sure(bounds[index]), to }))
}
const amount = fc.tuple(fc.nat(99), fc.nat(999_999)).map(([whole, rest]) => `${whole}.${String(rest).padStart(6, '0')}`)
const SOLD = [
  ['vcpu', 'per_unit', 'hour', 'vCPU'],
  ['memory', 'per_unit', 'month', 'GiB'],
  ['instance', 'flat', 'month', 'instance'],
  ['network_transmit_bytes', 'per_unit', 'quantity', 'GB'],
] as const

const pricesOf = (meter: number, offsets: readonly number[], amounts: readonly string[]): Price[] =>
  cutAt(offsets, HOUR_MS).map(({ from, to }, index) => {
    const [name, model, per, unit] = sure(SOLD[meter])
    const time = { effective_at: from, ends_at: to === MONTH.to ? null : to }
    const shared = { kind: 'vm' as const, terms: null, gap_policy: 'infer' as const }
    return { id: `${name}-${index}`, meter: name, model, per, unit, amount: sure(amounts[index]), ...time, ...shared }
  })

const machine = fc.record({
  versions: instants,
  states: fc.array(fc.constantFrom('running', 'stopped'), { minLength: 6, maxLength: 6 }),
  vcpu_count: fc.integer({ min: 1, max: 64 }),
  memory_bytes: fc.integer({ min: 1, max: 2 ** 40 }),
  owners: instants,
  traffic: fc.array(fc.tuple(fc.integer({ min: 0, max: HOURS - 1 }), fc.bigInt({ min: 1n, max: 10n ** 15n })), {
    maxLength: 30,
  }),
})
type Machine = typeof machine extends fc.Arbitrary<infer M> ? M : never

function observedOf(id: string, { versions, states, vcpu_count, memory_bytes }: Machine): Facts['observed'] {
  return cutAt(versions).map(({ from, to }, index) => ({
    id: `${id}-v${index}`,
    resource_id: id,
    from,
    to: to === MONTH.to ? null : to,
    state: sure(states[index]),
    size: { vcpu_count: vcpu_count + index, memory_bytes },
    scope_id: 's',
  }))
}

/** Every other stretch is this account's. */
const ownedOf = (id: string, { owners }: Machine): Facts['owned'] =>
  cutAt(owners, HOUR_MS)
    .filter((_, index) => index % 2 === 0)
    .map((stretch, index) => ({ id: `${id}-a${index}`, resource_id: id, ...stretch, assignment: OPEN }))

function consumedOf(id: string, one: Machine, owned: Facts['owned'], prices: readonly Price[]): Facts['consumed'] {
  const meter: MeterName = 'network_transmit_bytes'
  return stretchesOf(
    MONTH,
    owned,
    prices.filter((price) => price.meter === meter),
  ).map(({ stretch, owned_id }) => {
    const leaves = one.traffic
      .map(([hour, quantity]) => ({
        from: MONTH.from + hour * HOUR_MS,
        to: MONTH.from + (hour + 1) * HOUR_MS,
        quantity,
      }))
      .filter(({ from, to }) => from >= stretch.from && to <= stretch.to)
      .map((leaf) => ({ ...leaf, digest: 'd', estimated: false, gaps: [] }))
    return { resource_id: id, meter, stretch, owned_id, digest: `of ${leaves.length}`, leaves }
  })
}

const facts: fc.Arbitrary<Facts> = fc
  .tuple(
    fc.array(machine, { minLength: 1, maxLength: 3 }),
    fc.array(fc.tuple(instants, fc.array(amount, { minLength: 6, maxLength: 6 })), { minLength: 4, maxLength: 4 }),
  )
  .map(([machines, sold]) => {
    const prices = sold.flatMap(([offsets, amounts], index) => pricesOf(index, offsets, amounts))
    const named = machines.map((one, index) => ({ id: `vm-${index}`, one }))
    const owned = named.flatMap(({ id, one }) => ownedOf(id, one))
    const own = (id: string) => owned.filter((row) => row.resource_id === id)
    return {
      period: MONTH,
      month: MONTH,
      zone: 'UTC',
      currency: 'EUR',
      service_id: 'service',
      owned,
      prices,
      tax: oneTax('21.00'),
      resources: named.map(({ id }) => ({ id, kind: 'vm' as const, name: id })),
      observed: named.flatMap(({ id, one }) => observedOf(id, one)),
      gaps: [],
      losses: [],
      accepted: [],
      consumed: named.flatMap(({ id, one }) => consumedOf(id, one, own(id), prices)),
    }
  })

const lowest = ({ num, den }: Fraction): Fraction => {
  const common = gcd(num, den)
  return common === 0n ? { num, den } : { num: num / common, den: den / common }
}
const plus = (a: Fraction, b: Fraction) => lowest({ num: a.num * b.den + b.num * a.den, den: a.den * b.den })

/** Base units × milliseconds (or consumed) of a resource at a price, one by one, and what each costs. */
function partsAt(made: Facts, id: string, price: Price): { quantity: bigint; cost: Fraction }[] {
  const time = { from: price.effective_at, to: price.ends_at }
  const meter = meterOf(price.meter)
  const of = <T extends { resource_id: string }>(list: readonly T[]) => list.filter((row) => row.resource_id === id)
  const quantities =
    meter.kind === 'consumption'
      ? of(made.consumed)
          .filter(({ stretch }) => intersect(time, stretch))
          .flatMap(({ leaves }) => leaves.map(({ quantity }) => quantity))
      : of(made.owned).flatMap((owner) =>
          of(made.observed).flatMap((version) => {
            const size = held(meter, version)
            const [first, second] = [intersect(owner, MONTH), intersect(version, MONTH)]
            const both = first && second && intersect(first, second)
            const stretch = both && intersect(time, both)
            return size === null || !stretch
              ? []
              : [(price.model === 'flat' ? 1n : size) * BigInt(stretch.to - stretch.from)]
          }),
        )
  const unit = price.model === 'flat' ? 1n : sure(meter.units[price.unit])
  const divisor = unit * { hour: BigInt(HOUR_MS), month: BigInt(MONTH.to - MONTH.from), quantity: 1n }[price.per]
  const each = sure(parseDecimal(price.amount, 12))
  return quantities.map((quantity) => ({
    quantity,
    cost: lowest({ num: quantity * each.num, den: divisor * each.den }),
  }))
}

test('a line is the sum of its hours and versions, to the last digit, whatever else was used beside it', () => {
  fc.assert(
    fc.property(facts, (made) => {
      const { lines } = linesOf(made)
      const wanted = made.resources.flatMap(({ id }) =>
        made.prices.flatMap((price) => {
          const parts = partsAt(made, id, price)
          const exact = parts.reduce((sum, { cost }) => plus(sum, cost), { num: 0n, den: 1n })
          const quantity = parts.reduce((sum, one) => sum + one.quantity, 0n)
          const net = majorText(toMinor(exact, 'EUR'), 'EUR')
          return quantity === 0n ? [] : [[id, price.id, quantity.toString(), fractionText(exact), net]]
        }),
      )
      const got = lines.map((line) => [line.resource.id, line.price.id, line.quantity, line.exact, line.net])
      expect(new Set(got.map(String))).toEqual(new Set(wanted.map(String)))
      for (const { segments, exact } of lines) {
        const amounts = segments.map(({ amount: text }) => text.split('/').map(BigInt) as [bigint, bigint])
        for (const [num, den] of amounts) expect(gcd(num, den)).toBe(1n)
        expect(fractionText(amounts.reduce((sum, [num, den]) => plus(sum, { num, den }), { num: 0n, den: 1n }))).toBe(
          exact,
        )
      }
    }),
    { numRuns: 150 },
  )
})

test('what proves a stretch of usage stands on its segment as metering said it', () => {
  fc.assert(
    fc.property(facts, (made) => {
      const said = new Set(made.consumed.map(({ digest }) => digest))
      for (const line of linesOf(made).lines)
        if (line.meter === 'network_transmit_bytes')
          for (const segment of line.segments) expect(said).toContain(segment.digest)
    }),
    { numRuns: 20 },
  )
})
