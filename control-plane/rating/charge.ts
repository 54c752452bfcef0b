/** What a quantity costs at the terms of a price, in the order of money.md: usage → allowance → model → minimum and maximum. Pure. */
import {
  atLeastZero,
  type Fraction,
  fraction,
  fractionText,
  multiply,
  parseDecimal,
  subtract,
  ZERO,
} from '../base/exact.ts'
import { sure } from '../base/problem.ts'
import type { ChargeModel, Terms } from '../catalog/contract.ts'
import type { LineCharge } from './contract.ts'
import { allocationPool } from './models/allocation_pool.ts'
import { allowance } from './models/allowance.ts'
import { type Charge, chargeOf, part, type Part } from './models/charge.ts'
import { committed, type Committed } from './models/commitment.ts'
import { graduated } from './models/graduated.ts'
import { graduatedPercentage } from './models/graduated_percentage.ts'
import { packages } from './models/package.ts'
import { percentage } from './models/percentage.ts'
import { stairStep } from './models/stair_step.ts'
import { volume } from './models/volume.ts'

const PLACES = 12
const exact = (text: string): Fraction => sure(parseDecimal(text, PLACES))

export interface Priced {
  model: ChargeModel
  amount: string
  terms: Terms | null
}
/** True where a line is the sum of its segments, each for itself. */
export const isLinear = ({ model, terms }: Priced): boolean =>
  (model === 'flat' || model === 'per_unit' || model === 'dynamic') &&
  (terms === null || Object.keys(terms).every((name) => name === 'timing' || name === 'index'))

export interface Charged extends Committed {
  quantity: Fraction
  share: Fraction
  included: Fraction
  parts: Part[]
}

/**
 * `share`: the part of the month for which the allowance, the minimum and the maximum hold. `above`: what was held above the pool,
 * where the price has one; default: as though it had been held evenly.
 */
export function charged(price: Priced, quantity: Fraction, share: Fraction, above?: Fraction | null): Charged {
  const { included, minimum, maximum } = price.terms ?? {}
  const partOf = (amount: string | undefined) => (amount === undefined ? null : multiply(exact(amount), share))
  const { included: free, overage } = allowance(quantity, partOf(included) ?? ZERO)
  const { amount, parts } =
    price.model === 'allocation_pool' ? pooled(price, quantity, share, above) : modelled(price, overage)
  const bounds = { minimum: partOf(minimum), maximum: partOf(maximum) }
  return { quantity, share, included: free, parts, ...committed(amount, bounds) }
}

function pooled({ terms }: Priced, quantity: Fraction, share: Fraction, above?: Fraction | null): Charge {
  const { size, amount, overage_amount } = sure(terms?.allocation_pool)
  const over = above ?? atLeastZero(subtract(quantity, multiply(exact(size), share)))
  return allocationPool(quantity, over, share, { amount: exact(amount), overage_amount: exact(overage_amount) })
}

/** Of the sum of other charges, which are no events. */
const NO_EVENTS = {
  fixed_per_event: ZERO,
  free_events: 0n,
  free_amount: ZERO,
  min_per_event: null,
  max_per_event: null,
}

function modelled({ model, amount, terms }: Priced, quantity: Fraction): Charge {
  const tiers = () =>
    sure(terms?.tiers).map(({ up_to, unit_amount, flat_amount }) => ({
      up_to: up_to === null ? null : exact(up_to),
      unit: exact(unit_amount),
      flat: exact(flat_amount),
    }))
  switch (model) {
    case 'graduated':
      return graduated(quantity, tiers())
    case 'volume':
      return volume(quantity, tiers())
    case 'package': {
      const { size, amount: price, free } = sure(terms?.package)
      return packages(quantity, { size: exact(size), amount: exact(price), free: exact(free) })
    }
    case 'stair_step': {
      const { mode, tiers: steps } = sure(terms?.steps)
      return stairStep(
        quantity,
        steps.map((step) => ({
          block_size: exact(step.block_size),
          blocks: step.blocks === null ? null : BigInt(step.blocks),
          amount: exact(step.amount),
        })),
        mode,
      )
    }
    case 'flat':
    case 'per_unit':
      return chargeOf([part(0, quantity, exact(amount))])
    case 'percentage': {
      const whole = { amount: quantity, events: 0n, running_totals: null }
      const { parts } = percentage(whole, { ...NO_EVENTS, rate: exact(sure(terms?.percentage).rate) })
      return chargeOf(parts.filter(({ tier }) => tier === 0))
    }
    case 'graduated_percentage':
      return graduatedPercentage(
        quantity,
        sure(terms?.rate_tiers).map(({ up_to, rate, flat_amount }) => ({
          up_to: up_to === null ? null : exact(up_to),
          rate: exact(rate),
          flat: exact(flat_amount),
        })),
      )
    case 'dynamic':
    case 'allocation_pool':
      throw new Error(
        `assertion failed: nothing is priced by ${model} here: an index has a price for each time, and a pool has a way of its own`,
      )
  }
}

export const chargeText = ({ quantity, share, included, parts, used, top_up, discount }: Charged): LineCharge => ({
  quantity: fractionText(quantity),
  share: fractionText(share),
  included: fractionText(included),
  parts: parts.map((one) => ({
    tier: one.tier,
    quantity: fractionText(one.quantity),
    unit_amount: fractionText(one.unit),
    flat_amount: fractionText(one.flat),
    amount: fractionText(one.amount),
  })),
  used: fractionText(used),
  top_up: fractionText(top_up),
  discount: fractionText(discount),
})

export const WHOLE: Fraction = fraction(1n)
