/** Vectors of charge models: their fields as the models' terms. */
import { type Fraction, sum, ZERO } from '#control-plane/base/exact.ts'
import { beyond, type Charge, chargeOf, part } from '#control-plane/rating/models/charge.ts'
import { flat } from '#control-plane/rating/models/flat.ts'
import { graduated } from '#control-plane/rating/models/graduated.ts'
import { graduatedPercentage } from '#control-plane/rating/models/graduated_percentage.ts'
import { packages } from '#control-plane/rating/models/package.ts'
import { type Percentage, percentage, percentagePerEvent } from '#control-plane/rating/models/percentage.ts'
import { stairStep } from '#control-plane/rating/models/stair_step.ts'
import { volume } from '#control-plane/rating/models/volume.ts'
import type { Got } from './compare.ts'
import { decimals, type Fields, maybe, maybeCount, need, ONE, orZero, records, text } from './input.ts'

const tiersOf = (input: Fields) =>
  records(input, 'tiers').map((tier) => ({
    up_to: maybe(tier, 'upTo'),
    unit: orZero(tier, 'unit'),
    flat: orZero(tier, 'flat'),
    rate: orZero(tier, 'ratePct'),
  }))
const stepsOf = (input: Fields) =>
  records(input, 'tiers').map((tier) => ({
    block_size: need(tier, 'blockSize'),
    blocks: maybeCount(tier, 'maxBlocks'),
    amount: need(tier, 'blockPrice'),
  }))
const packageOf = (input: Fields) => ({
  size: need(input, 'packageSize'),
  amount: need(input, 'packagePrice'),
  free: orZero(input, 'freeUnits'),
})
const percentageOf = (input: Fields): Percentage => ({
  rate: need(input, 'ratePct'),
  fixed_per_event: orZero(input, 'fixedPerEvent'),
  free_events: maybeCount(input, 'freeEvents') ?? 0n,
  free_amount: orZero(input, 'freeVolume'),
  min_per_event: maybe(input, 'minPerEvent'),
  max_per_event: maybe(input, 'maxPerEvent'),
})
const unitPrice = (input: Fields): Fraction =>
  maybe(input, 'unit') ?? maybe(input, 'unitPrice') ?? maybe(input, 'unitAmount') ?? need(input, 'price')

/** Of each model, what a quantity costs. */
const MODELS: Record<string, (quantity: Fraction, input: Fields) => Charge> = {
  graduated: (quantity, input) => graduated(quantity, tiersOf(input)),
  volume: (quantity, input) => volume(quantity, tiersOf(input), maybe(input, 'tierQuantity') ?? quantity),
  tiered_blocks: (quantity, input) => stairStep(quantity, stepsOf(input), modeOf(input)),
  package: (quantity, input) => packages(quantity, packageOf(input)),
  graduated_percentage: (quantity, input) => graduatedPercentage(quantity, tiersOf(input)),
  per_unit: (quantity, input) => chargeOf([part(0, quantity, unitPrice(input))]),
  flat: (_, input) => chargeOf([part(0, ONE, flat(1n, unitPrice(input), 1n))]),
}
/** Other projects' names of the same. */
const ALIASES: Record<string, string> = {
  standard: 'per_unit',
  unit: 'per_unit',
  flat_per_period: 'flat',
  slab: 'graduated',
}

function modeOf(input: Fields): 'all_tiers' | 'top_tier' {
  const mode = text(input, 'mode')
  if (mode === 'all_tiers' || mode === 'top_tier') return mode
  throw new Error(`mode is neither all_tiers nor top_tier: ${mode}`)
}

/** What is to be charged of a model's vector: all of it, or what goes beyond a quantity that was billed before. */
export function charged(model: string, input: Fields): Charge {
  if (model === 'percentage') return percent(input).charge
  const charge = MODELS[ALIASES[model] ?? model]
  if (!charge) throw new Error(`there is no model ${model}`)
  const quantity = maybe(input, 'quantity') ?? need(input, 'volume')
  const billed = maybe(input, 'alreadyBilledQuantity')
  // an amount that was billed before stands for the charge of what was used by then, if only of nothing
  const before = billed ?? (orZero(input, 'alreadyBilledAmount').num > 0n ? ZERO : null)
  const isFirst = before === null || (before.num === 0n && orZero(input, 'alreadyBilledAmount').num === 0n)
  return isFirst ? charge(quantity, input) : beyond(charge(quantity, input), charge(before, input))
}

export function modelVector(kind: string, input: Fields): Record<string, Got> {
  if (kind === 'percentage') return percent(input).got
  const { amount, parts } = charged(kind, input)
  const tiers = Array.isArray(input['tiers']) ? input['tiers'].length : 1
  const perTier = Array.from({ length: tiers }, (_, tier) => parts.find((one) => one.tier === tier)?.amount ?? ZERO)
  return { amount, perTier }
}

/** With its events' amounts it is priced event by event; else on their sum. */
function percent(input: Fields): { charge: Charge; got: Record<string, Got> } {
  const terms = percentageOf(input)
  const bounded = terms.min_per_event !== null || terms.max_per_event !== null
  const counted = input['eventAmounts'] === undefined ? (maybeCount(input, 'events') ?? 1n) : null
  const events = counted === null ? decimals(input, 'eventAmounts') : counted === 1n ? [need(input, 'volume')] : null
  if (events === null && bounded) throw new Error('bounds for each event need eventAmounts')
  const running_totals = Array.isArray(input['runningTotals'])
    ? decimals(input, 'runningTotals')
    : (events?.map((_, index) => sum(events.slice(0, index + 1))) ?? null)
  const amount = events ? sum(events) : need(input, 'volume')
  const onSum = percentage({ amount, events: counted ?? BigInt(events?.length ?? 0), running_totals }, terms)
  const perEvent = events && percentagePerEvent(events, terms)
  const charge = perEvent && input['runningTotals'] === undefined ? perEvent : onSum
  const parts = onSum.parts.map((one) => one.amount)
  return {
    charge,
    got: { amount: charge.amount, parts, ...(perEvent && { perEvent: perEvent.parts.map((one) => one.amount) }) },
  }
}
