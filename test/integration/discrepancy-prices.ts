/** The prices of a seed, and what things come to at them in 720 hours: summed by hand, beside the product. */
import { Big } from 'big.js'
import type { Random } from '../world/random.ts'

export const HOURS = 720
export const CURRENCIES = ['EUR', 'USD'] as const
export type Currency = (typeof CURRENCIES)[number]
export type PlanName = 'small' | 'metered' | 'support' | 'boxes'

/** As the API takes it, without its book. */
export interface Tariff {
  kind?: string
  meter: string
  model: 'per_unit' | 'flat' | 'graduated' | 'volume'
  per: 'hour' | 'month' | 'quantity'
  unit: string
  amount: string
  terms?: {
    tiers?: { up_to: string | null; unit_amount: string; flat_amount: string }[]
    included?: string
    minimum?: string
  }
}
export interface Size {
  vcpu: number
  gib: number
}
export interface Prices {
  standard: Record<Currency, { vcpu: Tariff; memory: Tariff; instance: Tariff | null; gigabyte: Tariff; lists: Tariff }>
  fees: Record<PlanName, Tariff>
  /** of a vCPU in the plan `metered` */
  metered: Tariff
}

const decimal = (dice: Random, least: number, most: number, places: number) =>
  new Big(dice.int(least, most)).div(10 ** places).toString()

/** Of units by the hour or the month, with tiers, an allowance or a minimum, or none of these. */
function ofUnits(dice: Random, meter: string, unit: string, monthly: [least: number, most: number]): Tariff {
  const per = dice.onceIn(2) ? ('hour' as const) : ('month' as const)
  const [scale, places] = per === 'hour' ? [HOURS, 5] : [1, 2]
  // an hour of a unit costs a part of its month
  const amount = () => (per === 'hour' ? decimal(dice, monthly[0], monthly[1], places) : decimal(dice, ...monthly, 2))
  const plain = { meter, unit, per, model: 'per_unit' as const }
  switch (dice.int(0, 4)) {
    case 0: {
      const bound = `${dice.int(2, 6) * scale}`
      const tiers = [
        { up_to: bound, unit_amount: amount(), flat_amount: decimal(dice, 0, 300, 2) },
        { up_to: null, unit_amount: amount(), flat_amount: decimal(dice, 0, 300, 2) },
      ]
      return { ...plain, model: dice.onceIn(2) ? 'graduated' : 'volume', amount: '0', terms: { tiers } }
    }
    case 1:
      return { ...plain, amount: amount(), terms: { included: `${dice.int(1, 3) * scale}` } }
    case 2:
      return { ...plain, amount: amount(), terms: { minimum: decimal(dice, 100, 900, 2) } }
    default:
      return { ...plain, amount: amount() }
  }
}

function ofQuantity(dice: Random): Tariff {
  const plain = { meter: 'network_transmit_bytes', unit: 'GB', per: 'quantity' as const }
  const amount = () => decimal(dice, 10, 90, 3)
  if (dice.onceIn(2)) return { ...plain, model: 'per_unit', amount: amount() }
  const tiers = [
    { up_to: '50', unit_amount: amount(), flat_amount: decimal(dice, 0, 200, 2) },
    { up_to: null, unit_amount: amount(), flat_amount: decimal(dice, 0, 200, 2) },
  ]
  return { ...plain, model: 'graduated', amount: '0', terms: { tiers } }
}

function feeOf(dice: Random, least: number, most: number): Tariff {
  const fee = { kind: 'service', meter: 'fee', unit: 'service' }
  switch (dice.int(0, 3)) {
    case 0:
      return { ...fee, model: 'per_unit', per: 'hour', amount: decimal(dice, least, most, 5) }
    case 1:
      return { ...fee, model: 'flat', per: 'month', amount: decimal(dice, least, most, 2) }
    case 2: {
      const tiers = [
        { up_to: '1', unit_amount: decimal(dice, least, most, 2), flat_amount: '0' },
        { up_to: null, unit_amount: decimal(dice, least, most, 2), flat_amount: decimal(dice, 0, 100, 2) },
      ]
      return { ...fee, model: 'graduated', per: 'month', amount: '0', terms: { tiers } }
    }
    default:
      return { ...fee, model: 'per_unit', per: 'month', amount: decimal(dice, least, most, 2) }
  }
}

