/** What must follow from the truth, as plain values: the oracle makes one, the product's tables give another. */
import type { GapCause, GapPolicy } from '#control-plane/metering/contract.ts'
import type { Instant, MachineKey } from './truth.ts'

export interface OutcomeVersion {
  from: Instant
  to: Instant | null
  /** from (to) the instant of an event, not of a listing */
  from_exact: boolean
  to_exact: boolean
  host: string
  state: string
  size: Record<string, string>
}
export interface OutcomeUsage {
  /** whole base units */
  quantity: string
  /** a bound of the hour lies within a spread of which only the total is known */
  estimated: boolean
}
export interface OutcomeGap {
  from: Instant
  to: Instant
  cause: GapCause
  /** what was done about it */
  policy: GapPolicy
}
export interface OutcomeLine {
  machine: MachineKey
  /** `vm.memory` */
  component: string
  /** when the price version began: tells versions of one price apart */
  price_from: Instant
  /** whole base units, for allocation × milliseconds */
  quantity: string
  /** exact amount in major units: `numerator/denominator` in lowest terms */
  exact: string
  /** rounded once, half away from zero, in major units */
  net: string
  /** time in which nobody looked (allocation) or the quantity is unknown or spread (consumption) */
  unobserved_ms: number
  estimated: boolean
  /** the unobserved time in stretches, oldest first; at most 20 are told */
  gaps: OutcomeGap[]
  gaps_more: number
}
export interface OutcomeBill {
  period: { from: Instant; to: Instant }
  lines: OutcomeLine[]
  net: string
  tax: string
  total: string
}
export interface Outcome {
  /** what is observable of each machine's life, oldest first */
  versions: Record<MachineKey, OutcomeVersion[]>
  /** by `machine meter hour`, hour in ISO text; hours of zero are left out */
  usage: Record<string, OutcomeUsage>
  /** by `account n`, in the order of issue: as known when each was issued, for ever */
  invoices: Record<string, OutcomeBill>
  /** by account: the next bill at the end of the world */
  drafts: Record<string, OutcomeBill>
}
