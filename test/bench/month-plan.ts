/** How large the month of the rating bench is; its generator and its oracle agree on nothing else. */
import type { Interval } from '#control-plane/base/time.ts'

export const DAY_MS = 86_400_000
export const MACHINES_EACH = 28
/** hours of traffic of each machine: what nobody used has no row */
export const TRAFFIC_HOURS = 24
/** after the beginning of the month */
export const PRICE_CHANGE_HOUR = 360
/** vcpu 4 (one is cut by its price's change), memory 3, disk 4, traffic 1 */
export const SEGMENTS_A_MACHINE = 12

export interface Installed {
  /** ids, in the order in which machines are dealt out */
  accounts: readonly string[]
  month: Interval
}
