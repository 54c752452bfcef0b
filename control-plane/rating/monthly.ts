/** What things come to in a month of 30 days, by the functions that make bills: for comparing one with another. Writes nothing. */
import { type Kind } from '#connectors/contract.ts'
import { add, type Fraction, ZERO } from '../base/exact.ts'
import { HOUR_MS, type Instant, type Interval } from '../base/time.ts'
import { isPercentage } from '../catalog/rules.ts'
import { contractOf } from '../contracts/index.ts'
import { LIVE } from '../db/cut.ts'
import type { Context } from '../db/index.ts'
import { meterOf } from '../metering/contract.ts'
import { isLinear } from './charge.ts'
import { costPerMonth } from './cost.ts'
import { feeIn } from './fees.ts'
import { pricesUnder } from './prices.ts'
import type { Observed, Price } from './rules.ts'
import { charging } from './segments.ts'
import { type Fee, feesAt, tariffsAt } from './services.ts'
import { within } from './times.ts'

/** 720 hours: every month is worth the same. */
const SHORT_MONTH: Interval = { from: 0, to: 720 * HOUR_MS }

interface Held {
  id: string
  kind: Kind
  state: string
  size: Observed['size']
}
export interface Monthly {
  currency: string
  /** what is charged for holding it, at the prices of its service or else of its owner; zero where none applies, null where none is for one machine alone */
  charged: (resource: Held) => Fraction | null
  /** what holding it comes to at the prices of the contract beside all plans; null where none applies */
  standard: (resource: Held) => Fraction | null
  /** of a service: zero on trial or without a fee, null where it is a percentage */
  fee: (service_id: string) => Fraction | null
  pricesOf: (resource: Held) => Price[]
}

/** What holding it comes to at some prices. */
export const monthlyPrices = (resource: Held, prices: readonly Price[]): Fraction | null =>
  costPerMonth(
    resource,
    prices.filter(({ kind }) => kind === resource.kind),
    SHORT_MONTH,
  )

/** What things of an account come to at an instant; null where it had no contract. */
export async function monthlyOf(ctx: Context, account_id: string, at: Instant): Promise<Monthly | null> {
  const contract = await contractOf(ctx, account_id, at)
  if (!contract) return null
  const standard = await pricesUnder(ctx, contract, { from: at, to: at + 1 }, LIVE)
  const { pricesOf } = await tariffsAt(ctx, account_id, standard, at)
  const fees = await feesAt(ctx, account_id, at)
  return {
    currency: contract.currency,
    charged: (resource) => held(resource, pricesOf(resource)),
    standard: (resource) => monthlyPrices(resource, standard),
    fee: (service_id) => feeOf(fees.get(service_id)),
    pricesOf,
  }
}

const held = (resource: Held, prices: readonly Price[]): Fraction | null =>
  prices.some(({ meter }) => meterOf(meter).kind === 'allocation') ? monthlyPrices(resource, prices) : ZERO

function feeOf(fee: Fee | undefined): Fraction | null {
  if (!fee) return ZERO
  const { price, at } = fee
  if (isPercentage(price)) return null
  const [time] = within(price, { from: at, to: at + 1 })
  return time?.trial ? ZERO : feeIn(fee, SHORT_MONTH)
}

/** What quantities of meters come to at some prices; null where one of them has no amount of its own. */
export function measuredIn(
  quantities: readonly { meter: string; quantity: bigint }[],
  prices: readonly Price[],
): Fraction | null {
  let total: Fraction = ZERO
  for (const { meter, quantity } of quantities) {
    const price = prices.find((one) => one.meter === meter)
    if (!price || !isLinear(price) || price.model === 'dynamic' || meterOf(price.meter).kind !== 'consumption')
      return null
    total = add(total, charging(price, SHORT_MONTH)(quantity))
  }
  return total
}
