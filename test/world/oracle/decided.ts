/** What people had decided: who owns a machine at an instant, and which price holds there. */
import type { Decision, Instant, Machine, MachineKey } from '../truth.ts'
import type { Known } from './known.ts'

export type Price = Extract<Decision, { type: 'price' }>
type Transfer = Extract<Decision, { type: 'transfer' }>

export const transfersOf = ({ decisions }: Known, machine: MachineKey): Transfer[] =>
  decisions.filter((one): one is Transfer => one.type === 'transfer' && one.machine === machine)
export const pricesOf = ({ decisions }: Known, kind: string, meter: string): Price[] =>
  decisions.filter((one): one is Price => one.type === 'price' && one.kind === kind && one.meter === meter)

/** Each transfer holds for all later time, so of those that reach an instant the one recorded last counts. */
export function ownerAt(machine: Machine, at: Instant, known: Known): string | null {
  const found = known.world.found.get(machine.key)
  if (!found) return null
  const transfer = transfersOf(known, machine.key).findLast((one) => one.effective_at <= at)
  if (transfer) return transfer.account
  return known.world.truth.sources.find((source) => source.id === found.source)?.account ?? null
}

/** A price holds until the next one begins; of two that begin together the later decision corrected the earlier. */
export const priceAt = (prices: readonly Price[], at: Instant): Price | null =>
  prices.reduce<Price | null>(
    (best, price) => (price.effective_at <= at && (!best || price.effective_at >= best.effective_at) ? price : best),
    null,
  )
