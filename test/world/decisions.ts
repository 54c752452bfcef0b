/** What people decide in a seed's world: prices, owners, invoices. Pure. */
import { monthOf } from '#control-plane/base/time.ts'
import type { GapPolicy } from '#control-plane/metering/contract.ts'
import type { Body } from './life.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, type Plan } from './plan.ts'
import type { Random } from './random.ts'
import type { Decision, Instant } from './truth.ts'

export type Of<T extends Decision['type']> = Omit<Extract<Decision, { type: T }>, 'at'>
export type Wanted = { at: Instant } & (Of<'price'> | Of<'transfer'> | Of<'finalise'> | Of<'accept'>)

const COMPONENTS = [
  { kind: 'vm', meter: 'vcpu', model: 'per_unit', per: 'hour', unit: 'vCPU' },
  { kind: 'vm', meter: 'memory', model: 'per_unit', per: 'month', unit: 'GiB' },
  { kind: 'vm', meter: 'disk', model: 'per_unit', per: 'month', unit: 'GB' },
  { kind: 'vm', meter: 'instance', model: 'flat', per: 'month', unit: 'instance' },
  { kind: 'vm', meter: 'network_transmit_bytes', model: 'per_unit', per: 'quantity', unit: 'GB' },
  { kind: 'vm', meter: 'disk_write_bytes', model: 'per_unit', per: 'quantity', unit: 'MiB' },
  { kind: 'host', meter: 'instance_running', model: 'per_unit', per: 'hour', unit: 'instance' },
  { kind: 'host', meter: 'cpu_time_ns', model: 'per_unit', per: 'quantity', unit: 'CPU_hour' },
  { kind: 'node', meter: 'instance_running', model: 'per_unit', per: 'hour', unit: 'instance' },
  { kind: 'node', meter: 'network_transmit_bytes', model: 'per_unit', per: 'quantity', unit: 'GB' },
] as const

const amount = (random: Random): string => `${random.int(0, 30)}.${String(random.int(1, 999_999_999)).padStart(9, '0')}`

/** What may be done with time in which nobody looked: each component has another one in another seed and in its next version. */
const POLICIES = { held: ['infer', 'skip', 'block'], consumed: ['total', 'skip', 'block'] } as const
function policyOf({ seed }: Plan, component: number, version: Sold['version']): GapPolicy {
  const policies = COMPONENTS[component]?.per === 'quantity' ? POLICIES.consumed : POLICIES.held
  const turn = seed + component + ['first', 'changed', 'corrected'].indexOf(version)
  return policies[turn % policies.length] ?? policies[0]
}

interface Sold {
  at: Instant
  effective_at: Instant
  component: number
  /** the first price, its change, or a correction of the past */
  version: 'first' | 'changed' | 'corrected'
}
function price(plan: Plan, random: Random, { at, effective_at, component, version }: Sold): Wanted {
  const sold = COMPONENTS[component] ?? COMPONENTS[0]
  const correction = version === 'corrected'
  const reason = correction ? 'the list price was mistyped' : ''
  const gap_policy = policyOf(plan, component, version)
  return { at, type: 'price', ...sold, gap_policy, amount: amount(random), effective_at, correction, reason }
}

export function decisionsOf(plan: Plan, bodies: readonly Body[]): Wanted[] {
  const random = plan.random.of('decisions')
  return [...prices(plan, random), ...transfers(plan, bodies, random), ...invoices(plan, random)]
}

function prices(plan: Plan, random: Random): Wanted[] {
  const { start } = plan
  const first = COMPONENTS.map((_, component) =>
    price(plan, random, { at: start, effective_at: start - 40 * DAY_MS - component, component, version: 'first' }),
  )
  const order = random.shuffled(COMPONENTS.map((_, index) => index))
  const changed = order.slice(0, 4).map((component) => {
    const at = within(plan, random, 0.1, 0.9)
    const effective_at = at + random.pick([MINUTE_MS, 7 * HOUR_MS])
    return price(plan, random, { at, effective_at, component, version: 'changed' })
  })
  const corrected = order.slice(2, 4).map((component) => {
    const at = within(plan, random, 0.5, 0.95)
    const effective_at = at - random.int(HOUR_MS, Math.round((at - start) * 0.8))
    return price(plan, random, { at, effective_at, component, version: 'corrected' })
  })
  return [...first, ...changed, ...corrected]
}

const within = ({ start, end }: Plan, random: Random, least: number, most: number): Instant =>
  start + random.int(Math.round((end - start) * least), Math.round((end - start) * most))

/** Some machines change hands; of two of them it is said later that they had done so before, or to another. */
function transfers(plan: Plan, bodies: readonly Body[], random: Random): Wanted[] {
  const settled = bodies.filter(
    ({ kind, life }) => kind === 'vm' && (life[0]?.from ?? Infinity) < plan.start && life.at(-1)?.to === null,
  )
  return random
    .shuffled(settled)
    .slice(0, 5)
    .flatMap((body, index) => {
      const at = within(plan, random, 0.25, 0.55)
      const effective_at = at - random.pick([0, 0, 40 * MINUTE_MS])
      const moved: Wanted = { at, type: 'transfer', machine: body.key, account: 'duero', effective_at, reason: '' }
      if (index > 1) return [moved]
      const later = within(plan, random, 0.6, 0.9)
      const earlier = effective_at - random.int(HOUR_MS, 6 * HOUR_MS)
      const reason = 'the contract named another customer'
      return [moved, { ...moved, at: later, account: 'cima', effective_at: earlier, reason }]
    })
}

/** Parts of months for all accounts at a time, and whole months when they are over. */
function invoices(plan: Plan, random: Random): Wanted[] {
  const parts = [within(plan, random, 0.35, 0.6), within(plan, random, 0.7, 0.95)]
  return plan.accounts.flatMap(({ key, zone }, index) => {
    const months: Instant[] = []
    const wait_ms = random.int(MINUTE_MS, 20 * HOUR_MS)
    for (let { to } = monthOf(plan.start, zone); to < plan.end; { to } = monthOf(to, zone)) months.push(to + wait_ms)
    return [...parts.map((part) => part + index), ...months]
      .filter((at) => at < plan.end)
      .toSorted((a, b) => a - b)
      .map((at): Wanted => ({ at, type: 'finalise', account: key, as_of: at - random.pick([0, 2 * HOUR_MS]) }))
  })
}
