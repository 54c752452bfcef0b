/** What every charge model answers: an exact amount, and the parts that it is made of. */
import { add, type Fraction, multiply, subtract, sum, ZERO } from '../../base/exact.ts'

/** A part of a charge, for whoever explains it: `amount` = `quantity` × `unit` + `flat`. */
export interface Part {
  /** which tier of the price, counted from 0 */
  tier: number
  quantity: Fraction
  unit: Fraction
  flat: Fraction
  amount: Fraction
}
export interface Charge {
  amount: Fraction
  parts: Part[]
}

export const part = (tier: number, quantity: Fraction, unit: Fraction, flat: Fraction = ZERO): Part => ({
  tier,
  quantity,
  unit,
  flat,
  amount: add(multiply(quantity, unit), flat),
})

export const chargeOf = (parts: Part[]): Charge => ({ amount: sum(parts.map((one) => one.amount)), parts })

/**
 * What is still to be charged where a part of the quantity was billed before: the charge of the whole less the charge of that part,
 * so that however a period is cut into bills, they add up to what it costs in one.
 */
export function beyond(whole: Charge, billed: Charge): Charge {
  const before = new Map(billed.parts.map((one) => [one.tier, one]))
  const tiers = [...new Set([...whole.parts, ...billed.parts].map((one) => one.tier))].toSorted((a, b) => a - b)
  const none = { quantity: ZERO, unit: ZERO, flat: ZERO, amount: ZERO }
  const parts = tiers.map((tier) => {
    const [now, then] = [whole.parts.find((one) => one.tier === tier) ?? none, before.get(tier) ?? none]
    return {
      tier,
      quantity: subtract(now.quantity, then.quantity),
      unit: now.unit,
      flat: subtract(now.flat, then.flat),
      amount: subtract(now.amount, then.amount),
    }
  })
  return { amount: subtract(whole.amount, billed.amount), parts }
}