export function pricesFrom(dice: Random): Prices {
  const book = () => ({
    vcpu: ofUnits(dice, 'vcpu', 'vCPU', [300, 1_500]),
    memory: ofUnits(dice, 'memory', 'GiB', [50, 300]),
    instance: dice.onceIn(2)
      ? {
          meter: 'instance',
          model: 'flat' as const,
          unit: 'instance',
          per: 'month' as const,
          amount: decimal(dice, 50, 500, 2),
        }
      : null,
    gigabyte: ofQuantity(dice),
    lists: {
      kind: 'bucket',
      meter: 'requests_list',
      model: 'per_unit' as const,
      unit: 'thousand_operations',
      per: 'quantity' as const,
      amount: decimal(dice, 1, 9, 3),
    },
  })
  return {
    standard: { EUR: book(), USD: book() },
    fees: {
      small: feeOf(dice, 500, 2_000),
      metered: feeOf(dice, 100, 500),
      support: feeOf(dice, 300, 900),
      boxes: feeOf(dice, 200, 600),
    },
    metered: { kind: 'vm', ...ofUnits(dice, 'vcpu', 'vCPU', [400, 2_000]) },
  }
}

const tierOf = (quantity: Big, tiers: NonNullable<NonNullable<Tariff['terms']>['tiers']>) =>
  tiers.find(({ up_to }) => up_to === null || quantity.lte(up_to))

/** Of a quantity in the unit of the price, by the hour or the month. */
export function amountOf({ model, amount, terms = {} }: Tariff, quantity: Big): Big {
  const { tiers = [], included = '0', minimum = '0' } = terms
  const left = quantity.gt(included) ? quantity.minus(included) : new Big(0)
  const of = (): Big => {
    if (model === 'per_unit' || model === 'flat') return left.times(amount)
    if (model === 'volume') {
      const tier = tierOf(left, tiers)
      return left.times(tier?.unit_amount ?? 0).plus(tier?.flat_amount ?? 0)
    }
    let [sum, below] = [new Big(0), new Big(0)]
    for (const [index, { up_to, unit_amount, flat_amount }] of tiers.entries()) {
      if (index > 0 && left.lte(below)) break
      const within = (up_to === null || left.lt(up_to) ? left : new Big(up_to)).minus(below)
      sum = sum.plus(within.times(unit_amount)).plus(flat_amount)
      below = new Big(up_to ?? left)
    }
    return sum
  }
  const sum = of()
  return sum.lt(minimum) ? new Big(minimum) : sum
}
const ofMonth = (price: Tariff, units: number): Big =>
  amountOf(price, new Big(price.model === 'flat' ? 1 : units).times(price.per === 'hour' ? HOURS : 1))

/** What holding a running machine comes to beside plans. */
export function standardOf({ standard }: Prices, currency: Currency, { vcpu, gib }: Size): Big {
  const book = standard[currency]
  const instance = book.instance ? ofMonth(book.instance, 1) : new Big(0)
  return ofMonth(book.vcpu, vcpu).plus(ofMonth(book.memory, gib)).plus(instance)
}
/** What it is charged in a plan that says nothing else of it, in one that includes it, and in one that prices its vCPUs. */
export function chargedIn(prices: Prices, plan: PlanName, size: Size, trial = false): Big {
  if (plan === 'small') return new Big(0)
  const beside = standardOf(prices, 'EUR', size)
  if (plan !== 'metered') return beside
  const planned = trial ? new Big(0) : ofMonth(prices.metered, size.vcpu)
  return beside.minus(ofMonth(prices.standard.EUR.vcpu, size.vcpu)).plus(planned)
}
export const feeIn = ({ fees }: Prices, plan: PlanName, quantity: number): Big => ofMonth(fees[plan], quantity)
/** What was used beyond nothing at all. */
export const usedOf = (price: Tariff, quantity: Big): Big =>
  amountOf(price, quantity).minus(amountOf(price, new Big(0)))
