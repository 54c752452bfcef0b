/** What things come to in a month of 30 days, by the functions that make bills: for comparing one with another. Writes nothing. */
import { type Kind } from '#connectors/contract.ts'
import { add, type Fraction, fraction, subtract, ZERO } from '../base/exact.ts'
import { HOUR_MS, type Instant, type Interval, lengthMs } from '../base/time.ts'
import { isPercentage } from '../catalog/rules.ts'
import { contractOf } from '../contracts/index.ts'
import { LIVE } from '../db/cut.ts'
import type { Context } from '../db/index.ts'
import { allOf } from '../db/together.ts'
import { meterOf } from '../metering/contract.ts'
import { type TaxByClass, taxesOfSupply } from '../tax/index.ts'
import { charged, isLinear, WHOLE } from './charge.ts'
import { costPerMonth } from './cost.ts'
import { feeIn } from './fees.ts'
import { netOf } from './percentages.ts'
import { isPooled } from './pooled.ts'
import { pricesIn, pricesUnder } from './prices.ts'
import type { Observed, Price } from './rules.ts'
import { charging, divisorOf, held } from './segments.ts'
import { type Fee, inForce, tariffsIn } from './services.ts'
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
  /** what counters of it measured, at the prices by which it is charged, beyond what is charged without any use */
  measured: (resource: Held, quantities: readonly { meter: string; quantity: bigint }[]) => Fraction | null
}

/** An amount at a price without the tax that may be in it. */
type Net = (amount: Fraction, price: Price) => Fraction
const untaxed: Net = (amount) => amount

/**
 * What things of an account come to at some instants of an interval, each null where it had no contract. All is read once for the interval, and
 * who asks for many accounts in one turn with the same interval reads for all of them at once.
 */
export async function monthlyOf(
  ctx: Context,
  account_id: string,
  instants: readonly Instant[],
  interval: Interval,
): Promise<Map<Instant, Monthly | null>> {
  const contracts = await allOf(instants.map((at) => contractOf(ctx, account_id, at)))
  const books = new Map<string, Price[]>()
  for (const contract of contracts)
    if (contract && !books.has(contract.id)) books.set(contract.id, await pricesUnder(ctx, contract, interval, LIVE))
  const tariffs = await tariffsIn(ctx, account_id, interval)
  const out = new Map<Instant, Monthly | null>()
  for (const [index, at] of instants.entries()) {
    const contract = contracts[index] ?? null
    const standard = inForce(books.get(contract?.id ?? '') ?? [], at)
    const net = contract && (await netAt(ctx, [...standard, ...tariffs.planned], { ...contract, to: at + 1 }))
    out.set(at, contract && monthlyAt(contract.currency, standard, tariffs, at, net ?? untaxed))
  }
  return out
}

const monthlyAt = (
  currency: string,
  standard: readonly Price[],
  { pricesOf, feeOf }: Awaited<ReturnType<typeof tariffsIn>>,
  at: Instant,
  net: Net,
): Monthly => ({
  currency,
  charged: (resource) => chargedFor(resource, pricesOf(resource, standard, at), net),
  standard: (resource) => heldFor(resource, standard, net),
  fee: (service_id) => feeAt(feeOf(service_id, at), net),
  measured: (resource, quantities) => measuredIn(quantities, pricesOf(resource, standard, at), net),
})

/** What holding a thing comes to at a standard book that nobody buys by yet: with the taxes of `account_id`, a customer at home. */
export async function standardMonthly(
  ctx: Context,
  price_book_id: string,
  by: { legal_entity_id: string; account_id: string },
  at: Instant,
): Promise<Monthly['standard']> {
  const books = [{ price_book_id, spans: [{ from: null, to: null }] }]
  const prices = await pricesIn(ctx, books, { from: at, to: at + 1 }, LIVE)
  const net = await netAt(ctx, prices, { ...by, to: at + 1 })
  return (resource) => heldFor(resource, prices, net)
}

/** Taxes are asked for only where a price holds one. */
async function netAt(
  ctx: Context,
  prices: readonly Price[],
  supply: { legal_entity_id: string; account_id: string; to: Instant },
): Promise<Net> {
  if (!prices.some((price) => price.tax_inclusive)) return untaxed
  const taxes: TaxByClass = await taxesOfSupply(ctx, supply)
  return (amount, { tax_inclusive, tax_class = 'standard' }) =>
    tax_inclusive ? netOf(amount, taxes[tax_class].tax_rate) : amount
}

const isHeld = ({ meter }: Price): boolean => meterOf(meter).kind === 'allocation'

const chargedFor = (resource: Held, prices: readonly Price[], net: Net): Fraction | null =>
  prices.some(isHeld) ? heldFor(resource, prices, net) : ZERO

/** At some prices, those of its kind; null where none applies, or one has no amount for one machine alone. */
export function heldFor(resource: Held, prices: readonly Price[], net = untaxed): Fraction | null {
  let total: Fraction | null = null
  for (const price of prices.filter((one) => one.kind === resource.kind && isHeld(one))) {
    const amount = isLinear(price) ? costPerMonth(resource, [price], SHORT_MONTH) : ofWhole(resource, price)
    if (!amount) return null
    total = add(total ?? ZERO, net(amount, price))
  }
  return total
}

/** At tiers, an allowance or a minimum that hold for each machine by itself: all of a month at once. */
function ofWhole(resource: Held, price: Price): Fraction | null {
  if (!isByItself(price)) return null
  const size = held(meterOf(price.meter), resource)
  const base = size === null ? 0n : price.model === 'flat' ? 1n : size
  return charged(price, fraction(base * lengthMs(SHORT_MONTH), divisorOf(price, SHORT_MONTH)), WHOLE).amount
}
const isByItself = (price: Price): boolean => !isPooled(price) && !isPercentage(price) && price.model !== 'dynamic'

function feeAt(fee: Fee | undefined, net: Net): Fraction | null {
  if (!fee) return ZERO
  const { price, at } = fee
  if (isPercentage(price)) return null
  const [time] = within(price, { from: at, to: at + 1 })
  return time?.trial ? ZERO : net(feeIn(fee, SHORT_MONTH), price)
}

/** What quantities of meters come to at some prices, beyond what is charged without any; null where one of them has no amount of its own. */
function measuredIn(
  quantities: readonly { meter: string; quantity: bigint }[],
  prices: readonly Price[],
  net: Net,
): Fraction | null {
  let total: Fraction = ZERO
  for (const { meter, quantity } of quantities) {
    const price = prices.find((one) => one.meter === meter)
    if (!price || !isByItself(price) || !/^(consumption|gauge)$/.test(meterOf(price.meter).kind)) return null
    total = add(total, net(usedFor(price, quantity), price))
  }
  return total
}

function usedFor(price: Price, quantity: bigint): Fraction {
  if (isLinear(price)) return charging(price, SHORT_MONTH)(quantity)
  const of = (used: bigint) => charged(price, fraction(used, divisorOf(price, SHORT_MONTH)), WHOLE).amount
  return subtract(of(quantity), of(0n))
}
